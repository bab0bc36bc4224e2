#include "pyfe/codec/file_pieces.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>

#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/codec/crc32.hpp"

namespace pyfe {
namespace {

constexpr std::size_t kPart = std::size_t{1} << 17;  // which the second cache of a core holds

void read_exactly(int file, std::uint64_t at, std::span<std::uint8_t> to) {
    while (!to.empty()) {
        const ssize_t got = ::pread(file, to.data(), to.size(), static_cast<off_t>(at));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(ErrorKind::decode, std::string("the file cannot be read: ") + std::strerror(errno));
        if (got == 0) fail(ErrorKind::decode, "the file ends before its rows do");
        at += static_cast<std::uint64_t>(got);
        to = to.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace

void read_pieces(int file, std::span<const FilePiece> pieces, std::uint8_t* to) {
    for (const FilePiece& piece : pieces) {
        std::uint32_t crc = 0;
        for (std::uint64_t done = 0; done < piece.size;) {
            checkpoint();
            const std::span<std::uint8_t> part(to, std::min<std::uint64_t>(kPart, piece.size - done));
            read_exactly(file, piece.at + done, part);
            if (piece.crc) crc = crc32(part, crc);
            done += part.size(), to += part.size();
        }
        if (piece.crc && crc != *piece.crc)
            fail(ErrorKind::decode, "the rows are damaged: their checksum is another");
    }
}

}  // namespace pyfe
