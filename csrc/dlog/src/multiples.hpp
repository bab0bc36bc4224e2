// Multiples of the base, for every group.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pyfe/base/interrupt.hpp"

namespace pyfe::dlog {

constexpr uint64_t magnitude(int64_t d) {
    return d < 0 ? 0 - static_cast<uint64_t>(d) : static_cast<uint64_t>(d);
}

// d B in every lane
template <class G>
typename G::Block everywhere(const G& group, int64_t d) {
    typename G::Block out;
    group.multiply(&d, 1, magnitude(d), &out);
    return out;
}

// unit B, 2 unit B, .. count unit B; whole blocks
template <class G>
std::vector<typename G::Block> progression(const G& group, int64_t unit, size_t count) {
    std::vector<typename G::Block> out((count + 7) / 8);
    if (count == 0) return out;
    int64_t first[8];
    for (int64_t j = 0; j < 8; ++j) first[j] = unit * (j + 1);
    group.multiply(first, 8, magnitude(first[7]), out.data());
    const typename G::Block eight = everywhere(group, 8 * unit);
    for (size_t b = 1; b < out.size(); ++b) {
        checkpoint();
        group.add(out[b - 1], eight, out[b]);
    }
    return out;
}

// Tables of j 2^(8 row) B, 0 <= j < 256, for groups that have no fixed-base multiplication of their own. Ops
// has Block, one array of rows of eight words; add, negate and identity. Exponents are public: the table is
// read where they say.
template <class Ops>
class FixedBase {
  public:
    using Block = typename Ops::Block;

    // base: in every lane
    FixedBase(const Ops& ops, const Block& base) : ops_(ops) {
        Block row_base = base;
        for (size_t row = 0; row < kRows; ++row) {
            Block first, multiple, eight;
            ops_.identity(first);
            multiple = first;
            for (size_t lane = 1; lane < 8; ++lane) {
                ops_.add(multiple, row_base, multiple);
                copy_lane(multiple, lane, first, lane);
            }
            ops_.add(multiple, row_base, eight);
            table_.push_back(first);
            for (size_t b = 1; b < kRowBlocks; ++b) {
                Block next;
                ops_.add(table_.back(), eight, next);
                table_.push_back(next);
            }
            for (int i = 0; i < 5; ++i) ops_.add(eight, eight, eight);  // 256 = 8 * 2^5
            row_base = eight;
        }
    }

    // out = d_j B in lanes, |d_j| <= bound; spare lanes repeat the last one
    void multiply(const int64_t* d, size_t count, uint64_t bound, Block* out) const {
        for (size_t b = 0; 8 * b < count; ++b) {
            int64_t lanes[8];
            for (size_t j = 0; j < 8; ++j) lanes[j] = d[std::min(8 * b + j, count - 1)];
            multiply_block(lanes, bound, out[b]);
        }
    }

  private:
    static constexpr size_t kRows = 8, kRowBlocks = 32;

    static void copy_lane(const Block& from, size_t from_lane, Block& to, size_t to_lane) {
        const auto* in = reinterpret_cast<const uint64_t*>(&from);
        auto* out = reinterpret_cast<uint64_t*>(&to);
        for (size_t row = 0; row < sizeof(Block) / 64; ++row)
            out[8 * row + to_lane] = in[8 * row + from_lane];
    }
    void multiply_block(const int64_t (&d)[8], uint64_t bound, Block& out) const {
        ops_.identity(out);
        for (size_t row = 0; row < kRows && bound >> (8 * row) != 0; ++row) {
            Block entry;
            for (size_t j = 0; j < 8; ++j) {
                const size_t digit = magnitude(d[j]) >> (8 * row) & 255;
                copy_lane(table_[row * kRowBlocks + digit / 8], digit % 8, entry, j);
            }
            if (row == 0)
                out = entry;
            else
                ops_.add(out, entry, out);
        }
        Block negative;
        ops_.negate(out, negative);
        for (size_t j = 0; j < 8; ++j)
            if (d[j] < 0) copy_lane(negative, j, out, j);
    }

    Ops ops_;
    std::vector<Block> table_;
};

}  // namespace pyfe::dlog
