#include "pyfe/ring/packing.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <string>

#include "pyfe/base/ct.hpp"
#include "pyfe/base/error.hpp"
#include "pyfe/base/secret.hpp"

namespace pyfe::ring {
namespace {

static_assert(std::endian::native == std::endian::little, "eight bytes are read as a word");
static_assert(most_bits + 7 <= 64, "a residue lies within eight bytes from its first one");

// All ones where a >= q; both below 2^63
std::uint64_t not_below(std::uint64_t a, std::uint64_t q) { return ~mask_from_bit((a - q) >> 63); }

}  // namespace

void pack(const Modulus& modulus, const std::uint64_t* a, std::size_t count, std::uint8_t* out) {
    const auto bits = static_cast<unsigned>(modulus.bits);
    std::uint64_t waiting = 0;  // bits that fill no byte yet, fewer than eight
    unsigned filled = 0;
    for (std::size_t i = 0; i < count; ++i) {
        waiting |= a[i] << filled;
        filled += bits;
        for (; filled >= 8; filled -= 8, waiting >>= 8) *out++ = static_cast<std::uint8_t>(waiting);
    }
    if (filled > 0) *out = static_cast<std::uint8_t>(waiting);
}

void unpack(const Modulus& modulus, std::span<const std::uint8_t> bytes, std::size_t count,
            std::uint64_t* out) {
    const std::size_t bits = static_cast<std::size_t>(modulus.bits), size = packed_size(modulus, count);
    if (bytes.size() != size)
        fail(ErrorKind::decode, "ring: " + std::to_string(count) + " residues of " + std::to_string(bits) +
                                    " bits have " + std::to_string(size) + " bytes, not " +
                                    std::to_string(bytes.size()));
    const std::uint64_t low = (std::uint64_t{1} << bits) - 1;
    std::uint64_t wrong = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t first = i * bits / 8;
        std::uint64_t word = 0;
        if (size - first >= 8)
            std::memcpy(&word, &bytes[first], 8);
        else
            std::memcpy(&word, &bytes[first], size - first);
        out[i] = word >> (i * bits % 8) & low;
        wrong |= not_below(out[i], modulus.q);
    }
    if (const std::size_t used = count * bits % 8; used != 0) wrong |= bytes[size - 1] >> used;
    if (wrong == 0) return;
    secure_zero(out, count * sizeof *out);
    fail(ErrorKind::decode, "ring: residues modulo " + std::to_string(modulus.q) +
                                " are not packed as they are written: one is not below the prime, or bits " +
                                "after the last are not 0");
}

}  // namespace pyfe::ring
