// The base field of BLS12-381, one element, six 64-bit words, Montgomery form with R = 2^384: the portable
// twin of FpLanes, under the same interface with one lane. Included by portable files only.
//
// Bounds. Elements are below 2p. R > 9.8 p, so a sum of products whose factors are at most m1 p and m2 p,
// sum m1 m2 <= 9.8, becomes
//     (sum a b + q p) / R < (sum m1 m2 / 9.8 + 1) p <= 2p:
// no final subtraction is needed for two products of elements, nor for one of an element by a lazy sum, which
// is below 4p. Sums and differences of elements take 2p off or add it under a mask.
//
// Carries. GCC 12 makes a chain of add and adc of a 128-bit sum, and keeps the carry in a flag if all that
// happens to it is an addition. Sums of words with 64-bit carries become compares, shifts and stores, three
// times as slow; the overflow of a 128-bit difference, or a carry known to be a bit that enters a sum as a
// number, may become a jump. So everything here is a sum of 128-bit halves, a difference is a sum with a
// complement, and carries between halves are hidden from the optimiser.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "pyfe/base/ct.hpp"
#include "pyfe/field/constants381.hpp"
#include "pyfe/field/fe51.hpp"

namespace pyfe::field::bls12_381 {

// One column of a sum of products and what it carries into the next two
struct Column {
    using u128 = unsigned __int128;
    u128 low = 0;
    uint64_t high = 0;

    [[gnu::always_inline]] inline void add(u128 x) { high += __builtin_add_overflow(low, x, &low); }
    [[gnu::always_inline]] inline void add_product(uint64_t a, uint64_t b) { add(u128(a) * b); }
    [[gnu::always_inline]] inline void add_twice(const Column& c) {
        high += (c.high << 1) + static_cast<uint64_t>(c.low >> 127);
        add(c.low << 1);
    }
    // Hands over the lowest word and moves to the next column
    [[gnu::always_inline]] inline uint64_t next() {
        const auto word = static_cast<uint64_t>(low);
        low = low >> 64 | u128(high) << 64;
        high = 0;
        return word;
    }
};

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
    static Fp64 constant(const FpConstant& c, unsigned /*magnitude*/ = 1) { return broadcast(c.word); }
    static Fp64 zero() { return {}; }
    static Fp64 one() { return constant(kFpOne); }

    // Below 4p < 2^384: may be multiplied by an element, not added again
    static Fp64 add_lazy(const Fp64& a, const Fp64& b) {
        Fp64 r;
        add_words(a.w, b.w, r.w);
        return r;
    }
    static Fp64 add(const Fp64& a, const Fp64& b) { return less_if_at_least(add_lazy(a, b), kMinusTwoPWord); }
    // The bound on b is 2p whatever K says: K is for the lanes.
    template <int K>
    static Fp64 sub(const Fp64& a, const Fp64& b) {
        Fp64 d, r;
        const uint64_t borrowed = mask_from_bit(subtract_words(a.w, b.w, d.w) ^ 1);
        uint64_t m[6];
        for (int i = 0; i < 6; ++i) m[i] = kTwoPWord[i] & borrowed;
        add_words(d.w, m, r.w);
        return r;
    }
    // The lanes' sum before its carry; here every step is reduced.
    struct Sum {
        uint64_t w[6];
        Sum(const Fp64& a) { std::copy(a.w, a.w + 6, w); }
        Fp64 element() const { return {{w[0], w[1], w[2], w[3], w[4], w[5]}}; }
        friend Sum operator+(const Sum& a, const Sum& b) { return Fp64::add(a.element(), b.element()); }
        friend Sum operator-(const Sum& a, const Sum& b) { return Fp64::sub<4>(a.element(), b.element()); }
    };
    template <int K>
    static Fp64 carried(const Sum& s) {
        return s.element();
    }
    template <int K>
    static Fp64 weak(const Sum& s) {
        return s.element();
    }
    static Fp64 times3(const Fp64& a) { return combination(3, a, 0, a); }
    static Fp64 times12(const Fp64& a) { return combination(12, a, 0, a); }
    // 3 a + 2 b and 3 a - 2 b
    static Fp64 times3_plus_times2(const Fp64& a, const Fp64& b) { return combination(3, a, 2, b); }
    static Fp64 times3_minus_times2(const Fp64& a, const Fp64& b) {
        return combination(3, a, 2, neg_lazy(b));
    }
    static Fp64 weak(const Fp64& a) { return a; }
    template <int K>
    static Fp64 neg(const Fp64& a) {
        return sub<K>(zero(), a);
    }
    // 2p - a, at most 2p: may be multiplied
    static Fp64 neg_lazy(const Fp64& a) {
        Fp64 r;
        subtract_words(kTwoPWord, a.w, r.w);
        return r;
    }

    [[gnu::noinline]] static Fp64 mul(const Fp64& a, const Fp64& b) {
        return montgomery([&](int k, Column& x) { add_column(k, a, b, x); });
    }
    [[gnu::noinline]] static Fp64 square(const Fp64& a) {
        return montgomery([&](int k, Column& x) {
            Column half;
#pragma GCC unroll 3
            for (int i = first_row(k); 2 * i < k; ++i) half.add_product(a.w[i], a.w[k - i]);
            x.add_twice(half);
            if (k % 2 == 0) x.add_product(a.w[k / 2], a.w[k / 2]);
        });
    }
    // a b + c d
    [[gnu::noinline]] static Fp64 sum_of_products(const Fp64& a, const Fp64& b, const Fp64& c,
                                                  const Fp64& d) {
        return montgomery([&](int k, Column& x) {
            add_column(k, a, b, x);
            add_column(k, c, d, x);
        });
    }
    static Fp64 difference_of_products(const Fp64& a, const Fp64& b, const Fp64& c, const Fp64& d) {
        return sum_of_products(a, b, neg_lazy(c), d);
    }
    // a[0] b[0] + .. + a[N - 1] b[N - 1]; Crossed: a[0] b[1] + a[1] b[0] + .. Up to six products of elements,
    // or three by lazy sums: below 3.5 p before the subtraction.
    template <int N, bool Crossed>
    [[gnu::noinline]] static Fp64 dot(const Fp64* a, const Fp64* b) {
        static_assert(N <= 6 && (N % 2 == 0 || !Crossed));
        const Fp64 r = montgomery([&](int k, Column& x) {
#pragma GCC unroll 6
            for (int n = 0; n < N; ++n) add_column(k, a[n], b[Crossed ? n ^ 1 : n], x);
        });
        return less_if_at_least(r, kMinusTwoPWord);
    }

    static Fp64 select(Mask m, const Fp64& on, const Fp64& off) {
        Fp64 r;
        for (int i = 0; i < 6; ++i) r.w[i] = pyfe::select(m, on.w[i], off.w[i]);
        return r;
    }
    static Mask is_zero(const Fp64& a) {
        const Fp64 c = less_if_at_least(a, kMinusPWord);
        return ~mask_nonzero(c.w[0] | c.w[1] | c.w[2] | c.w[3] | c.w[4] | c.w[5]);
    }
    static Mask is_odd(const Fp64& a) { return mask_from_bit(out_of_montgomery(a).w[0] & 1); }
    static Mask equal(const Fp64& a, const Fp64& b) { return is_zero(sub<4>(a, b)); }

    // An integer below 2^384: below 10 p, so that the product with R^2 < p is below 2p.
    static Fp64 from_words(const uint64_t (*words)[8], int lane) {
        return mul(load(words, lane), constant(kRSquared));
    }
    // The canonical integer, below p
    void to_words(uint64_t (*words)[8], int lane) const { out_of_montgomery(*this).store(words, lane); }

  private:
    using u128 = unsigned __int128;

    static Fp64 out_of_montgomery(const Fp64& a) {
        Fp64 one{};
        one.w[0] = 1;
        return less_if_at_least(mul(a, one), kMinusPWord);
    }
    static Fp64 broadcast(const uint64_t* c) { return {{c[0], c[1], c[2], c[3], c[4], c[5]}}; }

    static constexpr int first_row(int k) { return k < 6 ? 0 : k - 5; }
    // Column k of a b
    [[gnu::always_inline]] static inline void add_column(int k, const Fp64& a, const Fp64& b, Column& out) {
#pragma GCC unroll 6
        for (int i = first_row(k); i < 6 && i <= k; ++i) out.add_product(a.w[i], b.w[k - i]);
    }
    // Product scanning with the reduction interleaved (Koc, Acar, Kaliski, Analyzing and comparing Montgomery
    // multiplication algorithms, 1996: FIPS; for sums of products, Longa, eprint 2022/367). add(k, x) adds
    // column k to x. The columns of q p have a chain of carries of their own, which runs beside that of x.
    template <class Add>
    [[gnu::always_inline]] static inline Fp64 montgomery(Add add) {
        Column x, y;
        uint64_t q[6];
        Fp64 r;
#pragma GCC unroll 12
        for (int k = 0; k < 12; ++k) {
            add(k, x);
#pragma GCC unroll 6
            for (int i = first_row(k); i < 6 && i < k; ++i) y.add_product(q[i], kPWord[k - i]);
            y.add(x.next());
            if (k < 6) {
                q[k] = static_cast<uint64_t>(y.low) * kNegInverseWord;
                y.add_product(q[k], kPWord[0]);
                y.next();
            } else {
                r.w[k - 6] = y.next();
            }
        }
        return r;
    }

    // k a + l b less a multiple of p, below 2p, for a sum below 2^6 p. The quotient comes from the top words,
    // less their last eight bits: it is the right one or one less.
    [[gnu::always_inline]] static inline Fp64 combination(uint64_t k, const Fp64& a, uint64_t l,
                                                          const Fp64& b) {
        const uint64_t top = (a.w[5] >> 8) * k + (b.w[5] >> 8) * l;
        const auto q = static_cast<uint64_t>(u128(top) * kQuotientWord >> 113);
        Fp64 r;
        u128 t = 0;
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
            t += u128(a.w[i]) * k;
            if (l != 0) t += u128(b.w[i]) * l;
            t += u128(kMinusPWord[i]) * q;
            r.w[i] = static_cast<uint64_t>(t);
            t >>= 64;
        }
        return r;
    }

    [[gnu::always_inline]] static inline u128 pair(const uint64_t* w) { return u128(w[1]) << 64 | w[0]; }
    [[gnu::always_inline]] static inline void put(u128 x, uint64_t* w) {
        w[0] = static_cast<uint64_t>(x);
        w[1] = static_cast<uint64_t>(x >> 64);
    }
    // out = a + b + Carry; returns the carry. The top pair of a is not all ones.
    template <int Carry>
    [[gnu::always_inline]] static inline uint64_t add_pairs(const uint64_t* a, u128 b0, u128 b1, u128 b2,
                                                            uint64_t* out) {
        u128 x, y, z;
        uint64_t c = 0, d = 0, e = 0;
        c += __builtin_add_overflow(pair(a), b0, &x);
        if constexpr (Carry != 0) c += __builtin_add_overflow(x, u128(Carry), &x);
        d += __builtin_add_overflow(pair(a + 2), u128(value_barrier(c)), &y);
        d += __builtin_add_overflow(y, b1, &y);
        e += __builtin_add_overflow(pair(a + 4) + value_barrier(d), b2, &z);
        put(x, out);
        put(y, out + 2);
        put(z, out + 4);
        return e;
    }
    // Sum and difference modulo 2^384; the difference returns 1 if a >= b
    [[gnu::always_inline]] static inline uint64_t add_words(const uint64_t* a, const uint64_t* b,
                                                            uint64_t* out) {
        return add_pairs<0>(a, pair(b), pair(b + 2), pair(b + 4), out);
    }
    [[gnu::always_inline]] static inline uint64_t subtract_words(const uint64_t* a, const uint64_t* b,
                                                                 uint64_t* out) {
        return add_pairs<1>(a, ~pair(b), ~pair(b + 2), ~pair(b + 4), out);
    }
    // a - m where that is not negative, given 2^384 - m
    static Fp64 less_if_at_least(const Fp64& a, const uint64_t (&minus_m)[6]) {
        Fp64 d;
        const uint64_t carry = add_words(a.w, minus_m, d.w);
        return select(mask_from_bit(carry), d, a);
    }
};

}  // namespace pyfe::field::bls12_381
