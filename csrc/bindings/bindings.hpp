// What each bind_<room>.cpp adds to the module, and the translation of pyfe::Error.
#pragma once

#include <pybind11/pybind11.h>

#include "classes.hpp"
#include "no_gil.hpp"

namespace py = pybind11;

// All rooms; module.cpp and the module of the tests add what is theirs between start and finish.
void start_module(py::module_& module);
void bind_rooms(py::module_& module);

void register_errors(py::module_& module);

void bind_base(py::module_& module);
void bind_codec(py::module_& module);
void bind_ristretto255(py::module_& module);
void bind_bls12_381(py::module_& module);
void bind_pairing(py::module_& module);
void bind_dlog(py::module_& module);
void bind_schemes(py::module_& module);
void bind_ipfe_ddh(py::module_& module);
void bind_qfe(py::module_& module);
void bind_self_test(py::module_& module);
