#include "pyfe/random/chacha20.hpp"

#include <algorithm>
#include <cstring>

#include "pyfe/random/kernels.hpp"

namespace pyfe {
namespace {

constexpr std::uint32_t constants[4] = {0x61707865, 0x3320646e, 0x79622d32,
                                        0x6b206574};  // "expand 32-byte k"

}  // namespace

ChaCha20Random::ChaCha20Random(std::span<const std::uint8_t, seed_size> seed)
    : state_(16), rest_(block_size) {
    std::memcpy(&state_[0], constants, sizeof constants);
    std::memcpy(&state_[4], seed.data(), seed_size);
}

ChaCha20Random::ChaCha20Random(Random& seeds) : state_(16), rest_(block_size) {
    std::memcpy(&state_[0], constants, sizeof constants);
    seeds.fill(reinterpret_cast<std::uint8_t*>(&state_[4]), seed_size);
}

void ChaCha20Random::blocks(std::uint8_t* out, std::size_t count) {
    random::kernels().chacha20(state_.data(), count, out);
    const std::uint64_t next = (std::uint64_t{state_[13]} << 32 | state_[12]) + count;
    state_[12] = static_cast<std::uint32_t>(next);
    state_[13] = static_cast<std::uint32_t>(next >> 32);
}

void ChaCha20Random::fill(std::uint8_t* out, std::size_t size) {
    const std::size_t left = std::min(size, block_size - used_);
    std::copy_n(rest_.data() + used_, left, out);
    used_ += left, out += left, size -= left;
    blocks(out, size / block_size);
    out += size / block_size * block_size, size %= block_size;
    if (size == 0) return;
    blocks(rest_.data(), 1);
    std::copy_n(rest_.data(), size, out);
    used_ = size;
}

}  // namespace pyfe
