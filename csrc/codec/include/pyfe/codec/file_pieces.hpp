// Pieces of a file, each held against a checksum that stands beside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace pyfe {

struct FilePiece {
    std::uint64_t at, size;
    std::optional<std::uint32_t> crc;  // CRC-32
};

// All pieces one behind the other, to `to`: read once, each part checked while it is in the cache.
// Error(decode) where the file ends before, or cannot be read, or where a piece is not what its checksum
// says.
void read_pieces(int file, std::span<const FilePiece> pieces, std::uint8_t* to);

}  // namespace pyfe
