// The kernel table, written once for all backends. Fe: GF(2^255 - 19), Fp: the base field of BLS12-381.
#pragma once
#include "sweep_g1.hpp"
#include "sweep_gt.hpp"
#include "sweep_ristretto255.hpp"

namespace pyfe::dlog {

template <class Fe, class Fp>
constexpr Kernels make_kernels(const char* name) {
    return {name,
            Ristretto255Sweep<Fe>::targets,
            Ristretto255Sweep<Fe>::sweep_vartime,
            GtSweep<Fp>::targets,
            GtSweep<Fp>::steps,
            GtSweep<Fp>::sweep_vartime,
            G1Sweep<Fp>::targets,
            G1Sweep<Fp>::steps,
            G1Sweep<Fp>::sweep_vartime};
}

}  // namespace pyfe::dlog
