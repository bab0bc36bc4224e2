"""Multi-scalar multiplication on G1 and G2 of BLS12-381, on every kind of lanes, against blst."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.errors import DecodeError, ParameterError
from tests.differential.blst import Blst
from tests.differential.test_bls12_381_groups import ORDER, X, array, points_class, random_points, rows, scalar_bytes

IntArray = npt.NDArray[np.int64]
INT64 = np.iinfo(np.int64)
LENGTHS = (1, 2, 7, 8, 9, 31, 64, 100)
FULL = [0, 1, 2, ORDER - 1, ORDER // 2, ORDER // 2 + 1, X, X - 1, X // 2, X // 2 + 1, X**2, X**2 // 2, X**2 // 2 + 1]
FULL += [X**3, X**3 - 1, 2**64 - 1, 2**127, 2**128 - 1, ORDER - X, ORDER - X**2, int("7f" * 31, 16), int("80" * 31, 16)]


@pytest.fixture(scope="module")
def pool(blst: Blst) -> dict[str, list[bytes]]:
    """Random points of each group."""
    return {name: random_points(getattr(blst, name), 300, 7) for name in ("g1", "g2")}


def short(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)


def full(values: list[int]) -> npt.NDArray[np.uint8]:
    return array(scalar_bytes([value % ORDER for value in values])).reshape(len(values), 32)


def wanted(group: Any, points: list[bytes], scalars: list[int]) -> bytes:
    """By blst one by one and its complete addition: no special case of Pippenger's to trust."""
    total: bytes = group.infinity()
    for product in group.mult(points, scalar_bytes([value % ORDER for value in scalars])):
        total = group.add([total], [product])[0]
    return total


def check(core: ModuleType, group: Any, name: str, points: list[bytes], scalars: list[int]) -> None:
    """All that takes these points and scalars gives the same sum."""
    ours = points_class(core, name).from_bytes(array(points))
    expected = [wanted(group, points, scalars)]
    if all(INT64.min <= value <= INT64.max for value in scalars):
        assert rows(ours.msm_vartime(short(scalars)).to_bytes()) == expected
        assert rows(ours.msm_cohort_vartime(short(scalars), 1).to_bytes()) == expected
    assert rows(ours.msm_full_vartime(full(scalars)).to_bytes()) == expected
    assert rows(ours.msm_cohort_full_vartime(full(scalars), 1).to_bytes()) == expected


def test_lengths(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]], seed: int) -> None:
    source = random.Random(seed)
    for n in (*LENGTHS, source.randrange(300)):
        for bits in (1, 4, 8, 16, 63):
            scalars = [source.randrange(-(2**bits), 2**bits) for _ in range(n)]
            ours = points_class(core, name).from_bytes(array(pool[name][:n]).reshape(n, -1)) if n else None
            if ours is not None:
                magnitudes = scalar_bytes([value % ORDER for value in scalars])
                expected = [getattr(blst, name).msm(pool[name][:n], magnitudes)]
                assert rows(ours.msm_vartime(short(scalars)).to_bytes()) == expected


def test_full_lengths(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]], seed: int) -> None:
    source = random.Random(seed)
    for n in (*LENGTHS, source.randrange(1, 300)):
        scalars = scalar_bytes([source.randrange(ORDER) for _ in range(n)])
        ours = points_class(core, name).from_bytes(array(pool[name][:n]))
        expected = [getattr(blst, name).msm(pool[name][:n], scalars)]
        assert rows(ours.msm_full_vartime(array(scalars)).to_bytes()) == expected


def test_special_scalars(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]]) -> None:
    group, points = getattr(blst, name), pool[name]
    for value in (0, 1, -1, 127, 128, -128, -129, 255, 2**15, -(2**15), INT64.min, INT64.max):
        check(core, group, name, points[:1], [int(value)])
        check(core, group, name, points[:9], [int(value)] * 9)
    check(core, group, name, points[: len(FULL)], FULL)
    for value in FULL:
        check(core, group, name, points[:2], [value, 1])
    check(core, group, name, points[:20], [0] * 20)


def test_special_points(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]]) -> None:
    """The same point many times, a point and its negative in one bucket, the identity."""
    group, p = getattr(blst, name), pool[name]
    negative, infinity = group.neg(p[:10]), group.infinity()
    check(core, group, name, p[:1] * 100, [3] * 100)
    check(core, group, name, p[:1] * 20, list(range(-10, 10)))
    check(core, group, name, [x for pair in zip(p[:10], negative, strict=True) for x in pair], [5] * 20)
    check(core, group, name, [p[0], negative[0], p[0], p[0], infinity, p[1]], [2, 2, -2, 2, 2, 2])
    check(core, group, name, [infinity] * 9, [7] * 9)
    check(core, group, name, [infinity, p[0], infinity], [1, 1, ORDER - 1])
    check(core, group, name, [p[0]] * 40 + [negative[0]] * 40, [1] * 80)


def test_equal_points_in_large_sums(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]]) -> None:
    """Enough points for batched affine additions, which cannot add a point to itself or to its negative."""
    group, p, signs = getattr(blst, name), pool[name], [1, -1] * 150
    check(core, group, name, p[:1] * 300, [1] * 300)
    check(core, group, name, p[:1] * 300, signs)
    check(core, group, name, p, signs)
    check(core, group, name, [*p[:298], p[5], group.neg([p[6]])[0]], [1] * 300)
    check(core, group, name, [p[i // 3] for i in range(300)], [i % 7 - 3 for i in range(300)])


def test_one_bucket_and_skewed_ones(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]]) -> None:
    """Sums that go over the borders of the lanes."""
    group, p = getattr(blst, name), pool[name]
    check(core, group, name, p[:65], [1] * 65)
    check(core, group, name, p[:65], [1] * 3 + [100] * 59 + [-100] * 3)
    check(core, group, name, p[:40], [1] * 9 + [2] * 11 + [3] * 20)


def test_no_points(core: ModuleType, blst: Blst, name: str) -> None:
    group, ours = getattr(blst, name), points_class(core, name).identity(0)
    assert rows(ours.msm_vartime(short([])).to_bytes()) == [group.infinity()]
    assert rows(ours.msm_full_vartime(np.zeros((0, 32), np.uint8)).to_bytes()) == [group.infinity()]
    assert rows(ours.msm_vartime(np.zeros((3, 0), np.int64)).to_bytes()) == [group.infinity()] * 3
    assert rows(ours.msm_cohort_vartime(short([]), 2).to_bytes()) == [group.infinity()] * 2
    assert len(ours.msm_cohort_vartime(short([1, 2]), 0)) == 0


def test_matrices(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]], seed: int) -> None:
    group, points, source = getattr(blst, name), pool[name][:13], random.Random(seed)
    matrix = [[source.randrange(-128, 128) for _ in points] for _ in range(11)]
    ours = points_class(core, name).from_bytes(array(points))
    expected = [group.msm(points, scalar_bytes([value % ORDER for value in row])) for row in matrix]
    assert rows(ours.msm_vartime(np.array(matrix)).to_bytes()) == expected
    assert rows(ours.msm_full_vartime(np.stack([full(row) for row in matrix])).to_bytes()) == expected
    assert len(ours.msm_vartime(np.zeros((0, 13), np.int64))) == 0


@pytest.mark.parametrize("cohort", [1, 5, 8, 17])
def test_cohorts(core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]], seed: int, cohort: int) -> None:
    group, source, n = getattr(blst, name), random.Random(seed), 12
    points = pool[name][: n * cohort]
    points[3] = group.infinity()
    points[-1] = points[0]
    ours = points_class(core, name).from_bytes(array(points))
    for bits in (3, 8, 63, 255):
        bound = min(2**bits, ORDER)
        scalars = [source.randrange(bound) for _ in range(n)]
        expected = [group.msm(points[c::cohort], scalar_bytes(scalars)) for c in range(cohort)]
        if bits < 64:
            assert rows(ours.msm_cohort_vartime(short(scalars), cohort).to_bytes()) == expected
        assert rows(ours.msm_cohort_full_vartime(full(scalars), cohort).to_bytes()) == expected


def test_cohorts_of_many_points(
    core: ModuleType, blst: Blst, name: str, pool: dict[str, list[bytes]], seed: int
) -> None:
    """Enough points for batched additions, and lanes that cannot take part in them."""
    group, source, n, cohort = getattr(blst, name), random.Random(seed), 60, 5
    for spoilt in (None, pool[name][7], group.neg([pool[name][7]])[0], group.infinity()):
        points = pool[name][: n * cohort]
        points[cohort + 2] = points[cohort + 2] if spoilt is None else spoilt
        ours = points_class(core, name).from_bytes(array(points))
        for scalars in ([source.randrange(-16, 16) for _ in range(n)], [1] * n):
            own = scalar_bytes([value % ORDER for value in scalars])
            expected = [group.msm(points[c::cohort], own) for c in range(cohort)]
            assert rows(ours.msm_cohort_vartime(short(scalars), cohort).to_bytes()) == expected


def test_what_is_refused(core: ModuleType, name: str) -> None:
    points = points_class(core, name).generator(6)
    with pytest.raises(ParameterError, match="5 scalars where 6 are wanted"):
        points.msm_vartime(short([1] * 5))
    with pytest.raises(ParameterError, match="6 scalars where 12"):
        points.msm_vartime(np.ones((2, 3), np.int64))
    with pytest.raises(ParameterError, match="int64 array"):
        points.msm_vartime(np.ones((2, 3, 1), np.int64))
    with pytest.raises(ParameterError, match="32 bytes"):
        points.msm_full_vartime(np.ones((6, 31), np.uint8))
    with pytest.raises(DecodeError, match="number 1 is not below the group order"):
        points.msm_full_vartime(array([bytes(32), b"\xff" * 32, *[bytes(32)] * 4]))
    for count, cohort in ((2, 4), (3, 0), (7, 1)):
        with pytest.raises(ParameterError, match="cohort"):
            points.msm_cohort_vartime(short([1] * count), cohort)
    with pytest.raises(TypeError):
        points.msm_vartime([1] * 6)


@pytest.mark.slow
def test_many(shipped: ModuleType, blst: Blst, name: str, seed: int) -> None:
    """Enough for several threads."""
    group, n = getattr(blst, name), 3000
    points, source = random_points(group, n, 11), random.Random(seed)
    ours = points_class(shipped, name).from_bytes(array(points))
    small = [source.randrange(-(2**15), 2**15) for _ in range(n)]
    large = scalar_bytes([source.randrange(ORDER) for _ in range(n)])
    expected = [group.msm(points, scalar_bytes([value % ORDER for value in small]))]
    assert rows(ours.msm_vartime(short(small)).to_bytes()) == expected
    assert rows(ours.msm_full_vartime(array(large)).to_bytes()) == [group.msm(points, large)]
