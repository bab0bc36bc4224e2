#include "pyfe/ipfe_rlwe/kernels.hpp"

namespace pyfe::ipfe_rlwe {

const Kernels& ifma_kernels() { return portable_kernels(); }

}  // namespace pyfe::ipfe_rlwe
