#include <algorithm>
#include <array>
#include <string>

#include "bindings.hpp"
#include "bytes.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/codec/cbor.hpp"
#include "pyfe/codec/crc32.hpp"
#include "pyfe/codec/envelope.hpp"
#include "pyfe/codec/file_pieces.hpp"

namespace {

using namespace pyfe::bindings;
using pyfe::SharedBytes;

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

std::array<std::uint8_t, pyfe::envelope_header_size> packed_header(
    long long kind, long long scheme, const py::bytes& parameter_hash, const py::bytes& public_key_id,
    std::uint64_t payload_size, std::uint64_t metadata_size, std::uint64_t signature_size) {
    return pyfe::pack_header({as_field<pyfe::ObjectKind>(kind, 8, "kind"),
                              as_field<std::uint16_t>(scheme, 16, "scheme"),
                              as_id(parameter_hash, "parameter hash"), as_id(public_key_id, "public key id"),
                              payload_size, metadata_size, signature_size});
}

py::bytes header(long long kind, long long scheme, const py::bytes& parameter_hash,
                 const py::bytes& public_key_id, std::uint64_t payload_size, std::uint64_t metadata_size,
                 std::uint64_t signature_size) {
    return as_bytes(packed_header(kind, scheme, parameter_hash, public_key_id, payload_size, metadata_size,
                                  signature_size));
}

py::bytes pack(long long kind, long long scheme, const py::bytes& parameter_hash,
               const py::bytes& public_key_id, const Octets& payload, const py::bytes& metadata,
               const py::bytes& signature) {
    const SharedBytes body = shared_bytes(payload);
    const auto start = packed_header(kind, scheme, parameter_hash, public_key_id, body.size(),
                                     as_span(metadata).size(), as_span(signature).size());
    const SharedBytes parts[] = {SharedBytes::copy(start), body, SharedBytes::copy(as_span(metadata)),
                                 SharedBytes::copy(as_span(signature))};
    return joined_bytes(parts);
}

py::tuple unpack(const py::bytes& data) {
    const auto all = as_span(data);
    const pyfe::Envelope envelope = pyfe::unpack_envelope(all);
    const auto at = envelope.payload.data() - all.data();
    const auto end = at + static_cast<std::ptrdiff_t>(envelope.payload.size());
    return py::make_tuple(static_cast<unsigned>(envelope.kind), envelope.scheme,
                          as_bytes(envelope.parameter_hash), as_bytes(envelope.public_key_id),
                          py::memoryview(data)[py::slice(at, end, 1)], as_bytes(envelope.metadata),
                          as_bytes(envelope.signature));
}

py::bytes signed_bytes(const py::bytes& data) { return as_bytes(pyfe::signed_part(as_span(data))); }

void require_cbor(const py::bytes& data, const std::string& name, std::uint64_t budget) {
    pyfe::require_deterministic_cbor(as_span(data), name, budget);
}

// `shared`, and behind it pieces of a file, which is read without the GIL
SharedBytes read_behind(int file, const py::bytes& shared,
                        const std::vector<std::tuple<std::uint64_t, std::uint64_t, long long>>& pieces) {
    std::vector<pyfe::FilePiece> wanted;
    std::uint64_t size = as_span(shared).size();
    for (const auto& [at, bytes, crc] : pieces) {
        if (bytes > (std::uint64_t{1} << 40) - size)
            pyfe::fail(pyfe::ErrorKind::parameter, "pieces: they are too long");
        size += bytes;
        std::optional<std::uint32_t> sum;
        if (crc >= 0) sum = static_cast<std::uint32_t>(crc);
        wanted.push_back({at, bytes, sum});
    }
    const auto [out, to] = SharedBytes::to_write(size);
    const NoGil no_gil;
    const auto end = std::ranges::copy(as_span(shared), to).out;
    pyfe::read_pieces(file, wanted, end);
    return out;
}

}  // namespace

void bind_codec(py::module_& module) {
    module.def("pack_envelope", pack, py::arg("kind"), py::arg("scheme"), py::arg("parameter_hash"),
               py::arg("public_key_id"), py::arg("payload"), py::arg("metadata"), py::arg("signature"),
               "Frame an object. The signature is b'' or 64 bytes. ParameterError for a bad part.");
    module.def("envelope_header", header, py::arg("kind"), py::arg("scheme"), py::arg("parameter_hash"),
               py::arg("public_key_id"), py::arg("payload_size"), py::arg("metadata_size"),
               py::arg("signature_size"),
               "What pack_envelope puts before the payload, for whoever writes the parts one by one.");
    module.def(
        "unpack_envelope", unpack, py::arg("data"),
        "(kind, scheme, parameter_hash, public_key_id, payload, metadata, signature); the payload is a view "
        "into the bytes. DecodeError unless they are exactly one envelope.");
    module.def("signed_part", signed_bytes, py::arg("data"),
               "The bytes that the signature of a signed envelope covers. DecodeError when it is unsigned.");
    module.def(
        "require_cbor", require_cbor, py::arg("data"), py::arg("name"), py::arg("budget"),
        "DecodeError unless the bytes are one item of deterministic CBOR of the allowed types, whose items "
        "cost at most the budget: one each, a map or list 16.");
    module.def(
        "crc32", [](const Octets& data) { return pyfe::crc32(shared_bytes(data).span()); }, py::arg("data"),
        "CRC-32 (RFC 1952, section 8).");
    module.def(
        "read_pieces", read_behind, py::arg("file"), py::arg("shared"), py::arg("pieces"),
        "`shared`, and behind it the pieces of a file: a descriptor, and of each piece its place, its size "
        "and "
        "its CRC-32, negative where there is none. DecodeError for a piece that is missing or damaged.");
}
