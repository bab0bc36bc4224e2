#include "pyfe/base/shared_bytes.hpp"

#include <algorithm>
#include <cstring>

#include "pyfe/base/interrupt.hpp"

namespace pyfe {

void copy_in_pieces(std::span<const std::uint8_t> from, std::uint8_t* to) {
    constexpr std::size_t piece = std::size_t{1} << 24;
    for (std::size_t at = 0; at < from.size(); at += piece) {
        checkpoint();
        std::memcpy(to + at, from.data() + at, std::min(piece, from.size() - at));
    }
}

SharedBytes SharedBytes::copy(std::span<const std::uint8_t> bytes) {
    auto [made, out] = to_write(bytes.size());
    copy_in_pieces(bytes, out);
    return made;
}

SharedBytes SharedBytes::of(std::vector<std::uint8_t> bytes) {
    const auto owner = std::make_shared<const std::vector<std::uint8_t>>(std::move(bytes));
    return {owner, *owner};
}

std::vector<std::uint8_t> joined(std::span<const SharedBytes> pieces) {
    std::size_t size = 0;
    for (const SharedBytes& piece : pieces) size += piece.size();
    std::vector<std::uint8_t> out;
    out.reserve(size);
    for (const SharedBytes& piece : pieces) {
        checkpoint();
        out.insert(out.end(), piece.span().begin(), piece.span().end());
    }
    return out;
}

}  // namespace pyfe
