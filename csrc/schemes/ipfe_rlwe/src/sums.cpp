// Sums of ciphertexts with public weights
#include <algorithm>
#include <bit>
#include <cstring>
#include <map>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/hash/sha2.hpp"
#include "pyfe/ipfe_rlwe/ciphertext.hpp"
#include "pyfe/ipfe_rlwe/kernels.hpp"
#include "pyfe/ring/basis.hpp"
#include "tiles.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

using Blocks = std::vector<std::shared_ptr<const Block>>;

Sources sources_of(const std::shared_ptr<const Block>& block, const Shape& shape) {
    if (block->is_sum()) return block->sources;
    return {{sha256(block->bytes.span().first(shape.shared_size()))}, {block}};
}

// Takes in the sources of the next block. Whether it is known to differ from all before; once there is a sum
// that came as bytes, nothing is known of the whole
bool join(Sources& all, Sources more) {
    if (all.empty() || more.empty()) {
        all = {};
        return false;
    }
    const bool differ =
        std::ranges::none_of(more.shared, [&](const Id& id) { return all.shared.contains(id); });
    all.shared.merge(more.shared);
    all.blocks.merge(more.blocks);
    return differ;
}

// The weights and sources of the sum
Block head_of_sum(const Blocks& blocks, std::span<const int64_t> w, const Shape& shape) {
    Block out;
    out.count = blocks[0]->count;
    out.weights = blocks[0]->weights.scaled(w[0]);
    out.sources = sources_of(blocks[0], shape);
    for (size_t l = 1; l < blocks.size(); ++l) {
        const bool differ = join(out.sources, sources_of(blocks[l], shape));
        out.weights = Weights::sum(out.weights, blocks[l]->weights.scaled(w[l]), differ);
    }
    const uint128 total = out.weights.total();
    if (total > shape.sum_w)
        fail(ErrorKind::out_of_range,
             "sum: the weights of these ciphertexts sum to " + std::to_string(static_cast<uint64_t>(total)) +
                 ", and sum_w = " + std::to_string(shape.sum_w) +
                 " of the parameters is the most; make the authority with a larger sum_w (of its schema)");
    return out;
}

void sum_shared(const Blocks& blocks, std::span<const int64_t> w, const ring::Basis& basis, size_t size,
                uint8_t* out) {
    std::vector<uint64_t> sum(basis.words()), part(basis.words());
    for (size_t l = 0; l < blocks.size(); ++l) {
        basis.unpack(blocks[l]->bytes.span().first(size), part.data());
        basis.scale_add(w[l], part.data(), sum.data());
    }
    basis.pack(sum.data(), out);
}

// One tile: each column of the sum from that column of every block
void sum_tile(const Blocks& blocks, std::span<const int64_t> w, const Shape& shape, size_t tile,
              uint8_t* out) {
    const size_t column = shape.column_size(), first = shape.shared_size() + tile * shape.tile_size();
    std::vector<uint8_t> columns(blocks.size() * column + kReadBeyond);
    uint64_t low[kTileWords], high[kTileWords];
    for (size_t i = 0; i < shape.n; ++i) {
        for (size_t l = 0; l < blocks.size(); ++l)
            std::memcpy(&columns[l * column], &blocks[l]->bytes.span()[first + i * column], column);
        kernels().dot_vartime(shape.b, columns.data(), blocks.size(), w.data(), 1, low, high);
        keep_low_bits(shape.b, low, high);
        kernels().pack(shape.b, low, shape.b > 64 ? high : nullptr, out + i * column);
    }
}

std::shared_ptr<const Block> sum_of(Block block, const Blocks& blocks, std::span<const int64_t> w,
                                    const Shape& shape, const ring::Basis& basis) {
    auto [bytes, out] = SharedBytes::to_write(shape.block_size(block.count));
    sum_shared(blocks, w, basis, shape.shared_size(), out);
    uint8_t* const tiles = out + shape.shared_size();
    parallel_for(tiles_for(block.count),
                 [&](size_t t) { sum_tile(blocks, w, shape, t, tiles + t * shape.tile_size()); });
    block.bytes = std::move(bytes);
    return std::make_shared<const Block>(std::move(block));
}

void require_same_slots(const CiphertextBatch& a, const CiphertextBatch& b) {
    if (a.public_key_id() != b.public_key_id() || a.shape() != b.shape())
        fail(ErrorKind::key_mismatch, "sum: the batches are under different public keys");
    if (a.size() != b.size())
        fail(ErrorKind::parameter,
             "sum: batches of " + std::to_string(a.size()) + " and " + std::to_string(b.size()) + " rows");
    const auto same = [&](const CiphertextBatch::Range& x, const CiphertextBatch::Range& y) {
        return x.first == y.first && x.rows == y.rows &&
               a.blocks()[x.block]->count == b.blocks()[y.block]->count;
    };
    if (!std::ranges::equal(a.ranges(), b.ranges(), same))
        fail(ErrorKind::parameter,
             "sum: the rows lie in different slots; ciphertexts are added slot by slot: add batches as they "
             "were "
             "encrypted, of as many rows, or cut them alike");
}

}  // namespace

CiphertextBatch CiphertextBatch::combine_vartime(const std::vector<const CiphertextBatch*>& parts,
                                                 std::span<const int64_t> w) {
    if (parts.empty() || parts.size() != w.size())
        fail(ErrorKind::parameter, "sum: " + std::to_string(w.size()) + " weights for " +
                                       std::to_string(parts.size()) + " batches");
    const CiphertextBatch& first = *parts[0];
    for (const CiphertextBatch* part : parts) require_same_slots(first, *part);
    CiphertextBatch out(first.public_key_id_, first.shape_);
    const ring::Basis basis(out.shape_.primes, kLogRing);
    std::map<Blocks, std::pair<Block, std::shared_ptr<const Block>>> made;
    std::vector<Blocks> of_range;
    for (size_t r = 0; r < first.ranges_.size(); ++r) {
        Blocks blocks;
        for (const CiphertextBatch* part : parts) blocks.push_back(part->blocks_[part->ranges_[r].block]);
        if (!made.contains(blocks))  // refuses before any work
            made.emplace(blocks, std::pair(head_of_sum(blocks, w, out.shape_), nullptr));
        of_range.push_back(std::move(blocks));
    }
    for (size_t r = 0; r < first.ranges_.size(); ++r) {
        auto& [head, block] = made.at(of_range[r]);
        if (!block) block = sum_of(std::move(head), of_range[r], w, out.shape_, basis);
        out.append(block, first.ranges_[r].first, first.ranges_[r].rows);
    }
    out.combined_ = out.size() > 0;
    return out;
}

}  // namespace pyfe::ipfe_rlwe
