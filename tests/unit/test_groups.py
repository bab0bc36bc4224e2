"""pyfe.groups: batches of points and scalars, and how they are refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, ParameterError, groups


def points(*values: int) -> groups.ByteArray:
    return groups.mul_base(groups.scalars(values))


def test_the_group_law_on_small_multiples() -> None:
    a, b = [1, 2, 5, 0], [3, -2, 7, 4]
    assert np.array_equal(groups.add(points(*a), points(*b)), points(4, 0, 12, 4))
    assert np.array_equal(groups.sub(points(*a), points(*b)), points(-2, 4, -2, -4))
    assert np.array_equal(groups.mul(points(*a), groups.scalars(b)), points(3, -4, 35, 0))
    assert np.array_equal(groups.msm_vartime(points(*a), groups.scalars(b)), points(3 - 4 + 35)[0])


def test_scalars_and_integers() -> None:
    values = [0, 1, -1, groups.ORDER, 2**252, 10**80]
    packed = groups.scalars(values)
    assert packed.shape == (6, 32) and groups.integers(packed) == [v % groups.ORDER for v in values]
    ones = groups.scalars([1, 1])
    assert groups.integers(groups.scalar_add(groups.scalars([-1, 5]), ones)) == [0, 6]
    assert groups.integers(groups.scalar_mul(groups.scalars([-2, 5]), groups.scalars([-3, 4]))) == [6, 20]
    inverse = groups.scalar_invert(groups.scalars([7, -3, 0]))
    assert groups.integers(inverse) == [pow(7, -1, groups.ORDER), pow(-3, -1, groups.ORDER), 0]


def test_reduction_and_maps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    wide = rng.integers(0, 256, size=(5, 64), dtype=np.uint8)
    expected = [int.from_bytes(row.tobytes(), "little") % groups.ORDER for row in wide]
    assert groups.integers(groups.scalar_reduce(wide)) == expected
    assert groups.is_valid(groups.from_uniform_bytes(wide)).all()
    hashed = groups.hash_to_group([b"a", b"b", b"a"], b"test")
    assert groups.is_valid(hashed).all()
    assert np.array_equal(hashed[0], hashed[2]) and not np.array_equal(hashed[0], hashed[1])
    assert not np.array_equal(groups.hash_to_group([b"a"], b"other")[0], hashed[0])


def test_encodings_are_checked() -> None:
    bad = points(1, 2)
    bad[1] = 255
    assert groups.is_valid(bad).tolist() == [True, False]
    with pytest.raises(DecodeError):
        groups.add(bad, bad)


@pytest.mark.parametrize(
    "value", [np.zeros((2, 32)), np.zeros((2, 31), np.uint8), np.zeros((1, 2, 32), np.uint8), b"x" * 32]
)
def test_shapes_and_types(value: Any) -> None:
    with pytest.raises(ParameterError, match="must"):
        groups.mul_base(value)
    with pytest.raises(ParameterError):
        groups.add(value, points(1, 2))


def test_unequal_lengths() -> None:
    with pytest.raises(ParameterError, match="equally many"):
        groups.mul(points(1, 2), groups.scalars([1]))


def test_one_item_and_strided_arrays() -> None:
    assert np.array_equal(groups.mul_base(groups.scalars([5])[0]), points(5))
    every_other = groups.scalars([1, 9, 2, 9])[::2]
    assert np.array_equal(groups.mul_base(every_other), points(1, 2))
