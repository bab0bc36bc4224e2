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
};

const Kernels& portable_kernels();
const Kernels& ifma_kernels();
const Kernels& kernels();  // of the active backend
// null: none any more
void override_kernels_for_testing(const Kernels* table);

}  // namespace pyfe::ipfe_rlwe
