#include "../make_kernels381.hpp"
#include "pyfe/field/fp64.hpp"

namespace pyfe::field::bls12_381 {

static constexpr FpKernels table = make_fp_kernels<Fp64>("portable");

const FpKernels& portable_fp_kernels() { return table; }

}  // namespace pyfe::field::bls12_381
