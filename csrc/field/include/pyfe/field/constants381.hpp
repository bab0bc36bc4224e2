// Written by scripts/generate_field381_constants.py; do not edit.
// Source: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1.
// static: every file has its own copy, and none of a fast file is left to the linker's choice.
#pragma once
#include <cstdint>

// clang-format off
namespace pyfe::field::bls12_381 {

// A field constant in the Montgomery form of each backend
struct FpConstant {
    uint64_t lane[8];  // radix 2^50, R = 2^400
    uint64_t word[6];  // radix 2^64, R = 2^384
};

// p, the prime of the base field, 381 bits
static constexpr uint64_t kPLane[8] = {0x2ffffffffaaab, 0x3ac54ffffee7f, 0x30f6241eabfff, 0x2fd9cc34a83da, 0x774b84f38512, 0x1ed90d2eb35d9, 0x397fe69a4b1ba, 0x680447a8};
static constexpr uint64_t kPWord[6] = {0xb9feffffffffaaab, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624, 0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
static constexpr uint64_t kTwoPWord[6] = {0x73fdffffffff5556, 0x3d57fffd62a7ffff, 0xce61a541ed61ec48, 0xc8ee9709e70a257e, 0x96374f6c869759ae, 0x340223d472ffcd34};
// -1/p modulo 2^50 and modulo 2^64
static constexpr uint64_t kNegInverseLane = 0x3fffcfffcfffd;
static constexpr uint64_t kNegInverseWord = 0x89f3fffcfffcfffd;
// R^2: takes an integer into Montgomery form
static constexpr FpConstant kRSquared = {{0x151039a1d2c25, 0x215ea610dcf71, 0x331128e8da66c, 0xe2e0ba3d944c, 0x197b6252a29ba, 0x13d38ca4a32ec, 0x381f158c5dcbe, 0x3a47e03b}, {0xf4df1f341c341746, 0xa76e6a609d104f1, 0x8de5476c4c95b6d5, 0x67eb88a9939d83c0, 0x9a793e85b519952d, 0x11988fe592cae3aa}};
static constexpr FpConstant kFpOne = {{0x10003480e6299, 0x9a67ac4a158d, 0x297c988670deb, 0x25c260fa13bd9, 0x3e8a053a4e6fe, 0x34c8fb3c9c78, 0x12866eb6385c2, 0x55b691fc}, {0x760900000002fffd, 0xebf4000bc40c0002, 0x5f48985753c758ba, 0x77ce585370525745, 0x5c071a97a256ec6d, 0x15f65ec3fa80e493}};
// 2^(3 + i) p with limbs 0 to 6 in [2^51, 2^51 + 2^50): what a difference adds so that no limb borrows
static constexpr uint64_t kMultipleOfP[5][8] = {
    {0xbfffffffd5558, 0x962a7ffff73fb, 0x87b120f55fffd, 0xbece61a541ed4, 0xbba5c279c2893, 0xb6c869759aec6, 0x8bff34d258dd1, 0x340223d45},
    {0xbfffffffaaab0, 0xac54ffffee7f9, 0x8f6241eabfffc, 0xbd9cc34a83daa, 0xb74b84f385129, 0xad90d2eb35d8f, 0x97fe69a4b1ba5, 0x680447a8c},
    {0xbfffffff55560, 0x98a9ffffdcff5, 0x9ec483d57fffb, 0xbb39869507b56, 0xae9709e70a255, 0x9b21a5d66bb21, 0xaffcd3496374d, 0xd0088f51a},
    {0xbffffffeaaac0, 0xb153ffffb9fed, 0xbd8907aaffff8, 0xb6730d2a0f6ae, 0x9d2e13ce144ad, 0xb6434bacd7645, 0x9ff9a692c6e9c, 0x1a0111ea37},
    {0xbffffffd55580, 0xa2a7ffff73fdd, 0xbb120f55ffff3, 0xace61a541ed5f, 0xba5c279c2895d, 0xac869759aec8c, 0xbff34d258dd3b, 0x340223d470},
};
// p - 2, the exponent of inversion; (p + 1)/4, that of square roots (p = 3 mod 4)
static constexpr uint64_t kPMinusTwo[6] = {0xb9feffffffffaaa9, 0x1eabfffeb153ffff, 0x6730d2a0f6b0f624, 0x64774b84f38512bf, 0x4b1ba7b6434bacd7, 0x1a0111ea397fe69a};
static constexpr uint64_t kSqrtExponent[6] = {0xee7fbfffffffeaab, 0x7aaffffac54ffff, 0xd9cc34a83dac3d89, 0xd91dd2e13ce144af, 0x92c6e9ed90d2eb35, 0x680447a8e5ff9a6};

}  // namespace pyfe::field::bls12_381
