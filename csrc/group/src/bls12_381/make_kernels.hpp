// The kernel table, written once for all backends.
#pragma once
#include "base_tables.hpp"
#include "fixed_base.hpp"
#include "map.hpp"
#include "msm.hpp"
#include "multiply.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "wire.hpp"

namespace pyfe::group::bls12_381 {

template <class C>
struct Entry {
    using F = typename C::Base;
    using P = Point<C>;
    static constexpr int parts = Memory<typename C::E>::parts;
    using Block = PointBlock<parts>;
    using Flat = AffineBlock<parts>;

    static void generator(Block* out) {
        for_lanes<F>([&](int lane) { P::generator().store(*out, lane); });
    }
    static void from_affine(const Flat* in, size_t blocks, Block* out) {
        for (size_t b = 0; b < blocks; ++b)
            for_lanes<F>([&](int lane) {
                uint64_t flags[8];
                for (int j = 0; j < 8; ++j) flags[j] = in[b].infinite[j] & 1;
                const Affine<C> a = {Memory<typename C::E>::load(in[b].x, lane),
                                     Memory<typename C::E>::load(in[b].y, lane), gather<F>(flags, lane)};
                P::from_affine(a).store(out[b], lane);
            });
    }
    static void add(const Block* a, const Block* b, size_t blocks, Block* out) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>(
                [&](int lane) { P::add(P::load(a[i], lane), P::load(b[i], lane)).store(out[i], lane); });
    }
    static void negate(const Block* in, size_t blocks, Block* out) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) { P::negate(P::load(in[i], lane)).store(out[i], lane); });
    }
    static void double_times(Block* inout, size_t blocks, int times) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) {
                P p = P::load(inout[i], lane);
                for (int k = 0; k < times; ++k) p = P::twice(p);
                p.store(inout[i], lane);
            });
    }
    static void equal(const Block* a, const Block* b, size_t blocks, uint8_t* out) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) {
                uint64_t bits[8];
                spread<F>(P::equal(P::load(a[i], lane), P::load(b[i], lane)), lane, bits);
                for (int j = lane; j < lane + F::lanes; ++j)
                    out[8 * i + size_t(j)] = static_cast<uint8_t>(bits[j]);
            });
    }
    static void members(const Block* in, size_t blocks, uint8_t* out) {
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) {
                uint64_t bits[8];
                spread<F>(in_subgroup(P::load(in[i], lane)), lane, bits);
                for (int j = lane; j < lane + F::lanes; ++j)
                    out[8 * i + size_t(j)] = static_cast<uint8_t>(bits[j]);
            });
    }
    static void multiply_all(const Block* in, const uint8_t* digits, size_t blocks, Block* out) {
        constexpr MultiplyShape shape = multiply_shape(parts);
        for (size_t i = 0; i < blocks; ++i)
            for_lanes<F>([&](int lane) {
                const uint8_t* block_digits = digits + i * size_t(shape.parts * shape.windows) * 8;
                multiply<C>(P::load(in[i], lane), block_digits, lane).store(out[i], lane);
            });
    }

    static constexpr CurveKernels<parts> table(const char* name) {
        return {name,
                Wire<C>::decompress,
                Wire<C>::encode,
                generator,
                from_affine,
                ToAffine<C>::constant_time,
                ToAffine<C>::vartime,
                add,
                negate,
                double_times,
                equal,
                members,
                multiply_all,
                hash_to_curve<C>,
                FixedBaseOf<C>::window,
                FixedBaseOf<C>::multiply,
                BaseTablesOf<C>::sum,
                Msm<C>::endomorphism_of,
                Msm<C>::rows,
                Msm<C>::add_pairs_vartime,
                Msm<C>::accumulate_vartime,
                Msm<C>::columns_vartime,
                Msm<C>::horner_vartime,
                Msm<C>::add_cohort_pairs_vartime,
                Msm<C>::cohort_vartime};
    }
};

template <class F>
constexpr Kernels make_kernels(const char* name) {
    return {Entry<G1Curve<F>>::table(name), Entry<G2Curve<F>>::table(name)};
}

}  // namespace pyfe::group::bls12_381
