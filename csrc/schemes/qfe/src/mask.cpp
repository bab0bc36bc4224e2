#include "mask.hpp"

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/interrupt.hpp"

namespace pyfe::qfe {
namespace {

// 64 bytes modulo r, off uniform by less than 2^-256
Fr draw(Random& random) {
    SecretVector<uint8_t> bytes(64);
    random.fill(bytes.data(), bytes.size());
    return Fr::from_wide_bytes(bytes.data());
}

}  // namespace

Fr draw_nonzero(Random& random) {
    SecretScalars s(1);
    uint64_t zero;
    do {
        s[0] = draw(random);
        zero = s[0].is_zero_mask();
        declassify(&zero, sizeof zero);  // true with probability 2^-254, and then drawn again
    } while (zero != 0);
    return s[0];
}

Mask::Mask(size_t k, Random& random) : side(k + 1), gamma(1), basis(side * side), dual(side * side) {
    gamma[0] = draw_nonzero(random);
    uint64_t singular;
    do {
        for (Fr& v : basis) v = draw(random);
        singular = invert_transposed();
        declassify(&singular, sizeof singular);  // true with probability 2^-252, and then drawn again
    } while (singular != 0);
}

// Gauss and Jordan on (V^T | 1) without exchanges of rows, so that no branch depends on V: singular also
// when only a leading minor is zero, which moves the distribution of V by less than 2^-252.
uint64_t Mask::invert_transposed() {
    const size_t width = 2 * side;
    SecretScalars a(side * width);
    SecretScalars t(2);
    uint64_t singular = 0;
    for (size_t i = 0; i < side; ++i) {
        for (size_t j = 0; j < side; ++j) a[i * width + j] = basis[j * side + i];
        a[i * width + side + i] = Fr::from_int64(1);
    }
    for (size_t pivot = 0; pivot < side; ++pivot) {
        singular |= a[pivot * width + pivot].is_zero_mask();
        t[0] = Fr::invert(a[pivot * width + pivot]);
        for (size_t j = 0; j < width; ++j) a[pivot * width + j] = Fr::mul(a[pivot * width + j], t[0]);
        for (size_t i = 0; i < side; ++i) {
            if (i == pivot) continue;
            t[0] = a[i * width + pivot];
            for (size_t j = 0; j < width; ++j) {
                t[1] = Fr::mul(t[0], a[pivot * width + j]);
                a[i * width + j] = Fr::sub(a[i * width + j], t[1]);
            }
        }
    }
    for (size_t i = 0; i < side; ++i)
        for (size_t j = 0; j < side; ++j) dual[i * side + j] = a[i * width + side + j];
    return singular;
}

RowScalars::RowScalars(size_t rows, size_t k, Random& random)
    : gamma(rows),
      on_alpha(rows * (k + 1) * k),
      on_beta(on_alpha.size()),
      on_x(rows * (k + 1)),
      on_y(on_x.size()) {
    for (size_t r = 0; r < rows; ++r) {
        checkpoint();
        const Mask mask(k, random);
        gamma[r] = mask.gamma[0];
        for (size_t l = 0; l <= k; ++l) {
            const size_t at = r * (k + 1) + l, from = l * (k + 1);
            for (size_t t = 0; t < k; ++t) {
                on_alpha[at * k + t] = Fr::mul(mask.gamma[0], mask.dual[from + t]);
                on_beta[at * k + t] = mask.basis[from + t];
            }
            on_x[at] = mask.dual[from + k];
            on_y[at] = mask.basis[from + k];
        }
    }
}

}  // namespace pyfe::qfe
