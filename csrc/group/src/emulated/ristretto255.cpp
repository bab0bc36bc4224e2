#include "../ristretto255/make_kernels.hpp"
#include "pyfe/field/fe_lanes.hpp"
#include "pyfe/field/lanes_emulated.hpp"

namespace pyfe::group::ristretto255 {

static constexpr Kernels table = make_kernels<field::FeLanes<field::emulated::Lanes>>("emulated");

const Kernels& emulated_kernels() { return table; }

}  // namespace pyfe::group::ristretto255
