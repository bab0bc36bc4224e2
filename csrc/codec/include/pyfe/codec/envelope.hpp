// The frame around every object that travels:
//
//   "PYFE" | u16 version = 1 | u8 kind | u8 flags (bit 0: signed) | u16 scheme | u16 reserved = 0
//   | parameter_hash[32] | public_key_id[32] | u64 payload_len | u32 metadata_len
//   | payload | metadata | signature[64], when signed
//
// Integers are little endian. The signature covers every byte before it. The frame has one encoding only:
// what unpack_envelope accepts, pack_envelope writes again byte for byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pyfe {

enum class ObjectKind : std::uint8_t {
    schema = 1,
    function = 2,
    public_key = 3,
    function_key = 4,
    ciphertext_batch = 5,
    sealed_authority = 6,
    audit_log = 7,
    identity = 8,
    request = 9,
    approval = 10,
    revocation = 11,
    sealed_key = 12,
    sealed_identity = 13,
    epoch_table = 14,
    revocation_list = 15,
    sealed_owner = 16,
    score_proof = 17,
};

constexpr std::uint16_t envelope_version = 1;
constexpr std::size_t envelope_header_size = 88;
constexpr std::size_t signature_size = 64;              // Ed25519, RFC 8032
constexpr std::size_t max_metadata_size = 1UL << 24;    // 16 MiB: names, scales, a purpose
constexpr std::uint64_t max_payload_size = 1ULL << 48;  // keeps every sum of lengths far below 2^64

// Payload, metadata and signature are borrowed: a batch is never copied to be framed or unframed.
struct Envelope {
    ObjectKind kind = ObjectKind::schema;
    std::uint16_t scheme = 0;  // a number that the callers agree on; 0 belongs to no scheme
    std::array<std::uint8_t, 32> parameter_hash{};
    std::array<std::uint8_t, 32> public_key_id{};
    std::span<const std::uint8_t> payload;
    std::span<const std::uint8_t> metadata;
    std::span<const std::uint8_t> signature;  // empty or 64 bytes
};

// What stands before the payload
struct EnvelopeHeader {
    ObjectKind kind = ObjectKind::schema;
    std::uint16_t scheme = 0;
    std::array<std::uint8_t, 32> parameter_hash{};
    std::array<std::uint8_t, 32> public_key_id{};
    std::uint64_t payload_size = 0, metadata_size = 0, signature_size = 0;
};

// For whoever writes the parts one by one. Error(parameter) for an unknown kind, or a part of a wrong size.
std::array<std::uint8_t, envelope_header_size> pack_header(const EnvelopeHeader& header);

// All parts in one; likewise.
std::vector<std::uint8_t> pack_envelope(const Envelope& envelope);

// Error(decode) for anything but an exact encoding. The result points into `data`.
Envelope unpack_envelope(std::span<const std::uint8_t> data);

// What the signature of a signed envelope covers. Error(decode) when it is malformed or unsigned.
std::span<const std::uint8_t> signed_part(std::span<const std::uint8_t> data);

}  // namespace pyfe
