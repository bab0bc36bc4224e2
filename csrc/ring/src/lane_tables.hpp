// In which order the transforms on eight lanes go through their words, and so their powers.
#pragma once

#include <cstddef>

#define PYFE_INLINE static inline __attribute__((always_inline))

namespace pyfe::ring {

// A table begins with pairs w, floor(w 2^52 / q), 32 words for each time that up to four levels are gone
// through: pair 2^j + k there is the one of block k of level j, pair 0 that of 1, or of 1 / N. Then comes a
// record of 128 words for each block of 64 words:
//   0 .. 15    the pairs of its first three levels, likewise
//   16 .. 127  a register of w and one of quotients for each of 7: 1 of the level of 8 words, lane i of block
//              i there; 2 of the level of 4 words, lane i of block 2 i + 0, 1; 4 of pairs, block 4 i + 0 .. 3
constexpr std::size_t lane_pairs = 32, lane_record = 128;

// All levels but the last six: `first` on all words, if there are more than four, then `second` on each of
// `parts` of `part` words. A part, of lane_part words where there is more than one, fits with its powers into
// the nearest cache.
constexpr std::size_t lane_part = 1024;
struct LaneShape {
    int first, second;
    std::size_t parts, part;
    std::size_t records;  // where they begin in the table

    PYFE_INLINE constexpr LaneShape of(int log_n) {
        const int levels = log_n - 6, first = levels > 4 ? levels - 4 : 0;
        const std::size_t parts = std::size_t{1} << first;
        return {first, levels - first, parts, std::size_t{1} << (log_n - first), (1 + parts) * lane_pairs};
    }
};

}  // namespace pyfe::ring
#undef PYFE_INLINE
