// How the forms of a key are summed: bilinear terms <u, c> <v, d>, one a column or a row of a matrix, or one
// a unit of a factored form.
#pragma once
#include "pyfe/qfe/objects.hpp"

namespace pyfe::qfe {

// sum_i u_i c_i, without the zeros
using Sparse = std::vector<std::pair<uint32_t, int64_t>>;

struct Term {
    Sparse u, v;
};

// The terms that one form has for itself, and the units that forms share
struct Plan {
    std::vector<std::vector<Term>> own;
    std::vector<Term> shared;
    std::vector<int64_t> powers;  // [form][shared unit]
};

Plan plan_of(const Forms& forms);

}  // namespace pyfe::qfe
