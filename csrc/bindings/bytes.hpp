// Python bytes <-> spans, and bytes that Python and the core share.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "pyfe/base/shared_bytes.hpp"

namespace pyfe::bindings {

// Points into the object, which must stay alive; bytes never change, so it may be read without the GIL.
inline std::span<const std::uint8_t> as_span(const pybind11::bytes& data) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(data.ptr()));
    return {begin, static_cast<std::size_t>(PyBytes_GET_SIZE(data.ptr()))};
}

inline pybind11::bytes as_bytes(std::span<const std::uint8_t> data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

// An argument that holds bytes: a bytes object, a SharedBytes, a view
class Octets : public pybind11::object {
    PYBIND11_OBJECT_DEFAULT(Octets, pybind11::object, PyObject_CheckBuffer)
};

// Keeps a Python object until the last copy goes, which is in a thread of Python's. Where the interpreter is
// gone, so is the object. (A keep_alive of pybind11's runs for arguments that do not fit, too, and ends the
// process.)
std::shared_ptr<const void> held(pybind11::handle object);

// Its bytes, which nobody can change: lent by a bytes object, a view into one or a SharedBytes, and copied
// from anything else. Let go of the last of them with the GIL held.
SharedBytes shared_bytes(const Octets& data);

// All pieces in one bytes object, written without the GIL
pybind11::bytes joined_bytes(std::span<const SharedBytes> pieces);

}  // namespace pyfe::bindings

template <>
struct pybind11::detail::handle_type_name<pyfe::bindings::Octets> {
    static constexpr auto name = const_name("bytes | memoryview | pyfe._core.SharedBytes");
};
