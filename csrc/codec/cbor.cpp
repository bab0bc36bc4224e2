#include "pyfe/codec/cbor.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "pyfe/codec/reader.hpp"

namespace pyfe {
namespace {

enum Major : std::uint8_t { unsigned_int, negative_int, octets, text, list, map, tag, simple };

struct Head {
    Major major;
    std::uint64_t argument;
};

// A map or list whose items are still to come
struct Open {
    bool is_map;
    std::uint64_t remaining;  // items, a key and its value being two
    std::span<const std::uint8_t> last_key;
};

std::uint64_t big_endian(std::span<const std::uint8_t> bytes) {
    std::uint64_t value = 0;
    for (const std::uint8_t byte : bytes) value = (value << 8) | byte;
    return value;
}

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

class Scanner {
  public:
    Scanner(std::span<const std::uint8_t> data, std::string_view object, std::uint64_t budget)
        : data_(data), in_(data, object), budget_(budget) {}

    void run() {
        item();
        while (depth_ > 0) {
            if (open_[depth_ - 1].remaining == 0) {
                --depth_;
                continue;
            }
            --open_[depth_ - 1].remaining;
            // An even number is left after a key.
            if (open_[depth_ - 1].is_map && open_[depth_ - 1].remaining % 2 == 1)
                key(open_[depth_ - 1]);
            else
                item();
        }
        in_.finish();
    }

  private:
    [[noreturn]] void refuse(const std::string& reason) const { in_.refuse("metadata", reason); }

    void pay(std::uint64_t cost) {
        if (cost > budget_) refuse("holds too many items");
        budget_ -= cost;
    }

    Head head() {
        const std::uint8_t first = in_.u8("metadata");
        const auto major = static_cast<Major>(first >> 5);
        const unsigned info = first & 31;
        const bool constant = info >= 20 && info <= 22;  // false, true, null
        if (major == tag || info > 27 || (major == simple && !constant))
            refuse("holds a tag, a float or an item of indefinite length");
        if (info < 24) return {major, info};
        const unsigned size = 1U << (info - 24);
        const std::uint64_t argument = big_endian(in_.bytes(size, "metadata"));
        // A shorter form would have held it.
        const std::uint64_t least = size == 1 ? 24 : std::uint64_t{1} << (4 * size);
        if (argument < least) refuse("is not in its canonical encoding");
        return {major, argument};
    }

    void item() {
        const Head h = head();
        pay(h.major == list || h.major == map ? cbor_container_cost : 1);
        if (h.major == negative_int && h.argument > INT64_MAX) refuse("holds an integer beyond 64 bits");
        if (h.major == octets || h.major == text) string(h);
        if (h.major == list || h.major == map) open(h);
    }

    void string(const Head& h) {
        const auto bytes = in_.bytes(h.argument, "metadata");
        if (h.major == text && !is_utf8(bytes)) refuse("holds text that is not UTF-8");
    }

    void open(const Head& h) {
        if (depth_ == cbor_max_depth) refuse("holds more than " + std::to_string(cbor_max_depth) + " levels");
        in_.require_items(h.argument, h.major == map ? 2 : 1, "metadata");
        open_[depth_++] = {h.major == map, h.major == map ? 2 * h.argument : h.argument, {}};
    }

    void key(Open& in_map) {
        const std::size_t start = in_.offset();
        const Head h = head();
        if (h.major != text) refuse("holds a map with a key that is not text");
        pay(1);
        string(h);
        const auto encoded = data_.subspan(start, in_.offset() - start);
        if (!in_map.last_key.empty() && !std::ranges::lexicographical_compare(in_map.last_key, encoded))
            refuse("is not in its canonical encoding: a key is out of order, or there twice");
        in_map.last_key = encoded;
    }

    std::span<const std::uint8_t> data_;
    Reader in_;
    std::uint64_t budget_;
    std::array<Open, cbor_max_depth> open_{};
    std::size_t depth_ = 0;
};

}  // namespace

void require_deterministic_cbor(std::span<const std::uint8_t> data, std::string_view object,
                                std::uint64_t budget) {
    Scanner(data, object, budget).run();
}

}  // namespace pyfe
