"""Small logarithms in G1 and GT of BLS12-381, on every kind of lanes."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import OutOfRangeError, ParameterError
from tests.differential.blst import Blst
from tests.differential.test_bls12_381_groups import ORDER, array, scalar_bytes

GROUPS = ("bls12_381_g1", "bls12_381_gt")


@pytest.fixture(scope="module")
def blst() -> Blst:
    try:
        return Blst()
    except ImportError as error:
        pytest.skip(str(error))


def powers(core: ModuleType, blst: Blst, group: str, logs: list[int]) -> Any:
    """The base to each power."""
    exponents = array(scalar_bytes([z % ORDER for z in logs]))
    p = core.bls12_381.G1Points.from_bytes(array([blst.g1.generator()] * len(logs)))
    if group == "bls12_381_g1":
        return p.multiply(exponents)
    q = core.bls12_381.G2Points.from_bytes(array([blst.g2.generator()] * len(logs)))
    return core.pairing.pair(p, q).exponentiate(exponents)


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize(("lo", "hi"), [(0, 0), (-5, 7), (-1000, 1000), (1, 30_000), (-(2**40) - 9000, -(2**40))])
def test_all_found(core: ModuleType, blst: Blst, seed: int, group: str, lo: int, hi: int) -> None:
    """Both ends, the middle, repeated and uniform values."""
    source = random.Random(seed)
    logs = [lo, hi, (lo + hi) // 2, lo, *(source.randint(lo, hi) for _ in range(13)), hi]
    found = core.dlog.solve(powers(core, blst, group, logs), lo, hi)
    assert found.dtype == np.int64
    assert found.tolist() == logs


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("absent", [-1001, 1001, 2**50, -(2**50), ORDER // 2])
def test_one_absent_is_named(core: ModuleType, blst: Blst, group: str, absent: int) -> None:
    elements = powers(core, blst, group, [0, -1000, 1000, absent, 1])
    with pytest.raises(OutOfRangeError, match="element 3 is not from -1000 to 1000"):
        core.dlog.solve(elements, -1000, 1000)


@pytest.mark.parametrize("group", GROUPS)
def test_wide_interval(shipped: ModuleType, blst: Blst, seed: int, group: str) -> None:
    """2^32, from the table in the cache file; giant steps themselves among the values."""
    source = random.Random(seed)
    plan = shipped.dlog.plan(2**32, group)
    assert plan["table_bytes"] <= 2**24
    lo, hi, stride = -(2**31), 2**31, 2 * plan["table_entries"] + 1
    logs = [lo, hi, 0, stride, -stride, 9 * stride, *(source.randint(lo, hi) for _ in range(10))]
    assert shipped.dlog.solve(powers(shipped, blst, group, logs), lo, hi).tolist() == logs
    for outside in (lo - 1, hi + 1):
        with pytest.raises(OutOfRangeError, match="element 0"):
            shipped.dlog.solve(powers(shipped, blst, group, [outside]), lo, hi)


def test_the_groups_have_tables_of_their_own(core_testing: ModuleType) -> None:
    paths = [core_testing.dlog.plan(2**32, group)["path"] for group in ("ristretto255", *GROUPS)]
    assert len({Path(path).name for path in paths}) == 3
    assert core_testing.dlog.plan(2**20) == core_testing.dlog.plan(2**20, "ristretto255")
    for call in (core_testing.dlog.plan, core_testing.dlog.prepare):
        with pytest.raises(ParameterError, match="none of ristretto255, bls12_381_g1, bls12_381_gt"):
            call(2**20, "bls12_381_g2")


def test_empty_batches(core_testing: ModuleType, use_lanes: Callable[[str], None]) -> None:
    use_lanes("portable")
    elements = core_testing.pairing.GTElements.one(1)
    assert core_testing.dlog.solve(elements, -1, 1).tolist() == [0]
    assert core_testing.dlog.solve(elements.slice(slice(0, 0)), 0, 1).shape == (0,)
