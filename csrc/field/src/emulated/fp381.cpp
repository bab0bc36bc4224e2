#include "../make_kernels381.hpp"
#include "pyfe/field/fp_lanes.hpp"
#include "pyfe/field/lanes_emulated.hpp"

namespace pyfe::field::bls12_381 {

static constexpr FpKernels table = make_fp_kernels<FpLanes<emulated::Lanes>>("emulated");

const FpKernels& emulated_fp_kernels() { return table; }

}  // namespace pyfe::field::bls12_381
