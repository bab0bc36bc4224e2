// f^(3 (p^12 - 1) / r). The easy part (p^6 - 1)(p^2 + 1) takes an inversion; the hard part is
//   3 (p^4 - p^2 + 1) / r = (x - 1)^2 (x + p) (x^2 + p^2 - 1) + 3
// (Hayashida, Hayasaka, Teruya, Efficient final exponentiation via cyclotomic structure for pairings over
// families of elliptic curves, eprint 2020/875). x is negative: f^x is the conjugate of f^|x|.
#pragma once
#include "pyfe/field/tower.hpp"

namespace pyfe::pairing {

using field::bls12_381::Fp12, field::bls12_381::kAbsX;

// f in the cyclotomic subgroup: 63 squarings, 5 multiplications
template <class F>
[[gnu::noinline]] static Fp12<F> power_abs_x(const Fp12<F>& f) {
    Fp12<F> r = f;
    for (int bit = 62; bit >= 0; --bit) {
        r = Fp12<F>::cyclotomic_square(r);
        if (kAbsX >> bit & 1) r = Fp12<F>::mul(r, f);
    }
    return r;
}

template <class F>
Fp12<F> frobenius_squared(const Fp12<F>& f) {
    return Fp12<F>::frobenius(Fp12<F>::frobenius(f));
}

template <class F>
Fp12<F> easy_part(const Fp12<F>& f) {
    const Fp12<F> g = Fp12<F>::mul(Fp12<F>::conjugate(f), Fp12<F>::invert(f));
    return Fp12<F>::mul(frobenius_squared(g), g);
}

template <class F>
Fp12<F> hard_part(const Fp12<F>& f) {
    using T = Fp12<F>;
    const T a = T::conjugate(T::mul(power_abs_x(f), f));                    // f^(x - 1)
    const T b = T::conjugate(T::mul(power_abs_x(a), a));                    // a^(x - 1)
    const T c = T::mul(T::conjugate(power_abs_x(b)), T::frobenius(b));      // b^(x + p)
    const T d = T::mul(power_abs_x(power_abs_x(c)), frobenius_squared(c));  // c^(x^2 + p^2)
    return T::mul(T::mul(d, T::conjugate(c)), T::mul(T::cyclotomic_square(f), f));
}

}  // namespace pyfe::pairing
