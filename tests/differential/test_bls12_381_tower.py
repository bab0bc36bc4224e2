"""Fp12 of BLS12-381 on every backend against polynomials over Python's integers: Fp2[w]/(w^6 - (1 + u))."""

from __future__ import annotations

import random
from types import ModuleType

import pytest

from tests.differential.conftest import supported
from tests.differential.test_bls12_381_field import P, edges, packed, unpacked

Fp2 = tuple[int, int]
Fp12 = tuple[Fp2, ...]  # coefficients of 1, w, .. w^5

ONE: Fp12 = ((1, 0), *[(0, 0)] * 5)
TOWER = (0, 2, 4, 1, 3, 5)  # the core's order: 1, v, v^2, w, v w, v^2 w with v = w^2


def mul2(a: Fp2, b: Fp2) -> Fp2:
    return (a[0] * b[0] - a[1] * b[1]) % P, (a[0] * b[1] + a[1] * b[0]) % P


def mul(a: Fp12, b: Fp12) -> Fp12:
    sums = [(0, 0)] * 11
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            re, im = mul2(x, y)
            sums[i + j] = (sums[i + j][0] + re, sums[i + j][1] + im)
    for k in range(10, 5, -1):  # w^6 = 1 + u
        re, im = sums[k]
        sums[k - 6] = (sums[k - 6][0] + re - im, sums[k - 6][1] + re + im)
    return tuple((re % P, im % P) for re, im in sums[:6])


def power(a: Fp12, exponent: int) -> Fp12:
    result = ONE
    for bit in bin(exponent)[2:]:
        result = mul(result, result)
        if bit == "1":
            result = mul(result, a)
    return result


def to_bytes(items: list[Fp12]) -> bytes:
    return packed([part for item in items for k in TOWER for part in item[k]])


def from_bytes(data: bytes) -> list[Fp12]:
    flat = unpacked(data)
    items = []
    for i in range(0, len(flat), 12):
        item: list[Fp2] = [(0, 0)] * 6
        for row, k in enumerate(TOWER):
            item[k] = (flat[i + 2 * row], flat[i + 2 * row + 1])
        items.append(tuple(item))
    return items


def elements(count: int, seed: int) -> list[Fp12]:
    """Coefficients at the edges of the limbs, then random ones."""
    source = random.Random(seed)
    ends = [value % P for value in edges()]
    at_ends: list[Fp12] = [tuple((source.choice(ends), source.choice(ends)) for _ in range(6)) for _ in range(count)]
    anywhere: list[Fp12] = [tuple((source.randrange(P), source.randrange(P)) for _ in range(6)) for _ in range(count)]
    return [ONE, ((0, 0),) * 6, ((P - 1, P - 1),) * 6, *at_ends, *anywhere]


def line(a: Fp12) -> Fp12:
    """What the core takes of a line: the coefficients of 1, v and v w."""
    return tuple(part if k in (0, 2, 3) else (0, 0) for k, part in enumerate(a))


@pytest.fixture(params=("portable", "ifma", "emulated"))
def backend(request: pytest.FixtureRequest, core_testing: ModuleType) -> str:
    name: str = request.param
    if not supported(core_testing, name):
        pytest.skip(f"this CPU cannot run the {name} lanes")
    return name


def ours(core: ModuleType, backend: str, operation: str, a: list[Fp12], b: list[Fp12] | None = None) -> list[Fp12]:
    return from_bytes(core.bls12_381_field(backend, operation, to_bytes(a), to_bytes(b or [])))


def test_multiplication(core_testing: ModuleType, backend: str) -> None:
    a, b = elements(100, 1), elements(100, 2)[::-1]
    assert ours(core_testing, backend, "fp12_mul", a, b) == [mul(x, y) for x, y in zip(a, b, strict=True)]
    assert ours(core_testing, backend, "fp12_mul_line", a, b) == [mul(x, line(y)) for x, y in zip(a, b, strict=True)]
    assert ours(core_testing, backend, "fp12_square", a) == [mul(x, x) for x in a]


def test_inverse(core_testing: ModuleType, backend: str) -> None:
    a = elements(30, 3)
    inverses = ours(core_testing, backend, "fp12_invert", a)
    zero: Fp12 = ((0, 0),) * 6
    assert [mul(x, y) for x, y in zip(a, inverses, strict=True)] == [zero if x == zero else ONE for x in a]


def test_frobenius(core_testing: ModuleType, backend: str) -> None:
    a = elements(3, 4)
    assert ours(core_testing, backend, "fp12_frobenius", a) == [power(x, P) for x in a]


def test_cyclotomic_squares(core_testing: ModuleType, backend: str) -> None:
    # a^(p^6 - 1)(p^2 + 1) lies in the cyclotomic subgroup.
    a = [x for x in elements(4, 5) if any(part != (0, 0) for part in x)]
    conjugates: list[Fp12] = [tuple((c if k % 2 == 0 else (-c[0] % P, -c[1] % P)) for k, c in enumerate(x)) for x in a]
    inverses = ours(core_testing, backend, "fp12_invert", a)
    unitary = [mul(x, y) for x, y in zip(conjugates, inverses, strict=True)]
    members = [mul(power(x, P * P), x) for x in unitary]
    assert ours(core_testing, backend, "fp12_cyclotomic_square", members) == [mul(x, x) for x in members]


def test_unequal_lengths_are_refused(core_testing: ModuleType) -> None:
    with pytest.raises(ValueError, match="unequal lengths"):
        core_testing.bls12_381_field("portable", "fp12_mul", to_bytes([ONE]), b"")
