// Digits of secret scalars for the kernels: constant-time
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/scalar.hpp"

namespace pyfe::group::ristretto255 {

// The signed odd digits (odd_digits.hpp) of k, or of k + l where k is even
void recode_odd(const field::Scalar& k, int window, int digits, uint8_t* out, size_t stride);
// The same for 2x + 1, |x| < 2^(wm - 1): the windows of x + 2^(wm - 1)
void recode_short(int64_t x, int window, int digits, uint8_t* out, size_t stride);
// The least m for which |x| <= bound fits
int short_digits(uint64_t bound, int window);

}  // namespace pyfe::group::ristretto255
