#include "shape.hpp"

#include <algorithm>
#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace pyfe::dlog {
namespace {

// One sweep unit is eight steps to both sides, so eight steps cost no more than one. Building grows with the
// table: the small rungs keep it below a few milliseconds, 2^21 fits most last-level caches, 2^23 is for wide
// searches.
constexpr Rung kLadder[] = {{10, 8},
                            {11, 8},
                            {12, 8},
                            {13, 8},
                            {14, 8},
                            {15, 8},
                            {16, 8},
                            {17, 8},
                            {18, 64},
                            {21, 128},
                            {kMaxLogEntries, 8192}};

uint64_t steps_needed(uint64_t half, int log_entries) {
    const uint64_t entries = uint64_t{1} << log_entries, stride = 2 * entries + 1;
    return half <= entries ? 0 : (half - entries + stride - 1) / stride;
}

Rung rung_for(uint64_t half) {
    for (const Rung& rung : kLadder)
        if (steps_needed(half, rung.log_entries) <= rung.steps) return rung;
    return kLadder[std::size(kLadder) - 1];
}

}  // namespace

uint64_t Shape::reach() const {
    return static_cast<uint64_t>(origins * origin_stride() + (8 * static_cast<int64_t>(blocks) + 1) * stride);
}

Shape shape_of(uint64_t width) {
    if (width > kMaxWidth)
        fail(ErrorKind::out_of_range, "small logs: the interval's width " + std::to_string(width) +
                                          " is beyond 2^44; use the scheme ipfe-rlwe for results this wide");
    Shape s{};
    s.half = width - width / 2;
    s.rung = rung_for(s.half);
    s.entries = int64_t{1} << s.rung.log_entries;
    s.stride = 2 * s.entries + 1;
    // (2 origins + 1) runs of 2 * steps + 1 positions cover the 2 * needed + 1 that there are
    const uint64_t needed = steps_needed(s.half, s.rung.log_entries), most = s.rung.steps;
    const uint64_t origins = needed <= most ? 0 : (needed - most + 2 * most) / (2 * most + 1);
    const uint64_t steps = needed <= origins ? 0 : (needed - origins + 2 * origins) / (2 * origins + 1);
    s.origins = static_cast<int64_t>(origins);
    s.blocks = static_cast<size_t>((steps + 7) / 8);
    return s;
}

}  // namespace pyfe::dlog
