// The objects of ipfe-ddh-ristretto255: parameters, keys, ciphertexts, and their byte forms (little endian;
// points are 32-byte ristretto255 encodings, scalars 32 canonical bytes).
#pragma once
#include <memory>
#include <optional>

#include "pyfe/group/ristretto255/base_tables.hpp"
#include "pyfe/schemes/readout.hpp"
#include "pyfe/schemes/rows.hpp"

namespace pyfe::ipfe_ddh {

namespace group = pyfe::group::ristretto255;  // of this scheme
using group::PublicScalar;
using group::Scalar;
using group::SecretScalars;
using schemes::Box, schemes::Bytes, schemes::Id, schemes::IntMatrix, schemes::Readout;

constexpr size_t kPointSize = 32, kScalarSize = 32;  // bytes of an encoding

// What everybody agrees on: n coordinates, x_lo_i <= x_i <= x_hi_i, |y_i| <= y_bound, and a context (the
// schema's id).
struct Parameters {
    Box x;
    uint64_t y_bound = 0;
    Id context{};

    // Error(parameter) when n = 0, lengths differ, a lower bound exceeds its upper one, or y_bound = 0
    Parameters(std::vector<int64_t> lo, std::vector<int64_t> hi, uint64_t y_bound, const Id& context);
    size_t n() const { return x.size(); }
    Id id() const;  // SHA-256 over the tagged block below
    // u32 n | i64 x_lo[n] | i64 x_hi[n] | u64 y_bound | context[32]
    void write(Writer& out) const;
    static Parameters read(Reader& in);
};

struct MasterPublicKey {
    Parameters parameters;
    Bytes h_bytes;                             // h_1 .. h_n
    std::shared_ptr<group::FixedBases> bases;  // G, H, h_1 .. h_n, and tables of them from the first use on
    Id id{};

    // Validates: canonical encodings, no identity, no h_i twice (else E_i - E_j = (x_i - x_j) G)
    MasterPublicKey(Parameters p, Bytes h);
    static Bytes generator_bytes();  // G | H
    static group::PointVector generators() {
        return group::PointVector::decode(generator_bytes(), "generators");
    }
    Bytes to_bytes() const;  // parameters | h_1 .. h_n
    static MasterPublicKey from_bytes(std::span<const uint8_t> data);
};

struct MasterSecretKey {
    Parameters parameters;
    Id public_key_id{};
    SecretScalars s, t;

    MasterSecretKey(Parameters p, const Id& id, SecretScalars s, SecretScalars t);
    // parameters | public key id | s_1 .. s_n | t_1 .. t_n. The caller wipes the bytes.
    Bytes to_bytes() const;
    static MasterSecretKey from_bytes(std::span<const uint8_t> data);
};

struct FunctionKey {
    Id public_key_id{};
    size_t functions = 0, n = 0;
    std::vector<int64_t> y;           // [functions][n]
    std::vector<Interval> intervals;  // of <x, y_f> over the parameters' box
    std::vector<PublicScalar> s, t;   // s_y, t_y a function
    std::optional<Readout> readout;   // none of the key of a verb

    // public key id | (u32 0 | u8 layout, with a readout) | u32 functions | u32 n | i64 y[functions][n]
    // | i64 interval[functions][2] | readout, if any | (s_y | t_y) x functions
    Bytes to_bytes() const;
    static FunctionKey from_bytes(std::span<const uint8_t> data);
};

// How often a combined row counts: result interval [pos L - neg U, pos U - neg L]
struct RowWeight {
    uint64_t pos = 1, neg = 0;
    bool operator==(const RowWeight&) const = default;
};

// How rows lie: C | D | E_1 .. E_n on the wire, and decoded as blocks C, D, E_1 .. E_n of eight rows in the
// lanes.
struct RowLayout {
    using Tile = std::vector<group::AffineBlock>;
    size_t n;

    size_t row_size() const { return kPointSize * (n + 2); }
    size_t tile_rows() const { return 8; }
    size_t tile_bytes(size_t) const { return (n + 2) * sizeof(group::AffineBlock); }
    // Up to eight rows. Checking them is no work of its own: Error(decode) names the row, and the element.
    Tile decode(std::span<const uint8_t> rows, size_t first) const;
};

class CiphertextBatch {
  public:
    CiphertextBatch(const Id& public_key_id, size_t n, SharedBytes rows);

    const Id& public_key_id() const { return public_key_id_; }
    size_t size() const { return rows_.size(); }
    size_t n() const { return rows_.layout().n; }
    size_t row_size() const { return rows_.layout().row_size(); }
    bool combined() const { return !weights_.empty(); }
    RowWeight weight(size_t row) const { return combined() ? weights_[row] : RowWeight{}; }
    // The points of up to eight rows from row 8 * block, as blocks C, D, E_1 .. E_n: where they are kept, or
    // in `scratch`
    const group::AffineBlock* block(size_t block, RowLayout::Tile& scratch) const;

    // The bytes of some rows: where they lie, or gathered in `scratch`
    std::span<const uint8_t> row_bytes(size_t first, size_t count, Bytes& scratch) const {
        return rows_.bytes(first, count, scratch);
    }

    // Neither copies a row.
    CiphertextBatch slice(size_t start, size_t stop) const;
    static CiphertextBatch concat(const std::vector<const CiphertextBatch*>& parts);
    // One row: sum_j w_j row_j. Public weights; vartime in them.
    CiphertextBatch weighted_sum_vartime(std::span<const int64_t> w) const;
    // Row by row: sum_p w_p part_p
    static CiphertextBatch combine_vartime(const std::vector<const CiphertextBatch*>& parts,
                                           std::span<const int64_t> w);

    // public key id | u64 count | u32 n | u8 combined | (u64 pos, u64 neg) x count if combined | rows
    Bytes to_bytes() const { return joined(pieces()); }
    std::vector<SharedBytes> pieces() const;  // of the same, the rows where they lie
    // Checks every point. The batch keeps `data`.
    static CiphertextBatch from_bytes(const SharedBytes& data);
    static CiphertextBatch from_bytes(std::span<const uint8_t> data) {
        return from_bytes(SharedBytes::copy(data));
    }

  private:
    CiphertextBatch(const Id& public_key_id, schemes::Rows<RowLayout> rows);
    void read_all() const;

    Id public_key_id_;
    schemes::Rows<RowLayout> rows_;
    std::vector<RowWeight> weights_;  // empty unless combined
};

}  // namespace pyfe::ipfe_ddh
