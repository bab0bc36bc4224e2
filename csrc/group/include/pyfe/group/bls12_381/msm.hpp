// Multi-scalar multiplication of G1 and G2 of BLS12-381: public scalars only.
#pragma once
#include "pyfe/group/bls12_381/points.hpp"

namespace pyfe::group::bls12_381 {

// sum_j k_ij P_j for each of the `rows` rows of k (row-major, rows p.size scalars)
template <int Parts>
Points<Parts> msm_vartime(const Points<Parts>& p, std::span<const int64_t> k, size_t rows = 1);
template <int Parts>
Points<Parts> msm_vartime(const Points<Parts>& p, std::span<const PublicFr> k, size_t rows = 1);

// sum_j k_j P_jc for each c below `cohort`; P_jc is point j cohort + c
template <int Parts>
Points<Parts> msm_cohort_vartime(const Points<Parts>& p, std::span<const int64_t> k, size_t cohort);
template <int Parts>
Points<Parts> msm_cohort_vartime(const Points<Parts>& p, std::span<const PublicFr> k, size_t cohort);

}  // namespace pyfe::group::bls12_381
