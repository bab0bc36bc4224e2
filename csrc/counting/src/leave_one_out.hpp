// The distribution of a score without one of its variables, for every variable.
#pragma once

#include <functional>
#include <span>

#include "distribution.hpp"

namespace pyfe::counting {

// Called once for every variable, in order, with the distribution of the sum of all others
using UseOthers = std::function<void(std::size_t variable, const Distribution& others)>;

// By halving: both halves of a set of variables need the product of the other half. About log2(n) times the
// work of one direct product, and every probability is exact to rounding of its own size.
void leave_one_out_directly(std::span<const Terms> factors, const UseOthers& use);

// By Fourier transforms: every probability is exact to rounding of the largest ones, about 1e-16.
void leave_one_out_by_transform(std::span<const Terms> factors, const UseOthers& use);

// The quicker one
void leave_one_out(std::span<const Terms> factors, const UseOthers& use);

}  // namespace pyfe::counting
