// One row by itself, where rows do not fill the lanes: its terms stand side by side instead.
#pragma once
#include "plan.hpp"

namespace pyfe::qfe {

// [x^T F_f y]_T for every f. row: the points of one
pairing::GtElements lone_row(const Plan& plan, const FunctionKey& sk, const RowPoints& row);

}  // namespace pyfe::qfe
