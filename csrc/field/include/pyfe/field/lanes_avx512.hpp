// Eight 64-bit lanes in one AVX-512 register: the fast lane type. Included only by files compiled with the
// AVX-512 IFMA flags; every function is forced inline, so no copy of it can reach a portable object.
#pragma once
#include <immintrin.h>

#include <cstdint>

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::field::ifma {

struct Avx512 {
    using Mask = __mmask8;
#ifdef PYFE_SANITIZED
    static constexpr bool out_of_line = true;  // speed does not matter there, and compiling does
#else
    static constexpr bool out_of_line = false;  // multiplications are inlined: the register file holds them
#endif
    __m512i v;

    PYFE_INLINE Avx512 load(const uint64_t* p) { return {_mm512_loadu_si512(p)}; }
    PYFE_INLINE Avx512 load_bytes(const uint8_t* p) {
        return {_mm512_cvtepu8_epi64(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)))};
    }
    PYFE_INLINE void store(uint64_t* p, Avx512 a) { _mm512_storeu_si512(p, a.v); }
    PYFE_INLINE Avx512 broadcast(uint64_t c) { return {_mm512_set1_epi64(static_cast<long long>(c))}; }

    PYFE_INLINE Avx512 add(Avx512 a, Avx512 b) { return {_mm512_add_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 sub(Avx512 a, Avx512 b) { return {_mm512_sub_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_and(Avx512 a, Avx512 b) { return {_mm512_and_si512(a.v, b.v)}; }
    // b without the bits of a
    PYFE_INLINE Avx512 and_not(Avx512 a, Avx512 b) { return {_mm512_andnot_si512(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_xor(Avx512 a, Avx512 b) { return {_mm512_xor_si512(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_or(Avx512 a, Avx512 b) { return {_mm512_or_si512(a.v, b.v)}; }
    template <int K>
    PYFE_INLINE Avx512 shl(Avx512 a) {
        return {_mm512_slli_epi64(a.v, K)};
    }
    template <int K>
    PYFE_INLINE Avx512 shr(Avx512 a) {
        return {_mm512_srli_epi64(a.v, K)};
    }
    // Arithmetic: the sign bit comes in from the left
    template <int K>
    PYFE_INLINE Avx512 sar(Avx512 a) {
        return {_mm512_srai_epi64(a.v, K)};
    }
    static constexpr bool verified = false;
    // For an operand of which only the low 52 bits are meant: a multiply-add reads no others
    PYFE_INLINE Avx512 only52(Avx512 a) { return a; }
    // acc + the low (high) 52 bits of the 104-bit product of the low 52 bits of a and b
    PYFE_INLINE Avx512 madd_lo(Avx512 acc, Avx512 a, Avx512 b) {
        return {_mm512_madd52lo_epu64(acc.v, a.v, b.v)};
    }
    PYFE_INLINE Avx512 madd_hi(Avx512 acc, Avx512 a, Avx512 b) {
        return {_mm512_madd52hi_epu64(acc.v, a.v, b.v)};
    }

    PYFE_INLINE Mask is_zero(Avx512 a) { return _mm512_testn_epi64_mask(a.v, a.v); }
    PYFE_INLINE Mask equal(Avx512 a, Avx512 b) { return _mm512_cmpeq_epi64_mask(a.v, b.v); }
    PYFE_INLINE Mask mask_and(Mask a, Mask b) { return static_cast<Mask>(a & b); }
    PYFE_INLINE Mask mask_or(Mask a, Mask b) { return static_cast<Mask>(a | b); }
    PYFE_INLINE Mask mask_xor(Mask a, Mask b) { return static_cast<Mask>(a ^ b); }
    PYFE_INLINE Mask mask_not(Mask a) { return static_cast<Mask>(~a); }
    PYFE_INLINE Mask mask_all(bool on) { return static_cast<Mask>(on ? 0xff : 0); }
    PYFE_INLINE uint8_t mask_bits(Mask m) { return m; }
    PYFE_INLINE Mask mask_from_bits(uint8_t bits) { return bits; }
    // on where the mask is set, off elsewhere
    PYFE_INLINE Avx512 select(Mask m, Avx512 on, Avx512 off) {
        return {_mm512_mask_blend_epi64(m, off.v, on.v)};
    }

    // Per lane, entry index (< 16) of a table of sixteen words held in two registers: no memory access
    // depends on the index.
    PYFE_INLINE Avx512 lookup16(const uint64_t* table, Avx512 index) {
        const __m512i low = _mm512_loadu_si512(table), high = _mm512_loadu_si512(table + 8);
        return {_mm512_permutex2var_epi64(low, index.v, high)};
    }
    // Lane j gets lane j + K, modulo eight
    template <int K>
    PYFE_INLINE Avx512 rotate(Avx512 a) {
        return {_mm512_alignr_epi64(a.v, a.v, K)};
    }
    // Row i of eight becomes column i: pairs of words, then of halves, then of quarters
    PYFE_INLINE void transpose(Avx512 (&r)[8]) {
        __m512i column[8];
        for (int odd = 0; odd < 2; ++odd) {
            __m512i pair[4];
            for (int i = 0; i < 4; ++i)
                pair[i] = odd == 0 ? _mm512_unpacklo_epi64(r[2 * i].v, r[2 * i + 1].v)
                                   : _mm512_unpackhi_epi64(r[2 * i].v, r[2 * i + 1].v);
            const __m512i a = _mm512_shuffle_i64x2(pair[0], pair[1], 0x44);
            const __m512i b = _mm512_shuffle_i64x2(pair[0], pair[1], 0xee);
            const __m512i c = _mm512_shuffle_i64x2(pair[2], pair[3], 0x44);
            const __m512i d = _mm512_shuffle_i64x2(pair[2], pair[3], 0xee);
            column[odd] = _mm512_shuffle_i64x2(a, c, 0x88);
            column[2 + odd] = _mm512_shuffle_i64x2(a, c, 0xdd);
            column[4 + odd] = _mm512_shuffle_i64x2(b, d, 0x88);
            column[6 + odd] = _mm512_shuffle_i64x2(b, d, 0xdd);
        }
        for (int i = 0; i < 8; ++i) r[i].v = column[i];
    }
    // Per lane base[offset], offset in words. The address depends on the offset.
    PYFE_INLINE Avx512 gather_vartime(const uint64_t* base, Avx512 offset) {
        return {_mm512_i64gather_epi64(offset.v, base, 8)};
    }
};

}  // namespace pyfe::field::ifma
#undef PYFE_INLINE
