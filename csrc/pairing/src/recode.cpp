#include "recode.hpp"

#include "pyfe/pairing/blocks.hpp"

namespace pyfe::pairing {

// Algorithm 1 of eprint 2013/158. The first digit, made odd, is written with signs: bit i + 1 of k0
// says the sign of column i; the other digits follow those signs.
void recode_exponent(const field::bls12_381::Fr& k, uint8_t* out, size_t stride) {
    uint64_t digit[4];
    k.digits_of_x(digit);
    const uint64_t even = ~digit[0] & 1;
    digit[0] |= 1;
    for (size_t i = 0; i < size_t{kColumns}; ++i) {
        const uint64_t positive = i + 1 < 64 ? digit[0] >> (i + 1) & 1 : uint64_t{i + 1 == size_t{kColumns}};
        uint64_t index = 0;
        for (size_t j = 1; j < 4; ++j) {
            const uint64_t bit = digit[j] & 1;
            index |= bit << (j - 1);
            // Subtracting a negative digit carries upward.
            digit[j] = (digit[j] >> 1) + (bit & (positive ^ 1));
        }
        out[i * stride] = static_cast<uint8_t>(index | (positive ^ 1) << 3);
    }
    out[size_t{kColumns} * stride] = static_cast<uint8_t>(even);
}

}  // namespace pyfe::pairing
