// Written by scripts/generate_field25519_constants.py; do not edit. Sources: RFC 9496 4.1, RFC 7748 4.1.
#pragma once
#include <cstdint>

// clang-format off
namespace pyfe::field {

// Elements of GF(2^255 - 19), five 51-bit limbs, little endian.
// 1
inline constexpr uint64_t kOne[5] = {0x1, 0x0, 0x0, 0x0, 0x0};
// d = -121665/121666, the curve -x^2 + y^2 = 1 + d x^2 y^2
inline constexpr uint64_t kD[5] = {0x34dca135978a3, 0x1a8283b156ebd, 0x5e7a26001c029, 0x739c663a03cbb, 0x52036cee2b6ff};
// 2 d
inline constexpr uint64_t k2D[5] = {0x69b9426b2f159, 0x35050762add7a, 0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff};
// sqrt(-1)
inline constexpr uint64_t kSqrtM1[5] = {0x61b274a0ea0b0, 0xd5a5fc8f189d, 0x7ef5e9cbd0c60, 0x78595a6804c9e, 0x2b8324804fc1d};
// sqrt(a d - 1), a = -1; the odd root of RFC 9496
inline constexpr uint64_t kSqrtAdMinusOne[5] = {0x7f6a0497b2e1b, 0x1836f0a97afd2, 0x7d747f6be7638, 0x456079e7e6498, 0x376931bf2b834};
// 1/sqrt(a - d)
inline constexpr uint64_t kInvsqrtAMinusD[5] = {0xfdaa805d40ea, 0x2eb482e57d339, 0x7610274bc58, 0x6510b613dc8ff, 0x786c8905cfaff};
// 1 - d^2
inline constexpr uint64_t kOneMinusDSq[5] = {0x409c1945fc176, 0x719abc6a1fc4f, 0x1c37f90b20684, 0x6bccca55eedf, 0x29072a8b2b3e};
// (d - 1)^2
inline constexpr uint64_t kDMinusOneSq[5] = {0x55aaa44ed4d20, 0x59603c3332635, 0x26d3baf4a7928, 0x120a66e6997a9, 0x5968b37af66c2};
// generator, x
inline constexpr uint64_t kBaseX[5] = {0x62d608f25d51a, 0x412a4b4f6592a, 0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5};
// generator, y = 4/5
inline constexpr uint64_t kBaseY[5] = {0x6666666666658, 0x4cccccccccccc, 0x1999999999999, 0x3333333333333, 0x6666666666666};
// A of v^2 = u^3 + A u^2 + u, birational to edwards25519
inline constexpr uint64_t kMontgomeryA[5] = {0x76d06, 0x0, 0x0, 0x0, 0x0};
// sqrt(-486664): v = c u / x
inline constexpr uint64_t kMontgomeryC[5] = {0x604aaff457e06, 0x2296fa350598d, 0x7f13dfb16874f, 0x35de93d846e01, 0xf26edf460a00};

// l, the prime order of the group, and floor(2^512 / l) for Barrett reduction; 64-bit limbs, little endian.
inline constexpr uint64_t kOrder[4] = {0x5812631a5cf5d3ed, 0x14def9dea2f79cd6, 0x0, 0x1000000000000000};
inline constexpr uint64_t kOrderBarrett[5] = {0xed9ce5a30a2c131b, 0x2106215d086329a7, 0xffffffffffffffeb, 0xffffffffffffffff, 0xf};
// 1/2 and 1/4 modulo l
inline constexpr uint64_t kHalf[4] = {0x2c09318d2e7ae9f7, 0xa6f7cef517bce6b, 0x0, 0x800000000000000};
inline constexpr uint64_t kQuarter[4] = {0xc20dca53c5b85ef2, 0xfa73b66fa39b5a0, 0x0, 0xc00000000000000};

}  // namespace pyfe::field
