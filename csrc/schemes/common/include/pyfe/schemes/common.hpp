// What all schemes share: identities, integer matrices, and the boxes that vectors lie in.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pyfe/base/interval.hpp"
#include "pyfe/codec/reader.hpp"
#include "pyfe/codec/writer.hpp"

namespace pyfe::schemes {

using Id = std::array<uint8_t, 32>;
using Bytes = std::vector<uint8_t>;

// SHA-256( u32 length of the tag | tag | data )
Id tagged_hash(std::string_view tag, std::span<const uint8_t> data);

struct IntMatrix {
    const int64_t* data;
    size_t rows, columns;
};

// Both ends of a result's interval lie within +-2^62. How wide it may be is the scheme's: what its decryption
// can span.
constexpr int64_t kMaxEnd = int64_t{1} << 62;
constexpr size_t kIntervalSize = 16;  // bytes: i64 lo | i64 hi
// Error(decode) unless lo <= hi, hi - lo <= widest and both lie within +-kMaxEnd. widest: a power of two
Interval read_interval(Reader& in, uint64_t widest);

constexpr uint64_t magnitude(int64_t v) {
    return v < 0 ? 0 - static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
}

// lo_i <= v_i <= hi_i
struct Box {
    std::vector<int64_t> lo, hi;

    size_t size() const { return lo.size(); }
    uint64_t largest_magnitude() const;
    // Error(parameter), in which the vector has this name, when it is empty or an end exceeds the other
    void require_valid(const std::string& name) const;
    // Error(out_of_range) naming the first row and coordinate outside; constant-time while all are inside
    void require_inside(const IntMatrix& v, const std::string& name) const;
    // i64 lo[n] | i64 hi[n]
    void write(Writer& out) const;
    static Box read(Reader& in, uint32_t n);
};

}  // namespace pyfe::schemes
