// ristretto255 (RFC 9496) in batches: wire form in, wire form out. Group elements are 32-byte strings; a
// batch of decoded ones is a PointVector.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "pyfe/base/secret.hpp"
#include "pyfe/field/scalar.hpp"
#include "pyfe/group/ristretto255/blocks.hpp"

namespace pyfe::group::ristretto255 {

using field::PublicScalar;
using field::Scalar;
using SecretScalars = SecretVector<Scalar>;

// Decoded points; the last block is padded with copies of its last point.
struct PointVector {
    std::vector<AffineBlock> blocks;
    size_t size = 0;

    // Strict. Error(decode) naming `what` and the index of the first string that is not a canonical encoding.
    static PointVector decode(std::span<const uint8_t> bytes, const std::string& what);
    static PointVector concat(const PointVector& a, const PointVector& b);
};

// Up to eight rows of `columns` strings, row after row: string c of row j to lane j of out[c], ok[c][j] = 1
// where it is a canonical encoding; spare lanes repeat the last row. The work is that of the strings there
// are.
void decode_rows(const uint8_t* strings, size_t rows, size_t columns, AffineBlock* out, uint8_t (*ok)[8]);

inline void copy_point(const AffineBlock& from, size_t from_lane, AffineBlock& to, size_t to_lane) {
    for (size_t limb = 0; limb < 5; ++limb) {
        to.x[limb][to_lane] = from.x[limb][from_lane];
        to.y[limb][to_lane] = from.y[limb][from_lane];
    }
}

// One byte a string: 1 for a canonical encoding
std::vector<uint8_t> is_valid(std::span<const uint8_t> bytes);

const std::vector<uint8_t>& generator_bytes();
// RFC 9380 hash to group, suite ristretto255_XMD:SHA-512_R255MAP_RO_
std::vector<uint8_t> hash_to_group(std::span<const uint8_t> message, std::span<const uint8_t> dst);
// 64 uniform bytes a point (RFC 9496, 4.3.4)
std::vector<uint8_t> from_uniform_bytes(std::span<const uint8_t> bytes);

std::vector<uint8_t> add(const PointVector& a, const PointVector& b);
std::vector<uint8_t> subtract(const PointVector& a, const PointVector& b);

// out[j] = k_j P_j. Constant-time in k.
void mul_variable(const PointVector& points, std::span<const Scalar> k, uint8_t* out);
// out[j] = a_j P_j + b_j Q_j. Constant-time in a and b.
void mul_double_variable(const PointVector& p, const PointVector& q, std::span<const Scalar> a,
                         std::span<const Scalar> b, uint8_t* out);
// The same points with Z = 1
std::vector<AffineBlock> affine(const std::vector<PointBlock>& points);

}  // namespace pyfe::group::ristretto255
