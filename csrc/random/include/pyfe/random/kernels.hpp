// Entry points of a backend: the two loops that cost time. Both backends give the same bytes and the same
// candidates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pyfe/random/gaussian_shape.hpp"

namespace pyfe::random {

constexpr std::size_t group = 8;  // candidates

// 32 random bytes a candidate: word i of all eight, i = 0 .. 3
using RandomWords = std::uint64_t[4][group];

struct Kernels {
    const char* name;
    // Key stream of `blocks` consecutive counters from the one in words 12 and 13 on
    void (*chacha20)(const std::uint32_t state[16], std::size_t blocks, std::uint8_t* out);
    // z of every candidate, and a bit a candidate: is it accepted? `count` is the shape's, said once more: a
    // loop that ends by a number read from memory would be one by a secret to whoever reads the machine code
    void (*candidates)(const gaussian::Shape& shape, int count, const RandomWords* words, std::size_t groups,
                       std::int64_t (*z)[group], std::uint8_t* accepted);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
const Kernels& kernels();  // of the active backend
// null: none any more
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::random
