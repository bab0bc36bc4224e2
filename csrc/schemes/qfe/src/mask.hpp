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

// What encryption multiplies the points of a public key and the plaintext by, for every row r and l = 0 .. k:
//   c_il = sum_t (gamma V^-T)_lt alpha_it + (V^-T)_lk x_i,   d_jl = sum_t V_lt beta_jt + V_lk y_j,   t < k
struct RowScalars {
    SecretScalars gamma;              // of row r
    SecretScalars on_alpha, on_beta;  // (gamma V^-T)_lt and V_lt at (r (k + 1) + l) k + t
    SecretScalars on_x, on_y;         // (V^-T)_lk and V_lk at r (k + 1) + l

    RowScalars(size_t rows, size_t k, Random& random);
};

}  // namespace pyfe::qfe
