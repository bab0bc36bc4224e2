// G1 and G2 of BLS12-381, y^2 = x^3 + b, in homogeneous projective coordinates, as one template on the curve.
//
// Addition and doubling are complete: Renes, Costello, Batina, Complete addition formulas for prime order
// elliptic curves (eprint 2015/1060), algorithms 7 to 9. Both curves have odd order, cofactors included, so
// that the formulas hold for every pair of points, the identity and points outside the subgroup among them.
// The last products are summed before they are reduced.
#pragma once
#include "pyfe/field/memory381.hpp"
#include "pyfe/field/tower.hpp"
#include "pyfe/group/bls12_381/blocks.hpp"

namespace pyfe::group::bls12_381 {

using field::bls12_381::Fp2;
using field::bls12_381::Memory;

template <class F>
struct G1Curve {
    using Base = F;
    using E = F;
    // 3 b = 12. Magnitude 4.
    static E mul_3b(const E& a) { return E::weak(F::times12(a)); }
    static E b() { return F::add(F::add(F::one(), F::one()), F::add(F::one(), F::one())); }
    static E generator_x() { return F::constant(field::bls12_381::kG1X); }
    static E generator_y() { return F::constant(field::bls12_381::kG1Y); }
};

template <class F>
struct G2Curve {
    using Base = F;
    using E = Fp2<F>;
    // 3 b = 12 (1 + u). Magnitude 4.
    static E mul_3b(const E& a) { return E::weak(E::times12(E::template mul_xi<16>(a))); }
    static E b() {
        const F four = G1Curve<F>::b();
        return {four, four};
    }
    static E generator_x() { return E::constant(field::bls12_381::kG2X); }
    static E generator_y() { return E::constant(field::bls12_381::kG2Y); }
};

template <class C>
struct Affine {
    using E = typename C::E;
    using Mask = typename C::Base::Mask;
    E x, y;
    Mask infinite;
};

template <class C>
struct Point {
    using F = typename C::Base;
    using E = typename C::E;
    using M = Memory<E>;
    using Mask = typename F::Mask;
    using Block = PointBlock<M::parts>;
    E x, y, z;

    static Point load(const Block& b, int lane) {
        return {M::load(b.x, lane), M::load(b.y, lane), M::load(b.z, lane)};
    }
    void store(Block& b, int lane) const {
        M::store(x, b.x, lane);
        M::store(y, b.y, lane);
        M::store(z, b.z, lane);
    }
    static Point identity() { return {E::zero(), E::one(), E::zero()}; }
    static Point generator() { return {C::generator_x(), C::generator_y(), E::one()}; }
    static Point from_affine(const Affine<C>& a) {
        return select(a.infinite, identity(), {a.x, a.y, E::one()});
    }
    static Point negate(const Point& p) { return {p.x, E::weak(E::template neg<8>(p.y)), p.z}; }
    static Point negate_if(const Mask& m, const Point& p) {
        return {p.x, E::select(m, E::weak(E::template neg<8>(p.y)), p.y), p.z};
    }
    static Point select(const Mask& m, const Point& on, const Point& off) {
        return {E::select(m, on.x, off.x), E::select(m, on.y, off.y), E::select(m, on.z, off.z)};
    }
    static Mask is_identity(const Point& p) { return E::is_zero(p.z); }
    static Mask equal(const Point& p, const Point& q) {
        const Mask same_x = E::equal(E::mul(p.x, q.z), E::mul(q.x, p.z));
        const Mask same_y = E::equal(E::mul(p.y, q.z), E::mul(q.y, p.z));
        const Mask both = F::Lane::mask_and(is_identity(p), is_identity(q));
        const Mask neither = F::Lane::mask_not(F::Lane::mask_or(is_identity(p), is_identity(q)));
        return F::Lane::mask_or(both, F::Lane::mask_and(neither, F::Lane::mask_and(same_x, same_y)));
    }

    // Algorithm 7: a = X1 X2, s = X1 Y2 + X2 Y1, t = Y1 Z2 + Y2 Z1, u = 3b (X1 Z2 + X2 Z1), Y1 Y2 -+ 3b Z1 Z2
    [[gnu::noinline]] static Point add(const Point& p, const Point& q) {
        const E xx = E::mul(p.x, q.x), yy = E::mul(p.y, q.y), zz = E::mul(p.z, q.z);
        const E s = cross(p.x, p.y, q.x, q.y, E::add(xx, yy));
        const E t = cross(p.y, p.z, q.y, q.z, E::add(yy, zz));
        const E u = C::mul_3b(cross(p.x, p.z, q.x, q.z, E::add(xx, zz)));
        return finish(xx, yy, C::mul_3b(zz), s, t, u);
    }
    // Algorithm 8: the same with Z2 = 1
    [[gnu::noinline]] static Point add_affine(const Point& p, const E& x, const E& y) {
        const E xx = E::mul(p.x, x), yy = E::mul(p.y, y);
        const E s = cross(p.x, p.y, x, y, E::add(xx, yy));
        const E t = E::add(E::mul(y, p.z), p.y);
        const E u = C::mul_3b(E::add(E::mul(x, p.z), p.x));
        return finish(xx, yy, C::mul_3b(p.z), s, t, u);
    }
    static Point add_mixed(const Point& p, const Affine<C>& q) {
        return select(q.infinite, p, add_affine(p, q.x, q.y));
    }
    // Algorithm 9: with w = 3b Z^2, X3 = 2 X Y (Y^2 - 3w), Y3 = (Y^2 - 3w)(Y^2 + w) + 8 Y^2 w, Z3 = 8 Y^3 Z
    [[gnu::noinline]] static Point twice(const Point& p) {
        const E yy = E::square(p.y), w = C::mul_3b(E::square(p.z));
        const E yz = E::mul(p.y, p.z), xy = E::mul(p.x, p.y);
        const E yy2 = E::add(yy, yy), yy4 = E::add(yy2, yy2), yy8 = E::add(yy4, yy4);
        const E m = E::template sub<16>(yy, E::times3(w));
        return {E::mul(m, E::add(xy, xy)), sum_of_products(m, E::add(yy, w), yy8, w), E::mul(yy8, yz)};
    }

  private:
    // a1 b2 + a2 b1, given a1 a2 + b1 b2
    static E cross(const E& a1, const E& b1, const E& a2, const E& b2, const E& sum) {
        return E::template sub<8>(E::mul(E::add(a1, b1), E::add(a2, b2)), sum);
    }
    static Point finish(const E& xx, const E& yy, const E& zz3b, const E& s, const E& t, const E& u) {
        const E a = E::times3(xx), minus = E::template sub<8>(yy, zz3b), plus = E::add(yy, zz3b);
        return {difference_of_products(s, minus, t, u), sum_of_products(minus, plus, u, a),
                sum_of_products(plus, t, a, s)};
    }
};

// [|x|] p, |x| = 2^63 + 2^62 + 2^60 + 2^57 + 2^48 + 2^16: 63 doublings, 5 additions
template <class C>
Point<C> mul_abs_x(const Point<C>& p) {
    Point<C> r = p;
    for (int bit = 62; bit >= 0; --bit) {
        r = Point<C>::twice(r);
        if (field::bls12_381::kAbsX >> bit & 1) r = Point<C>::add(r, p);
    }
    return r;
}

// Multiplies by |x|^(2 i) in G1, i = 0 or 1: (beta x, -y)
template <class F>
Point<G1Curve<F>> endomorphism(const Point<G1Curve<F>>& p, int i) {
    using P = Point<G1Curve<F>>;
    if (i == 0) return p;
    return P::negate({F::mul(p.x, F::constant(field::bls12_381::kBeta)), p.y, p.z});
}

// Multiplies by |x|^i in G2, i < 4: (-psi)^i
template <class F>
Point<G2Curve<F>> endomorphism(const Point<G2Curve<F>>& p, int i) {
    using E = Fp2<F>;
    using P = Point<G2Curve<F>>;
    P r = p;
    if (i >= 2) r = P::negate({E::mul_fp(r.x, F::constant(field::bls12_381::kPsiSquaredX)), r.y, r.z});
    if (i % 2 == 0) return r;
    return P::negate({E::mul(E::template conjugate<8>(r.x), E::constant(field::bls12_381::kPsiX)),
                      E::mul(E::template conjugate<8>(r.y), E::constant(field::bls12_381::kPsiY)),
                      E::weak(E::template conjugate<8>(r.z))});
}

// Membership in the subgroup of order r for points of the curve: Scott, A note on group membership tests for
// G1, G2 and GT on BLS pairing-friendly curves (eprint 2021/1130). In G1 the endomorphism must multiply by
// x^2, in G2 by |x|.
template <class F>
typename F::Mask in_subgroup(const Point<G1Curve<F>>& p) {
    return Point<G1Curve<F>>::equal(mul_abs_x(mul_abs_x(p)), endomorphism(p, 1));
}
template <class F>
typename F::Mask in_subgroup(const Point<G2Curve<F>>& p) {
    return Point<G2Curve<F>>::equal(mul_abs_x(p), endomorphism(p, 1));
}

}  // namespace pyfe::group::bls12_381
