// What all native classes have in common. No object of theirs exists without its value: __new__ alone gives
// none, and neither can a subclass, pickle or copy.
#pragma once

#include <pybind11/pybind11.h>

#include <string>
#include <vector>

#include "pyfe/base/error.hpp"

namespace pyfe::bindings {

template <class T, class... Extra>
pybind11::class_<T> native_class(pybind11::handle scope, const char* name, const char* doc,
                                 const Extra&... extra) {
    return {scope, name, pybind11::module_local(), pybind11::is_final(), doc, extra...};
}

// An object out of a container of Python's: pybind11 turns None there into a null pointer.
template <class T>
const T& present(const T* object, const char* name) {
    if (object == nullptr) fail(ErrorKind::parameter, std::string(name) + ": None stands among the objects");
    return *object;
}

template <class T>
const std::vector<const T*>& all_present(const std::vector<const T*>& objects, const char* name) {
    for (const T* object : objects) present(object, name);
    return objects;
}

// Before any class is made: they inherit from what this changes. The types are this project's own
// (PYBIND11_COMPILER_TYPE in CMakeLists.txt), so that no other extension sees it.
void guard_base_class();

// After everything is made: an error about the arguments of a function no longer prints them, and classes are
// no longer changed.
void finish_module(pybind11::module_& module);

}  // namespace pyfe::bindings
