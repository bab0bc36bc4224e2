#include "pyfe/ipfe_rlwe/ciphertext.hpp"

#include <algorithm>
#include <utility>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/schemes/rows.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

void require_same_key(const CiphertextBatch& a, const CiphertextBatch& b, const char* what) {
    if (a.public_key_id() != b.public_key_id() || a.shape() != b.shape())
        fail(ErrorKind::key_mismatch, std::string(what) + ": the batches are under different public keys");
}

bool same(const std::weak_ptr<const void>& a, const std::weak_ptr<const void>& b) {
    return !a.owner_before(b) && !b.owner_before(a);
}

}  // namespace

Accepted::~Accepted() {
    for (Node* node = first_.load(); node != nullptr;) delete std::exchange(node, node->next);
}

bool Accepted::by(const std::weak_ptr<const void>& key) const {
    for (const Node* node = first_.load(); node != nullptr; node = node->next)
        if (same(node->key, key)) return true;
    return false;
}

void Accepted::add(const std::shared_ptr<const void>& key) {
    if (by(key)) return;
    Node* const node = new Node{key, first_.load()};
    while (!first_.compare_exchange_weak(node->next, node)) {
    }
}

std::vector<std::weak_ptr<const void>> Accepted::keys() const {
    std::vector<std::weak_ptr<const void>> out;
    for (const Node* node = first_.load(); node != nullptr; node = node->next) out.push_back(node->key);
    return out;
}

size_t Shape::shared_size() const {
    size_t bits = 0;
    for (const uint64_t q : primes) bits += static_cast<size_t>(std::bit_width(q));
    return kRing / 8 * bits;
}

size_t CiphertextBatch::byte_size() const {
    size_t all = 0;
    for (const auto& block : blocks_) all += block->bytes.size();
    return all;
}

bool CiphertextBatch::formed() const {
    return vouched_ || std::ranges::none_of(blocks_, [](const auto& block) {
               return block->is_sum() && block->sources.empty();
           });
}

CiphertextBatch CiphertextBatch::vouched() const {
    CiphertextBatch out = *this;
    out.vouched_ = true;
    return out;
}

bool CiphertextBatch::accepted() const {
    if (vouched_ || !formed()) return false;
    const auto sum = std::ranges::find_if(blocks_, [](const auto& block) { return block->is_sum(); });
    if (sum == blocks_.end()) return true;
    return std::ranges::any_of((*sum)->accepted->keys(), [&](const auto& key) {
        return std::ranges::all_of(
            blocks_, [&](const auto& block) { return !block->is_sum() || block->accepted->by(key); });
    });
}

void CiphertextBatch::append(std::shared_ptr<const Block> block, uint32_t first, uint32_t rows) {
    if (rows == 0) return;
    size_ += rows;
    combined_ = combined_ || block->is_sum();
    const uint32_t number = number_for(std::move(block), first, rows);
    if (!ranges_.empty() && ranges_.back().block == number &&
        ranges_.back().first + ranges_.back().rows == first) {
        ranges_.back().rows += rows;  // neighbours become one again
        return;
    }
    ranges_.push_back({number, first, rows});
}

// The first block of these bytes that does not have the rows yet, or else a new one
uint32_t CiphertextBatch::number_for(std::shared_ptr<const Block> block, uint32_t first, uint32_t rows) {
    const Slots wanted = slots_from(first, rows);
    const uint8_t* const bytes = block->bytes.span().data();
    const auto [from, to] = numbers_.equal_range(bytes);
    for (auto known = from; known != to; ++known) {
        Slots& taken = taken_[known->second];
        if (blocks_[known->second] != block || (taken & wanted).any()) continue;
        taken |= wanted;
        return known->second;
    }
    const auto number = static_cast<uint32_t>(blocks_.size());
    blocks_.push_back(std::move(block));
    taken_.push_back(wanted);
    numbers_.emplace(bytes, number);
    return number;
}

void CiphertextBatch::append_whole(Block block) {
    const uint32_t count = block.count;
    append(std::make_shared<const Block>(std::move(block)), 0, count);
}

size_t CiphertextBatch::opened_in_steps(size_t step) const {
    if (step == 0) fail(ErrorKind::parameter, "a step has one row at least");
    std::vector<size_t> seen(blocks_.size(), SIZE_MAX);  // the last cut that opens a block
    size_t opened = 0, at = 0;
    for (const Range& range : ranges_) {
        for (size_t cut = at / step; cut <= (at + range.rows - 1) / step; ++cut)
            if (std::exchange(seen[range.block], cut) != cut) ++opened;
        at += range.rows;
    }
    return opened;
}

CiphertextBatch CiphertextBatch::slice(size_t start, size_t stop) const {
    schemes::require_slice(start, stop, size());
    CiphertextBatch out(public_key_id_, shape_);
    size_t at = 0;  // row at which a range begins
    for (const Range& range : ranges_) {
        const size_t from = std::max(start, at), to = std::min(stop, at + range.rows);
        if (from < to)
            out.append(blocks_[range.block], range.first + static_cast<uint32_t>(from - at),
                       static_cast<uint32_t>(to - from));
        at += range.rows;
    }
    out.combined_ = combined_ && out.size_ > 0;  // of no rows nothing is combined
    return out;
}

CiphertextBatch CiphertextBatch::concat(const std::vector<const CiphertextBatch*>& parts) {
    if (parts.empty()) fail(ErrorKind::parameter, "concat: no batches");
    CiphertextBatch out(parts[0]->public_key_id_, parts[0]->shape_);
    for (const CiphertextBatch* part : parts) {
        require_same_key(*parts[0], *part, "concat");
        checkpoint();
        for (const Range& range : part->ranges_)
            out.append(part->blocks_[range.block], range.first, range.rows);
        out.combined_ = out.combined_ || (part->combined_ && part->size_ > 0);
    }
    return out;
}

}  // namespace pyfe::ipfe_rlwe
