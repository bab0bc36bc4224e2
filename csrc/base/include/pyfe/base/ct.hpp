// Constant-time selection. A mask is all ones or all zeros; no function here branches on its arguments.
//
// Everything is `static` and forced inline: each file gets its own code, compiled with its own CPU flags.
#pragma once

#include <cstdint>

namespace pyfe {

// Hides a value's origin from the optimiser, which could otherwise prove that it has two values only and turn
// the masked arithmetic back into a branch.
[[gnu::always_inline]] static inline std::uint64_t value_barrier(std::uint64_t value) noexcept {
    __asm__("" : "+r"(value));
    return value;
}

// All ones for bit = 1, zero for bit = 0. Other values are not allowed.
[[gnu::always_inline]] static inline std::uint64_t mask_from_bit(std::uint64_t bit) noexcept {
    return value_barrier(std::uint64_t{0} - bit);
}

// All ones when value != 0. The top bit of value | -value is set exactly then.
[[gnu::always_inline]] static inline std::uint64_t mask_nonzero(std::uint64_t value) noexcept {
    const std::uint64_t hidden = value_barrier(value);
    return mask_from_bit((hidden | (std::uint64_t{0} - hidden)) >> 63);
}

// All ones when a == b.
[[gnu::always_inline]] static inline std::uint64_t mask_eq(std::uint64_t a, std::uint64_t b) noexcept {
    return ~mask_nonzero(a ^ b);
}

// a where the mask is ones, b where it is zero.
[[gnu::always_inline]] static inline std::uint64_t select(std::uint64_t mask, std::uint64_t a,
                                                          std::uint64_t b) noexcept {
    return b ^ (value_barrier(mask) & (a ^ b));
}

}  // namespace pyfe
