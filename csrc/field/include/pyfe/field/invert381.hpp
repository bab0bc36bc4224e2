// Inverses of public elements of the base field of BLS12-381: one Euclidean algorithm for all lanes.
#pragma once
#include <cstdint>

namespace pyfe::field::bls12_381 {

// 1/a modulo p of an integer below p; 0 for 0
void invert_words_vartime(const uint64_t a[6], uint64_t out[6]);

// 1/a in every lane, and 0 in all of them when a is 0 in one. The product of all lanes is inverted
// (Montgomery's trick across the lanes).
template <class F>
[[gnu::noinline]] F invert_vartime(const F& a) {
    alignas(64) uint64_t words[6][8];
    uint64_t in[6], out[6];
    F others = F::one();
    if constexpr (F::wide) {
        const F far = F::template rotate<4>(a), pair = F::mul(a, far);
        const F middle = F::template rotate<2>(pair), quad = F::mul(pair, middle);
        const F near = F::template rotate<1>(quad);
        others = F::mul(F::mul(far, middle), near);
        F::mul(quad, near).to_words(words, 0);
    } else {
        a.to_words(words, 0);
    }
    for (int i = 0; i < 6; ++i) in[i] = words[i][0];
    invert_words_vartime(in, out);
    for (int i = 0; i < 6; ++i)
        for (int j = 0; j < 8; ++j) words[i][j] = out[i];
    return F::mul(F::from_words(words, 0), others);
}

}  // namespace pyfe::field::bls12_381
