// Multi-scalar multiplication of ristretto255: public scalars only.
#pragma once
#include "pyfe/group/ristretto255/points.hpp"

namespace pyfe::group::ristretto255 {

// sum_j k_j P_j, 32 bytes: Straus for short vectors, Pippenger for long ones
std::vector<uint8_t> msm_vartime(const PointVector& points, std::span<const PublicScalar> k);

// Function rows over a cohort. y: [k][n], s and t: the key's two scalars for each row.
class CohortPlan {
  public:
    CohortPlan(const int64_t* y, size_t k, size_t n, std::span<const PublicScalar> s,
               std::span<const PublicScalar> t);

    // Lane j of out[f]: patient j's sum_i y_fi E_i - s_f C - t_f D. points: the n + 2 blocks C, D, E_1 ..
    // E_n.
    void run(const AffineBlock* points, PointBlock* out) const;

  private:
    size_t n_;
    std::vector<int> bits_;
    std::vector<std::vector<int8_t>> naf_, wnaf_s_, wnaf_t_;
    size_t planes_ = 0;
};

}  // namespace pyfe::group::ristretto255
