#include "pyfe/hash/shake128.hpp"

#include <bit>

#include "pyfe/base/error.hpp"

namespace pyfe {
namespace {

// FIPS 202, 3.2.5: rc(t) is the lowest bit of x^t modulo x^8 + x^6 + x^5 + x^4 + 1; bit 2^j - 1 of the
// constant of round i is rc(j + 7 i)
constexpr std::array<std::uint64_t, 24> round_constants() {
    std::array<std::uint64_t, 24> out{};
    unsigned r = 1;
    for (std::uint64_t& constant : out)
        for (unsigned j = 0; j < 7; ++j) {
            if (r & 1) constant |= std::uint64_t{1} << ((1U << j) - 1);
            r = r << 1 ^ (r >> 7 & 1) * 0x171;
        }
    return out;
}

// 3.2.2: lane (x, y) is rotated by (t + 1)(t + 2) / 2 for the t at which the walk from (1, 0) meets it
struct Step {
    unsigned lane;
    int rotation;
};
constexpr std::array<Step, 24> walk() {
    std::array<Step, 24> out{};
    unsigned x = 1, y = 0;
    for (unsigned t = 0; t < 24; ++t) {
        const unsigned next = (2 * x + 3 * y) % 5;
        x = y, y = next;  // 3.2.3: where the lane before goes
        out[t] = {x + 5 * y, static_cast<int>((t + 1) * (t + 2) / 2 % 64)};
    }
    return out;
}

}  // namespace

// Keccak-f[1600], FIPS 202, 3.3: lane (x, y) is lanes_[x + 5 y]
void Shake128::permute() {
    static constexpr auto constants = round_constants();
    static constexpr auto steps = walk();
    auto& a = lanes_;
    for (const std::uint64_t constant : constants) {
        std::uint64_t c[5];
        for (unsigned x = 0; x < 5; ++x) c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (unsigned i = 0; i < 25; ++i) a[i] ^= c[(i + 4) % 5] ^ std::rotl(c[(i + 1) % 5], 1);  // theta
        std::uint64_t moved = a[1];
        for (const Step& s : steps) {  // rho and pi
            const std::uint64_t there = a[s.lane];
            a[s.lane] = std::rotl(moved, s.rotation);
            moved = there;
        }
        for (unsigned y = 0; y < 25; y += 5) {  // chi
            const std::uint64_t row[5] = {a[y], a[y + 1], a[y + 2], a[y + 3], a[y + 4]};
            for (unsigned x = 0; x < 5; ++x) a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        a[0] ^= constant;  // iota
    }
    at_ = 0;
}

Shake128& Shake128::absorb(std::span<const std::uint8_t> data) {
    if (squeezing_) fail(ErrorKind::parameter, "SHAKE128: the message has ended");
    for (const std::uint8_t byte : data) {
        lanes_[at_ / 8] ^= std::uint64_t{byte} << 8 * (at_ % 8);
        if (++at_ == rate) permute();
    }
    return *this;
}

void Shake128::squeeze(std::span<std::uint8_t> out) {
    if (!squeezing_) {  // 1111 and the padding 10*1
        lanes_[at_ / 8] ^= std::uint64_t{0x1f} << 8 * (at_ % 8);
        lanes_[(rate - 1) / 8] ^= std::uint64_t{0x80} << 56;
        squeezing_ = true;
        permute();
    }
    for (std::uint8_t& byte : out) {
        if (at_ == rate) permute();
        byte = static_cast<std::uint8_t>(lanes_[at_ / 8] >> 8 * (at_ % 8));
        ++at_;
    }
}

}  // namespace pyfe
