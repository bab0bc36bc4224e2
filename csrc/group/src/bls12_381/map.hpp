// Hashing to G1 and G2 of BLS12-381 after RFC 9380: from two field elements to a point of the subgroup.
// Straight lines under masks: no branch and no address depends on the elements.
//
// Simplified SWU (section 6.6.2, Wahby, Boneh, eprint 2019/403) leads to an isogenous curve y^2 = x^3 + A x +
// B without an inversion. The one power that a square root of U/V takes also gives 1/V, so that x is affine
// and the isogeny costs one product a coefficient.
#pragma once
#include <cstddef>

#include "pyfe/group/bls12_381/curve.hpp"

namespace pyfe::group::bls12_381 {

namespace constants = field::bls12_381;

// For U/V: a root of it where `square` is set, elsewhere one of Z U/V; and 1/V. U and V are not zero.
template <class E, class Mask>
struct RatioRoot {
    E root, inverse;
    Mask square;
};

// p = 3 mod 4: with c = (U V^3)^((p - 3)/4), c^2 U V^3 is 1 or -1 (RFC 9380, appendix F.2.1.2).
template <class F>
RatioRoot<F, typename F::Mask> root_of_ratio(const F& u, const F& v) {
    const F uv = F::mul(u, v), c = power_p_minus_3_over_4(F::mul(uv, F::square(v)));
    const F root = F::mul(uv, c), inverse = F::mul(F::mul(root, c), v);
    const typename F::Mask square = F::equal(F::mul(F::square(root), v), u);
    const F other = F::mul(root, F::constant(constants::kRootOfMinusZ1));
    return {F::select(square, root, other), F::select(square, inverse, F::weak(F::template neg<8>(inverse))),
            square};
}

// The complex method (tower.hpp) on a fraction a/n with n in Fp: a = U conj V, n the norm of V. a is a square
// exactly when its norm is one in Fp; where it is not, Z a takes its place, and the root of its norm is that
// of the other sign times the root of -norm(Z).
template <class F>
RatioRoot<Fp2<F>, typename F::Mask> root_of_ratio(const Fp2<F>& u, const Fp2<F>& v) {
    using E = Fp2<F>;
    const F half = F::constant(constants::kFpHalf);
    const E v_bar = E::template conjugate<8>(v), product = E::mul(u, v_bar);
    const F n = F::add(F::square(v.c0), F::square(v.c1));
    typename F::Mask square;
    const F norm_root = square_root(F::add(F::square(product.c0), F::square(product.c1)), &square);
    const F norm_other = F::mul(norm_root, F::constant(constants::kRootOfMinusNormZ2));
    const E a = E::select(square, product, E::mul(product, E::constant(constants::kSswuZ2)));
    const F sum = F::mul(F::add(a.c0, F::select(square, norm_root, norm_other)), half);
    const F d = F::select(F::is_zero(sum), a.c0, sum);
    // With c = (d n^3)^((p - 3)/4), c^2 d n^3 is 1 or -1.
    const F dn = F::mul(d, n), nn = F::square(n), c = power_p_minus_3_over_4(F::mul(dn, nn));
    const F cn = F::mul(c, n), x = F::mul(dn, c), y = F::mul(F::mul(a.c1, cn), half);
    const typename F::Mask plus = F::equal(F::mul(x, F::mul(c, nn)), F::one());
    const F inverse = F::mul(x, cn), minus_inverse = F::weak(F::template neg<8>(inverse));
    return {{F::select(plus, x, y), F::select(plus, y, F::weak(F::template neg<8>(x)))},
            E::mul_fp(v_bar, F::select(plus, inverse, minus_inverse)),
            square};
}

// sgn0 (section 4.1)
template <class F>
typename F::Mask sign(const F& a) {
    return F::is_odd(a);
}
template <class F>
typename F::Mask sign(const Fp2<F>& a) {
    using L = typename F::Lane;
    return L::mask_or(F::is_odd(a.c0), L::mask_and(F::is_zero(a.c0), F::is_odd(a.c1)));
}

template <class F>
struct Isogeny;

template <class F>
struct Isogeny<G1Curve<F>> {
    static F a() { return F::constant(constants::kIsoA1); }
    static F b() { return F::constant(constants::kIsoB1); }
    static F z() { return F::constant(constants::kSswuZ1); }
    static constexpr const auto& x = constants::kIsoX1;
    static constexpr const auto& y = constants::kIsoY1;
    static constexpr const auto& kernel = constants::kIsoKernel1;
};

template <class F>
struct Isogeny<G2Curve<F>> {
    using E = Fp2<F>;
    static E a() { return E::constant(constants::kIsoA2); }
    static E b() { return E::constant(constants::kIsoB2); }
    static E z() { return E::constant(constants::kSswuZ2); }
    static constexpr const auto& x = constants::kIsoX2;
    static constexpr const auto& y = constants::kIsoY2;
    static constexpr const auto& kernel = constants::kIsoKernel2;
};

// Horner. Magnitude 4.
template <class E, class Constant, size_t N>
E evaluate(const Constant (&coefficient)[N], const E& x) {
    E r = E::constant(coefficient[N - 1]);
    for (size_t i = N - 1; i-- > 0;) r = E::add(E::mul(r, x), E::constant(coefficient[i]));
    return r;
}

// Appendix E: (X(x) / h(x)^2, y Y(x) / h(x)^3). Where h is zero, on the kernel, that is (0 : y Y : 0), the
// identity.
template <class C>
Point<C> apply_isogeny(const typename C::E& x, const typename C::E& y) {
    using E = typename C::E;
    const E h = evaluate<E>(Isogeny<C>::kernel, x);
    return {E::mul(evaluate<E>(Isogeny<C>::x, x), h), E::mul(evaluate<E>(Isogeny<C>::y, x), y),
            E::mul(E::square(h), h)};
}

// map_to_curve (section 6.6.3): a point of the curve, in general outside the subgroup. With t = Z u^2 and
// s = t^2 + t the candidates are x1 = B (s + 1) / (-A s), or B / (Z A) where s is zero, and x2 = t x1; x1 =
// N/D makes U/V = (N^3 + A N D^2 + B D^3) / D^3 (appendix F.2).
template <class C>
[[gnu::noinline]] Point<C> map_to_curve(const typename C::E& u) {
    using E = typename C::E;
    using I = Isogeny<C>;
    using L = typename C::Base::Lane;
    const E t = E::mul(E::square(u), I::z()), s = E::add(E::square(t), t);
    const E n = E::mul(E::add(s, E::one()), I::b());
    const E d = E::mul(E::select(E::is_zero(s), I::z(), E::template neg<8>(s)), I::a());
    const E dd = E::square(d), v = E::mul(dd, d);
    const E right = E::mul(E::add(E::square(n), E::mul(dd, I::a())), n);
    const auto r = root_of_ratio(E::add(right, E::mul(v, I::b())), v);
    const E x1 = E::mul(E::mul(n, dd), r.inverse);
    const E x = E::select(r.square, x1, E::mul(x1, t));
    const E y = E::select(r.square, r.root, E::mul(E::mul(r.root, t), u));
    const auto differ = L::mask_xor(sign(u), sign(y));
    return apply_isogeny<C>(x, E::select(differ, E::weak(E::template neg<8>(y)), y));
}

// Section 8.8.1: [1 + |x|] p
template <class F>
Point<G1Curve<F>> clear_cofactor(const Point<G1Curve<F>>& p) {
    return Point<G1Curve<F>>::add(mul_abs_x(p), p);
}
// Appendix G.3 (Budroni, Pintore, eprint 2017/419): [x^2 - x - 1] p + [x - 1] psi(p) + psi^2(2 p), x
// negative. With s = [|x| + 1] p and e = -psi that is [|x|] s - p + e(s) + e^2(2 p).
template <class F>
Point<G2Curve<F>> clear_cofactor(const Point<G2Curve<F>>& p) {
    using P = Point<G2Curve<F>>;
    const P s = P::add(mul_abs_x(p), p);
    const P r = P::add(P::add(mul_abs_x(s), P::negate(p)), endomorphism(s, 1));
    return P::add(r, endomorphism(P::twice(p), 2));
}

// An integer below 2^512 modulo p, or two of them
template <class F>
struct Uniform {
    static F read(const WideInteger* w, int lane) {
        const F high = F::mul(F::from_words((*w)[1], lane), F::constant(constants::kTwoTo384));
        return F::add(F::from_words((*w)[0], lane), high);
    }
};
template <class F>
struct Uniform<Fp2<F>> {
    static Fp2<F> read(const WideInteger* w, int lane) {
        return {Uniform<F>::read(w, lane), Uniform<F>::read(w + 1, lane)};
    }
};

// hash_to_curve (section 3), after hash_to_field
template <class C>
void hash_to_curve(const UniformBlock<Memory<typename C::E>::parts>* in, size_t blocks,
                   PointBlock<Memory<typename C::E>::parts>* out) {
    using F = typename C::Base;
    using U = Uniform<typename C::E>;
    for (size_t b = 0; b < blocks; ++b)
        for_lanes<F>([&](int lane) {
            const Point<C> q0 = map_to_curve<C>(U::read(in[b].u[0], lane));
            const Point<C> q1 = map_to_curve<C>(U::read(in[b].u[1], lane));
            clear_cofactor(Point<C>::add(q0, q1)).store(out[b], lane);
        });
}

}  // namespace pyfe::group::bls12_381
