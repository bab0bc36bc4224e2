// Constant-time multiplication of points by secret scalars, one scalar a lane.
#pragma once
#include "../odd_digits.hpp"
#include "pyfe/group/ristretto255/curve.hpp"

namespace pyfe::group::ristretto255 {

// Signed odd digits of width 4, most significant first; the eight odd multiples are all read under masks.
template <class F>
void variable_base(const AffineBlock* in, const uint8_t* digit_bytes, size_t blocks, PointBlock* out) {
    constexpr int digits = 64, entries = 8;
    for (size_t b = 0; b < blocks; ++b) {
        const uint8_t* bytes = digit_bytes + b * digits * 8;
        for_lanes<F>([&](int lane) {
            Cached<F> table[entries];
            Point<F> odd = Point<F>::affine(F::load(in[b].x, lane), F::load(in[b].y, lane));
            const Cached<F> twice = Cached<F>::from(dbl(odd));
            for (int e = 0; e < entries; ++e) {
                if (e > 0) odd = add(odd, twice);
                table[e] = Cached<F>::from(odd);
            }
            Point<F> acc = Point<F>::identity();
            for (int j = digits - 1; j >= 0; --j) {
                if (j < digits - 1) acc = double_times(acc, 4);
                const auto d = OddDigit<F, 4>::from_bytes(bytes + 8 * j + lane);
                Cached<F> c = table[0];
                for (uint64_t e = 1; e < entries; ++e) {
                    const auto hit = F::Lane::equal(d.index, F::Lane::broadcast(e));
                    c.plus = F::select(hit, table[e].plus, c.plus);
                    c.minus = F::select(hit, table[e].minus, c.minus);
                    c.z2 = F::select(hit, table[e].z2, c.z2);
                    c.t2d = F::select(hit, table[e].t2d, c.t2d);
                }
                const Cached<F> signed_c = {F::select(d.negative, c.minus, c.plus),
                                            F::select(d.negative, c.plus, c.minus), c.z2,
                                            F::select(d.negative, F::neg(c.t2d), c.t2d)};
                acc = j > 0 ? add<false>(acc, signed_c) : add<true>(acc, signed_c);  // a doubling needs no T
            }
            acc.store(out[b], lane);
        });
    }
}

}  // namespace pyfe::group::ristretto255
