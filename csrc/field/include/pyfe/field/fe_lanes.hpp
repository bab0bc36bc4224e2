// GF(2^255 - 19) in eight lanes: one element per lane, radix 2^51, five limbs. A template on the lane type V
// (Avx512 or the emulated Lanes), so that files compiled with extra CPU flags share no code with the others.
//
// Bounds. "Carried" limbs are below 2^51 + 2^15; every function takes carried elements and returns carried
// ones, except the `lazy` ones, whose result must pass through carry() before it is multiplied: vpmadd52
// reads 52 bits. A PYFE_VERIFY build checks all of this on the values.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::field {

template <class V>
struct FeLanes {
    using Lane = V;
    using Mask = typename V::Mask;
    using Int = V;  // one small integer per lane
    static constexpr int lanes = 8;
    static constexpr bool wide = true;
    static constexpr int fixed_window = 5;  // sixteen odd multiples: one vpermi2q a limb

    V l[5];

    // p points to five rows of eight words: limb, lane. `lane` exists for the scalar twin.
    [[gnu::always_inline]] static inline FeLanes load(const uint64_t (*p)[8], int /*lane*/) {
        FeLanes r;
        for (int i = 0; i < 5; ++i) r.l[i] = V::load(p[i]);
        return r;
    }
    [[gnu::always_inline]] inline void store(uint64_t (*p)[8], int /*lane*/) const {
        for (int i = 0; i < 5; ++i) V::store(p[i], l[i]);
    }
    [[gnu::always_inline]] static inline FeLanes broadcast(const uint64_t* c) {
        FeLanes r;
        for (int i = 0; i < 5; ++i) r.l[i] = V::broadcast(c[i]);
        return r;
    }
    [[gnu::always_inline]] static inline FeLanes small(uint64_t c) {
        FeLanes r;
        r.l[0] = V::broadcast(c);
        for (int i = 1; i < 5; ++i) r.l[i] = V::broadcast(0);
        return r;
    }

    // One parallel carry pass: any limbs below 2^63 become carried (top carry returns as 19 times itself).
    [[gnu::always_inline]] static inline FeLanes carry(const FeLanes& a) {
        const V mask = V::broadcast(kMask);
        FeLanes r;
        V c[5];
        if constexpr (V::verified)
            for (const V& limb : a.l)
                V::require_below(limb, uint64_t{1} << 63);  // no difference fell below zero
        for (int i = 0; i < 5; ++i) {
            c[i] = V::template shr<51>(a.l[i]);
            r.l[i] = V::bit_and(a.l[i], mask);
        }
        r.l[0] = V::madd_lo(r.l[0], c[4], V::broadcast(19));
        for (int i = 1; i < 5; ++i) r.l[i] = V::add(r.l[i], c[i - 1]);
        if constexpr (V::verified) require_carried(r);
        return r;
    }
    [[gnu::always_inline]] static inline FeLanes add_lazy(const FeLanes& a, const FeLanes& b) {
        FeLanes r;
        for (int i = 0; i < 5; ++i) r.l[i] = V::add(a.l[i], b.l[i]);
        return r;
    }
    // a - b + 8p: b may be a lazy sum of up to four carried elements
    [[gnu::always_inline]] static inline FeLanes sub_lazy(const FeLanes& a, const FeLanes& b) {
        FeLanes r;
        r.l[0] = V::sub(V::add(a.l[0], V::broadcast(8 * (kMask - 18))), b.l[0]);
        for (int i = 1; i < 5; ++i) r.l[i] = V::sub(V::add(a.l[i], V::broadcast(8 * kMask)), b.l[i]);
        return r;
    }
    [[gnu::always_inline]] static inline FeLanes add(const FeLanes& a, const FeLanes& b) {
        return carry(add_lazy(a, b));
    }
    [[gnu::always_inline]] static inline FeLanes sub(const FeLanes& a, const FeLanes& b) {
        return carry(sub_lazy(a, b));
    }
    [[gnu::always_inline]] static inline FeLanes neg(const FeLanes& a) { return sub(small(0), a); }

    [[gnu::always_inline]] static inline FeLanes mul(const FeLanes& a, const FeLanes& b) {
        if constexpr (V::out_of_line)
            return mul_call(a, b);
        else
            return mul_body(a, b);
    }
    [[gnu::always_inline]] static inline FeLanes square(const FeLanes& a) {
        if constexpr (V::out_of_line)
            return square_call(a);
        else
            return square_body(a);
    }

    [[gnu::always_inline]] static inline FeLanes select(Mask m, const FeLanes& on, const FeLanes& off) {
        FeLanes r;
        for (int i = 0; i < 5; ++i) r.l[i] = V::select(m, on.l[i], off.l[i]);
        return r;
    }

    // The canonical representative, limbs below 2^51. Carried input is below 2p: q is 1 exactly when it is >=
    // p.
    [[gnu::always_inline]] static inline FeLanes reduce(const FeLanes& x) {
        FeLanes a = carry(x);
        V q = V::template shr<51>(V::add(a.l[0], V::broadcast(19)));
        for (int i = 1; i < 5; ++i) q = V::template shr<51>(V::add(a.l[i], q));
        a.l[0] = V::madd_lo(a.l[0], q, V::broadcast(19));
        for (int i = 0; i < 5; ++i) {
            if (i < 4) a.l[i + 1] = V::add(a.l[i + 1], V::template shr<51>(a.l[i]));
            a.l[i] = V::bit_and(a.l[i], V::broadcast(kMask));
        }
        return a;
    }
    [[gnu::always_inline]] static inline Mask canonical_is_zero(const FeLanes& a) {
        return V::is_zero(V::bit_or(V::bit_or(V::bit_or(a.l[0], a.l[1]), V::bit_or(a.l[2], a.l[3])), a.l[4]));
    }
    [[gnu::always_inline]] static inline Mask is_zero(const FeLanes& a) {
        return canonical_is_zero(reduce(a));
    }
    [[gnu::always_inline]] static inline Mask equal(const FeLanes& a, const FeLanes& b) {
        return is_zero(sub(a, b));
    }
    // "Negative" is odd, RFC 9496 section 4.1.
    [[gnu::always_inline]] static inline Mask is_negative(const FeLanes& a) {
        const V one = V::broadcast(1);
        return V::equal(V::bit_and(reduce(a).l[0], one), one);
    }

    // 32-byte strings, one per lane, as four rows of eight words
    [[gnu::always_inline]] static inline FeLanes from_words(const uint64_t (*w)[8], int /*lane*/) {
        const V m = V::broadcast(kMask);
        const V a = V::load(w[0]), b = V::load(w[1]), c = V::load(w[2]), d = V::load(w[3]);
        FeLanes r;
        r.l[0] = V::bit_and(a, m);
        r.l[1] = V::bit_and(V::bit_or(V::template shr<51>(a), V::template shl<13>(b)), m);
        r.l[2] = V::bit_and(V::bit_or(V::template shr<38>(b), V::template shl<26>(c)), m);
        r.l[3] = V::bit_and(V::bit_or(V::template shr<25>(c), V::template shl<39>(d)), m);
        r.l[4] = V::bit_and(V::template shr<12>(d), m);
        return r;
    }
    [[gnu::always_inline]] inline void to_words(uint64_t (*w)[8], int /*lane*/) const {
        const FeLanes r = reduce(*this);
        V::store(w[0], V::bit_or(r.l[0], V::template shl<51>(r.l[1])));
        V::store(w[1], V::bit_or(V::template shr<13>(r.l[1]), V::template shl<38>(r.l[2])));
        V::store(w[2], V::bit_or(V::template shr<26>(r.l[2]), V::template shl<25>(r.l[3])));
        V::store(w[3], V::bit_or(V::template shr<39>(r.l[3]), V::template shl<12>(r.l[4])));
    }

    // Entry `index` of a secret-indexed table [15 limbs][16 entries] at limb row `row`
    [[gnu::always_inline]] static inline FeLanes lookup(const uint64_t* table, int row, Int index) {
        FeLanes r;
        for (int i = 0; i < 5; ++i) r.l[i] = V::lookup16(table + 16 * (row + i), index);
        return r;
    }

    // Column k of the product gathers lo(a_i b_j), i + j = k, and twice hi(a_i b_j), i + j = k - 1 (2^52 = 2
    // * 2^51). Columns stay below 2^56; columns 5 to 9 come back times 19: below 2^61 in all.
    [[gnu::always_inline]] static inline FeLanes reduce_columns(const V (&c)[10]) {
        FeLanes r;
        if constexpr (V::verified)
            for (const V& column : c) V::require_below(column, uint64_t{1} << 56);
        for (int k = 0; k < 5; ++k) {
            const V h = c[k + 5];
            const V h19 = V::add(V::add(V::template shl<4>(h), V::template shl<1>(h)), h);
            r.l[k] = V::add(c[k], h19);
        }
        return carry(r);
    }

  private:
    static constexpr uint64_t kMask = (uint64_t{1} << 51) - 1;

    [[gnu::always_inline]] static inline void require_carried(const FeLanes& a) {
        for (const V& limb : a.l) V::require_below(limb, (uint64_t{1} << 51) + (uint64_t{1} << 15));
    }
    [[gnu::always_inline]] static inline FeLanes mul_body(const FeLanes& a, const FeLanes& b) {
        if constexpr (V::verified) require_carried(a), require_carried(b);
        V lo[9], hi[9], c[10];
        for (int k = 0; k < 9; ++k) lo[k] = hi[k] = V::broadcast(0);
        for (int i = 0; i < 5; ++i)
            for (int j = 0; j < 5; ++j) {
                lo[i + j] = V::madd_lo(lo[i + j], a.l[i], b.l[j]);
                hi[i + j] = V::madd_hi(hi[i + j], a.l[i], b.l[j]);
            }
        c[0] = lo[0];
        for (int k = 1; k < 9; ++k) c[k] = V::add(lo[k], V::template shl<1>(hi[k - 1]));
        c[9] = V::template shl<1>(hi[8]);
        return reduce_columns(c);
    }
    // Off-diagonal products once, doubled at the end: 30 multiply-adds instead of 50.
    [[gnu::always_inline]] static inline FeLanes square_body(const FeLanes& a) {
        if constexpr (V::verified) require_carried(a);
        V lo[9], hi[9], c[10];
        for (int k = 0; k < 9; ++k) lo[k] = hi[k] = V::broadcast(0);
        for (int i = 0; i < 5; ++i)
            for (int j = i + 1; j < 5; ++j) {
                lo[i + j] = V::madd_lo(lo[i + j], a.l[i], a.l[j]);
                hi[i + j] = V::madd_hi(hi[i + j], a.l[i], a.l[j]);
            }
        for (int k = 1; k < 8; ++k) {
            lo[k] = V::template shl<1>(lo[k]);
            hi[k] = V::template shl<1>(hi[k]);
        }
        for (int i = 0; i < 5; ++i) {
            lo[2 * i] = V::madd_lo(lo[2 * i], a.l[i], a.l[i]);
            hi[2 * i] = V::madd_hi(hi[2 * i], a.l[i], a.l[i]);
        }
        c[0] = lo[0];
        for (int k = 1; k < 9; ++k) c[k] = V::add(lo[k], V::template shl<1>(hi[k - 1]));
        c[9] = V::template shl<1>(hi[8]);
        return reduce_columns(c);
    }
    [[gnu::noinline]] static FeLanes mul_call(const FeLanes& a, const FeLanes& b) { return mul_body(a, b); }
    [[gnu::noinline]] static FeLanes square_call(const FeLanes& a) { return square_body(a); }
};

}  // namespace pyfe::field
