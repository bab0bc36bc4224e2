#include "neighbours.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "pyfe/base/interrupt.hpp"

namespace pyfe::counting {
namespace {

using Rows = std::vector<std::uint32_t>;

constexpr unsigned digit_bits = 11;
constexpr std::size_t digits = std::size_t{1} << digit_bits;

// Stable, by one digit of value - least
void sort_by_digit(Rows& rows, Rows& scratch, const std::vector<std::int64_t>& value, std::int64_t least,
                   unsigned shift) {
    const auto digit = [&](std::uint32_t row) {
        const auto above = static_cast<std::uint64_t>(value[row]) - static_cast<std::uint64_t>(least);
        return static_cast<std::size_t>(above >> shift) % digits;
    };
    std::array<std::uint32_t, digits> place{};
    for (const std::uint32_t row : rows) ++place[digit(row)];
    std::exclusive_scan(place.begin(), place.end(), place.begin(), 0U);
    for (const std::uint32_t row : rows) scratch[place[digit(row)]++] = row;
    rows.swap(scratch);
}

// Of one key with few different answers: a place for each
Neighbours by_counting(const std::vector<std::int64_t>& value, std::int64_t least, std::size_t range) {
    Neighbours out;
    out.row.resize(value.size());
    Rows place(range + 1);
    for (const std::int64_t one : value) ++place[static_cast<std::size_t>(one - least)];
    std::uint32_t before = 0;
    for (std::uint32_t& here : place) {
        if (here != 0) out.start.push_back(before);
        before += std::exchange(here, before);
    }
    out.start.push_back(before);
    for (std::size_t row = 0; row < value.size(); ++row)
        out.row[place[static_cast<std::size_t>(value[row] - least)]++] = static_cast<std::uint32_t>(row);
    return out;
}

}  // namespace

Neighbours neighbours(std::span<const std::vector<std::int64_t>> answers, std::size_t count) {
    Neighbours out;
    Rows scratch(count);
    out.row.resize(count);
    std::iota(out.row.begin(), out.row.end(), 0U);
    for (const std::vector<std::int64_t>& value : answers) {
        if (count == 0) break;
        std::int64_t least = value.front(), most = least;
        for (const std::int64_t one : value) {  // without the branches of std::minmax_element
            least = std::min(least, one);
            most = std::max(most, one);
        }
        const auto range = static_cast<std::uint64_t>(most) - static_cast<std::uint64_t>(least);
        if (answers.size() == 1 && range < count) return by_counting(value, least, range);
        for (unsigned shift = 0; shift < 64 && range >> shift != 0; shift += digit_bits) {
            checkpoint();
            sort_by_digit(out.row, scratch, value, least, shift);
        }
    }
    const auto differ = [&](std::uint32_t a, std::uint32_t b) {
        return std::any_of(answers.begin(), answers.end(),
                           [&](const auto& value) { return value[a] != value[b]; });
    };
    for (std::size_t i = 0; i < count; ++i)
        if (i == 0 || differ(out.row[i - 1], out.row[i])) out.start.push_back(static_cast<std::uint32_t>(i));
    out.start.push_back(static_cast<std::uint32_t>(count));
    return out;
}

}  // namespace pyfe::counting
