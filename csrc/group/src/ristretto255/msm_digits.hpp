// Public scalars in signed digits
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyfe/field/scalar.hpp"

namespace pyfe::group::ristretto255 {

// Non-adjacent form of y, `bits` digits
void naf_vartime(int64_t y, int bits, int8_t* out);
int naf_bits_vartime(int64_t y);
// Width-5 NAF: 256 digits, odd or zero, |d| <= 15
std::vector<int8_t> wnaf5_vartime(const field::PublicScalar& k);
// Signed radix 2^w digits in [-2^(w-1), 2^(w-1)), `stride` items apart
template <class Digit>
void signed_digits_vartime(const field::PublicScalar& k, int window, int digits, Digit* out, size_t stride) {
    int carry = 0;
    for (int j = 0; j < digits; ++j) {
        int d = carry;
        for (int b = 0; b < window; ++b) {
            const int bit = j * window + b;
            if (bit < 256) d += static_cast<int>(k.value.w[bit / 64] >> (bit % 64) & 1) << b;
        }
        carry = d >= 1 << (window - 1);
        out[size_t(j) * stride] = static_cast<Digit>(d - (carry << window));
    }
}

}  // namespace pyfe::group::ristretto255
