"""Write csrc/field/include/pyfe/field/constants381.hpp: the base field of BLS12-381 in both representations.

Source: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1 (the parameter x and p as a polynomial in it). Everything
is computed here from x; lint regenerates the file and wants no difference.
"""

import sys
from pathlib import Path

X = -0xD201000000010000
P = (X - 1) ** 2 * (X**4 - X**2 + 1) // 3 + X
LANE_BITS, LANE_LIMBS = 50, 8
WORD_BITS, WORDS = 64, 6


def limbs(value: int, bits: int, count: int) -> str:
    assert value >> (bits * count) == 0
    words = [(value >> (bits * i)) & (2**bits - 1) for i in range(count)]
    return "{" + ", ".join(f"0x{word:x}" for word in words) + "}"


def lane(value: int) -> str:
    return limbs(value, LANE_BITS, LANE_LIMBS)


def words(value: int) -> str:
    return limbs(value, WORD_BITS, WORDS)


def constant(value: int) -> str:
    """Montgomery form for both backends: R = 2^400 in lanes, 2^384 in words."""
    return f"{{{lane(value * 2**400 % P)}, {words(value * 2**384 % P)}}}"


def inflated(multiple: int) -> str:
    """multiple * p with every limb but the top one in [2^51, 2^51 + 2^50): nothing below 2^51 can borrow from it."""
    value = multiple * P
    low = [(value >> (LANE_BITS * i)) & (2**LANE_BITS - 1) for i in range(LANE_LIMBS - 1)]
    low = [low[0] + 2**51, *(limb + 2**51 - 2 for limb in low[1:])]
    top = (value >> (LANE_BITS * (LANE_LIMBS - 1))) - 2
    assert sum(limb << (LANE_BITS * i) for i, limb in enumerate([*low, top])) == value
    assert all(limb < 2**51 + 2**50 for limb in low)
    return "{" + ", ".join(f"0x{limb:x}" for limb in [*low, top]) + "}"


def text() -> str:
    lines = [
        "// Written by scripts/generate_field381_constants.py; do not edit.",
        "// Source: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1.",
        "// static: every file has its own copy, and none of a fast file is left to the linker's choice.",
        "#pragma once",
        "#include <cstdint>",
        "",
        "// clang-format off",
        "namespace pyfe::field::bls12_381 {",
        "",
        "// A field constant in the Montgomery form of each backend",
        "struct FpConstant {",
        "    uint64_t lane[8];  // radix 2^50, R = 2^400",
        "    uint64_t word[6];  // radix 2^64, R = 2^384",
        "};",
        "",
        "// p, the prime of the base field, 381 bits",
        f"static constexpr uint64_t kPLane[8] = {lane(P)};",
        f"static constexpr uint64_t kPWord[6] = {words(P)};",
        f"static constexpr uint64_t kTwoPWord[6] = {words(2 * P)};",
        "// -1/p modulo 2^50 and modulo 2^64",
        f"static constexpr uint64_t kNegInverseLane = 0x{-pow(P, -1, 2**50) % 2**50:x};",
        f"static constexpr uint64_t kNegInverseWord = 0x{-pow(P, -1, 2**64) % 2**64:x};",
        "// R^2: takes an integer into Montgomery form",
        f"static constexpr FpConstant kRSquared = {{{lane(2**800 % P)}, {words(2**768 % P)}}};",
        f"static constexpr FpConstant kFpOne = {constant(1)};",
        "// 2^(3 + i) p with limbs 0 to 6 in [2^51, 2^51 + 2^50): what a difference adds so that no limb borrows",
        "static constexpr uint64_t kMultipleOfP[5][8] = {",
        *(f"    {inflated(8 << i)}," for i in range(5)),
        "};",
        "// p - 2, the exponent of inversion; (p + 1)/4, that of square roots (p = 3 mod 4)",
        f"static constexpr uint64_t kPMinusTwo[6] = {words(P - 2)};",
        f"static constexpr uint64_t kSqrtExponent[6] = {words((P + 1) // 4)};",
        "",
        "}  // namespace pyfe::field::bls12_381",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "csrc/field/include/pyfe/field/constants381.hpp"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if target.exists() and target.read_text() == text() else f"{target} differs from its generator")
    target.write_text(text())
