#include "recode.hpp"

#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants381.hpp"

namespace pyfe::group::bls12_381 {
namespace {

using u128 = unsigned __int128;

// The windows of value + 8 (1 + 16 + 16^2 + ..) are its signed digits plus 8. value has up to 128 bits, the
// sum up to 132.
void write_windows(u128 value, int windows, uint8_t* out, size_t stride) {
    unsigned carry = 0;
    for (int w = 0; w < windows; ++w) {
        const unsigned nibble =
            w < 32 ? static_cast<unsigned>(static_cast<uint64_t>(value >> (4 * w)) & 15) : 0;
        const unsigned sum = nibble + 8 + carry;
        out[size_t(w) * stride] = static_cast<uint8_t>(sum & 15);
        carry = sum >> 4;
    }
}

}  // namespace

void recode(const field::bls12_381::Fr& k, const MultiplyShape& shape, uint8_t* out, size_t stride) {
    uint64_t digits[4];
    k.digits_of_x(digits);
    const size_t part_stride = size_t(shape.windows) * stride;
    if (shape.parts == 2) {
        for (size_t i = 0; i < 2; ++i)  // d0 + d1 |x| and d2 + d3 |x|
            write_windows(u128(digits[2 * i + 1]) * field::bls12_381::kAbsX + digits[2 * i], shape.windows,
                          out + i * part_stride, stride);
    } else {
        for (size_t i = 0; i < 4; ++i) write_windows(digits[i], shape.windows, out + i * part_stride, stride);
    }
}

void recode_odd(const field::bls12_381::Fr& k, int window, int windows, uint8_t* out, size_t stride) {
    const uint64_t even = ~mask_from_bit(k.w[0] & 1);
    uint64_t odd[5] = {}, carry = 0;  // k + r < 2^256
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(k.w[i]) + (field::bls12_381::kOrder[i] & even) + carry;
        odd[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    for (int w = 0; w < windows; ++w) {
        const int bit = w * window + 1, word = bit / 64;  // of (k - 1)/2
        const u128 two = word < 4 ? u128(odd[word + 1]) << 64 | odd[word] : 0;
        const auto d = static_cast<uint64_t>(two >> (bit % 64)) & ((uint64_t{1} << window) - 1);
        const uint64_t top = uint64_t{w == windows - 1} << (window - 1);
        out[size_t(w) * stride] = static_cast<uint8_t>(d | top);
    }
}

}  // namespace pyfe::group::bls12_381
