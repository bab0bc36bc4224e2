#include "msm_digits.hpp"

namespace pyfe::group::ristretto255 {
namespace {
using u128 = unsigned __int128;
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

}  // namespace pyfe::group::ristretto255
