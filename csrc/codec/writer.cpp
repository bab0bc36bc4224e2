#include "pyfe/codec/writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "pyfe/base/secret.hpp"

namespace pyfe {

Writer::Writer(std::size_t expected_size) { out_.reserve(expected_size); }

Writer::~Writer() { secure_zero(out_.data(), out_.size()); }

// The vector would free its old storage unwiped.
void Writer::make_room(std::size_t more) {
    if (more <= out_.capacity() - out_.size()) return;
    std::vector<std::uint8_t> larger;
    larger.reserve(std::max(out_.size() + more, 2 * out_.capacity()));
    larger.assign(out_.begin(), out_.end());
    secure_zero(out_.data(), out_.size());
    out_ = std::move(larger);
}

template <class T>
Writer& Writer::integer(T value) {
    std::array<std::uint8_t, sizeof(T)> raw;
    for (std::size_t i = 0; i < sizeof(T); ++i) raw[i] = static_cast<std::uint8_t>(value >> (8 * i));
    return bytes(raw);
}

Writer& Writer::u8(std::uint8_t value) { return integer(value); }
Writer& Writer::u16(std::uint16_t value) { return integer(value); }
Writer& Writer::u32(std::uint32_t value) { return integer(value); }
Writer& Writer::u64(std::uint64_t value) { return integer(value); }
Writer& Writer::i64(std::int64_t value) { return integer(static_cast<std::uint64_t>(value)); }
Writer& Writer::f64(double value) { return integer(std::bit_cast<std::uint64_t>(value)); }

Writer& Writer::bytes(std::span<const std::uint8_t> data) {
    make_room(data.size());
    out_.insert(out_.end(), data.begin(), data.end());
    return *this;
}

std::vector<std::uint8_t> Writer::take() { return std::exchange(out_, {}); }

}  // namespace pyfe
