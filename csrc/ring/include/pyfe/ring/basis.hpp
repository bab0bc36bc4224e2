// Polynomials modulo q = q_1 .. q_k by their residues: k N words, those of q_1 first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pyfe/ring/ntt.hpp"

namespace pyfe::ring {

// What Ntt says of one prime holds here for each: constant time, words below their prime, outputs may be
// inputs.
class Basis {
  public:
    // Error(parameter) unless the primes ascend and Ntt takes each
    Basis(std::span<const std::uint64_t> primes, int log_n);

    std::size_t size() const { return limbs_.size(); }         // k
    std::size_t n() const { return limbs_.front().n(); }       // N
    std::size_t words() const { return limbs_.size() * n(); }  // of a polynomial
    const Ntt& operator[](std::size_t j) const { return limbs_[j]; }

    // `batch` polynomials one after the other, on all threads
    void forward(std::uint64_t* a, std::size_t batch = 1) const;
    void inverse(std::uint64_t* a, std::size_t batch = 1) const;

    void add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
    void sub(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
    void negate(const std::uint64_t* a, std::uint64_t* out) const;
    void mul(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* out) const;
    void mul_add(const std::uint64_t* a, const std::uint64_t* b, std::uint64_t* sum) const;  // sum += a b
    void scale(std::int64_t c, const std::uint64_t* a, std::uint64_t* out) const;
    void scale_add(std::int64_t c, const std::uint64_t* a, std::uint64_t* sum) const;  // sum += c a
    void from_signed(const std::int64_t* z, std::uint64_t* out) const;                 // N integers

    // Limb after limb, each as packing.hpp says
    std::size_t packed_size() const;
    void pack(const std::uint64_t* a, std::uint8_t* out) const;
    // Error(decode), which names the prime, where pack() could not have written this
    void unpack(std::span<const std::uint8_t> bytes, std::uint64_t* out) const;

  private:
    template <class F>
    void each(F f) const {
        for (std::size_t j = 0; j < limbs_.size(); ++j) f(limbs_[j], j * n());
    }
    std::vector<Ntt> limbs_;
};

}  // namespace pyfe::ring
