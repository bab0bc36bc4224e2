#include "shape.hpp"

#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace pyfe::dlog {
namespace {

uint64_t steps_needed(uint64_t half, int log_entries) {
    const uint64_t entries = uint64_t{1} << log_entries, stride = 2 * entries + 1;
    return half <= entries ? 0 : (half - entries + stride - 1) / stride;
}

Rung rung_for(uint64_t half, std::span<const Rung> ladder) {
    for (const Rung& rung : ladder)
        if (steps_needed(half, rung.log_entries) <= rung.steps) return rung;
    return ladder.back();
}

}  // namespace

uint64_t Shape::reach() const {
    return static_cast<uint64_t>(origins * origin_stride() + (8 * static_cast<int64_t>(blocks) + 1) * stride);
}

Shape shape_of(uint64_t width, std::span<const Rung> ladder) {
    if (width > kMaxWidth)
        fail(ErrorKind::out_of_range,
             "small logs: the interval's width " + std::to_string(width) +
                 " is beyond 2^44; smaller weights or columns of fewer bits narrow it");
    Shape s{};
    s.half = width - width / 2;
    s.rung = rung_for(s.half, ladder);
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
