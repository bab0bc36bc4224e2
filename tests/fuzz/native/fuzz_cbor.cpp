// Metadata. What is accepted is written again by a writer of the target's own, with short heads and sorted keys.
#include <map>
#include <string>

#include "fuzz.hpp"
#include "pyfe/codec/cbor.hpp"

namespace pyfe::fuzz {
namespace {

enum Major : std::uint8_t { unsigned_int, negative_int, octets, text, list, map };

void put_head(Bytes& out, std::uint8_t major, std::uint64_t argument) {
    const int size = argument < 24 ? 0 : argument < 1 << 8 ? 1 : argument < 1 << 16 ? 2 : argument >> 32 == 0 ? 4 : 8;
    const int shorts[] = {0, 24, 25, 0, 26, 0, 0, 0, 27};
    out.push_back(static_cast<std::uint8_t>(major << 5 | (size == 0 ? static_cast<int>(argument) : shorts[size])));
    for (int i = size - 1; i >= 0; --i) out.push_back(static_cast<std::uint8_t>(argument >> 8 * i));
}

std::uint64_t take_head(View data, std::size_t& at) {
    const int size = data[at] % 32 < 24 ? 0 : 1 << (data[at] % 32 - 24);
    std::uint64_t argument = size == 0 ? data[at] % 32 : 0;
    ++at;
    for (int i = 0; i < size; ++i) argument = argument << 8 | data[at++];
    return argument;
}

// Of an item that was accepted
Bytes again(View data, std::size_t& at) {
    const std::uint8_t major = data[at] >> 5;
    Bytes out;
    if (major > map) return {data[at++]};
    const std::uint64_t argument = take_head(data, at);
    put_head(out, major, argument);
    if (major == octets || major == text) {
        out.insert(out.end(), data.begin() + static_cast<std::ptrdiff_t>(at),
                   data.begin() + static_cast<std::ptrdiff_t>(at + argument));
        at += argument;
    }
    std::map<std::string, Bytes> sorted;  // compares as unsigned bytes
    for (std::uint64_t i = 0; major == map && i < argument; ++i) {
        const Bytes key = again(data, at);
        sorted[{key.begin(), key.end()}] = again(data, at);
    }
    for (const auto& [key, value] : sorted) {
        out.insert(out.end(), key.begin(), key.end());
        out.insert(out.end(), value.begin(), value.end());
    }
    for (std::uint64_t i = 0; major == list && i < argument; ++i) {
        const Bytes item = again(data, at);
        out.insert(out.end(), item.begin(), item.end());
    }
    return out;
}

// An item that any bytes stand for: kinds and counts are taken from them.
Bytes item_of(View data, std::size_t& at, int depth) {
    const auto next = [&]() -> std::uint8_t { return at < data.size() ? data[at++] : 0xf6; };
    const std::uint8_t kind = next();
    const std::uint8_t major = kind >> 5;
    Bytes out;
    if (major > map || (major >= list && depth == 0)) return {static_cast<std::uint8_t>(0xf4 + kind % 3)};
    if (major <= negative_int) {
        std::uint64_t value = kind % 32;
        for (int i = 0; i < kind % 9; ++i) value = value << 8 | next();
        put_head(out, major, major == negative_int ? value >> 1 : value);
        return out;
    }
    const std::size_t count = kind % 32;
    put_head(out, major, count);
    for (std::size_t i = 0; i < count && major <= text; ++i)
        out.push_back(major == text ? next() % 0x80 : next());
    if (major == list)
        for (std::size_t i = 0; i < count; ++i) {
            const Bytes item = item_of(data, at, depth - 1);
            out.insert(out.end(), item.begin(), item.end());
        }
    for (std::size_t i = 0; i < count && major == map; ++i) {
        Bytes key;
        put_head(key, text, 2);
        key.push_back(static_cast<std::uint8_t>('a' + i));
        key.push_back(next() % 0x80);
        const Bytes value = item_of(data, at, depth - 1);
        out.insert(out.end(), key.begin(), key.end());
        out.insert(out.end(), value.begin(), value.end());
    }
    return out;
}

}  // namespace

Bytes decode(View data) {
    require_deterministic_cbor(data, "metadata", std::uint64_t{cbor_container_cost} * data.size());
    std::size_t at = 0;
    return again(data, at);
}

void repair(Bytes& data) {
    if (data.empty()) data.resize(1);
    std::size_t at = 0;
    data = item_of(data, at, 6);
}

}  // namespace pyfe::fuzz
