#pragma once
#include "pyfe/toy/keys.hpp"

namespace pyfe::toy {

// Packed: kBlockRows rows share the r of their block. A slice keeps whole blocks, and which rows of them it
// is.
class CiphertextBatch {
  public:
    static constexpr size_t kBlockRows = 4;

    struct Block {
        Number r = 0;
        std::vector<Number> e;  // [kBlockRows][n]
    };
    struct Place {
        uint32_t block;
        uint8_t slot;
    };

    Id public_key_id{};
    size_t n = 0;
    std::vector<Block> blocks;
    std::vector<Place> places;  // of each row

    size_t size() const { return places.size(); }
    size_t bytes() const { return 16 * blocks.size() * (1 + kBlockRows * n); }
    Number r(size_t row) const { return blocks[places[row].block].r; }
    const Number* e(size_t row) const { return &blocks[places[row].block].e[places[row].slot * n]; }

    CiphertextBatch slice(size_t start, size_t stop) const;
    static CiphertextBatch concat(const std::vector<const CiphertextBatch*>& parts);

    // public key id | u32 n | u32 blocks | u32 rows | (u32 block | u8 slot) x rows | (r | e) x blocks
    Bytes to_bytes() const;
    static CiphertextBatch from_bytes(std::span<const uint8_t> data);
};

}  // namespace pyfe::toy
