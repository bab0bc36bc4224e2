#include "pyfe/base/dispatch.hpp"
#include "pyfe/field/kernels381.hpp"

namespace pyfe::field::bls12_381 {
#if defined(PYFE_NO_IFMA)  // the name must be there; backend_supported() says no
const FpKernels& ifma_fp_kernels() { return portable_fp_kernels(); }
#endif

namespace {
constinit Dispatch<FpKernels> dispatch(portable_fp_kernels, ifma_fp_kernels);
}

const FpKernels& fp_kernels() { return dispatch.active(); }

}  // namespace pyfe::field::bls12_381
