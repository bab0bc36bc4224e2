#include "pyfe/ring/modulus.hpp"

#include <bit>
#include <string>

#include "arithmetic.hpp"
#include "pyfe/base/error.hpp"

namespace pyfe::ring {
namespace {

// Whether odd n = d 2^s + 1 is a prime, or a strong pseudoprime, to base a
bool passes(std::uint64_t n, std::uint64_t a) {
    const int s = std::countr_zero(n - 1);
    std::uint64_t x = power(a, (n - 1) >> s, n);
    if (x == 1) return true;
    for (int i = 0; i < s; ++i, x = product(x, x, n))
        if (x == n - 1) return true;
    return false;
}

}  // namespace

// The first twelve primes as bases leave no composite below 3 * 10^23 (Sorenson, Webster, Mathematics of
// Computation 86, 2017).
bool is_prime(std::uint64_t n) {
    constexpr std::uint64_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};
    if (n < 2) return false;
    for (const std::uint64_t a : bases)
        if (n % a == 0) return n == a;
    for (const std::uint64_t a : bases)
        if (!passes(n, a)) return false;
    return true;
}

Modulus Modulus::of(std::uint64_t q) {
    const int bits = static_cast<int>(std::bit_width(q));
    if (bits < least_bits || bits > most_bits || !is_prime(q))
        fail(ErrorKind::parameter, "ring: " + std::to_string(q) + " is not a prime of " +
                                       std::to_string(least_bits) + " to " + std::to_string(most_bits) +
                                       " bits");
    return {q, bits, static_cast<std::uint64_t>((Wide{1} << (bits + 63)) / q)};
}

std::uint64_t Modulus::residue(std::int64_t z) const { return signed_residue(*this, z); }

std::uint64_t least_root(std::uint64_t q, std::size_t n) {
    if (!std::has_single_bit(n) || n > (std::uint64_t{1} << 62) || (q - 1) % (2 * n) != 0 || !is_prime(q))
        fail(ErrorKind::parameter, "ring: modulo " + std::to_string(q) + " there is no primitive root of " +
                                       "unity of order 2 * " + std::to_string(n));
    // g^((q-1)/2N) has an order that divides 2N, and is a square root of a square root ... of -1 for every
    // g that is no square
    std::uint64_t root = 0;
    for (std::uint64_t g = 2; root == 0; ++g) {
        const std::uint64_t x = power(g, (q - 1) / (2 * n), q);
        if (power(x, n, q) == q - 1) root = x;
    }
    // The others are its odd powers
    const std::uint64_t square = product(root, root, q);
    std::uint64_t least = root, x = root;
    for (std::size_t i = 1; i < n; ++i) {
        x = product(x, square, q);
        if (x < least) least = x;
    }
    return least;
}

}  // namespace pyfe::ring
