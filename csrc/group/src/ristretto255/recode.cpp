#include "recode.hpp"

#include "../odd_digits.hpp"
#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants25519.hpp"

namespace pyfe::group::ristretto255 {

void recode_odd(const field::Scalar& k, int window, int digits, uint8_t* out, size_t stride) {
    group::recode_odd(k.w, field::kOrder, window, digits, out, stride);
}

void recode_short(int64_t x, int window, int digits, uint8_t* out, size_t stride) {
    using u128 = unsigned __int128;
    const int top = window * digits - 1;
    const uint64_t sign = mask_from_bit(static_cast<uint64_t>(x) >> 63);
    uint64_t e[2] = {static_cast<uint64_t>(x), sign};
    const u128 sum = (u128(e[1]) << 64 | e[0]) + (u128(1) << top);
    e[0] = static_cast<uint64_t>(sum);
    e[1] = static_cast<uint64_t>(sum >> 64);
    for (int j = 0; j < digits; ++j) {
        const int bit = j * window, shift = bit % 64;
        const u128 pair = bit < 64 ? u128(e[1]) << 64 | e[0] : u128(e[1]);
        out[size_t(j) * stride] =
            static_cast<uint8_t>(static_cast<uint64_t>(pair >> shift) & ((1u << window) - 1));
    }
}

int short_digits(uint64_t bound, int window) {
    int digits = 1;
    while (window * digits - 1 < 64 && bound >> (window * digits - 1) != 0) ++digits;
    return digits;
}

}  // namespace pyfe::group::ristretto255
