#include "pyfe/schemes/common.hpp"

#include <algorithm>
#include <bit>

#include "pyfe/base/ctcheck.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/interrupt.hpp"
#include "pyfe/hash/sha2.hpp"

namespace pyfe::schemes {
namespace {

// 1 when a < b, without a branch: the sign of a - b where that does not overflow, of a where it does
uint64_t less(int64_t a, int64_t b) {
    const uint64_t x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b), d = x - y;
    return (d ^ ((x ^ y) & (d ^ x))) >> 63;
}

uint64_t outside(const Box& box, int64_t v, size_t i) { return less(v, box.lo[i]) | less(box.hi[i], v); }

}  // namespace

Id tagged_hash(std::string_view tag, std::span<const uint8_t> data) {
    Writer w;
    w.u32(static_cast<uint32_t>(tag.size()));
    w.bytes({reinterpret_cast<const uint8_t*>(tag.data()), tag.size()});
    w.bytes(data);
    return sha256(w.take());
}

Interval read_interval(Reader& in, uint64_t widest) {
    const int64_t lo = in.i64("interval"), hi = in.i64("interval");
    if (lo > hi) in.refuse("interval", "has its lower end above its upper one");
    if (__int128{hi} - lo > __int128{widest} || lo < -kMaxEnd || hi > kMaxEnd)
        in.refuse("interval", "is wider than 2^" + std::to_string(std::bit_width(widest) - 1) +
                                  " or reaches beyond 2^62");
    return {lo, hi};
}

uint64_t Box::largest_magnitude() const {
    uint64_t bound = 0;
    for (size_t i = 0; i < size(); ++i) bound = std::max({bound, magnitude(lo[i]), magnitude(hi[i])});
    return bound;
}

void Box::require_valid(const std::string& name) const {
    if (lo.empty()) fail(ErrorKind::parameter, "parameters: n is 0, must be at least 1");
    if (lo.size() > UINT32_MAX) fail(ErrorKind::parameter, "parameters: n does not fit in 32 bits");
    if (hi.size() != lo.size())
        fail(ErrorKind::parameter, "parameters: " + name + "_lo has " + std::to_string(lo.size()) +
                                       " entries, " + name + "_hi " + std::to_string(hi.size()));
    for (size_t i = 0; i < size(); ++i)
        if (lo[i] > hi[i])
            fail(ErrorKind::parameter, "parameters: coordinate " + std::to_string(i) + ": " + name +
                                           "_lo = " + std::to_string(lo[i]) + " exceeds " + name +
                                           "_hi = " + std::to_string(hi[i]));
}

// Only whether some entry is outside becomes known while all are inside; the search for it runs on refused
// input.
void Box::require_inside(const IntMatrix& v, const std::string& name) const {
    uint64_t bad = 0;
    for (size_t row = 0; row < v.rows; ++row) {
        if (row % 64 == 0) checkpoint();
        for (size_t i = 0; i < v.columns; ++i) bad |= outside(*this, v.data[row * v.columns + i], i);
    }
    declassify(&bad, sizeof bad);
    for (size_t j = 0; bad != 0 && j < v.rows * v.columns; ++j) {
        const size_t row = j / v.columns, i = j % v.columns;
        if (outside(*this, v.data[j], i))
            fail(ErrorKind::out_of_range, name + ": row " + std::to_string(row) + ", coordinate " +
                                              std::to_string(i) + " is outside [" + std::to_string(lo[i]) +
                                              ", " + std::to_string(hi[i]) + "]");
    }
}

void Box::write(Writer& out) const {
    for (const int64_t v : lo) out.i64(v);
    for (const int64_t v : hi) out.i64(v);
}

Box Box::read(Reader& in, uint32_t n) {
    in.require_items(n, 16, "bounds");
    Box box{std::vector<int64_t>(n), std::vector<int64_t>(n)};
    for (int64_t& v : box.lo) v = in.i64("lower bounds");
    for (int64_t& v : box.hi) v = in.i64("upper bounds");
    return box;
}

}  // namespace pyfe::schemes
