#include "envelopes.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "call.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/codec/cbor.hpp"
#include "pyfe/codec/writer.hpp"
#include "pyfe/signature/ed25519.hpp"

namespace pyfe::capi {
namespace {

constexpr const char* kind_names[] = {
    "schema",           "function",    "public key",      "function key", "ciphertext batch",
    "sealed authority", "audit log",   "identity",        "request",      "approval",
    "revocation",       "sealed key",  "sealed identity", "epoch table",  "revocation list",
    "sealed owner",     "score proof",
};
static_assert(std::size(kind_names) == static_cast<size_t>(ObjectKind::score_proof));

constexpr uint8_t major_octets = 2, major_text = 3, major_map = 5;

// The head of a CBOR item, as short as it can be
void write_head(Writer& out, uint8_t major, uint64_t argument) {
    const auto first = static_cast<uint8_t>(major << 5);
    if (argument < 24) {
        out.u8(static_cast<uint8_t>(first | argument));
        return;
    }
    const unsigned size = argument < 1U << 8             ? 0
                          : argument < 1U << 16          ? 1
                          : argument < uint64_t{1} << 32 ? 2
                                                         : 3;
    out.u8(static_cast<uint8_t>(first | (24 + size)));
    for (unsigned byte = 1U << size; byte-- > 0;) out.u8(static_cast<uint8_t>(argument >> (8 * byte)));
}

void write_key(Writer& out, std::string_view key) {
    write_head(out, major_text, key.size());
    out.bytes({reinterpret_cast<const uint8_t*>(key.data()), key.size()});
}

void write_id(Writer& out, std::string_view key, const Id& id) {
    write_key(out, key);
    write_head(out, major_octets, id.size());
    out.bytes(id);
}

// As Python writes it: keys in the order of their encodings, the shortest first
std::vector<uint8_t> batch_metadata(const Id& schema_id, uint64_t rows, const Id* signer) {
    Writer out;
    write_head(out, major_map, signer == nullptr ? 3 : 4);
    if (signer != nullptr) write_id(out, "signer", *signer);
    write_key(out, "saturated");
    write_head(out, major_map, 0);  // nothing was clipped here
    write_id(out, "schema_id", schema_id);
    write_key(out, "encrypted_rows");
    write_head(out, 0, rows);
    return out.take();
}

}  // namespace

Opened::Opened(std::span<const uint8_t> bytes, ObjectKind kind, const char* name)
    : data(bytes), envelope(unpack_envelope(bytes)), scheme(nullptr), object(name) {
    if (envelope.kind != kind)
        fail(ErrorKind::decode, std::string("these bytes are a ") +
                                    kind_names[static_cast<size_t>(envelope.kind) - 1] + ", not a " + name);
    scheme = &scheme_numbered(envelope.scheme, name);
}

std::optional<Id> Opened::id_field(const char* key) const {
    const auto entry = cbor_entry(envelope.metadata, key, object);
    if (entry.empty()) return std::nullopt;
    const auto bytes = cbor_octets(entry);
    Id id;
    if (!bytes || bytes->size() != id.size())
        fail(ErrorKind::decode, std::string(object) + ": field '" + key + "' is not 32 bytes");
    std::ranges::copy(*bytes, id.begin());
    return id;
}

std::optional<uint64_t> Opened::integer_field(const char* key, uint64_t most) const {
    constexpr uint8_t null = 0xf6;
    const auto entry = cbor_entry(envelope.metadata, key, object);
    if (entry.empty() || entry[0] == null) return std::nullopt;
    const auto value = cbor_unsigned(entry);
    if (!value || *value > most)
        fail(ErrorKind::decode, std::string(object) + ": field '" + key + "' is not an integer from 0 to " +
                                    std::to_string(most));
    return value;
}

void Opened::require_signature(const Id& key, std::span<const uint8_t> message) const {
    if (!verify_ed25519_vartime(key, message, envelope.signature))
        refuse(PYFE_SIGNATURE,
               std::string(object) +
                   ": the signature is not valid: something in it is not as it was signed, or "
                   "another key signed it");
}

void Opened::require_signed_by(const Id& key) const {
    if (envelope.signature.empty()) fail(ErrorKind::decode, std::string(object) + ": it must be signed");
    require_signature(key, data.first(data.size() - signature_size));
}

void Opened::require_certified_by(const Id& key) const {
    if (!scheme->payload_in_id || envelope.signature.empty()) return require_signed_by(key);
    std::vector<uint8_t> around(data.begin(), data.begin() + envelope_header_size);
    around.insert(around.end(), envelope.metadata.begin(), envelope.metadata.end());
    require_signature(key, around);
}

void Opened::require_public_key_id(const Id& of_payload) const {
    if (envelope.public_key_id != of_payload)
        fail(ErrorKind::decode,
             std::string(object) + ": the public key id of the header is not that of the payload");
}

std::string hex(std::span<const uint8_t> bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (const uint8_t byte : bytes) {
        out += digits[byte >> 4];
        out += digits[byte & 15];
    }
    return out;
}

Id public_key_digest(const Id& public_key_id, const Id& verification_key) {
    std::array<uint8_t, 64> both;
    std::ranges::copy(verification_key, std::ranges::copy(public_key_id, both.begin()).out);
    return schemes::tagged_hash("PYFE-V1-public-key-fingerprint", both);
}

std::string fingerprint_of(const Id& digest) {
    const std::string digits = hex(digest);
    std::string out;
    for (size_t at = 0; at < digits.size(); ++at) {
        if (at > 0 && at % 4 == 0) out += '-';
        out += digits[at];
    }
    return out;
}

bool is_fingerprint_of(const char* text, const Id& digest) {
    constexpr std::string_view passed_over = "- :\t\n";
    std::string digits;
    for (; *text != 0 && digits.size() <= 2 * digest.size(); ++text) {
        if (passed_over.find(*text) != std::string_view::npos) continue;
        digits += *text >= 'A' && *text <= 'F' ? static_cast<char>(*text - 'A' + 'a') : *text;
    }
    return digits == hex(digest);
}

std::vector<SharedBytes> batch_envelope(const Scheme& scheme, const PublicKey& key, uint64_t rows,
                                        std::vector<SharedBytes> payload, const Id* signer) {
    uint64_t size = 0;
    for (const SharedBytes& piece : payload) size += piece.size();
    std::vector<uint8_t> metadata = batch_metadata(key.schema_id(), rows, signer);
    const auto header =
        pack_header({ObjectKind::ciphertext_batch, scheme.number, key.parameter_hash(), key.id(), size,
                     metadata.size(), signer == nullptr ? 0 : signature_size});
    std::vector<SharedBytes> out = {SharedBytes::copy(header)};
    out.insert(out.end(), payload.begin(), payload.end());
    out.push_back(SharedBytes::of(std::move(metadata)));
    if (signer != nullptr) out.push_back(SharedBytes::of(std::vector<uint8_t>(signature_size)));
    return out;
}

uint64_t batch_envelope_size(const PublicKey& key, uint64_t rows, bool is_signed) {
    const uint64_t metadata = batch_metadata(key.schema_id(), rows, is_signed ? &key.id() : nullptr).size();
    return envelope_header_size + key.payload_size(rows) + metadata + (is_signed ? signature_size : 0);
}

}  // namespace pyfe::capi
