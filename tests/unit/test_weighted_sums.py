"""Weighted sums of encrypted rows: the plaintext's sums, with interval and intercept; over-wide ones before any search.

The plaintext is integers of Python: coordinates times weights of the function, plus intercept, times weights of rows.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import CiphertextBatch, Function, FunctionKey, KeyAuthority, OutOfRangeError, UnsupportedError
from pyfe.adapters.ipfe_ddh import _InnerProducts
from pyfe.schema import Encoded, Schema
from tests.unit import objects
from tests.unit.commands import fails, run

ROWS = 16
WIDEST = 2**44
"""The widest interval that is searched."""

Terms = list[dict[int, int]]
"""Of each row of a batch, which encrypted rows it is made of, and their weights."""


@dataclass(frozen=True)
class World:
    """Rows, encrypted and not, a key of three functions, and one of a single one."""

    authority: KeyAuthority
    x: list[list[int]]
    batch: CiphertextBatch
    three: FunctionKey
    one: FunctionKey

    def scores(self, key: FunctionKey, terms: Terms) -> list[list[int]]:
        """What the sums have to be, in integers without a bound."""
        weights, intercepts = key.function.weights.tolist(), key.function.intercept.tolist()
        each = [
            [sum(a * b for a, b in zip(row, y, strict=True)) + c for y, c in zip(weights, intercepts, strict=True)]
            for row in self.x
        ]
        return [[sum(w * each[j][f] for j, w in row.items()) for f in range(len(weights))] for row in terms]


def schema() -> Schema:
    ends = {"a": (-3, 4), "b": (0, 15), "c": (0, 1), "d": (5, 9), "e": (0, 40)}
    return Schema.from_ranges({name: pyfe.number(*of, step=1) for name, of in ends.items()})


@pytest.fixture(scope="module")
def world() -> World:
    rng, s = np.random.default_rng(24), schema()
    authority = objects.authority(s)
    x = np.concatenate([s.sample(rng, ROWS - 4, ends=False), s.sample(rng, 4, ends=True)])
    several = Function.from_integers(s, rng.integers(-9, 10, (3, s.n)) | 1, [1000, -7, 0])
    single = Function.from_integers(s, [3, -2, 5, -1, 4], -321)
    three, one = (authority.issue(function, purpose="test") for function in (several, single))
    return World(authority, x.tolist(), authority.public_key.encrypt(Encoded(x)), three, one)


def drawn(world: World, rng: np.random.Generator) -> tuple[CiphertextBatch, dict[int, int]]:
    """A random sum: of a slice, of slices that were joined, of rows that came as bytes or were multiplied before; its
    weights positive, negative or both, small or large."""
    batch, terms = world.batch, [{j: 1} for j in range(ROWS)]
    how = rng.integers(0, 5)
    if how == 1:
        start, stop = sorted(rng.choice(ROWS + 1, 2, replace=False).tolist())
        batch, terms = batch[start:stop], terms[start:stop]
    if how == 2:
        cut = int(rng.integers(1, ROWS))
        batch = CiphertextBatch.concat([batch[cut:], batch[:cut], batch[:2]], allow_duplicates=True)
        terms = [*terms[cut:], *terms[:cut], *terms[:2]]
    if how == 3:
        batch = CiphertextBatch.from_bytes(batch.to_bytes())[1:]
        terms = terms[1:]
    if how == 4:
        factor = int(rng.choice([-3, -1, 2, 5]))
        batch, terms = factor * batch[2:9] - batch[4:11], [{2 + j: factor, 4 + j: -1} for j in range(7)]
    largest = 10 ** int(rng.integers(0, 5))
    low = {0: 0, 1: -largest}.get(int(rng.integers(0, 4)), -largest)
    weights = rng.integers(low, 1 if low and rng.random() < 0.2 else largest + 1, len(batch))
    total: dict[int, int] = {}
    for weight, row in zip(weights.tolist(), terms, strict=True):
        for j, of in row.items():
            total[j] = total.get(j, 0) + weight * of
    return batch.weighted_sum(weights), total


def require_sums(world: World, rng: np.random.Generator, count: int) -> None:
    """So many random sums, decrypted together, are those of the plaintext, with both keys."""
    sums = [drawn(world, rng) for _ in range(count)]
    joined = CiphertextBatch.concat([batch for batch, _ in sums], allow_duplicates=True)
    terms = [total for _, total in sums]
    assert joined.combined and len(joined) == count
    assert world.three.decrypt(joined).tolist() == world.scores(world.three, terms)
    assert world.one.decrypt(joined).tolist() == [row[0] for row in world.scores(world.one, terms)]
    half = count // 2
    again = CiphertextBatch.from_bytes(joined[half:].to_bytes())
    largest = int(again.weight_sums.sum(axis=1).max())
    assert world.one.decrypt(again, largest_weight_sum=largest).tolist() == world.one.decrypt(joined[half:]).tolist()


def test_random_sums_equal_the_plaintext(world: World, seed: int) -> None:
    require_sums(world, np.random.default_rng([seed, 1]), 200)


@pytest.mark.slow
def test_ten_thousand_random_sums_equal_the_plaintext(world: World, seed: int) -> None:
    rng = np.random.default_rng([seed, 2])
    for _ in range(20):
        require_sums(world, rng, 500)


@pytest.mark.parametrize("case", range(4))
def test_sums_reach_both_ends_of_their_interval(world: World, seed: int, case: int) -> None:
    """Of each function the rows at one end with positive weights, those at the other with negative ones."""
    rng, s = np.random.default_rng([seed, 3, case]), world.authority.schema
    y = rng.integers(-9, 10, (2, s.n)) | 1
    functions = Function.from_integers(s, y, rng.integers(-500, 501, 2))
    key = world.authority.issue(functions, purpose="test")
    for f in range(2):
        top, bottom = (np.where((y[f] > 0) == up, s.hi, s.lo) for up in (True, False))
        rows = np.stack([top, bottom, top, bottom])
        batch = world.authority.public_key.encrypt(Encoded(rows))
        weights = np.array([7, -5, 100, -1000]) * (-1) ** case
        total = batch.weighted_sum(weights)
        positive, negative = total.weight_sums[0].tolist()
        low, high = key.interval[f].tolist()
        ends = positive * low - negative * high, positive * high - negative * low
        result = int(key.decrypt(total)[0, f]) - int(weights.sum()) * int(functions.intercept[f])
        assert result == ends[1 if case % 2 == 0 else 0]


def test_over_wide_sums_are_refused_before_any_search(world: World) -> None:
    """The last row alone is too wide: the others, which take their time, are not searched."""
    low, high = world.one.interval[0].tolist()
    most = WIDEST // (high - low)
    wide = CiphertextBatch.concat([(most >> 6) * world.batch, most * world.batch[:1] + world.batch[:1]])
    start = time.process_time()
    with pytest.raises(OutOfRangeError, match=r"ciphertext row 16: the combined result interval is wider than 2\^44"):
        world.one.decrypt(wide)
    refused = time.process_time() - start
    start = time.process_time()
    assert world.one.decrypt(wide[:ROWS]).tolist() == [
        row[0] for row in world.scores(world.one, [{j: most >> 6} for j in range(ROWS)])
    ]
    assert refused < (time.process_time() - start) / 2
    for factor in (most + 1, 2**50, -(2**62)):
        with pytest.raises(OutOfRangeError):
            world.one.decrypt(factor * world.batch)
    for weights in ([2**62] * ROWS, [-(2**62)] * ROWS):
        with pytest.raises(OutOfRangeError):
            world.one.decrypt(world.batch.weighted_sum(weights))


def test_what_a_sender_claims_is_refused_before_any_search(
    world: World, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng([seed, 4])
    sums = [drawn(world, rng) for _ in range(20)]
    sent = CiphertextBatch.from_bytes(
        CiphertextBatch.concat([batch for batch, _ in sums], allow_duplicates=True).to_bytes()
    )
    largest = int(sent.weight_sums.sum(axis=1).max())
    wanted = [row[0] for row in world.scores(world.one, [total for _, total in sums])]
    assert world.one.decrypt(sent, largest_weight_sum=largest).tolist() == wanted

    def searched(*_: object) -> Any:
        raise AssertionError("a search")

    monkeypatch.setattr(_InnerProducts, "decrypt", searched)
    for stated in (1, largest - 1):
        with pytest.raises(OutOfRangeError, match=f"and {stated} is allowed"):
            world.one.decrypt(sent, largest_weight_sum=stated)


def test_sums_by_the_command(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Combined rows in a file: the evaluator states what their weights may sum to."""
    monkeypatch.chdir(tmp_path)
    weights = [3, -4, 0, 5, *[1] * (ROWS - 4)]
    Path("sum").write_bytes(world.batch.weighted_sum(weights).to_bytes())
    Path("key").write_bytes(world.three.to_bytes())
    evaluate = ["evaluate", "sum", "-k", "key", "-o", "scores.csv"]
    assert fails(capsys, *evaluate).endswith("(pyfe evaluate --largest-weight-sum 24)")
    assert not Path("scores.csv").exists()
    assert run(capsys, *evaluate, "--largest-weight-sum", "24")["rows"] == 1
    wanted = world.scores(world.three, [dict(enumerate(weights))])[0]
    row = dict(zip(*(line.split(",") for line in Path("scores.csv").read_text().splitlines()), strict=True))
    assert [int(row[f"score[{f}]"]) for f in range(3)] == wanted
    assert run(capsys, "info", "sum")["sum"]["combined"] is True


def test_other_schemes_say_that_they_cannot() -> None:
    authority = objects.authority(objects.small_schema(), scheme="qfe-ggm")
    batch = authority.public_key.encrypt({"a": [0, 3], "b": [1, 0]})
    for combine in (lambda: batch.weighted_sum([1, 2]), lambda: batch + batch, lambda: 3 * batch, lambda: -batch):
        with pytest.raises(UnsupportedError, match=r"\(qfe-ggm\) cannot be added or multiplied.*ipfe-ddh"):
            combine()
    assert not batch.combined and len(CiphertextBatch.concat([batch[:1], batch[1:]])) == 2
