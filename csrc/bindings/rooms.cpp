// What every module of the core is made of: one bind_<room>.cpp a room and a scheme, no algorithm here.
#include "bindings.hpp"

void start_module(py::module_& module) {
    pyfe::bindings::remember_main_thread();
    pyfe::bindings::guard_base_class();
    register_errors(module);
}

// Declares the function that bind_<room>.cpp defines, and calls it
#define PYFE_BIND(room)             \
    void bind_##room(py::module_&); \
    bind_##room(module)

void bind_rooms(py::module_& module) {
    PYFE_BIND(base);
    PYFE_BIND(random);
    PYFE_BIND(codec);
    PYFE_BIND(counting);
    PYFE_BIND(ring);
    PYFE_BIND(ristretto255);
    PYFE_BIND(bls12_381);
    PYFE_BIND(pairing);
    PYFE_BIND(dlog);
    PYFE_BIND(schemes);
    PYFE_BIND(ipfe_ddh);
    PYFE_BIND(ipfe_rlwe);
    PYFE_BIND(qfe);
    PYFE_BIND(self_test);
}
