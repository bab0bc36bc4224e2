// What every bind_<room>.cpp starts from: the module as a whole, and the translation of pyfe::Error.
#pragma once

#include <pybind11/pybind11.h>

#include "classes.hpp"
#include "no_gil.hpp"

namespace py = pybind11;

// All rooms; module.cpp and the module of the tests add what is theirs between start and finish.
void start_module(py::module_& module);
void bind_rooms(py::module_& module);

void register_errors(py::module_& module);

// A known answer on the active backend, which self_test() then gives by this name. For bind_<room>() to call.
void add_self_test(const char* name, bool (*passes)());
