"""Write csrc/field/include/pyfe/field/constants25519.hpp: the constants of edwards25519 and ristretto255.

Source: RFC 9496, section 4.1 (D, SQRT_M1, SQRT_AD_MINUS_ONE, INVSQRT_A_MINUS_D, ONE_MINUS_D_SQ, D_MINUS_ONE_SQ);
RFC 7748, section 4.1 (A = 486662 and the birational map). Everything is computed here from p and d; a test regenerates
the file and wants no difference.
"""

import sys
from pathlib import Path

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def nonnegative_sqrt(a: int) -> int:
    """The even square root of a modulo p (p = 5 mod 8)."""
    root = pow(a, (P + 3) // 8, P)
    if root * root % P != a % P:
        root = root * pow(2, (P - 1) // 4, P) % P
    assert root * root % P == a % P
    return root if root % 2 == 0 else P - root


def limbs(value: int, bits: int = 51, count: int = 5) -> str:
    words = [(value >> (bits * i)) & (2**bits - 1) for i in range(count)]
    return "{" + ", ".join(f"0x{word:x}" for word in words) + "}"


def base_point() -> tuple[int, int]:
    """The generator: y = 4/5, x even (RFC 8032, section 5.1)."""
    y = 4 * pow(5, -1, P) % P
    return nonnegative_sqrt((y * y - 1) * pow(D * y * y + 1, -1, P) % P), y


def text() -> str:
    sqrt_m1 = nonnegative_sqrt(-1 % P)
    x, y = base_point()
    field = {
        "kOne": (1, "1"),
        "kD": (D, "d = -121665/121666, the curve -x^2 + y^2 = 1 + d x^2 y^2"),
        "k2D": (2 * D % P, "2 d"),
        "kSqrtM1": (sqrt_m1, "sqrt(-1)"),
        "kSqrtAdMinusOne": (P - nonnegative_sqrt((-D - 1) % P), "sqrt(a d - 1), a = -1; the odd root of RFC 9496"),
        "kInvsqrtAMinusD": (nonnegative_sqrt(pow((-1 - D) % P, -1, P)), "1/sqrt(a - d)"),
        "kOneMinusDSq": ((1 - D * D) % P, "1 - d^2"),
        "kDMinusOneSq": ((D - 1) ** 2 % P, "(d - 1)^2"),
        "kBaseX": (x, "generator, x"),
        "kBaseY": (y, "generator, y = 4/5"),
        "kMontgomeryA": (486662, "A of v^2 = u^3 + A u^2 + u, birational to edwards25519"),
        "kMontgomeryC": (nonnegative_sqrt(-486664 % P), "sqrt(-486664): v = c u / x"),
    }
    lines = [
        "// Written by scripts/generate_field25519_constants.py; do not edit. Sources: RFC 9496 4.1, RFC 7748 4.1.",
        "#pragma once",
        "#include <cstdint>",
        "",
        "// clang-format off",
        "namespace pyfe::field {",
        "",
        "// Elements of GF(2^255 - 19), five 51-bit limbs, little endian.",
    ]
    for name, (value, note) in field.items():
        lines.append(f"// {note}")
        lines.append(f"inline constexpr uint64_t {name}[5] = {limbs(value)};")
    lines += [
        "",
        "// l, the prime order of the group, and floor(2^512 / l) for Barrett reduction; 64-bit limbs, little endian.",
        f"inline constexpr uint64_t kOrder[4] = {limbs(ORDER, 64, 4)};",
        f"inline constexpr uint64_t kOrderBarrett[5] = {limbs(2**512 // ORDER, 64, 5)};",
        "// 1/2 and 1/4 modulo l",
        f"inline constexpr uint64_t kHalf[4] = {limbs(pow(2, -1, ORDER), 64, 4)};",
        f"inline constexpr uint64_t kQuarter[4] = {limbs(pow(4, -1, ORDER), 64, 4)};",
        "",
        "}  // namespace pyfe::field",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "csrc/field/include/pyfe/field/constants25519.hpp"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if target.read_text() == text() else f"{target} differs from its generator")
    target.write_text(text())
