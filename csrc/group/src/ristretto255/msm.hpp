// Multi-scalar multiplication with public scalars. Two shapes: a cohort under one key (a patient a lane, the
// same chain of additions in every lane), and one long vector (Straus up to a few hundred points, Pippenger
// beyond).
#pragma once
#include "pyfe/group/ristretto255/kernels.hpp"
#include "wire.hpp"

namespace pyfe::group::ristretto255 {

template <class F>
PYFE_KERNEL void add_signed(Point<F>& acc, const Niels<F>& p, int sign) {
    acc = sign > 0 ? add<true, false>(acc, p) : add<true, true>(acc, p);
}

// Odd multiples 1, 3, .. 15 of an affine point
template <class F>
PYFE_KERNEL void odd_multiples(const AffineBlock& in, int lane, Cached<F> (&table)[8]) {
    Point<F> odd = Point<F>::affine(F::load(in.x, lane), F::load(in.y, lane));
    const Cached<F> twice = Cached<F>::from(dbl(odd));
    for (int e = 0; e < 8; ++e) {
        if (e > 0) odd = add(odd, twice);
        table[e] = Cached<F>::from(odd);
    }
}

template <class F>
PYFE_KERNEL Point<F> add_wnaf(const Point<F>& acc, const Cached<F> (&table)[8], int digit) {
    return digit > 0 ? add<true, false>(acc, table[digit >> 1]) : add<true, true>(acc, table[(-digit) >> 1]);
}

// out[key] = sum_i y_i E_i + (-s) C + (-t) D. Bit planes: every E_i goes into the accumulator of each
// non-zero digit of y_i; one chain of 256 doublings then folds the planes in while it multiplies C and D
// (width-5 digits).
template <class F>
void cohort_vartime(const AffineBlock* points, size_t n, const CohortKey* keys, size_t k, PointBlock* planes,
                    PointBlock* out) {
    size_t total = 0;
    for (size_t key = 0; key < k; ++key) total += size_t(keys[key].bits);
    for (size_t p = 0; p < total; ++p)
        for_lanes<F>([&](int lane) { Point<F>::identity().store(planes[p], lane); });
    for (size_t i = 0; i < n; ++i)
        for_lanes<F>([&](int lane) {
            const AffineBlock& e = points[2 + i];
            const Niels<F> niels = Niels<F>::from_affine(F::load(e.x, lane), F::load(e.y, lane));
            PointBlock* plane = planes;
            for (size_t key = 0; key < k; ++key) {
                const int8_t* naf = keys[key].naf + i * size_t(keys[key].bits);
                for (int b = 0; b < keys[key].bits; ++b, ++plane) {
                    if (naf[b] == 0) continue;
                    Point<F> acc = Point<F>::load(*plane, lane);
                    add_signed(acc, niels, naf[b]);
                    acc.store(*plane, lane);
                }
            }
        });
    for_lanes<F>([&](int lane) {
        Cached<F> c[8], d[8];
        odd_multiples(points[0], lane, c);
        odd_multiples(points[1], lane, d);
        PointBlock* plane = planes;
        for (size_t key = 0; key < k; plane += keys[key].bits, ++key) {
            const CohortKey& ck = keys[key];
            Point<F> acc = Point<F>::identity();
            bool started = false;
            for (int b = 255; b >= 0; --b) {
                const bool adds = ck.wnaf_s[b] != 0 || ck.wnaf_t[b] != 0 || b < ck.bits;
                if (started) acc = adds || b == 0 ? dbl<true>(acc) : dbl<false>(acc);
                if (ck.wnaf_s[b] != 0) acc = add_wnaf(acc, c, ck.wnaf_s[b]), started = true;
                if (ck.wnaf_t[b] != 0) acc = add_wnaf(acc, d, ck.wnaf_t[b]), started = true;
                if (b < ck.bits)
                    acc = add(acc, Cached<F>::from(Point<F>::load(plane[b], lane))), started = true;
            }
            acc.store(out[key], lane);
        }
    });
}

// Lane-wise choice among table blocks by a signed digit: the entry's address depends on the (public) digit.
template <class F>
PYFE_KERNEL F gather_vartime(const PointBlock* table, size_t field_offset, const int64_t* entry, int lane) {
    constexpr size_t words = sizeof(PointBlock) / 8;
    const uint64_t* base = reinterpret_cast<const uint64_t*>(table) + field_offset;
    F r;
    if constexpr (F::wide) {
        uint64_t offset[8];
        for (size_t j = 0; j < 8; ++j) offset[j] = uint64_t(entry[j]) * words + j;
        const auto o = F::Lane::load(offset);
        for (size_t i = 0; i < 5; ++i) r.l[i] = F::Lane::gather_vartime(base + 8 * i, o);
    } else {
        for (size_t i = 0; i < 5; ++i) r.l[i] = base[size_t(entry[0]) * words + 8 * i + size_t(lane)];
    }
    return r;
}

template <class F>
PYFE_KERNEL void scatter_point(PointBlock* table, const int64_t* entry, int lane, const Point<F>& p) {
    PointBlock tmp;
    p.store(tmp, lane);
    const Element* from = &tmp.x;
    for (int j = lane; j < lane + F::lanes; ++j)
        for (int c = 0; c < 4; ++c) {
            Element* to = &table[entry[j - lane]].x;
            for (int i = 0; i < 5; ++i) to[c][i][j] = from[c][i][j];
        }
}

// Straus with signed digits in [-8, 8): tables 1..8 of each point as (Y+X, Y-X, 2Z, 2dT) blocks; entry 0 of
// each table is the identity.
template <class F>
void straus_vartime(const AffineBlock* points, const int8_t* digits, size_t blocks, PointBlock* tables,
                    PointBlock* out) {
    constexpr size_t entries = 9;
    for (size_t b = 0; b < blocks; ++b)
        for_lanes<F>([&](int lane) {
            PointBlock* table = tables + b * entries;
            const Point<F> p = Point<F>::affine(F::load(points[b].x, lane), F::load(points[b].y, lane));
            const Cached<F> step = Cached<F>::from(p);
            Point<F> multiple = Point<F>::identity();
            for (size_t e = 0; e < entries; ++e) {
                if (e > 0) multiple = add(multiple, step);
                const Cached<F> c = Cached<F>::from(multiple);
                Point<F>{c.plus, c.minus, c.z2, c.t2d}.store(table[e], lane);
            }
        });
    for_lanes<F>([&](int lane) {
        Point<F> acc = Point<F>::identity();
        for (int j = 63; j >= 0; --j) {
            if (j < 63) acc = double_times(acc, 4);
            for (size_t b = 0; b < blocks; ++b) {
                const int8_t* d = digits + (b * 64 + size_t(j)) * 8 + lane;
                int64_t entry[8];
                uint8_t negative = 0;
                for (int i = 0; i < F::lanes; ++i) {
                    entry[i] = d[i] < 0 ? -d[i] : d[i];
                    negative = static_cast<uint8_t>(negative | (d[i] < 0) << i);
                }
                const PointBlock* table = tables + b * entries;
                const F plus = gather_vartime<F>(table, 0, entry, lane);
                const F minus = gather_vartime<F>(table, 40, entry, lane);
                const F t2d = gather_vartime<F>(table, 120, entry, lane);
                const auto m = F::Lane::mask_from_bits(negative);
                const Cached<F> c = {F::select(m, minus, plus), F::select(m, plus, minus),
                                     gather_vartime<F>(table, 80, entry, lane),
                                     F::select(m, F::neg(t2d), t2d)};
                acc = add(acc, c);
            }
        }
        acc.store(*out, lane);
    });
}

// One window of Pippenger: bucket |digit| of each lane collects +-P, then sum_e e * bucket_e by running sums.
// Bucket 0 is a bin for zero digits.
template <class F>
void pippenger_window_vartime(const AffineBlock* points, const int16_t* digits, size_t digit_stride,
                              size_t blocks, PointBlock* buckets, int entries, PointBlock* out) {
    for_lanes<F>([&](int lane) {
        for (int e = 0; e < entries; ++e) Point<F>::identity().store(buckets[e], lane);
        for (size_t b = 0; b < blocks; ++b) {
            const int16_t* d = digits + b * digit_stride + lane;
            int64_t entry[8];
            uint8_t negative = 0;
            for (int i = 0; i < F::lanes; ++i) {
                entry[i] = d[i] < 0 ? -d[i] : d[i];
                negative = static_cast<uint8_t>(negative | (d[i] < 0) << i);
            }
            Point<F> p = {
                gather_vartime<F>(buckets, 0, entry, lane), gather_vartime<F>(buckets, 40, entry, lane),
                gather_vartime<F>(buckets, 80, entry, lane), gather_vartime<F>(buckets, 120, entry, lane)};
            const Niels<F> q = Niels<F>::from_affine(F::load(points[b].x, lane), F::load(points[b].y, lane));
            scatter_point(buckets, entry, lane,
                          add(p, Niels<F>::negate_if(F::Lane::mask_from_bits(negative), q)));
        }
        Point<F> running = Point<F>::identity(), sum = Point<F>::identity();
        for (int e = entries - 1; e > 0; --e) {
            running = add(running, Cached<F>::from(Point<F>::load(buckets[e], lane)));
            sum = add(sum, Cached<F>::from(running));
        }
        sum.store(*out, lane);
    });
}

}  // namespace pyfe::group::ristretto255
