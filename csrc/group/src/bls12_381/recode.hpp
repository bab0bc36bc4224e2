// Digits of scalars for the kernels
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/fr.hpp"
#include "pyfe/group/bls12_381/shape.hpp"
#include "pyfe/group/bls12_381/table_shape.hpp"

namespace pyfe::group::bls12_381 {

// Constant-time. Digit w of part i goes to out[(i * windows + w) * stride] as d + 8, -8 <= d < 8: k is the
// sum of d 16^w times what the endomorphism multiplies by.
void recode(const field::bls12_381::Fr& k, const MultiplyShape& shape, uint8_t* out, size_t stride);

// Constant-time. The digits -32 <= d < 32 of a scalar for BaseTables go to out[shape.digit(..)] as d + 32.
void recode_common(const field::bls12_381::Fr& k, const TableShape& shape, uint8_t* out);

// Constant-time. Digit s of x goes to out[s stride] as d + 32, -32 <= d < 32: x is the sum of d 64^s.
void recode_short(int64_t x, int steps, uint8_t* out, size_t stride);

// Constant-time. Digit w of the signed odd digits (odd_digits.hpp) of k, or of k + r where k is even, goes to
// out[w stride]. window windows >= 256.
void recode_odd(const field::bls12_381::Fr& k, int window, int windows, uint8_t* out, size_t stride);

}  // namespace pyfe::group::bls12_381
