// Fixed points that are multiplied by secret scalars again and again: constant-time.
#pragma once
#include <atomic>

#include "pyfe/base/guarded.hpp"
#include "pyfe/group/ristretto255/fixed_base.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/table_shape.hpp"

namespace pyfe::group::ristretto255 {

constexpr size_t kMostTableBytes = size_t{64} << 20;

// Tables of multiples of public points, for scalars that all points have in common: a point a lane. Of one
// backend; threads may share them.
class BaseTables {
  public:
    // As dense as `most_bytes` allow: 60 KB a point, or 30, 20, .. down to 1
    explicit BaseTables(const PointVector& points, size_t most_bytes = kMostTableBytes);
    // Whether the sparsest ones keep within the bytes, and they are less work for so many rows than
    // mul_fixed_add_short
    static bool pay(size_t points, size_t rows, size_t most_bytes = kMostTableBytes);
    size_t bytes() const { return table_.size() * sizeof(TableLine); }

    // Row r, point j: out + r row_stride + 32 j = k_r P_j + x_rj G, as mul_fixed_add_short
    void multiply(std::span<const Scalar> k, const ShortMatrix& x, uint8_t* out, size_t row_stride) const;

  private:
    const Kernels* made_by_ = &kernels();
    size_t points_;
    int spacing_;
    std::vector<TableLine> table_;  // a block of eight points after the other
};

// Points, and the tables of them that stay from the first few rows on until these go
class FixedBases {
  public:
    explicit FixedBases(PointVector points) : points_(std::move(points)) {}
    // Row r, point j: out + r row_stride + 32 j = k_r P_j + x_rj G. Constant-time in k and x.
    void multiply(std::span<const Scalar> k, const ShortMatrix& x, uint8_t* out, size_t row_stride);
    const PointVector& points() const { return points_; }
    // Of the tables, 0 before they are made
    size_t table_bytes() const { return table_bytes_; }

  private:
    PointVector points_;
    Cache<const Kernels*, BaseTables> tables_;
    std::atomic<size_t> table_bytes_{0};
};

}  // namespace pyfe::group::ristretto255
