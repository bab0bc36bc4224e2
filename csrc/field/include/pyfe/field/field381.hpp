// What every backend of the base field of BLS12-381 shares: powers, inverses and square roots, as templates
// on the element type F.
#pragma once
#include "pyfe/field/constants381.hpp"

namespace pyfe::field::bls12_381 {

// a^e for a public exponent of 381 bits: left to right, four bits at a time. The exponent is a constant of
// the field, so that branches and table look-ups tell nothing about a.
template <class F>
inline F power(const F& a, const uint64_t (&e)[6]) {
    F table[16];
    table[0] = F::one();
    for (int i = 1; i < 16; ++i) table[i] = F::mul(table[i - 1], a);
    F r = F::one();
    for (int digit = 95; digit >= 0; --digit) {
        for (int i = 0; i < 4; ++i) r = F::square(r);
        const uint64_t d = e[digit / 16] >> (digit % 16 * 4) & 15;
        if (d != 0) r = F::mul(r, table[d]);
    }
    return r;
}

// 1/a = a^(p - 2) (Fermat); 0 for 0
template <class F>
[[gnu::noinline]] F invert(const F& a) {
    return power(a, kPMinusTwo);
}

// a^((p - 3)/4). With p = 3 mod 4: a times it is a root of a, or of -a when a has none; its square is 1/a or
// -1/a.
template <class F>
[[gnu::noinline]] F power_p_minus_3_over_4(const F& a) {
    return power(a, kPMinusThreeQuarters);
}

// A root of a where `exists` is set; elsewhere a has none, and the result is one of -a
template <class F>
F square_root(const F& a, typename F::Mask* exists) {
    const F root = F::mul(a, power_p_minus_3_over_4(a));
    *exists = F::equal(F::square(root), a);
    return root;
}

}  // namespace pyfe::field::bls12_381
