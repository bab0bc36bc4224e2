"""Portable, AVX-512 and emulated lanes: the same bytes for the same randomness, and each reads what another wrote."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

# n, batch, lo, hi, bound of y: around the eight lanes, odd sizes, one-sided and wide ranges
SHAPES = [
    (1, 1, 0, 1, 1),
    (2, 7, -(2**20), 2**20, 3),
    (8, 8, -128, 127, 127),
    (9, 9, 0, 255, 127),
    (17, 5, -500, -3, 63),
    (30, 17, -100, 100, 15),
    (65, 3, 0, 2047, 1023),
]


def run(core: ModuleType, shape: tuple[int, int, int, int, int], seed: int) -> tuple[list[bytes], Any, Any]:
    """Every object's bytes, the results, and the objects."""
    n, batch, lo, hi, bound = shape
    rng = np.random.default_rng([seed, *map(abs, shape)])
    scheme = core.ipfe_ddh
    parameters = scheme.Parameters(n, np.full(n, lo), np.full(n, hi), bound)
    mpk, msk = core.setup(parameters, rng.bytes(128 * n))
    x = rng.integers(lo, hi, (batch, n), endpoint=True)
    x[0], x[-1] = lo, hi
    y = rng.integers(-bound, bound, (3, n), endpoint=True)
    y[:, 0] = [bound, -bound, 1]
    ct = core.encrypt(mpk, x, rng.bytes(64 * batch))
    sk = scheme.keygen(msk, y)
    summed = ct.weighted_sum(rng.integers(-9, 9, batch, endpoint=True))
    objects = (mpk, msk, sk, ct, summed)
    z = scheme.decrypt(sk, ct)
    assert (z == x @ y.T).all()
    return [item.to_bytes() for item in objects], z, objects


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_objects(
    core_testing: ModuleType,
    use_lanes: Callable[[str], None],
    all_lanes: list[str],
    seed: int,
    shape: tuple[int, int, int, int, int],
) -> None:
    results = {}
    for name in all_lanes:
        use_lanes(name)
        results[name] = run(core_testing, shape, seed)
    first, z, _ = results["portable"]
    for name, (bytes_, _, _) in results.items():
        assert bytes_ == first, name
    # each decrypts the others' objects
    for name in all_lanes:
        use_lanes(name)
        for _, _, (mpk, _, sk, ct, _) in results.values():
            assert (core_testing.ipfe_ddh.decrypt(sk, ct) == z).all()
            assert core_testing.ipfe_ddh.verify_key(mpk, sk)


@pytest.mark.parametrize("count", [1, 5, 8, 9, 17, 130, 400])
def test_group(
    core_testing: ModuleType, use_lanes: Callable[[str], None], all_lanes: list[str], seed: int, count: int
) -> None:
    rng = np.random.default_rng([seed, count])
    uniform = rng.integers(0, 256, (count, 64), dtype=np.uint8)
    other = rng.integers(0, 256, (count, 64), dtype=np.uint8)
    seen = []
    for name in all_lanes:
        use_lanes(name)
        group = core_testing.ristretto255
        p, q, k = group.from_uniform_bytes(uniform), group.from_uniform_bytes(other), group.scalar_reduce(other)
        candidates = np.concatenate([p, q, uniform[:, :32] & 0xFE])
        out = [p, q, group.mul(p, k), group.mul_base(k), group.add(p, q), group.sub(p, q), group.msm_vartime(p, k)]
        seen.append([array.tobytes() for array in [*out, group.is_valid(candidates)]])
    assert all(one == seen[0] for one in seen)


def test_threads_change_nothing(core_testing: ModuleType, seed: int) -> None:
    before = core_testing.num_threads()
    try:
        results = []
        for threads in (1, 2, 5):
            core_testing.set_num_threads(threads)
            results.append(run(core_testing, (40, 70, -64, 63, 63), seed)[0])
    finally:
        core_testing.set_num_threads(before)
    assert results[0] == results[1] == results[2]
