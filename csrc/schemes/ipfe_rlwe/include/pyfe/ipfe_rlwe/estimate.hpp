// What the library itself estimates: how large blocks are that break RLWE. In integers, so that every machine
// draws the same line between accepted and refused.
#pragma once
#include "pyfe/ipfe_rlwe/integer.hpp"

namespace pyfe::ipfe_rlwe {

constexpr unsigned kFractionBits = 40;
// log2 v in units of 2^-40, for v >= 1: never above the truth, and below it by less than 2 units
uint64_t log2_below(const Integer& v);

// Core-SVP, primal attack (Alkim, Ducas, Poeppelmann, Schwabe, USENIX Security 2016, eprint 2015/1092,
// section 6.3): the least block size beta, from 60 to 4000, with
//     sigma sqrt(beta) <= delta^(2 beta - d - 1) q^(m/d),   d = m + N + 1,
//     delta = ((pi beta)^(1/beta) beta / (2 pi e))^(1/(2 (beta - 1))),
// for some number of samples 1 <= m <= 2N, where sigma = 3.5. What the fixed point cannot decide goes to the
// attacker. N a power of two from 8192 to 2^20, q of at most 1024 bits
unsigned block_size(uint64_t ring_dimension, const Integer& q);

// Bits of security, in units of 10^-4: 0.292 beta classically (Becker, Ducas, Gama, Laarhoven, SODA 2016),
// 0.2563 beta with a quantum computer (Bonnetain, Chailloux, Schrottenloher, Shen, EUROCRYPT 2023, eprint
// 2022/676)
constexpr uint64_t classical_bits_e4(unsigned beta) { return uint64_t{2920} * beta; }
constexpr uint64_t quantum_bits_e4(unsigned beta) { return uint64_t{2563} * beta; }
constexpr uint64_t kLeastBits = 128;  // quantum

constexpr bool secure(unsigned beta) { return quantum_bits_e4(beta) >= 10000 * kLeastBits; }

}  // namespace pyfe::ipfe_rlwe
