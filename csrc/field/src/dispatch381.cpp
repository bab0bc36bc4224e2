#include "pyfe/base/cpu.hpp"
#include "pyfe/field/kernels381.hpp"

namespace pyfe::field::bls12_381 {

const FpKernels& fp_kernels() {
    return active_backend() == Backend::ifma ? ifma_fp_kernels() : portable_fp_kernels();
}

}  // namespace pyfe::field::bls12_381
