#include "pyfe/base/dispatch.hpp"

#include "pyfe/ring/kernels.hpp"

namespace pyfe::ring {
#if defined(PYFE_NO_IFMA)  // the name must be there; backend_supported() says no
const Kernels& ifma_kernels() { return portable_kernels(); }
#endif

namespace {
constinit Dispatch<Kernels> dispatch(portable_kernels, ifma_kernels);
}

const Kernels& kernels() { return dispatch.active(); }

void override_kernels_for_testing(const Kernels* table) { dispatch.override_for_testing(table); }

}  // namespace pyfe::ring
