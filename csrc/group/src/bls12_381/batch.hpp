// What the drivers of batches share: blocks, chunks of them, and the way back to affine form. Included by
// portable files only.
#pragma once
#include <algorithm>

#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/group/bls12_381/kernels.hpp"
#include "pyfe/group/bls12_381/points.hpp"

namespace pyfe::group::bls12_381 {

constexpr size_t kChunkBlocks = 16;  // blocks a task; they share one inversion

inline size_t blocks_of(size_t points) { return (points + 7) / 8; }

template <int Parts>
const CurveKernels<Parts>& curve() {
    if constexpr (Parts == 1)
        return kernels().g1;
    else
        return kernels().g2;
}

// Points of one chunk on their way from a kernel to affine form; may hold secrets
template <int Parts>
struct Workspace {
    explicit Workspace(size_t blocks) : points(blocks), scratch(blocks) {}
    struct alignas(64) Slab {
        Coordinate<Parts> value;
    };
    SecretVector<PointBlock<Parts>> points;
    SecretVector<Slab> scratch;

    void to_affine(size_t blocks, AffineBlock<Parts>* out) {
        curve<Parts>().to_affine(points.data(), blocks, out, &scratch[0].value);
    }
    void to_affine_vartime(size_t blocks, AffineBlock<Parts>* out) {
        curve<Parts>().to_affine_vartime(points.data(), blocks, out, &scratch[0].value);
    }
};

// out block by block from chunks of PointBlocks that body(first block, blocks, where to) writes
enum class Values { secret, known };
template <int Parts, Values values = Values::secret, class Body>
Points<Parts> in_chunks(size_t size, Body body) {
    Points<Parts> out;
    out.size = size;
    out.blocks.resize(blocks_of(size));
    parallel_for((out.blocks.size() + kChunkBlocks - 1) / kChunkBlocks, [&](size_t chunk) {
        const size_t first = chunk * kChunkBlocks, count = std::min(kChunkBlocks, out.blocks.size() - first);
        Workspace<Parts> work(count);
        body(first, count, work.points.data());
        if constexpr (values == Values::secret)
            work.to_affine(count, &out.blocks[first]);
        else
            work.to_affine_vartime(count, &out.blocks[first]);
    });
    return out;
}

inline void copy_lane(const uint64_t (*from)[8], size_t from_lane, uint64_t (*to)[8], size_t to_lane,
                      size_t rows) {
    for (size_t row = 0; row < rows; ++row) to[row][to_lane] = from[row][from_lane];
}

template <int Parts>
void copy_point(const AffineBlock<Parts>& from, size_t from_lane, AffineBlock<Parts>& to, size_t to_lane) {
    copy_lane(from.x, from_lane, to.x, to_lane, 8 * Parts);
    copy_lane(from.y, from_lane, to.y, to_lane, 8 * Parts);
    to.infinite[to_lane] = from.infinite[from_lane];
}

}  // namespace pyfe::group::bls12_381
