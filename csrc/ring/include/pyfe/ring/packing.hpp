// Residues as bytes: residue i in bits i b .. i b + b - 1, b the bits of the prime, bit j in byte j / 8 from
// the low end; what is left of the last byte is 0. One list of residues has one form, and only that is read.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "pyfe/ring/modulus.hpp"

namespace pyfe::ring {

constexpr std::size_t packed_size(const Modulus& modulus, std::size_t count) {
    return (count * static_cast<std::size_t>(modulus.bits) + 7) / 8;
}

// `count` residues below q to packed_size() bytes, in constant time
void pack(const Modulus& modulus, const std::uint64_t* a, std::size_t count, std::uint8_t* out);

// Back, of bytes that came from outside. Error(decode) where the length is another, a residue is not below q,
// or bits are left over that are not 0; the words are then 0. All are read before the one answer is given, so
// that the time shows no more than that.
void unpack(const Modulus& modulus, std::span<const std::uint8_t> bytes, std::size_t count,
            std::uint64_t* out);

}  // namespace pyfe::ring
