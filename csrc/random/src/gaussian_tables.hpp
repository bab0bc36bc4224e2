// Written by scripts/generate_gaussian_tables.py; do not edit. docs/math/discrete-gaussian.md explains.
#pragma once
#include "pyfe/random/gaussian_shape.hpp"

// clang-format off
namespace pyfe::gaussian {

// P(x) ~ exp(-x^2 j / 16). Threshold i is P(x > i): x is how many of them lie above a uniform fraction
struct Base {
    std::uint64_t sixteenths;  // j
    int count;            // thresholds
    Fraction unit;        // log2(e) j / 16, rounded down
    Fraction thresholds[most_thresholds];
};
inline constexpr Base bases[] = {
    {6, 13, {0x8a7fac5f0511f, 0x48ccee5ff1c4e}, {
    {0x7c8782cb25e17, 0xab80f87ce89ba},
    {0x222bc44d0ab55, 0x8b582edb103bc},
    {0x4d5fd2f212e8, 0x62f0513887fb6},
    {0x5653c8488de, 0x4a2ac8b685665},
    {0x2e6b3aee2e, 0x72fac40692dd2},
    {0xbe71ca7c, 0x8e7dd376769f9},
    {0x172be62, 0xb0912fb8edcef},
    {0x155a6, 0x4e7700c12c5c8},
    {0x94, 0xde5fd5cd9407b},
    {0x0, 0x1ea7d92a2501f},
    {0x0, 0x2fb8b6b803},
    {0x0, 0x231847c},
    {0x0, 0xc31},
    }},
    {4, 16, {0x5c551d94ae0bf, 0x85ddf43ff6834}, {
    {0x8f58b0c29c3ea, 0x3d9c5b549b6d6},
    {0x379c9d1675623, 0x295583d372ca3},
    {0xe2b397c1d769, 0xa37da3510cc11},
    {0x24b956c9f1f2, 0xa561f10231fa},
    {0x3b5f91367ff, 0xec4f01567d229},
    {0x3b349d1eb7, 0x725f1cb5c9537},
    {0x242baff01, 0x85052f5fbd768},
    {0xd7c0d3b, 0x5a0abc64d08d1},
    {0x30f6f1, 0x4f39ba4ae0e6},
    {0x6c14, 0x539d30eefabfa},
    {0x90, 0xe3ebafe414598},
    {0x0, 0x75e859d9e3e03},
    {0x0, 0x3a39a9cfee6},
    {0x0, 0x1171d7ab5},
    {0x0, 0x32baf2},
    {0x0, 0x598},
    }},
    {3, 19, {0x453fd62f8288f, 0xa466772ff8e27}, {
    {0x9b79d5ae08d64, 0x6e4d15518af7d},
    {0x48237659f468d, 0xe68eaee2ff09c},
    {0x18a780dbc5604, 0xed834547c5453},
    {0x60f29535e716, 0x4420e22874abb},
    {0x10deecab4474, 0xdf31320a4e1c5},
    {0x20ede75e280, 0x880474bc3fe92},
    {0x2cc363166a, 0xad0000519322c},
    {0x2a3260b5c, 0x3de46edfaca67},
    {0x1b813771, 0x2b03c7956fe87},
    {0xc5f6d6, 0x7fa01c636a95b},
    {0x3d609, 0x9375d7439039f},
    {0xd1a, 0xa30cf551fc9a0},
    {0x1e, 0xce580fd849533},
    {0x0, 0x31d1c4aac70cf},
    {0x0, 0x3768636e745},
    {0x0, 0x2a5ef2103},
    {0x0, 0x1646936},
    {0x0, 0x80cf},
    {0x0, 0x20},
    }},
    {2, 23, {0x2e2a8eca5705f, 0xc2eefa1ffb41a}, {
    {0xaadad36d39cf6, 0x4441027f340f0},
    {0x5fb6e3226f2d2, 0x75bb124c93e3a},
    {0x2c123b9bf6e48, 0xf2d3508c744b4},
    {0x106db9fb4da95, 0x8a3860c5768fb},
    {0x4e7ccbcf5626, 0xb42a08cf4a872},
    {0x12a1948bafa2, 0xf897581252b37},
    {0x37f43b96999, 0x8282397879993},
    {0x845dd65172, 0xcb7864893d5ac},
    {0xf5f52a07b, 0xc8028bd20b681},
    {0x1663e71be, 0xa09d2660a8098},
    {0x19861545, 0xfc09587842d07},
    {0x16bed9d, 0xb3b039dbe0d46},
    {0xfd4f5, 0x420f92684daa1},
    {0x899f, 0x6fdde38b63d},
    {0x3a5, 0x4885125584a4b},
    {0x13, 0x47b0f27e74fd6},
    {0x0, 0x4f7db2d266550},
    {0x0, 0xff72ba5d4ff},
    {0x0, 0x27fb63a4e4},
    {0x0, 0x4e040ad9},
    {0x0, 0x7699ff},
    {0x0, 0x8c76},
    {0x0, 0x82},
    }},
};

// floor(2^127 log2(e)), the high word first
inline constexpr std::uint64_t log2e[2] = {0xb8aa3b295c17f0bb, 0xbe87fed0691d3e88};

// 2^(-(h + 1) / 16): high words, low words
inline constexpr std::uint64_t roots[2][16] = {
    {0xf5257d152486c, 0xeac0c6e7dd243, 0xe0ccdeec2a94e, 0xd744fccad69d6, 0xce248c151f848, 0xc5672a115506d, 0xbd08a39f580c3, 0xb504f333f9de6, 0xad583eea42a14, 0xa5fed6a9b1513, 0x9ef5326091a11, 0x9837f0518db8a, 0x91c3d373ab11c, 0x8b95c1e3ea8bd, 0x85aac367cc487, 0x8000000000000},
    {0xc2c7b9d0c7aee, 0x92ed02d75b370, 0x111065895048e, 0xaf439a68bb990, 0xe3e235838f96, 0xadd3e2ad0c965, 0x6bea8811fb66d, 0x484597d89b375, 0xac64980a8c8f6, 0x8ea1cbd7f6217, 0x1ada0911f09ec, 0x96f46ad23182e, 0x3360fd6d8e0ae, 0x6e6fbe4628759, 0xb14c5c95b8c21, 0x0},
};

// ln(2)^k / k! for k = 1 .. 8
inline constexpr Fraction power_series[8] = {
    {0xb17217f7d1cf7, 0x9abc9e3b39804},
    {0x3d7f7bff058b1, 0xd50de2d60dd93},
    {0xe35846b82505, 0xfc599d3b15d99},
    {0x276556df749c, 0xee539977c16a8},
    {0x5761ff9e299, 0xcc441c5fda694},
    {0xa184897c36, 0x3c3b7a58544c3},
    {0xffe5fe2c4, 0x58634358a8e64},
    {0x162c0223a, 0x5c823fd8ffe60},
};
// The same for k = 9 .. 14 in 52 bits, times 2^23
inline constexpr int short_shift = 23;
inline constexpr std::uint64_t power_series_end[6] = {0xda929e9caf3e2, 0xf267a8ac5c76, 0xf465639a8de, 0xe1deb287e1, 0xc0b0c98b3, 0x98a4b26b};

}  // namespace pyfe::gaussian
