// Public keys: loading, and encrypting under them
#include <algorithm>
#include <cstring>

#include "call.hpp"
#include "envelopes.hpp"
#include "objects.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/secret.hpp"

using namespace pyfe;
using namespace pyfe::capi;

namespace {

constexpr uint64_t most_rows = uint64_t{1} << 48;  // that a batch can count

Id digest_of(const pyfe_public_key& key) { return public_key_digest(key.native->id(), key.verification_key); }

std::unique_ptr<pyfe_public_key> read(std::span<const uint8_t> data) {
    const Opened opened(data, ObjectKind::public_key, "public key");
    const auto verification_key = opened.id_field("verification_key");
    if (!verification_key) fail(ErrorKind::decode, "public key: field 'verification_key' is missing");
    opened.require_certified_by(*verification_key);  // before a point of the payload is read
    auto native = opened.scheme->read_public_key(opened.payload());
    opened.require_public_key_id(native->id());
    const Id parameter_hash = native->parameter_hash();
    if (opened.envelope.parameter_hash != parameter_hash)
        fail(ErrorKind::decode, "public key: the parameter hash of the header is not that of the key");
    Box box = native->box();
    return std::make_unique<pyfe_public_key>(
        pyfe_public_key{opened.scheme, std::move(native), parameter_hash, *verification_key, std::move(box)});
}

void require_shape(const pyfe_public_key& key, const int64_t* x, uint64_t rows, uint64_t n) {
    if (rows > 0) require_given(x, "coordinates");
    if (n != key.box.size())
        fail(ErrorKind::parameter, "coordinates: " + std::to_string(n) +
                                       " a row, the public key's schema has " +
                                       std::to_string(key.box.size()));
}

// Bytes of the envelope; refuses what no address space has
uint64_t size_of(const pyfe_public_key& key, uint64_t rows, bool is_signed) {
    if (rows > most_rows || key.native->payload_size(1) > max_payload_size / (rows + 1))
        fail(ErrorKind::out_of_range,
             "rows: " + std::to_string(rows) + " are more than an envelope holds, 2^48 bytes");
    return batch_envelope_size(*key.native, rows, is_signed);
}

void write(const std::vector<SharedBytes>& pieces, uint8_t* out) {
    for (const SharedBytes& piece : pieces) {
        copy_in_pieces(piece.span(), out);
        out += piece.size();
    }
}

}  // namespace

pyfe_status pyfe_public_key_load(const uint8_t* data, uint64_t size, const char* fingerprint,
                                 pyfe_public_key** key, pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        auto made = read(octets(data, size, "data"));
        const Id digest = digest_of(*made);
        if (fingerprint != nullptr && !is_fingerprint_of(fingerprint, digest))
            fail(ErrorKind::key_mismatch, "the public key's fingerprint is " + fingerprint_of(digest) +
                                              ", not the one that was given");
        *key = made.release();
    });
}

void pyfe_public_key_free(pyfe_public_key* key) { delete key; }

const char* pyfe_public_key_scheme(const pyfe_public_key* key) { return key->scheme->id; }

void pyfe_public_key_fingerprint(const pyfe_public_key* key, char* text) {
    const std::string fingerprint = fingerprint_of(digest_of(*key));
    static_assert(PYFE_FINGERPRINT_SIZE == 64 + 15 + 1);
    std::memcpy(text, fingerprint.c_str(), PYFE_FINGERPRINT_SIZE);
}

void pyfe_public_key_id(const pyfe_public_key* key, uint8_t* id) { std::ranges::copy(key->native->id(), id); }

void pyfe_public_key_schema_id(const pyfe_public_key* key, uint8_t* id) {
    std::ranges::copy(key->native->schema_id(), id);
}

uint64_t pyfe_public_key_coordinates(const pyfe_public_key* key) { return key->box.size(); }

void pyfe_public_key_bounds(const pyfe_public_key* key, int64_t* lower, int64_t* upper) {
    std::ranges::copy(key->box.lo, lower);
    std::ranges::copy(key->box.hi, upper);
}

pyfe_status pyfe_encrypted_size(const pyfe_public_key* key, uint64_t rows, int32_t is_signed, uint64_t* size,
                                pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        require_given(size, "size");
        *size = size_of(*key, rows, is_signed != 0);
    });
}

pyfe_status pyfe_encrypt(const pyfe_public_key* key, const int64_t* coordinates, uint64_t rows, uint64_t n,
                         const uint8_t* signer, uint8_t* out, uint64_t capacity, uint64_t* size,
                         pyfe_call* call) {
    return run(call, [&] {
        require_given(key, "key");
        require_given(size, "size");
        require_shape(*key, coordinates, rows, n);
        const uint64_t needed = size_of(*key, rows, signer != nullptr);
        if (capacity < needed) {
            *size = needed;
            refuse(PYFE_BUFFER_TOO_SMALL, "out: the envelope takes " + std::to_string(needed) +
                                              " bytes, and " + std::to_string(capacity) + " are there");
        }
        require_given(out, "out");
        Id named;
        if (signer != nullptr) std::copy_n(signer, named.size(), named.begin());
        const StackGuard guard;
        auto payload = key->native->encrypt({coordinates, static_cast<size_t>(rows), static_cast<size_t>(n)},
                                            os_random());
        const auto pieces = batch_envelope(*key->scheme, *key->native, rows, std::move(payload),
                                           signer == nullptr ? nullptr : &named);
        uint64_t made = 0;
        for (const SharedBytes& piece : pieces) made += piece.size();
        if (made != needed) throw std::logic_error("an envelope has not the size that was said");
        write(pieces, out);
        *size = needed;
    });
}
