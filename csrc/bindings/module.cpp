// The extension module pyfe._core: one bind_<room> a room, no algorithm here.
#include "bindings.hpp"

PYBIND11_MODULE(_core, module) {
    module.doc() = "Native core of pyfe.";
    register_errors(module);
    bind_base(module);
    bind_codec(module);
    bind_ristretto255(module);
    bind_bls12_381(module);
    bind_pairing(module);
    bind_dlog(module);
    bind_ipfe_ddh(module);
    bind_qfe(module);
    bind_self_test(module);
}
