// How a scalar that many points have in common is cut into digits. Shared by the driver and the kernels.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/group/bls12_381/blocks.hpp"

namespace pyfe::group::bls12_381 {

constexpr int kTableWindow = 6, kTableSteps = 6;
constexpr size_t kTableEntries = 32;  // the multiples 1 .. 32; digits are -32 .. 31

struct TableShape {
    int parts;  // along the endomorphism
    int teeth;  // tables a point; a tooth covers kTableSteps digits of a part

    [[gnu::always_inline]] constexpr size_t digits() const { return size_t(parts * teeth * kTableSteps); }
    [[gnu::always_inline]] constexpr size_t digit(int part, int tooth, int step) const {
        return size_t((part * teeth + tooth) * kTableSteps + step);
    }
};

// Two parts of 128 bits in G1, four of 64 in G2
[[gnu::always_inline]] constexpr TableShape table_shape(int coordinate_parts) {
    return coordinate_parts == 1 ? TableShape{2, 4} : TableShape{4, 2};
}

// What one block of eight groups is asked for
template <int Parts>
struct CommonSum {
    const AffineBlock<Parts>* table;  // [term][tooth][entry]
    const uint8_t* digits;            // [term][part][tooth][step], d + 32; the same for all lanes
    size_t terms;
    const PointBlock<Parts>* multiples;  // A, 2 A, .. 32 A in every lane
    const uint8_t* short_digits;         // [step][lane], d + 32
    int short_steps;
};

}  // namespace pyfe::group::bls12_381
