#include "recode.hpp"

#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants25519.hpp"

namespace pyfe::group {
namespace {

using u128 = unsigned __int128;

void write_windows(const uint64_t* e, int words, int window, int digits, uint8_t* out, size_t stride) {
    for (int j = 0; j < digits; ++j) {
        const int bit = j * window, word = bit / 64, shift = bit % 64;
        u128 pair = e[word];
        if (word + 1 < words) pair |= u128(e[word + 1]) << 64;
        out[size_t(j) * stride] =
            static_cast<uint8_t>(static_cast<uint64_t>(pair >> shift) & ((1u << window) - 1));
    }
}

}  // namespace

void recode_odd(const field::Scalar& k, int window, int digits, uint8_t* out, size_t stride) {
    const uint64_t even = mask_from_bit((k.w[0] & 1) ^ 1);
    uint64_t e[4], carry = 0;
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(k.w[i]) + (field::kOrder[i] & even) + carry;
        e[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    for (int i = 0; i < 4; ++i) e[i] = e[i] >> 1 | (i < 3 ? e[i + 1] << 63 : 0);  // (k' - 1) / 2
    const int top = window * digits - 1;                                          // + 2^(wm - 1)
    e[top / 64] += uint64_t{1} << (top % 64);
    write_windows(e, 4, window, digits, out, stride);
}

void recode_short(int64_t x, int window, int digits, uint8_t* out, size_t stride) {
    const int top = window * digits - 1;
    const uint64_t sign = mask_from_bit(static_cast<uint64_t>(x) >> 63);
    uint64_t e[2] = {static_cast<uint64_t>(x), sign};
    const u128 sum = (u128(e[1]) << 64 | e[0]) + (u128(1) << top);
    e[0] = static_cast<uint64_t>(sum);
    e[1] = static_cast<uint64_t>(sum >> 64);
    write_windows(e, 2, window, digits, out, stride);
}

int short_digits(uint64_t bound, int window) {
    int digits = 1;
    while (window * digits - 1 < 64 && bound >> (window * digits - 1) != 0) ++digits;
    return digits;
}

int naf_bits_vartime(int64_t y) {
    const uint64_t magnitude = y < 0 ? 0 - static_cast<uint64_t>(y) : static_cast<uint64_t>(y);
    int bits = 1;
    while (bits <= 64 && magnitude >> (bits - 1) != 0) {
        if (++bits > 64) break;
    }
    return bits;  // one more than the length of |y|: the NAF may carry out
}

void naf_vartime(int64_t y, int bits, int8_t* out) {
    const int sign = y < 0 ? -1 : 1;
    u128 m = y < 0 ? 0 - static_cast<uint64_t>(y) : static_cast<uint64_t>(y);
    for (int b = 0; b < bits; ++b, m >>= 1) {
        int digit = 0;
        if (m & 1) {
            digit = 2 - static_cast<int>(m & 3);
            m -= static_cast<u128>(static_cast<__int128>(digit));
        }
        out[b] = static_cast<int8_t>(sign * digit);
    }
}

std::vector<int8_t> wnaf5_vartime(const field::PublicScalar& k) {
    std::vector<int8_t> digits(256, 0);
    uint64_t w[5] = {k.value.w[0], k.value.w[1], k.value.w[2], k.value.w[3], 0};
    for (int bit = 0; bit < 256;) {
        if ((w[0] & 1) == 0) {
            for (int i = 0; i < 4; ++i) w[i] = w[i] >> 1 | w[i + 1] << 63;
            ++bit;
            continue;
        }
        int digit = static_cast<int>(w[0] & 31);
        if (digit >= 16) digit -= 32;
        digits[size_t(bit)] = static_cast<int8_t>(digit);
        const u128 low = u128(w[0]) - static_cast<u128>(static_cast<__int128>(digit));
        w[0] = static_cast<uint64_t>(low);
        if (digit < 0 && static_cast<uint64_t>(low >> 64) == 1)
            for (int i = 1; i < 4 && ++w[i] == 0; ++i) {
            }
    }
    return digits;
}

}  // namespace pyfe::group
