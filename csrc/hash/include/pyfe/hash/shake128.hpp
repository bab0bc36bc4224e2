// SHAKE128 (FIPS 202, section 6.2): as many bytes as are asked for, from a message of any length.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe {

// Absorbs, then squeezes; of public data only, nothing is wiped. One stream, however it is cut into calls.
class Shake128 {
  public:
    static constexpr std::size_t rate = 168;  // bytes a permutation takes or gives

    Shake128& absorb(std::span<const std::uint8_t> data);
    // Ends the message at the first call
    void squeeze(std::span<std::uint8_t> out);

  private:
    void permute();

    std::array<std::uint64_t, 25> lanes_{};
    std::size_t at_ = 0;  // of the rate, bytes absorbed or given out
    bool squeezing_ = false;
};

}  // namespace pyfe
