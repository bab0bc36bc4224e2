// The rows of one ciphertext before they are encrypted, for vectors so wide that 8 bytes a number are too
// many.
#pragma once
#include <vector>

#include "pyfe/base/secret.hpp"
#include "pyfe/ipfe_rlwe/parameters.hpp"

namespace pyfe::ipfe_rlwe {

// x_i - lo_i in as many bytes as the widest column needs: 1 for entries 0, 1, 2. Wiped when dropped.
class PlainRows {
  public:
    explicit PlainRows(const Parameters& p);

    // Error(parameter) for more than N rows or another number of columns; Error(out_of_range) naming a value
    // outside the box
    void append(const IntMatrix& x);

    size_t rows() const { return rows_; }
    size_t columns() const { return box_.size(); }
    size_t width() const { return width_; }
    const Box& box() const { return box_; }
    // x[row][first + c] to out[c * stride + row], for all rows and c < count
    void gather(size_t first, size_t count, int64_t* out, size_t stride) const;

  private:
    struct Piece {
        size_t rows;
        SecretVector<uint8_t> bytes;  // [rows][columns][width], the lowest byte first
    };
    Box box_;
    size_t width_ = 1, rows_ = 0;
    std::vector<Piece> pieces_;
};

}  // namespace pyfe::ipfe_rlwe
