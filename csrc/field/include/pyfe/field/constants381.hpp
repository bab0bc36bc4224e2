// The base field of BLS12-381 in numbers. Values: src/constants381.cpp, written by a script. They are not
// known to the compiler here, which would otherwise build each of them from immediates in every function.
#pragma once
#include <cstdint>

// Read directly: without this, every function of a shared library finds each constant's address in a table.
#pragma GCC visibility push(hidden)

namespace pyfe::field::bls12_381 {

// A field constant in the Montgomery form of each backend
struct FpConstant {
    uint64_t lane[8];  // radix 2^50, R = 2^400
    uint64_t word[6];  // radix 2^64, R = 2^384
};

struct Fp2Constant {
    FpConstant c0, c1;
};

extern const uint64_t kPLane[8], kPWord[6];  // p, 381 bits
extern const uint64_t kTwoPWord[6], kPPlusOneHalf[6];
extern const uint64_t kMinusPWord[6], kMinusTwoPWord[6];  // 2^384 less p, less 2p
extern const uint64_t kNegInverseLane;                    // -1/p modulo 2^50
extern const uint64_t kFold[8];                           // (f p - 1) / 2^50, f = 1/p modulo 2^50
extern const uint64_t kNegInverseWord;                    // -1/p modulo 2^64
extern const uint64_t kQuotient;                          // floor(2^52 / (floor(p / 2^350) + 1))
extern const uint64_t kQuotientWord;                      // floor(2^121 / (floor(p / 2^320) + 1))
extern const FpConstant kRSquared;                        // R^2: takes an integer into Montgomery form
extern const FpConstant kFpOne, kFpHalf;

// 2^(2 + i) p with limbs 0 to 6 in [2^54, 2^54 + 2^50): what starts from it can lose fifteen elements
// without a borrow
extern const uint64_t kLend54[6][8];
// p with limbs 0 to 6 in [2^61, 2^61 + 2^50)
extern const uint64_t kLend61[8];

extern const uint64_t kPMinusTwo[6];            // the exponent of inversion
extern const uint64_t kPMinusThreeQuarters[6];  // (p - 3)/4, that of inverse square roots

extern const Fp2Constant kFrobenius[6];  // (1 + u)^(k (p - 1) / 6)

// (x, y) -> (beta x, -y) multiplies G1 by x^2; (x, y) -> (kPsiX conj x, kPsiY conj y) multiplies G2 by x
extern const FpConstant kBeta;
extern const Fp2Constant kPsiX, kPsiY;  // (1 + u)^(-(p - 1)/3), (1 + u)^(-(p - 1)/2)
// psi^2 is (x, y) -> (kPsiSquaredX x, -y): the norm of kPsiX, and that of kPsiY is -1
extern const FpConstant kPsiSquaredX;
// The generators
extern const FpConstant kG1X, kG1Y;
extern const Fp2Constant kG2X, kG2Y;

// Hashing to the curves (RFC 9380): 2^384; the curves y^2 = x^3 + A x + B with isogenies to G1's and G2's,
// the Z of simplified SWU, roots of -Z and of -(norm of Z)
extern const FpConstant kTwoTo384, kIsoA1, kIsoB1, kSswuZ1, kRootOfMinusZ1;
extern const Fp2Constant kIsoA2, kIsoB2, kSswuZ2;
extern const FpConstant kRootOfMinusNormZ2;
// The isogenies (x, y) -> (X(x) / h(x)^2, y Y(x) / h(x)^3), h the kernel's polynomial; coefficient of 1 first
extern const FpConstant kIsoX1[12], kIsoY1[16], kIsoKernel1[6];
extern const Fp2Constant kIsoX2[4], kIsoY2[4], kIsoKernel2[2];

// r = x^4 - x^2 + 1, the order of the groups, 64-bit words; -1/r modulo 2^64; 2^512 modulo r
extern const uint64_t kOrder[4], kOrderNegInverse, kOrderRSquared[4];
// |x|, 64 bits, its top one set; floor((2^128 - 1) / |x|) - 2^64
extern const uint64_t kAbsX, kAbsXReciprocal;

}  // namespace pyfe::field::bls12_381

#pragma GCC visibility pop
