#include <algorithm>
#include <array>
#include <string>

#include "bindings.hpp"
#include "bytes.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/codec/cbor.hpp"
#include "pyfe/codec/envelope.hpp"

namespace {

using pyfe::bindings::as_bytes;
using pyfe::bindings::as_span;

std::array<std::uint8_t, 32> as_id(const py::bytes& data, const char* field) {
    const auto span = as_span(data);
    std::array<std::uint8_t, 32> out{};
    if (span.size() != out.size()) {
        pyfe::fail(pyfe::ErrorKind::parameter, std::string("envelope: ") + field + ": " +
                                                   std::to_string(span.size()) + " bytes, must be 32");
    }
    std::ranges::copy(span, out.begin());
    return out;
}

// Checked here because the field is narrower than a Python integer; the core knows which values have a
// meaning.
template <class T>
T as_field(long long value, unsigned bits, const char* field) {
    if (value < 0 || value >= (1LL << bits)) {
        pyfe::fail(pyfe::ErrorKind::parameter, std::string("envelope: ") + field + " " +
                                                   std::to_string(value) + " does not fit in " +
                                                   std::to_string(bits) + " bits");
    }
    return static_cast<T>(value);
}

py::bytes pack(long long kind, long long scheme, const py::bytes& parameter_hash,
               const py::bytes& public_key_id, const py::bytes& payload, const py::bytes& metadata,
               const py::bytes& signature) {
    pyfe::Envelope envelope;
    envelope.kind = as_field<pyfe::ObjectKind>(kind, 8, "kind");
    envelope.scheme = as_field<std::uint16_t>(scheme, 16, "scheme");
    envelope.parameter_hash = as_id(parameter_hash, "parameter hash");
    envelope.public_key_id = as_id(public_key_id, "public key id");
    envelope.payload = as_span(payload);
    envelope.metadata = as_span(metadata);
    envelope.signature = as_span(signature);
    return as_bytes(pyfe::pack_envelope(envelope));
}

py::tuple unpack(const py::bytes& data) {
    const pyfe::Envelope envelope = pyfe::unpack_envelope(as_span(data));
    return py::make_tuple(static_cast<unsigned>(envelope.kind), envelope.scheme,
                          as_bytes(envelope.parameter_hash), as_bytes(envelope.public_key_id),
                          as_bytes(envelope.payload), as_bytes(envelope.metadata),
                          as_bytes(envelope.signature));
}

py::bytes signed_bytes(const py::bytes& data) { return as_bytes(pyfe::signed_part(as_span(data))); }

void require_cbor(const py::bytes& data, const std::string& name, std::uint64_t budget) {
    pyfe::require_deterministic_cbor(as_span(data), name, budget);
}

}  // namespace

void bind_codec(py::module_& module) {
    module.def("pack_envelope", pack, py::arg("kind"), py::arg("scheme"), py::arg("parameter_hash"),
               py::arg("public_key_id"), py::arg("payload"), py::arg("metadata"), py::arg("signature"),
               "Frame an object. The signature is b'' or 64 bytes. ParameterError for a bad part.");
    module.def(
        "unpack_envelope", unpack, py::arg("data"),
        "(kind, scheme, parameter_hash, public_key_id, payload, metadata, signature). DecodeError unless "
        "the bytes are exactly one envelope.");
    module.def("signed_part", signed_bytes, py::arg("data"),
               "The bytes that the signature of a signed envelope covers. DecodeError when it is unsigned.");
    module.def(
        "require_cbor", require_cbor, py::arg("data"), py::arg("name"), py::arg("budget"),
        "DecodeError unless the bytes are one item of deterministic CBOR of the allowed types, whose items "
        "cost at most the budget: one each, a map or list 16.");
}
