// Multiplication of fixed points of ristretto255 by secret scalars: constant-time.
#pragma once
#include "pyfe/group/ristretto255/points.hpp"

namespace pyfe::group::ristretto255 {

// An int64 matrix [rows][columns] whose entries are secret and bounded by |x| <= bound. Its columns belong to
// the last of the bases it goes with.
struct ShortMatrix {
    const int64_t* x;
    size_t columns;
    uint64_t bound;
};

// Row r, base j: out + r * row_stride + 32 j = k_r P_j [+ x_rj G]. A row a lane; tables of the bases are made
// for the call.
void mul_fixed(const PointVector& bases, std::span<const Scalar> k, uint8_t* out, size_t row_stride);
void mul_fixed_add_short(const PointVector& bases, std::span<const Scalar> k, const ShortMatrix& x,
                         uint8_t* out, size_t row_stride);
// out[j] = a_j G
void mul_base(std::span<const Scalar> a, uint8_t* out);
// out[j] = a_j P + b_j Q; `bases` holds P and Q
void mul_double_fixed(const PointVector& bases, std::span<const Scalar> a, std::span<const Scalar> b,
                      uint8_t* out);

}  // namespace pyfe::group::ristretto255
