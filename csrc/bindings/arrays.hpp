// numpy arrays as the core sees them: shapes and dtypes are checked here, nothing is converted in silence.
#pragma once
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cstring>
#include <string>
#include <vector>

#include "bindings.hpp"
#include "pyfe/base/error.hpp"

namespace pyfe::bindings {

// An argument of any type, checked in the function: pybind11's own TypeError would print the values of all
// arguments, secret ones too. Shown is the type that is wanted.
template <class Wanted>
class Unprinted : public py::object {
  public:
    static bool accept(PyObject*) { return true; }
    PYBIND11_OBJECT_DEFAULT(Unprinted, py::object, accept)

    template <class Result = Wanted>
    Result get(const char* name) const {
        if (!py::isinstance<Wanted>(*this))
            throw py::type_error(std::string(name) + ": must be " +
                                 py::detail::handle_type_name<Unprinted<Wanted>>::words + ", not " +
                                 Py_TYPE(ptr())->tp_name);
        return this->template cast<Result>();
    }
};

using ByteArray = py::array_t<uint8_t, py::array::c_style>;
using IntArray = py::array_t<int64_t, py::array::c_style>;

// Another thread may write to an array while the core reads it, also while we hold the GIL: each number is
// read once, and what is read without the GIL is copied first.

// [N, width] bytes; for reading once
inline std::span<const uint8_t> byte_rows(const ByteArray& a, py::ssize_t width, const char* name) {
    if (a.ndim() != 2 || a.shape(1) != width)
        fail(ErrorKind::parameter,
             std::string(name) + ": must be a uint8 array [N, " + std::to_string(width) + "]");
    return {a.data(), static_cast<size_t>(a.size())};
}

// The same, copied
inline std::vector<uint8_t> byte_rows_copied(const ByteArray& a, py::ssize_t width, const char* name) {
    const auto rows = byte_rows(a, width, name);
    return {rows.begin(), rows.end()};
}

inline ByteArray byte_array(const std::vector<uint8_t>& bytes, py::ssize_t width) {
    const auto rows = static_cast<py::ssize_t>(bytes.size()) / width;
    ByteArray out({rows, width});
    std::copy(bytes.begin(), bytes.end(), out.mutable_data());
    return out;
}

// Of any shape. By memcpy: an array need not be aligned
inline std::vector<int64_t> int_values(const IntArray& a) {
    std::vector<int64_t> out(static_cast<size_t>(a.size()));
    if (!out.empty()) std::memcpy(out.data(), a.data(), out.size() * sizeof(int64_t));
    return out;
}

inline std::vector<int64_t> int_vector(const IntArray& a, const char* name) {
    if (a.ndim() != 1) fail(ErrorKind::parameter, std::string(name) + ": must be an int64 array [n]");
    return int_values(a);
}

}  // namespace pyfe::bindings

template <>
struct pybind11::detail::handle_type_name<pyfe::bindings::Unprinted<pyfe::bindings::IntArray>> {
    static constexpr auto name = const_name("numpy.typing.NDArray[numpy.int64]");
    static constexpr const char* words = "a C-contiguous numpy array of int64";
};
template <>
struct pybind11::detail::handle_type_name<pyfe::bindings::Unprinted<pyfe::bindings::ByteArray>> {
    static constexpr auto name = const_name("numpy.typing.NDArray[numpy.uint8]");
    static constexpr const char* words = "a C-contiguous numpy array of uint8";
};
template <>
struct pybind11::detail::handle_type_name<pyfe::bindings::Unprinted<pybind11::bytes>> {
    static constexpr auto name = const_name("bytes");
    static constexpr const char* words = "bytes";
};
