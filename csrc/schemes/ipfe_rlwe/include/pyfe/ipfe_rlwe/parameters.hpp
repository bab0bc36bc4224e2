// The parameters of inner products from Ring-LWE: what is agreed on, and what follows from it by the one rule
// of docs/explanation/lattice-parameters.md, in exact integers.
#pragma once
#include <string>

#include "pyfe/ipfe_rlwe/integer.hpp"
#include "pyfe/ring/modulus.hpp"
#include "pyfe/schemes/common.hpp"

namespace pyfe::ipfe_rlwe {

using schemes::Box, schemes::Bytes, schemes::Id, schemes::IntMatrix;

constexpr uint64_t kRing = ring::degree;  // N: slots of a ciphertext
constexpr int kLogRing = 13;
static_assert(kRing == uint64_t{1} << kLogRing);
constexpr unsigned kGuardBits = 16;      // g of the rounding to b bits
constexpr unsigned kMostWordBits = 126;  // of K w
constexpr uint64_t kBaseSigma = 896;     // 3.5, in units of 1/256
constexpr unsigned kKappa = 128;

// Which widths: those of the proof, or those that only make the hints' matrix definite, which are refused
enum class Widths { paper, tight };

// Error(parameter), with the reason, for a ring dimension other than 8192 and for `tight`
void require_built(uint64_t ring_dimension, Widths widths);

// Error(parameter) unless words of b bits, primes of `prime_bits` and a K of `K_bits` fit the arithmetic:
// b + 16 + prime_bits <= 128 (the numerator of the rounding to b bits) and K_bits + b <= 126 (K w).
void require_words(unsigned b, unsigned prime_bits, unsigned K_bits);

struct Parameters {
    // Agreed on: n coordinates, x_lo_i <= x_i <= x_hi_i; |y_i| <= y_bound; the public weights of a later sum
    // have sum |w| <= sum_w; and a context (the schema's id)
    Box x;
    uint64_t y_bound = 0, sum_w = 1;
    Id context{};

    // What follows
    std::array<uint64_t, 3> sigma{};  // of s_i, e_i; of r, f0; of f_i. Units of 1/256, rounded up
    uint128 K = 0;                    // results count modulo K: odd, more than twice as wide as any interval
    unsigned b = 0;                   // bits that are kept of a coefficient of ct_i
    std::vector<uint64_t> primes;     // q_1 < q_2 < .., 1 modulo 2N; q is their product
    unsigned beta = 0;                // block size of the best attack known to the estimate, on this very q

    // Error(parameter), which names the bound and what cures it, when n = 0, lengths differ, a lower bound
    // exceeds its upper one, all columns are constant, y_bound or sum_w is not in 1 .. 2^62, or the rule
    // refuses: fewer than 128 quantum bits, a width that the sampler does not have, words that are too long.
    Parameters(std::vector<int64_t> lo, std::vector<int64_t> hi, uint64_t y_bound, uint64_t sum_w,
               const Id& context);

    size_t n() const { return x.size(); }
    Integer q() const;
    // SHA-256 over the tagged block below: of everything that follows too, so that whoever computes another q
    // has another id
    Id id() const;
    // u32 n | i64 x_lo[n] | i64 x_hi[n] | u64 y_bound | u64 sum_w | context[32]
    // | u32 N | u16 3.5 * 256 | u16 kappa | u8 g | u64 sigma[3] | K[16] | u8 b | u8 k | u64 primes[k]
    void write(Writer& out) const;
    // Computes what follows anew. Error(decode) where it is not what was written
    static Parameters read(Reader& in);
};

}  // namespace pyfe::ipfe_rlwe
