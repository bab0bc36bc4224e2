// The memory layouts of the pairing, plain data. As in the groups, a block made by one backend must not be
// read by another.
#pragma once
#include <cstddef>
#include <cstdint>

#include "pyfe/field/constants381.hpp"
#include "pyfe/group/bls12_381/blocks.hpp"

namespace pyfe::pairing {

using G1Flat = group::bls12_381::AffineBlock<1>;
using G2Flat = group::bls12_381::AffineBlock<2>;
using G2Block = group::bls12_381::PointBlock<2>;
using group::bls12_381::Coordinate;

// Eight elements of Fp12, coefficients of 1, v, v^2, w, v w, v^2 w
struct alignas(64) GtBlock {
    uint64_t c[96][8];
};

// The line b0 + b1 x_P / y_P v + 1 / y_P ... of one step, divided by what stands before y_P v w: at the point
// (x, y) it is constant / y - slope x / y v + v w.
struct PreparedLine {
    field::bls12_381::Fp2Constant constant, minus_slope;
};

constexpr int kDoublings = 63, kAdditions = 5, kLines = kDoublings + kAdditions;

// All lines of one point of G2, in the order of the Miller loop
struct PreparedPoint {
    PreparedLine line[kLines];
    bool infinite;
};

// Pairs (P_j, Q_j), j < pairs, of one block of eight lanes
struct Pairs {
    const G1Flat* p;  // of pair j: p[j * stride]
    const G2Flat* q;  // likewise
    size_t pairs, stride;
};

// The same with Q_j known to all lanes
struct PreparedPairs {
    const G1Flat* p;
    const PreparedPoint* const* q;
    size_t pairs, stride;
};

// (x / y, 1 / y) of a point of G1
struct alignas(64) Scaled {
    Coordinate<1> x_over_y, one_over_y;
};

// A step of a product of powers: square `squarings` times, then multiply by an entry or by its inverse
struct PowerStep {
    uint32_t squarings;
    uint32_t entry;  // kNoEntry: only square
    bool inverse;
};
constexpr uint32_t kNoEntry = UINT32_MAX;

constexpr int kColumns = 65;  // of a recoded exponent, one byte each; one more byte says whether it was even

}  // namespace pyfe::pairing
