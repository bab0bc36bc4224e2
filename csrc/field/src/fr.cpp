#include "pyfe/field/fr.hpp"

#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants381.hpp"

namespace pyfe::field::bls12_381 {
namespace {

using u128 = unsigned __int128;

uint64_t load_le(const uint8_t* p) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; --i) word = word << 8 | p[i];
    return word;
}

// r = a - b; returns the borrow
uint64_t subtract(uint64_t* r, const uint64_t* a, const uint64_t* b) {
    uint64_t borrow = 0;
    for (int i = 0; i < 4; ++i) {
        const u128 d = u128(a[i]) - b[i] - borrow;
        r[i] = static_cast<uint64_t>(d);
        borrow = static_cast<uint64_t>(d >> 64) & 1;
    }
    return borrow;
}

// a - r where that is not negative
Fr subtract_order_once(const uint64_t* a) {
    Fr out;
    const uint64_t keep = mask_from_bit(subtract(out.w, a, kOrder));
    for (int i = 0; i < 4; ++i) out.w[i] = select(keep, a[i], out.w[i]);
    return out;
}

// a b / 2^256 modulo r, canonical, for a below 2^256 and b below r (Montgomery, operand scanning): the sum
// stays below 2r < 2^256 after each row.
Fr montgomery(const uint64_t* a, const uint64_t* b) {
    uint64_t t[5] = {};
    for (int i = 0; i < 4; ++i) {
        uint64_t carry = 0;
        for (int j = 0; j < 4; ++j) {
            const u128 x = u128(a[i]) * b[j] + t[j] + carry;
            t[j] = static_cast<uint64_t>(x);
            carry = static_cast<uint64_t>(x >> 64);
        }
        t[4] = carry;
        const uint64_t q = t[0] * kOrderNegInverse;
        carry = static_cast<uint64_t>((u128(q) * kOrder[0] + t[0]) >> 64);
        for (int j = 1; j < 4; ++j) {
            const u128 x = u128(q) * kOrder[j] + t[j] + carry;
            t[j - 1] = static_cast<uint64_t>(x);
            carry = static_cast<uint64_t>(x >> 64);
        }
        t[3] = t[4] + carry;
    }
    return subtract_order_once(t);
}

// (high 2^64 + low) / |x| for high < |x|: Moller and Granlund, Improved division by invariant integers
// (2011), algorithm 4, its two adjustments made under masks
uint64_t divide_step(uint64_t high, uint64_t low, uint64_t* remainder) {
    const u128 estimate = u128(kAbsXReciprocal) * high + (u128(high) << 64 | low);
    uint64_t q = static_cast<uint64_t>(estimate >> 64) + 1;
    const uint64_t q_low = static_cast<uint64_t>(estimate);
    uint64_t r = low - q * kAbsX;
    const uint64_t down = mask_from_bit(static_cast<uint64_t>((u128(q_low) - r) >> 64) & 1);  // r > q_low
    q += down;
    r += down & kAbsX;
    const uint64_t up = ~mask_from_bit(static_cast<uint64_t>((u128(r) - kAbsX) >> 64) & 1);  // r >= |x|
    *remainder = r - (up & kAbsX);
    return q - up;
}

}  // namespace

void Fr::to_bytes(uint8_t out[32]) const {
    for (int i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(w[i / 8] >> (8 * (i % 8)));
}

Fr Fr::from_wide_bytes(const uint8_t in[64]) {
    uint64_t low[4], high[4];
    for (int i = 0; i < 4; ++i) low[i] = load_le(in + 8 * i), high[i] = load_le(in + 32 + 8 * i);
    const uint64_t one[4] = {1, 0, 0, 0};
    // low R / R and high R^2 / R
    return add(montgomery(montgomery(low, kOrderRSquared).w, one), montgomery(high, kOrderRSquared));
}

Fr Fr::from_bytes(const uint8_t in[32], uint64_t* ok) {
    Fr r;
    uint64_t words[4], unused[4];
    for (int i = 0; i < 4; ++i) words[i] = load_le(in + 8 * i);
    *ok = mask_from_bit(subtract(unused, words, kOrder));
    for (int i = 0; i < 4; ++i) r.w[i] = words[i] & *ok;
    return r;
}

Fr Fr::from_int64(int64_t value) {
    const uint64_t negative = mask_from_bit(static_cast<uint64_t>(value) >> 63);
    Fr magnitude;
    magnitude.w[0] = (static_cast<uint64_t>(value) ^ negative) - negative;
    const Fr other = sub(Fr{}, magnitude);
    for (int i = 0; i < 4; ++i) magnitude.w[i] = select(negative, other.w[i], magnitude.w[i]);
    return magnitude;
}

Fr Fr::add(const Fr& a, const Fr& b) {
    uint64_t sum[4], carry = 0;  // 2r < 2^256
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(a.w[i]) + b.w[i] + carry;
        sum[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    return subtract_order_once(sum);
}

Fr Fr::sub(const Fr& a, const Fr& b) {
    Fr r;
    const uint64_t mask = mask_from_bit(subtract(r.w, a.w, b.w));
    uint64_t carry = 0;
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(r.w[i]) + (kOrder[i] & mask) + carry;
        r.w[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    return r;
}

Fr Fr::mul(const Fr& a, const Fr& b) { return montgomery(montgomery(a.w, b.w).w, kOrderRSquared); }

Fr Fr::invert(const Fr& a) {
    const uint64_t one[4] = {1, 0, 0, 0};
    const Fr base = montgomery(a.w, kOrderRSquared);
    Fr r = montgomery(one, kOrderRSquared);
    for (int bit = 254; bit >= 0; --bit) {  // the exponent r - 2 is public
        r = montgomery(r.w, r.w);
        const uint64_t word = kOrder[bit / 64] - (bit / 64 == 0 ? 2 : 0);  // no borrow past word 0
        if (word >> (bit % 64) & 1) r = montgomery(r.w, base.w);
    }
    return montgomery(r.w, one);
}

uint64_t Fr::is_zero_mask() const { return ~mask_nonzero(w[0] | w[1] | w[2] | w[3]); }

void Fr::digits_of_x(uint64_t digits[4]) const {
    uint64_t q[4] = {w[0], w[1], w[2], w[3]};
    for (int d = 0; d < 3; ++d) {
        uint64_t remainder = 0;
        for (int i = 3; i >= 0; --i) q[i] = divide_step(remainder, q[i], &remainder);
        digits[d] = remainder;
    }
    digits[3] = q[0];
}

}  // namespace pyfe::field::bls12_381
