// Entry points of a backend: loops over the N words of one prime. All backends give the same words, all are
// constant time in them. Residues are below q going in and coming out; out may be an input.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pyfe/ring/modulus.hpp"

namespace pyfe::ring {

// The powers of a root that the transforms of one prime and degree multiply by (src/tables.hpp)
struct Transform {
    Modulus modulus;
    int log_n;
    const std::uint64_t *forward, *inverse;              // one word at a time
    const std::uint64_t *forward_lanes, *inverse_lanes;  // eight, from least_lanes_log on
};
constexpr int least_lanes_log = 7;

struct Kernels {
    using Two = void (*)(const Modulus&, const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out,
                         std::size_t count);
    using Scaled = void (*)(const Modulus&, std::uint64_t c, const std::uint64_t* a, std::uint64_t* out,
                            std::size_t count);
    const char* name;
    // In place. Coefficients in their order; values in bit-reversed order
    void (*forward)(const Transform&, std::uint64_t* a);
    void (*inverse)(const Transform&, std::uint64_t* a);
    // `count` is a multiple of eight
    Two add, sub, mul;
    Two mul_add;       // out += a b
    Scaled scale;      // out = c a
    Scaled scale_add;  // out += c a
    // z mod q for any z
    void (*from_signed)(const Modulus&, const std::int64_t* z, std::uint64_t* out, std::size_t count);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
#ifdef PYFE_EMULATED_LANES
const Kernels& emulated_kernels();
#endif
const Kernels& kernels();  // of the active backend
// null: none any more
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::ring
