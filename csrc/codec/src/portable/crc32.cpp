#include "pyfe/codec/crc32.hpp"

#include <array>
#include <bit>
#include <cstring>

namespace pyfe::crc {
namespace {

static_assert(std::endian::native == std::endian::little, "words are read as they lie");

constexpr std::size_t kSlices = 16;

// [k][byte]: the register after a byte and k zeros
constexpr std::array<std::array<std::uint32_t, 256>, kSlices> kTables = [] {
    std::array<std::array<std::uint32_t, 256>, kSlices> tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t r = byte;
        for (int i = 0; i < 8; ++i) r = r >> 1 ^ (r & 1 ? kPolynomial : 0);
        tables[0][byte] = r;
    }
    for (std::size_t k = 1; k < kSlices; ++k)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t r = tables[k - 1][byte];
            tables[k][byte] = r >> 8 ^ tables[0][r & 255];
        }
    return tables;
}();

// The register after eight bytes that `behind` more follow: each is looked up where it has as many zeros
// behind it
std::uint32_t after(std::uint64_t word, std::size_t behind) {
    std::uint32_t state = 0;
    for (std::size_t k = 0; k < 8; ++k) state ^= kTables[behind + 7 - k][word >> 8 * k & 255];
    return state;
}

std::uint32_t update(std::uint32_t state, const std::uint8_t* data, std::size_t size) {
    for (; size >= kSlices; size -= kSlices, data += kSlices) {
        std::uint64_t words[2];
        std::memcpy(words, data, sizeof words);
        state = after(words[0] ^ state, 8) ^ after(words[1], 0);
    }
    for (; size > 0; --size, ++data) state = state >> 8 ^ kTables[0][(state ^ *data) & 255];
    return state;
}

}  // namespace

const Kernels& portable_kernels() {
    static constexpr Kernels table = {"portable", update};
    return table;
}

}  // namespace pyfe::crc
