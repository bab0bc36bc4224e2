// What the targets share. A target is one decoder: `decode` gives what it read, written again, and `repair`
// turns bytes of the engine into bytes that get past the first checks. The engine (LLVM's libFuzzer) searches
// for bytes on which a decoder does anything but refuse with Error(decode), or accept exactly what its
// encoder writes.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

namespace pyfe::fuzz {

using Bytes = std::vector<std::uint8_t>;
using View = std::span<const std::uint8_t>;

// Defined by each target. An empty result: this decoder has no encoder.
Bytes decode(View data);
void repair(Bytes& data);

// Writes and reads fields of an input, growing it with zeros where it is too short.
class Fields {
  public:
    explicit Fields(Bytes& data) : data_(data) {}

    std::size_t at() const { return at_; }
    std::uint8_t* skip(std::size_t size) {
        if (data_.size() < at_ + size) data_.resize(at_ + size);
        at_ += size;
        return data_.data() + at_ - size;
    }
    template <class T>
    void put(T value) {
        std::memcpy(skip(sizeof value), &value, sizeof value);
    }
    // The field as it stands, brought into 1 .. most; what is there already stays
    std::uint32_t small(std::uint32_t most) {
        std::uint32_t value;
        std::uint8_t* field = skip(sizeof value);
        std::memcpy(&value, field, sizeof value);
        value = (value % most + most - 1) % most + 1;
        std::memcpy(field, &value, sizeof value);
        return value;
    }
    // How many items of a size the rest holds, at least one and at most `most`
    std::size_t items(std::size_t size, std::size_t before = 0, std::size_t most = 12) const {
        const std::size_t left = data_.size() > at_ + before ? data_.size() - at_ - before : 0;
        return std::min(std::max<std::size_t>(left / size, 1), most);
    }
    // i64 lo[n] | i64 hi[n], small and in order
    void box(std::size_t n) {
        std::uint8_t* lo = skip(16 * n);
        for (std::size_t i = 0; i < n; ++i) order(lo + 8 * i, lo + 8 * (n + i));
    }
    // (i64 lo | i64 hi)[n]
    void intervals(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            std::uint8_t* lo = skip(16);
            order(lo, lo + 8);
        }
    }
    // Scalars below either group order, whose highest byte is the last or the first
    void scalars(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            std::uint8_t* bytes = skip(32);
            bytes[0] &= 0x3f, bytes[31] &= 0x0f;
        }
    }
    // Encodings of points, every one whose first byte is even replaced by a sound one of the pool
    void points(std::size_t n, View pool, std::size_t size) {
        for (std::size_t i = 0; i < n; ++i) {
            std::uint8_t* point = skip(size);
            if (point[0] % 2 == 0)
                std::memcpy(point, pool.data() + size * (point[1] % (pool.size() / size)), size);
        }
    }
    // (i64 intercept | f64 scale | f64 largest error)[n], of ordinary size | u8 link: identity | u8 named | labels
    void readout(std::size_t n) {
        for (std::size_t i = 0; i < n; ++i) {
            skip(8)[7] = 0;
            for (int number = 0; number < 2; ++number) {
                std::uint8_t* bytes = skip(8);
                bytes[7] = 0x3f;
                bytes[6] &= 0xef;
            }
        }
        put<std::uint8_t>(0);
        std::uint8_t* named = skip(1);
        *named &= 1;
        const std::size_t labels = *named == 0 ? 0 : n == 1 ? 2 : n;
        for (std::size_t i = 0; i < labels; ++i) label();
    }
    // u8 type: text | u16 size | up to three ASCII signs
    void label() {
        put<std::uint8_t>(3);
        std::uint8_t* size = skip(2);
        size[0] &= 3;
        size[1] = 0;
        const std::size_t letters = size[0];
        std::uint8_t* text = skip(letters);
        for (std::size_t at = 0; at < letters; ++at) text[at] &= 0x7f;
    }
    // What follows is cut off.
    void finish() { data_.resize(at_); }

  private:
    static void order(std::uint8_t* lo, std::uint8_t* hi) {
        std::int64_t a, b;
        std::memcpy(&a, lo, 8);
        std::memcpy(&b, hi, 8);
        a >>= 4, b >>= 4;
        if (a > b) std::swap(a, b);
        std::memcpy(lo, &a, 8);
        std::memcpy(hi, &b, 8);
    }

    Bytes& data_;
    std::size_t at_ = 0;
};

}  // namespace pyfe::fuzz
