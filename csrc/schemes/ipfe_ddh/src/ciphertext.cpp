#include <algorithm>
#include <array>

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

// A sum of rows under way, eight columns in the lanes
class RowSum {
  public:
    explicit RowSum(size_t columns) : columns_(columns), sums_((columns + 7) / 8, identity()) {}

    // sum_j w_j row_j of rows that lie one after the other, and are sound
    void add(std::span<const uint8_t> rows, std::span<const int64_t> w) {
        parallel_for(sums_.size(), [&](size_t c) {
            checkpoint();
            std::vector<AffineBlock> points(w.size() + 2,
                                            g_.blocks[0]);  // in the places of C and D: times zero
            std::vector<uint8_t> ok(8 * w.size());
            group::kernels().decode(rows.data() + 8 * kPointSize * c, kPointSize, kPointSize * columns_,
                                    lanes(c), w.size(), &points[2],
                                    reinterpret_cast<uint8_t(*)[8]>(ok.data()));
            PointBlock part;
            group::CohortPlan(w.data(), 1, w.size(), zero_, zero_).run(points.data(), &part);
            group::kernels().add(&sums_[c], &part, 1, &sums_[c]);
        });
    }
    void encode(uint8_t* row) const {
        for (size_t c = 0; c < sums_.size(); ++c)
            group::kernels().encode(&sums_[c], lanes(c), row + 8 * kPointSize * c, kPointSize);
    }

  private:
    static PointBlock identity() {
        PointBlock sum{};
        for (int j = 0; j < 8; ++j) sum.y[0][j] = sum.z[0][j] = 1;
        return sum;
    }
    size_t lanes(size_t c) const { return std::min<size_t>(8, columns_ - 8 * c); }

    const size_t columns_;
    const std::vector<PublicScalar> zero_ = std::vector<PublicScalar>(1);
    const group::PointVector g_ = group::PointVector::decode(group::generator_bytes(), "generator");
    std::vector<PointBlock> sums_;
};

std::string element(size_t column) {
    return column == 0 ? "C" : column == 1 ? "D" : "E_" + std::to_string(column - 2);
}

}  // namespace

RowLayout::Tile RowLayout::decode(std::span<const uint8_t> rows, size_t first) const {
    const size_t lanes = rows.size() / row_size(), columns = n + 2;
    Tile out(columns);
    std::vector<uint8_t> ok(8 * columns);
    group::decode_rows(rows.data(), lanes, columns, out.data(), reinterpret_cast<uint8_t(*)[8]>(ok.data()));
    for (size_t j = 0; j < lanes; ++j)
        for (size_t c = 0; c < columns; ++c)
            if (ok[8 * c + j] == 0)
                fail(ErrorKind::decode, "ciphertext batch: row " + std::to_string(first + j) + ", element " +
                                            element(c) +
                                            " is not a canonical ristretto255 encoding (RFC 9496, 4.3.1)");
    schemes::count_decoded_rows(lanes);
    return out;
}

CiphertextBatch::CiphertextBatch(const Id& id, size_t n, SharedBytes rows)
    : CiphertextBatch(id, schemes::Rows<RowLayout>({n}, std::move(rows))) {}

CiphertextBatch::CiphertextBatch(const Id& id, schemes::Rows<RowLayout> rows)
    : public_key_id_(id), rows_(std::move(rows)) {}

const AffineBlock* CiphertextBatch::block(size_t block, RowLayout::Tile& scratch) const {
    const size_t first = 8 * block, lanes = std::min<size_t>(8, size() - first);
    std::array<const RowLayout::Tile*, 8> tiles;
    std::array<size_t, 8> lane;
    bool in_place = true;  // a tile as it is
    for (size_t j = 0; j < lanes; ++j) {
        const auto [source, row] = rows_.place(first + j);
        tiles[j] = source->tile(row / 8);
        if (tiles[j] == nullptr) {  // no room: for this use only
            Bytes gathered;
            scratch = rows_.layout().decode(rows_.bytes(first, lanes, gathered), first);
            return scratch.data();
        }
        lane[j] = row % 8;
        in_place = in_place && tiles[j] == tiles[0] && lane[j] == j;
    }
    if (in_place) return tiles[0]->data();
    scratch.resize(n() + 2);
    for (size_t j = 0; j < 8; ++j) {
        const size_t from = std::min(j, lanes - 1);
        for (size_t c = 0; c < scratch.size(); ++c)
            group::copy_point((*tiles[from])[c], lane[from], scratch[c], j);
    }
    return scratch.data();
}

CiphertextBatch CiphertextBatch::slice(size_t start, size_t stop) const {
    schemes::require_slice(start, stop, size());
    CiphertextBatch r(public_key_id_, rows_.slice(start, stop - start));
    if (combined())
        r.weights_.assign(weights_.begin() + static_cast<ptrdiff_t>(start),
                          weights_.begin() + static_cast<ptrdiff_t>(stop));
    return r;
}

CiphertextBatch CiphertextBatch::concat(const std::vector<const CiphertextBatch*>& parts) {
    if (parts.empty()) fail(ErrorKind::parameter, "concat: no batches");
    const CiphertextBatch& first = *parts[0];
    bool combined = false;
    for (const CiphertextBatch* p : parts) {
        if (p->public_key_id_ != first.public_key_id_ || p->n() != first.n())
            fail(ErrorKind::key_mismatch, "concat: the batches are under different public keys");
        combined = combined || p->combined();
    }
    CiphertextBatch r(first.public_key_id_, schemes::Rows<RowLayout>(first.rows_.layout()));
    for (const CiphertextBatch* p : parts) {
        checkpoint();
        r.rows_.append(p->rows_);
        for (size_t row = 0; combined && row < p->size(); ++row) r.weights_.push_back(p->weight(row));
    }
    return r;
}

CiphertextBatch CiphertextBatch::weighted_sum_vartime(std::span<const int64_t> w) const {
    if (w.size() != size() || size() == 0)
        fail(ErrorKind::parameter, "weighted sum: " + std::to_string(w.size()) + " weights for " +
                                       std::to_string(size()) + " rows");
    RowWeight weight{0, 0};
    for (size_t j = 0; j < size(); ++j) add_weight(weight, w[j], this->weight(j));
    RowSum sum(n() + 2);
    Bytes gathered;
    for (size_t first = 0; first < size(); first += kSumRows) {
        checkpoint();
        const size_t count = std::min(kSumRows, size() - first);
        sum.add(rows_.bytes(first, count, gathered), w.subspan(first, count));
    }
    auto [row, out] = SharedBytes::to_write(row_size());
    sum.encode(out);
    CiphertextBatch r(public_key_id_, n(), std::move(row));
    r.weights_ = {weight};
    return r;
}

CiphertextBatch CiphertextBatch::combine_vartime(const std::vector<const CiphertextBatch*>& parts,
                                                 std::span<const int64_t> w) {
    const CiphertextBatch& first = *parts[0];
    for (const CiphertextBatch* p : parts)
        if (p->public_key_id_ != first.public_key_id_ || p->n() != first.n())
            fail(ErrorKind::key_mismatch, "sum: the batches are under different public keys");
        else if (p->size() != first.size())
            fail(ErrorKind::parameter, "sum: batches of " + std::to_string(first.size()) + " and " +
                                           std::to_string(p->size()) + " rows");
    std::vector<RowWeight> weights(first.size(), {0, 0});
    const size_t row_size = first.row_size();
    auto [sums, out] = SharedBytes::to_write(first.size() * row_size);
    Bytes row, rows(parts.size() * row_size);
    for (size_t j = 0; j < first.size(); ++j) {
        for (size_t p = 0; p < parts.size(); ++p) {
            add_weight(weights[j], w[p], parts[p]->weight(j));
            std::ranges::copy(parts[p]->rows_.bytes(j, 1, row), &rows[p * row_size]);
        }
        RowSum sum(first.n() + 2);
        sum.add(rows, w);
        sum.encode(out + j * row_size);
    }
    CiphertextBatch r(first.public_key_id_, first.n(), std::move(sums));
    r.weights_ = std::move(weights);
    return r;
}

std::vector<SharedBytes> CiphertextBatch::pieces() const {
    Writer head(64 + 16 * weights_.size());
    head.bytes(public_key_id_).u64(size()).u32(static_cast<uint32_t>(n())).u8(combined());
    for (const RowWeight& v : weights_) head.u64(v.pos).u64(v.neg);
    std::vector<SharedBytes> out = {SharedBytes::of(head.take())};
    rows_.write(out);
    return out;
}

CiphertextBatch CiphertextBatch::from_bytes(const SharedBytes& data) {
    Reader in(data.span(), "ciphertext batch");
    const Id id = in.array<32>("public key id");
    const uint64_t count = in.u64("count");
    const uint32_t n = in.u32("n");
    if (n == 0) in.refuse("n", "is 0, must be at least 1");
    const uint8_t combined = in.u8("combined");
    if (combined > 1 || (combined == 1 && count == 0)) in.refuse("combined", "must be 0, or 1 with rows");
    const RowLayout layout{n};
    in.require_items(count, layout.row_size() + (combined ? 16 : 0), "rows");
    std::vector<RowWeight> weights;
    for (uint64_t j = 0; combined && j < count; ++j) {
        const uint64_t pos = in.u64("weight");
        weights.push_back({pos, in.u64("weight")});
    }
    const size_t at = in.offset();
    in.bytes(count * layout.row_size(), "rows");
    in.finish();
    CiphertextBatch r(id, n, data.part(at, count * layout.row_size()));
    r.weights_ = std::move(weights);
    r.read_all();
    return r;
}

// Every point once. The points of a tile for which there is no room are let go again.
void CiphertextBatch::read_all() const {
    if (size() == 0) return;
    const auto& source = *rows_.ranges()[0].source;
    parallel_for(source.tiles(), [&](size_t t) {
        const auto decoded = [&] {
            return rows_.layout().decode(source.bytes(source.first_row(t), source.rows_in(t)).span(),
                                         source.first_row(t));
        };
        if (source.offer(t, decoded) == nullptr) decoded();
    });
}

}  // namespace pyfe::ipfe_ddh
