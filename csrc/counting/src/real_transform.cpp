// Cooley and Tukey 1965 on polynomials: X^(2m) - w^2 = (X^m - w)(X^m + w), so that a step takes a block
// modulo the one to two blocks modulo the others, with one root w for the whole block. Block k at any depth
// has the root exp(pi i v(k)). Two steps at a time, as in a transform of radix 4. A real sequence of 2 h
// numbers is transformed as h complex ones (Press et al., Numerical Recipes, 12.3).
#include "real_transform.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace pyfe::counting {
namespace {

Complex times_i(Complex a) { return {-a.imag(), a.real()}; }

// a0..a3 of a block modulo X^(4q) - w^4 to its four blocks modulo X^q -+ w, X^q -+ i w
void split_four(Complex* a, std::size_t quarter, Complex w) {
    const Complex w2 = product(w, w), w3 = product(w2, w);
    for (std::size_t j = 0; j < quarter; ++j) {
        const Complex a0 = a[j], a1 = product(a[j + quarter], w);
        const Complex a2 = product(a[j + 2 * quarter], w2), a3 = product(a[j + 3 * quarter], w3);
        const Complex even = a0 + a2, odd = a1 + a3, even2 = a0 - a2, odd2 = times_i(a1 - a3);
        a[j] = even + odd;
        a[j + quarter] = even - odd;
        a[j + 2 * quarter] = even2 + odd2;
        a[j + 3 * quarter] = even2 - odd2;
    }
}

// The way back, times 4
void join_four(Complex* a, std::size_t quarter, Complex w) {
    const Complex v = std::conj(w), v2 = product(v, v), v3 = product(v2, v);
    for (std::size_t j = 0; j < quarter; ++j) {
        const Complex c0 = a[j], c1 = a[j + quarter], c2 = a[j + 2 * quarter], c3 = a[j + 3 * quarter];
        const Complex even = c0 + c1, odd = c0 - c1, even2 = c2 + c3, odd2 = times_i(c3 - c2);
        a[j] = even + even2;
        a[j + quarter] = product(odd + odd2, v);
        a[j + 2 * quarter] = product(even - even2, v2);
        a[j + 3 * quarter] = product(odd - odd2, v3);
    }
}

// X^(2m) - 1: its own inverse, but for a factor 2
void split_two(Complex* a, std::size_t half) {
    for (std::size_t j = 0; j < half; ++j) {
        const Complex u = a[j], v = a[j + half];
        a[j] = u + v;
        a[j + half] = u - v;
    }
}

Complex root_at(double mirrored) {
    const double angle = std::numbers::pi * mirrored;
    return {std::cos(angle), std::sin(angle)};
}

// exp(pi i v(k)). v is a sum over bits, so that one sine serves the numbers that differ in few low bits.
std::vector<Complex> roots(std::size_t count) {
    constexpr std::size_t most_low = 1024;
    std::vector<Complex> out(count);
    const std::size_t low = std::min(count, most_low);
    const auto mirrored = [](std::size_t k) {
        double v = 0;
        for (double bit = 0.5; k != 0; k /= 2, bit /= 2) v += k % 2 == 1 ? bit : 0;
        return v;
    };
    for (std::size_t k = 0; k < low; ++k) out[k] = root_at(mirrored(k));
    for (std::size_t high = low; high < count; high += low) {
        const Complex common = root_at(mirrored(high));
        for (std::size_t k = 0; k < low; ++k) out[high + k] = product(out[k], common);
    }
    return out;
}

// Complex numbers that the second cache holds
constexpr std::size_t in_cache = std::size_t{1} << 14;

}  // namespace

RealTransform::RealTransform(std::size_t at_least)
    : half_(std::bit_ceil(at_least < 4 ? 4 : at_least) / 2), root_(roots(half_)) {}

void RealTransform::forward(Complex* values) const {
    if (std::countr_zero(half_) % 2 == 1) {
        split_two(values, half_ / 2);
        split(values, half_ / 2, 0);
        split(values + half_ / 2, half_ / 2, 1);
    } else {
        split(values, half_, 0);
    }
    untangle(values);
}

void RealTransform::backward(Complex* values) const {
    tangle(values);
    if (std::countr_zero(half_) % 2 == 1) {
        join(values, half_ / 2, 0);
        join(values + half_ / 2, half_ / 2, 1);
        split_two(values, half_ / 2);
    } else {
        join(values, half_, 0);
    }
    const double scale = 1.0 / static_cast<double>(half_);
    for (std::size_t j = 0; j < half_; ++j) values[j] *= scale;
}

void RealTransform::split(Complex* values, std::size_t length, std::size_t block) const {
    if (length > in_cache) {
        split_four(values, length / 4, root_[2 * block]);
        for (std::size_t part = 0; part < 4; ++part)
            split(values + part * (length / 4), length / 4, 4 * block + part);
        return;
    }
    for (std::size_t count = 1; count < length; count *= 4)
        for (std::size_t part = 0; part < count; ++part)
            split_four(values + part * (length / count), length / count / 4,
                       root_[2 * (block * count + part)]);
}

void RealTransform::join(Complex* values, std::size_t length, std::size_t block) const {
    if (length > in_cache) {
        for (std::size_t part = 0; part < 4; ++part)
            join(values + part * (length / 4), length / 4, 4 * block + part);
        join_four(values, length / 4, root_[2 * block]);
        return;
    }
    for (std::size_t count = length / 4; count > 0; count /= 4)
        for (std::size_t part = 0; part < count; ++part)
            join_four(values + part * (length / count), length / count / 4,
                      root_[2 * (block * count + part)]);
}

// Z = E + i O at a root r^2 gives X = E + r O; entry p of a block [b, 2b) has its conjugate root at 3b - 1 -
// p.
void RealTransform::untangle(Complex* values) const {
    values[0] = {values[0].real() + values[0].imag(), values[0].real() - values[0].imag()};
    for (std::size_t block = 1; block < half_; block *= 2) {
        for (std::size_t p = block, q = 2 * block - 1; p <= q; ++p, --q) {
            const Complex z = values[p], mirror = std::conj(values[q]);
            const Complex even = 0.5 * (z + mirror);
            const Complex odd = product(root_[p], -0.5 * times_i(z - mirror));
            values[p] = even + odd;
            values[q] = std::conj(even - odd);
        }
    }
}

void RealTransform::tangle(Complex* values) const {
    values[0] = {0.5 * (values[0].real() + values[0].imag()), 0.5 * (values[0].real() - values[0].imag())};
    for (std::size_t block = 1; block < half_; block *= 2) {
        for (std::size_t p = block, q = 2 * block - 1; p <= q; ++p, --q) {
            const Complex x = values[p], mirror = std::conj(values[q]);
            const Complex even = 0.5 * (x + mirror);
            const Complex odd = times_i(product(std::conj(root_[p]), 0.5 * (x - mirror)));
            values[p] = even + odd;
            values[q] = std::conj(even - odd);
        }
    }
}

void multiply(std::span<const Complex> a, std::span<const Complex> b, std::size_t first,
              std::span<Complex> to) {
    std::size_t i = 0;
    if (first == 0 && !to.empty()) {
        to[0] = {a[0].real() * b[0].real(), a[0].imag() * b[0].imag()};
        i = 1;
    }
    for (; i < to.size(); ++i) to[i] = product(a[i], b[i]);
}

}  // namespace pyfe::counting
