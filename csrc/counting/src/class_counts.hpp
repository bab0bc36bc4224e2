// How many rows of a set are of each class, column by column.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyfe/counting/score.hpp"

namespace pyfe::counting {

// The classes of all rows, four bits each: a cache line holds those of four rows of 32 columns. Sixteen bytes
// are of 32 columns, byte i of columns i and i + 16.
class Labels {
  public:
    static constexpr std::size_t lanes = 16;

    Labels(std::size_t rows, std::size_t columns);

    std::size_t columns() const { return columns_; }
    // Bytes of a row, and the sixteen from its byte 16 * part on, which may be read
    std::size_t size() const { return size_; }
    const std::uint8_t* of(std::size_t row, std::size_t part = 0) const {
        return bytes_.data() + row * size_ + part * lanes;
    }

    std::uint8_t at(std::size_t row, std::size_t column) const {
        return static_cast<std::uint8_t>(bytes_[place(row, column)] >> shift(column) & 15U);
    }
    // Once for each, labels below 16
    void set(std::size_t row, std::size_t column, std::uint8_t label) {
        bytes_[place(row, column)] |= static_cast<std::uint8_t>(label << shift(column));
    }

  private:
    static unsigned shift(std::size_t column) { return column % (2 * lanes) < lanes ? 0 : 4; }
    std::size_t place(std::size_t row, std::size_t column) const {
        return row * size_ + column / (2 * lanes) * lanes + column % lanes;
    }

    std::size_t columns_, size_;
    std::vector<std::uint8_t> bytes_;
};

class ClassCounts {
  public:
    explicit ClassCounts(std::size_t columns) : columns_(columns), count_(most_classes * columns) {}

    std::size_t columns() const { return columns_; }
    std::uint32_t of(std::size_t label, std::size_t column) const {
        return count_[label * columns_ + column];
    }

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
