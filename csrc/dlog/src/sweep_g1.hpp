// The sweep over G1 in affine coordinates: x(P +- Q) = ((yQ -+ yP) / (xQ - xP))^2 - xQ - xP, one inversion
// for all units (Montgomery's trick) and both signs. x is the same for Q and -Q; its low word is the key.
#pragma once
#include "sweep.hpp"

namespace pyfe::dlog {

template <class F>
struct G1Sweep {
    using M = Memory<F>;

    static void targets(const G1Flat* in, size_t count, G1Target* out) {
        for (size_t first = 0; first < count; first += 8) {
            const G1Flat& block = in[first / 8];
            alignas(64) Words x, y;
            for_lanes<F>([&](int lane) {
                M::load(block.x, lane).to_words(x, lane);
                M::load(block.y, lane).to_words(y, lane);
            });
            for (size_t j = 0; j < 8 && first + j < count; ++j) {
                G1Target& to = out[first + j];
                copy(block.x, j, to.x);
                copy(block.y, j, to.y);
                for (int i = 0; i < 6; ++i) to.plain_x[i] = x[i][j], to.plain_y[i] = y[i][j];
                to.infinite = (block.infinite[j] & 1) != 0;
            }
        }
    }

    static void steps(const G1Flat* in, size_t blocks, G1Steps* out) {
        for (size_t b = 0; b < blocks; ++b) {
            for (int row = 0; row < 8; ++row)
                for (int j = 0; j < 8; ++j)
                    out[b].x[row][j] = in[b].x[row][j], out[b].y[row][j] = in[b].y[row][j];
            store_keys<F>(in[b].x, out[b].key);
        }
    }

    static int sweep_vartime(const SweepUnit* units, size_t count, const G1Target* targets,
                             const G1Steps* steps, uint64_t (*keys)[8], Coordinate<1>* scratch) {
        int met = 0;
        for_lanes<F>([&](int lane) {
            F running = F::one();
            for (size_t i = 0; i < count; ++i) {
                M::store(running, scratch[i], lane);
                running = F::mul(running, difference(units[i], targets, steps, lane));
            }
            if (F::Lane::mask_bits(F::is_zero(running)) != 0) met = 1;
            F inverse = field::bls12_381::invert(running);
            for (size_t i = count; i-- > 0;) {
                const G1Target& p = targets[units[i].target];
                const G1Steps& q = steps[units[i].step];
                const F inv = F::mul(inverse, M::load(scratch[i], lane));
                inverse = F::mul(inverse, difference(units[i], targets, steps, lane));
                const F y1 = F::constant(p.y, 4), y2 = M::load(q.y, lane);
                const F sum = F::add(F::constant(p.x, 4), M::load(q.x, lane));
                store_key(F::mul(F::template sub<8>(y2, y1), inv), sum, keys[2 * i], lane);
                store_key(F::mul(F::add(y2, y1), inv), sum, keys[2 * i + 1], lane);
            }
        });
        return met;
    }

  private:
    static void copy(const Coordinate<1>& rows, size_t lane, FpConstant& out) {
        out = {};
        for (int i = 0; i < F::rows; ++i) (F::wide ? out.lane : out.word)[i] = rows[i][lane];
    }
    // xQ - xP. Magnitude 12.
    [[gnu::always_inline]] static inline F difference(const SweepUnit& unit, const G1Target* targets,
                                                      const G1Steps* steps, int lane) {
        return F::template sub<8>(M::load(steps[unit.step].x, lane), F::constant(targets[unit.target].x, 4));
    }
    [[gnu::always_inline]] static inline void store_key(const F& slope, const F& sum, uint64_t* row,
                                                        int lane) {
        alignas(64) Words w;
        F::template sub<16>(F::square(slope), sum).to_words(w, lane);
        if constexpr (F::wide)
            F::Lane::store(row, F::Lane::load(w[0]));
        else
            row[lane] = w[0][lane];
    }
};

}  // namespace pyfe::dlog
