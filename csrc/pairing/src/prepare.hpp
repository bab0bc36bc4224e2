// Lines of a point of G2 kept with a key: affine, so that the coefficient of v w is one.
#pragma once
#include "miller_loop.hpp"

namespace pyfe::pairing {

// A field element of one lane, for every lane
template <class F>
struct ToConstant {
    uint64_t rows[16][8] = {};

    explicit ToConstant(const Fp2<F>& a, int lane) { Memory<Fp2<F>>::store(a, rows, lane); }
    void write(int lane, field::bls12_381::Fp2Constant& out) const {
        write_part(0, lane, out.c0);
        write_part(8, lane, out.c1);
    }

  private:
    void write_part(int row, int lane, field::bls12_381::FpConstant& out) const {
        for (int i = 0; i < F::rows; ++i) {
            if constexpr (F::wide)
                out.lane[i] = rows[row + i][lane];
            else
                out.word[i] = rows[row + i][lane];
        }
    }
};

template <class F>
void prepare_lanes(const G2Flat& q, size_t count, int lane, PreparedPoint* out) {
    using E = Fp2<F>;
    const E x = Memory<E>::load(q.x, lane), y = Memory<E>::load(q.y, lane);
    Line<F> line[kLines];
    E before[kLines], running = E::one();
    G2Point<F> t{x, y, E::one()};
    int step = 0;
    const auto keep = [&](const Line<F>& l) {
        line[step] = l;
        before[step++] = running;
        running = E::mul(running, l.c4);
    };
    for (int bit = 62; bit >= 0; --bit) {
        keep(double_step(t));
        if (kAbsX >> bit & 1) keep(add_step(t, x, y));
    }
    E inverse = E::invert(running);
    for (step = kLines - 1; step >= 0; --step) {
        const E one_over_c4 = E::mul(inverse, before[step]);
        inverse = E::mul(inverse, line[step].c4);
        const ToConstant<F> constant(E::mul(line[step].c0, one_over_c4), lane);
        const ToConstant<F> minus_slope(E::mul(line[step].c1, one_over_c4), lane);
        for (int j = lane; j < lane + F::lanes && static_cast<size_t>(j) < count; ++j) {
            constant.write(j, out[j].line[step].constant);
            minus_slope.write(j, out[j].line[step].minus_slope);
        }
    }
}

template <class F>
void prepare(const G2Flat* q, size_t count, PreparedPoint* out) {
    for_lanes<F>([&](int lane) { prepare_lanes<F>(*q, count, lane, out); });
    for (size_t j = 0; j < count; ++j) out[j].infinite = (q->infinite[j] & 1) != 0;
}

}  // namespace pyfe::pairing
