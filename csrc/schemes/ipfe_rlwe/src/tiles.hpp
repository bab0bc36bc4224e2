// Words of b bits on their way to and from tiles.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/ipfe_rlwe/ciphertext.hpp"
#include "pyfe/ipfe_rlwe/kernels.hpp"

namespace pyfe::ipfe_rlwe {

constexpr size_t kReadBeyond = 16;  // bytes that Kernels::dot_vartime may read behind a tile

// 64 words modulo 2^b; high: those above 64 bits, meant for b > 64 only
inline void keep_low_bits(unsigned b, uint64_t* low, uint64_t* high) {
    if (b > 64)
        for (size_t j = 0; j < kTileWords; ++j) high[j] &= (uint64_t{1} << (b - 64)) - 1;
    else if (b < 64)
        for (size_t j = 0; j < kTileWords; ++j) low[j] &= (uint64_t{1} << b) - 1;
}

}  // namespace pyfe::ipfe_rlwe
