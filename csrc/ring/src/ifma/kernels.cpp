#include "pyfe/ring/kernels.hpp"

#include <immintrin.h>

#include "../lane_kernels.hpp"

namespace pyfe::ring {
namespace ifma {

#define PYFE_INLINE static inline __attribute__((always_inline))

struct Avx512 {
    __m512i v;

    PYFE_INLINE Avx512 load(const std::uint64_t* p) { return {_mm512_loadu_si512(p)}; }
    PYFE_INLINE void store(std::uint64_t* p, Avx512 a) { _mm512_storeu_si512(p, a.v); }
    PYFE_INLINE Avx512 broadcast(std::uint64_t c) { return {_mm512_set1_epi64(static_cast<long long>(c))}; }
    PYFE_INLINE Avx512 add(Avx512 a, Avx512 b) { return {_mm512_add_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 sub(Avx512 a, Avx512 b) { return {_mm512_sub_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_and(Avx512 a, Avx512 b) { return {_mm512_and_si512(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_xor(Avx512 a, Avx512 b) { return {_mm512_xor_si512(a.v, b.v)}; }
    // Of words without a sign
    PYFE_INLINE Avx512 min(Avx512 a, Avx512 b) { return {_mm512_min_epu64(a.v, b.v)}; }
    template <int K>
    PYFE_INLINE Avx512 sar(Avx512 a) {
        return {_mm512_srai_epi64(a.v, K)};
    }
    // By a public number of bits
    PYFE_INLINE Avx512 shl_by(Avx512 a, int bits) { return {_mm512_sll_epi64(a.v, _mm_cvtsi32_si128(bits))}; }
    PYFE_INLINE Avx512 shr_by(Avx512 a, int bits) { return {_mm512_srl_epi64(a.v, _mm_cvtsi32_si128(bits))}; }
    // acc + the low (high) 52 bits of the 104-bit product of the low 52 bits of a and b
    PYFE_INLINE Avx512 madd_lo(Avx512 acc, Avx512 a, Avx512 b) {
        return {_mm512_madd52lo_epu64(acc.v, a.v, b.v)};
    }
    PYFE_INLINE Avx512 madd_hi(Avx512 acc, Avx512 a, Avx512 b) {
        return {_mm512_madd52hi_epu64(acc.v, a.v, b.v)};
    }
    // Row i of eight becomes column i: quarters of registers change places, then words of a quarter
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
    PYFE_INLINE void require_below(Avx512, Avx512) {}
};

#undef PYFE_INLINE

}  // namespace ifma

const Kernels& ifma_kernels() {
    static constexpr Kernels table = LaneKernels<ifma::Avx512>::table("ifma");
    return table;
}

}  // namespace pyfe::ring
