// The table of one backend: every generic algorithm instantiated for its field type.
#pragma once
#include "base_tables.hpp"
#include "fixed_base.hpp"
#include "map.hpp"
#include "msm.hpp"
#include "multiply.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "wire.hpp"

namespace pyfe::group::ristretto255 {

template <class F>
void from_affine(const AffineBlock* in, size_t blocks, PointBlock* out) {
    for (size_t b = 0; b < blocks; ++b)
        for_lanes<F>([&](int lane) {
            Point<F>::affine(F::load(in[b].x, lane), F::load(in[b].y, lane)).store(out[b], lane);
        });
}

// x = X/Z, y = Y/Z; inverses: two elements a block
template <class F>
void to_affine(const PointBlock* in, size_t blocks, AffineBlock* out, Element* inverses) {
    for (size_t b = 0; b < blocks; ++b)
        for_lanes<F>([&](int lane) { F::load(in[b].z, lane).store(inverses[b], lane); });
    batch_invert<F>(inverses, blocks, inverses + blocks);
    for (size_t b = 0; b < blocks; ++b)
        for_lanes<F>([&](int lane) {
            const F z_inv = F::load(inverses[b], lane);
            F::mul(F::load(in[b].x, lane), z_inv).store(out[b].x, lane);
            F::mul(F::load(in[b].y, lane), z_inv).store(out[b].y, lane);
        });
}

template <class F>
void add_blocks(const PointBlock* a, const PointBlock* b, size_t blocks, PointBlock* out) {
    for (size_t i = 0; i < blocks; ++i)
        for_lanes<F>([&](int lane) {
            add(Point<F>::load(a[i], lane), Cached<F>::from(Point<F>::load(b[i], lane))).store(out[i], lane);
        });
}

template <class F>
void negate_blocks(const PointBlock* in, size_t blocks, PointBlock* out) {
    for (size_t i = 0; i < blocks; ++i)
        for_lanes<F>([&](int lane) { Point<F>::negate(Point<F>::load(in[i], lane)).store(out[i], lane); });
}

template <class F>
void double_blocks(PointBlock* inout, size_t blocks, int times) {
    for (size_t i = 0; i < blocks; ++i)
        for_lanes<F>(
            [&](int lane) { double_times(Point<F>::load(inout[i], lane), times).store(inout[i], lane); });
}

template <class F>
constexpr Kernels make_kernels(const char* name) {
    constexpr int w = F::fixed_window, entries = 1 << (w - 1);
    return {name,
            {w, (255 + w - 1) / w, entries, 15 * entries},
            decode<F>,
            encode<F>,
            double_and_encode<F>,
            one_way_map<F>,
            from_affine<F>,
            to_affine<F>,
            add_blocks<F>,
            negate_blocks<F>,
            double_blocks<F>,
            fixed_base_tables<F>,
            fixed_base<F>,
            base_table<F>,
            common_sum<F>,
            variable_base<F>,
            cohort_vartime<F>,
            straus_vartime<F>,
            pippenger_window_vartime<F>};
}

}  // namespace pyfe::group::ristretto255
