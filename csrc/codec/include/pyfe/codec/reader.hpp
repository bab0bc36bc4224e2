// Bounds-checked reading of little-endian bytes from an untrusted source.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pyfe {

// Every failure is Error(decode) and names the object, the field, its offset and the bound. Neither the bytes
// nor the object's name are copied: both must outlive the reader.
class Reader {
  public:
    Reader(std::span<const std::uint8_t> data, std::string_view object);

    std::uint8_t u8(std::string_view field);
    std::uint16_t u16(std::string_view field);
    std::uint32_t u32(std::string_view field);
    std::uint64_t u64(std::string_view field);
    std::int64_t i64(std::string_view field);
    double f64(std::string_view field);  // IEEE 754 binary64, any of its values
    std::span<const std::uint8_t> bytes(std::uint64_t size, std::string_view field);

    template <std::size_t N>
    std::array<std::uint8_t, N> array(std::string_view field) {
        std::array<std::uint8_t, N> out;
        std::ranges::copy(bytes(N, field), out.begin());
        return out;
    }

    // Refuses a count whose items cannot all be there. Call it before allocating for a count that was read.
    void require_items(std::uint64_t count, std::size_t item_size, std::string_view field) const;

    std::size_t offset() const { return offset_; }
    std::size_t remaining() const { return data_.size() - offset_; }

    // Refuses trailing bytes.
    void finish() const;

    // "<object>: <field> at byte <offset>: <reason>", for the caller's own checks. The offset is that of the
    // field read last.
    [[noreturn]] void refuse(std::string_view field, const std::string& reason) const;

  private:
    template <class T>
    T integer(std::string_view field);

    std::span<const std::uint8_t> data_;
    std::string_view object_;
    std::size_t offset_ = 0;
    std::size_t field_offset_ = 0;
};

}  // namespace pyfe
