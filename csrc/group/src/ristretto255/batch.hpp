// What the drivers of batches share: blocks, chunks of them, and digits of secret scalars. Included by
// portable files only.
#pragma once
#include <algorithm>

#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/points.hpp"
#include "recode.hpp"

namespace pyfe::group::ristretto255 {

constexpr size_t kChunkBlocks = 64;  // 512 points share one inversion; their scratch fits the L2 cache

inline size_t blocks_of(size_t count) { return (count + 7) / 8; }

inline std::vector<uint8_t> encode_all(const Kernels& k, const std::vector<PointBlock>& points,
                                       size_t count) {
    std::vector<uint8_t> out(32 * count);
    k.encode(points.data(), count, out.data(), 32);
    return out;
}

// Scratch that a task may leave secrets in
struct Workspace {
    SecretVector<PointBlock> points;
    SecretVector<Element> elements;
    Workspace(size_t blocks) : points(blocks), elements(2 * blocks) {}
};

// Digits of k/2 for whole blocks; spare lanes repeat the last scalar
inline SecretVector<uint8_t> halved_digits(std::span<const Scalar> k, int window, int digits) {
    const size_t blocks = blocks_of(k.size());
    SecretVector<uint8_t> out(blocks * size_t(digits) * 8);
    SecretScalars half(1);
    for (size_t r = 0; r < blocks * 8; ++r) {
        if (r % 1024 == 0) checkpoint();
        half[0] = Scalar::half(k[std::min(r, k.size() - 1)]);
        recode_odd(half[0], window, digits, out.data() + (r / 8) * size_t(digits) * 8 + r % 8, 8);
    }
    return out;
}

}  // namespace pyfe::group::ristretto255
