"""Multiplication of fixed points of BLS12-381 on every kind of lanes, against blst."""

from __future__ import annotations

import random
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import DecodeError, ParameterError
from tests.differential.blst import Blst
from tests.differential.test_bls12_381_groups import (
    ORDER,
    SCALARS,
    array,
    base,
    points_class,
    random_points,
    rows,
    scalar_bytes,
)


def fixed_base(core: ModuleType, name: str, encoded: bytes) -> Any:
    kind = core.bls12_381.G1FixedBase if name == "g1" else core.bls12_381.G2FixedBase
    return kind(points_class(core, name).from_bytes(array([encoded])))


def scalars(seed: int) -> list[int]:
    """Full of equal digits, next to powers of two, and random ones."""
    source = random.Random(seed)
    powers = [value % ORDER for i in range(256) for value in (2**i, 2**i - 1)]
    return [*SCALARS, *powers[::5], *(source.randrange(ORDER) for _ in range(20))]


def test_generator(core: ModuleType, blst: Blst, name: str, seed: int) -> None:
    group, kind, k = getattr(blst, name), points_class(core, name), scalar_bytes(scalars(seed))
    ours = kind.multiply_generator(array(k))
    assert rows(ours.to_bytes()) == group.mult(base(group, len(k)), k)
    assert len(kind.multiply_generator(np.zeros((0, 32), np.uint8))) == 0


def test_any_base(core: ModuleType, blst: Blst, name: str, seed: int) -> None:
    group, k = getattr(blst, name), scalar_bytes(scalars(seed)[:27])
    point = random_points(group, 1, seed)[0]
    assert rows(fixed_base(core, name, point).multiply(array(k)).to_bytes()) == group.mult([point] * len(k), k)
    infinity = [group.infinity()] * len(k)
    assert rows(fixed_base(core, name, infinity[0]).multiply(array(k)).to_bytes()) == infinity


def test_what_is_refused(core: ModuleType, name: str) -> None:
    kind = core.bls12_381.G1FixedBase if name == "g1" else core.bls12_381.G2FixedBase
    with pytest.raises(ParameterError, match="one point, not 2"):
        kind(points_class(core, name).generator(2))
    with pytest.raises(DecodeError, match="row 0 is not below the group order"):
        points_class(core, name).multiply_generator(array([b"\xff" * 32]))
