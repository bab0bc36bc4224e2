"""Rings modulo primes beside python-flint and Python's integers: the core's answers on every kind of lanes."""

from __future__ import annotations

from random import Random
from types import ModuleType

import numpy as np
import pytest
from flint import fmpz, nmod_poly
from numpy.typing import NDArray

import pyfe

SIZES = (28, 37, 47, 48, 49, 50)
WORDS = np.dtype("<u8")


def prime(bits: int, n: int, *, largest: bool) -> int:
    """The least, or the largest, prime of so many bits that is 1 modulo 2n, by flint."""
    step = 2 * n if not largest else -2 * n
    q = 2 ** (bits - 1) + 1 if not largest else 2**bits + 1 - 2 * n
    while not fmpz(q).is_prime():
        q += step
    return q


def residues(random: Random, q: int, n: int) -> list[int]:
    """Both ends, then random ones."""
    return [q - 1, 0, 1, *(random.randrange(q) for _ in range(n - 3))]


def packed(words: list[int]) -> bytes:
    return np.array([w % 2**64 for w in words], WORDS).tobytes()


def operation(core: ModuleType, name: str, q: int, a: list[int], b: list[int] | None = None, c: int = 0) -> list[int]:
    out: list[int] = np.frombuffer(core.ring_operation(name, q, packed(a), packed(b or []), c), WORDS).tolist()
    return out


def transform(core: ModuleType, q: int, a: list[int], *, inverse: bool = False) -> list[int]:
    out: NDArray[np.int64] = core.ring_transform(q, np.array([a]), inverse)
    assert out.dtype == np.int64 and out.shape == (1, len(a))
    return out[0].tolist()


def negacyclic(a: list[int], b: list[int], q: int) -> list[int]:
    """The product modulo X^n + 1 and q, by flint."""
    n = len(a)
    product = nmod_poly(a, q) * nmod_poly(b, q)
    modulus = nmod_poly([1] + [0] * (n - 1) + [1], q)
    words = [int(w) for w in (product % modulus).coeffs()]
    return words + [0] * (n - len(words))


@pytest.mark.parametrize("largest", [False, True])
@pytest.mark.parametrize("bits", SIZES)
@pytest.mark.parametrize("n", [8, 128, 1024, 8192])
def test_products(core: ModuleType, n: int, bits: int, largest: bool, seed: int) -> None:
    q, random = prime(bits, n, largest=largest), Random(seed)
    a, b = residues(random, q, n), residues(random, q, n)
    values = operation(core, "mul", q, transform(core, q, a), transform(core, q, b))
    assert transform(core, q, values, inverse=True) == negacyclic(a, b, q)


@pytest.mark.parametrize("n", [8, 256])
def test_values_are_in_bit_reversed_order(core: ModuleType, n: int, seed: int) -> None:
    q = prime(50, n, largest=True)
    a = residues(Random(seed), q, n)
    psi = core.ring_least_root(q, n)
    reversed_bits = [int(format(i, f"0{n.bit_length() - 1}b")[::-1], 2) for i in range(n)]
    expected = [int(nmod_poly(a, q)(pow(psi, 2 * r + 1, q))) for r in reversed_bits]
    assert transform(core, q, a) == expected


@pytest.mark.parametrize("end", ["zero", "one", "largest", "turns"])
@pytest.mark.parametrize("bits", SIZES)
def test_extreme_polynomials_come_back(core: ModuleType, bits: int, end: str) -> None:
    n = 8192
    q = prime(bits, n, largest=True)
    a = {"zero": [0] * n, "one": [1] * n, "largest": [q - 1] * n, "turns": [q - 1, 0] * (n // 2)}[end]
    values = transform(core, q, a)
    assert all(0 <= v < q for v in values)
    assert transform(core, q, values, inverse=True) == a


@pytest.mark.parametrize("bits", SIZES)
def test_words(core: ModuleType, bits: int, seed: int) -> None:
    n = 64
    q, random = prime(bits, n, largest=True), Random(seed)
    a, b = residues(random, q, n), residues(random, q, n)[::-1]
    c = random.randrange(-(2**63), 2**63)
    z = [2**63 - 1, -(2**63), -1, -q, q, *(random.randrange(-(2**63), 2**63) for _ in range(n - 5))]
    assert operation(core, "add", q, a, b) == [(x + y) % q for x, y in zip(a, b, strict=True)]
    assert operation(core, "sub", q, a, b) == [(x - y) % q for x, y in zip(a, b, strict=True)]
    assert operation(core, "negate", q, a) == [-x % q for x in a]
    assert operation(core, "mul", q, a, b) == [x * y % q for x, y in zip(a, b, strict=True)]
    assert operation(core, "scale", q, a, c=c) == [c * x % q for x in a]
    assert operation(core, "from_signed", q, z) == [x % q for x in z]


def test_primes_and_roots(core_testing: ModuleType, seed: int) -> None:
    random = Random(seed)
    for bits in (8, 20, 40, 63, 64):
        for n in (random.randrange(2 ** (bits - 1), 2**bits) | 1 for _ in range(400)):
            assert core_testing.ring_is_prime(n) == fmpz(n).is_prime(), n
    for bits in SIZES:
        q = prime(bits, 64, largest=False)
        candidates = (pow(g, (q - 1) // 128, q) for g in range(2, 100))
        root = next(x for x in candidates if pow(x, 64, q) == q - 1)
        assert core_testing.ring_least_root(q, 64) == min(pow(root, e, q) for e in range(1, 128, 2))


@pytest.mark.parametrize("bits", range(28, 51))
def test_packing(core_testing: ModuleType, bits: int, seed: int) -> None:
    q, random = prime(bits, 8, largest=bits % 2 == 0), Random(seed)
    for count in (3, 8, 77):
        a = residues(random, q, count)
        whole = sum(x << (bits * i) for i, x in enumerate(a))
        size = -(-bits * count // 8)
        data = core_testing.ring_pack(q, packed(a))
        assert data == whole.to_bytes(size, "little")
        assert core_testing.ring_unpack(q, data, count) == packed(a)
        at = random.randrange(count)
        above = whole + ((q - a[at]) << (bits * at))
        with pytest.raises(pyfe.DecodeError, match="not below the prime"):
            core_testing.ring_unpack(q, above.to_bytes(size, "little"), count)
        for wrong in (data + b"\0", data[:-1]):
            with pytest.raises(pyfe.DecodeError, match=f"have {size} bytes, not {len(wrong)}"):
                core_testing.ring_unpack(q, wrong, count)
        if 8 * size > bits * count:
            with pytest.raises(pyfe.DecodeError, match="bits after the last are not 0"):
                core_testing.ring_unpack(q, data[:-1] + bytes([data[-1] | 0x80]), count)


def test_refusals(core_testing: ModuleType) -> None:
    q, a = prime(49, 8, largest=True), np.zeros((1, 8), np.int64)
    with pytest.raises(pyfe.ParameterError, match="is not a prime of 28 to 50 bits"):
        core_testing.ring_transform(q + 2, a)
    with pytest.raises(pyfe.ParameterError, match=r"no primitive root of unity of order 2 \* 8192"):
        core_testing.ring_transform(2**50 - 27, np.zeros((1, 8192), np.int64))
    for n in (0, 4, 12, 32768):
        with pytest.raises(pyfe.ParameterError, match="N a power of two from 8 to 16384"):
            core_testing.ring_transform(q, np.zeros((1, n), np.int64))
    with pytest.raises(pyfe.ParameterError, match=r"int64 array \[batch, N\]"):
        core_testing.ring_transform(q, a[0])
    for value in (q, -1):
        a[0, 5] = value
        with pytest.raises(pyfe.ParameterError, match=f"number 5 is not a residue modulo {q}"):
            core_testing.ring_transform(q, a)
    assert core_testing.ring_transform(q, np.zeros((0, 8), np.int64)).shape == (0, 8)
