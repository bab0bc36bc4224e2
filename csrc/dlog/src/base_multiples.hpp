// Multiples of B = 4G, the base of every search: multiplying by four clears what 4-torsion an input carries.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyfe/group/kernels.hpp"

namespace pyfe::dlog {

// What std::vector and new need to know to align it
struct alignas(64) Slab {
    group::Element e;
};

// Montgomery coordinates of `count` points. infinite: count bytes.
void to_montgomery(const group::Kernels& k, const group::PointBlock* in, size_t count,
                   group::MontgomeryPoint* out, uint8_t* infinite);

class BaseMultiples {
  public:
    // The tables of one backend, made once
    static const BaseMultiples& of(const group::Kernels& k);
    explicit BaseMultiples(const group::Kernels& k);

    // out = d_j B in lanes, |d_j| <= bound; spare lanes repeat the last one
    void multiply(const int64_t* d, size_t count, uint64_t bound, group::PointBlock* out) const;
    // d B in every lane
    group::PointBlock everywhere(int64_t d) const;
    // The points unit B, 2 unit B, .. count unit B
    std::vector<group::MontgomeryPoint> progression(int64_t unit, size_t count) const;

  private:
    const group::Kernels& k_;
    std::vector<uint64_t> table_;   // of B/2
    group::PointBlock minus_half_;  // -B/2 in every lane
};

// Eight points a block, u in x and v in y; count a multiple of eight
std::vector<group::AffineBlock> pack(const std::vector<group::MontgomeryPoint>& points);

}  // namespace pyfe::dlog
