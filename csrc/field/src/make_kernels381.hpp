// The kernels of the base field of BLS12-381, written once for all backends.
#pragma once
#include "pyfe/field/field381.hpp"
#include "pyfe/field/kernels381.hpp"

namespace pyfe::field::bls12_381 {

template <class F, class Operation>
[[gnu::always_inline]] static inline void unary(const FpBlock* a, size_t blocks, FpBlock* out,
                                                Operation operation) {
    for (size_t b = 0; b < blocks; ++b)
        for (int lane = 0; lane < 8; lane += F::lanes)
            operation(F::from_words(a[b], lane)).to_words(out[b], lane);
}

template <class F, class Operation>
[[gnu::always_inline]] static inline void binary(const FpBlock* x, const FpBlock* y, size_t blocks,
                                                 FpBlock* out, Operation operation) {
    for (size_t b = 0; b < blocks; ++b)
        for (int lane = 0; lane < 8; lane += F::lanes)
            operation(F::from_words(x[b], lane), F::from_words(y[b], lane)).to_words(out[b], lane);
}

template <class F>
static void square_roots(const FpBlock* a, size_t blocks, FpBlock* out, uint8_t (*ok)[8]) {
    for (size_t b = 0; b < blocks; ++b)
        for (int lane = 0; lane < 8; lane += F::lanes) {
            typename F::Mask exists;
            square_root(F::from_words(a[b], lane), &exists).to_words(out[b], lane);
            const uint8_t bits = F::Lane::mask_bits(exists);
            for (int j = 0; j < F::lanes; ++j) ok[b][lane + j] = bits >> j & 1;
        }
}

template <class F>
static void mul_chain(const FpBlock* a, const FpBlock* b, size_t times, FpBlock* out) {
    for (int lane = 0; lane < 8; lane += F::lanes) {
        F x = F::from_words(*a, lane);
        const F y = F::from_words(*b, lane);
        for (size_t i = 0; i < times; ++i) x = F::mul(x, y);
        x.to_words(*out, lane);
    }
}

template <class F>
constexpr FpKernels make_fp_kernels(const char* name) {
    return {
        name,
        [](const FpBlock* a, const FpBlock* b, size_t n, FpBlock* out) { binary<F>(a, b, n, out, F::add); },
        [](const FpBlock* a, const FpBlock* b, size_t n, FpBlock* out) {
            binary<F>(a, b, n, out, F::template sub<8>);
        },
        [](const FpBlock* a, const FpBlock* b, size_t n, FpBlock* out) { binary<F>(a, b, n, out, F::mul); },
        [](const FpBlock* a, size_t n, FpBlock* out) { unary<F>(a, n, out, F::square); },
        [](const FpBlock* a, size_t n, FpBlock* out) { unary<F>(a, n, out, F::template neg<8>); },
        [](const FpBlock* a, size_t n, FpBlock* out) { unary<F>(a, n, out, invert<F>); },
        square_roots<F>,
        mul_chain<F>,
    };
}

}  // namespace pyfe::field::bls12_381
