"""Write csrc/field/src/constants381.cpp: the base field of BLS12-381 and its tower, in both representations.

Source: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1 (the parameter x, p as a polynomial in it, the tower).
Everything is computed here from x; lint regenerates the file and wants no difference.
"""

import sys
from pathlib import Path

X = -0xD201000000010000
ORDER = X**4 - X**2 + 1
P = (X - 1) ** 2 * (X**4 - X**2 + 1) // 3 + X
LANE_BITS, LANE_LIMBS = 50, 8
WORD_BITS, WORDS = 64, 6

Fp2 = tuple[int, int]


def limbs(value: int, bits: int, count: int) -> list[int]:
    assert value >> (bits * count) == 0
    return [(value >> (bits * i)) & (2**bits - 1) for i in range(count)]


def array(values: list[int]) -> str:
    return "{" + ", ".join(f"0x{value:x}" for value in values) + "}"


def lane(value: int) -> str:
    return array(limbs(value, LANE_BITS, LANE_LIMBS))


def words(value: int) -> str:
    return array(limbs(value, WORD_BITS, WORDS))


def fp(value: int) -> str:
    """Montgomery form for both backends: R = 2^400 in lanes, 2^384 in words."""
    return f"{{{lane(value * 2**400 % P)}, {words(value * 2**384 % P)}}}"


def fp2(value: Fp2) -> str:
    return "{" + ", ".join(fp(part) for part in value) + "}"


def fp2_mul(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def fp2_pow(a: Fp2, exponent: int) -> Fp2:
    result: Fp2 = (1, 0)
    for bit in bin(exponent)[2:]:
        result = fp2_mul(result, result)
        if bit == "1":
            result = fp2_mul(result, a)
    return result


def inflated(multiple: int, bits: int) -> str:
    """multiple * p with every limb but the top one in [2^bits, 2^bits + 2^50): it can lend 2^bits."""
    value = limbs(multiple * P, LANE_BITS, LANE_LIMBS)
    lend = 2 ** (bits - LANE_BITS)
    value = [value[0] + 2**bits, *(limb + 2**bits - lend for limb in value[1:-1]), value[-1] - lend]
    assert sum(limb << (LANE_BITS * i) for i, limb in enumerate(value)) == multiple * P
    assert value[-1] > 0
    return array(value)


def beta() -> int:
    """The cube root of unity for which (x, y) -> (beta x, -y) multiplies G1 by x^2 (the curve's parameter squared)."""
    root = pow(2, (P - 1) // 3, P)
    assert root != 1
    # Both primitive roots belong to eigenvalues -x^2 and x^2 - 1 of (x, y) -> (beta x, y); the generator tells them
    # apart.
    for candidate in (root, root * root % P):
        if multiply_g1(X * X) == (candidate * G1[0] % P, -G1[1] % P):
            return candidate
    raise AssertionError


G1 = (
    0x17F1D3A73197D7942695638C4FA9AC0FC3688C4F9774B905A14E3A3F171BAC586C55E83FF97A1AEFFB3AF00ADB22C6BB,
    0x08B3F481E3AAA0F1A09E30ED741D8AE4FCF5E095D5D00AF600DB18CB2C04B3EDD03CC744A2888AE40CAA232946C5E7E1,
)
G2: tuple[Fp2, Fp2] = (
    (
        0x024AA2B2F08F0A91260805272DC51051C6E47AD4FA403B02B4510B647AE3D1770BAC0326A805BBEFD48056C8C121BDB8,
        0x13E02B6052719F607DACD3A088274F65596BD0D09920B61AB5DA61BBDC7F5049334CF11213945D57E5AC7D055D042B7E,
    ),
    (
        0x0CE5D527727D6E118CC9CDC6DA2E351AADFD9BAA8CBDD3A76D429A695160D12C923AC9CC3BACA289E193548608B82801,
        0x0606C4A02EA734CC32ACD2B02BC28B99CB3E287E85A763AF267492AB572E99AB3F370D275CEC1DA1AAA9075FF05F79BE,
    ),
)


def multiply_g1(scalar: int) -> tuple[int, int]:
    """scalar times the generator, affine, by doubling and adding."""
    result: tuple[int, int] | None = None
    for bit in bin(scalar)[2:]:
        if result is not None:
            x, y = result
            slope = 3 * x * x * pow(2 * y, -1, P) % P
            x3 = (slope * slope - 2 * x) % P
            result = (x3, (slope * (x - x3) - y) % P)
        if bit == "1":
            if result is None:
                result = G1
                continue
            x, y = result
            slope = (y - G1[1]) * pow(x - G1[0], -1, P) % P
            x3 = (slope * slope - x - G1[0]) % P
            result = (x3, (slope * (x - x3) - y) % P)
    assert result is not None
    return result


def text() -> str:
    xi: Fp2 = (1, 1)
    inverse_xi: Fp2 = (pow(2, -1, P), -pow(2, -1, P) % P)
    quotient = 2**52 // ((P >> 350) + 1)
    frobenius = [fp2_pow(xi, k * (P - 1) // 6) for k in range(6)]
    lines = [
        "// Written by scripts/generate_field381_constants.py; do not edit.",
        "// Source: draft-irtf-cfrg-pairing-friendly-curves, section 4.2.1.",
        '#include "pyfe/field/constants381.hpp"',
        "",
        "// clang-format off",
        "namespace pyfe::field::bls12_381 {",
        "",
        f"const uint64_t kPLane[8] = {lane(P)};",
        f"const uint64_t kPWord[6] = {words(P)};",
        f"const uint64_t kPPlusOneHalf[6] = {words((P + 1) // 2)};",
        f"const uint64_t kTwoPWord[6] = {words(2 * P)};",
        f"const uint64_t kNegInverseLane = 0x{-pow(P, -1, 2**50) % 2**50:x};",
        f"const uint64_t kNegInverseWord = 0x{-pow(P, -1, 2**64) % 2**64:x};",
        f"const uint64_t kQuotient = 0x{quotient:x};",
        f"const FpConstant kRSquared = {{{lane(2**800 % P)}, {words(2**768 % P)}}};",
        f"const FpConstant kFpOne = {fp(1)};",
        f"const FpConstant kFpHalf = {fp(pow(2, -1, P))};",
        "const uint64_t kLend51[6][8] = {",
        *(f"    {inflated(4 << i, 51)}," for i in range(6)),
        "};",
        f"const uint64_t kLend61[8] = {inflated(1, 61)};",
        f"const uint64_t kPMinusTwo[6] = {words(P - 2)};",
        f"const uint64_t kPMinusThreeQuarters[6] = {words((P - 3) // 4)};",
        "const Fp2Constant kFrobenius[6] = {",
        *(f"    {fp2(value)}," for value in frobenius),
        "};",
        f"const FpConstant kBeta = {fp(beta())};",
        f"const Fp2Constant kPsiX = {fp2(fp2_pow(inverse_xi, (P - 1) // 3))};",
        f"const Fp2Constant kPsiY = {fp2(fp2_pow(inverse_xi, (P - 1) // 2))};",
        f"const FpConstant kPsiSquaredX = {fp(pow(2, -(P - 1) // 3, P))};",
        f"const FpConstant kG1X = {fp(G1[0])};",
        f"const FpConstant kG1Y = {fp(G1[1])};",
        f"const Fp2Constant kG2X = {fp2(G2[0])};",
        f"const Fp2Constant kG2Y = {fp2(G2[1])};",
        f"const uint64_t kOrder[4] = {array(limbs(ORDER, 64, 4))};",
        f"const uint64_t kOrderNegInverse = 0x{-pow(ORDER, -1, 2**64) % 2**64:x};",
        f"const uint64_t kOrderRSquared[4] = {array(limbs(2**512 % ORDER, 64, 4))};",
        f"const uint64_t kAbsX = 0x{-X:x};",
        f"const uint64_t kAbsXReciprocal = 0x{(2**128 - 1) // -X - 2**64:x};",
        "",
        "}  // namespace pyfe::field::bls12_381",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "csrc/field/src/constants381.cpp"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if target.exists() and target.read_text() == text() else f"{target} differs from its generator")
    target.write_text(text())
