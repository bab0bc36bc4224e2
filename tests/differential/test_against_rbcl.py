"""Points and scalars against libsodium (through rbcl): another implementation, by other people."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest

rbcl = pytest.importorskip(
    "rbcl", reason="rbcl (libsodium) is not installed: make install brings it with the test extra"
)

ORDER = 2**252 + 27742317777372353535851937790883648493
SIZES = (1, 5, 7, 8, 9, 17, 64)
EDGES = [0, 1, 2, 15, 16, ORDER - 1, ORDER - 2, 2**252, 2**252 - 1, 2**128, 2**128 - 1, 2**64, 2**64 - 1, 2**250 + 1]

Bytes = Any  # uint8[N, 32]


def as_scalars(values: list[int]) -> Bytes:
    return np.frombuffer(b"".join(v.to_bytes(32, "little") for v in values), np.uint8).reshape(-1, 32)


def rows(array: Bytes) -> list[bytes]:
    return [row.tobytes() for row in array]


def random_points(rng: np.random.Generator, count: int) -> Bytes:
    """Mapped by libsodium; the first is the identity, the second the generator."""
    hashed = [rbcl.crypto_core_ristretto255_from_hash(rng.bytes(64)) for _ in range(count)]
    special = [bytes(32), rbcl.crypto_scalarmult_ristretto255_base((1).to_bytes(32, "little"))]
    return np.frombuffer(
        b"".join((special + hashed)[-count:] if count < 3 else special + hashed[2:]), np.uint8
    ).reshape(-1, 32)


def random_scalars(rng: np.random.Generator, count: int) -> Bytes:
    return as_scalars([int.from_bytes(rng.bytes(40), "little") % ORDER for _ in range(count)])


def with_edges(rng: np.random.Generator, count: int) -> Bytes:
    scalars = random_scalars(rng, max(count, len(EDGES)))
    scalars = scalars.copy()
    scalars[: len(EDGES)] = as_scalars(EDGES)
    return np.ascontiguousarray(scalars[:count]) if count > len(EDGES) else scalars


@pytest.mark.parametrize("count", SIZES)
def test_variable_base(core: ModuleType, seed: int, count: int) -> None:
    rng = np.random.default_rng([seed, 1, count])
    points, k = random_points(rng, count), random_scalars(rng, count)
    expected = [
        rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(s, p) for s, p in zip(rows(k), rows(points), strict=True)
    ]
    assert rows(core.ristretto255.mul(points, k)) == expected


def test_edge_scalars(core: ModuleType, seed: int) -> None:
    rng = np.random.default_rng([seed, 2])
    k = as_scalars(EDGES)
    (point,) = rows(random_points(rng, 1))
    points = np.frombuffer(point * len(EDGES), np.uint8).reshape(-1, 32)
    variable = [rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(s, point) for s in rows(k)]
    base = [rbcl.crypto_scalarmult_ristretto255_base_allow_scalar_zero(s) for s in rows(k)]
    assert rows(core.ristretto255.mul(points, k)) == variable
    assert rows(core.ristretto255.mul_base(k)) == base


@pytest.mark.parametrize("count", SIZES)
def test_fixed_base(core: ModuleType, seed: int, count: int) -> None:
    k = random_scalars(np.random.default_rng([seed, 3, count]), count)
    expected = [rbcl.crypto_scalarmult_ristretto255_base_allow_scalar_zero(s) for s in rows(k)]
    assert rows(core.ristretto255.mul_base(k)) == expected


@pytest.mark.parametrize("count", SIZES)
def test_add_and_sub(core: ModuleType, seed: int, count: int) -> None:
    rng = np.random.default_rng([seed, 4, count])
    a, b = random_points(rng, count), random_points(rng, count)
    b = np.concatenate([a[: count // 2], b[count // 2 :]])  # also P + P and P - P
    pairs = list(zip(rows(a), rows(b), strict=True))
    assert rows(core.ristretto255.add(a, b)) == [rbcl.crypto_core_ristretto255_add(p, q) for p, q in pairs]
    assert rows(core.ristretto255.sub(a, b)) == [rbcl.crypto_core_ristretto255_sub(p, q) for p, q in pairs]


@pytest.mark.parametrize("count", SIZES)
def test_one_way_map(core: ModuleType, seed: int, count: int) -> None:
    rng = np.random.default_rng([seed, 5, count])
    data = [rng.bytes(64) for _ in range(count)]
    data[:1] = [bytes(64)]
    data[-1:] = [b"\xff" * 64]
    mapped = core.ristretto255.from_uniform_bytes(np.frombuffer(b"".join(data), np.uint8).reshape(-1, 64))
    assert rows(mapped) == [rbcl.crypto_core_ristretto255_from_hash(d) for d in data]


def test_validity(core: ModuleType, seed: int) -> None:
    """Random strings, even ones among them, the neighbourhood of 0 and of p, and points with one bit changed."""
    rng = np.random.default_rng([seed, 6])
    prime = 2**255 - 19
    near = [v.to_bytes(32, "little") for v in [*range(80), *range(prime - 80, prime + 25), 2**255, 2**256 - 1]]
    even = [bytes([c[0] & 0xFE]) + c[1:31] + bytes([c[31] & 0x7F]) for c in (rng.bytes(32) for _ in range(400))]
    flips = []
    for index, point in enumerate(rows(random_points(rng, 256))):
        changed = bytearray(point)
        changed[index // 8] ^= 1 << (index % 8)
        flips.append(bytes(changed))
    candidates = [*near, *even, *flips, *(rng.bytes(32) for _ in range(50))]
    ours = core.ristretto255.is_valid(np.frombuffer(b"".join(candidates), np.uint8).reshape(-1, 32)).tolist()
    # The libsodium in rbcl 1.1.2 does not look at bit 255; RFC 9496, 4.3.1, refuses every value from p on.
    theirs = [c[31] < 128 and bool(rbcl.crypto_core_ristretto255_is_valid_point(c)) for c in candidates]
    assert ours == theirs
    assert 100 < sum(theirs) < len(theirs) - 100


@pytest.mark.parametrize("count", [1, 7, 9, 50, 383, 400])
def test_long_sums(core: ModuleType, seed: int, count: int) -> None:
    """Straus and Pippenger against a running sum."""
    rng = np.random.default_rng([seed, 7, count])
    points, k = random_points(rng, count), with_edges(rng, count)[:count]
    total = bytes(32)
    for s, p in zip(rows(k), rows(points), strict=True):
        total = rbcl.crypto_core_ristretto255_add(total, rbcl.crypto_scalarmult_ristretto255_allow_scalar_zero(s, p))
    assert core.ristretto255.msm_vartime(points, np.ascontiguousarray(k)).tobytes() == total


def test_scalars(core_testing: ModuleType, seed: int) -> None:
    """One implementation serves all lanes."""
    rng = np.random.default_rng([seed, 8])
    native = core_testing.ristretto255
    a, b = with_edges(rng, 60), random_scalars(rng, 60)
    a, b = np.concatenate([a, a]), np.concatenate([b, a[::-1]])
    pairs = list(zip(rows(a), rows(b), strict=True))
    assert rows(native.scalar_add(a, b)) == [rbcl.crypto_core_ristretto255_scalar_add(x, y) for x, y in pairs]
    assert rows(native.scalar_mul(a, b)) == [rbcl.crypto_core_ristretto255_scalar_mul(x, y) for x, y in pairs]
    invertible = np.ascontiguousarray(a[[any(row) for row in rows(a)]])
    inverses = [rbcl.crypto_core_ristretto255_scalar_invert(x) for x in rows(invertible)]
    assert rows(native.scalar_invert(invertible)) == inverses


def test_scalar_reduction(core_testing: ModuleType, seed: int) -> None:
    rng = np.random.default_rng([seed, 9])
    values = [0, 1, ORDER - 1, ORDER, ORDER + 1, 2**512 - 1, ORDER << 259, (ORDER << 259) - 1, 2**256, 2**511]
    wide = [v.to_bytes(64, "little") for v in values] + [rng.bytes(64) for _ in range(200)]
    reduced = core_testing.ristretto255.scalar_reduce(np.frombuffer(b"".join(wide), np.uint8).reshape(-1, 64))
    assert rows(reduced) == [rbcl.crypto_core_ristretto255_scalar_reduce(w) for w in wide]
