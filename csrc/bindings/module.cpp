// The extension module pyfe._core
#include "bindings.hpp"

#define PyInit__core start_core
PYBIND11_MODULE(_core, module) {
    module.doc() = "Native core of pyfe.";
    start_module(module);
    bind_rooms(module);
    pyfe::bindings::finish_module(module);
}
#undef PyInit__core

// Types, tables and the pool belong to the process, not to an interpreter; in a second one pybind11's own
// start would wait for a lock that this thread holds.
extern "C" PYBIND11_EXPORT PyObject* PyInit__core() {
    if (PyInterpreterState_Get() == PyInterpreterState_Main()) return start_core();
    PyErr_SetString(PyExc_ImportError,
                    "pyfe runs in the main interpreter of a process only, not in a second one");
    return nullptr;
}
