// ct_i as fractions of q: what the kernels have to know of the parameters.
#pragma once
#include "pyfe/ipfe_rlwe/kernels.hpp"
#include "pyfe/ipfe_rlwe/parameters.hpp"

namespace pyfe::ipfe_rlwe {

// a^-1 modulo the prime q, for 0 < a < q; vartime
uint64_t inverse_modulo(uint64_t a, uint64_t q);

FractionShape fraction_shape(const Parameters& p);
// floor(q / K) mod q_j, a prime after the other
std::vector<uint64_t> delta_residues(const Parameters& p);

}  // namespace pyfe::ipfe_rlwe
