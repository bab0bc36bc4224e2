// The kernel table, written once for all backends.
#pragma once
#include "sweep_g1.hpp"
#include "sweep_gt.hpp"

namespace pyfe::dlog {

template <class F>
constexpr Kernels make_kernels(const char* name) {
    return {name,
            GtSweep<F>::targets,
            GtSweep<F>::steps,
            GtSweep<F>::sweep_vartime,
            G1Sweep<F>::targets,
            G1Sweep<F>::steps,
            G1Sweep<F>::sweep_vartime};
}

}  // namespace pyfe::dlog
