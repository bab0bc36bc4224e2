// One residue at a time. `static` and forced inline; of portable files only.
#pragma once

#include <cstdint>

#include "pyfe/base/ct.hpp"
#include "pyfe/ring/modulus.hpp"

#define PYFE_INLINE [[gnu::always_inline]] static inline

namespace pyfe::ring {

using Wide = unsigned __int128;

// -- of public numbers --------------------------------------------------------------------------------------

PYFE_INLINE std::uint64_t product(std::uint64_t a, std::uint64_t b, std::uint64_t q) {
    return static_cast<std::uint64_t>(Wide{a} * b % q);
}

static inline std::uint64_t power(std::uint64_t base, std::uint64_t exponent, std::uint64_t q) {
    std::uint64_t out = 1;
    for (base %= q; exponent != 0; exponent >>= 1, base = product(base, base, q))
        if (exponent & 1) out = product(out, base, q);
    return out;
}

// floor(w 2^64 / q)
PYFE_INLINE std::uint64_t quotient_of(std::uint64_t w, std::uint64_t q) {
    return static_cast<std::uint64_t>((Wide{w} << 64) / q);
}

// -- constant time ------------------------------------------------------------------------------------------

PYFE_INLINE std::uint64_t high_word(std::uint64_t a, std::uint64_t b) {
    return static_cast<std::uint64_t>((Wide{a} * b) >> 64);
}

// a - bound where that is not negative; a < 2^63
PYFE_INLINE std::uint64_t subtract_once(std::uint64_t a, std::uint64_t bound) {
    const std::uint64_t less = a - bound;
    return less + (bound & mask_from_bit(less >> 63));
}

// w a mod q, below q (1 + a / 2^64), for any a, where quotient = floor(w 2^64 / q) (Shoup)
PYFE_INLINE std::uint64_t multiply_lazy(std::uint64_t a, std::uint64_t w, std::uint64_t quotient,
                                        std::uint64_t q) {
    return a * w - high_word(a, quotient) * q;
}

// a mod q for a < 2^(2 bits), or any a below 2^64. The quotient by the first bits of a is at most 2 too small
// (docs/math/ring.md)
PYFE_INLINE std::uint64_t reduce(const Modulus& m, Wide a) {
    const auto first = static_cast<std::uint64_t>(a >> (m.bits - 1));
    const std::uint64_t rest = static_cast<std::uint64_t>(a) - high_word(first, m.reciprocal) * m.q;
    return subtract_once(subtract_once(rest, 2 * m.q), m.q);
}

PYFE_INLINE std::uint64_t add_residues(const Modulus& m, std::uint64_t a, std::uint64_t b) {
    return subtract_once(a + b, m.q);
}

PYFE_INLINE std::uint64_t sub_residues(const Modulus& m, std::uint64_t a, std::uint64_t b) {
    return subtract_once(a + m.q - b, m.q);
}

PYFE_INLINE std::uint64_t mul_residues(const Modulus& m, std::uint64_t a, std::uint64_t b) {
    return reduce(m, Wide{a} * b);
}

PYFE_INLINE std::uint64_t signed_residue(const Modulus& m, std::int64_t z) {
    const auto bits = static_cast<std::uint64_t>(z);
    const std::uint64_t negative = mask_from_bit(bits >> 63);
    const std::uint64_t r = reduce(m, (bits ^ negative) - negative);
    return subtract_once((r ^ negative) - negative + (m.q & negative), m.q);
}

}  // namespace pyfe::ring
#undef PYFE_INLINE
