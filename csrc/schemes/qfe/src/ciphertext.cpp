#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::qfe {
namespace {

using group::bls12_381::Points;

// `per` points a row, one row after the other
template <int Parts>
Points<Parts> rows_of(const Points<Parts>& p, size_t first, size_t count, size_t rows) {
    const size_t per = p.size / rows;
    return p.slice(first * per, 1, count * per);
}

// Where the points of one kind lie in a row, and what they are called
struct Kind {
    size_t offset, per;
    const char* name;
};
Kind gamma1() { return {0, 1, "[gamma]_1"}; }
Kind gamma2() { return {G1Points::bytes, 1, "[gamma]_2"}; }
Kind c(const RowLayout& l) { return {G1Points::bytes + G2Points::bytes, l.cs(), "c"}; }
Kind d(const RowLayout& l) { return {c(l).offset + G1Points::bytes * l.cs(), l.ds(), "d"}; }

// Whether points that are read may lie outside their subgroup
enum class Membership { tested, known };

// The points of one kind, gathered from the rows
template <int Parts>
Points<Parts> decode_kind(std::span<const uint8_t> rows, size_t row_size, const Kind& kind, size_t first,
                          Membership membership) {
    const size_t bytes = kind.per * Points<Parts>::bytes, count = rows.size() / row_size;
    Bytes all(count * bytes);
    for (size_t r = 0; r < count; ++r)
        std::ranges::copy(rows.subspan(r * row_size + kind.offset, bytes), &all[r * bytes]);
    const auto name = [&](size_t at) {
        return "ciphertext batch: row " + std::to_string(first + at / kind.per) + ", " + kind.name + " " +
               std::to_string(at % kind.per);
    };
    return membership == Membership::known ? Points<Parts>::decode_members(all, name)
                                           : Points<Parts>::decode(all, name);
}

RowPoints decode_rows(const RowLayout& layout, std::span<const uint8_t> rows, size_t first,
                      Membership membership) {
    schemes::count_decoded_rows(rows.size() / layout.row_size());
    const size_t size = layout.row_size();
    return {decode_kind<1>(rows, size, gamma1(), first, membership),
            decode_kind<2>(rows, size, gamma2(), first, membership),
            decode_kind<1>(rows, size, c(layout), first, membership),
            decode_kind<2>(rows, size, d(layout), first, membership)};
}

template <int Parts>
void encode_kind(const Points<Parts>& points, const Kind& kind, size_t row_size, uint8_t* out) {
    const Bytes all = points.encode();
    const size_t bytes = kind.per * Points<Parts>::bytes;
    for (size_t r = 0; r < points.size / kind.per; ++r)
        std::ranges::copy(std::span(all).subspan(r * bytes, bytes), out + r * row_size + kind.offset);
}

// e([gamma]_1, g2) = e(g1, [gamma]_2), gamma not zero
void require_gamma(const RowPoints& rows, size_t first) {
    const pairing::Prepared g2(G2Points::generator(1));
    const G1Points minus_g1 = group::bls12_381::negate(G1Points::generator(rows.size()));
    const pairing::Factor factors[2] = {{&rows.gamma1, nullptr, &g2.at(0)},
                                        {&minus_g1, &rows.gamma2, nullptr}};
    const auto same = pairing::equal(pairing::multi_pair(factors), pairing::GtElements::one(rows.size()));
    for (size_t r = 0; r < rows.size(); ++r) {
        const bool zero = rows.gamma1.blocks[r / 8].infinite[r % 8] != 0;
        if (zero || same[r] == 0)
            fail(ErrorKind::decode,
                 "ciphertext batch: row " + std::to_string(first + r) +
                     (zero ? ": gamma is zero" : ": [gamma]_1 and [gamma]_2 differ in gamma"));
    }
}

template <int Parts>
Points<Parts> joined(const std::vector<RowPoints>& parts, Points<Parts> RowPoints::*member) {
    std::vector<const Points<Parts>*> points;
    for (const RowPoints& part : parts) points.push_back(&(part.*member));
    return Points<Parts>::concat(points);
}

template <int Parts>
size_t memory_of(size_t points) {
    return (points + 7) / 8 * sizeof(group::bls12_381::AffineBlock<Parts>);
}

}  // namespace

RowPoints RowPoints::slice(size_t first, size_t count) const {
    return {rows_of(gamma1, first, count, size()), rows_of(gamma2, first, count, size()),
            rows_of(c, first, count, size()), rows_of(d, first, count, size())};
}

RowPoints RowPoints::concat(const std::vector<RowPoints>& parts) {
    return {joined(parts, &RowPoints::gamma1), joined(parts, &RowPoints::gamma2),
            joined(parts, &RowPoints::c), joined(parts, &RowPoints::d)};
}

size_t RowLayout::tile_bytes(size_t rows) const {
    return memory_of<1>(rows) + memory_of<2>(rows) + memory_of<1>(rows * cs()) + memory_of<2>(rows * ds());
}

void RowLayout::encode(const RowPoints& points, uint8_t* out) const {
    encode_kind(points.gamma1, gamma1(), row_size(), out);
    encode_kind(points.gamma2, gamma2(), row_size(), out);
    encode_kind(points.c, c(*this), row_size(), out);
    encode_kind(points.d, d(*this), row_size(), out);
}

RowPoints RowLayout::decode(std::span<const uint8_t> rows, size_t first) const {
    return decode_rows(*this, rows, first, Membership::known);
}

RowPoints RowLayout::read(std::span<const uint8_t> rows, size_t first) const {
    RowPoints points = decode_rows(*this, rows, first, Membership::tested);
    require_gamma(points, first);
    return points;
}

void CiphertextBatch::prepare(size_t first, size_t count) const {
    for (const auto& range : rows_.slice(first, count).ranges())
        for (size_t tile = range.first / layout().tile_rows();
             tile * layout().tile_rows() < range.first + range.count; ++tile) {
            checkpoint();
            range.source->tile(tile);
        }
}

RowPoints CiphertextBatch::points(size_t first, size_t count) const {
    std::vector<RowPoints> parts;
    for (const auto& range : rows_.slice(first, count).ranges()) {
        const size_t end = range.first + range.count;
        for (size_t row = range.first, next; row < end; row = next) {
            const size_t tile = row / layout().tile_rows(), start = range.source->first_row(tile);
            next = std::min(end, start + layout().tile_rows());
            const RowPoints* kept = range.source->kept(tile);
            parts.push_back(kept != nullptr
                                ? kept->slice(row - start, next - row)
                                : layout().decode(range.source->bytes(row, next - row).span(), row));
        }
    }
    return parts.size() == 1 ? std::move(parts[0]) : RowPoints::concat(parts);
}

// The points of rows from `first` on, which begins a tile of our only source
void CiphertextBatch::keep(size_t first, const RowPoints& points) const {
    const auto& source = *rows_.ranges()[0].source;
    for (size_t row = first; row < first + points.size(); row += layout().tile_rows()) {
        const size_t tile = row / layout().tile_rows();
        source.offer(tile, [&] { return points.slice(row - first, source.rows_in(tile)); });
    }
}

CiphertextBatch CiphertextBatch::slice(size_t start, size_t stop) const {
    schemes::require_slice(start, stop, size());
    return {public_key_id, rows_.slice(start, stop - start)};
}

CiphertextBatch CiphertextBatch::concat(const std::vector<const CiphertextBatch*>& parts) {
    if (parts.empty()) fail(ErrorKind::parameter, "concat: no batches");
    const CiphertextBatch& first = *parts[0];
    for (const CiphertextBatch* p : parts)
        if (p->public_key_id != first.public_key_id || p->layout() != first.layout())
            fail(ErrorKind::key_mismatch,
                 "concat: the batches are under different public keys, or projected");
    CiphertextBatch r(first.public_key_id, schemes::Rows<RowLayout>(first.layout()));
    for (const CiphertextBatch* p : parts) r.rows_.append(p->rows_);
    return r;
}

std::vector<SharedBytes> CiphertextBatch::pieces() const {
    Writer head(64);
    head.bytes(public_key_id).u64(size()).u8(static_cast<uint8_t>(layout().k));
    head.u32(static_cast<uint32_t>(layout().n)).u32(static_cast<uint32_t>(layout().m));
    std::vector<SharedBytes> out = {SharedBytes::of(head.take())};
    rows_.write(out);
    return out;
}

CiphertextBatch CiphertextBatch::from_bytes(const SharedBytes& data) {
    Reader in(data.span(), "ciphertext batch");
    const Id id = in.array<32>("public key id");
    const uint64_t count = in.u64("rows");
    const uint32_t k = in.u8("k");
    if (k != 1 && k != 3) in.refuse("k", "is neither 1 nor 3");
    const uint32_t n = in.u32("n"), m = in.u32("m");
    if (n == 0 || m == 0) in.refuse("m", "or n is 0, must be at least 1");
    const RowLayout layout{k, n, m};
    in.require_items(count, layout.row_size(), "rows");
    const size_t at = in.offset(), size = count * layout.row_size();
    in.bytes(size, "rows");
    in.finish();
    const CiphertextBatch ct(id, schemes::Rows<RowLayout>(layout, data.part(at, size)));
    for (size_t first = 0; first < count; first += rows_at_once(layout)) {
        checkpoint();
        const size_t rows = std::min<size_t>(rows_at_once(layout), count - first);
        ct.keep(first, layout.read(data.part(at, size).span().subspan(first * layout.row_size(),
                                                                      rows * layout.row_size()),
                                   first));
    }
    return ct;
}

}  // namespace pyfe::qfe
