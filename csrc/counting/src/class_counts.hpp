// How many rows of a set are of each class, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyfe/counting/score.hpp"

namespace pyfe::counting {

// Labels that are counted side by side
constexpr std::size_t label_lanes = 16;

// The classes of all rows, [rows, columns], and label_lanes bytes behind them that may be read
struct Labels {
    const std::vector<std::uint8_t>& all;
    std::size_t columns;

    const std::uint8_t* of(std::size_t row) const { return all.data() + row * columns; }
};

class ClassCounts {
  public:
    explicit ClassCounts(std::size_t columns) : columns_(columns), count_(most_classes * columns) {}

    std::size_t columns() const { return columns_; }
    std::uint32_t of(std::size_t label, std::size_t column) const { return count_[label * columns_ + column]; }

    void clear() { count_.assign(count_.size(), 0); }
    void add(const ClassCounts& more);
    void add(const Labels& labels, std::span<const std::uint32_t> rows);

    // The commonest class of each column, the first of several
    void commonest(std::span<std::uint8_t> out) const;

  private:
    std::size_t columns_;
    std::vector<std::uint32_t> count_;  // [classes, columns]
};

// Error(parameter) unless there is an answer for every row
void require_lengths(std::span<const std::vector<std::int64_t>> answers, std::size_t rows);

}  // namespace pyfe::counting
