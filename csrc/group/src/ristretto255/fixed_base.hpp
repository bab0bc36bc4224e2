// Constant-time multiplication of fixed bases: a comb of odd multiples (Lim, Lee, More flexible
// exponentiation with precomputation, CRYPTO 1994) with signed odd digits, each of which costs one addition.
#pragma once
#include "../odd_digits.hpp"
#include "wire.hpp"

namespace pyfe::group::ristretto255 {

// Odd multiples 1, 3, .. of 2^(window spacing q) P_j for eight bases P_j, made affine by one inversion
template <class F>
void fixed_base_tables(const PointBlock* bases, int tables, int spacing, uint64_t* const out[8],
                       PointBlock* scratch, Element* inverses) {
    constexpr int entries = 1 << (F::fixed_window - 1);
    for_lanes<F>([&](int lane) {
        Point<F> p = Point<F>::load(*bases, lane);
        for (int q = 0; q < tables; ++q) {
            if (q > 0) p = double_times(p, F::fixed_window * spacing);
            const Cached<F> twice = Cached<F>::from(dbl(p));
            Point<F> odd = p;
            for (int e = 0; e < entries; ++e) {
                if (e > 0) odd = add(odd, twice);
                odd.store(scratch[q * entries + e], lane);
                odd.z.store(inverses[q * entries + e], lane);
            }
        }
    });
    const size_t count = size_t(tables) * entries;
    batch_invert<F>(inverses, count, inverses + count);
    for (size_t i = 0; i < count; ++i) {
        Element rows[3];
        for_lanes<F>([&](int lane) {
            const F z_inv = F::load(inverses[i], lane);
            const Point<F> p = Point<F>::load(scratch[i], lane);
            const Niels<F> n = Niels<F>::from_affine(F::mul(p.x, z_inv), F::mul(p.y, z_inv));
            n.plus.store(rows[0], lane);
            n.minus.store(rows[1], lane);
            n.xy2d.store(rows[2], lane);
        });
        const size_t row = (i / entries) * 15 * entries + i % entries;
        for (int j = 0; j < 8; ++j)
            for (int limb = 0; limb < 15; ++limb)
                out[j][row + size_t(limb) * entries] = rows[limb / 5][limb % 5][j];
    }
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
