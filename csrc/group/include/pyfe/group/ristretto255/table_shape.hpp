// How a scalar that many points have in common is cut into digits. Shared by the driver and the kernels.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::group::ristretto255 {

constexpr int kTableWindow = 4;  // signed odd digits: the multiples 1, 3, .. 15
constexpr int kTableEntries = 1 << (kTableWindow - 1);
constexpr int kTableDigits = 64;

// A limb of eight points, or eight entries of a limb of one
struct alignas(64) TableLine {
    uint64_t word[8];
};
constexpr size_t kTableRowLines = size_t(kTableEntries) * 15;  // of eight points: 7.5 KB

// Digits j and j + 1 .. j + spacing - 1 share a row, and so the doublings between them.
[[gnu::always_inline]] constexpr int table_rows(int spacing) {
    return (kTableDigits + spacing - 1) / spacing;
}

}  // namespace pyfe::group::ristretto255
