// The distribution of a sum of variables.
#pragma once

#include <span>

#include "distribution.hpp"

namespace pyfe::counting {

// By a tree of products, short ones first, each by the quicker way: directly, or by transforms, which are
// right to rounding of the largest probability.
Distribution product_of(std::span<const Terms> factors);

}  // namespace pyfe::counting
