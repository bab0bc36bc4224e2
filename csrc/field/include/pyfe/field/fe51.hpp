// GF(2^255 - 19), one element, radix 2^51, five limbs, 64 x 64 -> 128 bit products: the portable twin of
// FeLanes, under the same interface with one lane. Included by portable files only.
//
// Bounds. Products take limbs below 2^54 and return limbs below 2^51 + 2^13. Sums are not carried (two
// carried elements stay below 2^53); differences are. A PYFE_VERIFY build, that of a test, checks it on the
// values; it has another name, so that the linker keeps its functions and those of the kernels apart.
#pragma once
#include <cstddef>
#include <cstdint>
#ifdef PYFE_VERIFY
#include <cstdlib>
#endif

#include "pyfe/base/ct.hpp"

namespace pyfe::field {

struct ScalarLane {
    using Mask = uint64_t;  // all ones or zero
    uint64_t v;
    static ScalarLane broadcast(uint64_t c) { return {c}; }
    static ScalarLane load_bytes(const uint8_t* p) { return {*p}; }
    static ScalarLane add(ScalarLane a, ScalarLane b) { return {a.v + b.v}; }
    static ScalarLane sub(ScalarLane a, ScalarLane b) { return {a.v - b.v}; }
    static ScalarLane bit_and(ScalarLane a, ScalarLane b) { return {a.v & b.v}; }
    static ScalarLane bit_xor(ScalarLane a, ScalarLane b) { return {a.v ^ b.v}; }
    static ScalarLane bit_or(ScalarLane a, ScalarLane b) { return {a.v | b.v}; }
    template <int K>
    static ScalarLane shl(ScalarLane a) {
        return {a.v << K};
    }
    template <int K>
    static ScalarLane shr(ScalarLane a) {
        return {a.v >> K};
    }
    static Mask is_zero(ScalarLane a) { return ~mask_nonzero(a.v); }
    static Mask equal(ScalarLane a, ScalarLane b) { return mask_eq(a.v, b.v); }
    static Mask mask_and(Mask a, Mask b) { return a & b; }
    static Mask mask_or(Mask a, Mask b) { return a | b; }
    static Mask mask_xor(Mask a, Mask b) { return a ^ b; }
    static Mask mask_not(Mask a) { return ~a; }
    static Mask mask_all(bool on) { return mask_from_bit(on); }
    static uint8_t mask_bits(Mask m) { return static_cast<uint8_t>(m & 1); }
    static Mask mask_from_bits(uint8_t bits) { return mask_from_bit(bits & 1u); }
};

#ifdef PYFE_VERIFY
inline namespace verified {
#endif

struct Fe51 {
    using Lane = ScalarLane;
    using Mask = uint64_t;
    using Int = ScalarLane;
    static constexpr int lanes = 1;
    static constexpr bool wide = false;
    static constexpr int fixed_window = 4;  // eight odd multiples, read in full under a mask

    uint64_t l[5];

    static Fe51 load(const uint64_t (*p)[8], int lane) {
        return {{p[0][lane], p[1][lane], p[2][lane], p[3][lane], p[4][lane]}};
    }
    void store(uint64_t (*p)[8], int lane) const {
        for (int i = 0; i < 5; ++i) p[i][lane] = l[i];
    }
    static Fe51 broadcast(const uint64_t* c) { return {{c[0], c[1], c[2], c[3], c[4]}}; }
    static Fe51 small(uint64_t c) { return {{c, 0, 0, 0, 0}}; }

    static Fe51 carry(const Fe51& a) {
        Fe51 r;
        r.l[0] = (a.l[0] & kMask) + 19 * (a.l[4] >> 51);
        for (int i = 1; i < 5; ++i) r.l[i] = (a.l[i] & kMask) + (a.l[i - 1] >> 51);
        return r;
    }
    static Fe51 add_lazy(const Fe51& a, const Fe51& b) {
        Fe51 r;
        for (int i = 0; i < 5; ++i) r.l[i] = a.l[i] + b.l[i];
        return r;
    }
    // a - b + 32p: b may have limbs below 2^55
    static Fe51 sub_lazy(const Fe51& a, const Fe51& b) {
        require_below(b, uint64_t{1} << 55);
        Fe51 r;
        r.l[0] = a.l[0] + 32 * (kMask - 18) - b.l[0];
        for (int i = 1; i < 5; ++i) r.l[i] = a.l[i] + 32 * kMask - b.l[i];
        return r;
    }
    static Fe51 add(const Fe51& a, const Fe51& b) { return add_lazy(a, b); }
    static Fe51 sub(const Fe51& a, const Fe51& b) { return carry(sub_lazy(a, b)); }
    static Fe51 neg(const Fe51& a) { return sub(small(0), a); }

    static Fe51 mul(const Fe51& a, const Fe51& b) {
        using u128 = unsigned __int128;
        require_below(a, kFactor), require_below(b, kFactor);
        const uint64_t b1 = 19 * b.l[1], b2 = 19 * b.l[2], b3 = 19 * b.l[3], b4 = 19 * b.l[4];
        const u128 c0 = u128(a.l[0]) * b.l[0] + u128(a.l[1]) * b4 + u128(a.l[2]) * b3 + u128(a.l[3]) * b2 +
                        u128(a.l[4]) * b1;
        const u128 c1 = u128(a.l[0]) * b.l[1] + u128(a.l[1]) * b.l[0] + u128(a.l[2]) * b4 +
                        u128(a.l[3]) * b3 + u128(a.l[4]) * b2;
        const u128 c2 = u128(a.l[0]) * b.l[2] + u128(a.l[1]) * b.l[1] + u128(a.l[2]) * b.l[0] +
                        u128(a.l[3]) * b4 + u128(a.l[4]) * b3;
        const u128 c3 = u128(a.l[0]) * b.l[3] + u128(a.l[1]) * b.l[2] + u128(a.l[2]) * b.l[1] +
                        u128(a.l[3]) * b.l[0] + u128(a.l[4]) * b4;
        const u128 c4 = u128(a.l[0]) * b.l[4] + u128(a.l[1]) * b.l[3] + u128(a.l[2]) * b.l[2] +
                        u128(a.l[3]) * b.l[1] + u128(a.l[4]) * b.l[0];
        return carry_wide(c0, c1, c2, c3, c4);
    }
    static Fe51 square(const Fe51& a) {
        using u128 = unsigned __int128;
        require_below(a, kFactor);
        const uint64_t a0 = 2 * a.l[0], a1 = 2 * a.l[1], a3 = 19 * a.l[3], a4 = 19 * a.l[4];
        const u128 c0 = u128(a.l[0]) * a.l[0] + u128(a1) * a4 + u128(2 * a.l[2]) * a3;
        const u128 c1 = u128(a0) * a.l[1] + u128(2 * a.l[2]) * a4 + u128(a.l[3]) * a3;
        const u128 c2 = u128(a0) * a.l[2] + u128(a.l[1]) * a.l[1] + u128(2 * a.l[3]) * a4;
        const u128 c3 = u128(a0) * a.l[3] + u128(a1) * a.l[2] + u128(a.l[4]) * a4;
        const u128 c4 = u128(a0) * a.l[4] + u128(a1) * a.l[3] + u128(a.l[2]) * a.l[2];
        return carry_wide(c0, c1, c2, c3, c4);
    }

    static Fe51 select(Mask m, const Fe51& on, const Fe51& off) {
        Fe51 r;
        for (int i = 0; i < 5; ++i) r.l[i] = pyfe::select(m, on.l[i], off.l[i]);
        return r;
    }

    static Fe51 reduce(const Fe51& x) {
        Fe51 a = carry(x);
        uint64_t q = (a.l[0] + 19) >> 51;
        for (int i = 1; i < 5; ++i) q = (a.l[i] + q) >> 51;
        a.l[0] += 19 * q;
        for (int i = 0; i < 4; ++i) {
            a.l[i + 1] += a.l[i] >> 51;
            a.l[i] &= kMask;
        }
        a.l[4] &= kMask;
        return a;
    }
    static Mask canonical_is_zero(const Fe51& a) {
        return ~mask_nonzero(a.l[0] | a.l[1] | a.l[2] | a.l[3] | a.l[4]);
    }
    static Mask is_zero(const Fe51& a) { return canonical_is_zero(reduce(a)); }
    static Mask equal(const Fe51& a, const Fe51& b) { return is_zero(sub(a, b)); }
    static Mask is_negative(const Fe51& a) { return mask_from_bit(reduce(a).l[0] & 1); }

    static Fe51 from_words(const uint64_t (*w)[8], int lane) {
        const uint64_t a = w[0][lane], b = w[1][lane], c = w[2][lane], d = w[3][lane];
        return {{a & kMask, (a >> 51 | b << 13) & kMask, (b >> 38 | c << 26) & kMask,
                 (c >> 25 | d << 39) & kMask, (d >> 12) & kMask}};
    }
    void to_words(uint64_t (*w)[8], int lane) const {
        const Fe51 r = reduce(*this);
        w[0][lane] = r.l[0] | r.l[1] << 51;
        w[1][lane] = r.l[1] >> 13 | r.l[2] << 38;
        w[2][lane] = r.l[2] >> 26 | r.l[3] << 25;
        w[3][lane] = r.l[3] >> 39 | r.l[4] << 12;
    }

    // Entry `index` of a secret-indexed table [15 limbs][8 entries] at limb row `row`: every entry is read.
    static Fe51 lookup(const uint64_t* table, int row, Int index) {
        uint64_t mask[8];
        for (uint64_t e = 0; e < 8; ++e) mask[e] = mask_eq(e, index.v);
        Fe51 r;
        for (int i = 0; i < 5; ++i) {
            const uint64_t* entry = table + 8 * (row + i);
            uint64_t word = 0;
            for (int e = 0; e < 8; ++e) word |= entry[e] & mask[e];
            r.l[i] = word;
        }
        return r;
    }

    // Columns of a product, those above 2^255 folded in: column k has 1 + k products of limbs, and 19 times 4
    // - k of them. 19 times what the topmost carries out, c4 / 2^51 < 5 2^57 + 2^13, must stay below 2^64.
    static Fe51 carry_wide(unsigned __int128 c0, unsigned __int128 c1, unsigned __int128 c2,
                           unsigned __int128 c3, unsigned __int128 c4) {
        require_column(c0, 77), require_column(c1, 59), require_column(c2, 41), require_column(c3, 23);
        require_column(c4, 5);
        Fe51 r;
        c1 += static_cast<uint64_t>(c0 >> 51);
        r.l[0] = static_cast<uint64_t>(c0) & kMask;
        c2 += static_cast<uint64_t>(c1 >> 51);
        r.l[1] = static_cast<uint64_t>(c1) & kMask;
        c3 += static_cast<uint64_t>(c2 >> 51);
        r.l[2] = static_cast<uint64_t>(c2) & kMask;
        c4 += static_cast<uint64_t>(c3 >> 51);
        r.l[3] = static_cast<uint64_t>(c3) & kMask;
        r.l[4] = static_cast<uint64_t>(c4) & kMask;
        r.l[0] += 19 * static_cast<uint64_t>(c4 >> 51);
        r.l[1] += r.l[0] >> 51;
        r.l[0] &= kMask;
        require_below(r, (uint64_t{1} << 51) + (uint64_t{1} << 13));
        return r;
    }

  private:
    static constexpr uint64_t kMask = (uint64_t{1} << 51) - 1;
    static constexpr uint64_t kFactor = uint64_t{1} << 54;

    static void require_column([[maybe_unused]] unsigned __int128 c, [[maybe_unused]] unsigned products) {
#ifdef PYFE_VERIFY
        if (c > products * (static_cast<unsigned __int128>(kFactor - 1) * (kFactor - 1))) std::abort();
#endif
    }
    static void require_below([[maybe_unused]] const Fe51& a, [[maybe_unused]] uint64_t bound) {
#ifdef PYFE_VERIFY
        for (const uint64_t limb : a.l)
            if (limb >= bound) std::abort();
#endif
    }
};

#ifdef PYFE_VERIFY
}  // namespace verified
#endif

}  // namespace pyfe::field
