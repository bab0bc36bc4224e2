#include "../make_kernels.hpp"
#include "pyfe/field/fe_lanes.hpp"
#include "pyfe/field/fp_lanes.hpp"
#include "pyfe/field/lanes_emulated.hpp"

namespace pyfe::dlog {

static constexpr Kernels table =
    make_kernels<field::FeLanes<field::emulated::Lanes>, field::bls12_381::FpLanes<field::emulated::Lanes>>(
        "emulated");

const Kernels& emulated_kernels() { return table; }

}  // namespace pyfe::dlog
