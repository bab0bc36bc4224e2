// How an interval is cut up: baby steps, giant steps, origins.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace pyfe::dlog {

// A table size and the number of giant steps kept beside it. Wider intervals take the next rung. Of a table
// that is kept in a file also what Table::digest() must give, in hexadecimal: the bytes follow from the group
// alone, and the slow half of test_dlog makes them again.
struct Rung {
    int log_entries;
    uint64_t steps;
    std::string_view digest = {};
};

constexpr int kMaxLogInMemory = 18;  // up to 2 MB, built in milliseconds; larger tables are cached in files
constexpr int kMaxLogEntries = 23;   // index bits of a table slot

struct Shape {
    uint64_t half;  // largest distance from the centre
    Rung rung;
    int64_t entries;  // T: the table holds B, 2 B, .. T B
    int64_t stride;   // 2T + 1: a giant step
    size_t blocks;    // of eight giant steps to either side of an origin
    int64_t origins;  // to either side of the centre; 0 for all but the widest intervals

    // Distance between origins
    int64_t origin_stride() const { return (16 * static_cast<int64_t>(blocks) + 1) * stride; }
    // Bound on every distance the search can name
    uint64_t reach() const;
};

// The first rung of the ladder that reaches, else the last. Error(out_of_range) above kMaxWidth
Shape shape_of(uint64_t width, std::span<const Rung> ladder);

}  // namespace pyfe::dlog
