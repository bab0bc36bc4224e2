#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/group/ristretto255/kernels.hpp"
#include "pyfe/group/ristretto255/msm.hpp"
#include "pyfe/ipfe_ddh/objects.hpp"

namespace pyfe::ipfe_ddh {
namespace {

using group::AffineBlock;
using group::PointBlock;

constexpr size_t kSumRows = 2048;  // bounds the memory of a weighted sum

uint64_t add_product(uint64_t sum, uint64_t a, uint64_t b) {
    const unsigned __int128 r = static_cast<unsigned __int128>(a) * b + sum;
    if (r >> 64 != 0) fail(ErrorKind::out_of_range, "weighted sum: the total weight exceeds 2^64 - 1");
    return static_cast<uint64_t>(r);
}

void add_weight(RowWeight& sum, int64_t w, const RowWeight& row) {
    const uint64_t m = w < 0 ? 0 - static_cast<uint64_t>(w) : static_cast<uint64_t>(w);
    sum.pos = add_product(sum.pos, m, w < 0 ? row.neg : row.pos);
    sum.neg = add_product(sum.neg, m, w < 0 ? row.pos : row.neg);
}

// step(at, size) for pieces of a gigabyte that would take seconds to touch at once
template <class Step>
void in_pieces(size_t bytes, Step step) {
    constexpr size_t piece = size_t{1} << 24;
    for (size_t at = 0; at < bytes; at += piece) {
        checkpoint();
        step(at, std::min(piece, bytes - at));
    }
}

// sum_j w_j row_j for rows `stride` bytes apart, eight columns at once
void sum_rows(const uint8_t* rows, size_t stride, size_t columns, std::span<const int64_t> w, uint8_t* out) {
    const group::Kernels& k = group::kernels();
    const std::vector<PublicScalar> zero(1);
    const group::PointVector g = group::PointVector::decode(group::generator_bytes(), "generator");
    parallel_for((columns + 7) / 8, [&](size_t c) {
        const size_t lanes = std::min<size_t>(8, columns - 8 * c);
        PointBlock sum{};
        for (int j = 0; j < 8; ++j) sum.y[0][j] = sum.z[0][j] = 1;
        for (size_t r0 = 0; r0 < w.size(); r0 += kSumRows) {
            checkpoint();
            const size_t count = std::min(kSumRows, w.size() - r0);
            std::vector<AffineBlock> points(count + 2, g.blocks[0]);  // the places of C and D: times zero
            std::vector<uint8_t> ok(8 * count);
            k.decode(rows + r0 * stride + 256 * c, 32, stride, lanes, count, &points[2],
                     reinterpret_cast<uint8_t(*)[8]>(ok.data()));
            for (size_t i = 0; i < ok.size(); ++i)
                if (ok[i] == 0 && i % 8 < lanes)
                    fail(ErrorKind::decode,
                         "ciphertext: row " + std::to_string(r0 + i / 8) + ": invalid point");
            PointBlock part;
            group::CohortPlan(w.data() + r0, 1, count, zero, zero).run(points.data(), &part);
            k.add(&sum, &part, 1, &sum);
        }
        k.encode(&sum, lanes, out + 256 * c, 32);
    });
}

}  // namespace

CiphertextBatch::CiphertextBatch(const Id& id, size_t count, size_t n)
    : public_key_id_(id), count_(count), n_(n), rows_(count * row_size()) {}

void CiphertextBatch::decode_block(size_t block, AffineBlock* out) const {
    const size_t first = 8 * block, lanes = std::min<size_t>(8, count_ - first), columns = n_ + 2;
    std::vector<uint8_t> ok(8 * columns);
    group::decode_rows(rows() + first * row_size(), lanes, columns, out,
                       reinterpret_cast<uint8_t(*)[8]>(ok.data()));
    for (size_t j = 0; j < lanes; ++j)
        for (size_t c = 0; c < columns; ++c)
            if (ok[8 * c + j] == 0)
                fail(ErrorKind::decode, "ciphertext batch: row " + std::to_string(first + j) + ", element " +
                                            (c == 0   ? "C"
                                             : c == 1 ? "D"
                                                      : "E_" + std::to_string(c - 2)) +
                                            " is not a canonical ristretto255 encoding (RFC 9496, 4.3.1)");
}

void CiphertextBatch::block(size_t block, std::vector<AffineBlock>& scratch,
                            const AffineBlock** points) const {
    if (points_) {
        *points = points_->data() + block * (n_ + 2);
        return;
    }
    scratch.resize(n_ + 2);
    decode_block(block, scratch.data());
    *points = scratch.data();
}

CiphertextBatch CiphertextBatch::slice(size_t start, size_t stop) const {
    if (start > stop || stop > count_)
        fail(ErrorKind::parameter, "slice " + std::to_string(start) + ":" + std::to_string(stop) + " of " +
                                       std::to_string(count_) + " rows");
    CiphertextBatch r(public_key_id_, stop - start, n_);
    std::copy(rows() + start * row_size(), rows() + stop * row_size(), r.rows());
    if (combined())
        r.weights_.assign(weights_.begin() + static_cast<ptrdiff_t>(start),
                          weights_.begin() + static_cast<ptrdiff_t>(stop));
    if (points_ && start % 8 == 0) {  // blocks of eight rows stay blocks only from a multiple of eight
        const auto from = points_->begin() + static_cast<ptrdiff_t>(start / 8 * (n_ + 2));
        r.points_ = std::make_shared<std::vector<AffineBlock>>(
            from, from + static_cast<ptrdiff_t>((r.count_ + 7) / 8 * (n_ + 2)));
    }
    return r;
}

CiphertextBatch CiphertextBatch::concat(const std::vector<const CiphertextBatch*>& parts) {
    if (parts.empty()) fail(ErrorKind::parameter, "concat: no batches");
    const CiphertextBatch& first = *parts[0];
    size_t count = 0;
    bool combined = false;
    for (const CiphertextBatch* p : parts) {
        if (p->public_key_id_ != first.public_key_id_ || p->n_ != first.n_)
            fail(ErrorKind::key_mismatch, "concat: the batches are under different public keys");
        count += p->count_;
        combined = combined || p->combined();
    }
    CiphertextBatch r(first.public_key_id_, count, first.n_);
    uint8_t* to = r.rows();
    for (const CiphertextBatch* p : parts) {
        to = std::copy(p->rows_.begin(), p->rows_.end(), to);
        for (size_t row = 0; combined && row < p->count_; ++row) r.weights_.push_back(p->weight(row));
    }
    return r;
}

CiphertextBatch CiphertextBatch::weighted_sum_vartime(std::span<const int64_t> w) const {
    if (w.size() != count_ || count_ == 0)
        fail(ErrorKind::parameter, "weighted sum: " + std::to_string(w.size()) + " weights for " +
                                       std::to_string(count_) + " rows");
    RowWeight weight{0, 0};
    for (size_t j = 0; j < count_; ++j) add_weight(weight, w[j], this->weight(j));
    CiphertextBatch r(public_key_id_, 1, n_);
    r.weights_ = {weight};
    sum_rows(rows(), row_size(), n_ + 2, w, r.rows());
    return r;
}

CiphertextBatch CiphertextBatch::combine_vartime(const std::vector<const CiphertextBatch*>& parts,
                                                 std::span<const int64_t> w) {
    const CiphertextBatch& first = *parts[0];
    for (const CiphertextBatch* p : parts)
        if (p->public_key_id_ != first.public_key_id_ || p->n_ != first.n_)
            fail(ErrorKind::key_mismatch, "sum: the batches are under different public keys");
        else if (p->count_ != first.count_)
            fail(ErrorKind::parameter, "sum: batches of " + std::to_string(first.count_) + " and " +
                                           std::to_string(p->count_) + " rows");
    CiphertextBatch r(first.public_key_id_, first.count_, first.n_);
    r.weights_.assign(first.count_, {0, 0});
    Bytes rows(parts.size() * first.row_size());
    for (size_t row = 0; row < first.count_; ++row) {
        for (size_t p = 0; p < parts.size(); ++p) {
            add_weight(r.weights_[row], w[p], parts[p]->weight(row));
            std::copy_n(parts[p]->rows() + row * first.row_size(), first.row_size(),
                        &rows[p * first.row_size()]);
        }
        sum_rows(rows.data(), first.row_size(), first.n_ + 2, w, r.rows() + row * first.row_size());
    }
    return r;
}

Bytes CiphertextBatch::to_bytes() const {
    Writer w(64 + 16 * weights_.size() + rows_.size());
    w.bytes(public_key_id_).u64(count_).u32(static_cast<uint32_t>(n_)).u8(combined());
    for (const RowWeight& v : weights_) w.u64(v.pos).u64(v.neg);
    in_pieces(rows_.size(), [&](size_t at, size_t size) { w.bytes({rows_.data() + at, size}); });
    return w.take();
}

CiphertextBatch CiphertextBatch::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "ciphertext batch");
    const Id id = in.array<32>("public key id");
    const uint64_t count = in.u64("count");
    const uint32_t n = in.u32("n");
    if (n == 0) in.refuse("n", "is 0, must be at least 1");
    const uint8_t combined = in.u8("combined");
    if (combined > 1 || (combined == 1 && count == 0)) in.refuse("combined", "must be 0, or 1 with rows");
    const size_t row_size = kPointSize * (size_t{n} + 2);
    in.require_items(count, row_size + (combined ? 16 : 0), "rows");
    CiphertextBatch r(id, 0, n);
    r.count_ = count;
    for (uint64_t j = 0; combined && j < count; ++j) {
        const uint64_t pos = in.u64("weight");
        r.weights_.push_back({pos, in.u64("weight")});
    }
    const auto rows = in.bytes(count * row_size, "rows");
    in.finish();
    const size_t blocks = (count + 7) / 8;
    auto points = std::make_shared<std::vector<AffineBlock>>();
    in_pieces(rows.size(), [&](size_t at, size_t size) {
        r.rows_.reserve(rows.size());
        r.rows_.insert(r.rows_.end(), rows.data() + at, rows.data() + at + size);
    });
    in_pieces(blocks * (size_t{n} + 2) * sizeof(AffineBlock), [&](size_t at, size_t size) {
        points->reserve(blocks * (size_t{n} + 2));
        points->resize((at + size) / sizeof(AffineBlock));
    });
    parallel_for(blocks, [&](size_t b) { r.decode_block(b, points->data() + b * (size_t{n} + 2)); });
    r.points_ = std::move(points);
    return r;
}

}  // namespace pyfe::ipfe_ddh
