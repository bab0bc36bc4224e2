#include "../make_kernels.hpp"
#include "pyfe/field/fe_lanes.hpp"
#include "pyfe/field/fp_lanes.hpp"
#include "pyfe/field/lanes_avx512.hpp"

namespace pyfe::dlog {

static constexpr Kernels table =
    make_kernels<field::FeLanes<field::ifma::Avx512>, field::bls12_381::FpLanes<field::ifma::Avx512>>("ifma");

const Kernels& ifma_kernels() { return table; }

}  // namespace pyfe::dlog
