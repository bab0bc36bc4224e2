// What the kernels know of a standard deviation: docs/math/discrete-gaussian.md. All of it is public.
#pragma once

#include <cstdint>

namespace pyfe::gaussian {

// a 2^-52 + b 2^-104
struct Fraction {
    std::uint64_t high, low;
};

constexpr int most_thresholds = 23;

struct Shape {
    int digits;                            // m: z = 2^m x + y
    int count;                             // thresholds of the base
    Fraction scale;                        // 2^(2m) log2(e) / 2 sigma^2
    Fraction excess;                       // what that is above the same of the base; 0 where it is not
    Fraction thresholds[most_thresholds];  // P(x > i) of the base: x is how many lie above a uniform fraction
};

}  // namespace pyfe::gaussian
