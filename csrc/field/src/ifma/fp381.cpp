#include "../make_kernels381.hpp"
#include "pyfe/field/fp_lanes.hpp"
#include "pyfe/field/lanes_avx512.hpp"

namespace pyfe::field::bls12_381 {

static constexpr FpKernels table = make_fp_kernels<FpLanes<ifma::Avx512>>("ifma");

const FpKernels& ifma_fp_kernels() { return table; }

}  // namespace pyfe::field::bls12_381
