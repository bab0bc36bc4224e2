// SHA-256 and SHA-512 (FIPS 180-4): one hash over words of 32 or of 64 bits.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe {

template <class Word>
class Sha2 {
  public:
    static constexpr std::size_t digest_size = 8 * sizeof(Word);
    static constexpr std::size_t block_size = 16 * sizeof(Word);
    using Digest = std::array<std::uint8_t, digest_size>;

    Sha2();
    Sha2(const Sha2&) = default;
    Sha2& operator=(const Sha2&) = default;
    ~Sha2();  // wipes the state and the buffered input

    Sha2& update(std::span<const std::uint8_t> data);

    // The digest of all updates; the object then starts afresh.
    Digest finish();

  private:
    void reset();
    void compress(const std::uint8_t* block);

    std::array<Word, 8> state_;
    std::array<std::uint8_t, block_size> buffer_;
    std::size_t buffered_;
    std::uint64_t length_;  // bytes so far
};

using Sha256 = Sha2<std::uint32_t>;
using Sha512 = Sha2<std::uint64_t>;
extern template class Sha2<std::uint32_t>;
extern template class Sha2<std::uint64_t>;

Sha256::Digest sha256(std::span<const std::uint8_t> data);
Sha512::Digest sha512(std::span<const std::uint8_t> data);

}  // namespace pyfe
