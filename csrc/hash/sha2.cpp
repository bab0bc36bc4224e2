#include "pyfe/hash/sha2.hpp"

#include <algorithm>
#include <bit>

#include "pyfe/base/interrupt.hpp"
#include "pyfe/base/secret.hpp"

namespace pyfe {
namespace {

// FIPS 180-4, 5.3.3 and 5.3.5: the first 32 or 64 bits of the fractional parts of the square roots of the
// first 8 primes. A word of SHA-256 is the upper half of that of SHA-512.
constexpr std::array<std::uint64_t, 8> square_roots = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

// FIPS 180-4, 4.2.2 and 4.2.3: the same of the cube roots of the first 64 or 80 primes.
constexpr std::array<std::uint64_t, 80> cube_roots = {
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538,
    0x59f111f1b605d019, 0x923f82a4af194f9b, 0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe,
    0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1, 0x9bdc06a725c71235,
    0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65,
    0x2de92c6f592b0275, 0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab,
    0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4, 0xc6e00bf33da88fc2, 0xd5a79147930aa725,
    0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b,
    0xa2bfe8a14cf10364, 0xa81a664bbc423001, 0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218,
    0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8, 0x1e376c085141ab53,
    0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373,
    0x682e6ff3d6b2b8a3, 0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec,
    0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915, 0xc67178f2e372532b, 0xca273eceea26619c,
    0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc,
    0x431d67c49c100d4c, 0x4cc5d4becb3e42b6, 0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817,
};

template <class Word, std::size_t N>
constexpr std::array<Word, N> first_bits(std::span<const std::uint64_t> fractions) {
    std::array<Word, N> out{};
    for (std::size_t i = 0; i < N; ++i) out[i] = static_cast<Word>(fractions[i] >> (64 - 8 * sizeof(Word)));
    return out;
}

// What differs between the two but for the length of a word: rounds, and rotations and shifts (4.1.2, 4.1.3)
template <class Word>
struct Function;

template <>
struct Function<std::uint32_t> {
    using Word = std::uint32_t;
    static constexpr std::size_t rounds = 64;
    static Word big_sigma0(Word x) { return std::rotr(x, 2) ^ std::rotr(x, 13) ^ std::rotr(x, 22); }
    static Word big_sigma1(Word x) { return std::rotr(x, 6) ^ std::rotr(x, 11) ^ std::rotr(x, 25); }
    static Word small_sigma0(Word x) { return std::rotr(x, 7) ^ std::rotr(x, 18) ^ (x >> 3); }
    static Word small_sigma1(Word x) { return std::rotr(x, 17) ^ std::rotr(x, 19) ^ (x >> 10); }
};

template <>
struct Function<std::uint64_t> {
    using Word = std::uint64_t;
    static constexpr std::size_t rounds = 80;
    static Word big_sigma0(Word x) { return std::rotr(x, 28) ^ std::rotr(x, 34) ^ std::rotr(x, 39); }
    static Word big_sigma1(Word x) { return std::rotr(x, 14) ^ std::rotr(x, 18) ^ std::rotr(x, 41); }
    static Word small_sigma0(Word x) { return std::rotr(x, 1) ^ std::rotr(x, 8) ^ (x >> 7); }
    static Word small_sigma1(Word x) { return std::rotr(x, 19) ^ std::rotr(x, 61) ^ (x >> 6); }
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

template <class Word>
Word choose(Word x, Word y, Word z) {
    return (x & y) ^ (~x & z);
}
template <class Word>
Word majority(Word x, Word y, Word z) {
    return (x & y) ^ (x & z) ^ (y & z);
}

}  // namespace

template <class Word>
Sha2<Word>::Sha2() {
    reset();
}

template <class Word>
Sha2<Word>::~Sha2() {
    secure_zero(state_.data(), sizeof(state_));
    secure_zero(buffer_.data(), sizeof(buffer_));
}

template <class Word>
void Sha2<Word>::reset() {
    static constexpr auto initial = first_bits<Word, 8>(square_roots);
    state_ = initial;
    buffer_.fill(0);
    buffered_ = 0;
    length_ = 0;
}

// FIPS 180-4, 6.2.2 and 6.4.2.
template <class Word>
void Sha2<Word>::compress(const std::uint8_t* block) {
    using F = Function<Word>;
    static constexpr auto constant = first_bits<Word, F::rounds>(cube_roots);
    std::array<Word, F::rounds> w;
    for (std::size_t t = 0; t < 16; ++t) w[t] = load_be<Word>(block + t * sizeof(Word));
    for (std::size_t t = 16; t < F::rounds; ++t) {
        w[t] = F::small_sigma1(w[t - 2]) + w[t - 7] + F::small_sigma0(w[t - 15]) + w[t - 16];
    }
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < F::rounds; ++t) {
        const Word t1 = h + F::big_sigma1(e) + choose(e, f, g) + constant[t] + w[t];
        const Word t2 = F::big_sigma0(a) + majority(a, b, c);
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

template <class Word>
Sha2<Word>& Sha2<Word>::update(std::span<const std::uint8_t> data) {
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

// Padding, FIPS 180-4, 5.1: a one bit, zeros, the length in bits as two words. Bytes are counted in 64 bits:
// three bits of the length go beyond, which SHA-256 has no room for (5.1.1: below 2^64 bits).
template <class Word>
typename Sha2<Word>::Digest Sha2<Word>::finish() {
    constexpr std::size_t length_offset = block_size - 2 * sizeof(Word);
    buffer_[buffered_++] = 0x80;
    std::fill(buffer_.begin() + static_cast<std::ptrdiff_t>(buffered_), buffer_.end(), std::uint8_t{0});
    if (buffered_ > length_offset) {
        compress(buffer_.data());
        buffer_.fill(0);
    }
    if constexpr (sizeof(Word) == 8) buffer_[block_size - 9] = static_cast<std::uint8_t>(length_ >> 61);
    store_be(buffer_.data() + block_size - 8, length_ << 3);
    compress(buffer_.data());

    Digest digest;
    for (std::size_t i = 0; i < 8; ++i) store_be(digest.data() + i * sizeof(Word), state_[i]);
    reset();
    return digest;
}

template class Sha2<std::uint32_t>;
template class Sha2<std::uint64_t>;

Sha256::Digest sha256(std::span<const std::uint8_t> data) { return Sha256().update(data).finish(); }
Sha512::Digest sha512(std::span<const std::uint8_t> data) { return Sha512().update(data).finish(); }

}  // namespace pyfe
