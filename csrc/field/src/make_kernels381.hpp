// The kernels of the base field of BLS12-381 and its tower, written once for all backends.
#pragma once
#include "pyfe/field/kernels381.hpp"
#include "pyfe/field/tower.hpp"

namespace pyfe::field::bls12_381 {

// How an element lies in a block
template <class F>
struct InFp {
    using Element = F;
    static F read(const FpBlock& b, int lane) { return F::from_words(b, lane); }
    static void write(const F& a, FpBlock& b, int lane) { a.to_words(b, lane); }
};

template <class F>
struct InFp2 {
    using Element = Fp2<F>;
    static Fp2<F> read(const FpBlock* b, int lane) {
        return {F::from_words(b[0], lane), F::from_words(b[1], lane)};
    }
    static void write(const Fp2<F>& a, FpBlock* b, int lane) {
        a.c0.to_words(b[0], lane);
        a.c1.to_words(b[1], lane);
    }
};

template <class F>
struct InFp12 {
    using Element = Fp12<F>;
    using In = InFp2<F>;
    static Fp12<F> read(const Fp12Block& b, int lane) {
        return {{In::read(b, lane), In::read(b + 2, lane), In::read(b + 4, lane)},
                {In::read(b + 6, lane), In::read(b + 8, lane), In::read(b + 10, lane)}};
    }
    static void write(const Fp12<F>& a, Fp12Block& b, int lane) {
        In::write(a.c0.c0, b, lane), In::write(a.c0.c1, b + 2, lane), In::write(a.c0.c2, b + 4, lane);
        In::write(a.c1.c0, b + 6, lane), In::write(a.c1.c1, b + 8, lane), In::write(a.c1.c2, b + 10, lane);
    }
};

template <class F, class In, auto Operation, class Block>
static void unary(const Block* a, size_t blocks, Block* out) {
    for (size_t b = 0; b < blocks; ++b)
        for (int lane = 0; lane < 8; lane += F::lanes)
            In::write(Operation(In::read(a[b], lane)), out[b], lane);
}

template <class F, class In, auto Operation, class Block>
static void binary(const Block* x, const Block* y, size_t blocks, Block* out) {
    for (size_t b = 0; b < blocks; ++b)
        for (int lane = 0; lane < 8; lane += F::lanes)
            In::write(Operation(In::read(x[b], lane), In::read(y[b], lane)), out[b], lane);
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
static Fp12<F> mul_line(const Fp12<F>& a, const Fp12<F>& b) {
    return Fp12<F>::mul_014(a, b.c0.c0, b.c0.c1, b.c1.c1);
}

template <class F, class In>
static void mul_chain(const Fp12Block* a, const Fp12Block* b, size_t times, Fp12Block* out) {
    using Element = typename In::Element;
    for (int lane = 0; lane < 8; lane += F::lanes) {
        Element x = In::read((*a)[0], lane);
        const Element y = In::read((*b)[0], lane);
        for (size_t i = 0; i < times; ++i) x = Element::mul(x, y);
        In::write(x, (*out)[0], lane);
    }
}

template <class F>
static void fp12_mul_chain(const Fp12Block* a, const Fp12Block* b, size_t times, Fp12Block* out) {
    for (int lane = 0; lane < 8; lane += F::lanes) {
        Fp12<F> x = InFp12<F>::read(*a, lane);
        const Fp12<F> y = InFp12<F>::read(*b, lane);
        for (size_t i = 0; i < times; ++i) x = Fp12<F>::mul(x, y);
        InFp12<F>::write(x, *out, lane);
    }
}

template <class F, int Chains>
static void multiplier_floor(size_t times, uint64_t (*out)[8]) {
    using V = typename F::Lane;
    V sum[Chains];
    for (int i = 0; i < Chains; ++i) sum[i] = V::broadcast(static_cast<uint64_t>(i));
    const V x = V::load(out[0]);
    for (size_t t = 0; t < times; ++t)
#pragma GCC unroll 64
        for (int round = 0; round < 256 / Chains; ++round)
#pragma GCC unroll 16
            for (int i = 0; i < Chains; ++i) sum[i] = V::madd_lo(sum[i], x, x);
    for (int i = 1; i < Chains; ++i) sum[0] = V::add(sum[0], sum[i]);
    V::store(out[0], sum[0]);
}

template <class F, int Chains>
constexpr auto multiplier_floor_of() {
    void (*floor)(size_t, uint64_t(*)[8]) = nullptr;
    if constexpr (F::wide) floor = multiplier_floor<F, Chains>;
    return floor;
}

template <class F>
struct InFp2AtFront : InFp2<F> {
    static Fp2<F> read(const FpBlock& b, int lane) { return InFp2<F>::read(&b, lane); }
    static void write(const Fp2<F>& a, FpBlock& b, int lane) { InFp2<F>::write(a, &b, lane); }
};

template <class F>
constexpr FpKernels make_fp_kernels(const char* name) {
    using In = InFp<F>;
    using In12 = InFp12<F>;
    using T = Fp12<F>;
    return {
        name,
        binary<F, In, F::add, FpBlock>,
        binary<F, In, F::template sub<8>, FpBlock>,
        binary<F, In, F::mul, FpBlock>,
        unary<F, In, F::square, FpBlock>,
        unary<F, In, F::template neg<8>, FpBlock>,
        unary<F, In, static_cast<F (*)(const F&)>(invert<F>), FpBlock>,
        unary<F, In, static_cast<F (*)(const F&)>(invert_vartime<F>), FpBlock>,
        square_roots<F>,
        binary<F, In12, T::mul, Fp12Block>,
        binary<F, In12, mul_line<F>, Fp12Block>,
        unary<F, In12, T::square, Fp12Block>,
        unary<F, In12, T::cyclotomic_square, Fp12Block>,
        unary<F, In12, T::invert, Fp12Block>,
        unary<F, In12, T::frobenius, Fp12Block>,
        mul_chain<F, InFp<F>>,
        mul_chain<F, InFp2AtFront<F>>,
        fp12_mul_chain<F>,
        multiplier_floor_of<F, 16>(),
        multiplier_floor_of<F, 4>(),
    };
}

}  // namespace pyfe::field::bls12_381
