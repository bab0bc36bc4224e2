"""Requests to an authority that knows nothing of its population, one key after the other: hostile ones come to an end,
honest ones are served as far as the bits last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from pyfe.leakage import Blind, LinearAccount, linear_findings
from pyfe.schema import Schema, category, number
from tests.unit.hostile_keys import answers, dense, numbers

Rows = list[list[int]]


@dataclass(frozen=True)
class Sequence:
    """Keys in the order in which they are asked for. ``served``: how many are, counting those that cost nothing, until
    one is refused by ``rule``; "" where all are."""

    name: str
    columns: dict[str, Any]
    rows: Rows
    served: int
    rule: str


def decisions(sequence: Sequence) -> Iterator[str]:
    """For each key "issued", "free", or the rule that refuses; those that are refused reveal nothing."""
    schema = Schema(sequence.columns)
    prior, before = Blind(schema), LinearAccount(schema)
    for row in sequence.rows:
        found = linear_findings(before, row, prior)
        if any(one.refuses for one in found):
            yield found[0].rule
            continue
        yield "free" if found else "issued"
        before = before.with_rows(row)


def on(size: int, **at: int) -> list[int]:
    """A row with some weights."""
    row = [0] * size
    for place, weight in at.items():
        row[int(place[1:])] = weight
    return row


def even(count: int, seed: int) -> list[int]:
    return [2 * v for v in dense(count, 59, seed)]


def sixteens(count: int, seed: int) -> list[int]:
    return [16 * v for v in dense(count, 7, seed)]


HIV = category(["no", "yes"], protected=True)
POWERS = [1 << i for i in range(13)]
MODEL = dense(24, 60, 40)
CHANGE = [2 * v for v in np.random.default_rng(41).integers(-2, 3, 24).tolist()]
CHANGE[5] = 1
WIDE = np.random.default_rng(42)

HOSTILE = [
    Sequence("a protected answer in the parity", {"hiv": HIV} | numbers(20), [[1, *even(20, 43)]], 0, "2m"),
    Sequence(
        "a column of 16 levels modulo 16",
        {"cd4": number(0, 15, step=1)} | numbers(20),
        [[1, *sixteens(20, 44)]],
        0,
        "2m",
    ),
    Sequence("powers of 2 on 7 of 23 answers", answers(23), [POWERS[:7] + [0] * 16], 0, "2m"),
    Sequence("the same in a table with 24 numbers", answers(7) | numbers(24), [POWERS[:7] + [0] * 24], 0, "2m"),
    Sequence("four answers modulo 16", answers(4) | numbers(20), [POWERS[:4] + sixteens(20, 45)], 0, "2m"),
    Sequence("parity of two answers", answers(2) | numbers(20), [[1, 1, *even(20, 46)]], 0, "2m"),
    Sequence(
        "a model, and the same with even changes but for one answer",
        {f"x{i}": category(["no", "yes"]) if i == 5 else number(0, 255, step=1) for i in range(24)},
        [MODEL, [a + b for a, b in zip(MODEL, CHANGE, strict=True)]],
        1,
        "2m",
    ),
    Sequence("powers of 2 on all 13 answers", answers(13), [POWERS], 0, "2m"),
    Sequence("16 bits on 13 answers", answers(13), [WIDE.integers(-(2**15), 2**15, 13).tolist()], 0, "4"),
    Sequence("8 bits on 10 answers", answers(10), [WIDE.integers(-127, 128, 10).tolist()], 0, "4"),
    Sequence("16 bits on 14 answers", answers(14), [WIDE.integers(-(2**15), 2**15, 14).tolist()], 0, "4"),
    Sequence("one column", numbers(24), [on(24, x3=1)], 0, "2"),
    Sequence("two keys whose difference is a column", numbers(24), [[1] * 24, [2] + [1] * 23], 1, "2"),
    Sequence("two columns as digits", numbers(24), [on(24, x0=1, x1=256)], 0, "2"),
    Sequence("two columns as digits below eight answers", numbers(2) | answers(8), [[1, 256] + [32767] * 8], 0, "2m"),
    Sequence(
        "small keys without end", numbers(24), np.random.default_rng(47).integers(-8, 9, (24, 24)).tolist(), 1, "4"
    ),
    Sequence(
        "dense keys without end", numbers(30), np.random.default_rng(48).integers(-31, 32, (12, 30)).tolist(), 2, "4"
    ),
    Sequence("one category alone", {"ward": category(list("abcdefgh"))} | numbers(8), [[*range(8), *[0] * 8]], 0, "2"),
    Sequence(
        "four categories as digits",
        {f"ward{i}": category(list("abcd")) for i in range(4)},
        [[4**i * level for i in range(4) for level in range(4)]],
        0,
        "2m",
    ),
    Sequence("three columns of 8 levels as digits", numbers(6, 8), [[1, 8, 64, 0, 0, 0]], 0, "2m"),
]

HONEST = [
    Sequence("one span in three keys", numbers(24), [MODEL, [2 * v for v in MODEL], [v + 1 for v in MODEL]], 2, "4"),
    *(Sequence(f"a model on 24 numbers, {i}", numbers(24), [dense(24, 60, 50 + i)], 1, "") for i in range(3)),
    Sequence("three models on 24 numbers", numbers(24), [dense(24, 60, 50 + i) for i in range(3)], 1, "4"),
    *(Sequence(f"30 answers at 4 bits, {i}", answers(30), [dense(30, 7, 53 + i)], 1, "") for i in range(2)),
    *(
        Sequence(
            f"nine columns of 10 levels at 7 bits, {i}",
            numbers(9, 10),
            [np.random.default_rng(55 + i).integers(20, 100, 9).tolist()],
            0,
            "4",
        )
        for i in range(2)
    ),
    *(Sequence(f"10 answers at 3 bits, {i}", answers(10), [dense(10, 3, 57 + i)], 0, "4") for i in range(3)),
]


@pytest.mark.parametrize("sequence", HOSTILE, ids=lambda one: one.name)
def test_a_hostile_sequence_comes_to_an_end(sequence: Sequence) -> None:
    found = list(decisions(sequence))
    assert found[: sequence.served] == ["issued"] * sequence.served
    assert found[sequence.served] == sequence.rule


@pytest.mark.parametrize("sequence", HONEST, ids=lambda one: one.name)
def test_an_honest_sequence_is_served_as_far_as_the_bits_last(sequence: Sequence) -> None:
    served = [one for one in decisions(sequence) if one in ("issued", "free")]
    assert len(served) == sequence.served
    assert [one for one in decisions(sequence) if one not in ("issued", "free")] == [sequence.rule] * (
        len(sequence.rows) - sequence.served
    )
