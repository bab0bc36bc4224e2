// The intervals that results lie in, and the functions that have one.
#pragma once
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::ipfe_ddh {

// Error(parameter) unless the matrix of this name has n columns
void require_columns(const IntMatrix& m, size_t n, const char* name);
// Error(parameter) for a function of zeros, Error(out_of_range) for a weight beyond the bound; `row` names it
void require_row(const Parameters& p, const int64_t* y, size_t row);
// L = sum_i min(y_i lo_i, y_i hi_i), U = sum_i max(..): the exact range of <x, y> over the box.
// Error(out_of_range) where it is wider than a search spans
Interval result_interval(const Parameters& p, const int64_t* y, size_t row);
// Of every function, each a sound one
std::vector<Interval> result_intervals(const Parameters& p, const IntMatrix& y);
// Of a combined row. Error(out_of_range) likewise
Interval scaled(const Interval& i, const RowWeight& w, size_t row);

}  // namespace pyfe::ipfe_ddh
