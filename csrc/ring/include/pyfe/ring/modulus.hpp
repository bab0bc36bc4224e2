// Primes that residues are taken by, and what is worked out of them once. Primes are public: the functions
// that look for something take the time it takes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pyfe::ring {

constexpr std::size_t degree = 8192;  // N of the rings in use; kernels take any from 8 to 16384
constexpr int least_log = 3, most_log = 14;
constexpr int least_bits = 28, most_bits = 50;  // of a prime: four times the largest fits into 52 bits

struct Modulus {
    std::uint64_t q;
    int bits;                  // 2^(bits-1) < q < 2^bits
    std::uint64_t reciprocal;  // floor(2^(bits+63) / q)

    // Error(parameter) unless q is a prime of 28 to 50 bits
    static Modulus of(std::uint64_t q);
    // z mod q in constant time
    std::uint64_t residue(std::int64_t z) const;
};

// Exact for every 64-bit number
bool is_prime(std::uint64_t n);

// The least primitive 2N-th root of unity modulo a prime q = 1 mod 2N: the least psi with psi^N = -1.
// N is a power of two; Error(parameter) where there is no such root.
std::uint64_t least_root(std::uint64_t q, std::size_t n);

}  // namespace pyfe::ring
