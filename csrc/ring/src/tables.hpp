// Powers of psi for the transforms, worked out once for a prime and a degree.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "pyfe/ring/kernels.hpp"

namespace pyfe::ring {

// Word by word: for i = 0 .. N-1 a pair w, floor(w 2^64 / q). In `forward` w = psi^bitreverse(i), in
// `inverse` its inverse, but for pairs 0 and 1 of the latter, in which 1 / N is worked in: 1 / N and w / N.
struct Tables {
    Modulus modulus;
    int log_n;
    std::uint64_t root;
    std::vector<std::uint64_t> forward, inverse;
    std::vector<std::uint64_t> forward_lanes, inverse_lanes;  // the same powers as lane_tables.hpp has them

    Transform transform() const;
    static std::shared_ptr<const Tables> of(std::uint64_t q, int log_n);
};

}  // namespace pyfe::ring
