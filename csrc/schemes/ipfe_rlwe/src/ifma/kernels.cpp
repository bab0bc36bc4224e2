#include "pyfe/ipfe_rlwe/kernels.hpp"

#include <immintrin.h>

namespace pyfe::ipfe_rlwe {
namespace ifma {

#define PYFE_INLINE static inline __attribute__((always_inline))

PYFE_INLINE __m512i all(uint64_t c) { return _mm512_set1_epi64(static_cast<long long>(c)); }
PYFE_INLINE __m512i low52() { return all((uint64_t{1} << 52) - 1); }
PYFE_INLINE __m512i times_low(__m512i a, __m512i b) {
    return _mm512_madd52lo_epu64(_mm512_setzero_si512(), a, b);
}
PYFE_INLINE __m512i times_high(__m512i a, __m512i b) {
    return _mm512_madd52hi_epu64(_mm512_setzero_si512(), a, b);
}

// -- fractions: Shoup's multiplication in 52 bits, whose quotients are the upper bits of those of 64
// -------------

// c share mod q
PYFE_INLINE __m512i scaled(const FractionLimb& limb, __m512i c, __m512i q) {
    const __m512i quotient = times_high(c, all(limb.share_quotient >> 12));
    const __m512i r =
        _mm512_and_si512(_mm512_sub_epi64(times_low(c, all(limb.share)), times_low(quotient, q)), low52());
    return _mm512_min_epu64(r, _mm512_sub_epi64(r, q));  // of r - q < 0 the first
}

// floor(2^F v / q), F <= 64
PYFE_INLINE __m512i fraction(const FractionLimb& limb, __m512i v, __m512i q) {
    __m512i sum = _mm512_setzero_si512();
    for (int d = 0; d < limb.digits; ++d) {
        const __m128i shift = _mm_cvtsi32_si128(limb.shift[d]);
        const __m512i digit = times_high(v, all(limb.quotient[d] >> 12));  // at most one too small
        const __m512i r =
            _mm512_and_si512(_mm512_sub_epi64(_mm512_sll_epi64(v, shift), times_low(digit, q)), low52());
        const __mmask8 more = _mm512_cmpge_epu64_mask(r, q);
        v = _mm512_mask_sub_epi64(r, more, r, q);
        sum =
            _mm512_or_si512(_mm512_sll_epi64(sum, shift), _mm512_mask_add_epi64(digit, more, digit, all(1)));
    }
    return sum;
}

void compress(const FractionShape& shape, const uint64_t* residues, size_t stride, size_t count,
              uint64_t* low, uint64_t* high) {
    // In 64 bits the sum may wrap: only its bits 16 to b + 15 are meant
    if (shape.b > 48) return portable_kernels().compress(shape, residues, stride, count, low, high);
    const __m512i mask = all((uint64_t{1} << shape.b) - 1);
    for (size_t i = 0; i < count; i += 8) {
        __m512i total = all(1 << 15);
        for (size_t j = 0; j < shape.primes; ++j) {
            const __m512i q = all(shape.limb[j].q);
            const __m512i c = _mm512_loadu_si512(residues + j * stride + i);
            total = _mm512_add_epi64(total, fraction(shape.limb[j], scaled(shape.limb[j], c, q), q));
        }
        _mm512_storeu_si512(low + i, _mm512_and_si512(_mm512_srli_epi64(total, 16), mask));
    }
}

// -- sums of columns: a multiply-add for eight slots. Above its b bits a word holds bits of the next: 2^b
// times anything, which is nothing modulo 2^b
// ------------------------------------------------------------------------

// Eight words of b <= 52 bits are b bytes. Lane i takes the four pieces of 16 bits from bit b i on
struct Lanes {
    __mmask64 bytes;
    __m512i pieces, shift;

    explicit Lanes(unsigned b) : bytes((uint64_t{1} << b) - 1) {
        uint16_t piece[32];
        uint64_t bits[8];
        for (unsigned i = 0; i < 8; ++i) {
            bits[i] = b * i % 16;
            for (unsigned k = 0; k < 4; ++k) piece[4 * i + k] = static_cast<uint16_t>(b * i / 16 + k);
        }
        pieces = _mm512_loadu_si512(piece);
        shift = _mm512_loadu_si512(bits);
    }
    __attribute__((always_inline)) __m512i words(const uint8_t* p) const {
        const __m512i raw = _mm512_maskz_loadu_epi8(bytes, p);
        return _mm512_srlv_epi64(_mm512_permutexvar_epi16(pieces, raw), shift);
    }
};

// F functions, eight slots G times: 16 sums, which stay in registers
template <int F, int G>
PYFE_INLINE void sums_of(const Lanes& lanes, unsigned b, const uint8_t* tile, size_t columns,
                         const int64_t* y, uint64_t* low) {
    __m512i sums[F][G];
    for (int f = 0; f < F; ++f)
        for (int g = 0; g < G; ++g) sums[f][g] = _mm512_setzero_si512();
    for (size_t i = 0; i < columns; ++i, tile += 8 * b) {
        for (unsigned line = 0; line < G * b; line += 64) _mm_prefetch(tile + 4096 + line, _MM_HINT_T0);
        __m512i factor[F];
        for (int f = 0; f < F; ++f)
            factor[f] = all(static_cast<uint64_t>(y[static_cast<size_t>(f) * columns + i]));
        for (int g = 0; g < G; ++g) {
            const __m512i words = lanes.words(tile + static_cast<size_t>(g) * b);
            for (int f = 0; f < F; ++f) sums[f][g] = _mm512_madd52lo_epu64(sums[f][g], words, factor[f]);
        }
    }
    for (int f = 0; f < F; ++f)
        for (int g = 0; g < G; ++g) _mm512_storeu_si512(low + 64 * f + 8 * g, sums[f][g]);
}

template <int F>
PYFE_INLINE void dot_of(const Lanes& lanes, unsigned b, const uint8_t* tile, size_t columns, const int64_t* y,
                        uint64_t* low) {
    constexpr int G = F <= 2 ? 8 : 16 / F;
    for (int g = 0; g < 8; g += G)
        sums_of<F, G>(lanes, b, tile + static_cast<size_t>(g) * b, columns, y, low + 8 * g);
}

void dot_vartime(unsigned b, const uint8_t* tile, size_t columns, const int64_t* y, size_t functions,
                 uint64_t* low, uint64_t* high) {
    if (b > 52) return portable_kernels().dot_vartime(b, tile, columns, y, functions, low, high);
    const Lanes lanes(b);
    size_t f = 0;
    for (; f + 8 <= functions; f += 8)
        dot_of<8>(lanes, b, tile, columns, y + f * columns, low + f * kTileWords);
    for (; f + 4 <= functions; f += 4)
        dot_of<4>(lanes, b, tile, columns, y + f * columns, low + f * kTileWords);
    for (; f + 2 <= functions; f += 2)
        dot_of<2>(lanes, b, tile, columns, y + f * columns, low + f * kTileWords);
    if (f < functions) dot_of<1>(lanes, b, tile, columns, y + f * columns, low + f * kTileWords);
}

// -- the decision: src/decide.hpp, eight slots at a time ----------------------------------------------------

PYFE_INLINE __m512i all_signed(int64_t c) { return _mm512_set1_epi64(c); }

bool decide_narrow(const Decision<int64_t>& d, const uint64_t* sums, const uint64_t* z, size_t occupied,
                   int64_t* results) {
    const __m128i spare = _mm_cvtsi32_si128(static_cast<int>(64 - d.b)),
                  b = _mm_cvtsi32_si128(static_cast<int>(d.b));
    const __m512i K = all_signed(d.K), half = all_signed(int64_t{1} << (d.b - 1)),
                  limit = all_signed(d.limit), least = all_signed(-d.limit), turns = all_signed(d.turns),
                  lo = all_signed(d.lo), hi = all_signed(d.hi), inverse = all(d.inverse),
                  first = all_signed(d.multiples_lo), last = all_signed(d.multiples_hi), twos = all(d.twos);
    const uint64_t there = occupied >= kTileWords ? ~uint64_t{0} : (uint64_t{1} << occupied) - 1;
    unsigned wrong = 0;
    for (size_t j = 0; j < kTileWords; j += 8) {
        const __m512i bits = _mm512_sub_epi64(_mm512_loadu_si512(sums + j), _mm512_loadu_si512(z + j));
        const __m512i w = _mm512_sra_epi64(_mm512_sll_epi64(bits, spare), spare);
        const __m512i Kw = _mm512_mullo_epi64(K, w), v = _mm512_sra_epi64(_mm512_add_epi64(Kw, half), b);
        const __m512i rest = _mm512_sub_epi64(Kw, _mm512_sll_epi64(v, b));
        __m512i result = _mm512_add_epi64(v, turns);
        result = _mm512_mask_add_epi64(result, _mm512_cmplt_epi64_mask(result, lo), result, K);
        const __m512i multiple = _mm512_mullo_epi64(result, inverse);
        const unsigned outside =
            _mm512_cmpgt_epi64_mask(result, hi) | _mm512_cmplt_epi64_mask(multiple, first) |
            _mm512_cmpgt_epi64_mask(multiple, last) | _mm512_test_epi64_mask(result, twos);
        const unsigned other = _mm512_test_epi64_mask(v, v), in = static_cast<unsigned>(there >> j & 255);
        wrong |= _mm512_cmpgt_epi64_mask(rest, limit) | _mm512_cmplt_epi64_mask(rest, least);
        wrong |= (outside & in) | (other & ~in);
        _mm512_storeu_si512(results + j, result);
    }
    return wrong != 0;
}

void pack(unsigned b, const uint64_t* low, const uint64_t* high, uint8_t* out) {
    portable_kernels().pack(b, low, high, out);  // a copy of words that are there: nothing to gain
}

#undef PYFE_INLINE

}  // namespace ifma

const Kernels& ifma_kernels() {
    static constexpr Kernels table = {"ifma", ifma::compress, ifma::pack, ifma::dot_vartime,
                                      ifma::decide_narrow};
    return table;
}

}  // namespace pyfe::ipfe_rlwe
