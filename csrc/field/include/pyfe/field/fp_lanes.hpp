// The base field of BLS12-381 in eight lanes: one element per lane, radix 2^50, eight limbs, Montgomery form
// with R = 2^400. A template on the lane type V (Avx512 or the emulated Lanes).
//
// Bounds. "Carried" limbs 0 to 6 lie below 2^50 + 2^14, and every function but add_lazy returns carried ones.
// The value is below m p, m being its magnitude. R > 2^19.29 p, so a sum of products with magnitudes
// sum m1 m2 <= 2^17, reduced by Columns below, comes out below
//     m1 m2 p^2 / R + 2^-16 p + p < 1.21 p:
// no final subtraction is ever needed. Magnitudes: 2 for mul and square, 3 for reduce, 4 for weak and for
// what comes from memory; sums add, sub<K> takes a subtrahend below K and adds K. In a PYFE_VERIFY build
// every element carries its magnitude, and a function that meets a larger one than it can bear aborts; so
// does one that meets limbs or columns beyond the bounds stated here, whatever was declared of them.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/constants381.hpp"
#ifdef PYFE_VERIFY
#include <cstdlib>
#endif

namespace pyfe::field::bls12_381 {

template <class V>
struct FpLanes {
    using Lane = V;
    using Mask = typename V::Mask;
    using Int = V;
    static constexpr int lanes = 8;
    static constexpr bool wide = true;
    static constexpr int rows = 8;  // of a stored element

    V l[8];
#ifdef PYFE_VERIFY
    unsigned magnitude = 1;
#endif

    // A sum of products before its reduction, signed. The column of weight 2^(50 k) of one product is below
    // kColumn: eight low halves below 2^52 and, fourfold, eight high halves below 2^50.01. reduce() bears
    // kMostSummed of them, columns below 2^60.9.
    static constexpr int64_t kColumn = (int64_t{1} << 56) + (int64_t{1} << 49);
    static constexpr unsigned kMostSummed = 28;
    struct Wide {
        V c[16];
#ifdef PYFE_VERIFY
        unsigned magnitude = 0, products = 1;
#endif
        [[gnu::always_inline]] friend inline Wide operator+(const Wide& a, const Wide& b) {
            Wide r;
            for (int k = 0; k < 16; ++k) r.c[k] = V::add(a.c[k], b.c[k]);
            count(r, a, b);
            return r;
        }
        [[gnu::always_inline]] friend inline Wide operator-(const Wide& a, const Wide& b) {
            Wide r;
            for (int k = 0; k < 16; ++k) r.c[k] = V::sub(a.c[k], b.c[k]);
            count(r, a, b);
            return r;
        }

      private:
        [[gnu::always_inline]] static inline void count([[maybe_unused]] Wide& r,
                                                        [[maybe_unused]] const Wide& a,
                                                        [[maybe_unused]] const Wide& b) {
#ifdef PYFE_VERIFY
            r.magnitude = a.magnitude + b.magnitude;
            r.products = a.products + b.products;
#endif
        }
    };

    [[gnu::always_inline]] static inline FpLanes load(const uint64_t (*p)[8], int /*lane*/) {
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::load(p[i]);
        set_magnitude(r, 4);
        if constexpr (V::verified) require_carried(r);
        return r;
    }
    [[gnu::always_inline]] inline void store(uint64_t (*p)[8], int /*lane*/) const {
        require(magnitude_of(*this) <= 4);
        for (int i = 0; i < 8; ++i) V::store(p[i], l[i]);
    }
    // Rows of eight words, one an element: row[j] + offset is lane j's
    [[gnu::always_inline]] static inline FpLanes load_rows(const uint64_t* const* row, size_t offset) {
        FpLanes r;
        for (int j = 0; j < 8; ++j) r.l[j] = V::load(row[j] + offset);
        V::transpose(r.l);
        set_magnitude(r, 4);
        return r;
    }
    [[gnu::always_inline]] inline void store_rows(uint64_t* const* row, size_t offset) const {
        require(magnitude_of(*this) <= 4);
        FpLanes r = *this;
        V::transpose(r.l);
        for (int j = 0; j < 8; ++j) V::store(row[j] + offset, r.l[j]);
    }
    // Lane j gets lane j + K, modulo eight
    template <int K>
    [[gnu::always_inline]] static inline FpLanes rotate(const FpLanes& a) {
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::template rotate<K>(a.l[i]);
        set_magnitude(r, magnitude_of(a));
        return r;
    }
    // Per lane, entry index of a table of as many columns; magnitude at most 4. Constant-time.
    template <int Entries>
    [[gnu::always_inline]] static inline FpLanes lookup(const uint64_t (*table)[Entries], const V& index) {
        static_assert(Entries % 16 == 0);
        const V low = V::bit_and(index, V::broadcast(15)), high = V::template shr<4>(index);
        FpLanes r;
        for (int i = 0; i < 8; ++i) {
            r.l[i] = V::lookup16(table[i], low);
            for (int h = 1; h < Entries / 16; ++h)
                r.l[i] = V::select(V::equal(high, V::broadcast(uint64_t(h))),
                                   V::lookup16(table[i] + 16 * h, low), r.l[i]);
        }
        set_magnitude(r, 4);
        return r;
    }
    [[gnu::always_inline]] static inline FpLanes constant(const FpConstant& c,
                                                          [[maybe_unused]] unsigned magnitude = 1) {
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::broadcast(c.lane[i]);
        set_magnitude(r, magnitude);
        return r;
    }
    [[gnu::always_inline]] static inline FpLanes zero() {
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::broadcast(0);
        return r;
    }
    [[gnu::always_inline]] static inline FpLanes one() { return constant(kFpOne); }

    // Limbs below 2^51 + 2^15: may be multiplied, not squared or added again
    [[gnu::always_inline]] static inline FpLanes add_lazy(const FpLanes& a, const FpLanes& b) {
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::add(a.l[i], b.l[i]);
        set_magnitude(r, magnitude_of(a) + magnitude_of(b));
        return r;
    }
    [[gnu::always_inline]] static inline FpLanes add(const FpLanes& a, const FpLanes& b) {
        return carry(add_lazy(a, b));
    }
    // a - b + K p
    template <int K>
    [[gnu::always_inline]] static inline FpLanes sub(const FpLanes& a, const FpLanes& b) {
        return carried<K>(Sum(a) - b);
    }

    // A sum of elements, some with a minus, before its carry: limbs are signed.
    struct Sum {
        V l[8];
#ifdef PYFE_VERIFY
        unsigned added = 0, taken = 0, terms = 0;
#endif
        [[gnu::always_inline]] inline Sum() = default;
        [[gnu::always_inline]] inline Sum(const FpLanes& a) {
            for (int i = 0; i < 8; ++i) l[i] = a.l[i];
#ifdef PYFE_VERIFY
            added = a.magnitude, terms = 1;
#endif
        }
        [[gnu::always_inline]] friend inline Sum operator+(const Sum& a, const Sum& b) {
            Sum r;
            for (int i = 0; i < 8; ++i) r.l[i] = V::add(a.l[i], b.l[i]);
#ifdef PYFE_VERIFY
            r.added = a.added + b.added, r.taken = a.taken + b.taken, r.terms = a.terms + b.terms;
#endif
            return r;
        }
        [[gnu::always_inline]] friend inline Sum operator-(const Sum& a, const Sum& b) {
            Sum r;
            for (int i = 0; i < 8; ++i) r.l[i] = V::sub(a.l[i], b.l[i]);
#ifdef PYFE_VERIFY
            r.added = a.added + b.taken, r.taken = a.taken + b.added, r.terms = a.terms + b.terms;
#endif
            return r;
        }
    };
    // s + K p, K above the magnitude of what was taken off
    template <int K>
    [[gnu::always_inline]] static inline FpLanes carried(const Sum& s) {
        return carry(lent<K>(s));
    }
    // The same value modulo p, below 4p
    template <int K>
    [[gnu::always_inline]] static inline FpLanes weak(const Sum& s) {
        return weak(lent<K>(s));
    }

    template <int K>
    [[gnu::always_inline]] static inline FpLanes neg(const FpLanes& a) {
        return sub<K>(zero(), a);
    }
    [[gnu::always_inline]] static inline FpLanes times3(const FpLanes& a) { return add_lazy_carry(a, 1, 0); }
    [[gnu::always_inline]] static inline FpLanes times12(const FpLanes& a) { return add_lazy_carry(a, 3, 2); }

    [[gnu::noinline]] static FpLanes mul(const FpLanes& a, const FpLanes& b) {
        require(magnitude_of(a) * magnitude_of(b) <= kMostProducts);
        Columns c;
        c.add_row(0, a.l[0], b.l);
#pragma GCC unroll 8
        for (int i = 1; i < 8; ++i) {
            c.add_row(1, a.l[i], b.l);
            c.fold();
        }
        return c.finish();
    }
    // Row i multiplies a_i by a_i and by twice the limbs above it, all of which lie at or above column i.
    [[gnu::noinline]] static FpLanes square(const FpLanes& a) {
        require(magnitude_of(a) * magnitude_of(a) <= kMostProducts);
        V from_i[8];
        for (int j = 0; j < 8; ++j) from_i[j] = V::add(a.l[j], a.l[j]);
        from_i[0] = a.l[0];
        Columns c;
        c.add_row(0, a.l[0], from_i);
#pragma GCC unroll 8
        for (int i = 1; i < 8; ++i) {
            from_i[i] = a.l[i];
            c.add_row(1, a.l[i], from_i, i);
            c.fold();
        }
        return c.finish();
    }

    // The product in columns: the high halves first, which count four times, then the low ones on top of
    // them. Either set of columns stays in registers.
    [[gnu::always_inline]] static inline Wide product(const FpLanes& a, const FpLanes& b) {
        Wide r;
        for (int k = 0; k < 16; ++k) r.c[k] = V::broadcast(0);
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < 8; ++j) r.c[i + j + 1] = V::madd_hi(r.c[i + j + 1], a.l[i], b.l[j]);
        for (int k = 1; k < 16; ++k) r.c[k] = V::template shl<2>(r.c[k]);
#pragma GCC unroll 8
        for (int i = 0; i < 8; ++i)
            for (int j = 0; j < 8; ++j) r.c[i + j] = V::madd_lo(r.c[i + j], a.l[i], b.l[j]);
        set_magnitude(r, magnitude_of(a) * magnitude_of(b));
        return r;
    }
    // The sum of a(k) b(k), k < N, of carried elements, likewise: columns below N 2^55.4
    template <int N, class A, class B>
    [[gnu::always_inline]] static inline Wide sum_of_products(A a, B b) {
        static_assert(N <= 7);
        Wide r;
#ifdef PYFE_VERIFY
        r.products = N;
#endif
        for (int k = 0; k < 16; ++k) r.c[k] = V::broadcast(0);
#pragma GCC unroll 1
        for (int n = 0; n < N; ++n) {
            const FpLanes x = a(n), y = b(n);
            for (int i = 0; i < 8; ++i)
                for (int j = 0; j < 8; ++j) r.c[i + j + 1] = V::madd_hi(r.c[i + j + 1], x.l[i], y.l[j]);
            set_magnitude(r, magnitude_of(r) + magnitude_of(x) * magnitude_of(y));
        }
        for (int k = 1; k < 16; ++k) r.c[k] = V::template shl<2>(r.c[k]);
#pragma GCC unroll 1
        for (int n = 0; n < N; ++n) {
            const FpLanes x = a(n), y = b(n);
            for (int i = 0; i < 8; ++i)
                for (int j = 0; j < 8; ++j) r.c[i + j] = V::madd_lo(r.c[i + j], x.l[i], y.l[j]);
        }
        return r;
    }
    // w / R + p: positive for every w above -2^17 p^2. The columns are signed until p is added in limbs of
    // 2^61.
    [[gnu::always_inline]] static inline FpLanes reduce(const Wide& w) {
        require(magnitude_of(w) <= kMostProducts);
#ifdef PYFE_VERIFY
        require(w.products <= kMostSummed);
        if constexpr (V::verified)
            for (const V& c : w.c) V::require_within(c, int64_t(w.products) * kColumn);
#endif
        Columns c;
        for (int j = 0; j < 9; ++j) c.lo[j] = V::add(c.lo[j], w.c[j]);
#pragma GCC unroll 8
        for (int i = 9; i < 16; ++i) c.fold(w.c[i]);
        return c.finish(kLend61);
    }
    // The same value modulo p, below 4p: takes off floor(value / p), or one less, and adds p back in limbs of
    // 2^61. Limbs need not be carried: what lies above 2^50 in limb 6 is too little to matter to the
    // quotient.
    [[gnu::always_inline]] static inline FpLanes weak(const FpLanes& a) {
        require(magnitude_of(a) <= 1024);
        const V zero = V::broadcast(0), q = V::madd_hi(zero, a.l[7], V::broadcast(kQuotient));
        FpLanes r;
        V up = zero;
        for (int j = 0; j < 8; ++j) {
            const V p = V::broadcast(kPLane[j]);
            r.l[j] = V::sub(V::add(a.l[j], V::broadcast(kLend61[j])), V::madd_lo(up, q, p));
            up = V::template shl<2>(V::madd_hi(zero, q, p));
        }
        set_magnitude(r, 4);
        return carry(r);
    }

    [[gnu::always_inline]] static inline FpLanes select(Mask m, const FpLanes& on, const FpLanes& off) {
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::select(m, on.l[i], off.l[i]);
        set_magnitude(r, magnitude_of(on) > magnitude_of(off) ? magnitude_of(on) : magnitude_of(off));
        return r;
    }
    [[gnu::always_inline]] static inline Mask is_zero(const FpLanes& a) {
        const FpLanes c = out_of_montgomery(a);
        V any = c.l[0];
        for (int i = 1; i < 8; ++i) any = V::bit_or(any, c.l[i]);
        return V::is_zero(any);
    }
    // Of the canonical integer
    [[gnu::always_inline]] static inline Mask is_odd(const FpLanes& a) {
        return V::mask_not(V::is_zero(V::bit_and(out_of_montgomery(a).l[0], V::broadcast(1))));
    }
    [[gnu::always_inline]] static inline Mask equal(const FpLanes& a, const FpLanes& b) {
        return is_zero(sub<128>(a, b));
    }

    // Integers below 2^384, one per lane, as six rows of eight 64-bit words
    [[gnu::always_inline]] static inline FpLanes from_words(const uint64_t (*w)[8], int /*lane*/) {
        const V mask = V::broadcast(kMask);
        V x[6];
        for (int i = 0; i < 6; ++i) x[i] = V::load(w[i]);
        FpLanes r;
        r.l[0] = V::bit_and(x[0], mask);
        r.l[1] = V::bit_and(V::bit_or(V::template shr<50>(x[0]), V::template shl<14>(x[1])), mask);
        r.l[2] = V::bit_and(V::bit_or(V::template shr<36>(x[1]), V::template shl<28>(x[2])), mask);
        r.l[3] = V::bit_and(V::bit_or(V::template shr<22>(x[2]), V::template shl<42>(x[3])), mask);
        r.l[4] = V::bit_and(V::template shr<8>(x[3]), mask);
        r.l[5] = V::bit_and(V::bit_or(V::template shr<58>(x[3]), V::template shl<6>(x[4])), mask);
        r.l[6] = V::bit_and(V::bit_or(V::template shr<44>(x[4]), V::template shl<20>(x[5])), mask);
        r.l[7] = V::template shr<30>(x[5]);
        set_magnitude(r, 10);  // 2^384 < 10 p
        return mul(r, constant(kRSquared));
    }
    // The canonical integer, below p
    [[gnu::always_inline]] inline void to_words(uint64_t (*w)[8], int /*lane*/) const {
        const FpLanes r = out_of_montgomery(*this);
        const V* x = r.l;
        V::store(w[0], V::bit_or(x[0], V::template shl<50>(x[1])));
        V::store(w[1], V::bit_or(V::template shr<14>(x[1]), V::template shl<36>(x[2])));
        V::store(w[2], V::bit_or(V::template shr<28>(x[2]), V::template shl<22>(x[3])));
        V::store(w[3], V::bit_or(V::bit_or(V::template shr<42>(x[3]), V::template shl<8>(x[4])),
                                 V::template shl<58>(x[5])));
        V::store(w[4], V::bit_or(V::template shr<6>(x[5]), V::template shl<44>(x[6])));
        V::store(w[5], V::bit_or(V::template shr<20>(x[6]), V::template shl<30>(x[7])));
    }

  private:
    static constexpr uint64_t kMask = (uint64_t{1} << 50) - 1;
    static constexpr unsigned kMostProducts = 1u << 17;
    static constexpr unsigned kMostTerms = 30;  // at most half of them taken off

#ifdef PYFE_VERIFY
    template <class T>
    static unsigned magnitude_of(const T& a) {
        return a.magnitude;
    }
    template <class T>
    static void set_magnitude(T& a, unsigned magnitude) {
        a.magnitude = magnitude;
    }
    static void require(bool bounded) {
        if (!bounded) std::abort();
    }
#else
    template <class T>
    [[gnu::always_inline]] static inline unsigned magnitude_of(const T&) {
        return 1;
    }
    template <class T>
    [[gnu::always_inline]] static inline void set_magnitude(T&, unsigned) {}
    [[gnu::always_inline]] static inline void require(bool) {}
#endif

    // A value below m p has no more than m (floor(p / 2^350) + 1) in its top limb.
    [[gnu::always_inline]] static inline void require_carried(const FpLanes& a) {
        for (int i = 0; i < 7; ++i) V::require_below(a.l[i], (uint64_t{1} << 50) + (uint64_t{1} << 14));
        V::require_below(a.l[7], magnitude_of(a) * (kPLane[7] + 1));
    }
    // With limbs made positive, below 2^56
    template <int K>
    [[gnu::always_inline]] static inline FpLanes lent(const Sum& s) {
        static_assert(K == 4 || K == 8 || K == 16 || K == 32 || K == 64 || K == 128);
        constexpr int row = K == 4 ? 0 : K == 8 ? 1 : K == 16 ? 2 : K == 32 ? 3 : K == 64 ? 4 : 5;
        FpLanes r;
        for (int i = 0; i < 8; ++i) r.l[i] = V::add(s.l[i], V::broadcast(kLend54[row][i]));
#ifdef PYFE_VERIFY
        require(s.taken < K && s.terms <= kMostTerms);
        r.magnitude = s.added + K;
#endif
        return r;
    }
    // One parallel pass: limbs below 2^63 become carried. The top limb keeps everything: values stay below
    // 2^400.
    [[gnu::always_inline]] static inline FpLanes carry(const FpLanes& a) {
        const V mask = V::broadcast(kMask);
        FpLanes r;
        set_magnitude(r, magnitude_of(a));
        if constexpr (V::verified)
            for (const V& limb : a.l)
                V::require_below(limb, uint64_t{1} << 63);  // signed ones are positive now
        r.l[0] = V::bit_and(a.l[0], mask);
        for (int i = 1; i < 7; ++i)
            r.l[i] = V::add(V::bit_and(a.l[i], mask), V::template shr<50>(a.l[i - 1]));
        r.l[7] = V::add(a.l[7], V::template shr<50>(a.l[6]));
        if constexpr (V::verified) require_carried(r);
        return r;
    }
    // 2^x + 2^y times a: (1, 0) or (3, 2)
    [[gnu::always_inline]] static inline FpLanes add_lazy_carry(const FpLanes& a, int x, int y) {
        FpLanes r;
        for (int i = 0; i < 8; ++i)
            r.l[i] = x == 1 ? V::add(V::template shl<1>(a.l[i]), a.l[i])
                            : V::add(V::template shl<3>(a.l[i]), V::template shl<2>(a.l[i]));
        set_magnitude(r, magnitude_of(a) * ((1u << x) + (1u << y)));
        return carry(r);
    }

    // Nine columns of a sum on its way through Montgomery's reduction: lo[j] has weight 2^(50 (i + j)), hi[j]
    // weight 2^(50 (i + j) + 52), `up` belongs to lo[0]; i columns are gone.
    //
    // With f = 1/p modulo 2^50 (34 bits), f p = 1 + 2^50 F: what the lowest column t needs to become a
    // multiple of 2^50 is m f p, m = -t modulo 2^50, and beyond that column m f p is m F. So no product has
    // to wait for another to find its factor (Orup, Simplifying quotient determination in high-radix modular
    // multiplication, ARITH 1995). Seven such steps add less than 2^350 f p; the eighth, with p itself,
    // divides that by another 2^50: less than 2^-16 p is left of it.
    //
    // Column 0 starts at -1, column 8 at 1: lo[0] + up = s = t - 1 throughout, so that m is s with its bits
    // turned and what goes up is floor(s / 2^50) = (t + m) / 2^50 - 1, the next column's s being 1 less as
    // well.
    struct Columns {
        V lo[9], hi[9], up = V::broadcast(0);

        [[gnu::always_inline]] inline Columns() {
            for (int j = 0; j < 9; ++j) lo[j] = hi[j] = V::broadcast(0);
            lo[0] = V::broadcast(~uint64_t{0}), lo[8] = V::broadcast(1);
        }
        // a times b[j], j >= from, at column j + at. A row comes before the fold of the column below it, so
        // that its products do not wait for that.
        [[gnu::always_inline]] inline void add_row(int at, const V& a, const V (&b)[8], int from = 0) {
            for (int j = from; j < 8; ++j) {
                lo[j + at] = V::madd_lo(lo[j + at], a, b[j]);
                hi[j + at] = V::madd_hi(hi[j + at], a, b[j]);
            }
        }
        // One column goes, `next` comes in at the top.
        [[gnu::always_inline]] inline void fold(V next = V::broadcast(0)) {
            if constexpr (V::verified) require_bits(), V::require_below(hi[0], uint64_t{1} << 60);
            const V s = V::add(lo[0], up), m = V::and_not(s, V::broadcast(kMask));
            up = V::add(V::template sar<50>(s), V::template shl<2>(hi[0]));
            for (int j = 0; j < 8; ++j) {
                const V f = V::broadcast(kFold[j]);
                lo[j] = V::madd_lo(lo[j + 1], m, f);
                hi[j] = V::madd_hi(hi[j + 1], m, f);
            }
            lo[8] = next, hi[8] = V::broadcast(0);
        }
        // The eighth column goes by q p, q = -t/p modulo 2^50. Then lo, hi and, if there is one, a constant
        // in limbs become limbs, and one carry pass.
        [[gnu::always_inline]] inline FpLanes finish(const uint64_t* plus = nullptr) {
            if constexpr (V::verified) require_bits();
            const V s = V::add(lo[0], up), n = V::broadcast(kNegInverseLane);
            const V q = V::bit_and(V::madd_lo(n, V::only52(s), n), V::broadcast(kMask));
            up = V::template sar<50>(V::madd_lo(s, q, V::broadcast(kPLane[0])));
            V high = V::madd_hi(hi[0], q, V::broadcast(kPLane[0]));
            FpLanes r;
            for (int j = 0; j < 8; ++j) {
                V low = j == 0 ? V::add(lo[1], up) : lo[j + 1];
                if (plus != nullptr) low = V::add(low, V::broadcast(plus[j]));
                if (j < 7) low = V::madd_lo(low, q, V::broadcast(kPLane[j + 1]));
                r.l[j] = V::add(low, V::template shl<2>(high));
                if (j < 7) high = V::madd_hi(hi[j + 1], q, V::broadcast(kPLane[j + 1]));
            }
            set_magnitude(r, plus == nullptr ? 2 : 3);
            return carry(r);
        }
        // Two columns that meet stay signed integers: reduce() lets in 28 products, folds add another 2^55.4.
        [[gnu::always_inline]] inline void require_bits() const {
            for (const V& column : lo) V::require_within(column, int64_t{1} << 61);
            V::require_within(up, int64_t{1} << 62);
        }
    };

    // a / R modulo p, canonical. The product with 1 is below 2p.
    [[gnu::always_inline]] static inline FpLanes out_of_montgomery(const FpLanes& a) {
        FpLanes one = zero();
        one.l[0] = V::broadcast(1);
        FpLanes r = mul(a, one), less = zero();
        for (int i = 0; i < 7; ++i) {
            r.l[i + 1] = V::add(r.l[i + 1], V::template shr<50>(r.l[i]));
            r.l[i] = V::bit_and(r.l[i], V::broadcast(kMask));
        }
        V borrow = V::broadcast(0);
        for (int i = 0; i < 8; ++i) {
            const V d = V::sub(V::sub(r.l[i], V::broadcast(kPLane[i])), borrow);
            borrow = V::template shr<63>(d);
            less.l[i] = i < 7 ? V::bit_and(d, V::broadcast(kMask)) : d;
        }
        return select(V::is_zero(borrow), less, r);
    }
};

}  // namespace pyfe::field::bls12_381
