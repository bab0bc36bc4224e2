// The twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2 in extended coordinates, as templates on the field
// type. Formulas: Hisil, Wong, Carter, Dawson, Twisted Edwards Curves Revisited (eprint 2008/522), complete
// for this curve.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/field25519.hpp"
#include "pyfe/group/ristretto255/blocks.hpp"

#define PYFE_KERNEL [[gnu::always_inline]] static inline

namespace pyfe::group::ristretto255 {

using field::constant;

template <class F>
struct Point {
    F x, y, z, t;

    PYFE_KERNEL Point load(const PointBlock& b, int lane) {
        return {F::load(b.x, lane), F::load(b.y, lane), F::load(b.z, lane), F::load(b.t, lane)};
    }
    [[gnu::always_inline]] inline void store(PointBlock& b, int lane) const {
        x.store(b.x, lane);
        y.store(b.y, lane);
        z.store(b.z, lane);
        t.store(b.t, lane);
    }
    PYFE_KERNEL Point identity() { return {F::small(0), F::small(1), F::small(1), F::small(0)}; }
    PYFE_KERNEL Point affine(const F& x, const F& y) { return {x, y, F::small(1), F::mul(x, y)}; }
    PYFE_KERNEL Point negate(const Point& p) { return {F::neg(p.x), p.y, p.z, F::neg(p.t)}; }
};

// (Y + X, Y - X, 2Z, 2dT): a point made ready to be added
template <class F>
struct Cached {
    F plus, minus, z2, t2d;

    PYFE_KERNEL Cached from(const Point<F>& p) {
        return {F::add(p.y, p.x), F::sub(p.y, p.x), F::add(p.z, p.z), F::mul(p.t, constant<F>(field::k2D))};
    }
};

// (y + x, y - x, 2dxy): the same for z = 1
template <class F>
struct Niels {
    F plus, minus, xy2d;

    PYFE_KERNEL Niels from_affine(const F& x, const F& y) {
        return {F::add(y, x), F::sub(y, x), F::mul(F::mul(x, y), constant<F>(field::k2D))};
    }
    // -P where the mask is set
    PYFE_KERNEL Niels negate_if(typename F::Mask m, const Niels& p) {
        return {F::select(m, p.minus, p.plus), F::select(m, p.plus, p.minus),
                F::select(m, F::neg(p.xy2d), p.xy2d)};
    }
};

// The last step of every addition: (E F : G H : F G : E H)
template <bool WithT, class F>
PYFE_KERNEL Point<F> complete(const F& e, const F& f, const F& g, const F& h) {
    Point<F> r;
    r.x = F::mul(e, f);
    r.y = F::mul(g, h);
    r.z = F::mul(f, g);
    r.t = WithT ? F::mul(e, h) : r.z;  // without T the field is dead until the next doubling writes it
    return r;
}

// P +- Q with A = (Y1 - X1)(Y2 - X2), B = (Y1 + X1)(Y2 + X2), C = 2d T1 T2, D = 2 Z1 Z2
template <bool WithT, bool Negative, class F>
PYFE_KERNEL Point<F> add_parts(const Point<F>& p, const F& plus, const F& minus, const F& t2d, const F& d) {
    const F a = F::mul(F::sub(p.y, p.x), Negative ? plus : minus);
    const F b = F::mul(F::add(p.y, p.x), Negative ? minus : plus);
    const F c = F::mul(p.t, t2d);
    const F e = F::sub(b, a), h = F::add(b, a);
    const F f = Negative ? F::add(d, c) : F::sub(d, c);
    const F g = Negative ? F::sub(d, c) : F::add(d, c);
    return complete<WithT>(e, f, g, h);
}

template <bool WithT = true, bool Negative = false, class F>
PYFE_KERNEL Point<F> add(const Point<F>& p, const Cached<F>& q) {
    return add_parts<WithT, Negative>(p, q.plus, q.minus, q.t2d, F::mul(p.z, q.z2));
}

template <bool WithT = true, bool Negative = false, class F>
PYFE_KERNEL Point<F> add(const Point<F>& p, const Niels<F>& q) {
    return add_parts<WithT, Negative>(p, q.plus, q.minus, q.xy2d, F::add(p.z, p.z));
}

// 2P: A = X^2, B = Y^2, C = 2 Z^2, E = (X + Y)^2 - A - B, G = B - A, and -F = C - G, -H = A + B. The two
// signs cancel in the projective result.
template <bool WithT = true, class F>
PYFE_KERNEL Point<F> dbl(const Point<F>& p) {
    const F a = F::square(p.x), b = F::square(p.y), zz = F::square(p.z);
    const F s = F::square(F::add(p.x, p.y));
    const F ab = F::add_lazy(a, b);
    const F e = F::carry(F::sub_lazy(s, ab));
    const F g = F::sub(b, a);
    const F minus_f = F::carry(F::sub_lazy(F::add_lazy(F::add_lazy(zz, zz), a), b));
    return complete<WithT>(e, minus_f, g, F::carry(ab));
}

template <class F>
PYFE_KERNEL Point<F> double_times(Point<F> p, int times) {
    for (int i = 1; i < times; ++i) p = dbl<false>(p);
    return times > 0 ? dbl<true>(p) : p;
}

// Runs body(lane) once for eight lanes, or once a lane
template <class F, class Body>
PYFE_KERNEL void for_lanes(Body body) {
    for (int lane = 0; lane < 8; lane += F::lanes) body(lane);
}

}  // namespace pyfe::group::ristretto255
