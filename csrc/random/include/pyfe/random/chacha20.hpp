// ChaCha20 as a generator: the same seed gives the same bytes on every machine, and whoever lacks the seed
// cannot tell them from random ones.
#pragma once

#include <cstdint>
#include <span>

#include "pyfe/base/secret.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe {

// The key stream of ChaCha20 (RFC 8439) under a 32-byte seed: nonce zero, blocks counted from 0 in 64 bits,
// as in Bernstein's original. One stream, however it is cut into calls of fill(). Not for two threads at
// once, and a forked child must not draw from its parent's: make one where it is used, in a scope with a
// StackGuard.
class ChaCha20Random final : public Random {
  public:
    static constexpr std::size_t seed_size = 32;

    explicit ChaCha20Random(std::span<const std::uint8_t, seed_size> seed);
    explicit ChaCha20Random(Random& seeds);  // draws its seed there

    void fill(std::uint8_t* out, std::size_t size) override;

  private:
    static constexpr std::size_t block_size = 64;
    void blocks(std::uint8_t* out, std::size_t count);

    SecretVector<std::uint32_t> state_;  // the 16 words of the next block's input
    SecretVector<std::uint8_t> rest_;    // a block of which the first used_ bytes have been given out
    std::size_t used_ = block_size;
};

}  // namespace pyfe
