#include "odd_digits.hpp"

#include "pyfe/base/ct.hpp"

namespace pyfe::group {

void recode_odd(const uint64_t (&k)[4], const uint64_t (&order)[4], int window, int digits, uint8_t* out,
                size_t stride) {
    using u128 = unsigned __int128;
    const uint64_t even = ~mask_from_bit(k[0] & 1);
    uint64_t e[6] = {}, carry = 0;  // the odd one k', then (k' - 1) / 2 + 2^(wm - 1)
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(k[i]) + (order[i] & even) + carry;
        e[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    for (int i = 0; i < 4; ++i) e[i] = e[i] >> 1 | e[i + 1] << 63;
    const int top = window * digits - 1;
    e[top / 64] += uint64_t{1} << (top % 64);  // carries nowhere: (k' - 1) / 2 < 2^255 has no bit there
    for (int j = 0; j < digits; ++j) {
        const int bit = j * window, word = bit / 64;
        const u128 pair = u128(e[word + 1]) << 64 | e[word];
        out[size_t(j) * stride] =
            static_cast<uint8_t>(static_cast<uint64_t>(pair >> (bit % 64)) & ((uint64_t{1} << window) - 1));
    }
}

}  // namespace pyfe::group
