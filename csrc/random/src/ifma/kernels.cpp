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

// Two groups of candidates side by side, so that one works while the other waits: each step of a power series
// needs the one before
struct Two {
    struct Mask {
        __mmask8 a, b;
    };
    static constexpr std::size_t words = sizeof(RandomWords) / sizeof(std::uint64_t);
    Avx512 a, b;

    PYFE_INLINE Two load(const std::uint64_t* p) { return {Avx512::load(p), Avx512::load(p + words)}; }
    PYFE_INLINE void store(std::uint64_t* p, Two x) { Avx512::store(p, x.a), Avx512::store(p + group, x.b); }
    PYFE_INLINE Two broadcast(std::uint64_t c) { return {Avx512::broadcast(c), Avx512::broadcast(c)}; }
    PYFE_INLINE Two add(Two x, Two y) { return {Avx512::add(x.a, y.a), Avx512::add(x.b, y.b)}; }
    PYFE_INLINE Two sub(Two x, Two y) { return {Avx512::sub(x.a, y.a), Avx512::sub(x.b, y.b)}; }
    PYFE_INLINE Two bit_and(Two x, Two y) { return {Avx512::bit_and(x.a, y.a), Avx512::bit_and(x.b, y.b)}; }
    PYFE_INLINE Two bit_or(Two x, Two y) { return {Avx512::bit_or(x.a, y.a), Avx512::bit_or(x.b, y.b)}; }
    PYFE_INLINE Two bit_xor(Two x, Two y) { return {Avx512::bit_xor(x.a, y.a), Avx512::bit_xor(x.b, y.b)}; }
    template <int K>
    PYFE_INLINE Two shl(Two x) {
        return {Avx512::shl<K>(x.a), Avx512::shl<K>(x.b)};
    }
    template <int K>
    PYFE_INLINE Two shr(Two x) {
        return {Avx512::shr<K>(x.a), Avx512::shr<K>(x.b)};
    }
    PYFE_INLINE Two shl_by(Two x, int bits) { return {Avx512::shl_by(x.a, bits), Avx512::shl_by(x.b, bits)}; }
    PYFE_INLINE Two shr_by(Two x, int bits) { return {Avx512::shr_by(x.a, bits), Avx512::shr_by(x.b, bits)}; }
    PYFE_INLINE Two mul_low(Two x, Two y) { return {Avx512::mul_low(x.a, y.a), Avx512::mul_low(x.b, y.b)}; }
    PYFE_INLINE Two madd_lo(Two c, Two x, Two y) {
        return {Avx512::madd_lo(c.a, x.a, y.a), Avx512::madd_lo(c.b, x.b, y.b)};
    }
    PYFE_INLINE Two madd_hi(Two c, Two x, Two y) {
        return {Avx512::madd_hi(c.a, x.a, y.a), Avx512::madd_hi(c.b, x.b, y.b)};
    }
    PYFE_INLINE Mask less(Two xh, Two xl, Two yh, Two yl) {
        return {Avx512::less(xh.a, xl.a, yh.a, yl.a), Avx512::less(xh.b, xl.b, yh.b, yl.b)};
    }
    PYFE_INLINE Two increment(Two x, Mask m) {
        return {Avx512::increment(x.a, m.a), Avx512::increment(x.b, m.b)};
    }
    PYFE_INLINE Mask mask_and(Mask x, Mask y) {
        return {Avx512::mask_and(x.a, y.a), Avx512::mask_and(x.b, y.b)};
    }
    PYFE_INLINE Mask mask_not_zero(Two x) { return {Avx512::mask_not_zero(x.a), Avx512::mask_not_zero(x.b)}; }
    template <class Pair>
    PYFE_INLINE Pair lookup16(const std::uint64_t (*table)[16], Two index) {
        const auto x = Avx512::lookup16<One>(table, index.a), y = Avx512::lookup16<One>(table, index.b);
        return {{x.high, y.high}, {x.low, y.low}};
    }
    template <class Pair>
    PYFE_INLINE Pair shr_pair(Pair p, Two bits) {
        const auto x = Avx512::shr_pair<One>({p.high.a, p.low.a}, bits.a);
        const auto y = Avx512::shr_pair<One>({p.high.b, p.low.b}, bits.b);
        return {{x.high, y.high}, {x.low, y.low}};
    }

  private:
    struct One {
        Avx512 high, low;
    };
};

void candidates(const gaussian::Shape& shape, int count, const RandomWords* words, std::size_t groups,
                std::int64_t (*z)[group], std::uint8_t* accepted) {
    std::size_t g = 0;
    for (; g + 2 <= groups; g += 2) {
        const Two::Mask m = Candidates<Two>::one(shape, count, words[g][0], z[g]);
        accepted[g] = m.a, accepted[g + 1] = m.b;
    }
    if (g < groups) Candidates<Avx512>::run(shape, count, words + g, groups - g, z + g, accepted + g);
}

// Sixteen blocks side by side
struct Sixteen {
    static constexpr int count = 16;
    typedef std::uint32_t Vector __attribute__((vector_size(64)));
};

#undef PYFE_INLINE

}  // namespace ifma

const Kernels& ifma_kernels() {
    static constexpr Kernels table = {"ifma", ChaCha20<ifma::Sixteen>::run, ifma::candidates};
    return table;
}

}  // namespace pyfe::random
