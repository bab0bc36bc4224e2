// SHA-512 (FIPS 180-4).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe {

class Sha512 {
  public:
    static constexpr std::size_t digest_size = 64;
    static constexpr std::size_t block_size = 128;
    using Digest = std::array<std::uint8_t, digest_size>;

    Sha512();
    Sha512(const Sha512&) = default;
    Sha512& operator=(const Sha512&) = default;
    ~Sha512();  // wipes the state and the buffered input

    Sha512& update(std::span<const std::uint8_t> data);

    // The digest of all updates; the object then starts afresh.
    Digest finish();

  private:
    void reset();
    void compress(const std::uint8_t* block);

    std::array<std::uint64_t, 8> state_;
    std::array<std::uint8_t, block_size> buffer_;
    std::size_t buffered_;
    std::uint64_t length_;  // bytes so far
};

Sha512::Digest sha512(std::span<const std::uint8_t> data);

}  // namespace pyfe
