// The sweep over GT. f = a0 + a1 w is unitary: its inverse is a0 - a1 w, so that every coordinate of a0 is
// the same for both. The key is the coordinate of 1. With g^i = b0 + b1 w, that of f g^(+-i) is U +- W,
//     U = Re(a00 b00 + xi (a01 b02 + a02 b01)),  W = Re(xi (a10 b12 + a11 b11 + a12 b10)),  xi = 1 + u,
// and Re(x b) = x0 b0 - x1 b1, Re(xi x b) = x0 (b0 - b1) - x1 (b0 + b1): six products in Fp each, with
// factors that are kept for every step.
//
// Targets are plain integers and steps are in Montgomery form, so that a reduced product is a plain integer,
// the same on every backend. Bounds in the lanes: a column of a product of carried limbs gathers eight low
// halves below 2^52 and, fourfold, eight high halves below 2^48 + 2^13, in all below 2^55.4; twelve of them
// stay below 2^59, signs or not. Magnitudes: 1 for targets, 4 for steps, at most 48 for U + W, so that w / R
// is within p / 2^13 of zero and the reduced value below 3p.
#pragma once
#include "sweep.hpp"

namespace pyfe::dlog {

template <class F>
struct GtSweep {
    using E = field::bls12_381::Fp2<F>;
    using M = Memory<F>;

    static void targets(const GtBlock* in, size_t count, GtTarget* out) {
        for (size_t first = 0; first < count; first += 8)
            for (int k = 0; k < 12; ++k) {
                alignas(64) Words w;
                for_lanes<F>([&](int lane) { M::load(in[first / 8].c + 8 * k, lane).to_words(w, lane); });
                for (size_t j = 0; j < 8 && first + j < count; ++j)
                    out[first + j].a[k] = constant_of(w, static_cast<int>(j));
            }
    }

    static void steps(const GtBlock* in, size_t blocks, GtSteps* out) {
        // What meets a00, a01, a02, a10, a11, a12: the coefficients of 1, v^2, v and of v^2 w, v w, w
        constexpr int partner[6] = {0, 2, 1, 5, 4, 3};
        for (size_t b = 0; b < blocks; ++b) {
            for_lanes<F>([&](int lane) {
                for (int k = 0; k < 6; ++k) {
                    const E y = Memory<E>::load(in[b].c + 16 * partner[k], lane);
                    const F c0 = k == 0 ? y.c0 : F::weak(F::template sub<8>(y.c0, y.c1));
                    const F c1 = k == 0 ? y.c1 : F::add(y.c0, y.c1);
                    M::store(c0, out[b].b[2 * k], lane);
                    M::store(F::weak(F::template neg<16>(c1)), out[b].b[2 * k + 1], lane);
                }
            });
            store_keys<F>(*reinterpret_cast<const Coordinate<1>*>(in[b].c), out[b].key);
        }
    }

    // U + W and U - W
    struct Pair {
        F plus, minus;
    };
    [[gnu::always_inline]] static inline Pair pair(const FpConstant* a, const Coordinate<1>* b, int lane) {
        if constexpr (F::wide) {
            const auto u = six(a, b, lane), w = six(a + 6, b + 6, lane);
            return {F::reduce(u + w), F::reduce(u - w)};
        } else {
            F x[12], y[12];
            for (int k = 0; k < 12; ++k) x[k] = F::constant(a[k]), y[k] = F::load(b[k], lane);
            const F u = F::template dot<6, false>(x, y), w = F::template dot<6, false>(x + 6, y + 6);
            return {F::add(u, w), F::template sub<4>(u, w)};
        }
    }
    // The sum of six products, unreduced
    [[gnu::always_inline]] static inline auto six(const FpConstant* a, const Coordinate<1>* b, int lane) {
        return F::template sum_of_products<6>([&](int k) { return F::constant(a[k]); },
                                              [&](int k) { return F::load(b[k], lane); });
    }

    static int sweep_vartime(const SweepUnit* units, size_t count, const GtTarget* targets,
                             const GtSteps* steps, uint64_t (*keys)[8]) {
        uint64_t met = 0;
        for (size_t i = 0; i < count; ++i) {
            const GtTarget& f = targets[units[i].target];
            const GtSteps& g = steps[units[i].step];
            for_lanes<F>([&](int lane) {
                const Pair key = pair(f.a, g.b, lane);
                store_plain_word<F>(key.plus, keys[2 * i], lane);
                store_plain_word<F>(key.minus, keys[2 * i + 1], lane);
            });
            for (int j = 0; j < 8; ++j) met |= (keys[2 * i][j] == 1) | (keys[2 * i + 1][j] == 1);
        }
        return met != 0;
    }
};

}  // namespace pyfe::dlog
