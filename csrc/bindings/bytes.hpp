// Python bytes <-> spans.
#pragma once

#include <pybind11/pybind11.h>

#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe::bindings {

// Points into the object, which must stay alive; bytes never change, so it may be read without the GIL.
inline std::span<const std::uint8_t> as_span(const pybind11::bytes& data) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(PyBytes_AS_STRING(data.ptr()));
    return {begin, static_cast<std::size_t>(PyBytes_GET_SIZE(data.ptr()))};
}

inline pybind11::bytes as_bytes(std::span<const std::uint8_t> data) {
    return {reinterpret_cast<const char*>(data.data()), data.size()};
}

}  // namespace pyfe::bindings
