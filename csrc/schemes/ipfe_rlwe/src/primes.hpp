// Primes for number-theoretic transforms. Public numbers.
#pragma once
#include <cstdint>

namespace pyfe::ipfe_rlwe {

// For every p < 2^64: Miller-Rabin with the first twelve primes as bases (Sorenson, Webster, Math. Comp. 86,
// 2017: no composite below 3.18 * 10^23 passes)
bool is_prime(uint64_t p);

// The least prime above `bound` that is 1 modulo `step`. Error(out_of_range) where it has more than 63 bits
uint64_t next_prime(uint64_t bound, uint64_t step);

}  // namespace pyfe::ipfe_rlwe
