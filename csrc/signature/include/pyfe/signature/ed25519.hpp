// Verification of Ed25519 signatures (RFC 8032, PureEdDSA, section 5.1.7). Signing is not here: no secret key
// comes near this room.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe {

constexpr std::size_t ed25519_key_size = 32, ed25519_signature_size = 64;

// Whether `signature`, R | S, is the signature of `message` by `key`: S below the group order, and
// S B - k A encoded is R, byte for byte, k = SHA-512(R | A | M). What has several readings is refused: a key
// that is not the one encoding of its point (y below p; no sign where x = 0), and a key of an order that
// divides 8, under which anybody signs anything. No cofactor: of two verifiers the other one is OpenSSL's,
// which decides so too. Error(parameter) for other lengths. All inputs are public. Cost: 0.1 ms, and the hash
// of the message.
bool verify_ed25519_vartime(std::span<const std::uint8_t> key, std::span<const std::uint8_t> message,
                            std::span<const std::uint8_t> signature);

// Whether it is such a key: 32 bytes, the encoding of a point, not of small order.
bool is_ed25519_key_vartime(std::span<const std::uint8_t> key);

}  // namespace pyfe
