// Deterministic CBOR (RFC 8949, section 4.2) of the few types that metadata may hold: maps with text keys,
// lists, text, byte strings, integers of 64 bits, booleans and null.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace pyfe {

constexpr std::size_t cbor_max_depth = 16;  // of maps and lists in each other: the objects of pyfe need five
constexpr std::size_t cbor_container_cost =
    16;  // an empty map takes a byte here, and seventy in Python's memory

// Error(decode), naming `object` and the byte, unless `data` is exactly one item in its one encoding: lengths
// in their shortest form, map keys in bytewise order and none twice, text in UTF-8, no tag, no float, no
// indefinite length, at most cbor_max_depth levels, and items that cost at most `budget`: one each, a map or
// list 16. Every count is held against the bytes that are there. Memory: fixed. Cost: linear, under a second
// for 1 GB.
void require_deterministic_cbor(std::span<const std::uint8_t> data, std::string_view object,
                                std::uint64_t budget);

// For who has no other use for metadata: the encoding of the value that stands under a key of the map `data`,
// empty where the key is not there. Error(decode) unless `data` is one map, encoded as above. Cost: linear.
std::span<const std::uint8_t> cbor_entry(std::span<const std::uint8_t> data, std::string_view key,
                                         std::string_view object);

// What an item is that cbor_entry gave: a byte string, or an integer that is not negative; else nothing
std::optional<std::span<const std::uint8_t>> cbor_octets(std::span<const std::uint8_t> item);
std::optional<std::uint64_t> cbor_unsigned(std::span<const std::uint8_t> item);

}  // namespace pyfe
