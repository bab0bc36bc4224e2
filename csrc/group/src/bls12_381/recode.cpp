#include "recode.hpp"

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

}  // namespace pyfe::group::bls12_381
