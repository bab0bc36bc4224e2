// The bytes of a batch
#include <algorithm>
#include <bit>
#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/base/parallel.hpp"
#include "pyfe/ipfe_rlwe/ciphertext.hpp"
#include "pyfe/ring/packing.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

constexpr unsigned kMostBits = 112;  // b + 16 and the shortest prime take 128 at most

using Range = CiphertextBatch::Range;

Shape read_shape(Reader& in) {
    Shape shape;
    shape.n = in.u32("n");
    if (shape.n == 0) in.refuse("n", "is 0, must be at least 1");
    if (in.u8("ring dimension") != kLogRing) in.refuse("ring dimension", "is not 2^13, the one there is");
    shape.b = in.u8("b");
    if (shape.b == 0 || shape.b % 4 != 0 || shape.b > kMostBits)
        in.refuse("b", std::to_string(shape.b) + " is not a multiple of 4 from 4 to 112");
    const size_t k = in.u8("primes");
    if (k == 0 || k > 8) in.refuse("primes", "are not 1 to 8");
    for (size_t j = 0; j < k; ++j) {
        const uint64_t q = in.u64("prime");
        if (std::bit_width(q) < ring::least_bits || std::bit_width(q) > ring::most_bits ||
            q % (2 * kRing) != 1 || !ring::is_prime(q))
            in.refuse("prime", "is not a prime of 28 to 50 bits that is 1 modulo 2^14");
        if (j > 0 && q <= shape.primes.back()) in.refuse("prime", "does not ascend");
        shape.primes.push_back(q);
    }
    shape.sum_w = in.u64("sum_w");
    if (shape.sum_w == 0 || shape.sum_w >> 62 != 0) in.refuse("sum_w", "is not from 1 to 2^62 - 1");
    return shape;
}

// W1 <= W2 <= W1^2 for integers
void require_sound(Reader& in, const Weights& w, uint64_t sum_w) {
    const uint128 total = uint128{w.pos} + w.neg;
    if (total > sum_w) in.refuse("weight", "makes sum |w| exceed sum_w = " + std::to_string(sum_w));
    if (w.square < total || w.square > total * total) in.refuse("W2", "is not between W1 and W1^2");
}

Block read_head(Reader& in, bool combined, uint64_t sum_w) {
    Block block;
    block.count = in.u32("count");
    if (block.count == 0 || block.count > kRing) in.refuse("count", "is not from 1 to 8192");
    if (!combined) return block;
    block.weights.pos = in.u64("weight");
    block.weights.neg = in.u64("weight");
    const uint64_t low = in.u64("W2");
    block.weights.square = uint128{in.u64("W2")} << 64 | low;
    require_sound(in, block.weights, sum_w);
    return block;
}

// Every block has a range, the first ones in the order of the blocks, and none could be part of the one
// before; no row is there twice, or a few bytes would be as many rows as a block has
void require_canonical(Reader& in, const std::vector<Range>& ranges, const std::vector<Block>& blocks) {
    uint32_t next = 0;
    const Range* before = nullptr;
    std::vector<Slots> taken(blocks.size());
    for (const Range& range : ranges) {
        if (range.block > next || range.block >= blocks.size())
            in.refuse("range", "is of a block that is not there, or whose turn it is not");
        next = std::max(next, range.block + 1);
        const uint32_t count = blocks[range.block].count;
        if (range.rows == 0 || range.first >= count || range.rows > count - range.first)
            in.refuse("range", "reaches beyond the patients of its block");
        if (before != nullptr && before->block == range.block && before->first + before->rows == range.first)
            in.refuse("range", "could be one with the one before");
        const Slots rows = slots_from(range.first, range.rows);
        if ((taken[range.block] & rows).any()) in.refuse("range", "has a row that is there already");
        taken[range.block] |= rows;
        before = &range;
    }
    if (next != blocks.size()) in.refuse("blocks", "are more than have rows");
}

// Without the tables of a transform, which stay: whoever sends batches must not choose how many there are
void require_residues(const Shape& shape, std::span<const uint8_t> bytes, size_t number) {
    std::vector<uint64_t> words(kRing);
    try {
        for (const uint64_t q : shape.primes) {
            const ring::Modulus modulus = ring::Modulus::of(q);
            const size_t size = ring::packed_size(modulus, kRing);
            ring::unpack(modulus, bytes.first(size), kRing, words.data());
            bytes = bytes.subspan(size);
        }
    } catch (const Error& e) {
        fail(e.kind(), "ciphertext batch: block " + std::to_string(number) + ", ct_0: " + e.what());
    }
}

}  // namespace

std::vector<SharedBytes> CiphertextBatch::pieces() const {
    Writer head;
    head.bytes(public_key_id_).u32(shape_.n).u8(kLogRing).u8(static_cast<uint8_t>(shape_.b));
    head.u8(static_cast<uint8_t>(shape_.primes.size()));
    for (const uint64_t q : shape_.primes) head.u64(q);
    head.u64(shape_.sum_w)
        .u8(combined_)
        .u32(static_cast<uint32_t>(blocks_.size()))
        .u32(static_cast<uint32_t>(ranges_.size()));
    for (const auto& block : blocks_) {
        head.u32(block->count);
        const Weights& w = block->weights;
        if (combined_) head.u64(w.pos).u64(w.neg).u64(static_cast<uint64_t>(w.square)).u64(w.square >> 64);
    }
    for (const Range& range : ranges_) head.u32(range.block).u32(range.first).u32(range.rows);
    std::vector<SharedBytes> out = {SharedBytes::of(head.take())};
    for (const auto& block : blocks_) out.push_back(block->bytes);
    return out;
}

CiphertextBatch CiphertextBatch::from_bytes(const SharedBytes& data) {
    Reader in(data.span(), "ciphertext batch");
    const Id id = in.array<32>("public key id");
    CiphertextBatch out(id, read_shape(in));
    const uint8_t combined = in.u8("combined");
    if (combined > 1) in.refuse("combined", "is neither 0 nor 1");
    const uint32_t count = in.u32("blocks"), parts = in.u32("ranges");
    if (combined == 1 && count == 0) in.refuse("combined", "is 1, and there are no rows");
    in.require_items(count, combined ? 36 : 4, "blocks");
    std::vector<Block> blocks(count);
    for (Block& block : blocks) block = read_head(in, combined == 1, out.shape_.sum_w);
    in.require_items(parts, 12, "ranges");
    std::vector<Range> ranges(parts);
    for (Range& range : ranges) {
        range.block = in.u32("range");
        range.first = in.u32("range");
        range.rows = in.u32("range");
    }
    require_canonical(in, ranges, blocks);
    for (Block& block : blocks) {
        const size_t size = out.shape_.block_size(block.count), at = in.offset();
        in.bytes(size, "block");
        block.bytes = data.part(at, size);
    }
    in.finish();
    parallel_for(count, [&](size_t j) { require_residues(out.shape_, blocks[j].bytes.span(), j); });
    std::vector<std::shared_ptr<const Block>> shared;
    for (Block& block : blocks) shared.push_back(std::make_shared<const Block>(std::move(block)));
    for (const Range& range : ranges) out.append(shared[range.block], range.first, range.rows);
    out.combined_ = combined == 1;
    return out;
}

}  // namespace pyfe::ipfe_rlwe
