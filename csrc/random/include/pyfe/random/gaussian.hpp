// Discrete Gaussians on the integers: P(z) ~ exp(-z^2 / 2 sigma^2), any standard deviation from 1 to 2^49,
// centre 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pyfe/random/gaussian_shape.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe {

// Rejection from a table of at most 24 entries. n draws are within n 2^-98 of n ideal ones in statistical
// distance (2^32 draws: 2^-66), tails beyond 12 sigma included. Construction and proof:
// docs/math/discrete-gaussian.md.
//
// Constant time in what is drawn: no branch and no address depends on it but through which candidates were
// accepted, which is independent of the values of the accepted ones. How many random bytes a call takes is
// decided by that alone.
class DiscreteGaussian {
  public:
    // In units of 1/256: parameter rules that round widths upwards stay in integers
    static constexpr std::uint64_t least_sigma = 256, most_sigma = std::uint64_t{1} << 57;

    // The standard deviation is sigma / 256. Error(parameter) outside 1 .. 2^49
    explicit DiscreteGaussian(std::uint64_t sigma);

    const gaussian::Shape& shape() const { return shape_; }
    // abs(z) never exceeds this: between 12 and 24 standard deviations
    std::int64_t bound() const;

    // `count` independent draws. A chunk of random bytes at a time; what is left of the last one is dropped.
    // The operating system's generator is slow for many draws: give a ChaCha20Random seeded from it.
    void sample(Random& random, std::int64_t* out, std::size_t count) const;

    // Row i gets the first `columns` draws from the ChaCha20 stream of seed i, 32 bytes each, whatever the
    // other rows are; the first draws are the same for more columns. All threads.
    void sample_rows(std::span<const std::uint8_t> seeds, std::size_t columns, std::int64_t* out) const;

  private:
    class Chunk;
    void sample(Random& random, std::int64_t* out, std::size_t count, Chunk& chunk) const;

    gaussian::Shape shape_;
};

}  // namespace pyfe
