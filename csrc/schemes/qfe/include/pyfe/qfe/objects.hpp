// Keys and ciphertexts of qfe-ggm-bls12381 and qfe-sxdh-bls12381, and their byte forms (little endian; points
// compressed, 48 bytes in G1 and 96 in G2; scalars 32 canonical bytes).
#pragma once
#include <memory>
#include <optional>

#include "pyfe/base/secret.hpp"
#include "pyfe/pairing/pairing.hpp"
#include "pyfe/qfe/forms.hpp"
#include "pyfe/schemes/rows.hpp"

namespace pyfe::qfe {

using field::bls12_381::Fr;
using group::bls12_381::G1Points, group::bls12_381::G2Points;
using SecretScalars = SecretVector<Fr>;

// What is made from a key when it is first wanted, kept with it and shared by its copies. Belongs to a
// backend.
class EncryptionTables;
class DecryptionLines;

struct MasterPublicKey {
    Parameters parameters;
    Id nonce;
    G1Points alpha;  // alpha_il at i k + l, hashed from the nonce: nobody knows their logarithms
    G2Points beta;   // beta_jl at j k + l
    Id id{};

    // Error(decode) when some beta is the identity
    MasterPublicKey(Parameters p, const Id& nonce, G2Points beta);
    // With other points than the hashed ones, for vectors of other programs
    MasterPublicKey(Parameters p, const Id& nonce, G1Points alpha, G2Points beta);
    static G1Points hashed_alpha(const Parameters& p, const Id& nonce);
    // parameters | nonce[32] | beta
    Bytes to_bytes() const;
    static MasterPublicKey from_bytes(std::span<const uint8_t> data);

    std::shared_ptr<EncryptionTables> tables;
};

struct MasterSecretKey {
    Parameters parameters;
    Id public_key_id{};
    Id nonce{};
    G1Points alpha;
    SecretScalars beta;             // beta_jl at j k + l
    SecretVector<uint8_t> prf_key;  // of u; drawn beside beta, not from it

    // parameters | public key id | nonce[32] | beta | prf_key[32]. The caller wipes the bytes.
    Bytes to_bytes() const;
    static MasterSecretKey from_bytes(std::span<const uint8_t> data);
};

struct FunctionKey {
    Id public_key_id{};
    uint32_t k = 1;
    Forms forms;
    std::vector<Interval> intervals;  // of each form over the parameters' boxes
    G1Points K;                       // [T_f - u_f]_1
    G2Points K2;                      // [u_f]_2, K' in the paper's spelling
    std::optional<Readout> readout;   // none of the key of a verb

    FunctionKey(const Id& id, uint32_t k, Forms forms, std::vector<Interval> intervals, G1Points K,
                G2Points K2);
    // public key id | (u8 0 | u8 layout, with a readout) | u8 k | u32 n | u32 m | u32 C | forms
    // | i64 interval[C][2] | readout, if any | (K | K') x C
    Bytes to_bytes() const;
    static FunctionKey from_bytes(std::span<const uint8_t> data);

    std::shared_ptr<DecryptionLines> lines;
};

// The points of some rows, kind by kind
struct RowPoints {
    G1Points gamma1;  // [gamma]_1 and [gamma]_2, one a row
    G2Points gamma2;
    G1Points c;  // c_il of row r at (r (k + 1) + l) n + i
    G2Points d;

    size_t size() const { return gamma1.size; }
    RowPoints slice(size_t first, size_t count) const;
    static RowPoints concat(const std::vector<RowPoints>& parts);
};

// How rows lie on the wire: [gamma]_1 | [gamma]_2 | c_il, l before i | d_jl, likewise
struct RowLayout {
    using Tile = RowPoints;
    uint32_t k;
    size_t n, m;
    bool operator==(const RowLayout&) const = default;

    size_t cs() const { return (k + 1) * n; }  // of a row
    size_t ds() const { return (k + 1) * m; }
    size_t row_size() const { return G1Points::bytes * (1 + cs()) + G2Points::bytes * (1 + ds()); }
    // As many rows as have about so many points, one at least
    size_t rows_of_points(size_t points) const { return std::max<size_t>(1, points / (2 + cs() + ds())); }
    size_t tile_rows() const { return rows_of_points(1 << 10); }
    size_t tile_bytes(size_t rows) const;
    void encode(const RowPoints& points, uint8_t* out) const;
    // Of rows that were checked, or are our own
    RowPoints decode(std::span<const uint8_t> rows, size_t first) const;
    // Checks every point, its subgroup, and that [gamma]_1 and [gamma]_2 hold one gamma, not zero.
    // Error(decode) names the row, counted from `first`.
    RowPoints read(std::span<const uint8_t> rows, size_t first) const;
};

class CiphertextBatch {
  public:
    Id public_key_id{};

    size_t size() const { return rows_.size(); }
    const RowLayout& layout() const { return rows_.layout(); }
    // Decodes what there is room for, and not decoded yet
    void prepare(size_t first, size_t count) const;
    // The points of some rows: those that are kept, the others decoded for this use
    RowPoints points(size_t first, size_t count) const;

    // Neither copies a row.
    CiphertextBatch slice(size_t start, size_t stop) const;
    static CiphertextBatch concat(const std::vector<const CiphertextBatch*>& parts);

    // public key id | u64 rows | u8 k | u32 n | u32 m | rows
    Bytes to_bytes() const { return joined(pieces()); }
    std::vector<SharedBytes> pieces() const;  // of the same, the rows where they lie
    // Checks every row (RowLayout::read). The batch keeps `data`.
    static CiphertextBatch from_bytes(const SharedBytes& data);
    static CiphertextBatch from_bytes(std::span<const uint8_t> data) {
        return from_bytes(SharedBytes::copy(data));
    }
    // make(first, count) gives the points of some of the `rows` rows. They are written out, and kept as far
    // as there is room.
    template <class Make>
    static CiphertextBatch made(const Id& public_key_id, const RowLayout& layout, size_t rows, Make make);

  private:
    CiphertextBatch(const Id& id, schemes::Rows<RowLayout> rows)
        : public_key_id(id), rows_(std::move(rows)) {}
    // That are read or made together: tests of many points in one are cheaper
    static size_t rows_at_once(const RowLayout& layout) {
        return std::max<size_t>(1, layout.rows_of_points(1 << 16) / layout.tile_rows()) * layout.tile_rows();
    }
    void keep(size_t first, const RowPoints& points) const;

    schemes::Rows<RowLayout> rows_;
};

template <class Make>
CiphertextBatch CiphertextBatch::made(const Id& id, const RowLayout& layout, size_t rows, Make make) {
    auto [bytes, out] = SharedBytes::to_write(rows * layout.row_size());
    const CiphertextBatch ct(id, schemes::Rows<RowLayout>(layout, std::move(bytes)));
    for (size_t first = 0; first < rows; first += rows_at_once(layout)) {
        checkpoint();
        const RowPoints points = make(first, std::min(rows_at_once(layout), rows - first));
        layout.encode(points, out + first * layout.row_size());
        ct.keep(first, points);
    }
    return ct;
}

}  // namespace pyfe::qfe
