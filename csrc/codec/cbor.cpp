#include "pyfe/codec/cbor.hpp"

#include <algorithm>
#include <array>
#include <string>

#include "pyfe/codec/reader.hpp"
#include "pyfe/codec/utf8.hpp"

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

// Walks over items that were checked.
class Walker {
  public:
    explicit Walker(std::span<const std::uint8_t> data) : data_(data) {}

    std::size_t offset() const { return at_; }

    Head head() {
        const std::uint8_t first = data_[at_++];
        const unsigned info = first & 31;
        const std::size_t size = info < 24 ? 0 : std::size_t{1} << (info - 24);
        const std::uint64_t argument = size == 0 ? info : big_endian(take(size));
        return {static_cast<Major>(first >> 5), argument};
    }
    std::span<const std::uint8_t> take(std::size_t size) {
        at_ += size;
        return data_.subspan(at_ - size, size);
    }
    // The whole of the next item, with all that is in it
    std::span<const std::uint8_t> item() {
        const std::size_t start = at_;
        for (std::uint64_t items = 1; items > 0; --items) {
            const Head h = head();
            if (h.major == octets || h.major == text) take(h.argument);
            if (h.major == list || h.major == map) items += h.major == map ? 2 * h.argument : h.argument;
        }
        return data_.subspan(start, at_ - start);
    }

  private:
    std::span<const std::uint8_t> data_;
    std::size_t at_ = 0;
};

}  // namespace

std::span<const std::uint8_t> cbor_entry(std::span<const std::uint8_t> data, std::string_view key,
                                         std::string_view object) {
    require_deterministic_cbor(data, object, cbor_container_cost * data.size());
    Walker in(data);
    const Head all = in.head();
    if (all.major != map) Reader(data, object).refuse("metadata", "is not a map");
    for (std::uint64_t i = 0; i < all.argument; ++i) {
        const auto name = in.take(in.head().argument);
        const auto value = in.item();
        if (std::ranges::equal(name, key)) return value;
    }
    return {};
}

std::optional<std::span<const std::uint8_t>> cbor_octets(std::span<const std::uint8_t> item) {
    if (item.empty()) return std::nullopt;
    Walker in(item);
    const Head h = in.head();
    return h.major == octets ? std::optional(in.take(h.argument)) : std::nullopt;
}

std::optional<std::uint64_t> cbor_unsigned(std::span<const std::uint8_t> item) {
    if (item.empty()) return std::nullopt;
    const Head h = Walker(item).head();
    return h.major == unsigned_int ? std::optional(h.argument) : std::nullopt;
}

void require_deterministic_cbor(std::span<const std::uint8_t> data, std::string_view object,
                                std::uint64_t budget) {
    Scanner(data, object, budget).run();
}

}  // namespace pyfe
