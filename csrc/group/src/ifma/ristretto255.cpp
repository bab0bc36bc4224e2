#include "../ristretto255/make_kernels.hpp"
#include "pyfe/field/fe_lanes.hpp"
#include "pyfe/field/lanes_avx512.hpp"

namespace pyfe::group::ristretto255 {

static constexpr Kernels table = make_kernels<field::FeLanes<field::ifma::Avx512>>("ifma");

const Kernels& ifma_kernels() { return table; }

}  // namespace pyfe::group::ristretto255
