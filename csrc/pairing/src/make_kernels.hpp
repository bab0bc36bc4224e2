// The kernel table, written once for all backends.
#pragma once
#include "final_exponentiation.hpp"
#include "gt.hpp"
#include "miller_loop.hpp"
#include "prepare.hpp"
#include "pyfe/pairing/kernels.hpp"

namespace pyfe::pairing {

template <class F>
struct Entry {
    using T = Fp12<F>;
    using M = Memory<T>;

    template <auto Operation>
    static void unary(const GtBlock* in, size_t blocks, GtBlock* out) {
        for (size_t b = 0; b < blocks; ++b)
            for_lanes<F>([&](int lane) { M::store(Operation(M::load(in[b].c, lane)), out[b].c, lane); });
    }
    template <auto Operation>
    static void in_place(GtBlock* inout, size_t blocks) {
        unary<Operation>(inout, blocks, inout);
    }
    static void miller(const Pairs* pairs, const PreparedPairs* prepared, G2Block* state, Scaled* scaled,
                       GtBlock* out) {
        for_lanes<F>([&](int lane) {
            M::store(miller_loop(FreshPairs<F>{*pairs, state, lane}, ReadyPairs<F>{*prepared, scaled, lane}),
                     out->c, lane);
        });
    }
    static void one(GtBlock* out) {
        for_lanes<F>([&](int lane) { M::store(T::one(), out->c, lane); });
    }
    static void mul(const GtBlock* a, const GtBlock* b, size_t blocks, GtBlock* out) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) {
                M::store(T::mul(M::load(a[i].c, lane), M::load(b[i].c, lane)), out[i].c, lane);
            });
    }
    static void equal(const GtBlock* a, const GtBlock* b, size_t blocks, uint8_t* out) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) {
                uint64_t bits[8];
                field::bls12_381::spread<F>(T::equal(M::load(a[i].c, lane), M::load(b[i].c, lane)), lane,
                                            bits);
                for (int j = lane; j < lane + F::lanes; ++j)
                    out[8 * i + size_t(j)] = static_cast<uint8_t>(bits[j]);
            });
    }
    static void fold(GtBlock* inout) {
        for (int half = 4; half > 0; half /= 2) {
            GtBlock upper{};
            for (int row = 0; row < 96; ++row)
                for (int j = 0; j < half; ++j) upper.c[row][j] = inout->c[row][half + j];
            for (int lane = 0; lane < half; lane += F::lanes)
                M::store(T::mul(M::load(inout->c, lane), M::load(upper.c, lane)), inout->c, lane);
        }
    }
    static void exponentiate_all(const GtBlock* in, const uint8_t* columns, size_t blocks, GtBlock* out) {
        for (size_t b = 0; b < blocks; ++b)
            for_lanes<F>([&](int lane) {
                const uint8_t* block_columns = columns + b * size_t(kColumns + 1) * 8;
                M::store(exponentiate(M::load(in[b].c, lane), block_columns, lane), out[b].c, lane);
            });
    }
    static void multi_power(const GtBlock* entries, const PowerStep* steps, size_t count, GtBlock* out) {
        for_lanes<F>(
            [&](int lane) { M::store(multi_power_vartime<F>(entries, steps, count, lane), out->c, lane); });
    }
};

template <class F>
constexpr Kernels make_kernels(const char* name) {
    using E = Entry<F>;
    using T = Fp12<F>;
    return {name,
            prepare<F>,
            E::miller,
            E::template in_place<easy_part<F>>,
            E::template in_place<hard_part<F>>,
            E::one,
            E::mul,
            E::template unary<T::conjugate>,
            E::template unary<T::cyclotomic_square>,
            E::equal,
            E::fold,
            E::exponentiate_all,
            E::multi_power,
            GtWire<F>::decode,
            GtWire<F>::encode};
}

}  // namespace pyfe::pairing
