#include "pyfe/hash/sha256.hpp"

#include <algorithm>
#include <bit>

#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/secret.hpp"

namespace pyfe {
namespace {

using Word = std::uint32_t;

constexpr std::size_t rounds = 64;
constexpr std::size_t length_size = 8;  // of the message length at the end of the padding
constexpr std::size_t length_offset = Sha256::block_size - length_size;

// FIPS 180-4, 5.3.3: the first 32 bits of the fractional parts of the square roots of the first 8 primes.
constexpr std::array<Word, 8> initial_state = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

// FIPS 180-4, 4.2.2: the same of the cube roots of the first 64 primes.
constexpr std::array<Word, rounds> round_constant = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

template <class T>
T load_be(const std::uint8_t* in) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) value = static_cast<T>(value << 8) | in[i];
    return value;
}

template <class T>
void store_be(std::uint8_t* out, T value) {
    for (std::size_t i = sizeof(T); i-- > 0; value >>= 8) out[i] = static_cast<std::uint8_t>(value);
}

// FIPS 180-4, 4.1.2.
constexpr Word choose(Word x, Word y, Word z) { return (x & y) ^ (~x & z); }
constexpr Word majority(Word x, Word y, Word z) { return (x & y) ^ (x & z) ^ (y & z); }
constexpr Word big_sigma0(Word x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
constexpr Word big_sigma1(Word x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
constexpr Word small_sigma0(Word x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3); }
constexpr Word small_sigma1(Word x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10); }

}  // namespace

Sha256::Sha256() { reset(); }

Sha256::~Sha256() {
    secure_zero(state_.data(), sizeof(state_));
    secure_zero(buffer_.data(), sizeof(buffer_));
}

void Sha256::reset() {
    state_ = initial_state;
    buffer_.fill(0);
    buffered_ = 0;
    length_ = 0;
}

// FIPS 180-4, 6.2.2.
void Sha256::compress(const std::uint8_t* block) {
    std::array<Word, rounds> w;
    for (std::size_t t = 0; t < 16; ++t) w[t] = load_be<Word>(block + t * sizeof(Word));
    for (std::size_t t = 16; t < rounds; ++t) {
        w[t] = small_sigma1(w[t - 2]) + w[t - 7] + small_sigma0(w[t - 15]) + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < rounds; ++t) {
        const Word t1 = h + big_sigma1(e) + choose(e, f, g) + round_constant[t] + w[t];
        const Word t2 = big_sigma0(a) + majority(a, b, c);
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const std::array<Word, 8> step = {a, b, c, d, e, f, g, h};
    for (std::size_t i = 0; i < 8; ++i) state_[i] += step[i];
    secure_zero(w.data(), sizeof(w));  // the schedule is the message block
}

Sha256& Sha256::update(std::span<const std::uint8_t> data) {
    length_ += data.size();
    for (std::size_t turn = 1; !data.empty(); ++turn) {
        if (turn % 4096 == 0) checkpoint();
        if (buffered_ == 0 && data.size() >= block_size) {
            compress(data.data());
            data = data.subspan(block_size);
            continue;
        }
        const std::size_t taken = std::min(block_size - buffered_, data.size());
        std::copy_n(data.data(), taken, buffer_.data() + buffered_);
        buffered_ += taken;
        data = data.subspan(taken);
        if (buffered_ == block_size) {
            compress(buffer_.data());
            buffered_ = 0;
        }
    }
    return *this;
}

// Padding, FIPS 180-4, 5.1.1: a one bit, zeros, the length in bits.
Sha256::Digest Sha256::finish() {
    buffer_[buffered_++] = 0x80;
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(buffered_), buffer_.end(), std::uint8_t{0});
    if (buffered_ > length_offset) {
        compress(buffer_.data());
        buffer_.fill(0);
    }
    store_be(buffer_.data() + length_offset, length_ << 3);
    compress(buffer_.data());

    Digest digest;
    for (std::size_t i = 0; i < 8; ++i) store_be(digest.data() + i * sizeof(Word), state_[i]);
    reset();
    return digest;
}

Sha256::Digest sha256(std::span<const std::uint8_t> data) { return Sha256().update(data).finish(); }

}  // namespace pyfe
