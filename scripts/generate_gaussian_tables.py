"""Write csrc/random/src/gaussian_tables.hpp: what the sampler of discrete Gaussians knows of exp.

docs/math/discrete-gaussian.md says what each number is for. Everything is computed here with 90 digits; the distance
of the base tables from the distributions that they stand for is checked before they are written.
"""

import sys
from decimal import ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, getcontext
from itertools import pairwise
from math import factorial, log, sqrt
from pathlib import Path

getcontext().prec = 90

BITS = 104
SIXTEENTHS = (6, 4, 3, 2)
"""The base distributions, narrowest first: P(x) ~ exp(-x^2 j / 16) on x = 0, 1, ..., of width sqrt(8/j)."""

MOST_THRESHOLDS = 23
"""As gaussian_shape.hpp has it."""

DEGREE, SHORT = 14, 9
"""Of the polynomial for 2^l - 1, l <= 1/16; coefficients from SHORT on need 52 bits only, times 2^SHIFT."""
SHIFT = 23

LN2 = Decimal(2).ln()
LOG2E = 1 / LN2


def nearest(value: Decimal, bits: int = BITS) -> int:
    return int((value * 2**bits).to_integral_value(ROUND_HALF_EVEN))


def floor(value: Decimal, bits: int = BITS) -> int:
    return int((value * 2**bits).to_integral_value(ROUND_FLOOR))


def weights(sixteenths: int) -> list[Decimal]:
    """exp(-x^2 j / 16), to far beyond the table's end."""
    return [(-Decimal(x * x * sixteenths) / 16).exp() for x in range(64)]


def thresholds(sixteenths: int) -> list[int]:
    """Entry i is 2^104 P(x > i): x is the number of entries above a uniform number of 104 bits. Ends before zeros."""
    every = weights(sixteenths)
    tails = [sum(every[i + 1 :], Decimal(0)) / sum(every) for i in range(len(every) - 1)]
    return [entry for entry in map(nearest, tails) if entry > 0]


def distance(sixteenths: int) -> Decimal:
    """Sum over x of |P(x) - what the table gives|, in units of 2^-104."""
    every, table = weights(sixteenths), [2**BITS, *thresholds(sixteenths), 0]
    given = [a - b for a, b in pairwise(table)] + [0] * len(every)
    total = sum(every, Decimal(0))
    return sum((abs(p / total * 2**BITS - q) for p, q in zip(every, given, strict=False)), Decimal(0))


def reach(sixteenths: int) -> float:
    """The table's end in standard deviations of the widest Gaussian that it serves."""
    return (len(thresholds(sixteenths)) + 1) / sqrt(8 / sixteenths)


def most_halvings(sixteenths: int) -> float:
    """log2 of the least probability of acceptance: at the table's end, for the narrowest Gaussian that it serves."""
    wider = [j for j in SIXTEENTHS if j > sixteenths]
    narrowest = min(wider) if wider else 8  # 8/16 is the standard deviation 1, 2/16 of the next power of two
    end = len(thresholds(sixteenths)) + 1
    return (end**2 * narrowest - (end - 1) ** 2 * sixteenths) / 16 / log(2)


def check() -> None:
    """What docs/math/discrete-gaussian.md says of these numbers."""
    for j in SIXTEENTHS:
        assert distance(j) < len(thresholds(j)) + 1
        assert len(thresholds(j)) <= MOST_THRESHOLDS
        assert 12 <= reach(j) < 12.5
        assert most_halvings(j) < 127
    next_term = (LN2 / 16) ** (DEGREE + 1) / factorial(DEGREE + 1)
    assert next_term * 2**108 < 1
    assert LN2**SHORT / factorial(SHORT) * 2**SHIFT < Decimal("0.99")


def limbs(value: int) -> str:
    """Two of 52 bits, the high one first."""
    assert 0 <= value < 2**BITS
    return f"{{0x{value >> 52:x}, 0x{value & (2**52 - 1):x}}}"


def rows(values: list[int]) -> list[str]:
    return [f"    {limbs(value)}," for value in values]


def base(sixteenths: int) -> list[str]:
    table = thresholds(sixteenths)
    unit = floor(LOG2E * sixteenths / 16)
    return [f"    {{{sixteenths}, {len(table)}, {limbs(unit)}, {{", *rows(table), "    }},"]


def text() -> str:
    check()
    coefficients = [LN2**k / factorial(k) for k in range(DEGREE + 1)]
    short = [nearest(c, 52 + SHIFT) for c in coefficients[SHORT:]]
    log2e = floor(LOG2E, 127)
    lines = [
        "// Written by scripts/generate_gaussian_tables.py; do not edit. docs/math/discrete-gaussian.md explains.",
        "#pragma once",
        '#include "pyfe/random/gaussian_shape.hpp"',
        "",
        "// clang-format off",
        "namespace pyfe::gaussian {",
        "",
        "// P(x) ~ exp(-x^2 j / 16). Threshold i is P(x > i): x is how many of them lie above a uniform fraction",
        "struct Base {",
        "    std::uint64_t sixteenths;  // j",
        "    int count;            // thresholds",
        "    Fraction unit;        // log2(e) j / 16, rounded down",
        "    Fraction thresholds[most_thresholds];",
        "};",
        "inline constexpr Base bases[] = {",
        *(line for j in SIXTEENTHS for line in base(j)),
        "};",
        "",
        "// floor(2^127 log2(e)), the high word first",
        f"inline constexpr std::uint64_t log2e[2] = {{0x{log2e >> 64:x}, 0x{log2e & (2**64 - 1):x}}};",
        "",
        "// 2^(-(h + 1) / 16): high words, low words",
        "inline constexpr std::uint64_t roots[2][16] = {",
    ]
    roots = [nearest((-LN2 * (h + 1) / 16).exp()) for h in range(16)]
    for part in ([v >> 52 for v in roots], [v & (2**52 - 1) for v in roots]):
        lines.append("    {" + ", ".join(f"0x{word:x}" for word in part) + "},")
    lines += [
        "};",
        "",
        f"// ln(2)^k / k! for k = 1 .. {SHORT - 1}",
        f"inline constexpr Fraction power_series[{SHORT - 1}] = {{",
        *rows([nearest(c) for c in coefficients[1:SHORT]]),
        "};",
        f"// The same for k = {SHORT} .. {DEGREE} in 52 bits, times 2^{SHIFT}",
        f"inline constexpr int short_shift = {SHIFT};",
        f"inline constexpr std::uint64_t power_series_end[{len(short)}] = {{"
        + ", ".join(f"0x{c:x}" for c in short)
        + "};",
        "",
        "}  // namespace pyfe::gaussian",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    target = Path(__file__).parent.parent / "csrc/random/src/gaussian_tables.hpp"
    if sys.argv[1:] == ["--check"]:
        sys.exit(0 if target.read_text() == text() else f"{target} differs from its generator")
    target.write_text(text())
