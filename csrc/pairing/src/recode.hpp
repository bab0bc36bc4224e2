// Exponents for the kernels
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/fr.hpp"

namespace pyfe::pairing {

// Constant-time. Column i of the recoded exponent goes to out[i * stride], 0 <= i < kColumns: an index of
// three bits, plus 8 for a negative one; then one byte that is 1 when k was even, and k + 1 is what stands
// there.
void recode_exponent(const field::bls12_381::Fr& k, uint8_t* out, size_t stride);

}  // namespace pyfe::pairing
