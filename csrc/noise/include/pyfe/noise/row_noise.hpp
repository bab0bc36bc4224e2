// The noise that the owner of rows adds to what keys say of them: the same for the same row, whenever it is
// asked for, so that asking again averages nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pyfe/hash/hmac.hpp"
#include "pyfe/random/gaussian.hpp"

namespace pyfe {

// eta(row, slot) = the first draw from a discrete Gaussian under the seed
//     HMAC-SHA-512(secret, tag || sigma || length of the context || context || row || slot), 32 bytes of it;
// numbers are 8 bytes, little-endian. Rows of one object have one length, and so nothing else has the same
// input; the width stands in it because two widths under one seed would give nearly proportional draws.
// docs/math/discrete-gaussian.md
//
// Constant time in secret, rows and draws; lengths, context, sigma and slots are public.
class RowNoise {
  public:
    static constexpr std::size_t secret_size = 32;

    // The standard deviation is sigma / 256, as of DiscreteGaussian
    RowNoise(std::span<const std::uint8_t, secret_size> secret, std::span<const std::uint8_t> context,
             std::uint64_t sigma);

    // out[i slots.size() + j] = eta(row i, slot j), rows of `width` bytes. All threads.
    void draw(std::span<const std::uint8_t> rows, std::size_t width, std::span<const std::uint64_t> slots,
              std::int64_t* out) const;

  private:
    HmacSha512 keyed_;  // everything before the row
    DiscreteGaussian gaussian_;
};

}  // namespace pyfe
