// How many rows of a set are of each class, column by column.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyfe/counting/score.hpp"

namespace pyfe::counting {

using ClassCounts = std::array<std::uint32_t, most_classes>;

// The classes of all rows, [rows, columns]
struct Labels {
    const std::vector<std::uint8_t>& all;
    std::size_t columns;

    const std::uint8_t* of(std::size_t row) const { return all.data() + row * columns; }
};

inline void count(const Labels& labels, std::size_t row, std::vector<ClassCounts>& counts) {
    const std::uint8_t* const label = labels.of(row);
    for (std::size_t column = 0; column < labels.columns; ++column) ++counts[column][label[column]];
}

inline std::size_t commonest(const ClassCounts& counts) {
    return static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin());
}

// Error(parameter) unless there is an answer for every row
void require_lengths(std::span<const std::vector<std::int64_t>> answers, std::size_t rows);

}  // namespace pyfe::counting
