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
#include "pyfe/group/blocks.hpp"

namespace pyfe::group {

using field::PublicScalar;
using field::Scalar;
using SecretScalars = SecretVector<Scalar>;

// Decoded points; the last block is padded with copies of its last point.
struct PointVector {
    std::vector<AffineBlock> blocks;
    size_t size = 0;

    // Strict. Error(decode) naming `what` and the index of the first string that is not a canonical encoding.
    static PointVector decode(std::span<const uint8_t> bytes, const std::string& what);
};

// One byte a string: 1 for a canonical encoding
std::vector<uint8_t> is_valid(std::span<const uint8_t> bytes);

const std::vector<uint8_t>& generator_bytes();
// RFC 9380 hash to group, suite ristretto255_XMD:SHA-512_R255MAP_RO_
std::vector<uint8_t> hash_to_group(std::span<const uint8_t> message, std::span<const uint8_t> dst);
// 64 uniform bytes a point (RFC 9496, 4.3.4)
std::vector<uint8_t> from_uniform_bytes(std::span<const uint8_t> bytes);

std::vector<uint8_t> add(const PointVector& a, const PointVector& b);
std::vector<uint8_t> subtract(const PointVector& a, const PointVector& b);

// -- secret scalars: constant-time
// ------------------------------------------------------------------------------------

// out[j] = k_j P_j
void mul_variable(const PointVector& points, std::span<const Scalar> k, uint8_t* out);

// An int64 matrix [rows][columns] whose entries are secret and bounded by |x| <= bound
struct ShortMatrix {
    const int64_t* x;
    size_t columns;
    uint64_t bound;
};

// Row r, base j: out + r * row_stride + 32 j = k_r P_j [+ x_rj G]
void mul_fixed(const PointVector& bases, std::span<const Scalar> k, uint8_t* out, size_t row_stride);
void mul_fixed_add_short(const PointVector& bases, std::span<const Scalar> k, const ShortMatrix& x,
                         uint8_t* out, size_t row_stride);
// out[j] = a_j G
void mul_base(std::span<const Scalar> a, uint8_t* out);
// out[j] = a_j P + b_j Q; `bases` holds P and Q
void mul_double_fixed(const PointVector& bases, std::span<const Scalar> a, std::span<const Scalar> b,
                      uint8_t* out);

// -- public scalars
// ---------------------------------------------------------------------------------------------------

// sum_j k_j P_j, 32 bytes: Straus for short vectors, Pippenger for long ones
std::vector<uint8_t> msm_vartime(const PointVector& points, std::span<const PublicScalar> k);

// Function rows over a cohort. y: [k][n], s and t: the key's two scalars for each row.
class CohortPlan {
  public:
    CohortPlan(const int64_t* y, size_t k, size_t n, std::span<const PublicScalar> s,
               std::span<const PublicScalar> t);
    size_t functions() const { return bits_.size(); }

    // Lane j of out[f]: patient j's sum_i y_fi E_i - s_f C - t_f D. points: the n + 2 blocks C, D, E_1 ..
    // E_n.
    void run(const AffineBlock* points, PointBlock* out) const;

  private:
    size_t n_;
    std::vector<int> bits_;
    std::vector<std::vector<int8_t>> naf_, wnaf_s_, wnaf_t_;
    size_t planes_ = 0;
};

}  // namespace pyfe::group
