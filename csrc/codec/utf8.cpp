#include "pyfe/codec/utf8.hpp"

namespace pyfe {
namespace {

// The number of bytes of a sequence that starts with this one, and the range of the byte that follows it
// (Unicode 15, table 3-7): no overlong form, no surrogate, nothing beyond U+10FFFF
struct Sequence {
    std::size_t size;
    std::uint8_t low = 0x80, high = 0xbf;
};

Sequence sequence_of(std::uint8_t first) {
    if (first < 0x80) return {1};
    if (first >= 0xc2 && first <= 0xdf) return {2};
    if (first == 0xe0) return {3, 0xa0, 0xbf};
    if (first == 0xed) return {3, 0x80, 0x9f};
    if (first >= 0xe1 && first <= 0xef) return {3};
    if (first == 0xf0) return {4, 0x90, 0xbf};
    if (first >= 0xf1 && first <= 0xf3) return {4};
    if (first == 0xf4) return {4, 0x80, 0x8f};
    return {0};
}

}  // namespace

bool is_utf8(std::span<const std::uint8_t> bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        const Sequence s = sequence_of(bytes[at]);
        if (s.size == 0 || s.size > bytes.size() - at) return false;
        if (s.size > 1 && (bytes[at + 1] < s.low || bytes[at + 1] > s.high)) return false;
        for (std::size_t i = 2; i < s.size; ++i)
            if ((bytes[at + i] & 0xc0) != 0x80) return false;
        at += s.size;
    }
    return true;
}

}  // namespace pyfe
