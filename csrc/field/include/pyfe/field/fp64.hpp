// The base field of BLS12-381, one element, six 64-bit words, Montgomery form with R = 2^384: the portable
// twin of FpLanes, under the same interface with one lane. Included by portable files only.
//
// Bounds. Every element is below 2p. A product of two such is below 4 p^2 / R + p < 1.42 p (R > 9.8 p), so no
// final subtraction is needed; sums and differences take 2p off or add it under a mask.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants381.hpp"
#include "pyfe/field/fe51.hpp"

namespace pyfe::field::bls12_381 {

struct Fp64 {
    using Lane = ScalarLane;
    using Mask = uint64_t;
    using Int = ScalarLane;
    static constexpr int lanes = 1;
    static constexpr bool wide = false;
    static constexpr int rows = 6;

    uint64_t w[6];

    static Fp64 load(const uint64_t (*p)[8], int lane) {
        Fp64 r;
        for (int i = 0; i < 6; ++i) r.w[i] = p[i][lane];
        return r;
    }
    void store(uint64_t (*p)[8], int lane) const {
        for (int i = 0; i < 6; ++i) p[i][lane] = w[i];
    }
    static Fp64 load_rows(const uint64_t* const* row, size_t offset) { return broadcast(row[0] + offset); }
    void store_rows(uint64_t* const* row, size_t offset) const {
        for (int i = 0; i < 6; ++i) row[0][offset + size_t(i)] = w[i];
    }
    // Entry index of a table of as many columns, all of which are read
    template <int Entries>
    static Fp64 lookup(const uint64_t (*table)[Entries], ScalarLane index) {
        Fp64 r{};
        for (uint64_t e = 0; e < Entries; ++e) {
            const uint64_t mask = mask_eq(index.v, e);
            for (int i = 0; i < 6; ++i) r.w[i] |= table[i][e] & mask;
        }
        return r;
    }
    static Fp64 constant(const FpConstant& c) { return broadcast(c.word); }
    static Fp64 zero() { return {}; }
    static Fp64 one() { return constant(kFpOne); }

    // Below 4p < 2^384: may be multiplied by an element or by another such sum, not added again
    static Fp64 add_lazy(const Fp64& a, const Fp64& b) {
        Fp64 r;
        uint64_t carry = 0;
        for (int i = 0; i < 6; ++i) {
            const u128 t = u128(a.w[i]) + b.w[i] + carry;
            r.w[i] = static_cast<uint64_t>(t);
            carry = static_cast<uint64_t>(t >> 64);
        }
        return r;
    }
    static Fp64 add(const Fp64& a, const Fp64& b) { return less_if_at_least(add_lazy(a, b), kTwoPWord); }
    // The bound on b is 2p whatever K says: K is for the lanes.
    template <int K>
    static Fp64 sub(const Fp64& a, const Fp64& b) {
        Fp64 r;
        add_under(mask_from_bit(subtract<6>(a.w, b.w, r.w)), kTwoPWord, r.w);
        return r;
    }
    static Fp64 times3(const Fp64& a) { return add(add(a, a), a); }
    static Fp64 times12(const Fp64& a) {
        const Fp64 b = times3(a), c = add(b, b);
        return add(c, c);
    }
    static Fp64 weak(const Fp64& a) { return a; }
    template <int K>
    static Fp64 neg(const Fp64& a) {
        return sub<K>(zero(), a);
    }

    // Operand scanning with the reduction interleaved: row i of the product, then one word of q p (Koc, Acar,
    // Kaliski 1996, CIOS). p has 381 bits, so the running sum fits seven words.
    [[gnu::noinline]] static Fp64 mul(const Fp64& a, const Fp64& b) {
        uint64_t t[7] = {};
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
            uint64_t carry = 0;
#pragma GCC unroll 6
            for (int j = 0; j < 6; ++j) {
                const u128 x = u128(a.w[i]) * b.w[j] + t[j] + carry;
                t[j] = static_cast<uint64_t>(x);
                carry = static_cast<uint64_t>(x >> 64);
            }
            t[6] = carry;
            const uint64_t q = t[0] * kNegInverseWord;
            carry = static_cast<uint64_t>((u128(q) * kPWord[0] + t[0]) >> 64);
#pragma GCC unroll 6
            for (int j = 1; j < 6; ++j) {
                const u128 x = u128(q) * kPWord[j] + t[j] + carry;
                t[j - 1] = static_cast<uint64_t>(x);
                carry = static_cast<uint64_t>(x >> 64);
            }
            t[5] = t[6] + carry;
        }
        Fp64 r;
        for (int i = 0; i < 6; ++i) r.w[i] = t[i];
        return r;
    }
    static Fp64 square(const Fp64& a) { return mul(a, a); }

    // A product before its reduction. reduce() wants it below p R > 9.8 p^2: the Karatsuba terms of Fp2 are
    // below 8 p^2.
    struct Wide {
        uint64_t w[12];
    };
    static Wide product(const Fp64& a, const Fp64& b) {
        Wide r{};
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
            uint64_t carry = 0;
#pragma GCC unroll 6
            for (int j = 0; j < 6; ++j) {
                const u128 x = u128(a.w[i]) * b.w[j] + r.w[i + j] + carry;
                r.w[i + j] = static_cast<uint64_t>(x);
                carry = static_cast<uint64_t>(x >> 64);
            }
            r.w[i + 6] = carry;
        }
        return r;
    }
    // a + b, less p R when it is not below
    static Wide add_wide(const Wide& a, const Wide& b) {
        Wide r;
        uint64_t carry = 0;
        for (int i = 0; i < 12; ++i) {
            const u128 t = u128(a.w[i]) + b.w[i] + carry;
            r.w[i] = static_cast<uint64_t>(t);
            carry = static_cast<uint64_t>(t >> 64);
        }
        const Fp64 high = less_if_at_least(broadcast(r.w + 6), kPWord);
        for (int i = 0; i < 6; ++i) r.w[i + 6] = high.w[i];
        return r;
    }
    // a - b, or a - b + p R when that is negative
    static Wide sub_wide(const Wide& a, const Wide& b) {
        Wide r;
        add_under(mask_from_bit(subtract<12>(a.w, b.w, r.w)), kPWord, r.w + 6);
        return r;
    }
    static Fp64 reduce(const Wide& wide) {
        uint64_t t[12], top = 0;
        for (int i = 0; i < 12; ++i) t[i] = wide.w[i];
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
            const uint64_t q = t[i] * kNegInverseWord;
            uint64_t carry = 0;
#pragma GCC unroll 6
            for (int j = 0; j < 6; ++j) {
                const u128 x = u128(q) * kPWord[j] + t[i + j] + carry;
                t[i + j] = static_cast<uint64_t>(x);
                carry = static_cast<uint64_t>(x >> 64);
            }
            const u128 x = u128(t[i + 6]) + carry + top;
            t[i + 6] = static_cast<uint64_t>(x);
            top = static_cast<uint64_t>(x >> 64);
        }
        return broadcast(t + 6);
    }

    static Fp64 select(Mask m, const Fp64& on, const Fp64& off) {
        Fp64 r;
        for (int i = 0; i < 6; ++i) r.w[i] = pyfe::select(m, on.w[i], off.w[i]);
        return r;
    }
    static Mask is_zero(const Fp64& a) {
        const Fp64 c = less_if_at_least(a, kPWord);
        return ~mask_nonzero(c.w[0] | c.w[1] | c.w[2] | c.w[3] | c.w[4] | c.w[5]);
    }
    static Mask equal(const Fp64& a, const Fp64& b) { return is_zero(sub<4>(a, b)); }

    // An integer below 2^384: below 10 p, so that the product with R^2 < p is below 2p.
    static Fp64 from_words(const uint64_t (*words)[8], int lane) {
        return mul(load(words, lane), constant(kRSquared));
    }
    // The canonical integer, below p
    void to_words(uint64_t (*words)[8], int lane) const {
        Fp64 one{};
        one.w[0] = 1;
        less_if_at_least(mul(*this, one), kPWord).store(words, lane);
    }

  private:
    using u128 = unsigned __int128;

    static Fp64 broadcast(const uint64_t* c) { return {{c[0], c[1], c[2], c[3], c[4], c[5]}}; }
    // Returns the borrow, 0 or 1
    template <int N>
    static uint64_t subtract(const uint64_t* a, const uint64_t* b, uint64_t* out) {
        uint64_t borrow = 0;
        for (int i = 0; i < N; ++i) {
            const u128 t = u128(a[i]) - b[i] - borrow;
            out[i] = static_cast<uint64_t>(t);
            borrow = static_cast<uint64_t>(t >> 64) & 1;
        }
        return borrow;
    }
    static void add_under(uint64_t mask, const uint64_t* m, uint64_t* inout) {
        uint64_t carry = 0;
        for (int i = 0; i < 6; ++i) {
            const u128 t = u128(inout[i]) + (m[i] & mask) + carry;
            inout[i] = static_cast<uint64_t>(t);
            carry = static_cast<uint64_t>(t >> 64);
        }
    }
    static Fp64 less_if_at_least(const Fp64& a, const uint64_t (&m)[6]) {
        Fp64 d;
        const uint64_t borrow = subtract<6>(a.w, m, d.w);
        return select(mask_from_bit(borrow), a, d);
    }
};

}  // namespace pyfe::field::bls12_381
