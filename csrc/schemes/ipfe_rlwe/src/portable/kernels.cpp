#include "pyfe/ipfe_rlwe/kernels.hpp"

#include <bit>
#include <cstring>

#include "../decide.hpp"
#include "pyfe/base/ct.hpp"

namespace pyfe::ipfe_rlwe {
namespace {

__extension__ using Wide = unsigned __int128;
static_assert(std::endian::native == std::endian::little, "words are read as they lie");

uint64_t high_word(uint64_t a, uint64_t b) { return static_cast<uint64_t>((Wide{a} * b) >> 64); }

// All ones where a >= bound; both below 2^63
uint64_t not_below(uint64_t a, uint64_t bound) { return ~mask_from_bit((a - bound) >> 63); }

// -- fractions ----------------------------------------------------------------------------------------------

// c share mod q
uint64_t scaled(const FractionLimb& limb, uint64_t c) {
    const uint64_t r = c * limb.share - high_word(c, limb.share_quotient) * limb.q;  // below 2 q
    return r - (limb.q & not_below(r, limb.q));
}

// floor(2^F v / q)
template <class Sum>
Sum fraction(const FractionLimb& limb, uint64_t v) {
    Sum all = 0;
    for (int d = 0; d < limb.digits; ++d) {
        uint64_t digit = high_word(v, limb.quotient[d]);  // at most one too small
        v = (v << limb.shift[d]) - digit * limb.q;
        const uint64_t more = not_below(v, limb.q);
        digit -= more;
        v -= limb.q & more;
        all = all << limb.shift[d] | digit;
    }
    return all;
}

template <class Sum>
void compress_in(const FractionShape& shape, const uint64_t* residues, size_t stride, size_t count,
                 uint64_t* low, uint64_t* high) {
    const Sum mask = (Sum{1} << shape.b) - 1;
    for (size_t i = 0; i < count; ++i) {
        Sum total = Sum{1} << 15;
        for (size_t j = 0; j < shape.primes; ++j)
            total += fraction<Sum>(shape.limb[j], scaled(shape.limb[j], residues[j * stride + i]));
        total = total >> 16 & mask;
        low[i] = static_cast<uint64_t>(total);
        if constexpr (sizeof(Sum) > 8)
            if (high != nullptr) high[i] = static_cast<uint64_t>(total >> 64);
    }
}

void compress(const FractionShape& shape, const uint64_t* residues, size_t stride, size_t count,
              uint64_t* low, uint64_t* high) {
    // In 64 bits the sum may wrap: only its bits 16 to b + 15 are meant
    (shape.b <= 48 ? compress_in<uint64_t> : compress_in<Wide>)(shape, residues, stride, count, low, high);
}

// -- words of b bits ----------------------------------------------------------------------------------------

// For b <= 64: of two words the second begins in the byte where the first ends, or behind it
void pack_short(unsigned b, const uint64_t* low, uint8_t* out) {
    uint8_t buffer[kTileWords * 8 + 8];
    const unsigned shift = b % 8;
    for (size_t j = 0; j < kTileWords; j += 2) {
        uint8_t* const two = buffer + j * b / 8;
        std::memcpy(two, &low[j], 8);
        const uint64_t second = shift == 0 ? low[j + 1] : low[j + 1] << shift | low[j] >> (b - shift);
        std::memcpy(two + b / 8, &second, 8);
    }
    std::memcpy(out, buffer, kTileWords / 8 * b);
}

void pack(unsigned b, const uint64_t* low, const uint64_t* high, uint8_t* out) {
    if (b <= 64) return pack_short(b, low, out);
    Wide waiting = 0;
    unsigned filled = 0;  // always below 8 before a word comes, and b <= 112
    for (size_t j = 0; j < kTileWords; ++j) {
        waiting |= (Wide{high[j]} << 64 | low[j]) << filled;
        for (filled += b; filled >= 8; filled -= 8, waiting >>= 8) *out++ = static_cast<uint8_t>(waiting);
    }
}

// The eight bytes from here on: a word of b <= 64 bits and, above it, of what follows
uint64_t word_at(const uint8_t* p, unsigned shift) {
    uint64_t w;
    std::memcpy(&w, p, sizeof w);
    return w >> shift;
}
Wide wide_at(const uint8_t* p, unsigned shift) {
    Wide w;
    std::memcpy(&w, p, sizeof w);
    return w >> shift;
}

// b is a multiple of four: of two words the first begins with a byte, and the second in its byte b / 8
template <class Word, Word (*at)(const uint8_t*, unsigned)>
void read_column(unsigned b, const uint8_t* column, Word (&words)[kTileWords]) {
    for (size_t j = 0; j < kTileWords; j += 2) {
        const uint8_t* const two = column + j * b / 8;
        words[j] = at(two, 0);
        words[j + 1] = at(two + b / 8, b % 8);
    }
}

template <class Word, Word (*at)(const uint8_t*, unsigned)>
void dot_in(unsigned b, const uint8_t* tile, size_t columns, const int64_t* y, size_t functions,
            uint64_t* low, uint64_t* high) {
    std::memset(low, 0, functions * kTileWords * sizeof *low);
    if (high != nullptr) std::memset(high, 0, functions * kTileWords * sizeof *high);
    for (size_t i = 0; i < columns; ++i) {
        Word words[kTileWords];
        read_column<Word, at>(b, tile + i * kTileWords / 8 * b, words);
        for (size_t f = 0; f < functions; ++f) {
            // In two's complement: -1 is 2^64 - 1, or 2^128 - 1
            const Word factor = static_cast<Word>(static_cast<__int128>(y[f * columns + i]));
            for (size_t j = 0; j < kTileWords; ++j) {
                uint64_t& to = low[f * kTileWords + j];
                if constexpr (sizeof(Word) == 8) {
                    to += factor * words[j];
                } else {
                    uint64_t& above = high[f * kTileWords + j];
                    const Word sum = (Word{above} << 64 | to) + factor * words[j];
                    to = static_cast<uint64_t>(sum), above = static_cast<uint64_t>(sum >> 64);
                }
            }
        }
    }
}

void dot_vartime(unsigned b, const uint8_t* tile, size_t columns, const int64_t* y, size_t functions,
                 uint64_t* low, uint64_t* high) {
    if (b <= 64)
        dot_in<uint64_t, word_at>(b, tile, columns, y, functions, low, nullptr);
    else
        dot_in<Wide, wide_at>(b, tile, columns, y, functions, low, high);
}

bool decide_narrow(const Decision<int64_t>& d, const uint64_t* sums, const uint64_t* z, size_t occupied,
                   int64_t* results) {
    return decide<int64_t, uint64_t>(d, sums, z, occupied, results);
}

}  // namespace

const Kernels& portable_kernels() {
    static constexpr Kernels table = {"portable", compress, pack, dot_vartime, decide_narrow};
    return table;
}

}  // namespace pyfe::ipfe_rlwe
