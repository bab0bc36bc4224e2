// A class is counted in sixteen columns at once: labels that equal it are 0xff, which is -1, in bytes that
// 255 rows cannot overflow. Eight such counters stay in registers.
#include "class_counts.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace pyfe::counting {
namespace {

using Lanes [[gnu::vector_size(Labels::lanes)]] = std::uint8_t;
using LaneCounts = std::array<Lanes, most_classes>;

constexpr std::size_t most_in_a_byte = 255;
constexpr std::size_t rows_ahead = 24;  // of a row that is looked at, to be there when its turn comes

// The lower four bits of the labels' bytes, or the upper ones
template <unsigned shift>
LaneCounts in_lanes(const Labels& labels, std::size_t part, std::span<const std::uint32_t> rows) {
    LaneCounts counts{};
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (shift == 0 && i + rows_ahead < rows.size())
            __builtin_prefetch(labels.of(rows[i + rows_ahead], part));
        Lanes here;
        std::memcpy(&here, labels.of(rows[i], part), sizeof(here));
        here = here >> shift & 15;
        for (std::size_t c = 0; c < most_classes; ++c)
            counts[c] -= reinterpret_cast<Lanes>(here == static_cast<std::uint8_t>(c));
    }
    return counts;
}

}  // namespace

Labels::Labels(std::size_t rows, std::size_t columns)
    : columns_(columns),
      size_(columns / (2 * lanes) * lanes + std::min(lanes, columns % (2 * lanes))),
      bytes_(rows * size_ + lanes) {}

void ClassCounts::add(const ClassCounts& more) {
    for (std::size_t i = 0; i < count_.size(); ++i) count_[i] += more.count_[i];
}

void ClassCounts::add(const Labels& labels, std::span<const std::uint32_t> rows) {
    const auto add_lanes = [&](const LaneCounts& counts, std::size_t first) {
        const std::size_t lanes = std::min(Labels::lanes, columns_ - first);
        for (std::size_t c = 0; c < most_classes; ++c)
            for (std::size_t i = 0; i < lanes; ++i) count_[c * columns_ + first + i] += counts[c][i];
    };
    for (std::size_t at = 0; at < rows.size(); at += most_in_a_byte) {
        const auto some = rows.subspan(at, std::min(most_in_a_byte, rows.size() - at));
        for (std::size_t first = 0; first < columns_; first += 2 * Labels::lanes) {
            const std::size_t part = first / (2 * Labels::lanes), second = first + Labels::lanes;
            add_lanes(in_lanes<0>(labels, part, some), first);
            if (second < columns_) add_lanes(in_lanes<4>(labels, part, some), second);
        }
    }
}

void ClassCounts::commonest(std::span<std::uint8_t> out) const {
    for (std::size_t i = 0; i < columns_; ++i) {
        std::uint32_t most = count_[i];
        out[i] = 0;
        for (std::size_t c = 1; c < most_classes; ++c) {
            const std::uint32_t here = count_[c * columns_ + i];
            if (here > most) out[i] = static_cast<std::uint8_t>(c);
            most = std::max(most, here);
        }
    }
}

}  // namespace pyfe::counting
