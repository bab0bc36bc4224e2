// Multiplication of many fixed points of G1 or G2 of BLS12-381 by secret scalars that they have in common.
#pragma once
#include "pyfe/group/bls12_381/points.hpp"

namespace pyfe::group::bls12_381 {

// Tables of multiples of public points, 16 KB a point. The points come in groups of `terms`: term t of group
// i is point i terms + t. Belongs to the backend that made it; threads may share it.
template <int Parts>
class BaseTables {
  public:
    // Error(parameter) when the points are no whole groups, or one is the identity
    BaseTables(const Points<Parts>& p, size_t terms);
    size_t groups() const { return groups_; }

    // Secret numbers, |x| <= bound: row q has one for each group and serves rows_each rows of the sums
    struct Short {
        std::span<const int64_t> x;
        uint64_t bound;
        size_t rows_each;
    };
    // Point r groups + i:  sum_t k_rt P_it + x_i a_r G,  G the generator. Constant-time in k, a and x.
    Points<Parts> multiply(std::span<const Fr> k, std::span<const Fr> a, const Short& x) const;

  private:
    const Kernels* made_by_ = &kernels();
    size_t groups_, terms_;
    std::vector<AffineBlock<Parts>> table_;  // [block of groups][term][tooth][entry]
};

using G1BaseTables = BaseTables<1>;
using G2BaseTables = BaseTables<2>;

}  // namespace pyfe::group::bls12_381
