// The discrete Fourier transform of real sequences, in place and without reordering: values come out in
// bit-reversed order, products are taken there, and the way back starts from it.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

namespace pyfe::counting {

using Complex = std::complex<double>;

class RealTransform {
  public:
    // At least so many real numbers; `size` becomes a power of two, at least 4
    explicit RealTransform(std::size_t at_least);

    std::size_t size() const { return 2 * half_; }
    std::size_t half() const { return half_; }

    // `values` [half]: the real numbers in pairs; afterwards the values at the roots of unity. Entry 0 holds
    // the two real ones, at 1 and at -1.
    void forward(Complex* values) const;
    void backward(Complex* values) const;

  private:
    // Block number `block` of its depth, modulo X^length - w, to its length blocks modulo X - w', and back
    void split(Complex* values, std::size_t length, std::size_t block) const;
    void join(Complex* values, std::size_t length, std::size_t block) const;
    void untangle(Complex* values) const;
    void tangle(Complex* values) const;

    std::size_t half_;
    std::vector<Complex> root_;  // [half]: exp(pi i v(k)), v(k) = k's bits mirrored at the point
};

// a * b without the detour of std::complex for infinities
inline Complex product(Complex a, Complex b) {
    return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

// to[i] = a[i] * b[i] for the entries from `first` on; entry 0 is two real numbers. `to` may be a or b.
void multiply(std::span<const Complex> a, std::span<const Complex> b, std::size_t first,
              std::span<Complex> to);

}  // namespace pyfe::counting
