// The memory layout that every backend shares: eight points of G1 or G2 of BLS12-381 side by side. Plain
// data. What the words mean is the backend's own affair: a block made by one must not be read by another.
#pragma once
#include <cstdint>

namespace pyfe::group::bls12_381 {

// A coordinate has eight rows for each of its Parts in Fp: one in G1, two in G2.
template <int Parts>
using Coordinate = uint64_t[8 * Parts][8];

// Projective (X : Y : Z), x = X/Z, y = Y/Z; the identity is (0 : 1 : 0)
template <int Parts>
struct alignas(64) PointBlock {
    Coordinate<Parts> x, y, z;
};

// infinite: all ones in the lanes that hold the identity, zero in the others
template <int Parts>
struct alignas(64) AffineBlock {
    Coordinate<Parts> x, y;
    uint64_t infinite[8];
};

// Eight integers below 2^512 in rows of 64-bit words: the low 384 bits, then the others and rows of zeros
using WideInteger = uint64_t[2][6][8];

// What eight messages are hashed to first: two field elements each, not reduced. The same for every backend.
template <int Parts>
struct alignas(64) UniformBlock {
    WideInteger u[2][Parts];
};

}  // namespace pyfe::group::bls12_381
