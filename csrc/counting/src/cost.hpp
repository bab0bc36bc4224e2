// What a product costs by either way: nanoseconds on one core of 2023, only to choose.
#pragma once

#include <bit>
#include <cstddef>

namespace pyfe::counting {

// So many terms times so many answers
inline double direct_cost(double terms, std::size_t answers) {
    return 0.3 * terms * static_cast<double>(answers);
}

// Transforms of so many real numbers
inline double transform_cost(double transforms, std::size_t answers) {
    const std::size_t points = std::bit_ceil(answers);
    return transforms * static_cast<double>(points) * (1 + 0.9 * std::bit_width(points));
}

}  // namespace pyfe::counting
