#include "pyfe/toy/keys.hpp"

#include <cstring>

#include "pyfe/base/error.hpp"

namespace pyfe::toy {
namespace {

Number reduced(Number a) {
    a = (a & kPrime) + (a >> 127);
    return a >= kPrime ? a - kPrime : a;
}

std::vector<Number> read_all(Reader& in, size_t count, std::string_view field) {
    in.require_items(count, 16, field);
    std::vector<Number> out;
    for (size_t i = 0; i < count; ++i) out.push_back(read(in, field));
    return out;
}

}  // namespace

Number add(Number a, Number b) { return reduced(a + b); }
Number subtract(Number a, Number b) { return reduced(a + (kPrime - b)); }

// 2^127 = 1: of a b = low + 2^64 mid + 2^128 high, 2^64 mid = mid >> 63 and its low bits, 2^128 high = 2 high
Number multiply(Number a, Number b) {
    constexpr Number low63 = (Number{1} << 63) - 1;
    const auto a0 = static_cast<uint64_t>(a), b0 = static_cast<uint64_t>(b);
    const auto a1 = static_cast<uint64_t>(a >> 64), b1 = static_cast<uint64_t>(b >> 64);
    const Number low = Number{a0} * b0, mid = Number{a0} * b1 + Number{a1} * b0, high = Number{a1} * b1;
    return add(add(reduced(low), reduced(((mid & low63) << 64) + (mid >> 63))), reduced(high << 1));
}

Number from_int64(int64_t v) {
    return v < 0 ? kPrime - schemes::magnitude(v) : Number{schemes::magnitude(v)};
}

Number draw(Random& random) {
    Number a;
    do {
        random.fill(reinterpret_cast<uint8_t*>(&a), sizeof a);
        a &= kPrime;
    } while (a == kPrime);
    return a;
}

void write(Writer& out, Number a) { out.u64(static_cast<uint64_t>(a)).u64(static_cast<uint64_t>(a >> 64)); }

Number read(Reader& in, std::string_view field) {
    const uint64_t low = in.u64(field);
    const Number a = Number{in.u64(field)} << 64 | low;
    if (a >= kPrime) in.refuse(field, "is not below 2^127 - 1");
    return a;
}

MasterPublicKey::MasterPublicKey(Parameters p, std::vector<Number> numbers)
    : parameters(std::move(p)), s(std::move(numbers)) {
    id = schemes::tagged_hash("toy-public-key", to_bytes());
}

Bytes MasterPublicKey::to_bytes() const {
    Writer w;
    parameters.write(w);
    for (const Number v : s) write(w, v);
    return w.take();
}

MasterPublicKey MasterPublicKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "public key");
    Parameters p = Parameters::read(in);
    std::vector<Number> s = read_all(in, p.n(), "s");
    in.finish();
    return {std::move(p), std::move(s)};
}

Bytes FunctionKey::to_bytes() const {
    Writer w;
    w.bytes(public_key_id);
    if (readout) w.u32(0).u8(schemes::kLayoutWithReadout);
    w.u32(static_cast<uint32_t>(count)).u32(static_cast<uint32_t>(n));
    for (const int64_t v : y) w.i64(v);
    for (const Interval& i : intervals) w.i64(i.lo).i64(i.hi);
    if (readout) readout->write(w);
    for (const Number v : s_y) write(w, v);
    return w.take();
}

FunctionKey FunctionKey::from_bytes(std::span<const uint8_t> data) {
    Reader in(data, "function key");
    FunctionKey key;
    key.public_key_id = in.array<32>("public key id");
    key.count = in.u32("count");
    const bool has_readout = key.count == 0;
    if (has_readout) {
        schemes::read_layout(in);
        key.count = in.u32("count");
    }
    key.n = in.u32("n");
    if (key.count == 0 || key.n == 0) in.refuse("n", "and the count must be at least 1");
    in.require_items(uint64_t{key.count} * key.n, 8, "y");
    for (size_t j = 0; j < key.count * key.n; ++j) key.y.push_back(in.i64("y"));
    in.require_items(key.count, 32, "intervals");
    for (size_t f = 0; f < key.count; ++f) key.intervals.push_back(schemes::read_interval(in, kWidest));
    if (has_readout) key.readout = Readout::read(in, key.intervals);
    key.s_y = read_all(in, key.count, "s_y");
    in.finish();
    return key;
}

}  // namespace pyfe::toy
