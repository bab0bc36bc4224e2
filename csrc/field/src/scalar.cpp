#include "pyfe/field/scalar.hpp"

#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants25519.hpp"

namespace pyfe::field {
namespace {

using u128 = unsigned __int128;

uint64_t load_le(const uint8_t* p) {
    uint64_t word = 0;
    for (int i = 7; i >= 0; --i) word = word << 8 | p[i];
    return word;
}

// r = a - b over n words; returns the borrow
template <int N>
uint64_t subtract(uint64_t* r, const uint64_t* a, const uint64_t* b) {
    uint64_t borrow = 0;
    for (int i = 0; i < N; ++i) {
        const u128 d = u128(a[i]) - b[i] - borrow;
        r[i] = static_cast<uint64_t>(d);
        borrow = static_cast<uint64_t>(d >> 64) & 1;
    }
    return borrow;
}

// a >= l ? a - l : a
Scalar subtract_order_once(const uint64_t* a) {
    Scalar r;
    const uint64_t keep = mask_from_bit(subtract<4>(r.w, a, kOrder));
    for (int i = 0; i < 4; ++i) r.w[i] = select(keep, a[i], r.w[i]);
    return r;
}

template <int N, int M>
void multiply(uint64_t* r, const uint64_t* a, const uint64_t* b) {
    for (int i = 0; i < N + M; ++i) r[i] = 0;
    for (int i = 0; i < N; ++i) {
        uint64_t carry = 0;
        for (int j = 0; j < M; ++j) {
            const u128 t = u128(a[i]) * b[j] + r[i + j] + carry;
            r[i + j] = static_cast<uint64_t>(t);
            carry = static_cast<uint64_t>(t >> 64);
        }
        r[i + M] = carry;
    }
}

// Barrett, Handbook of Applied Cryptography, algorithm 14.42, with base 2^64 and k = 4: the remainder is at
// most two subtractions away.
Scalar reduce(const uint64_t x[8]) {
    uint64_t q2[10], q3l[9], r5[5], order5[5] = {kOrder[0], kOrder[1], kOrder[2], kOrder[3], 0};
    multiply<5, 5>(q2, x + 3, kOrderBarrett);
    multiply<5, 4>(q3l, q2 + 5, kOrder);
    subtract<5>(r5, x, q3l);
    for (int round = 0; round < 2; ++round) {
        uint64_t d[5];
        const uint64_t keep = mask_from_bit(subtract<5>(d, r5, order5));
        for (int i = 0; i < 5; ++i) r5[i] = select(keep, r5[i], d[i]);
    }
    Scalar r;
    for (int i = 0; i < 4; ++i) r.w[i] = r5[i];
    return r;
}

}  // namespace

void Scalar::to_bytes(uint8_t out[32]) const {
    for (int i = 0; i < 32; ++i) out[i] = static_cast<uint8_t>(w[i / 8] >> (8 * (i % 8)));
}

Scalar Scalar::from_wide_bytes(const uint8_t in[64]) {
    uint64_t x[8];
    for (int i = 0; i < 8; ++i) x[i] = load_le(in + 8 * i);
    return reduce(x);
}

Scalar Scalar::from_bytes(const uint8_t in[32], uint64_t* ok) {
    Scalar r;
    uint64_t scratch[4];
    for (int i = 0; i < 4; ++i) r.w[i] = load_le(in + 8 * i);
    *ok = mask_from_bit(subtract<4>(scratch, r.w, kOrder));
    return r;
}

Scalar Scalar::from_int64(int64_t value) {
    const uint64_t sign = mask_from_bit(static_cast<uint64_t>(value) >> 63);
    Scalar magnitude, zero;
    magnitude.w[0] = (static_cast<uint64_t>(value) ^ sign) - sign;
    const Scalar negative = sub(zero, magnitude);
    for (int i = 0; i < 4; ++i) magnitude.w[i] = select(sign, negative.w[i], magnitude.w[i]);
    return magnitude;
}

Scalar Scalar::add(const Scalar& a, const Scalar& b) {
    uint64_t sum[4], carry = 0;  // below 2 l < 2^254: no carry out
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(a.w[i]) + b.w[i] + carry;
        sum[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    return subtract_order_once(sum);
}

Scalar Scalar::sub(const Scalar& a, const Scalar& b) {
    Scalar r;
    const uint64_t borrow = mask_from_bit(subtract<4>(r.w, a.w, b.w));
    uint64_t carry = 0;
    for (int i = 0; i < 4; ++i) {
        const u128 t = u128(r.w[i]) + (kOrder[i] & borrow) + carry;
        r.w[i] = static_cast<uint64_t>(t);
        carry = static_cast<uint64_t>(t >> 64);
    }
    return r;
}

Scalar Scalar::mul(const Scalar& a, const Scalar& b) {
    uint64_t product[8];
    multiply<4, 4>(product, a.w, b.w);
    return reduce(product);
}

Scalar Scalar::invert(const Scalar& a) {
    Scalar exponent, r;  // the exponent l - 2 is public
    for (int i = 0; i < 4; ++i) exponent.w[i] = kOrder[i];
    exponent.w[0] -= 2;
    r.w[0] = 1;
    for (int bit = 252; bit >= 0; --bit) {
        r = mul(r, r);
        if (exponent.w[bit / 64] >> (bit % 64) & 1) r = mul(r, a);
    }
    return r;
}

Scalar Scalar::half(const Scalar& a) {
    Scalar h;
    for (int i = 0; i < 4; ++i) h.w[i] = kHalf[i];
    return mul(a, h);
}

uint64_t Scalar::is_zero_mask() const { return ~mask_nonzero(w[0] | w[1] | w[2] | w[3]); }

}  // namespace pyfe::field
