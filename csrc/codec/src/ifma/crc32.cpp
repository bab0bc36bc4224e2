#include "pyfe/codec/crc32.hpp"

#include <immintrin.h>

namespace pyfe::crc {
namespace ifma {

#define PYFE_INLINE static inline __attribute__((always_inline))

// x^n modulo the polynomial. A product of two numbers whose highest power lies lowest is one bit short of its
// place: hence twice
static constexpr long long power(int n) {
    std::uint32_t r = 0x80000000;
    for (int i = 0; i < n; ++i) r = r >> 1 ^ (r & 1 ? kPolynomial : 0);
    return static_cast<long long>(std::uint64_t{r} << 1);
}

// What 16 bytes become that `distance` bits follow, added to those that come there: Gopal, Ozturk, Guilford,
// Wolrich et al., Fast CRC Computation for Generic Polynomials Using PCLMULQDQ (Intel, 2009), "Fold by 4"
template <int distance>
PYFE_INLINE __m128i fold(__m128i x, __m128i next) {
    constexpr long long low = power(distance + 32), high = power(distance - 32);
    const __m128i keys = _mm_set_epi64x(high, low);
    return _mm_ternarylogic_epi64(_mm_clmulepi64_si128(x, keys, 0x00), _mm_clmulepi64_si128(x, keys, 0x11),
                                  next,
                                  0x96);  // exclusive or of the three
}

template <int distance>
PYFE_INLINE __m512i fold(__m512i x, __m512i next) {
    constexpr long long low = power(distance + 32), high = power(distance - 32);
    const __m512i keys = _mm512_set_epi64(high, low, high, low, high, low, high, low);
    return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(x, keys, 0x00),
                                     _mm512_clmulepi64_epi128(x, keys, 0x11), next, 0x96);
}

// Four times 64 bytes side by side, which hides how long a product takes

static std::uint32_t update(std::uint32_t state, const std::uint8_t* data, std::size_t size) {
    if (size < 256) return portable_kernels().update(state, data, size);
    __m512i x[4];
    for (int i = 0; i < 4; ++i) x[i] = _mm512_loadu_si512(data + 64 * i);
    const auto first = _mm512_zextsi128_si512(_mm_cvtsi32_si128(static_cast<int>(state)));
    x[0] = _mm512_xor_si512(x[0], first);
    for (data += 256, size -= 256; size >= 256; data += 256, size -= 256)
        for (int i = 0; i < 4; ++i) x[i] = fold<2048>(x[i], _mm512_loadu_si512(data + 64 * i));
    const __m512i all = fold<512>(fold<512>(fold<512>(x[0], x[1]), x[2]), x[3]);
    __m128i one = _mm512_castsi512_si128(all);
    one = fold<128>(one, _mm512_extracti64x2_epi64(all, 1));
    one = fold<128>(one, _mm512_extracti64x2_epi64(all, 2));
    one = fold<128>(one, _mm512_extracti64x2_epi64(all, 3));
    std::uint8_t left[16];  // bytes with the checksum of all before, from a register of zeros on
    _mm_storeu_si128(reinterpret_cast<__m128i*>(left), one);
    state = portable_kernels().update(0, left, sizeof left);
    return portable_kernels().update(state, data, size);
}

#undef PYFE_INLINE

}  // namespace ifma

const Kernels& ifma_kernels() {
    static const Kernels table = {"ifma", ifma::update};
    return table;
}

}  // namespace pyfe::crc
