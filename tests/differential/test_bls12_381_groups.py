"""G1 and G2 of BLS12-381 on every kind of lanes, against blst."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.errors import DecodeError
from tests.differential.blst import Blst

ByteArray = npt.NDArray[np.uint8]
X = 0xD201000000010000
ORDER = X**4 - X**2 + 1
SCALARS = [0, 1, 2, 7, 8, 9, 15, 16, X - 1, X, X + 1, X**2 - 1, X**2, X**2 + 1, X**3, 2**64, 2**128, ORDER // 2]
SCALARS += [ORDER - value for value in SCALARS if value] + [int("8" * 63, 16), int("7" * 63, 16)]


def points_class(core: ModuleType, name: str) -> Any:
    return core.bls12_381.G1Points if name == "g1" else core.bls12_381.G2Points


def array(rows: list[bytes]) -> ByteArray:
    return np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1).copy()


def rows(data: ByteArray) -> list[bytes]:
    return [row.tobytes() for row in data]


def scalar_bytes(values: list[int]) -> list[bytes]:
    return [value.to_bytes(32, "little") for value in values]


def base(group: Any, count: int) -> list[bytes]:
    return [group.generator()] * count


def random_points(group: Any, count: int, seed: int) -> list[bytes]:
    source = random.Random(seed)
    result: list[bytes] = group.mult(base(group, count), scalar_bytes([source.randrange(ORDER) for _ in range(count)]))
    return result


def test_generator_and_identity(core: ModuleType, blst: Blst, name: str) -> None:
    group, kind = getattr(blst, name), points_class(core, name)
    assert rows(kind.generator(9).to_bytes()) == base(group, 9)
    assert rows(kind.identity(3).to_bytes()) == [group.infinity()] * 3
    assert len(kind.from_bytes(array([group.infinity()] * 2))) == 2
    assert kind.identity(0).to_bytes().shape[0] == 0


def test_addition(core: ModuleType, blst: Blst, name: str) -> None:
    """Any two points: equal, opposite, the identity on either side."""
    group, kind = getattr(blst, name), points_class(core, name)
    p = random_points(group, 20, 1)
    q = random_points(group, 20, 2)
    a = [*p, p[0], p[1], group.infinity(), p[2], group.infinity(), group.generator()]
    b = [*q, p[0], group.neg([p[1]])[0], p[3], group.infinity(), group.infinity(), group.generator()]
    ours = kind.from_bytes(array(a)).add(kind.from_bytes(array(b)))
    assert rows(ours.to_bytes()) == group.add(a, b)
    assert rows(kind.from_bytes(array(a)).negate().to_bytes()) == group.neg(a)


def test_multiplication(core: ModuleType, blst: Blst, name: str) -> None:
    group, kind = getattr(blst, name), points_class(core, name)
    source = random.Random(3)
    scalars = SCALARS + [source.randrange(ORDER) for _ in range(30)]
    points = random_points(group, len(scalars), 4)
    points[5] = points[40] = group.infinity()
    ours = kind.from_bytes(array(points)).multiply(array(scalar_bytes(scalars)))
    assert rows(ours.to_bytes()) == group.mult(points, scalar_bytes(scalars))


def test_slices(core: ModuleType, blst: Blst, name: str) -> None:
    group, kind = getattr(blst, name), points_class(core, name)
    points = random_points(group, 21, 5)
    batch = kind.from_bytes(array(points))
    for part in (slice(None), slice(3, 17), slice(None, None, -2), slice(20, 0, -3), slice(5, 5), slice(2, 21, 4)):
        assert rows(batch.slice(part).to_bytes()) == points[part]


def refuses(kind: Any, data: bytes, reason: str) -> None:
    with pytest.raises(DecodeError, match=reason):
        kind.from_bytes(array([data]))


def test_what_is_refused(core: ModuleType, blst: Blst, name: str) -> None:
    group, kind = getattr(blst, name), points_class(core, name)
    point, p = random_points(group, 1, 6)[0], blst.p

    def changed(change: Callable[[bytearray], None], start: bytes = point) -> bytes:
        data = bytearray(start)
        change(data)
        return bytes(data)

    refuses(kind, changed(lambda d: d.__setitem__(0, d[0] & 0x7F)), "compression flag")
    refuses(kind, changed(lambda d: d.__setitem__(0, d[0] | 0x40)), "infinity flag")
    refuses(kind, changed(lambda d: d.__setitem__(0, d[0] | 0x20), group.infinity()), "infinity flag")
    refuses(kind, changed(lambda d: d.__setitem__(len(d) - 1, 1), group.infinity()), "infinity flag")
    top = p + 1 | 1 << 383
    refuses(kind, top.to_bytes(48, "big") + b"\0" * (len(point) - 48), "not below p")
    if name == "g2":
        refuses(kind, point[:48] + p.to_bytes(48, "big"), "not below p")
    for outside in group.outside(20, 7):
        refuses(kind, outside, "not in the subgroup")
    with pytest.raises(DecodeError, match=r"point 1 of G\d"):
        kind.from_bytes(array([point, group.outside(1, 8)[0], point]))


def test_single_bit_flips(shipped: ModuleType, blst: Blst, name: str, request: pytest.FixtureRequest) -> None:
    """Exactly one flip of a point decodes: that of its sign."""
    group, kind = getattr(blst, name), points_class(shipped, name)
    count = 200 if request.config.getoption("--slow") else 3
    for point, negative in zip(p := random_points(group, count, 9), group.neg(p), strict=True):
        decoded = []
        for bit in range(8 * len(point)):
            data = bytearray(point)
            data[bit // 8] ^= 0x80 >> bit % 8
            try:
                kind.from_bytes(array([bytes(data)]))
            except DecodeError:
                continue
            decoded.append(bytes(data))
        assert decoded == [negative]


SMALL = {"g1": (3, 11, 10177), "g2": (13, 23, 2713)}


def full_order(name: str) -> int:
    """The number of points of the curve over Fp, or of the twist over Fp2: r times the cofactor."""
    x = -X
    if name == "g1":
        return ORDER * (x - 1) ** 2 // 3
    return ORDER * (x**8 - 4 * x**7 + 5 * x**6 - 4 * x**4 + 6 * x**3 - 4 * x**2 - 4 * x + 13) // 9


def test_points_of_small_order(core: ModuleType, blst: Blst, name: str) -> None:
    """On the curve, of an order that divides the cofactor: refused, alone and on top of a point of the subgroup."""
    group, kind = getattr(blst, name), points_class(core, name)
    member = random_points(group, 1, 10)[0]
    for order in SMALL[name]:
        rest = full_order(name)
        while rest % order == 0:
            rest //= order
        assert rest < full_order(name)
        small = next(p for p in group.mult_any(group.outside(40, order), [rest] * 40) if p != group.infinity())
        while (higher := group.mult_any([small], [order])[0]) != group.infinity():
            small = higher
        refuses(kind, small, "not in the subgroup")
        refuses(kind, group.add([member], [small])[0], "not in the subgroup")


@pytest.mark.slow
def test_many_operations(shipped: ModuleType, blst: Blst, name: str) -> None:
    """10^5 sums, products and decodings"""
    group, kind = getattr(blst, name), points_class(shipped, name)
    source = random.Random(11)
    p = random_points(group, 100_000, 12)
    scalars = scalar_bytes([source.randrange(ORDER) for _ in p])
    a = kind.from_bytes(array(p))
    assert rows(a.to_bytes()) == p
    assert rows(a.add(a.slice(slice(None, None, -1))).to_bytes()) == group.add(p, p[::-1])
    assert rows(a.multiply(array(scalars)).to_bytes()) == group.mult(p, scalars)
