// The one place where a backend is chosen for the sweeps over BLS12-381.
#include <atomic>

#include "pyfe/base/cpu.hpp"
#include "pyfe/dlog/kernels.hpp"

namespace pyfe::dlog {
namespace {
std::atomic<const Kernels*> override_table{nullptr};
}

void override_kernels_for_testing(const Kernels* table) { override_table.store(table); }

const Kernels& kernels() {
    if (const Kernels* table = override_table.load(std::memory_order_relaxed)) return *table;
    return active_backend() == Backend::ifma ? ifma_kernels() : portable_kernels();
}

}  // namespace pyfe::dlog
