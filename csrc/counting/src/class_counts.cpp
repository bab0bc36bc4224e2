// A class is counted in sixteen columns at once: the labels that equal it are 0xff, which is -1, in bytes that
// 255 rows cannot overflow. Eight such counters stay in registers.
#include "class_counts.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace pyfe::counting {
namespace {

using Lanes [[gnu::vector_size(label_lanes)]] = std::uint8_t;
using LaneCounts = std::array<Lanes, most_classes>;

constexpr std::size_t most_in_a_byte = 255;

// labels: sixteen of the first row
LaneCounts in_lanes(const std::uint8_t* labels, std::size_t stride, std::span<const std::uint32_t> rows) {
    LaneCounts counts{};
    for (const std::uint32_t row : rows) {
        Lanes here;
        std::memcpy(&here, labels + row * stride, sizeof(here));
        for (std::size_t c = 0; c < most_classes; ++c)
            counts[c] -= reinterpret_cast<Lanes>(here == static_cast<std::uint8_t>(c));
    }
    return counts;
}

}  // namespace

void ClassCounts::add(const ClassCounts& more) {
    for (std::size_t i = 0; i < count_.size(); ++i) count_[i] += more.count_[i];
}

void ClassCounts::add(const Labels& labels, std::span<const std::uint32_t> rows) {
    for (std::size_t first = 0; first < columns_; first += label_lanes) {
        const std::size_t lanes = std::min(label_lanes, columns_ - first);
        for (std::size_t at = 0; at < rows.size(); at += most_in_a_byte) {
            const auto some = rows.subspan(at, std::min(most_in_a_byte, rows.size() - at));
            const LaneCounts counts = in_lanes(labels.all.data() + first, labels.columns, some);
            for (std::size_t c = 0; c < most_classes; ++c)
                for (std::size_t i = 0; i < lanes; ++i) count_[c * columns_ + first + i] += counts[c][i];
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
