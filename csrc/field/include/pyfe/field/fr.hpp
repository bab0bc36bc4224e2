// Integers modulo r, the order of the groups of BLS12-381 (255 bits). Constant-time in the values. As in
// scalar.hpp, secret and public scalars are distinct types.
#pragma once
#include <cstdint>

namespace pyfe::field::bls12_381 {

struct Fr {
    uint64_t w[4] = {0, 0, 0, 0};  // canonical: below r

    void to_bytes(uint8_t out[32]) const;  // little-endian
    // The value modulo r of 64 little-endian bytes
    static Fr from_wide_bytes(const uint8_t in[64]);
    // Canonical bytes only: *ok is all ones when in < r, else zero (and the result 0); no branch.
    static Fr from_bytes(const uint8_t in[32], uint64_t* ok);
    static Fr from_int64(int64_t value);

    static Fr add(const Fr& a, const Fr& b);
    static Fr sub(const Fr& a, const Fr& b);
    static Fr mul(const Fr& a, const Fr& b);
    // 1/a by Fermat; 0 for 0
    static Fr invert(const Fr& a);
    uint64_t is_zero_mask() const;

    // d0 + d1 |x| + d2 |x|^2 + d3 |x|^3 with digits below |x|: what the endomorphisms of G1, G2 and GT
    // multiply by
    void digits_of_x(uint64_t digits[4]) const;
};

// A scalar that everybody may know
struct PublicFr {
    Fr value;
};

}  // namespace pyfe::field::bls12_381
