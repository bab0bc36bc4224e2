// A closed interval of integers: where a result lies, and what a search covers.
#pragma once
#include <cstdint>

namespace pyfe {

struct Interval {
    int64_t lo, hi;  // both included
};

}  // namespace pyfe
