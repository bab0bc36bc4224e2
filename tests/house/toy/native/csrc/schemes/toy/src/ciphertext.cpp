#include "pyfe/toy/ciphertext.hpp"

#include <map>

#include "pyfe/base/error.hpp"

namespace pyfe::toy {

CiphertextBatch CiphertextBatch::slice(size_t start, size_t stop) const {
    if (start > stop || stop > size()) fail(ErrorKind::parameter, "toy: no such slice");
    CiphertextBatch out{public_key_id, n, {}, {}};
    std::map<uint32_t, uint32_t> moved;
    for (size_t row = start; row < stop; ++row) {
        const auto [at, fresh] = moved.try_emplace(places[row].block, static_cast<uint32_t>(moved.size()));
        if (fresh) out.blocks.push_back(blocks[places[row].block]);
        out.places.push_back({at->second, places[row].slot});
    }
    return out;
}

CiphertextBatch CiphertextBatch::concat(const std::vector<const CiphertextBatch*>& parts) {
    if (parts.empty()) fail(ErrorKind::parameter, "concat: no batches");
    CiphertextBatch out{parts[0]->public_key_id, parts[0]->n, {}, {}};
    for (const CiphertextBatch* part : parts) {
        if (part->public_key_id != out.public_key_id || part->n != out.n)
            fail(ErrorKind::key_mismatch, "concat: the batches are under different public keys");
        const auto shift = static_cast<uint32_t>(out.blocks.size());
        out.blocks.insert(out.blocks.end(), part->blocks.begin(), part->blocks.end());
        for (const Place& p : part->places) out.places.push_back({p.block + shift, p.slot});
    }
    return out;
}

Bytes CiphertextBatch::to_bytes() const {
    Writer w;
    w.bytes(public_key_id).u32(static_cast<uint32_t>(n));
    w.u32(static_cast<uint32_t>(blocks.size())).u32(static_cast<uint32_t>(size()));
    for (const Place& p : places) w.u32(p.block).u8(p.slot);
    for (const Block& b : blocks) {
        write(w, b.r);
        for (const Number v : b.e) write(w, v);
    }
    return w.take();
}

CiphertextBatch CiphertextBatch::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "ciphertext batch");
    CiphertextBatch out;
    out.public_key_id = in.array<32>("public key id");
    out.n = in.u32("n");
    if (out.n == 0) in.refuse("n", "is 0, must be at least 1");
    const uint32_t count = in.u32("blocks"), rows = in.u32("rows");
    in.require_items(rows, 5, "rows");
    std::vector<uint8_t> used(std::min<size_t>(count, rows));
    for (uint32_t row = 0; row < rows; ++row) {
        const uint32_t block = in.u32("block");
        const uint8_t slot = in.u8("slot");
        if (block >= used.size() || slot >= kBlockRows) in.refuse("slot", "is outside the blocks");
        used[block] = 1;
        out.places.push_back({block, slot});
    }
    if (used.size() != count || std::count(used.begin(), used.end(), 0) != 0)
        in.refuse("blocks", "are more than have rows");
    in.require_items(count, 16 * (1 + kBlockRows * out.n), "blocks");
    for (uint32_t b = 0; b < count; ++b) {
        Block block{read(in, "r"), {}};
        for (size_t j = 0; j < kBlockRows * out.n; ++j) block.e.push_back(read(in, "E"));
        out.blocks.push_back(std::move(block));
    }
    in.finish();
    return out;
}

}  // namespace pyfe::toy
