// What hides a row of a quadratic ciphertext, and the scalars that follow from it.
#pragma once
#include "pyfe/qfe/objects.hpp"
#include "pyfe/random/random.hpp"

namespace pyfe::qfe {

// Uniform in Z_r but zero: 64 bytes modulo r, off uniform by less than 2^-256
Fr draw_nonzero(Random& random);

// What hides one row: gamma, a basis V of Z_r^(k+1), and V^-T. Drawn for the row, wiped after it, kept
// nowhere.
struct Mask {
    size_t side;
    SecretScalars gamma, basis, dual;  // V and V^-T, row by row

    Mask(size_t k, Random& random);

  private:
    uint64_t invert_transposed();
};

// The scalars of all rows: gamma; of c, gamma V^-T less its last column, and that; of d, V likewise
struct Schedule {
    SecretScalars gamma, on_alpha, on_x, on_beta, on_y;

    Schedule(size_t rows, size_t k, Random& random);
};

}  // namespace pyfe::qfe
