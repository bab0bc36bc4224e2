#include "neighbours.hpp"

#include <algorithm>
#include <array>
#include <numeric>

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

}  // namespace

Neighbours neighbours(std::span<const std::vector<std::int64_t>> answers, std::size_t count) {
    Neighbours out;
    Rows scratch(count);
    out.row.resize(count);
    std::iota(out.row.begin(), out.row.end(), 0U);
    for (const std::vector<std::int64_t>& value : answers) {
        if (count == 0) break;
        const auto [least, most] = std::minmax_element(value.begin(), value.end());
        const auto range = static_cast<std::uint64_t>(*most) - static_cast<std::uint64_t>(*least);
        for (unsigned shift = 0; shift < 64 && range >> shift != 0; shift += digit_bits) {
            checkpoint();
            sort_by_digit(out.row, scratch, value, *least, shift);
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
