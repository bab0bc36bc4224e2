#include "no_gil.hpp"

#include <pthread.h>
#include <unistd.h>

#include <atomic>

#include "pyfe/base/fork.hpp"
#include "pyfe/dlog/dlog.hpp"

namespace py = pybind11;

namespace pyfe::bindings {
namespace {

// The thread on which Python runs signal handlers; in a forked child, the one that forked.
struct MainThread final : ForkAware {
    std::atomic<unsigned long> id{0};
    void in_child() noexcept override { id.store(PyThread_get_thread_ident()); }
};
MainThread& main_thread = *new MainThread;

// An interpreter that is shutting down ends every thread that asks for the GIL, by unwinding it. That must
// not pass through destructors, and what the thread still holds may be in use: it stays where it is, as in
// Python 3.14 and later, until the process ends.
void take_gil_or_stay(PyThreadState* thread) noexcept {
    try {
        PyEval_RestoreThread(thread);
    } catch (...) {
        while (true) pause();
    }
}

void run_signal_handlers() {
    const PyGILState_STATE state = PyGILState_Ensure();
    const bool raised = PyErr_CheckSignals() != 0;
    PyGILState_Release(state);
    if (raised) throw Interrupted{};
}

}  // namespace

NoGil::NoGil() : thread_(PyEval_SaveThread()) {
    if (PyThread_get_thread_ident() == main_thread.id.load()) scope_.emplace(run_signal_handlers);
}

NoGil::~NoGil() {
    scope_.reset();
    take_gil_or_stay(thread_);
}

void remember_main_thread() {
    const py::object thread = py::module_::import("threading").attr("main_thread")();
    main_thread.id.store(thread.attr("ident").cast<unsigned long>());
}

void give_notices() {
    for (const std::string& notice : dlog::take_notices())
        if (PyErr_WarnEx(PyExc_RuntimeWarning, notice.c_str(), 1) != 0) throw py::error_already_set();
}

}  // namespace pyfe::bindings
