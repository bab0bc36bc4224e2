// Little-endian writing; the mirror of Reader.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace pyfe {

// A writer may hold key material, so it wipes what it outgrows and what it still holds at the end. take()
// hands the bytes over: wiping them is then the caller's task.
class Writer {
  public:
    Writer() = default;
    explicit Writer(std::size_t expected_size);
    ~Writer();
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;

    Writer& u8(std::uint8_t value);
    Writer& u16(std::uint16_t value);
    Writer& u32(std::uint32_t value);
    Writer& u64(std::uint64_t value);
    Writer& i64(std::int64_t value);
    Writer& f64(double value);
    Writer& bytes(std::span<const std::uint8_t> data);

    std::size_t size() const { return out_.size(); }
    std::vector<std::uint8_t> take();

  private:
    template <class T>
    Writer& integer(T value);
    void make_room(std::size_t more);

    std::vector<std::uint8_t> out_;
};

}  // namespace pyfe
