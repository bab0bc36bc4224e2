#include "pyfe/random/kernels.hpp"

#include "../candidates.hpp"
#include "../chacha20_blocks.hpp"
#include "pyfe/base/ct.hpp"

namespace pyfe::random {
namespace {

// One lane: a word of 64 bits. A Mask is 1 or 0.
struct Word {
    using Mask = std::uint64_t;
    static constexpr std::size_t count = 1;
    using Wide = unsigned __int128;
    std::uint64_t v;

    static Word load(const std::uint64_t* p) { return {*p}; }
    static void store(std::uint64_t* p, Word a) { *p = a.v; }
    static Word broadcast(std::uint64_t c) { return {c}; }
    static Word add(Word a, Word b) { return {a.v + b.v}; }
    static Word sub(Word a, Word b) { return {a.v - b.v}; }
    static Word bit_and(Word a, Word b) { return {a.v & b.v}; }
    static Word bit_or(Word a, Word b) { return {a.v | b.v}; }
    static Word bit_xor(Word a, Word b) { return {a.v ^ b.v}; }
    template <int K>
    static Word shl(Word a) {
        return {a.v << K};
    }
    template <int K>
    static Word shr(Word a) {
        return {a.v >> K};
    }
    // By a public number of bits
    static Word shl_by(Word a, int bits) { return {a.v << bits}; }
    static Word shr_by(Word a, int bits) { return {a.v >> bits}; }
    static Word mul_low(Word a, Word b) { return {a.v * b.v}; }
    // Of factors below 2^52
    static Word madd_lo(Word acc, Word a, Word b) { return {acc.v + (a.v * b.v & low52)}; }
    static Word madd_hi(Word acc, Word a, Word b) {
        return {acc.v + static_cast<std::uint64_t>((Wide{a.v} * b.v) >> 52)};
    }

    static Mask less(Word a_high, Word a_low, Word b_high, Word b_low) {
        const std::uint64_t borrow = (a_low.v - b_low.v) >> 63;  // limbs are far below 2^63
        return value_barrier((a_high.v - b_high.v - borrow) >> 63);
    }
    static Word increment(Word a, Mask m) { return {a.v + m}; }
    static Mask mask_and(Mask a, Mask b) { return a & b; }
    static Mask mask_not_zero(Word a) { return mask_nonzero(a.v) & 1; }
    static std::uint8_t mask_bits(Mask m) { return static_cast<std::uint8_t>(m); }

    // Entry index (< 16) of a table of pairs: every entry is read
    template <class Pair>
    static Pair lookup16(const std::uint64_t (*table)[16], Word index) {
        std::uint64_t high = 0, low = 0;
        for (std::uint64_t e = 0; e < 16; ++e) {
            const std::uint64_t here = mask_from_bit(((e ^ index.v) - 1) >> 63);
            high |= table[0][e] & here, low |= table[1][e] & here;
        }
        return {{high}, {low}};
    }
    // A pair by fewer than 128 bits, as they come: a shift's own time may depend on its count
    template <class Pair>
    static Pair shr_pair(Pair a, Word bits) {
        Wide value = Wide{a.high.v} << 52 | a.low.v;
        for (int i = 0; i < 7; ++i) {
            const std::uint64_t m = mask_from_bit(bits.v >> i & 1);
            const Wide shifted = value >> (1 << i), mask = Wide{m} << 64 | m;
            value ^= mask & (value ^ shifted);
        }
        return {{static_cast<std::uint64_t>(value >> 52)}, {static_cast<std::uint64_t>(value) & low52}};
    }

  private:
    static constexpr std::uint64_t low52 = (std::uint64_t{1} << 52) - 1;
};

// Four blocks side by side, in registers that every x86-64 and every 64-bit ARM has
struct Four {
    static constexpr int count = 4;
    typedef std::uint32_t Vector __attribute__((vector_size(16)));
};

}  // namespace

const Kernels& portable_kernels() {
    static constexpr Kernels table = {"portable", ChaCha20<Four>::run, Candidates<Word>::run};
    return table;
}

}  // namespace pyfe::random
