// In which order the transforms on eight lanes go through their words, and so their powers.
#pragma once

#include <cstddef>

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::ring {

// The pairs of the levels above the last six, as one word at a time has them, with floor(w 2^52 / q); then a
// record of 128 words for each block of 64 words:
//   0 .. 15    pairs 1 .. 7 of the block's first three levels, each at its number; 0 and 1 are empty
//   16 .. 127  a register of w and one of quotients for each of 7: 1 of the level of 8 words, lane i of block
//              i there; 2 of the level of 4 words, lane i of block 2 i + 0, 1; 4 of pairs, block 4 i + 0 .. 3
constexpr std::size_t lane_record = 128;

// All levels but the last six: `first` on all words, then `second` on each of `parts` of `part` words, up to
// four each. A part of at most 1,024 words, with its powers, fits into the nearest cache.
struct LaneShape {
    int first, second;
    std::size_t parts, part;
    std::size_t records;  // where they begin in the table

    PYFE_INLINE constexpr LaneShape of(int log_n) {
        const int levels = log_n - 6, first = levels > 4 ? levels - 4 : 0;
        const std::size_t n = std::size_t{1} << log_n;
        return {first, levels - first, std::size_t{1} << first, n >> first, n >> 5};
    }
};

}  // namespace pyfe::ring
#undef PYFE_INLINE
