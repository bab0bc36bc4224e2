#include "pyfe/random/gaussian.hpp"

#include <algorithm>
#include <string>

#include "gaussian_tables.hpp"
#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/base/secret.hpp"
#include "pyfe/random/chacha20.hpp"
#include "pyfe/random/kernels.hpp"

namespace pyfe {
namespace {

using gaussian::Base;
using gaussian::Fraction;
using gaussian::Shape;
using random::group;
using random::RandomWords;
using Wide = unsigned __int128;

// floor(2^104 2^(2m) log2(e) / 2 sigma^2), sigma = s / 256: log2e has 127 bits behind the point. Digit by
// digit
Fraction scale_of(Wide square, int m) {
    const Wide numerator = Wide{gaussian::log2e[0]} << 64 | gaussian::log2e[1];
    const int zeros = 2 * m + 15 + 104 - 127;
    Wide remainder = 0, quotient = 0;
    for (int bit = 127; bit >= -zeros; --bit) {
        remainder = remainder << 1 | (bit >= 0 ? numerator >> bit & 1 : 0);
        const bool fits = remainder >= square;
        quotient = quotient << 1 | (fits ? 1 : 0);
        if (fits) remainder -= square;
    }
    return {static_cast<std::uint64_t>(quotient >> 52),
            static_cast<std::uint64_t>(quotient) & ((std::uint64_t{1} << 52) - 1)};
}

// a - b, and 0 where that is negative
Fraction difference(const Fraction& a, const Fraction& b) {
    const Wide x = (Wide{a.high} << 52) + a.low, y = (Wide{b.high} << 52) + b.low, d = x > y ? x - y : 0;
    return {static_cast<std::uint64_t>(d >> 52),
            static_cast<std::uint64_t>(d) & ((std::uint64_t{1} << 52) - 1)};
}

// The narrowest base, spread by the least power of two, that is as wide as sigma: sigma^2 <= 2^(2m) 8/j
Shape shape_of(std::uint64_t sigma) {
    const Wide square = Wide{sigma} * sigma;
    for (int m = 0;; ++m)
        for (const Base& base : gaussian::bases)
            if (square * base.sixteenths <= Wide{1} << (2 * m + 19)) {
                const Fraction scale = scale_of(square, m);
                Shape shape = {m, base.count, scale, difference(scale, base.unit), {}};
                std::ranges::copy(base.thresholds, shape.thresholds);
                return shape;
            }
}

std::uint64_t checked(std::uint64_t sigma) {
    if (sigma < DiscreteGaussian::least_sigma || sigma > DiscreteGaussian::most_sigma)
        fail(ErrorKind::parameter, "discrete Gaussian: a standard deviation of " + std::to_string(sigma) +
                                       "/256 is not from 1 to 2^49");
    return sigma;
}

}  // namespace

// Random words and what came of them, for at most so many candidates at once
class DiscreteGaussian::Chunk {
  public:
    // The least probable acceptance is 0.637, the most 0.834: rarely a second chunk for few draws
    explicit Chunk(std::size_t draws)
        : groups_(groups_for(draws)), words_(groups_), z_(groups_ * group), kept_(groups_ * group) {}

    // Accepted draws, in order, at most `most` of them
    std::span<const std::int64_t> draw(const Shape& shape, Random& random, std::size_t most) {
        const std::size_t groups = std::min(groups_, groups_for(most));
        random.fill(reinterpret_cast<std::uint8_t*>(words_.data()), groups * sizeof(RandomWords));
        std::uint8_t accepted[most_groups];
        random::kernels().candidates(shape, shape.count, &words_[0].words, groups,
                                     reinterpret_cast<std::int64_t(*)[group]>(z_.data()), accepted);
        declassify(accepted, groups);  // which candidates were accepted; what they are is independent of it
        std::size_t kept = 0;
        for (std::size_t i = 0; i < groups * group; ++i) {
            kept_[kept] = z_[i];
            kept += accepted[i / group] >> i % group & 1;
        }
        return {kept_.data(), std::min(kept, most)};
    }

  private:
    struct Group {
        RandomWords words;
    };
    static constexpr std::size_t most_groups = 64;
    static std::size_t groups_for(std::size_t draws) {
        return draws >= most_groups * group ? most_groups
                                            : std::min(most_groups, (draws + draws / 4) / group + 1);
    }

    const std::size_t groups_;
    SecretVector<Group> words_;
    SecretVector<std::int64_t> z_, kept_;
};

DiscreteGaussian::DiscreteGaussian(std::uint64_t sigma) : shape_(shape_of(checked(sigma))) {}

std::int64_t DiscreteGaussian::bound() const { return (std::int64_t{shape_.count + 1} << shape_.digits) - 1; }

void DiscreteGaussian::sample(Random& random, std::int64_t* out, std::size_t count, Chunk& chunk) const {
    while (count > 0) {
        checkpoint();
        const auto drawn = chunk.draw(shape_, random, count);
        out = std::copy(drawn.begin(), drawn.end(), out);
        count -= drawn.size();
    }
}

void DiscreteGaussian::sample(Random& random, std::int64_t* out, std::size_t count) const {
    const StackGuard wiped;
    Chunk chunk(count);
    sample(random, out, count, chunk);
}

void DiscreteGaussian::sample_rows(std::span<const std::uint8_t> seeds, std::size_t columns,
                                   std::int64_t* out) const {
    constexpr std::size_t seed = ChaCha20Random::seed_size, rows_a_task = 64;
    const std::size_t rows = seeds.size() / seed;
    parallel_for((rows + rows_a_task - 1) / rows_a_task, [&](std::size_t task) {
        const StackGuard wiped;
        Chunk chunk(columns);
        for (std::size_t i = task * rows_a_task; i < std::min(rows, (task + 1) * rows_a_task); ++i) {
            ChaCha20Random random(seeds.subspan(seed * i).first<seed>());
            sample(random, out + i * columns, columns, chunk);
        }
    });
}

}  // namespace pyfe
