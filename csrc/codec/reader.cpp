#include "pyfe/codec/reader.hpp"

#include <bit>

#include "pyfe/base/error.hpp"

namespace pyfe {
namespace {

[[noreturn]] void refuse_at(std::string_view object, std::string_view field, std::size_t offset,
                            const std::string& reason) {
    fail(ErrorKind::decode, std::string(object) + ": " + std::string(field) + " at byte " +
                                std::to_string(offset) + ": " + reason);
}

}  // namespace

Reader::Reader(std::span<const std::uint8_t> data, std::string_view object) : data_(data), object_(object) {}

std::span<const std::uint8_t> Reader::bytes(std::uint64_t size, std::string_view field) {
    field_offset_ = offset_;
    if (size > remaining()) {
        refuse(field, "needs " + std::to_string(size) + " bytes, " + std::to_string(remaining()) + " remain");
    }
    const auto out = data_.subspan(offset_, static_cast<std::size_t>(size));
    offset_ += out.size();
    return out;
}

template <class T>
T Reader::integer(std::string_view field) {
    const auto raw = bytes(sizeof(T), field);
    std::uint64_t value = 0;
    for (std::size_t i = sizeof(T); i-- > 0;) value = (value << 8) | raw[i];
    return static_cast<T>(value);
}

std::uint8_t Reader::u8(std::string_view field) { return integer<std::uint8_t>(field); }
std::uint16_t Reader::u16(std::string_view field) { return integer<std::uint16_t>(field); }
std::uint32_t Reader::u32(std::string_view field) { return integer<std::uint32_t>(field); }
std::uint64_t Reader::u64(std::string_view field) { return integer<std::uint64_t>(field); }
std::int64_t Reader::i64(std::string_view field) { return static_cast<std::int64_t>(u64(field)); }
double Reader::f64(std::string_view field) { return std::bit_cast<double>(u64(field)); }

// Division, not multiplication: a hostile count must not overflow the check itself.
void Reader::require_items(std::uint64_t count, std::size_t item_size, std::string_view field) const {
    if (count <= remaining() / item_size) return;
    refuse_at(object_, field, offset_,
              std::to_string(count) + " items of " + std::to_string(item_size) + " bytes do not fit in the " +
                  std::to_string(remaining()) + " bytes that remain");
}

void Reader::finish() const {
    if (remaining() == 0) return;
    refuse_at(object_, "end", offset_, std::to_string(remaining()) + " trailing bytes");
}

void Reader::refuse(std::string_view field, const std::string& reason) const {
    refuse_at(object_, field, field_offset_, reason);
}

}  // namespace pyfe
