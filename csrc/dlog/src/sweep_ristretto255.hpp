// The sweep over ristretto255: u-coordinates of P + iS and P - iS on the Montgomery form. u is the same for Q
// and -Q, so that one table serves both signs, and both candidates share the inversion of u(iS) - u(P).
#pragma once
#include "pyfe/dlog/kernels.hpp"
#include "pyfe/group/ristretto255/batch_invert.hpp"

namespace pyfe::dlog {

template <class F>
struct Ristretto255Sweep {
    using Point = group::ristretto255::Point<F>;
    using PointBlock = group::ristretto255::PointBlock;
    using AffineBlock = group::ristretto255::AffineBlock;
    using Element = group::ristretto255::Element;

    // u = (Z + Y) / (Z - Y), v = c (Z + Y) Z / ((Z - Y) X)  (RFC 7748, section 4.1). X = 0 only for the
    // identity, the inputs being of order l or 1.
    static void targets(const PointBlock* in, size_t count, MontgomeryPoint* out, uint8_t* infinite,
                        Element* scratch) {
        const size_t blocks = (count + 7) / 8;
        for (size_t b = 0; b < blocks; ++b)
            group::ristretto255::for_lanes<F>([&](int lane) {
                const Point p = Point::load(in[b], lane);
                F::mul(F::sub(p.z, p.y), p.x).store(scratch[b], lane);
            });
        group::ristretto255::batch_invert<F>(scratch, blocks, scratch + blocks);
        for (size_t b = 0; b < blocks; ++b) {
            Element u, v;
            uint8_t at_infinity[8];
            group::ristretto255::for_lanes<F>([&](int lane) {
                const Point p = Point::load(in[b], lane);
                const F w = F::mul(F::add(p.z, p.y), F::load(scratch[b], lane));  // (Z + Y) / ((Z - Y) X)
                F::reduce(F::mul(w, p.x)).store(u, lane);
                F::reduce(F::mul(F::mul(w, p.z), field::constant<F>(field::kMontgomeryC))).store(v, lane);
                const uint8_t bits = F::Lane::mask_bits(F::is_zero(p.x));
                for (int j = 0; j < F::lanes; ++j) at_infinity[lane + j] = bits >> j & 1;
            });
            for (size_t j = 0; j < 8 && 8 * b + j < count; ++j) {
                for (int i = 0; i < 5; ++i) out[8 * b + j].u[i] = u[i][j], out[8 * b + j].v[i] = v[i][j];
                infinite[8 * b + j] = at_infinity[j];
            }
        }
    }

    static int sweep_vartime(const SweepUnit* units, size_t count, const MontgomeryPoint* targets,
                             const AffineBlock* steps, uint64_t (*keys)[8], Element* scratch) {
        int met = 0;
        group::ristretto255::for_lanes<F>([&](int lane) {
            F running = F::small(1);
            for (size_t i = 0; i < count; ++i) {
                const F du =
                    F::sub(F::load(steps[units[i].step].x, lane), F::broadcast(targets[units[i].target].u));
                running.store(scratch[i], lane);
                du.store(scratch[count + i], lane);
                running = F::mul(running, du);
            }
            if (F::Lane::mask_bits(F::is_zero(running)) != 0) met = 1;
            F inverse = field::invert(running);
            const F a = field::constant<F>(field::kMontgomeryA);
            for (size_t i = count; i-- > 0;) {
                const MontgomeryPoint& p = targets[units[i].target];
                const F u1 = F::broadcast(p.u), v1 = F::broadcast(p.v);
                const AffineBlock& q = steps[units[i].step];
                const F inv = F::mul(inverse, F::load(scratch[i], lane));
                inverse = F::mul(inverse, F::load(scratch[count + i], lane));
                const F v2 = F::load(q.y, lane);
                const F sum = F::carry(F::add_lazy(F::add_lazy(F::load(q.x, lane), u1), a));
                store_key(F::sub(v2, v1), inv, sum, keys + 2 * i, lane);
                store_key(F::add(v2, v1), inv, sum, keys + 2 * i + 1, lane);
            }
        });
        return met;
    }

  private:
    // The low 64 bits of the canonical u(P +- Q): u3 = ((v2 -+ v1) / (u2 - u1))^2 - A - u1 - u2
    [[gnu::always_inline]] static inline void store_key(const F& dv, const F& inverse, const F& sum,
                                                        uint64_t (*keys)[8], int lane) {
        const F u = F::reduce(F::sub(F::square(F::mul(dv, inverse)), sum));
        if constexpr (F::wide)
            F::Lane::store(*keys, F::Lane::bit_or(u.l[0], F::Lane::template shl<51>(u.l[1])));
        else
            (*keys)[lane] = u.l[0] | u.l[1] << 51;
    }
};

}  // namespace pyfe::dlog
