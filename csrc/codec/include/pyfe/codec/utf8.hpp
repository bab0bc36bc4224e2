// Text of users is UTF-8 (RFC 3629).
#pragma once

#include <cstdint>
#include <span>

namespace pyfe {

bool is_utf8(std::span<const std::uint8_t> bytes);

}  // namespace pyfe
