// Public scalars in signed digits
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include "pyfe/field/fr.hpp"

namespace pyfe::group::bls12_381 {

__extension__ using Int128 = __int128;

// The smallest b with -2^(b - 1) <= v < 2^(b - 1) for all v, and 0 when all are zero
int signed_bits_vartime(std::span<const Int128> values);

// k modulo r as out[0] + out[1] z + .., z = |x|^2 for two parts and |x| for four; |out[i]| < 2^127 or 2^63
void split_vartime(const field::bls12_381::PublicFr& k, int parts, Int128* out);

// v = sum of out[w stride] 2^(window w), |digit| <= 2^(window - 1), for v of at most window windows bits
void signed_windows_vartime(Int128 v, int window, int windows, int16_t* out, size_t stride);

}  // namespace pyfe::group::bls12_381
