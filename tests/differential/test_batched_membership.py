"""Membership of many points at once: against the slow twin word by word, planted points of small order, named rows.

The error of a whole test is too small to be seen. What can be seen: the error of a single pass, which is as large as
docs/math/batched-membership.md says; that decisions are those of the definition for the same random words; and that
no planted batch is accepted (PYFE_PLANTED=125 tries a million, in half an hour).
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.errors import DecodeError, RandomnessError
from tests.reference import batched_membership as twin
from tests.reference import bls12_381 as slow

LANES = ("portable", "emulated", "auto")
PLANTS = [(1, 3), (1, 11), (1, 10177), (1, 859267), (2, 13), (2, 23), (2, 2713), (2, 11953)]
CURVES: dict[int, Any] = {1: slow.G1, 2: slow.G2}
ENCODE: dict[int, Any] = {1: slow.g1_encode, 2: slow.g2_encode}
GENERATOR: dict[int, Any] = {1: slow.G1_GENERATOR, 2: slow.G2_GENERATOR}
THOUSANDS = int(os.environ.get("PYFE_PLANTED", "12"))
"""Of planted batches a prime, at night."""
PASSES = {1: 81, 2: 41, 3: 27, 4: 21, 5: 17, 6: 14, 7: 12, 8: 11}


@pytest.fixture
def core(core_testing: ModuleType, use_lanes: Callable[[str], None]) -> Iterator[ModuleType]:
    """One thread; lanes, threads and the point from which batches are tested are put back."""
    threads, least = core_testing.num_threads(), core_testing.bls12_381.batched_membership_from()
    core_testing.set_num_threads(1)
    yield core_testing
    core_testing.set_num_threads(threads)
    core_testing.bls12_381.set_batched_membership_from(least)


@functools.cache
def torsion(group: int, prime: int) -> tuple[Any, ...]:
    """P of that order, -P, another point of it that is no multiple where there is one, and a member plus each."""
    curve, p, q = CURVES[group], twin.of_order(group, prime), twin.of_order(group, prime, 1)
    member = curve.mul(7, GENERATOR[group])
    return (p, curve.neg(p), q, *(curve.add(member, point) for point in (p, curve.neg(p), q)))


def members(group: int, count: int) -> list[bytes]:
    """Different ones, encoded."""
    curve, p, out = CURVES[group], None, []
    for _ in range(count):
        p = curve.add(p, GENERATOR[group])
        out.append(ENCODE[group](p))
    return out


def accepted(core: ModuleType, group: int, points: list[bytes], size: int, **shape: Any) -> npt.NDArray[np.uint8]:
    """The decision on each batch of `size` points."""
    return np.frombuffer(core.bls12_381_batches_of_members(group, b"".join(points), size, **shape), np.uint8)


def planted(group: int, prime: int, size: int, batches: int, source: random.Random) -> list[bytes]:
    """Batches with one point of that order, or two that cancel, alone or in members, somewhere among members."""
    good = members(group, size)
    bad = [ENCODE[group](p) for p in torsion(group, prime)]
    out: list[bytes] = []
    for _ in range(batches):
        batch = list(good)
        where = source.sample(range(size), 2)
        pair = source.choice(([0], [2], [3], [5], [0, 1], [3, 4], [0, 4], [0, 2], [3, 5]))
        for at, kind in zip(where, pair, strict=False):
            batch[at] = bad[kind]
        out += batch
    return out


def test_passes_and_error() -> None:
    """As many passes as the twin counts, no more; digits and weights belong together."""
    assert {digits: twin.passes(digits) for digits in PASSES} == PASSES
    for digits, passes in PASSES.items():
        assert twin.most_likely(digits) ** passes <= twin.ERROR < twin.most_likely(digits) ** (passes - 1)
        weights = [twin.weight(word, digits) for word in range(2**16)]
        counts = np.unique(weights, return_counts=True)[1]
        assert len(counts) == 3**digits and max(counts) == twin.most_likely(digits) * 2**16
        for t in set(weights):
            assert sum(digit * 3**c for c, digit in enumerate(twin.balanced(t, digits))) == t


@pytest.mark.parametrize("lanes", LANES)
@pytest.mark.parametrize(("group", "prime", "batches"), [(1, 3, 6), (1, 11, 3), (2, 13, 2)])
def test_decides_as_the_twin(core: ModuleType, lanes: str, group: int, prime: int, batches: int, seed: int) -> None:
    """The same words, the same decision; batches with the identity and with equal points among them. Words that are
    always the same come first, and refuse: new ones may all accept."""
    core.set_lanes(lanes)
    new = random.Random(f"{seed} {prime}")
    curve, generator = CURVES[group], GENERATOR[group]
    p, minus, q, *_ = torsion(group, prime)
    decisions = set()
    for turn, source in enumerate([random.Random(5), *[new] * (batches - 1)]):
        points = [generator, p, None, source.choice((minus, q, generator)), curve.neg(generator), generator]
        digits = 1 + turn % 3
        words = source.randbytes(2 * 5)
        found = accepted(core, group, [ENCODE[group](x) for x in points], 6, digits=digits, passes=1, random=words)
        assert bool(found[0]) == twin.accepts(curve, points, digits, 1, words)
        decisions.add((digits, bool(found[0])))
    assert (1, False) in decisions


@pytest.mark.parametrize(("lanes", "digits", "batches"), [("portable", 1, 150), ("auto", 1, 600), ("auto", 2, 600)])
@pytest.mark.parametrize(("group", "prime"), [(1, 3), (1, 11), (2, 13), (2, 23)])
def test_error_of_one_pass(core: ModuleType, lanes: str, digits: int, batches: int, group: int, prime: int) -> None:
    """One point, a pair that cancels, alone and in members: overlooked as often as a weight is hit."""
    core.set_lanes(lanes)
    good, bad = members(group, 3), [ENCODE[group](p) for p in torsion(group, prime)]
    for batch in ([bad[0], *good], [good[0], bad[0], bad[1]], [bad[3], good[1], bad[4]]):
        rate = float(accepted(core, group, batch * batches, len(batch), digits=digits, passes=1).mean())
        wanted = 3.0**-digits
        assert abs(rate - wanted) < 5.5 * (wanted * (1 - wanted) / batches) ** 0.5, (prime, digits, rate)


@pytest.mark.parametrize(("group", "prime"), PLANTS)
def test_planted_points_are_refused(core: ModuleType, group: int, prime: int, seed: int) -> None:
    source = random.Random(f"{seed} {prime}")
    for lanes, batches in (("auto", 40), ("portable", 2)):
        core.set_lanes(lanes)
        for size in (2, 9):
            assert not accepted(core, group, planted(group, prime, size, batches, source), size).any()
            assert accepted(core, group, members(group, size) * 5, size).all()


@pytest.mark.slow
@pytest.mark.skipif(os.environ.get("PYFE_BACKEND") == "portable", reason="three times as long; both decide alike")
@pytest.mark.parametrize(("group", "prime"), PLANTS)
def test_many_planted_batches_are_refused(core: ModuleType, group: int, prime: int, seed: int) -> None:
    """Batches of two to sixteen points, an error of 2^-128 each: 96,000 a night."""
    source = random.Random(f"{seed} {prime}")
    core.set_num_threads(2)
    for _ in range(THOUSANDS):
        size = source.randrange(2, 17)
        assert not accepted(core, group, planted(group, prime, size, 1000, source), size).any()


@pytest.mark.parametrize("group", (1, 2))
@pytest.mark.parametrize("lanes", ("portable", "auto"))
def test_the_first_bad_point_is_named(core: ModuleType, lanes: str, group: int, seed: int) -> None:
    """The decoder says the same with and without batches, whatever else is wrong, and reads the same points."""
    core.set_lanes(lanes)
    source = random.Random(seed)
    n = 600 if lanes == "auto" else 40
    kind = (core.bls12_381.G1Points, core.bls12_381.G2Points)[group - 1]
    good = members(group, 20) * (n // 20)  # so that points repeat in every bucket
    good[3] = ENCODE[group](None)
    good[5] = ENCODE[group](CURVES[group].neg(GENERATOR[group]))
    outside = [ENCODE[group](p) for g, prime in PLANTS if g == group for p in torsion(group, prime)]
    no_point = bytes([good[0][0] & 0x7F]) + good[0][1:]

    def read(batch: list[bytes], least: int) -> str:
        core.bls12_381.set_batched_membership_from(least)
        rows = np.frombuffer(b"".join(batch), np.uint8).reshape(n, -1)
        try:
            return bytes(kind.from_bytes(rows).to_bytes().tobytes()).hex()
        except DecodeError as refusal:
            return str(refusal)

    assert read(good, 0) == read(good, 2**62) == b"".join(good).hex()
    for _ in range(12 if lanes == "auto" else 4):
        batch = list(good)
        for at in source.sample(range(n), source.randrange(1, 4)):
            batch[at] = source.choice([*outside, no_point])
        assert "of G" in read(batch, 0)
        assert read(batch, 0) == read(batch, 2**62)


def test_without_randomness_nothing_is_accepted(core: ModuleType) -> None:
    points = members(1, 4)
    with pytest.raises(RandomnessError):
        accepted(core, 1, points, 4, digits=1, passes=2, random=bytes(2 * 4 * 2 - 1))
    assert accepted(core, 1, points, 4, digits=1, passes=2, random=bytes(2 * 4 * 2)).all()
    assert accepted(core, 1, [ENCODE[1](None)] * 4, 4).all()  # no weight for the identity


def test_several_tiles_and_threads(core: ModuleType) -> None:
    """More points than one tile holds, a bad one at each end; two threads."""
    kind, n = core.bls12_381.G1Points, 33_001
    rows = kind.generator(n).to_bytes()
    for threads in (1, 2):
        core.set_num_threads(threads)
        assert len(kind.from_bytes(rows)) == n
        for at in (0, n - 1):
            bad = rows.copy()
            bad[at] = np.frombuffer(ENCODE[1](torsion(1, 11)[3]), np.uint8)
            with pytest.raises(DecodeError, match=rf"point {at} of G1 .* subgroup"):
                kind.from_bytes(bad)
