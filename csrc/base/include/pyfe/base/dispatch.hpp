// Which backend's code runs, and what belongs to a backend. A room that has fast and portable code keeps its
// entry points in one struct, Kernels, and has one object of it a backend.
#pragma once

#include <atomic>

#include "pyfe/base/cpu.hpp"
#include "pyfe/base/guarded.hpp"

namespace pyfe {

// The choice between the tables of one room: that of the active backend, unless a test has put another in its
// place. Included by portable files only.
template <class Kernels>
class Dispatch {
  public:
    using Table = const Kernels& (*)();
    constexpr Dispatch(Table portable, Table ifma) : portable_(portable), ifma_(ifma) {}

    const Kernels& active() const {
        if (const Kernels* table = override_.load(std::memory_order_relaxed)) return *table;
        return active_backend() == Backend::ifma ? ifma_() : portable_();
    }
    // null: none any more
    void override_for_testing(const Kernels* table) { override_.store(table); }

  private:
    const Table portable_, ifma_;
    std::atomic<const Kernels*> override_{nullptr};
};

template <class T, class Kernels>
inline Cache<const Kernels*, T>& kept_by_backend = *new Cache<const Kernels*, T>;

// The one T of a backend: make() when it is first asked for, and the same for the life of the process
template <class T, class Kernels, class Make>
const T& once_a_backend(const Kernels& backend, Make make) {
    return kept_by_backend<T, Kernels>.get(&backend, make);
}

}  // namespace pyfe
