// What every backend of the base field of BLS12-381 shares: powers, inverses and square roots, as templates
// on the element type F.
#pragma once
#include "pyfe/field/constants381.hpp"

namespace pyfe::field::bls12_381 {

// a^e for a public exponent: left to right, in windows of at most five bits that end in a one (Menezes, van
// Oorschot, Vanstone, Handbook of applied cryptography, algorithm 14.85). The exponent is a constant of the
// field, so that branches and table look-ups tell nothing about a.
template <class F>
inline F power(const F& a, const uint64_t (&e)[6]) {
    const auto bit = [&](int i) { return e[i / 64] >> (i % 64) & 1; };
    const auto lowest = [&](int top) {
        int low = top < 4 ? 0 : top - 4;
        while (bit(low) == 0) ++low;
        return low;
    };
    F odd[16];  // a, a^3, .. a^31
    const F aa = F::square(odd[0] = a);
    for (int i = 1; i < 16; ++i) odd[i] = F::mul(odd[i - 1], aa);
    const auto window = [&](int top, int low) -> const F& {
        uint64_t digit = 0;
        for (int i = top; i >= low; --i) digit = 2 * digit + bit(i);
        return odd[digit / 2];
    };
    int top = 383;
    while (bit(top) == 0) --top;
    int low = lowest(top);
    F r = window(top, low);
    for (int i = low - 1; i >= 0; --i) {
        r = F::square(r);
        if (bit(i) == 0) continue;
        low = lowest(i);
        for (int k = i; k > low; --k) r = F::square(r);
        r = F::mul(r, window(i, low));
        i = low;
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
