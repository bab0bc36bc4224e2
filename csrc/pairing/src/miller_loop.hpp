// The Miller loop of the optimal ate pairing: f_{|x|, Q}(P), conjugated because x is negative.
//
// Sources: Vercauteren, Optimal pairings (eprint 2008/096); Costello, Lange, Naehrig, Faster pairing
// computations on curves with high-degree twists (eprint 2009/615) for lines in homogeneous coordinates;
// Aranha, Karabina, Longa, Gebotys, Lopez, Faster explicit formulas for computing pairings over ordinary
// curves (eprint 2010/526), section 4, for the formulas below.
//
// The twist takes (x, y) on y^2 = x^3 + 4 (1 + u) to (x / w^2, y / w^3). A line with slope m through T, seen
// at P and times w^3, is (m x_T - y_T) - m x_P v + y_P v w; w^3 and every factor in Fp2 lie in proper
// subfields, so that the final exponentiation removes them.
#pragma once
#include "pyfe/group/bls12_381/curve.hpp"
#include "pyfe/pairing/blocks.hpp"

namespace pyfe::pairing {

using field::bls12_381::difference_of_products, field::bls12_381::sum_of_products;
using field::bls12_381::for_lanes, field::bls12_381::Memory, field::bls12_381::gather;
using field::bls12_381::Fp12, field::bls12_381::Fp2, field::bls12_381::kAbsX;
using group::bls12_381::G2Curve;

template <class F>
using G2Point = group::bls12_381::Point<G2Curve<F>>;

// c0 + c1 x_P v + c4 y_P v w
template <class F>
struct Line {
    Fp2<F> c0, c1, c4;
};

// T = 2T; the tangent times 2 Y Z: (Y^2 - 3b Z^2) - 3 X^2 x_P v + 2 Y Z y_P v w
template <class F>
[[gnu::noinline]] static Line<F> double_step(G2Point<F>& t) {
    using E = Fp2<F>;
    const E xx = E::square(t.x), yy = E::square(t.y), yz = E::mul(t.y, t.z), xy = E::mul(t.x, t.y);
    const E w = G2Curve<F>::mul_3b(E::square(t.z));
    const E yy2 = E::add(yy, yy), yy4 = E::add(yy2, yy2), yy8 = E::add(yy4, yy4);
    const E m = E::template sub<16>(yy, E::times3(w));
    t = {E::mul(m, E::add(xy, xy)), sum_of_products(m, E::add(yy, w), yy8, w), E::mul(yy8, yz)};
    return {E::template sub<8>(yy, w), E::template neg<8>(E::times3(xx)), E::add(yz, yz)};
}

// T = T + Q; the line through both, with l = X - x_Q Z and n = Y - y_Q Z: (n x_Q - l y_Q) - n x_P v + l y_P v
// w
template <class F>
[[gnu::noinline]] static Line<F> add_step(G2Point<F>& t, const Fp2<F>& x, const Fp2<F>& y) {
    using E = Fp2<F>;
    const E l = E::template sub<4>(t.x, E::mul(x, t.z)), n = E::template sub<4>(t.y, E::mul(y, t.z));
    const E ll = E::square(l), lll = E::mul(ll, l), g = E::mul(t.x, ll), nnz = E::mul(E::square(n), t.z);
    const E h = E::template sub<8>(E::add(lll, nnz), E::add(g, g));
    const E rest = E::template sub<32>(g, h);
    t = {E::mul(l, h), difference_of_products(n, rest, lll, t.y), E::mul(t.z, lll)};
    return {difference_of_products(n, x, l, y), E::template neg<16>(n), l};
}

// What the loop keeps of pairs whose lines are made on the way
template <class F>
struct FreshPairs {
    const Pairs& in;
    G2Block* state;
    int lane;
    using M1 = Memory<F>;
    using M2 = Memory<Fp2<F>>;

    void start() const {
        for (size_t j = 0; j < in.pairs; ++j) {
            const G2Flat& q = in.q[j * in.stride];
            G2Point<F>{M2::load(q.x, lane), M2::load(q.y, lane), Fp2<F>::one()}.store(state[j], lane);
        }
    }
    template <class Step>
    void multiply_by_lines(Fp12<F>& f, Step step) const {
        for (size_t j = 0; j < in.pairs; ++j) {
            const G1Flat& p = in.p[j * in.stride];
            const G2Flat& q = in.q[j * in.stride];
            G2Point<F> t = G2Point<F>::load(state[j], lane);
            const Line<F> line = step(t, q);
            t.store(state[j], lane);
            const Fp12<F> product = Fp12<F>::mul_014(f, line.c0, Fp2<F>::mul_fp(line.c1, M1::load(p.x, lane)),
                                                     Fp2<F>::mul_fp(line.c4, M1::load(p.y, lane)));
            f = Fp12<F>::select(infinite(p, q), f, product);
        }
    }
    void double_all(Fp12<F>& f) const {
        multiply_by_lines(f, [](G2Point<F>& t, const G2Flat&) { return double_step(t); });
    }
    void add_all(Fp12<F>& f) const {
        multiply_by_lines(f, [this](G2Point<F>& t, const G2Flat& q) {
            return add_step(t, M2::load(q.x, lane), M2::load(q.y, lane));
        });
    }
    typename F::Mask infinite(const G1Flat& p, const G2Flat& q) const {
        uint64_t either[8];
        for (int j = 0; j < 8; ++j) either[j] = (p.infinite[j] | q.infinite[j]) & 1;
        return gather<F>(either, lane);
    }
};

// Pairs whose lines lie ready, divided by what stands before v w
template <class F>
struct ReadyPairs {
    const PreparedPairs& in;
    Scaled* scaled;
    int lane;
    using M = Memory<F>;

    // One inversion for all
    void start() const {
        if (in.pairs == 0) return;
        F running = F::one();
        for (size_t j = 0; j < in.pairs; ++j) {
            M::store(running, scaled[j].x_over_y, lane);
            running = F::mul(running, M::load(in.p[j * in.stride].y, lane));
        }
        F inverse = field::bls12_381::invert(running);
        for (size_t j = in.pairs; j-- > 0;) {
            const G1Flat& p = in.p[j * in.stride];
            const F one_over_y = F::mul(inverse, M::load(scaled[j].x_over_y, lane));
            inverse = F::mul(inverse, M::load(p.y, lane));
            M::store(one_over_y, scaled[j].one_over_y, lane);
            M::store(F::mul(M::load(p.x, lane), one_over_y), scaled[j].x_over_y, lane);
        }
    }
    void multiply_by_lines(Fp12<F>& f, int step) const {
        using E = Fp2<F>;
        for (size_t j = 0; j < in.pairs; ++j) {
            if (in.q[j]->infinite) continue;
            const PreparedLine& line = in.q[j]->line[step];
            const E b0 = E::mul_fp(E::constant(line.constant, 3), M::load(scaled[j].one_over_y, lane));
            const E b1 = E::mul_fp(E::constant(line.minus_slope, 3), M::load(scaled[j].x_over_y, lane));
            uint64_t infinite[8];
            for (int i = 0; i < 8; ++i) infinite[i] = in.p[j * in.stride].infinite[i] & 1;
            f = Fp12<F>::select(gather<F>(infinite, lane), f, Fp12<F>::mul_01_vw(f, b0, b1));
        }
    }
};

// The product over all pairs: the squarings of f are shared.
template <class F>
Fp12<F> miller_loop(const FreshPairs<F>& fresh, const ReadyPairs<F>& ready) {
    fresh.start();
    ready.start();
    Fp12<F> f = Fp12<F>::one();
    int step = 0;
    for (int bit = 62; bit >= 0; --bit) {
        if (bit < 62) f = Fp12<F>::square(f);
        fresh.double_all(f);
        ready.multiply_by_lines(f, step++);
        if ((kAbsX >> bit & 1) == 0) continue;
        fresh.add_all(f);
        ready.multiply_by_lines(f, step++);
    }
    return Fp12<F>::conjugate(f);
}

}  // namespace pyfe::pairing
