// Multiplication of one fixed point of G1 or G2 of BLS12-381 by secret scalars.
#pragma once
#include "pyfe/group/bls12_381/points.hpp"

namespace pyfe::group::bls12_381 {

// A table of multiples of a public base. Belongs to the backend that made it; threads may share it.
template <int Parts>
class FixedBase {
  public:
    // `base`: one point
    explicit FixedBase(const Points<Parts>& base);
    // That of the generator, made when it is first wanted
    static const FixedBase& generator();

    // k_j base. Constant-time in k.
    Points<Parts> multiply(std::span<const Fr> k) const;
    // The same as blocks, padded, for what stays secret
    void multiply(std::span<const Fr> k, PointBlock<Parts>* out) const;

  private:
    const Kernels* made_by_ = &kernels();
    bool infinite_;
    int windows_;
    std::vector<uint64_t> table_;
};

using G1FixedBase = FixedBase<1>;
using G2FixedBase = FixedBase<2>;

}  // namespace pyfe::group::bls12_381
