#include "pyfe/codec/envelope.hpp"

#include <algorithm>
#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/codec/reader.hpp"
#include "pyfe/codec/writer.hpp"

namespace pyfe {
namespace {

constexpr std::array<std::uint8_t, 4> magic = {'P', 'Y', 'F', 'E'};
constexpr std::uint8_t flag_signed = 1;

constexpr ObjectKind last_kind = ObjectKind::score_proof;

bool known(ObjectKind kind) { return kind >= ObjectKind::schema && kind <= last_kind; }

std::string unknown_kind(ObjectKind kind) {
    return "unknown kind " + std::to_string(static_cast<unsigned>(kind)) + ", known are 1 to " +
           std::to_string(static_cast<unsigned>(last_kind));
}

std::string above(std::uint64_t size, std::uint64_t bound) {
    return std::to_string(size) + " bytes, at most " + std::to_string(bound) + " are allowed";
}

void require(bool condition, const std::string& message) {
    if (!condition) fail(ErrorKind::parameter, "envelope: " + message);
}

void require_packable(const EnvelopeHeader& h) {
    require(known(h.kind), unknown_kind(h.kind));
    require(h.payload_size <= max_payload_size, "payload: " + above(h.payload_size, max_payload_size));
    require(h.metadata_size <= max_metadata_size, "metadata: " + above(h.metadata_size, max_metadata_size));
    require(h.signature_size == 0 || h.signature_size == signature_size,
            "signature: " + std::to_string(h.signature_size) + " bytes, must be 0 or " +
                std::to_string(signature_size));
}

void read_magic_and_version(Reader& in) {
    if (in.array<4>("magic") != magic) in.refuse("magic", "is not 'PYFE'");
    const std::uint16_t version = in.u16("version");
    if (version != envelope_version) {
        in.refuse("version", "unknown version " + std::to_string(version) + ", this release reads version " +
                                 std::to_string(envelope_version));
    }
}

ObjectKind read_kind(Reader& in) {
    const ObjectKind kind{in.u8("kind")};
    if (!known(kind)) in.refuse("kind", unknown_kind(kind));
    return kind;
}

bool read_signed_flag(Reader& in) {
    const std::uint8_t flags = in.u8("flags");
    if ((flags & ~flag_signed) != 0) in.refuse("flags", "unknown flags " + std::to_string(flags));
    return flags == flag_signed;
}

std::uint16_t read_scheme(Reader& in) {
    const std::uint16_t scheme = in.u16("scheme");
    const std::uint16_t reserved = in.u16("reserved");
    if (reserved != 0) in.refuse("reserved", std::to_string(reserved) + " must be 0");
    return scheme;
}

// A length field, bounded before it is used in any sum.
template <class T>
T bounded(const Reader& in, const char* field, T size, std::uint64_t bound) {
    if (size > bound) in.refuse(field, above(size, bound));
    return size;
}

}  // namespace

std::array<std::uint8_t, envelope_header_size> pack_header(const EnvelopeHeader& h) {
    require_packable(h);
    Writer out(envelope_header_size);
    out.bytes(magic).u16(envelope_version);
    out.u8(static_cast<std::uint8_t>(h.kind)).u8(h.signature_size == 0 ? 0 : flag_signed);
    out.u16(h.scheme).u16(0);
    out.bytes(h.parameter_hash).bytes(h.public_key_id);
    out.u64(h.payload_size).u32(static_cast<std::uint32_t>(h.metadata_size));
    std::array<std::uint8_t, envelope_header_size> header;
    std::ranges::copy(out.take(), header.begin());
    return header;
}

std::vector<std::uint8_t> pack_envelope(const Envelope& e) {
    const auto header = pack_header({e.kind, e.scheme, e.parameter_hash, e.public_key_id, e.payload.size(),
                                     e.metadata.size(), e.signature.size()});
    Writer out(header.size() + e.payload.size() + e.metadata.size() + e.signature.size());
    out.bytes(header).bytes(e.payload).bytes(e.metadata).bytes(e.signature);
    return out.take();
}

Envelope unpack_envelope(std::span<const std::uint8_t> data) {
    Reader in(data, "envelope");
    Envelope e;
    read_magic_and_version(in);
    e.kind = read_kind(in);
    const bool is_signed = read_signed_flag(in);
    e.scheme = read_scheme(in);
    e.parameter_hash = in.array<32>("parameter hash");
    e.public_key_id = in.array<32>("public key id");
    const auto payload_size = bounded(in, "payload length", in.u64("payload length"), max_payload_size);
    const auto metadata_size = bounded(in, "metadata length", in.u32("metadata length"), max_metadata_size);
    e.payload = in.bytes(payload_size, "payload");
    e.metadata = in.bytes(metadata_size, "metadata");
    if (is_signed) e.signature = in.bytes(signature_size, "signature");
    in.finish();
    return e;
}

std::span<const std::uint8_t> signed_part(std::span<const std::uint8_t> data) {
    if (unpack_envelope(data).signature.empty()) fail(ErrorKind::decode, "envelope: it carries no signature");
    return data.first(data.size() - signature_size);
}

}  // namespace pyfe
