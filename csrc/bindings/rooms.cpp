// What every module of the core is made of: one bind_<room> a room, no algorithm here.
#include "bindings.hpp"

void start_module(py::module_& module) {
    pyfe::bindings::remember_main_thread();
    pyfe::bindings::guard_base_class();
    register_errors(module);
}

void bind_rooms(py::module_& module) {
    bind_base(module);
    bind_codec(module);
    bind_ristretto255(module);
    bind_bls12_381(module);
    bind_pairing(module);
    bind_dlog(module);
    bind_schemes(module);
    bind_ipfe_ddh(module);
    bind_qfe(module);
    bind_self_test(module);
}
