#include "../ristretto255/make_kernels.hpp"
#include "pyfe/field/fe51.hpp"

namespace pyfe::group::ristretto255 {

static constexpr Kernels table = make_kernels<field::Fe51>("portable");

const Kernels& portable_kernels() { return table; }

}  // namespace pyfe::group::ristretto255
