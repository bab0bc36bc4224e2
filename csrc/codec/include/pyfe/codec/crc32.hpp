// CRC-32 as gzip, PNG and Parquet have it (RFC 1952, section 8): against accidents, not against an attacker.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace pyfe {

// Of `data` behind bytes whose checksum is `before`
std::uint32_t crc32(std::span<const std::uint8_t> data, std::uint32_t before = 0);

namespace crc {

constexpr std::uint32_t kPolynomial = 0xedb88320;  // RFC 1952: x^32 + x^26 + .. + 1, the highest power lowest

struct Kernels {
    const char* name;
    // The register after these bytes: the checksum's complement
    std::uint32_t (*update)(std::uint32_t state, const std::uint8_t* data, std::size_t size);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();  // for CPUs with carry-less multiplication of 64 bytes

}  // namespace crc
}  // namespace pyfe
