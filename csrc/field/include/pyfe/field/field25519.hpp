// What every backend of GF(2^255 - 19) shares: powers and square roots, as templates on the element type F.
#pragma once
#include "pyfe/field/constants25519.hpp"

namespace pyfe::field {

template <class F>
[[gnu::always_inline]] inline F constant(const uint64_t (&limbs)[5]) {
    return F::broadcast(limbs);
}

template <class F>
[[gnu::always_inline]] inline F square_times(F a, int count) {
    for (int i = 0; i < count; ++i) a = F::square(a);
    return a;
}

// K elements at once: independent chains hide the latency of one another.
template <class F, int K>
struct Chains {
    F x[K];
    [[gnu::always_inline]] static inline Chains mul(const Chains& a, const Chains& b) {
        Chains r;
        for (int i = 0; i < K; ++i) r.x[i] = F::mul(a.x[i], b.x[i]);
        return r;
    }
    [[gnu::always_inline]] static inline Chains square(const Chains& a) {
        Chains r;
        for (int i = 0; i < K; ++i) r.x[i] = F::square(a.x[i]);
        return r;
    }
};

// a^(2^250 - 1) and a^11: the common part of inversion and square root. 250 squarings, 11 multiplications:
// exponents 1, 2, 9, 11, 2^5 - 1, 2^10 - 1, 2^20 - 1, 2^40 - 1, 2^50 - 1, 2^100 - 1, 2^200 - 1, 2^250 - 1.
template <class C>
[[gnu::always_inline]] inline C pow_2_250_minus_1(const C& a, C* a11) {
    const C a2 = C::square(a);
    const C a9 = C::mul(square_times(a2, 2), a);
    *a11 = C::mul(a9, a2);
    const C e5 = C::mul(C::square(*a11), a9);
    const C e10 = C::mul(square_times(e5, 5), e5);
    const C e20 = C::mul(square_times(e10, 10), e10);
    const C e40 = C::mul(square_times(e20, 20), e20);
    const C e50 = C::mul(square_times(e40, 10), e10);
    const C e100 = C::mul(square_times(e50, 50), e50);
    const C e200 = C::mul(square_times(e100, 100), e100);
    return C::mul(square_times(e200, 50), e50);
}

// a^((p - 5) / 8) = a^(2^252 - 3)
template <class C>
[[gnu::noinline]] C pow_22523(const C& a) {
    C a11;
    const C e250 = pow_2_250_minus_1(a, &a11);
    return C::mul(square_times(e250, 2), a);
}

// a^(p - 2) = a^(2^255 - 21): the inverse, and 0 for 0.
template <class C>
[[gnu::noinline]] C invert(const C& a) {
    C a11;
    const C e250 = pow_2_250_minus_1(a, &a11);
    return C::mul(square_times(e250, 5), a11);
}

// |a|: the non-negative of a and -a
template <class F>
[[gnu::always_inline]] inline F absolute(const F& a) {
    return F::select(F::is_negative(a), F::neg(a), a);
}

// RFC 9496, section 4.2, SQRT_RATIO_M1, given power = (u v^7)^((p - 5) / 8): the non-negative root of u/v, or
// of sqrt(-1) u/v when u/v is not square.
template <class F>
[[gnu::always_inline]] inline F sqrt_ratio_finish(const F& u, const F& v, const F& v3, const F& power,
                                                  typename F::Mask* was_square) {
    const F sqrt_m1 = constant<F>(kSqrtM1);
    F r = F::mul(F::mul(u, v3), power);
    const F check = F::mul(v, F::square(r));
    const F minus_u = F::neg(u);
    const auto correct = F::equal(check, u);
    const auto flipped = F::equal(check, minus_u);
    const auto flipped_i = F::equal(check, F::mul(minus_u, sqrt_m1));
    r = F::select(F::Lane::mask_or(flipped, flipped_i), F::mul(r, sqrt_m1), r);
    *was_square = F::Lane::mask_or(correct, flipped);
    return absolute(r);
}

template <class F>
[[gnu::always_inline]] inline F sqrt_ratio_m1(const F& u, const F& v, typename F::Mask* was_square) {
    const F v3 = F::mul(F::square(v), v);
    const F v7 = F::mul(F::square(v3), v);
    return sqrt_ratio_finish(u, v, v3, pow_22523(F::mul(u, v7)), was_square);
}

}  // namespace pyfe::field
