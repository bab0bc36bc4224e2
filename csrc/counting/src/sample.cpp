#include "pyfe/counting/sample.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"

namespace pyfe::counting {
namespace {

constexpr std::size_t rows_a_task = 8192;

template <class Body>
void in_parts(std::size_t count, const Body& body) {
    parallel_for((count + rows_a_task - 1) / rows_a_task, [&](std::size_t task) {
        body(task * rows_a_task, std::min(count, (task + 1) * rows_a_task));
    });
}

void require_level(std::int16_t level, std::size_t levels, std::size_t row, std::size_t column) {
    if (level < 0 || static_cast<std::size_t>(level) >= levels)
        fail(ErrorKind::parameter, "counting: row " + std::to_string(row) + " has the level " +
                                       std::to_string(level) + " of " + std::to_string(levels) +
                                       " in column " + std::to_string(column));
}

void require_columns(std::span<const Guessed> guessed, std::size_t columns) {
    for (const Guessed& one : guessed) {
        if (one.column >= columns)
            fail(ErrorKind::parameter, "counting: there is no column " + std::to_string(one.column));
        for (const std::uint8_t label : one.label)
            if (label >= most_classes)
                fail(ErrorKind::parameter,
                     "counting: the class " + std::to_string(label) + " is not below 8");
    }
}

void require_62_bits(std::span<const std::vector<std::int64_t>> share) {
    constexpr double most = 4611686018427387904.0;  // 2^62
    double sum = 0;
    for (const auto& column : share) {
        double largest = 0;
        for (const std::int64_t value : column)
            largest = std::max(largest, std::abs(static_cast<double>(value)));
        sum += largest;
    }
    if (sum >= most) fail(ErrorKind::out_of_range, "counting: an answer of 62 bits or more");
}

}  // namespace

Sample::Sample(std::vector<std::int16_t> levels, std::size_t columns, std::span<const Guessed> guessed)
    : count_(columns == 0 ? 0 : levels.size() / columns),
      columns_(columns),
      guessed_(guessed.size()),
      levels_(std::move(levels)),
      labels_(count_ * guessed.size()) {
    if (count_ > std::numeric_limits<std::uint32_t>::max())
        fail(ErrorKind::parameter, "counting: a sample of 2^32 rows or more");
    require_columns(guessed, columns);
    in_parts(count_, [&](std::size_t first, std::size_t end) {
        for (std::size_t i = 0; i < guessed_; ++i) {
            const auto& [column, label] = guessed[i];
            for (std::size_t row = first; row < end; ++row) {
                const std::int16_t level = levels_[column * count_ + row];
                require_level(level, label.size(), row, column);
                labels_[row * guessed_ + i] = label[static_cast<std::size_t>(level)];
            }
        }
    });
}

std::vector<std::int64_t> Sample::answers_vartime(std::span<const std::vector<std::int64_t>> share) const {
    if (share.size() != columns_)
        fail(ErrorKind::parameter, "counting: shares of " + std::to_string(share.size()) +
                                       " columns for rows of " + std::to_string(columns_));
    require_62_bits(share);
    std::vector<std::int64_t> out(count_);
    in_parts(count_, [&](std::size_t first, std::size_t end) {
        for (std::size_t column = 0; column < columns_; ++column) {
            if (share[column].empty()) continue;
            for (std::size_t row = first; row < end; ++row) {
                const std::int16_t level = levels_[column * count_ + row];
                require_level(level, share[column].size(), row, column);
                out[row] += share[column][static_cast<std::size_t>(level)];
            }
        }
    });
    return out;
}

}  // namespace pyfe::counting
