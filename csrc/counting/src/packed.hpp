// The answers of all rows to several scores, side by side in few words: a row is looked up once for all of
// them, and rows agree in all answers where they agree in all words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pyfe::counting {

// Where the answers to one score lie; they are 0 .. width
struct Lane {
    std::size_t word;
    unsigned shift;
    std::uint64_t width, mask;

    std::uint64_t of(std::uint64_t packed) const { return (packed >> shift) & mask; }
};

struct Packed {
    std::size_t count;
    std::vector<Lane> lanes;                        // [scores]
    std::vector<std::vector<std::uint64_t>> words;  // each [count]

    std::uint64_t answer(std::size_t score, std::size_t row) const {
        return lanes[score].of(words[lanes[score].word][row]);
    }
};

// Lanes for answers up to these, each in the first word that has room after its predecessor's
std::vector<Lane> lanes_for(std::span<const std::uint64_t> widths);
std::size_t words_of(std::span<const Lane> lanes);

// Of each answer the tenth, 0..9, of all answers to its score
Packed tenths_of(const Packed& answers);

}  // namespace pyfe::counting
