// SHA-256 (FIPS 180-4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe {

class Sha256 {
  public:
    static constexpr std::size_t digest_size = 32;
    static constexpr std::size_t block_size = 64;
    using Digest = std::array<std::uint8_t, digest_size>;

    Sha256();
    Sha256(const Sha256&) = default;
    Sha256& operator=(const Sha256&) = default;
    ~Sha256();  // wipes the state and the buffered input

    Sha256& update(std::span<const std::uint8_t> data);

    // The digest of all updates; the object then starts afresh.
    Digest finish();

  private:
    void reset();
    void compress(const std::uint8_t* block);

    std::array<std::uint32_t, 8> state_;
    std::array<std::uint8_t, block_size> buffer_;
    std::size_t buffered_;
    std::uint64_t length_;  // bytes so far
};

Sha256::Digest sha256(std::span<const std::uint8_t> data);

}  // namespace pyfe
