#include "recode.hpp"

#include "../odd_digits.hpp"
#include "pyfe/field/constants381.hpp"

namespace pyfe::group::bls12_381 {
namespace {

using u128 = unsigned __int128;

// The windows of value + h (1 + 2h + (2h)^2 + ..), h = 2^(bits - 1), are its signed digits plus h. value has
// up to 128 bits, the sum a few more.
template <int bits>
void write_windows(u128 value, int windows, uint8_t* out, size_t stride) {
    constexpr unsigned half = 1u << (bits - 1), mask = 2 * half - 1;
    unsigned carry = 0;
    for (int w = 0; w < windows; ++w) {
        const int at = bits * w;
        const unsigned digit =
            at < 128 ? static_cast<unsigned>(static_cast<uint64_t>(value >> at)) & mask : 0;
        const unsigned sum = digit + half + carry;
        out[size_t(w) * stride] = static_cast<uint8_t>(sum & mask);
        carry = sum >> bits;
    }
}

// Two parts below 2^128, d0 + d1 |x| and d2 + d3 |x|, or four below 2^64
void parts_of(const field::bls12_381::Fr& k, int count, u128 parts[4]) {
    uint64_t digits[4];
    k.digits_of_x(digits);
    for (int i = 0; i < count; ++i)
        parts[i] =
            count == 2 ? u128(digits[2 * i + 1]) * field::bls12_381::kAbsX + digits[2 * i] : u128(digits[i]);
}

}  // namespace

void recode(const field::bls12_381::Fr& k, const MultiplyShape& shape, uint8_t* out, size_t stride) {
    u128 parts[4];
    parts_of(k, shape.parts, parts);
    for (int i = 0; i < shape.parts; ++i)
        write_windows<4>(parts[i], shape.windows, out + size_t(i * shape.windows) * stride, stride);
}

void recode_common(const field::bls12_381::Fr& k, const TableShape& shape, uint8_t* out) {
    u128 parts[4];
    parts_of(k, shape.parts, parts);
    for (int i = 0; i < shape.parts; ++i)
        write_windows<kTableWindow>(parts[i], shape.teeth * kTableSteps, out + shape.digit(i, 0, 0), 1);
}

void recode_short(int64_t x, int steps, uint8_t* out, size_t stride) {
    // two's complement: what the sign extension adds above the last digit cancels against the carries
    write_windows<kTableWindow>(static_cast<u128>(static_cast<__int128>(x)), steps, out, stride);
}

void recode_odd(const field::bls12_381::Fr& k, int window, int windows, uint8_t* out, size_t stride) {
    group::recode_odd(k.w, field::bls12_381::kOrder, window, windows, out, stride);
}

}  // namespace pyfe::group::bls12_381
