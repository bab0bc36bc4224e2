#include "../make_kernels.hpp"
#include "pyfe/field/fe51.hpp"
#include "pyfe/field/fp64.hpp"

namespace pyfe::dlog {

static constexpr Kernels table = make_kernels<field::Fe51, field::bls12_381::Fp64>("portable");

const Kernels& portable_kernels() { return table; }

}  // namespace pyfe::dlog
