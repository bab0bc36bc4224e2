// The extension module pyfe._core
#include "bindings.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "Native core of pyfe.";
    start_module(module);
    bind_rooms(module);
    pyfe::bindings::finish_module(module);
}
