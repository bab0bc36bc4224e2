#include <algorithm>

#include "pyfe/base/error.hpp"
#include "pyfe/qfe/objects.hpp"

namespace pyfe::qfe {
namespace {

using group::bls12_381::Points;

// `per` points a row, one row after the other
template <int Parts>
Points<Parts> rows_of(const Points<Parts>& p, size_t start, size_t stop, size_t per) {
    return p.slice(start * per, 1, (stop - start) * per);
}

// The points of one kind, gathered from the rows
template <int Parts>
Points<Parts> decode_rows(std::span<const uint8_t> rows, size_t row_size, size_t offset, size_t per,
                          const std::string& name) {
    const size_t bytes = per * Points<Parts>::bytes, count = rows.size() / row_size;
    Bytes all(count * bytes);
    for (size_t r = 0; r < count; ++r)
        std::ranges::copy(rows.subspan(r * row_size + offset, bytes), &all[r * bytes]);
    return Points<Parts>::decode(all, [&](size_t at) {
        return "ciphertext batch: row " + std::to_string(at / per) + ", " + name + " " +
               std::to_string(at % per);
    });
}

// e([gamma]_1, g2) = e(g1, [gamma]_2), gamma not zero
void require_gamma(const CiphertextBatch& ct) {
    const pairing::Prepared g2(G2Points::generator(1));
    const G1Points minus_g1 = group::bls12_381::negate(G1Points::generator(ct.size()));
    const pairing::Factor factors[2] = {{&ct.gamma1, nullptr, &g2.at(0)}, {&minus_g1, &ct.gamma2, nullptr}};
    const auto same = pairing::equal(pairing::multi_pair(factors), pairing::GtElements::one(ct.size()));
    for (size_t r = 0; r < ct.size(); ++r) {
        const bool zero = ct.gamma1.blocks[r / 8].infinite[r % 8] != 0;
        if (zero || same[r] == 0)
            fail(ErrorKind::decode,
                 "ciphertext batch: row " + std::to_string(r) +
                     (zero ? ": gamma is zero" : ": [gamma]_1 and [gamma]_2 differ in gamma"));
    }
}

template <int Parts>
Points<Parts> joined(const std::vector<const CiphertextBatch*>& parts,
                     Points<Parts> CiphertextBatch::*member) {
    std::vector<const Points<Parts>*> points;
    for (const CiphertextBatch* part : parts) points.push_back(&(part->*member));
    return Points<Parts>::concat(points);
}

}  // namespace

CiphertextBatch CiphertextBatch::slice(size_t start, size_t stop) const {
    if (start > stop || stop > size())
        fail(ErrorKind::parameter, "slice " + std::to_string(start) + ":" + std::to_string(stop) + " of " +
                                       std::to_string(size()) + " rows");
    return {public_key_id,
            k,
            n,
            m,
            rows_of(gamma1, start, stop, 1),
            rows_of(gamma2, start, stop, 1),
            rows_of(c, start, stop, (k + 1) * n),
            rows_of(d, start, stop, (k + 1) * m)};
}

CiphertextBatch CiphertextBatch::concat(const std::vector<const CiphertextBatch*>& parts) {
    if (parts.empty()) fail(ErrorKind::parameter, "concat: no batches");
    const CiphertextBatch& first = *parts[0];
    for (const CiphertextBatch* p : parts)
        if (p->public_key_id != first.public_key_id || p->n != first.n || p->m != first.m || p->k != first.k)
            fail(ErrorKind::key_mismatch,
                 "concat: the batches are under different public keys, or projected");
    return {first.public_key_id,
            first.k,
            first.n,
            first.m,
            joined(parts, &CiphertextBatch::gamma1),
            joined(parts, &CiphertextBatch::gamma2),
            joined(parts, &CiphertextBatch::c),
            joined(parts, &CiphertextBatch::d)};
}

Bytes CiphertextBatch::to_bytes() const {
    Writer w(64 + size() * row_size());
    w.bytes(public_key_id).u64(size()).u8(static_cast<uint8_t>(k));
    w.u32(static_cast<uint32_t>(n)).u32(static_cast<uint32_t>(m));
    const Bytes parts[4] = {gamma1.encode(), gamma2.encode(), c.encode(), d.encode()};
    for (size_t r = 0; r < size(); ++r)
        for (const Bytes& part : parts)
            w.bytes(std::span(part).subspan(part.size() / size() * r, part.size() / size()));
    return w.take();
}

CiphertextBatch CiphertextBatch::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "ciphertext batch");
    CiphertextBatch ct;
    ct.public_key_id = in.array<32>("public key id");
    const uint64_t count = in.u64("rows");
    ct.k = in.u8("k");
    if (ct.k != 1 && ct.k != 3) in.refuse("k", "is neither 1 nor 3");
    ct.n = in.u32("n");
    ct.m = in.u32("m");
    if (ct.n == 0 || ct.m == 0) in.refuse("m", "or n is 0, must be at least 1");
    in.require_items(count, ct.row_size(), "rows");
    const auto rows = in.bytes(count * ct.row_size(), "rows");
    in.finish();
    const size_t width = ct.row_size(), cs = (ct.k + 1) * ct.n, ds = (ct.k + 1) * ct.m;
    ct.gamma1 = decode_rows<1>(rows, width, 0, 1, "[gamma]_1");
    ct.gamma2 = decode_rows<2>(rows, width, 48, 1, "[gamma]_2");
    ct.c = decode_rows<1>(rows, width, 144, cs, "c");
    ct.d = decode_rows<2>(rows, width, 144 + 48 * cs, ds, "d");
    if (count > 0) require_gamma(ct);
    return ct;
}

}  // namespace pyfe::qfe
