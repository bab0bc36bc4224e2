// The table of a backend that works on eight lanes.
#pragma once

#include "lane_transforms.hpp"
#include "lane_words.hpp"

namespace pyfe::ring {

template <class L>
struct LaneKernels {
    static void forward(const Transform& transform, std::uint64_t* a) {
        if (transform.modulus.bits <= 47) return LaneForward<L, 32>::run(transform, a);
        if (transform.modulus.bits <= 49) return LaneForward<L, 8>::run(transform, a);
        LaneForward<L, 4>::run(transform, a);
    }
    using W = LaneWords<L>;
    static constexpr Kernels table(const char* name) {
        return {name,       forward,  LaneInverse<L>::run, W::add,        W::sub, W::mul,
                W::mul_add, W::scale, W::scale_add,        W::from_signed};
    }
};

}  // namespace pyfe::ring
