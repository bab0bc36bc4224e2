#include <exception>

#include "bindings.hpp"
#include "pyfe/base/error.hpp"

namespace {

const char* class_name(pyfe::ErrorKind kind) {
    switch (kind) {
        case pyfe::ErrorKind::parameter:
            return "ParameterError";
        case pyfe::ErrorKind::decode:
            return "DecodeError";
        case pyfe::ErrorKind::key_mismatch:
            return "KeyMismatchError";
        case pyfe::ErrorKind::out_of_range:
            return "OutOfRangeError";
        case pyfe::ErrorKind::randomness:
            return "RandomnessError";
        case pyfe::ErrorKind::resource:
            return "PyfeError";
    }
    return "PyfeError";
}

// Looked up when needed: pyfe.errors is Python, and the core must load without it being imported first.
void raise(const pyfe::Error& error) {
    const py::object type = py::module_::import("pyfe.errors").attr(class_name(error.kind()));
    // A message may quote an environment value in any encoding.
    const std::string text = error.what();
    const auto message = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
    if (!message) throw py::error_already_set();
    PyErr_SetObject(type.ptr(), message.ptr());
}

void translate(std::exception_ptr pending) {
    try {
        if (pending) std::rethrow_exception(pending);
    } catch (const pyfe::Error& error) {
        raise(error);
    }
}

}  // namespace

void register_errors(py::module_& /*module*/) {
    // Local: pyfe::Error has hidden visibility, so each extension module has a type of its own.
    py::register_local_exception_translator(translate);
}
