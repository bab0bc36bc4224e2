// Long work without Python's lock, which Ctrl-C can end and which the end of the process cannot crash.
#pragma once

#include <pybind11/pybind11.h>

#include <optional>

#include "pyfe/base/interrupt.hpp"

namespace pyfe::bindings {

// While it lives, the thread runs without the GIL. On Python's main thread the checkpoints of the core then
// run the handlers of signals that have come; one that raises ends the work by Interrupted, with Python's
// error set. The other threads are not disturbed.
class NoGil {
  public:
    NoGil();
    ~NoGil();
    NoGil(const NoGil&) = delete;
    NoGil& operator=(const NoGil&) = delete;

  private:
    PyThreadState* const thread_;
    std::optional<InterruptScope> scope_;
};

// Once, as the module is made
void remember_main_thread();

// What the core has to say to the user, as RuntimeWarning. With the GIL
void give_notices();

}  // namespace pyfe::bindings
