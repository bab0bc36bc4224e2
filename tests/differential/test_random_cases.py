"""Random encryptions and keys against integer arithmetic: a case is the result of one row under one function.

PYFE_RANDOM_CASES sets how many at least, on each backend: 2,000 unless said otherwise, with --slow 100,000 on the
fastest that this CPU has and 10,000 on the other. The seed is in the header of the test run and in every failure;
--seed repeats it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from pyfe.errors import KeyMismatchError, OutOfRangeError, ParameterError

BATCHES = (1, 5, 8)
LARGE_BATCH = 4099
KEYS = (0.3, 0.3, 0.25, 0.15)  # how often a key of 1, 2, 7, 30 functions
PARTS = 4  # so that two workers share the work

Array = Any


@dataclass
class Instance:
    """Bounds, rows and functions of one random instance."""

    lo: Array
    hi: Array
    bound: int
    x: Array
    y: Array

    @property
    def n(self) -> int:
        """Coordinates."""
        return len(self.lo)


def ranges(rng: np.random.Generator, n: int, bits: int) -> tuple[Array, Array]:
    """Coordinates of every kind: from zero, symmetric, one-sided, constant, a single bit."""
    top = 2**bits
    lo, hi = np.zeros(n, np.int64), np.zeros(n, np.int64)
    kind = rng.integers(0, 5, n)
    lo[kind == 0], hi[kind == 0] = 0, top - 1
    lo[kind == 1], hi[kind == 1] = -top, top
    lo[kind == 2], hi[kind == 2] = -top, -1
    lo[kind == 3] = hi[kind == 3] = rng.integers(-top, top + 1)
    lo[kind == 4], hi[kind == 4] = 0, 1
    return lo, hi


def rows_at_ends(instance: Instance, rng: np.random.Generator) -> None:
    """A third of the rows: one function's largest result, its smallest, in turn. Of the others one in four is small."""
    lo, hi, x, y = instance.lo, instance.hi, instance.x, instance.y
    for j in range(len(x)):
        function = y[rng.integers(len(y))]
        if j % 3 == 0:
            x[j] = np.where((function > 0) == (j % 2 == 0), hi, lo)
        elif j % 4 == 1:
            x[j] = np.clip(0, lo, hi)


def random_instance(rng: np.random.Generator, batch: int) -> Instance:
    """n log-uniform in 1 .. 1000 up to 10 bits on either side; 1, 2, 7 or 30 functions; less for a large batch."""
    n = int(np.exp(rng.uniform(0, np.log(1000 if batch < LARGE_BATCH else 12))))
    bits, bound = int(rng.integers(1, 11)), int(2 ** rng.uniform(0, 10))
    lo, hi = ranges(rng, n, bits)
    k = int(rng.choice([1, 2, 7, 30], p=KEYS)) if batch < LARGE_BATCH else 2
    y = rng.integers(-bound, bound, (k, n), endpoint=True)
    y[rng.random(y.shape) < 0.2] = 0
    y[:, rng.integers(n)] = rng.choice([-bound, bound])
    x = rng.integers(lo, hi, (batch, n), endpoint=True)
    instance = Instance(lo, hi, bound, x, y)
    rows_at_ends(instance, rng)
    return instance


def instances(rng: np.random.Generator, cases: int) -> Iterator[Instance]:
    """Until there are enough cases; the large batch once in about 60, and once at the end."""
    done = 0
    while done < cases:
        batch = LARGE_BATCH if rng.random() < 1 / 60 else int(rng.choice(BATCHES))
        instance = random_instance(rng, batch)
        done += min(len(instance.x), 40) * len(instance.y)  # a large batch does not stand for many
        yield instance


def check(core: ModuleType, instance: Instance, rng: np.random.Generator, where: str) -> int:
    """Encrypt, decrypt under one key of k functions and under k keys of one; the number of wrong results."""
    scheme = core.ipfe_ddh
    parameters = scheme.Parameters(instance.n, instance.lo, instance.hi, instance.bound)
    mpk, msk = scheme.setup(parameters)
    ct = scheme.encrypt(mpk, instance.x)
    together = scheme.keygen(msk, instance.y)
    expected = instance.x @ instance.y.T
    z = scheme.decrypt(together, ct)
    wrong = int((z != expected).sum())
    f = int(rng.integers(len(instance.y)))
    alone = scheme.decrypt(scheme.keygen(msk, instance.y[f]), ct)
    wrong += int((alone[:, 0] != expected[:, f]).sum())
    low, high = together.intervals[:, 0], together.intervals[:, 1]
    products = np.stack([instance.y * instance.lo, instance.y * instance.hi])
    assert (low == products.min(axis=0).sum(axis=1)).all() and (high == products.max(axis=0).sum(axis=1)).all(), where
    assert scheme.verify_key(mpk, together), where
    one_beyond(scheme, mpk, msk, instance, rng)
    return wrong


def one_beyond(scheme: Any, mpk: Any, msk: Any, instance: Instance, rng: np.random.Generator) -> None:
    """One past either end of a coordinate at encrypt, of the bound at issue: a named error that says where."""
    j, i = int(rng.integers(len(instance.x))), int(rng.integers(instance.n))
    for value in (instance.lo[i] - 1, instance.hi[i] + 1):
        x = instance.x.copy()
        x[j, i] = value
        with pytest.raises(OutOfRangeError, match=rf"^x: row {j}, coordinate {i} is outside"):
            scheme.encrypt(mpk, x)
    f = int(rng.integers(len(instance.y)))
    for value in (-instance.bound - 1, instance.bound + 1):
        y = instance.y.copy()
        y[f, i] = value
        with pytest.raises(OutOfRangeError, match=rf"^y: row {f}, coordinate {i} = {value} exceeds y_bound"):
            scheme.keygen(msk, y)


@pytest.mark.parametrize("part", range(PARTS))
def test_random_cases(shipped: ModuleType, many: Callable[[int, int], int], seed: int, part: int) -> None:
    wanted = int(os.environ.get("PYFE_RANDOM_CASES", many(100_000, 2_000)))
    rng = np.random.default_rng([seed, part])
    done = wrong = 0
    for number, instance in enumerate(instances(rng, -(-wanted // PARTS))):
        where = f"seed {seed}, part {part}, instance {number}: n={instance.n}, batch {len(instance.x)}"
        failed = check(shipped, instance, rng, where)
        assert failed == 0, f"{where}: {failed} wrong results"
        done += len(instance.x) * len(instance.y)
        wrong += failed
    print(f"random cases: {done} on {shipped.backend()}, part {part}, seed {seed}: {wrong} wrong")
    assert done >= wanted // PARTS


def test_large_batch(shipped: ModuleType, seed: int) -> None:
    rng = np.random.default_rng([seed, 1000])
    instance = random_instance(rng, LARGE_BATCH)
    assert check(shipped, instance, rng, f"seed {seed}, the large batch") == 0


def test_wide_results(shipped: ModuleType, seed: int) -> None:
    """Up to the widest interval that is searched, both ends and one beyond the width."""
    rng = np.random.default_rng([seed, 1001])
    scheme = shipped.ipfe_ddh
    for bits in (30, 36, 43):
        top = 2**bits
        mpk, msk = scheme.setup(scheme.Parameters(1, np.array([-top]), np.array([top]), 3))
        x = np.array([-top, top, 0, -1, 1, int(rng.integers(-top, top))])[:, None]
        ct = scheme.encrypt(mpk, x)
        assert (scheme.decrypt(scheme.keygen(msk, np.array([-1])), ct) == -x).all()
        if bits == 43:
            with pytest.raises(OutOfRangeError, match=r"wider than 2\^44"):
                scheme.keygen(msk, np.array([2]))


def fastest(action: Callable[[], Any], error: type[Exception]) -> float:
    """The least time to the error, of twenty tries: a loaded machine is no slower search."""
    times = []
    for _ in range(20):
        start = time.perf_counter()
        with pytest.raises(error):
            action()
        times.append(time.perf_counter() - start)
    return min(times)


def test_wrong_keys_fail_at_once(shipped: ModuleType) -> None:
    """Another authority's key, another schema's, another function's bytes: before any search (this one is wide)."""
    scheme = shipped.ipfe_ddh
    lo, hi = np.array([-(2**40), 0]), np.array([2**40, 9])
    bounds = (2, lo, hi, 3)
    mpk, msk = scheme.setup(scheme.Parameters(*bounds))
    ct = scheme.encrypt(mpk, np.array([[2**40, 1]] * 200))
    _, other_authority = scheme.setup(scheme.Parameters(*bounds))
    _, other_schema = scheme.setup(scheme.Parameters(*bounds, b"\x01" * 32))
    _, other_n = scheme.setup(scheme.Parameters(1, lo[:1], hi[:1], 3))
    y = np.array([1, 2])
    for other in (other_authority, other_schema):
        sk = scheme.keygen(other, y)
        assert fastest(lambda sk=sk: scheme.decrypt(sk, ct), KeyMismatchError) < 1e-3
        assert not scheme.verify_key(mpk, sk)
    narrow = scheme.keygen(other_n, y[:1])
    assert fastest(lambda: scheme.decrypt(narrow, ct), KeyMismatchError) < 1e-3
    # The issued scalars under other claimed functions: verify_key tells, without a search
    payload = bytearray(scheme.keygen(msk, y).to_bytes())
    payload[40] = 3
    claimed = scheme.FunctionKey.from_bytes(bytes(payload))
    assert claimed.y.tolist() == [[3, 2]] and not scheme.verify_key(mpk, claimed)
    with pytest.raises(ParameterError):
        scheme.encrypt(mpk, np.array([[1, 2, 3]]))
