// Rows sorted by their answers: equal ones stand together.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pyfe::counting {

struct Neighbours {
    std::vector<std::uint32_t> row;    // sorted by answers, then by row
    std::vector<std::uint32_t> start;  // [groups + 1], where each group begins in `row`

    std::size_t groups() const { return start.size() - 1; }
    std::span<const std::uint32_t> of(std::size_t group) const {
        return {row.data() + start[group], row.data() + start[group + 1]};
    }
};

// answers: one vector [count] a key
Neighbours neighbours(std::span<const std::vector<std::int64_t>> answers, std::size_t count);

}  // namespace pyfe::counting
