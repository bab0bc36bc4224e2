"""What is chance and what is a disagreement, on drawn figures of two laws."""

from __future__ import annotations

from collections.abc import Set
from typing import Any

import numpy as np
import pytest

from tests.differential.redrawn import SECRETS, Pair, beyond_chance, confirmed
from tests.reference.leakage.compare import Difference
from tests.reference.leakage.schema import Floats

LIMIT, JUMP = 0.15, 0.36


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def jumping(rng: np.random.Generator, high: float = JUMP) -> Floats:
    """A figure that falls on either side of a jump."""
    return np.asarray(0.14 + high * (rng.random(SECRETS) < 0.5) + rng.normal(0, 0.002, SECRETS))


def pairs(ours: Floats, theirs: Floats, decisions: tuple[str, str] = ("5t", "5t")) -> list[Pair]:
    """Answers of rule 5t with one figure."""
    return [(_answer(a, decisions[0]), _answer(b, decisions[1])) for a, b in zip(ours, theirs, strict=True)]


def _answer(figure: float, decision: str) -> dict[str, Any]:
    rule = {
        "verdict": "refuses" if figure > LIMIT else "passes",
        "figures": {"sure": figure},
        "limits": {"sure": LIMIT},
    }
    return {"decision": decision, "rules": {"5t": rule}}


def stands(pairs_: list[Pair], figure: str = "sure", rule: str = "5t") -> bool:
    return bool(confirmed([Difference("", "", rule, figure, "issued", "5t")], lambda rules: pairs_))


def test_two_draws_of_one_law_that_jumps_are_chance(rng: np.random.Generator) -> None:
    wrong = sum(stands(pairs(jumping(rng), jumping(rng))) for _ in range(1000))
    assert wrong < 20


def test_a_figure_that_is_counted_differently_stands(rng: np.random.Generator) -> None:
    """By little more than the tolerance where figures hardly vary, by a whole jump where they do."""
    steady = 0.3 + rng.normal(0, 0.002, (200, 2, SECRETS))
    assert all(stands(pairs(ours, theirs + 0.05)) for ours, theirs in steady)
    assert not any(stands(pairs(ours, theirs + 0.02)) for ours, theirs in steady)
    assert sum(stands(pairs(jumping(rng), jumping(rng) + 3 * JUMP)) for _ in range(200)) > 190


def test_a_difference_that_never_varies_is_held_against_the_tolerance_alone() -> None:
    assert beyond_chance([0.031] * SECRETS, 0.03)
    assert not beyond_chance([0.03] * SECRETS, 0.03)
    assert not beyond_chance([0.0] * SECRETS, 0.0)


def test_verdicts_are_held_against_each_other_by_how_often_they_fall(rng: np.random.Generator) -> None:
    high, low = np.full(SECRETS, 0.4), np.full(SECRETS, 0.02)
    assert stands(pairs(high, low), "verdict")
    assert not stands(pairs(high, high), "verdict")
    assert not stands(pairs(np.full(SECRETS, 0.151), np.full(SECRETS, 0.149)), "verdict"), "beside its limit"
    half = np.arange(SECRETS) % 2 == 0
    assert not stands(pairs(np.where(half, high, low), np.where(half, low, high)), "verdict")


def test_decisions_are_held_against_each_other_likewise(rng: np.random.Generator) -> None:
    same, near = np.full(SECRETS, 0.1), np.full(SECRETS, 0.16)
    assert stands(pairs(same, same, ("issued", "5t")), "decision", "all")
    assert not stands(pairs(same, same, ("issued", "free")), "decision", "all"), "both are grants"
    assert not stands(pairs(same, same, ("4", "5t")), "decision", "all"), "both refuse"
    assert not stands(pairs(near, near, ("issued", "5t")), "decision", "all"), "beside its limit"


def test_what_is_counted_exactly_is_not_drawn_again() -> None:
    def again(rules: Set[str]) -> list[Pair]:
        raise AssertionError("drawn again")

    exact = Difference("", "", "5", "sure", 0.1, 0.2)
    decided = Difference("", "", "all", "decision", "issued", "2m")
    assert confirmed([exact, decided], again) == [exact, decided]
    assert confirmed([], again) == []


def test_only_the_rules_that_differ_are_drawn_again() -> None:
    asked = []

    def again(rules: Set[str]) -> list[Pair]:
        asked.append(rules)
        return pairs(np.full(SECRETS, 0.1), np.full(SECRETS, 0.1))

    found = [Difference("", "", "5t", "sure", 0.1, 0.2), Difference("", "", "all", "decision", "issued", "5t")]
    assert confirmed(found, again) == []
    assert asked == [{"5t"}]
