// expand_message_xmd with SHA-256 and SHA-512 (RFC 9380, section 5.3.1): a uniform byte string from a message
// and a domain.
#pragma once

#include <cstdint>
#include <span>

namespace pyfe {

// Fills `out`. A domain separation tag over 255 bytes is hashed first (section 5.3.3). Error(parameter) when
// `out` is empty or longer than 255 digests (8160 bytes, 16320 bytes), or `dst` is empty.
void expand_message_xmd_sha256(std::span<const std::uint8_t> msg, std::span<const std::uint8_t> dst,
                               std::span<std::uint8_t> out);
void expand_message_xmd_sha512(std::span<const std::uint8_t> msg, std::span<const std::uint8_t> dst,
                               std::span<std::uint8_t> out);

}  // namespace pyfe
