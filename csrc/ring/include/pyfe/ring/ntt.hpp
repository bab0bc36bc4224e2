// Z_q[X] / (X^N + 1) for one prime q = 1 mod 2N: the number-theoretic transform and arithmetic on the N words
// of a polynomial. docs/math/ring.md
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "pyfe/ring/modulus.hpp"

namespace pyfe::ring {

struct Tables;

// Copies share their tables, which later objects of the same prime and degree find again. All arithmetic is
// in constant time, with words below q going in and coming out; an output may be an input.
class Ntt {
  public:
    // Error(parameter) unless q is a prime of 28 to 50 bits, q = 1 mod 2N, N = 2^log_n from 8 to 16384
    Ntt(std::uint64_t q, int log_n);

    const Modulus& modulus() const;
    std::size_t n() const;
    // psi, the least primitive 2N-th root of unity
    std::uint64_t root() const;

    // a(X), coefficient i in word i, becomes its values: word i is a(psi^(2 bitreverse(i) + 1)). `batch`
    // polynomials one after the other, on all threads. inverse() goes back.
    void forward(std::uint64_t* a, std::size_t batch = 1) const;
    void inverse(std::uint64_t* a, std::size_t batch = 1) const;

    // Word by word: of values the product of polynomials
    void add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
    void sub(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
    void negate(const std::uint64_t* a, std::uint64_t* out) const;
    void mul(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
    void mul_add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* sum) const;  // sum += a b
    void scale(std::int64_t c, const std::uint64_t* a, std::uint64_t* out) const;
    void scale_add(std::int64_t c, const std::uint64_t* a, std::uint64_t* sum) const;  // sum += c a
    void from_signed(const std::int64_t* z, std::uint64_t* out) const;                 // z mod q, any z

  private:
    std::shared_ptr<const Tables> tables_;
};

}  // namespace pyfe::ring
