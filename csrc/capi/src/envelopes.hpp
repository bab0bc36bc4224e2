// The envelopes of the C ABI: their header, their signature, and the few fields of their metadata that trust
// and time depend on.
#pragma once
#include <optional>
#include <string>

#include "pyfe/codec/envelope.hpp"
#include "scheme.hpp"

namespace pyfe::capi {

// An envelope of the wanted kind, which must belong to a scheme; Error(decode) for anything else
struct Opened {
    std::span<const uint8_t> data;
    Envelope envelope;
    const Scheme* scheme;
    const char* object;  // its name

    Opened(std::span<const uint8_t> data, ObjectKind kind, const char* object);

    SharedBytes payload() const { return SharedBytes::copy(envelope.payload); }
    // A byte string of 32 bytes of the metadata, or nothing where the key is not there. Error(decode)
    std::optional<Id> id_field(const char* key) const;
    // An integer from 0 to `most`; nothing where it is not there, or null. Error(decode)
    std::optional<uint64_t> integer_field(const char* key, uint64_t most) const;
    // PYFE_SIGNATURE unless this Ed25519 key signed all of it. Error(decode) where it is not signed
    void require_signed_by(const Id& key) const;
    // The same of a public key, whose payload may be in the id of its header (Scheme::payload_in_id): then
    // the caller compares that id with the payload's
    void require_certified_by(const Id& key) const;
    // Error(decode) unless the payload is of the public key that the header names
    void require_public_key_id(const Id& of_payload) const;

  private:
    void require_signature(const Id& key, std::span<const uint8_t> message) const;
};

std::string hex(std::span<const uint8_t> bytes);

// What is shown, and compared, of a public key and of who signs it: 32 bytes
Id public_key_digest(const Id& public_key_id, const Id& verification_key);
// In groups of four digits
std::string fingerprint_of(const Id& digest);
// Dashes, colons, blanks and case do not count.
bool is_fingerprint_of(const char* text, const Id& digest);

// The envelope of an encrypted batch in pieces; with a signer, 64 zeros are its last
std::vector<SharedBytes> batch_envelope(const Scheme& scheme, const PublicKey& key, uint64_t rows,
                                        std::vector<SharedBytes> payload, const Id* signer);
// Bytes of the same
uint64_t batch_envelope_size(const PublicKey& key, uint64_t rows, bool is_signed);

}  // namespace pyfe::capi
