"""Scalars modulo r, the order of the groups of BLS12-381, against Python's integers."""

from __future__ import annotations

import random
from types import ModuleType

import pytest

from pyfe.errors import DecodeError

X = 0xD201000000010000
R = X**4 - X**2 + 1
EDGES = [
    value
    for around in (0, 1 << 64, 1 << 128, 1 << 192, X, X**2, X**3, X**2 * (X - 1), R // 2, R)
    for value in range(around - 3, around + 4)
    if 0 <= value < R
]


def scalars(count: int) -> list[int]:
    source = random.Random(255)
    return EDGES + [source.randrange(R) for _ in range(count)] + [source.randrange(X) * X**3 % R for _ in range(50)]


def test_operations(core_testing: ModuleType) -> None:
    def ours(operation: str, *values: int) -> int:
        data = [value.to_bytes(32, "little") for value in values]
        return int.from_bytes(core_testing.bls12_381_scalar(operation, *data), "little")

    source = random.Random(1)
    for a in scalars(2_000):
        b = source.choice(EDGES) if a % 2 else source.randrange(R)
        assert ours("add", a, b) == (a + b) % R
        assert ours("sub", a, b) == (a - b) % R
        assert ours("mul", a, b) == a * b % R
    for a in scalars(200):
        assert ours("invert", a) == pow(a, R - 2, R)


def test_digits_of_x(core_testing: ModuleType) -> None:
    for a in scalars(5_000):
        data = core_testing.bls12_381_scalar("digits", a.to_bytes(32, "little"))
        digits = [int.from_bytes(data[i : i + 8], "little") for i in range(0, 32, 8)]
        assert all(digit < X for digit in digits)
        assert sum(digit * X**i for i, digit in enumerate(digits)) == a


def test_reduction_of_wide_integers(core_testing: ModuleType) -> None:
    source = random.Random(2)
    for value in [0, R, 2**256 - 1, 2**256, 2**512 - 1, R << 256, *(source.randrange(2**512) for _ in range(500))]:
        data = core_testing.bls12_381_scalar("reduce", value.to_bytes(64, "little"))
        assert int.from_bytes(data, "little") == value % R


def test_only_canonical_bytes(core_testing: ModuleType) -> None:
    for value in (R, R + 1, 2**255, 2**256 - 1):
        with pytest.raises(DecodeError):
            core_testing.bls12_381_scalar("add", value.to_bytes(32, "little"))


def test_from_signed_integers(core_testing: ModuleType) -> None:
    for value in (0, 1, -1, 2**63 - 1, -(2**63), 12345, -98765):
        assert int.from_bytes(core_testing.bls12_381_scalar_from_int(value), "little") == value % R
