#include "transcript.hpp"

#include <algorithm>

#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"

namespace pyfe::ipfe_ddh {
namespace {

constexpr std::string_view kStatement = "PYFE-V1-ipfe-ddh-ristretto255-score-proof-statement";
constexpr std::string_view kLeaf = "PYFE-V1-ipfe-ddh-ristretto255-score-proof-rows";
constexpr std::string_view kWeights = "PYFE-V1-ipfe-ddh-ristretto255-score-proof-weights";
constexpr std::string_view kChallenge = "PYFE-V1-ipfe-ddh-ristretto255-score-proof-challenge";

// u32 functions | u32 n | i64 y[functions][n]
Bytes functions_item(const IntMatrix& y) {
    Writer w;
    w.u32(static_cast<uint32_t>(y.rows)).u32(static_cast<uint32_t>(y.columns));
    for (size_t j = 0; j < y.rows * y.columns; ++j) w.i64(y.data[j]);
    return w.take();
}

// i64 lo | i64 hi, a function after the other
Bytes intervals_item(const std::vector<Interval>& intervals) {
    Writer w;
    for (const Interval& i : intervals) w.i64(i.lo).i64(i.hi);
    return w.take();
}

// u8 combined | (u64 pos | u64 neg) x rows, if combined
Bytes weights_item(const CiphertextBatch& ct) {
    Writer w;
    w.u8(ct.combined());
    for (size_t row = 0; ct.combined() && row < ct.size(); ++row)
        w.u64(ct.weight(row).pos).u64(ct.weight(row).neg);
    return w.take();
}

// u64 rows | SHA-512 of item(tag) item(u64 leaf) item(bytes of its rows), for each kHashedRows rows
Bytes rows_item(const CiphertextBatch& ct) {
    const size_t leaves = (ct.size() + kHashedRows - 1) / kHashedRows;
    std::vector<Digest> hashed(leaves);
    parallel_for(leaves, [&](size_t leaf) {
        const size_t first = leaf * kHashedRows, count = std::min(kHashedRows, ct.size() - first);
        Bytes gathered;
        hashed[leaf] =
            Items(kLeaf).add(Writer(8).u64(leaf).take()).add(ct.row_bytes(first, count, gathered)).digest();
    });
    Writer w(8 + leaves * sizeof(Digest));
    w.u64(ct.size());
    for (const Digest& digest : hashed) w.bytes(digest);
    return w.take();
}

// i64 z[rows][functions]
Bytes scores_item(const Statement& s) {
    const size_t count = s.ct.size() * s.y.rows;
    Writer w(8 * count);
    for (size_t j = 0; j < count; ++j) {
        if (j % 4096 == 0) checkpoint();
        w.i64(s.z[j]);
    }
    return w.take();
}

}  // namespace

Items& Items::add(std::span<const uint8_t> item) {
    hash_.update(Writer(8).u64(item.size()).take()).update(item);
    return *this;
}

Digest Statement::digest() const {
    const Bytes generators = MasterPublicKey::generator_bytes();  // G | H
    return Items(kStatement)
        .add(generators)
        .add(public_key_id)
        .add(about)
        .add(functions_item(y))
        .add(intervals_item(intervals))
        .add(weights_item(ct))
        .add(rows_item(ct))
        .add(scores_item(*this))
        .digest();
}

std::vector<PublicScalar> weights(const Digest& statement, Role role, size_t count) {
    constexpr size_t each = 4;  // from one digest
    std::vector<PublicScalar> out(count);
    parallel_for((count + kHashedRows - 1) / kHashedRows, [&](size_t part) {
        const size_t first = part * kHashedRows, last = std::min(count, first + kHashedRows);
        for (size_t j = first; j < last; j += each) {
            const Digest block = Items(kWeights)
                                     .add(statement)
                                     .add(Writer(1).u8(static_cast<uint8_t>(role)).take())
                                     .add(Writer(8).u64(j / each).take())
                                     .digest();
            Reader in(block, "weights");
            for (size_t i = j; i < std::min(last, j + each); ++i) {
                out[i].value.w[0] = in.u64("low");  // little endian, below 2^128 and so below l
                out[i].value.w[1] = in.u64("high");
            }
        }
    });
    return out;
}

Scalar challenge(const Digest& statement, const Commitments& points) {
    const Digest wide = Items(kChallenge)
                            .add(statement)
                            .add(points.K)
                            .add(points.L)
                            .add(points.C)
                            .add(points.D)
                            .add(points.T1)
                            .add(points.T2)
                            .digest();
    return Scalar::from_wide_bytes(wide.data());
}

}  // namespace pyfe::ipfe_ddh
