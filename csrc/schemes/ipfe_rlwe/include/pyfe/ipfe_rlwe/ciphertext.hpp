// Ciphertexts of inner products from Ring-LWE. A block is one ciphertext, up to N patients; a batch is some
// rows of some blocks. Byte forms: docs/math/rlwe.md, "The wire".
#pragma once
#include <atomic>
#include <bitset>
#include <map>
#include <memory>
#include <optional>
#include <set>

#include "pyfe/base/shared_bytes.hpp"
#include "pyfe/ipfe_rlwe/margin.hpp"

namespace pyfe::ipfe_rlwe {

constexpr size_t kTile = 64;  // slots that are stored together
constexpr size_t tiles_for(size_t count) { return (count + kTile - 1) / kTile; }

// What says how the bytes of a ciphertext lie, and how much may be added
struct Shape {
    uint32_t n = 0;
    unsigned b = 0;
    std::vector<uint64_t> primes;
    uint64_t sum_w = 1;

    static Shape of(const Parameters& p) { return {static_cast<uint32_t>(p.n()), p.b, p.primes, p.sum_w}; }
    size_t shared_size() const;                           // bytes of ct_0
    size_t column_size() const { return kTile / 8 * b; }  // of a feature of a tile
    size_t tile_size() const { return column_size() * n; }
    size_t block_size(size_t count) const { return shared_size() + tiles_for(count) * tile_size(); }
    bool operator==(const Shape&) const = default;
};

struct Block;

// What a sum is made of, where this process formed it. Empty: no sum, or one that came as bytes
struct Sources {
    std::set<Id> shared;  // hashes of ct_0: whether two are known to differ decides how W2 adds up
    // Single ciphertexts. Not by their ct_0: two may have one, and other fractions
    std::set<std::shared_ptr<const Block>> blocks;

    bool empty() const { return blocks.empty(); }
};

// The keys that accepted a ciphertext in this process. Without a lock, which a fork could leave held
class Accepted {
  public:
    Accepted() = default;
    Accepted(const Accepted&) = delete;
    Accepted& operator=(const Accepted&) = delete;
    ~Accepted();

    bool by(const std::weak_ptr<const void>& key) const;
    void add(const std::shared_ptr<const void>& key);
    std::vector<std::weak_ptr<const void>> keys() const;

  private:
    struct Node {
        std::weak_ptr<const void> key;
        Node* next;
    };
    std::atomic<Node*> first_ = nullptr;
};

// One ciphertext: ct_0 packed in the transform domain, then its tiles, n columns of 64 fractions each
struct Block {
    uint32_t count = 0;  // patients, slots 0 .. count - 1
    Weights weights;
    SharedBytes bytes;
    Sources sources;
    std::shared_ptr<Accepted> accepted = std::make_shared<Accepted>();

    bool is_sum() const { return weights != Weights{}; }
    size_t slots() const { return kTile * tiles_for(count); }
};

using Slots = std::bitset<kRing>;
inline Slots slots_from(uint32_t first, uint32_t rows) { return ~Slots() >> (kRing - rows) << first; }

class CiphertextBatch {
  public:
    // Rows of one block that follow each other
    struct Range {
        uint32_t block, first, rows;
    };

    CiphertextBatch(const Id& public_key_id, Shape shape)
        : public_key_id_(public_key_id), shape_(std::move(shape)) {}

    const Id& public_key_id() const { return public_key_id_; }
    const Shape& shape() const { return shape_; }
    size_t n() const { return shape_.n; }
    size_t size() const { return size_; }
    size_t byte_size() const;
    bool combined() const { return combined_; }
    // Whether this process formed every sum in it, or somebody vouches for those that came as bytes: all
    // others carry the key out, whatever their weights say
    bool formed() const;
    // The same batch, for whose sums somebody vouches who has the key and accepted with it each ciphertext
    // that they are made of. Not of its slices, joins and sums, and not on the wire
    CiphertextBatch vouched() const;
    // Whether it was formed here, and one key accepted all of its sums: then who has that key can vouch
    bool accepted() const;
    const std::vector<std::shared_ptr<const Block>>& blocks() const { return blocks_; }
    const std::vector<Range>& ranges() const { return ranges_; }

    // Blocks that are opened where `step` rows after the other are cut out and decrypted: each opens all that
    // it has rows of. Whoever wrote the ranges chose it
    size_t opened_in_steps(size_t step) const;

    void append(std::shared_ptr<const Block> block, uint32_t first, uint32_t rows);
    void append_whole(Block block);

    // Neither copies a block. A slice keeps its blocks whole. Rows that are there already get a block of
    // their own, of the same bytes: no row of a block is there twice, so that rows cost bytes on the wire.
    CiphertextBatch slice(size_t start, size_t stop) const;
    static CiphertextBatch concat(const std::vector<const CiphertextBatch*>& parts);
    // Slot by slot sum_l w_l part_l; all parts hold the same slots of blocks that count as many patients.
    // Public weights; vartime in them. Error(out_of_range), before anything is computed, for W1 > sum_w.
    static CiphertextBatch combine_vartime(const std::vector<const CiphertextBatch*>& parts,
                                           std::span<const int64_t> w);

    // public key id | u32 n | u8 log2 N | u8 b | u8 k | u64 q_1 .. q_k | u64 sum_w | u8 combined | u32 blocks
    // | u32 ranges | (u32 count | (u64 w+ | u64 w- | u64 x 2 W2), if combined) x blocks
    // | (u32 block | u32 first | u32 rows) x ranges | blocks
    Bytes to_bytes() const { return joined(pieces()); }
    std::vector<SharedBytes> pieces() const;  // of the same, the blocks where they lie
    // Checks every residue of every ct_0; every fraction is one. The batch keeps `data`.
    static CiphertextBatch from_bytes(const SharedBytes& data);
    static CiphertextBatch from_bytes(std::span<const uint8_t> data) {
        return from_bytes(SharedBytes::copy(data));
    }

  private:
    uint32_t number_for(std::shared_ptr<const Block> block, uint32_t first, uint32_t rows);

    Id public_key_id_;
    Shape shape_;
    std::vector<std::shared_ptr<const Block>> blocks_;
    std::vector<Range> ranges_;
    std::vector<Slots> taken_;                         // of every block: which of its rows are there
    std::multimap<const uint8_t*, uint32_t> numbers_;  // of the blocks with these bytes
    size_t size_ = 0;
    bool combined_ = false, vouched_ = false;
};

}  // namespace pyfe::ipfe_rlwe
