// Constant-time multiplication of fixed bases: a comb of odd multiples (Lim, Lee, More flexible
// exponentiation with precomputation, CRYPTO 1994) with signed odd digits, each of which costs one addition.
#pragma once
#include "../odd_digits.hpp"
#include "wire.hpp"

namespace pyfe::group::ristretto255 {

// Odd multiples 1, 3, .. of 2^(Window spacing q) P_j for eight bases P_j, made affine by one inversion and
// handed to put(row q, entry, the fifteen limbs of (Y + X, Y - X, 2dXY)). scratch and inverses: a point a row
// and entry, and twice as many elements.
template <class F, int Window, class Put>
PYFE_KERNEL void odd_multiple_rows(const PointBlock* bases, int rows, int spacing, PointBlock* scratch,
                                   Element* inverses, Put put) {
    constexpr int entries = 1 << (Window - 1);
    for_lanes<F>([&](int lane) {
        Point<F> p = Point<F>::load(*bases, lane);
        for (int q = 0; q < rows; ++q) {
            if (q > 0) p = double_times(p, Window * spacing);
            const Cached<F> twice = Cached<F>::from(dbl(p));
            Point<F> odd = p;
            for (int e = 0; e < entries; ++e) {
                if (e > 0) odd = add(odd, twice);
                odd.store(scratch[q * entries + e], lane);
                odd.z.store(inverses[q * entries + e], lane);
            }
        }
    });
    const int count = rows * entries;
    batch_invert<F>(inverses, size_t(count), inverses + count);
    for (int i = 0; i < count; ++i) {
        uint64_t limbs[15][8];
        for_lanes<F>([&](int lane) {
            const F z_inv = F::load(inverses[i], lane);
            const Point<F> p = Point<F>::load(scratch[i], lane);
            const Niels<F> n = Niels<F>::from_affine(F::mul(p.x, z_inv), F::mul(p.y, z_inv));
            n.plus.store(limbs, lane);
            n.minus.store(limbs + 5, lane);
            n.xy2d.store(limbs + 10, lane);
        });
        put(size_t(i / entries), size_t(i % entries), limbs);
    }
}

// Eight tables, one a base: [row][limb][entry]
template <class F>
void fixed_base_tables(const PointBlock* bases, int tables, int spacing, uint64_t* const out[8],
                       PointBlock* scratch, Element* inverses) {
    constexpr size_t entries = size_t{1} << (F::fixed_window - 1);
    odd_multiple_rows<F, F::fixed_window>(
        bases, tables, spacing, scratch, inverses, [&](size_t row, size_t entry, const uint64_t(*limbs)[8]) {
            for (size_t j = 0; j < 8; ++j)
                for (size_t limb = 0; limb < 15; ++limb)
                    out[j][(row * 15 + limb) * entries + entry] = limbs[limb][j];
        });
}

template <class F>
PYFE_KERNEL Niels<F> lookup_odd(const uint64_t* row, const uint8_t* digit) {
    const auto d = OddDigit<F, F::fixed_window>::from_bytes(digit);
    const Niels<F> n = {F::lookup(row, 0, d.index), F::lookup(row, 5, d.index), F::lookup(row, 10, d.index)};
    return Niels<F>::negate_if(d.negative, n);
}

// inout += sum_j digit_j 2^(window j) P. Digit j uses row j / spacing; the remainders are worked off by
// doublings, so `inout` may be other than the identity only for spacing = 1.
template <class F>
void fixed_base(const uint64_t* table, int digits, int spacing, const uint8_t* digit_bytes,
                size_t digit_stride, size_t blocks, PointBlock* inout) {
    constexpr size_t row_words = 15 * (size_t{1} << (F::fixed_window - 1));
    for (size_t b = 0; b < blocks; ++b) {
        const uint8_t* bytes = digit_bytes + b * digit_stride;
        for_lanes<F>([&](int lane) {
            Point<F> acc = Point<F>::load(inout[b], lane);
            for (int r = spacing - 1; r >= 0; --r) {
                for (int j = r; j < digits; j += spacing)
                    acc = add(acc, lookup_odd<F>(table + (j / spacing) * row_words, bytes + 8 * j + lane));
                if (r > 0) acc = double_times(acc, F::fixed_window);
            }
            acc.store(inout[b], lane);
        });
    }
}

}  // namespace pyfe::group::ristretto255
