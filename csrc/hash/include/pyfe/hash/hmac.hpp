// HMAC-SHA-512 (RFC 2104, FIPS 198-1): a pseudorandom function.
#pragma once

#include "pyfe/hash/sha2.hpp"

namespace pyfe {

class HmacSha512 {
  public:
    explicit HmacSha512(std::span<const std::uint8_t> key);
    HmacSha512& update(std::span<const std::uint8_t> data);
    // The tag of all updates, once
    Sha512::Digest finish();

  private:
    Sha512 inner_, outer_;
};

}  // namespace pyfe
