// What the objects of all schemes share on their way to Python.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "arrays.hpp"
#include "bytes.hpp"
#include "classes.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/schemes/common.hpp"

namespace pyfe::bindings {

inline schemes::Id as_id(const py::bytes& data, const char* name) {
    const auto span = as_span(data);
    if (span.size() != 32) fail(ErrorKind::parameter, std::string(name) + ": must be 32 bytes");
    schemes::Id id;
    std::copy(span.begin(), span.end(), id.begin());
    return id;
}

inline IntArray int_array(const std::vector<int64_t>& v) {
    return IntArray(static_cast<py::ssize_t>(v.size()), v.data());
}

// [rows][columns], row by row
template <class Values>
IntArray int_matrix(const Values& values, size_t rows, size_t columns) {
    IntArray out({static_cast<py::ssize_t>(rows), static_cast<py::ssize_t>(columns)});
    std::copy(values.begin(), values.end(), out.mutable_data());
    return out;
}

inline IntArray interval_array(const std::vector<Interval>& intervals) {
    std::vector<int64_t> ends;
    for (const Interval& i : intervals) ends.insert(ends.end(), {i.lo, i.hi});
    return int_matrix(ends, intervals.size(), 2);
}

inline std::string hex_prefix(const schemes::Id& id) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (size_t i = 0; i < 8; ++i) {
        out += digits[id[i] >> 4];
        out += digits[id[i] & 15];
    }
    return out;
}

template <class T>
T decoded(const Octets& data) {
    const SharedBytes bytes = shared_bytes(data);
    const NoGil no_gil;
    return T::from_bytes(bytes.span());
}

// A batch may have gigabytes: other threads go on, and Ctrl-C is heard.
template <class Batch>
Batch concatenated(const std::vector<const Batch*>& batches) {
    all_present(batches, "batches");
    const NoGil no_gil;
    return Batch::concat(batches);
}

template <class Batch>
Batch decoded_batch(const Octets& data) {
    const SharedBytes bytes = shared_bytes(data);
    const NoGil no_gil;
    return Batch::from_bytes(bytes);
}

// Its bytes in pieces, the rows where they lie
template <class Batch>
std::vector<SharedBytes> pieces_of(const Batch& batch) {
    const NoGil no_gil;
    return batch.pieces();
}

template <class Batch>
py::bytes encoded_batch(const Batch& batch) {
    return joined_bytes(pieces_of(batch));
}

// Memory that the core owns and wipes, for secrets on their way through Python
using SecretBytes = SecretVector<uint8_t>;

template <class Secret>
Secret decoded_secret(const Unprinted<py::bytes>& data) {
    const StackGuard guard;
    const py::bytes bytes = data.get("data");
    return Secret::from_bytes(as_span(bytes));
}

// Reads the bytes where they are
template <class Secret>
Secret secret_from_buffer(const Unprinted<py::buffer>& data) {
    const StackGuard guard;
    const py::buffer_info view = data.get("data").request();
    if (view.ndim != 1 || view.itemsize != 1 || view.strides[0] != 1)
        fail(ErrorKind::parameter, "data: must be contiguous bytes");
    return Secret::from_bytes({static_cast<const uint8_t*>(view.ptr), static_cast<size_t>(view.size)});
}

template <class Secret>
py::bytes secret_bytes(const Secret& secret) {
    const StackGuard guard;
    schemes::Bytes b = secret.to_bytes();
    py::bytes out = as_bytes(b);
    secure_zero(b.data(), b.size());
    return out;
}

template <class Secret>
SecretBytes secret_buffer(const Secret& secret) {
    const StackGuard guard;
    schemes::Bytes b = secret.to_bytes();
    SecretBytes out(b.size());
    std::ranges::copy(b, out.begin());
    secure_zero(b.data(), b.size());
    return out;
}

}  // namespace pyfe::bindings

template <>
struct pybind11::detail::handle_type_name<pyfe::bindings::Unprinted<pybind11::buffer>> {
    static constexpr auto name = const_name("pyfe._core.SecretBytes | memoryview");
    static constexpr const char* words = "a SecretBytes or another buffer";
};
