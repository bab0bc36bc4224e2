// Integers modulo l = 2^252 + 27742317777372353535851937790883648493, the order of ristretto255.
// Constant-time in the values. Secret and public scalars are distinct types: only a public one can reach a
// `_vartime` function.
#pragma once
#include <array>
#include <cstdint>

namespace pyfe::field {

struct Scalar {
    uint64_t w[4] = {0, 0, 0, 0};  // canonical: below l

    void to_bytes(uint8_t out[32]) const;
    // The value modulo l of 64 little-endian bytes
    static Scalar from_wide_bytes(const uint8_t in[64]);
    // Canonical bytes only: *ok is all ones when in < l, else zero; no branch.
    static Scalar from_bytes(const uint8_t in[32], uint64_t* ok);
    static Scalar from_int64(int64_t value);

    static Scalar add(const Scalar& a, const Scalar& b);
    static Scalar sub(const Scalar& a, const Scalar& b);
    static Scalar mul(const Scalar& a, const Scalar& b);
    // 1/a by Fermat; 0 for 0
    static Scalar invert(const Scalar& a);
    static Scalar half(const Scalar& a);
    uint64_t is_zero_mask() const;
};

// A scalar that everybody may know: function coefficients, keys in the evaluator's hands.
struct PublicScalar {
    Scalar value;
};

}  // namespace pyfe::field
