// Bernstein, Yang, Fast constant-time gcd computation and modular inversion (eprint 2019/266): division steps
// on the low words of f and g give a matrix for 62 steps at once. Not in constant time here: runs of even g
// are skipped, and several multiples of f are added at once.
#include "pyfe/field/invert381.hpp"

#include <algorithm>

#include "pyfe/field/constants381.hpp"

namespace pyfe::field::bls12_381 {
namespace {

__extension__ using Int128 = __int128;
constexpr int kBits = 62, kLimbs = 7;
constexpr uint64_t kLimbMask = (uint64_t{1} << kBits) - 1;

// sum of l[i] 2^(62 i); all limbs but the signed top one lie in [0, 2^62)
struct Integer {
    int64_t l[kLimbs];

    static Integer from_words(const uint64_t w[6]) {
        Integer r;
        for (int i = 0; i < kLimbs; ++i) {
            const int word = kBits * i / 64, shift = kBits * i % 64;
            uint64_t limb = word < 6 ? w[word] >> shift : 0;
            if (shift > 2 && word + 1 < 6) limb |= w[word + 1] << (64 - shift);
            r.l[i] = static_cast<int64_t>(limb & kLimbMask);
        }
        return r;
    }
    void to_words(uint64_t w[6]) const {
        std::fill_n(w, 6, 0);
        for (int i = 0; i < kLimbs; ++i) {
            const int word = kBits * i / 64, shift = kBits * i % 64;
            if (word < 6) w[word] |= static_cast<uint64_t>(l[i]) << shift;
            if (shift > 2 && word + 1 < 6) w[word + 1] |= static_cast<uint64_t>(l[i]) >> (64 - shift);
        }
    }
    bool is_zero() const {
        return std::all_of(l, l + kLimbs, [](int64_t x) { return x == 0; });
    }
    bool is_negative() const { return l[kLimbs - 1] < 0; }
    uint64_t low() const { return static_cast<uint64_t>(l[0]) | static_cast<uint64_t>(l[1]) << kBits; }
};

// (u f + v g + m p) / 2^62, which is exact
Integer combine(int64_t u, const Integer& f, int64_t v, const Integer& g, int64_t m, const Integer& p) {
    Integer r;
    Int128 sum = 0;
    for (int i = 0; i < kLimbs; ++i) {
        sum += Int128{u} * f.l[i] + Int128{v} * g.l[i] + Int128{m} * p.l[i];
        if (i > 0) r.l[i - 1] = static_cast<int64_t>(static_cast<uint64_t>(sum) & kLimbMask);
        sum >>= kBits;
    }
    r.l[kLimbs - 1] = static_cast<int64_t>(sum);
    return r;
}

// The same with the m of [-2^61, 2^61) that makes it exact: sizes grow by at most p/2.
Integer combine_modulo(int64_t u, const Integer& d, int64_t v, const Integer& e, const Integer& p) {
    const uint64_t low = static_cast<uint64_t>(u) * static_cast<uint64_t>(d.l[0]) +
                         static_cast<uint64_t>(v) * static_cast<uint64_t>(e.l[0]);
    const int64_t m = static_cast<int64_t>(low * kNegInverseWord << 2) >> 2;
    return combine(u, d, v, e, m, p);
}

Integer plus(const Integer& a, const Integer& b, int64_t times) {
    Integer r;
    int64_t carry = 0;
    for (int i = 0; i < kLimbs; ++i) {
        const int64_t t = a.l[i] + times * b.l[i] + carry;
        carry = t >> kBits;
        r.l[i] = i + 1 < kLimbs ? static_cast<int64_t>(static_cast<uint64_t>(t) & kLimbMask) : t;
    }
    return r;
}

struct Matrix {
    int64_t u = 1, v = 0, q = 0, r = 1;
};

// 62 division steps: 2^62 (f', g') = (u f + v g, q f + r g). delta is the paper's.
Matrix division_steps(int64_t* delta, uint64_t f, uint64_t g) {
    Matrix t;
    for (int left = kBits;;) {
        const int zeros = std::min(left, g == 0 ? left : __builtin_ctzll(g));
        g >>= zeros;
        t.u = static_cast<int64_t>(static_cast<uint64_t>(t.u) << zeros);
        t.v = static_cast<int64_t>(static_cast<uint64_t>(t.v) << zeros);
        *delta += zeros;
        left -= zeros;
        if (left == 0) return t;
        if (*delta > 0) {
            *delta = -*delta;
            std::swap(f, g);
            g = -g;
            std::swap(t.u, t.q);
            std::swap(t.v, t.r);
            t.q = -t.q;
            t.r = -t.r;
        }
        // No exchange for the next 1 - delta steps: as many low bits of g go at once, six at most.
        // f (f^2 - 2) = -1/f modulo 64.
        const int bits = static_cast<int>(std::min<int64_t>({1 - *delta, left, 6}));
        const uint64_t w = g * (f * (f * f - 2)) & ((uint64_t{1} << bits) - 1);
        g += w * f;
        t.q += static_cast<int64_t>(w) * t.u;
        t.r += static_cast<int64_t>(w) * t.v;
    }
}

}  // namespace

// d a = f and e a = g modulo p throughout; f ends as 1 or -1.
void invert_words_vartime(const uint64_t a[6], uint64_t out[6]) {
    const Integer p = Integer::from_words(kPWord);
    Integer f = p, g = Integer::from_words(a), d{}, e{{1}};
    for (int64_t delta = 1; !g.is_zero();) {
        const Matrix t = division_steps(&delta, f.low(), g.low());
        const Integer next_f = combine(t.u, f, t.v, g, 0, p), next_d = combine_modulo(t.u, d, t.v, e, p);
        g = combine(t.q, f, t.r, g, 0, p), e = combine_modulo(t.q, d, t.r, e, p);
        f = next_f, d = next_d;
    }
    if (f.is_negative()) d = plus(Integer{}, d, -1);
    while (d.is_negative()) d = plus(d, p, 1);
    for (Integer less = plus(d, p, -1); !less.is_negative(); less = plus(d, p, -1)) d = less;
    d.to_words(out);
}

}  // namespace pyfe::field::bls12_381
