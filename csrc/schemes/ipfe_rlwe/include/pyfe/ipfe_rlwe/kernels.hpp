// Entry points of a backend: the loops over slots that cost time. All backends give the same words.
#pragma once
#include <cstddef>
#include <cstdint>

namespace pyfe::ipfe_rlwe {

// How a residue c modulo q becomes floor(2^F v / q), F = b + 16, v = c (q_1 .. q_k / q)^-1 mod q: in digits
// of less than |q| bits, the first the highest. Quotients are those of Shoup's multiplication, of 64 bits.
struct FractionLimb {
    static constexpr int most_digits = 4;
    uint64_t q;
    uint64_t share, share_quotient;  // (q_1 .. q_k / q)^-1 mod q, floor(2^64 share / q)
    int digits;
    int shift[most_digits];          // bits of a digit
    uint64_t quotient[most_digits];  // floor(2^(64 + shift) / q)
};

struct FractionShape {
    static constexpr size_t most_primes = 8;
    unsigned b;
    size_t primes;
    FractionLimb limb[most_primes];
};

constexpr size_t kTileWords = 64;

// How a function's results are told from w, for ciphertexts of some weights. Int holds K w.
template <class Int>
struct Decision {
    Int K;
    unsigned b;
    Int limit;       // of |K w - 2^b v|
    Int turns;       // v + turns is the result, or one K below it
    int64_t lo, hi;  // where the result of an occupied slot lies
    // Results are multiples of the weights' greatest common divisor g 2^e, g odd: without that sk_y / g,
    // which is short, would pass for results. r is one of g in the range exactly if r / g modulo 2^64 is in
    // these
    uint64_t inverse = 1;  // of g modulo 2^64
    int64_t multiples_lo = 0, multiples_hi = 0;
    uint64_t twos = 0;  // 2^e - 1
};

struct Kernels {
    const char* name;
    // The words t < 2^b of `count` coefficients, a multiple of eight, given by their residues: prime after
    // prime, `stride` words apart. high: what is above 64 bits; null for b <= 64. Constant time.
    void (*compress)(const FractionShape& shape, const uint64_t* residues, size_t stride, size_t count,
                     uint64_t* low, uint64_t* high);
    // 64 words of b bits to 8 b bytes; constant time
    void (*pack)(unsigned b, const uint64_t* low, const uint64_t* high, uint8_t* out);
    // sum_i y[f][i] column_i of a tile of `columns` columns of 8 b bytes, modulo 2^b in the b low bits: above
    // them lies anything. The sums of function f go to low[64 f ..] and, for b > 64, high[64 f ..]. Reads up
    // to 16 bytes beyond the tile.
    void (*dot_vartime)(unsigned b, const uint8_t* tile, size_t columns, const int64_t* y, size_t functions,
                        uint64_t* low, uint64_t* high);
    // Of each slot of a tile, with K w below 2^62, the result; whether any of them is wrong. Constant
    // time.
    bool (*decide)(const Decision<int64_t>& decision, const uint64_t* sums, const uint64_t* z,
                   size_t occupied, int64_t* results);
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
const Kernels& kernels();  // of the active backend
// null: none any more
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::ipfe_rlwe
