#include "pyfe/ring/kernels.hpp"

namespace pyfe::ring {

const Kernels& ifma_kernels() { return portable_kernels(); }

}  // namespace pyfe::ring
