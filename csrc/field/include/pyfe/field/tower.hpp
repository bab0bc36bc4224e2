// The tower over the base field of BLS12-381: Fp2 = Fp[u]/(u^2 + 1), Fp6 = Fp2[v]/(v^3 - (1 + u)),
// Fp12 = Fp6[w]/(w^2 - v), as templates on the element type F.
//
// Sources: Devegili, O hEigeartaigh, Scott, Dahab, Multiplication and squaring on pairing-friendly fields
// (eprint 2006/471); Aranha, Karabina, Longa, Gebotys, Lopez, Faster explicit formulas (eprint 2010/526) for
// lazy reduction; Granger, Scott, Faster squaring in the cyclotomic subgroup (eprint 2009/565).
//
// Bounds are those of F (fp_lanes.hpp). Elements of Fp12 have magnitude at most 4 before and after every
// operation.
#pragma once
#include "pyfe/field/field381.hpp"
#include "pyfe/field/invert381.hpp"

namespace pyfe::field::bls12_381 {

// a b + c d and a b - c d, reduced once: lanes add unreduced products, words interleave products and
// reduction.
template <class E>
[[gnu::noinline]] E sum_of_products(const E& a, const E& b, const E& c, const E& d) {
    if constexpr (E::wide)
        return E::reduce(E::product(a, b) + E::product(c, d));
    else
        return E::sum_of_products(a, b, c, d);
}
template <class E>
[[gnu::noinline]] E difference_of_products(const E& a, const E& b, const E& c, const E& d) {
    if constexpr (E::wide)
        return E::reduce(E::product(a, b) - E::product(c, d));
    else
        return E::difference_of_products(a, b, c, d);
}

template <class F>
struct Fp2 {
    static constexpr bool wide = F::wide;
    using Base = F;
    using Mask = typename F::Mask;
    F c0, c1;

    static Fp2 constant(const Fp2Constant& c, unsigned magnitude = 1) {
        return {F::constant(c.c0, magnitude), F::constant(c.c1, magnitude)};
    }
    static Fp2 zero() { return {F::zero(), F::zero()}; }
    static Fp2 one() { return {F::one(), F::zero()}; }

    static Fp2 add(const Fp2& a, const Fp2& b) { return {F::add(a.c0, b.c0), F::add(a.c1, b.c1)}; }
    template <int K>
    static Fp2 sub(const Fp2& a, const Fp2& b) {
        return {F::template sub<K>(a.c0, b.c0), F::template sub<K>(a.c1, b.c1)};
    }
    template <int K>
    static Fp2 neg(const Fp2& a) {
        return {F::template neg<K>(a.c0), F::template neg<K>(a.c1)};
    }
    template <int K>
    static Fp2 conjugate(const Fp2& a) {
        return {a.c0, F::template neg<K>(a.c1)};
    }
    static Fp2 weak(const Fp2& a) { return {F::weak(a.c0), F::weak(a.c1)}; }
    static Fp2 times12(const Fp2& a) { return {F::times12(a.c0), F::times12(a.c1)}; }
    static Fp2 times3(const Fp2& a) { return {F::times3(a.c0), F::times3(a.c1)}; }
    // (1 + u) a
    template <int K>
    static Fp2 mul_xi(const Fp2& a) {
        return {F::template sub<K>(a.c0, a.c1), F::add(a.c0, a.c1)};
    }

    // Sums before their carry
    struct Sum {
        typename F::Sum c0, c1;
        [[gnu::always_inline]] inline Sum(const Fp2& a) : c0(a.c0), c1(a.c1) {}
        [[gnu::always_inline]] inline Sum(const typename F::Sum& a, const typename F::Sum& b)
            : c0(a), c1(b) {}
        [[gnu::always_inline]] friend inline Sum operator+(const Sum& a, const Sum& b) {
            return {a.c0 + b.c0, a.c1 + b.c1};
        }
        [[gnu::always_inline]] friend inline Sum operator-(const Sum& a, const Sum& b) {
            return {a.c0 - b.c0, a.c1 - b.c1};
        }
        // (1 + u) times
        [[gnu::always_inline]] inline Sum times_xi() const { return {c0 - c1, c0 + c1}; }
    };
    template <int K>
    [[gnu::always_inline]] static inline Fp2 carried(const Sum& s) {
        return {F::template carried<K>(s.c0), F::template carried<K>(s.c1)};
    }
    template <int K>
    [[gnu::always_inline]] static inline Fp2 weak(const Sum& s) {
        return {F::template weak<K>(s.c0), F::template weak<K>(s.c1)};
    }

    // Sums of products before their reduction
    struct Wide {
        typename F::Wide c0, c1;
        [[gnu::always_inline]] friend inline Wide operator+(const Wide& a, const Wide& b) {
            return {a.c0 + b.c0, a.c1 + b.c1};
        }
        [[gnu::always_inline]] friend inline Wide operator-(const Wide& a, const Wide& b) {
            return {a.c0 - b.c0, a.c1 - b.c1};
        }
        [[gnu::always_inline]] inline Wide times_xi() const { return {c0 - c1, c0 + c1}; }
    };
    [[gnu::noinline]] static Wide product(const Fp2& a, const Fp2& b) { return karatsuba(a, b); }
    // (a0 + a1)(a0 - a1) and 2 a0 a1
    [[gnu::noinline]] static Wide wide_square(const Fp2& a) {
        return {F::product(F::add_lazy(a.c0, a.c1), F::template sub<128>(a.c0, a.c1)),
                F::product(F::add_lazy(a.c0, a.c0), a.c1)};
    }
    // Magnitude 3
    [[gnu::always_inline]] static inline Fp2 reduce(const Wide& w) {
        return {F::reduce(w.c0), F::reduce(w.c1)};
    }
    // In words, four products and a reduction for each two of them cost less than Karatsuba's sums (Longa,
    // eprint 2022/367).
    [[gnu::noinline]] static Fp2 mul(const Fp2& a, const Fp2& b) {
        if constexpr (wide)
            return reduce(karatsuba(a, b));
        else
            return {F::difference_of_products(a.c0, b.c0, a.c1, b.c1),
                    F::sum_of_products(a.c0, b.c1, a.c1, b.c0)};
    }
    // a[0] b[0] + .. + a[N - 1] b[N - 1] for words
    template <int N>
    static Fp2 dot(const Fp2* a, const Fp2* b) {
        Fp2 conjugate[N];
        for (int n = 0; n < N; ++n) conjugate[n] = {a[n].c0, F::neg_lazy(a[n].c1)};
        return {F::template dot<2 * N, false>(&conjugate[0].c0, &b[0].c0),
                F::template dot<2 * N, true>(&a[0].c0, &b[0].c0)};
    }
    static Fp2 sum_of_products(const Fp2& a, const Fp2& b, const Fp2& c, const Fp2& d) {
        const Fp2 left[2] = {a, c}, right[2] = {b, d};
        return dot<2>(left, right);
    }
    static Fp2 difference_of_products(const Fp2& a, const Fp2& b, const Fp2& c, const Fp2& d) {
        return sum_of_products(a, b, {F::neg_lazy(c.c0), F::neg_lazy(c.c1)}, d);
    }
    // (a0 + a1)(a0 - a1) and 2 a0 a1. Magnitude 2.
    [[gnu::noinline]] static Fp2 square(const Fp2& a) {
        return {F::mul(F::add_lazy(a.c0, a.c1), F::template sub<128>(a.c0, a.c1)),
                F::mul(F::add_lazy(a.c0, a.c0), a.c1)};
    }
    static Fp2 mul_fp(const Fp2& a, const F& b) { return {F::mul(a.c0, b), F::mul(a.c1, b)}; }
    // conj(a) / (a0^2 + a1^2); 0 for 0
    static Fp2 invert(const Fp2& a) {
        const F norm = bls12_381::invert(F::add(F::square(a.c0), F::square(a.c1)));
        return {F::mul(a.c0, norm), F::mul(F::template neg<128>(a.c1), norm)};
    }

    static Fp2 select(const Mask& m, const Fp2& on, const Fp2& off) {
        return {F::select(m, on.c0, off.c0), F::select(m, on.c1, off.c1)};
    }
    static Mask is_zero(const Fp2& a) { return F::Lane::mask_and(F::is_zero(a.c0), F::is_zero(a.c1)); }
    static Mask equal(const Fp2& a, const Fp2& b) {
        return F::Lane::mask_and(F::equal(a.c0, b.c0), F::equal(a.c1, b.c1));
    }

  private:
    // Three products, not yet reduced
    [[gnu::always_inline]] static inline Wide karatsuba(const Fp2& a, const Fp2& b) {
        static_assert(wide);
        const typename F::Wide x = F::product(a.c0, b.c0), y = F::product(a.c1, b.c1);
        const typename F::Wide z = F::product(F::add_lazy(a.c0, a.c1), F::add_lazy(b.c0, b.c1));
        return {x - y, z - x - y};
    }
};

template <class F>
Fp2<F> invert(const Fp2<F>& a) {
    return Fp2<F>::invert(a);
}

// As in the base field: 0 everywhere when a is 0 in one lane
template <class F>
Fp2<F> invert_vartime(const Fp2<F>& a) {
    const F norm = invert_vartime(F::add(F::square(a.c0), F::square(a.c1)));
    return {F::mul(a.c0, norm), F::mul(F::template neg<128>(a.c1), norm)};
}

// A root of a where `exists` is set. With n = sqrt(a0^2 + a1^2), d = (a0 + n)/2 (or a0, if that is zero) and
// c = d^((p - 3)/4): d c^2 is 1 or -1, and (d c, a1 c / 2) or (a1 c / 2, -d c) is the root (Adj,
// Rodriguez-Henriquez, Square root computation over even extension fields, eprint 2012/685, section 5: the
// complex method).
template <class F>
Fp2<F> square_root(const Fp2<F>& a, typename F::Mask* exists) {
    typename F::Mask unused;
    const F half = F::constant(kFpHalf);
    const F n = square_root(F::add(F::square(a.c0), F::square(a.c1)), &unused);
    const F sum = F::mul(F::add(a.c0, n), half);
    const F d = F::select(F::is_zero(sum), a.c0, sum);
    const F c = power_p_minus_3_over_4(d), dc = F::mul(d, c), other = F::mul(F::mul(a.c1, c), half);
    const typename F::Mask square = F::equal(F::mul(dc, c), F::one());
    const Fp2<F> root = {F::select(square, dc, other),
                         F::select(square, other, F::weak(F::template neg<8>(dc)))};
    *exists = Fp2<F>::equal(Fp2<F>::square(root), a);
    return root;
}

template <class F>
struct Fp6 {
    using E = Fp2<F>;
    using Mask = typename F::Mask;
    E c0, c1, c2;

    static Fp6 zero() { return {E::zero(), E::zero(), E::zero()}; }
    static Fp6 one() { return {E::one(), E::zero(), E::zero()}; }
    static Fp6 add(const Fp6& a, const Fp6& b) {
        return {E::add(a.c0, b.c0), E::add(a.c1, b.c1), E::add(a.c2, b.c2)};
    }
    template <int K>
    static Fp6 sub(const Fp6& a, const Fp6& b) {
        return {E::template sub<K>(a.c0, b.c0), E::template sub<K>(a.c1, b.c1),
                E::template sub<K>(a.c2, b.c2)};
    }
    template <int K>
    static Fp6 neg(const Fp6& a) {
        return {E::template neg<K>(a.c0), E::template neg<K>(a.c1), E::template neg<K>(a.c2)};
    }
    static Fp6 weak(const Fp6& a) { return {E::weak(a.c0), E::weak(a.c1), E::weak(a.c2)}; }
    template <int K>
    static Fp6 mul_v(const Fp6& a) {
        return {E::template mul_xi<K>(a.c2), a.c0, a.c1};
    }

    // x + v y and z - x - y, below 4p
    template <int K>
    static Fp6 add_v(const Fp6& x, const Fp6& y) {
        using S = typename E::Sum;
        return {E::template weak<K>(S(x.c0) + S(y.c2).times_xi()), E::template weak<K>(S(x.c1) + y.c0),
                E::template weak<K>(S(x.c2) + y.c1)};
    }
    template <int K>
    static Fp6 less_both(const Fp6& z, const Fp6& x, const Fp6& y) {
        using S = typename E::Sum;
        return {E::template weak<K>(S(z.c0) - x.c0 - y.c0), E::template weak<K>(S(z.c1) - x.c1 - y.c1),
                E::template weak<K>(S(z.c2) - x.c2 - y.c2)};
    }

    // Six products (eprint 2006/471, section 4), reduced after their sums (eprint 2010/526, section 3).
    // Magnitude 3.
    [[gnu::noinline]] static Fp6 mul(const Fp6& a, const Fp6& b) {
        if constexpr (!F::wide) {
            return mul_words(a, b);
        } else {
            const auto v0 = E::product(a.c0, b.c0), v1 = E::product(a.c1, b.c1), v2 = E::product(a.c2, b.c2);
            const auto x = E::product(E::add(a.c1, a.c2), E::add(b.c1, b.c2));
            const auto y = E::product(E::add(a.c0, a.c1), E::add(b.c0, b.c1));
            const auto z = E::product(E::add(a.c0, a.c2), E::add(b.c0, b.c2));
            return {E::reduce(v0 + (x - v1 - v2).times_xi()), E::reduce(y - v0 - v1 + v2.times_xi()),
                    E::reduce(z - v0 - v2 + v1)};
        }
    }
    // By b0 + b1 v: five products. Magnitude 3.
    [[gnu::noinline]] static Fp6 mul_01(const Fp6& a, const E& b0, const E& b1) {
        if constexpr (!F::wide) {
            return mul_01_words(a, b0, b1);
        } else {
            const auto v0 = E::product(a.c0, b0), v1 = E::product(a.c1, b1);
            const auto x = E::product(E::add(a.c1, a.c2), b1);              // a1 b1 + a2 b1
            const auto y = E::product(E::add(a.c0, a.c1), E::add(b0, b1));  // v0 + v1 + a0 b1 + a1 b0
            const auto z = E::product(E::add(a.c0, a.c2), b0);              // v0 + a2 b0
            return {E::reduce(v0 + (x - v1).times_xi()), E::reduce(y - v0 - v1), E::reduce(z - v0 + v1)};
        }
    }
    // By b1 v: three products
    [[gnu::noinline]] static Fp6 mul_1(const Fp6& a, const E& b1) {
        return {E::template mul_xi<4>(E::mul(a.c2, b1)), E::mul(a.c0, b1), E::mul(a.c1, b1)};
    }
    // Beuchat et al., High-speed software implementation of the optimal ate pairing (eprint 2010/354),
    // algorithm 17
    static Fp6 invert(const Fp6& a) {
        const E t0 = E::weak(E::template sub<32>(E::square(a.c0), E::template mul_xi<4>(E::mul(a.c1, a.c2))));
        const E t1 = E::weak(E::template sub<4>(E::template mul_xi<4>(E::square(a.c2)), E::mul(a.c0, a.c1)));
        const E t2 = E::weak(E::template sub<4>(E::square(a.c1), E::mul(a.c0, a.c2)));
        const E cross = E::add(E::mul(a.c2, t1), E::mul(a.c1, t2));
        const E norm = E::invert(E::weak(E::add(E::mul(a.c0, t0), E::template mul_xi<8>(cross))));
        return {E::mul(t0, norm), E::mul(t1, norm), E::mul(t2, norm)};
    }

    static Fp6 select(const Mask& m, const Fp6& on, const Fp6& off) {
        return {E::select(m, on.c0, off.c0), E::select(m, on.c1, off.c1), E::select(m, on.c2, off.c2)};
    }
    static Mask is_zero(const Fp6& a) {
        return F::Lane::mask_and(F::Lane::mask_and(E::is_zero(a.c0), E::is_zero(a.c1)), E::is_zero(a.c2));
    }
    static Mask equal(const Fp6& a, const Fp6& b) {
        return F::Lane::mask_and(F::Lane::mask_and(E::equal(a.c0, b.c0), E::equal(a.c1, b.c1)),
                                 E::equal(a.c2, b.c2));
    }

  private:
    // Schoolbook in sums of products (eprint 2022/367): row i of the matrix of b is a window of its last row.
    static Fp6 mul_words(const Fp6& a, const Fp6& b) {
        const E left[3] = {a.c0, a.c1, a.c2};
        const E b1 = E::template mul_xi<4>(b.c1), b2 = E::template mul_xi<4>(b.c2);
        const E window[5] = {b.c2, b.c1, b.c0, b2, b1};
        return {E::template dot<3>(left, window + 2), E::template dot<3>(left, window + 1),
                E::template dot<3>(left, window)};
    }
    static Fp6 mul_01_words(const Fp6& a, const E& b0, const E& b1) {
        return {E::sum_of_products(a.c0, b0, a.c2, E::template mul_xi<4>(b1)),
                E::sum_of_products(a.c1, b0, a.c0, b1), E::sum_of_products(a.c2, b0, a.c1, b1)};
    }
};

template <class F>
struct Fp12 {
    using E = Fp2<F>;
    using H = Fp6<F>;
    using Mask = typename F::Mask;
    H c0, c1;

    static Fp12 one() { return {H::one(), H::zero()}; }
    static Fp12 weak(const Fp12& a) { return {H::weak(a.c0), H::weak(a.c1)}; }
    // a^(p^6); for a unitary element, its inverse
    static Fp12 conjugate(const Fp12& a) { return {a.c0, H::weak(H::template neg<8>(a.c1))}; }

    // Karatsuba: three products in Fp6
    [[gnu::noinline]] static Fp12 mul(const Fp12& a, const Fp12& b) {
        const H x = H::mul(a.c0, b.c0), y = H::mul(a.c1, b.c1);
        const H z = H::mul(H::add(a.c0, a.c1), H::add(b.c0, b.c1));
        return {H::template add_v<16>(x, y), H::template less_both<16>(z, x, y)};
    }
    // (a0 + a1)(a0 + v a1) - t - v t and 2t, t = a0 a1: two products in Fp6
    [[gnu::noinline]] static Fp12 square(const Fp12& a) {
        const H t = H::mul(a.c0, a.c1);
        const H s = H::mul(H::add(a.c0, a.c1), H::add(a.c0, H::template mul_v<8>(a.c1)));
        const H vt = H::template mul_v<4>(t);
        return {H::template less_both<16>(s, t, vt), H::weak(H::add(t, t))};
    }
    // By the line b0 + b1 v + b4 v w: thirteen products in Fp2
    [[gnu::noinline]] static Fp12 mul_014(const Fp12& a, const E& b0, const E& b1, const E& b4) {
        const H x = H::mul_01(a.c0, b0, b1), y = H::mul_1(a.c1, b4);
        const H z = H::mul_01(H::add(a.c0, a.c1), b0, E::add(b1, b4));
        return {H::template add_v<8>(x, y), H::template less_both<16>(z, x, y)};
    }
    // By the line b0 + b1 v + v w: ten products in Fp2
    [[gnu::noinline]] static Fp12 mul_01_vw(const Fp12& a, const E& b0, const E& b1) {
        const H x = H::mul_01(a.c0, b0, b1), y = H::template mul_v<8>(a.c1);
        const H z = H::mul_01(H::add(a.c0, a.c1), b0, E::add(b1, E::one()));
        return {H::template add_v<16>(x, y), H::template less_both<16>(z, x, y)};
    }
    // (a0 - a1 w) / (a0^2 - v a1^2)
    static Fp12 invert(const Fp12& a) {
        const H norm = H::invert(
            H::weak(H::template sub<64>(H::mul(a.c0, a.c0), H::template mul_v<16>(H::mul(a.c1, a.c1)))));
        return weak({H::mul(a.c0, norm), H::mul(H::template neg<8>(a.c1), norm)});
    }

    // a^p: conjugate the coefficients of w^k and multiply them by (1 + u)^(k (p - 1) / 6)
    static Fp12 frobenius(const Fp12& a) {
        const auto part = [](const E& x, int k) {
            return E::mul(E::template conjugate<8>(x), E::constant(kFrobenius[k]));
        };
        return {{part(a.c0.c0, 0), part(a.c0.c1, 2), part(a.c0.c2, 4)},
                {part(a.c1.c0, 1), part(a.c1.c1, 3), part(a.c1.c2, 5)}};
    }

    // The square of an element of the cyclotomic subgroup (eprint 2009/565, section 3.2): squares in three
    // copies of Fp4 = Fp2[s]/(s^2 - (1 + u)), then 3 x - 2 conj or 3 x + 2 conj.
    [[gnu::noinline]] static Fp12 cyclotomic_square(const Fp12& a) {
        const Fp4 x = square_fp4(a.c0.c0, a.c1.c1), y = square_fp4(a.c1.c0, a.c0.c2);
        const Fp4 z = square_fp4(a.c0.c1, a.c1.c2);
        return {{minus(x.c0, a.c0.c0), minus(y.c0, a.c0.c1), minus(z.c0, a.c0.c2)},
                {plus(z.c1.times_xi(), a.c1.c0), plus(x.c1, a.c1.c1), plus(y.c1, a.c1.c2)}};
    }

    static Fp12 select(const Mask& m, const Fp12& on, const Fp12& off) {
        return {H::select(m, on.c0, off.c0), H::select(m, on.c1, off.c1)};
    }
    static Mask is_zero(const Fp12& a) { return F::Lane::mask_and(H::is_zero(a.c0), H::is_zero(a.c1)); }
    static Mask equal(const Fp12& a, const Fp12& b) {
        return F::Lane::mask_and(H::equal(a.c0, b.c0), H::equal(a.c1, b.c1));
    }

  private:
    using S = typename E::Sum;
    struct Fp4 {
        S c0, c1;
    };
    // a^2 + xi b^2 and 2 a b = (a + b)^2 - a^2 - b^2
    static Fp4 square_fp4(const E& a, const E& b) {
        if constexpr (!F::wide) {
            return square_fp4_words(a, b);
        } else {
            const auto aa = E::wide_square(a), bb = E::wide_square(b), s = E::wide_square(E::add(a, b));
            return {E::reduce(aa + bb.times_xi()), E::reduce(s - aa - bb)};
        }
    }
    // Coefficient by coefficient, with x^2 = (x0 + x1)(x0 - x1) + 2 x0 x1 u
    static Fp4 square_fp4_words(const E& a, const E& b) {
        const F twice_b0 = F::add_lazy(b.c0, b.c0), minus_b0 = F::neg_lazy(b.c0);
        const F sum_b = F::add_lazy(b.c0, b.c1), difference_b = F::template sub<4>(b.c0, b.c1);
        const F re[3] = {F::add_lazy(a.c0, a.c1), sum_b, F::add_lazy(minus_b0, minus_b0)};
        const F re_by[3] = {F::template sub<4>(a.c0, a.c1), difference_b, b.c1};
        const F im[3] = {F::add_lazy(a.c0, a.c0), sum_b, twice_b0}, im_by[3] = {a.c1, difference_b, b.c1};
        const E ab = E::mul(a, b);
        return {E{F::template dot<3, false>(re, re_by), F::template dot<3, false>(im, im_by)},
                E::add(ab, ab)};
    }
    // 3 x - 2 a and 3 x + 2 a
    static E minus(const S& x, const E& a) {
        if constexpr (!F::wide)
            return {F::times3_minus_times2(x.c0.element(), a.c0),
                    F::times3_minus_times2(x.c1.element(), a.c1)};
        else
            return E::template weak<16>(x + x + x - a - a);
    }
    static E plus(const S& x, const E& a) {
        if constexpr (!F::wide)
            return {F::times3_plus_times2(x.c0.element(), a.c0), F::times3_plus_times2(x.c1.element(), a.c1)};
        else
            return E::template weak<16>(x + x + x + a + a);
    }
};

}  // namespace pyfe::field::bls12_381
