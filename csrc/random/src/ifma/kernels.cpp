#include "pyfe/random/kernels.hpp"

#include <immintrin.h>

#include "../candidates.hpp"
#include "../chacha20_blocks.hpp"

namespace pyfe::random {
namespace ifma {

#define PYFE_INLINE static inline __attribute__((always_inline))

// Eight lanes of 64 bits
struct Avx512 {
    using Mask = __mmask8;
    static constexpr std::size_t count = 8;
    __m512i v;

    PYFE_INLINE Avx512 load(const std::uint64_t* p) { return {_mm512_loadu_si512(p)}; }
    PYFE_INLINE void store(std::uint64_t* p, Avx512 a) { _mm512_storeu_si512(p, a.v); }
    PYFE_INLINE Avx512 broadcast(std::uint64_t c) { return {_mm512_set1_epi64(static_cast<long long>(c))}; }
    PYFE_INLINE Avx512 add(Avx512 a, Avx512 b) { return {_mm512_add_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 sub(Avx512 a, Avx512 b) { return {_mm512_sub_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_and(Avx512 a, Avx512 b) { return {_mm512_and_si512(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_or(Avx512 a, Avx512 b) { return {_mm512_or_si512(a.v, b.v)}; }
    PYFE_INLINE Avx512 bit_xor(Avx512 a, Avx512 b) { return {_mm512_xor_si512(a.v, b.v)}; }
    template <int K>
    PYFE_INLINE Avx512 shl(Avx512 a) {
        return {_mm512_slli_epi64(a.v, K)};
    }
    template <int K>
    PYFE_INLINE Avx512 shr(Avx512 a) {
        return {_mm512_srli_epi64(a.v, K)};
    }
    // By a public number of bits
    PYFE_INLINE Avx512 shl_by(Avx512 a, int bits) { return {_mm512_sll_epi64(a.v, _mm_cvtsi32_si128(bits))}; }
    PYFE_INLINE Avx512 shr_by(Avx512 a, int bits) { return {_mm512_srl_epi64(a.v, _mm_cvtsi32_si128(bits))}; }
    PYFE_INLINE Avx512 mul_low(Avx512 a, Avx512 b) { return {_mm512_mullo_epi64(a.v, b.v)}; }
    PYFE_INLINE Avx512 madd_lo(Avx512 acc, Avx512 a, Avx512 b) {
        return {_mm512_madd52lo_epu64(acc.v, a.v, b.v)};
    }
    PYFE_INLINE Avx512 madd_hi(Avx512 acc, Avx512 a, Avx512 b) {
        return {_mm512_madd52hi_epu64(acc.v, a.v, b.v)};
    }
    PYFE_INLINE Mask less(Avx512 a_high, Avx512 a_low, Avx512 b_high, Avx512 b_low) {
        const Mask same = _mm512_cmpeq_epi64_mask(a_high.v, b_high.v);
        return static_cast<Mask>(_mm512_cmplt_epu64_mask(a_high.v, b_high.v) |
                                 _mm512_mask_cmplt_epu64_mask(same, a_low.v, b_low.v));
    }
    PYFE_INLINE Avx512 increment(Avx512 a, Mask m) {
        return {_mm512_mask_add_epi64(a.v, m, a.v, _mm512_set1_epi64(1))};
    }
    PYFE_INLINE Mask mask_and(Mask a, Mask b) { return static_cast<Mask>(a & b); }
    PYFE_INLINE Mask mask_not_zero(Avx512 a) { return _mm512_test_epi64_mask(a.v, a.v); }
    PYFE_INLINE std::uint8_t mask_bits(Mask m) { return m; }
    // Entry index (< 16) of a table of pairs, held in registers: no memory access depends on it
    template <class Pair>
    PYFE_INLINE Pair lookup16(const std::uint64_t (*table)[16], Avx512 index) {
        const auto entry = [&](const std::uint64_t* row) {
            return _mm512_permutex2var_epi64(_mm512_loadu_si512(row), index.v, _mm512_loadu_si512(row + 8));
        };
        return {{entry(table[0])}, {entry(table[1])}};
    }
    // A lane's own shift of 64 bits or more gives 0, and so does a negative one
    template <class Pair>
    PYFE_INLINE Pair shr_pair(Pair a, Avx512 bits) {
        const __m512i all = _mm512_set1_epi64(52), low52 = _mm512_set1_epi64((1LL << 52) - 1);
        const __m512i crossing = _mm512_sllv_epi64(a.high.v, _mm512_sub_epi64(all, bits.v)),
                      beyond = _mm512_srlv_epi64(a.high.v, _mm512_sub_epi64(bits.v, all));
        const __m512i low = _mm512_or_si512(_mm512_and_si512(crossing, low52),
                                            _mm512_or_si512(_mm512_srlv_epi64(a.low.v, bits.v), beyond));
        return {{_mm512_srlv_epi64(a.high.v, bits.v)}, {low}};
    }
};

// Sixteen blocks side by side
struct Sixteen {
    static constexpr int count = 16;
    typedef std::uint32_t Vector __attribute__((vector_size(64)));
};

#undef PYFE_INLINE

}  // namespace ifma

const Kernels& ifma_kernels() {
    static constexpr Kernels table = {"ifma", ChaCha20<ifma::Sixteen>::run, Candidates<ifma::Avx512>::run};
    return table;
}

}  // namespace pyfe::random
