#include "pyfe/ring/kernels.hpp"

#include "../arithmetic.hpp"

namespace pyfe::ring {
namespace {

// Cooley and Tukey's butterflies with psi worked in, a block of 2 t words of every level under one power:
//   (x, y) -> (x + w y, x - w y)
// Words are lazy: a level adds at most 2 q, so that all stay below (2 log_n + 1) q < 2^55.
void forward(const Transform& transform, std::uint64_t* a) {
    const std::size_t n = std::size_t{1} << transform.log_n;
    const std::uint64_t q = transform.modulus.q;
    for (std::size_t blocks = 1, t = n / 2; t > 0; blocks *= 2, t /= 2)
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::uint64_t* const w = &transform.forward[2 * (blocks + b)];
            std::uint64_t *const x = a + 2 * t * b, *const y = x + t;
            for (std::size_t i = 0; i < t; ++i) {
                const std::uint64_t wy = multiply_lazy(y[i], w[0], w[1], q);
                y[i] = x[i] + 2 * q - wy;
                x[i] += wy;
            }
        }
    const std::uint64_t* const one = transform.forward;
    for (std::size_t i = 0; i < n; ++i) a[i] = subtract_once(multiply_lazy(a[i], one[0], one[1], q), q);
}

// Back by Gentleman and Sande's, (x, y) -> (x + y, (x - y) / w), on words below 2 q; the last level divides
// by N
void inverse(const Transform& transform, std::uint64_t* a) {
    const std::size_t n = std::size_t{1} << transform.log_n;
    const std::uint64_t q = transform.modulus.q;
    for (std::size_t blocks = n / 2, t = 1; blocks > 1; blocks /= 2, t *= 2)
        for (std::size_t b = 0; b < blocks; ++b) {
            const std::uint64_t* const w = &transform.inverse[2 * (blocks + b)];
            std::uint64_t *const x = a + 2 * t * b, *const y = x + t;
            for (std::size_t i = 0; i < t; ++i) {
                const std::uint64_t difference = x[i] + 2 * q - y[i];
                x[i] = subtract_once(x[i] + y[i], 2 * q);
                y[i] = multiply_lazy(difference, w[0], w[1], q);
            }
        }
    const std::uint64_t* const w = transform.inverse;
    for (std::size_t i = 0; i < n / 2; ++i) {
        const std::uint64_t x = a[i], y = a[i + n / 2];
        a[i] = subtract_once(multiply_lazy(x + y, w[0], w[1], q), q);
        a[i + n / 2] = subtract_once(multiply_lazy(x + 2 * q - y, w[2], w[3], q), q);
    }
}

using Words = const std::uint64_t*;

void add(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = add_residues(m, a[i], b[i]);
}

void sub(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = sub_residues(m, a[i], b[i]);
}

void mul(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = mul_residues(m, a[i], b[i]);
}

void mul_add(const Modulus& m, Words a, Words b, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = add_residues(m, out[i], mul_residues(m, a[i], b[i]));
}

void scale(const Modulus& m, std::uint64_t c, Words a, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = mul_residues(m, c, a[i]);
}

void scale_add(const Modulus& m, std::uint64_t c, Words a, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = add_residues(m, out[i], mul_residues(m, c, a[i]));
}

void from_signed(const Modulus& m, const std::int64_t* z, std::uint64_t* out, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) out[i] = signed_residue(m, z[i]);
}

}  // namespace

const Kernels& portable_kernels() {
    static constexpr Kernels table = {"portable", forward, inverse, add,       sub,
                                      mul,        mul_add, scale,   scale_add, from_signed};
    return table;
}

}  // namespace pyfe::ring
