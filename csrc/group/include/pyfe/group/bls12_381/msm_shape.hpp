// How buckets lie in memory for multi-scalar multiplication. Shared by the driver and the kernels.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::group::bls12_381 {

// Words of a point stored by itself: x, then y
[[gnu::always_inline]] constexpr size_t row_words(int coordinate_parts) {
    return 16 * size_t(coordinate_parts);
}

// One signed digit that is not zero
struct BucketEntry {
    uint32_t point;  // 2 row + 1 where the point is to be negated
    uint32_t slot;   // of its bucket: 8 block + lane
};

// Two points to be added, as `point` above
struct PointPair {
    uint32_t a, b;
};

// Coordinates of scratch that a step of eight pairs of rows takes
constexpr size_t kRowScratch = 3;

// Rows below `split` lie in first, the others in second.
struct RowSource {
    const uint64_t *first, *second;
    uint32_t split;
};

// For a cohort, whose buckets lie nowhere
[[gnu::always_inline]] constexpr uint32_t cohort_slot(int window, int w, uint32_t size) {
    return (static_cast<uint32_t>(w) << (window - 1)) + size - 1;
}

// 2^(window - 1) buckets a window, cut into segments of `length`; a segment is a column, eight columns side
// by side in the lanes make a group. All numbers but the windows are powers of two; segments <= 8.
struct BucketShape {
    int window, windows, segments, length;

    [[gnu::always_inline]] int groups() const { return (windows * segments + 7) / 8; }
    [[gnu::always_inline]] size_t blocks() const { return size_t(groups()) * size_t(length); }
    [[gnu::always_inline]] uint32_t slot(int w, int size) const {
        const int column = w * segments + (size - 1) / length;
        return static_cast<uint32_t>(8 * (column / 8 * length + (size - 1) % length) + column % 8);
    }
};

}  // namespace pyfe::group::bls12_381
