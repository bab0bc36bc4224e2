#include <exception>
#include <new>
#include <stdexcept>
#include <string>

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
        case pyfe::ErrorKind::refused:
            return "RefusedError";
        case pyfe::ErrorKind::resource:
            return "PyfeError";
    }
    return "PyfeError";
}

// Looked up when needed: pyfe.errors is Python, and the core must load without it being imported first.
void raise(const char* name, const std::string& text) {
    const py::object type = py::module_::import("pyfe.errors").attr(name);
    // A message may quote an environment value in any encoding.
    const auto message = py::reinterpret_steal<py::object>(
        PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
    if (!message) throw py::error_already_set();
    PyErr_SetObject(type.ptr(), message.ptr());
}

constexpr const char* no_memory = "the native core has no memory for this";

void translate(std::exception_ptr pending) {
    if (PyErr_Occurred() != nullptr) return;  // a signal handler raised meanwhile, and that is what is heard
    try {
        if (pending) std::rethrow_exception(pending);
    } catch (const pyfe::Error& error) {
        raise(class_name(error.kind()), error.what());
    } catch (const pyfe::Interrupted&) {
        return;  // whoever interrupted has set Python's error
    } catch (const py::error_already_set& error) {
        if (!error.matches(PyExc_MemoryError)) throw;
        raise("PyfeError", no_memory);
    } catch (const py::builtin_exception&) {
        throw;  // pybind11's way to say TypeError and the like
    } catch (const std::bad_alloc&) {
        raise("PyfeError", no_memory);
    } catch (const std::length_error&) {
        raise("PyfeError", no_memory);
    } catch (const std::exception& error) {
        raise("PyfeError", std::string("the native core failed: ") + error.what());
    }
}

}  // namespace

void register_errors(py::module_& /*module*/) {
    // Local: pyfe::Error has hidden visibility, so each extension module has a type of its own.
    py::register_local_exception_translator(translate);
}
