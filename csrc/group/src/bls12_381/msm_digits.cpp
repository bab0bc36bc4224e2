#include "msm_digits.hpp"

#include <algorithm>

#include "pyfe/field/constants381.hpp"

namespace pyfe::group::bls12_381 {
namespace {

using field::bls12_381::Fr;
using field::bls12_381::kAbsX;
__extension__ using Uint128 = unsigned __int128;

// Of two's complement, the sign included
int bits_of(Int128 v) {
    const Int128 size = v < 0 ? ~v : v;
    const auto high = static_cast<uint64_t>(size >> 64), low = static_cast<uint64_t>(size);
    if (high != 0) return 129 - __builtin_clzll(high);
    return low != 0 ? 65 - __builtin_clzll(low) : (v < 0 ? 1 : 0);
}

// From [0, base) to [-base/2, base/2]; what is taken off goes up to the next part.
Int128 centered(Uint128 part, Uint128 base, unsigned* carry) {
    part += *carry;
    *carry = part > base / 2;
    return static_cast<Int128>(*carry != 0 ? part - base : part);
}

bool less(const Fr& a, const Fr& b) {
    return std::lexicographical_compare(std::rbegin(a.w), std::rend(a.w), std::rbegin(b.w), std::rend(b.w));
}

}  // namespace

int signed_bits_vartime(std::span<const Int128> values) {
    int bits = 0;
    for (const Int128 v : values) bits = std::max(bits, bits_of(v));
    return bits;
}

// The shorter one of k and -k is cut, so that the topmost part is no longer than the others.
void split_vartime(const field::bls12_381::PublicFr& k, int parts, Int128* out) {
    const Fr opposite = Fr::sub(Fr{}, k.value);
    const bool negative = less(opposite, k.value);
    uint64_t d[4];
    (negative ? opposite : k.value).digits_of_x(d);
    unsigned carry = 0;
    if (parts == 2) {
        out[0] = centered(Uint128{d[1]} * kAbsX + d[0], Uint128{kAbsX} * kAbsX, &carry);
        out[1] = static_cast<Int128>(Uint128{d[3]} * kAbsX + d[2] + carry);
    } else {
        for (int i = 0; i < 3; ++i) out[i] = centered(d[i], kAbsX, &carry);
        out[3] = static_cast<Int128>(Uint128{d[3]} + carry);
    }
    if (negative)
        for (int i = 0; i < parts; ++i) out[i] = -out[i];
}

void signed_windows_vartime(Int128 v, int window, int windows, int16_t* out, size_t stride) {
    const int half = 1 << (window - 1), whole = 1 << window;
    for (int w = 0; w < windows; ++w) {
        const int low = static_cast<int>(v & (whole - 1));
        const int digit = w == windows - 1 ? static_cast<int>(v) : low < half ? low : low - whole;
        out[size_t(w) * stride] = static_cast<int16_t>(digit);
        v = (v >> window) + (digit < 0 ? 1 : 0);
    }
}

}  // namespace pyfe::group::bls12_381
