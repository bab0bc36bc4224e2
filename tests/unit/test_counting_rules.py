"""The rules that count: 5 exactly, 5t over drawn rows, 6 by the joint answers."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage import Blind, Limits, LinearAccount, Question
from pyfe.leakage.counts import Counted
from pyfe.leakage.prior import LevelArray, Reference
from pyfe.leakage.rules import kept_rows
from pyfe.leakage.rules.excess import worst_excess
from pyfe.leakage.rules.joint import joint, named_by_one
from pyfe.leakage.rules.public_part import public_parts
from pyfe.leakage.rules.sampled import sampled
from pyfe.leakage.rules.variables import variables
from pyfe.schema import Schema, category, number


def question(schema: Schema, rows: Any, prior: Any = None, **limits: Any) -> Question:
    before = LinearAccount(schema)
    requested = np.atleast_2d(np.array(rows, dtype=np.int64))
    return Question(before, before.with_rows(requested), requested, prior or Blind(schema), Limits(**limits))


def numbers(count: int, size: int) -> dict[str, Any]:
    return {f"x{i}": number(0, size - 1, step=1) for i in range(count)}


def answers(names: Iterable[str], **marks: bool) -> dict[str, Any]:
    return {name: category(["no", "yes"], **marks) for name in names}


def weights(schema: Schema, **given: int) -> IntArray:
    """A row of the schema; of a yes/no column the weight of "yes"."""
    row = np.zeros(schema.n, dtype=np.int64)
    for name, part, _ in schema.parts:
        row[part.stop - 1] = given.get(name, 0)
    return row


# -- the limits --


MARKED = Schema.from_ranges(
    {"open": category(["no", "yes"]), "kept": category(["no", "yes"], protected=True), **numbers(4, 8)}
)


def counts(place: int, **given: float) -> Counted:
    """Of two columns; what is given is of one of them."""
    figures = {name: np.zeros(2) for name in ("gain", "sure", "rare", "tenth_gain", "tenth_sure")}
    for name, value in given.items():
        figures[name][place] = value
    return Counted(figures["gain"], figures["sure"], figures["rare"], figures["tenth_gain"], figures["tenth_sure"])


@pytest.mark.parametrize(
    ("place", "given", "kind", "limit"),
    [
        (0, {"sure": 0.31, "tenth_sure": 0.20}, "certain", 0.10),
        (0, {"gain": 0.31, "tenth_gain": 0.20}, "guessed", 0.10),
        (1, {"sure": 0.26, "tenth_sure": 0.20}, "certain", 0.05),
        (1, {"gain": 0.16, "tenth_gain": 0.10}, "guessed", 0.05),
        (1, {"gain": 0.26, "tenth_gain": 0.26}, "guessed", 0.25),
        (1, {"rare": 0.011}, "certain", 0.01),
    ],
)
def test_each_limit_refuses_by_itself(place: int, given: dict[str, float], kind: str, limit: float) -> None:
    asked = question(MARKED, np.arange(1, MARKED.n + 1))
    (found,) = worst_excess(asked, [0, 1], counts(place, **given), 0.10, "5", "its answer")
    assert (found.kind, found.names, found.limit) == (kind, (("open", "kept")[place],), limit)
    assert found.rule == "5" and found.refuses and found.advice and str(found)


@pytest.mark.parametrize(
    ("place", "given"),
    [
        (0, {"sure": 0.30, "tenth_sure": 0.20, "gain": 0.5, "tenth_gain": 0.4, "rare": 0.9}),
        (1, {"sure": 0.25, "tenth_sure": 0.20, "gain": 0.25, "tenth_gain": 0.20, "rare": 0.01}),
    ],
)
def test_what_meets_the_limits_passes(place: int, given: dict[str, float]) -> None:
    """Figures that are the limits but for rounding: 0.30 - 0.20 is more than 0.10 in doubles."""
    asked = question(MARKED, np.arange(1, MARKED.n + 1))
    assert worst_excess(asked, [0, 1], counts(place, **given), 0.10, "5", "its answer") == []


def test_the_worst_column_is_named() -> None:
    asked = question(MARKED, np.arange(1, MARKED.n + 1))
    none = np.zeros(2)
    both = Counted(np.array([0.5, 0.3]), none, none, none, none)
    (found,) = worst_excess(asked, [0, 1], both, 0.10, "5", "its answer")
    assert found.names == ("kept",), "six times its limit, and the other five times"


# -- rule 5 --


def test_a_parity_is_refused_and_a_score_is_not() -> None:
    schema = Schema.from_ranges(answers(["q"]) | numbers(5, 16))
    odd = weights(schema, q=1, x0=6, x1=10, x2=14, x3=4, x4=2)
    (found,) = variables(question(schema, odd))
    assert (found.rule, found.names) == ("5", ("q",))
    assert found.figure == pytest.approx(1.0, abs=1e-6)
    score = weights(schema, q=4, x0=3, x1=2, x2=1, x3=-2, x4=-1)
    assert variables(question(schema, score)) == []


def test_sums_and_differences_are_counted_up_to_rank_four() -> None:
    """Two scores that hide an answer each; their sum shows it by its parity."""
    schema = Schema.from_ranges(answers(["q"]) | numbers(6, 16))
    one = weights(schema, q=1, x0=5, x1=3, x2=4, x3=-2, x4=1, x5=2)
    two = weights(schema, x0=3, x1=5, x2=-2, x3=4, x4=5, x5=-4)
    assert variables(question(schema, one)) == variables(question(schema, two)) == []
    (found,) = variables(question(schema, [one, two]))
    assert found.names == ("q",)


def test_the_count_is_the_same_in_every_basis() -> None:
    schema = Schema.from_ranges(answers(["q"]) | numbers(6, 16))
    one = weights(schema, q=1, x0=5, x1=3, x2=4, x3=-2, x4=1, x5=2)
    rows = np.stack([one, weights(schema, x0=3, x1=5, x2=-2, x3=4, x4=5, x5=-4)])
    first = variables(question(schema, rows))
    assert first
    for transform in ([[0, 1], [1, 0]], [[1, 7], [0, -1]], [[3, 2], [4, 3]]):
        assert variables(question(schema, np.array(transform) @ rows)) == first


def test_a_score_that_is_too_fine_is_refused() -> None:
    schema = Schema.from_ranges(numbers(4, 2**15))
    (found,) = variables(question(schema, [2**15 - 1, 2**14 + 3, 2**13 + 1, 7]))
    assert (found.kind, found.rule) == ("too fine", "5")
    assert "coarser" in found.advice


def test_columns_without_a_weight_are_not_counted() -> None:
    """2^15 levels that the score does not use cost nothing."""
    schema = Schema.from_ranges({"wide": number(0, 2**15 - 1, step=1)} | numbers(5, 8))
    assert variables(question(schema, weights(schema, x0=2, x1=3, x2=1, x3=-2, x4=1))) == []


# -- rule 5t --


def table(rows: int = 900, seed: int = 5) -> pd.DataFrame:
    """b repeats a for nineteen rows in twenty."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 12, rows)
    return pd.DataFrame(
        {
            "age": rng.integers(0, 8, rows).astype(float),
            "a": a.astype(float),
            "b": np.where(rng.random(rows) < 0.97, a, rng.integers(0, 12, rows)).astype(float),
            "q": rng.choice(["no", "yes"], rows),
            "c": rng.integers(0, 4, rows).astype(float),
            "d": rng.integers(0, 4, rows).astype(float),
        }
    )


def dependent_schema() -> Schema:
    steps = {name: number(0, top, step=1) for name, top in (("a", 11), ("b", 11))}
    return Schema(
        {"age": number(0, 7, step=1, public=True)}
        | steps
        | {"q": category(["no", "yes"]), "c": number(0, 3, step=1), "d": number(0, 3, step=1)}
    )


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference.from_table(table(), dependent_schema())


class Counting(Blind):
    """Independent rows, with a note of what was drawn."""

    blind = False

    def __init__(self, schema: Schema) -> None:
        super().__init__(schema)
        self.drawn: list[tuple[int, ...]] = []

    def tree_rows(self, count: int, seed: bytes, public: Sequence[int] | IntArray | None = None) -> LevelArray:
        self.drawn.append(() if public is None else tuple(public))
        return super().tree_rows(count, seed, public)


def test_columns_that_cancel_are_seen(reference: Reference) -> None:
    """With independent columns a - b hides the answer; where b is a, the answer is what is left."""
    schema = dependent_schema()
    row = weights(schema, a=1, b=-1, q=6, c=1, d=1, age=9)
    assert variables(question(schema, row, reference)) == []
    (found,) = sampled(question(schema, row, reference))
    assert (found.rule, found.names) == ("5t", ("q",))
    assert found.figure is not None and found.figure > 0.3
    assert sampled(question(schema, row)) == [], "nothing is known of dependence"


def test_an_honest_score_passes(reference: Reference) -> None:
    schema = dependent_schema()
    row = weights(schema, a=1, b=1, q=4, c=2, d=2, age=1)
    assert sampled(question(schema, row, reference)) == []


def test_answers_that_hardly_any_other_has_are_too_fine() -> None:
    """4,608 answers, all as likely: 14 of 65,536 rows have each."""
    schema = dependent_schema()
    row = weights(schema, a=1, b=12, q=144, c=288, d=1152, age=1)
    (found,) = sampled(question(schema, row, Counting(schema)))
    assert (found.kind, found.rule) == ("too fine", "5t")
    assert found.figure is not None and 0.1 < found.figure <= 1


def test_the_same_question_gets_the_same_answer(reference: Reference) -> None:
    schema = dependent_schema()
    row = weights(schema, a=1, b=-1, q=6, c=1, d=1, age=9)
    first = sampled(question(schema, row, reference))
    assert first
    assert sampled(question(schema, [-2 * row], reference)) == first
    assert sampled(question(schema, [row, 3 * row], reference)) == first


def test_rows_are_kept_and_the_oldest_go(monkeypatch: pytest.MonkeyPatch) -> None:
    schema = dependent_schema()
    prior = Counting(schema)
    row = weights(schema, a=2, b=3, q=4, c=-3, d=2, age=1)
    assert sampled(question(schema, row, prior)) == []
    drawn = list(prior.drawn)
    assert len(drawn) == len(set(drawn)) and () in drawn, "each once"
    assert {0, 7} <= {public[0] for public in drawn if public}, "the extremes of the public column are among them"
    sampled(question(schema, row, prior))
    assert prior.drawn == drawn
    monkeypatch.setattr(kept_rows, "MOST_BYTES", 1)
    sampled(question(schema, row, prior))
    sampled(question(schema, row, prior))
    assert len(prior.drawn) > len(drawn)


def test_a_public_column_that_decides_the_tenth_is_no_excuse() -> None:
    """The tenths are of the whole score: where age is nearly all of it, they say nothing of the rest.

    Without its public part the same score's tenths would tell q, and there would be no excess.
    """
    schema = dependent_schema()
    prior = Counting(schema)
    private = weights(schema, q=40, a=1, b=1, c=1, d=1)
    whole = private + weights(schema, age=1000)
    assert sampled(question(schema, private, prior)) == []
    (found,) = sampled(question(schema, whole, prior))
    assert found.names == ("q",)


# -- what public columns add --


def parts(schema: Schema, rows: Any) -> FloatArray:
    asked = question(schema, rows)
    return public_parts(asked, asked.Z)


def test_the_public_part_of_one_key_is_its_own() -> None:
    schema = dependent_schema()
    row = weights(schema, a=3, b=-3, q=7, c=1, age=5)
    (found,) = parts(schema, row)
    sign = 1 if question(schema, row).Z[0][0] > 0 else -1
    assert found.tolist() == (sign * weights(schema, age=5)).tolist()
    assert not parts(schema, weights(schema, a=3, b=1)).any()


def test_the_public_part_does_not_depend_on_the_basis() -> None:
    schema = dependent_schema()
    rows = np.stack([weights(schema, a=3, b=-3, q=7, age=5), weights(schema, a=1, c=2, d=1, age=-4)])
    first = parts(schema, rows)
    for transform in ([[0, 1], [1, 0]], [[1, 7], [0, -1]], [[2, 1], [0, 3]]):
        assert parts(schema, np.array(transform) @ rows) == pytest.approx(first)
    asked = question(schema, rows)
    for row, public in zip(asked.Z, first, strict=True):  # z = lift(row) + public is a combination of the keys
        whole = np.array(asked.free.lift(row)) + public
        solution, *_ = np.linalg.lstsq(rows.T.astype(float), whole, rcond=None)
        assert rows.T @ solution == pytest.approx(whole)


def test_keys_that_differ_in_public_columns_alone_have_one_public_part() -> None:
    schema = dependent_schema()
    private = weights(schema, a=3, b=-3, q=7)
    found = parts(schema, [private + weights(schema, age=5), private + weights(schema, age=9)])
    assert not found.any(), "age is known, whatever its weight"


# -- rule 6 --


def test_answers_that_name_records_together_are_refused() -> None:
    schema = Schema.from_ranges(answers(f"q{i}" for i in range(8)))
    high = weights(schema, q0=1, q1=2, q2=4, q3=8)
    low = weights(schema, q4=1, q5=2, q6=4, q7=8)
    (found,) = joint(question(schema, [high, low]))
    assert (found.kind, found.rule) == ("named", "6")
    assert joint(question(schema, high)) == [], "one score is counted by rules 5 and 5t"


class Known(Blind):
    """Independent rows, and somebody who knows that."""

    blind = False


def test_one_score_that_names_records_is_refused_where_a_population_is_known() -> None:
    """Of 64 records, as likely as each other, every answer names one."""
    schema = Schema.from_ranges(answers(f"q{i}" for i in range(6)))
    row = weights(schema, q0=1, q1=2, q2=3, q3=5, q4=7, q5=9)
    z = everybody(schema) @ row
    tenths = np.searchsorted(np.quantile(z, np.arange(1, 10) / 10), z, side="right")
    named = (len(np.unique(z)) - len(np.unique(tenths))) / len(z)
    asked = question(schema, row, Known(schema))
    assert named > 0.2 and named_by_one(asked) == pytest.approx(named, abs=0.04)
    (found,) = joint(asked)
    assert (found.kind, found.rule, found.limit) == ("named", "6", 0.05)
    assert found.figure == named_by_one(asked), "the same question, the same answer"
    assert joint(question(schema, weights(schema, **{f"q{i}": 1 for i in range(6)}), Known(schema))) == []


def everybody(schema: Schema) -> IntArray:
    codes = [column.codes() for column in schema.columns.values()]
    return np.array([np.concatenate(choice) for choice in itertools.product(*codes)])


def test_two_coarse_scores_pass() -> None:
    schema = Schema.from_ranges(answers(f"q{i}" for i in range(10)) | numbers(2, 4))
    one = weights(schema, **{f"q{i}": 1 + i % 2 for i in range(10)}, x0=1)
    two = weights(schema, **{f"q{i}": 1 + (i // 2) % 2 for i in range(10)}, x1=1)
    assert joint(question(schema, [one, two])) == []


def test_a_column_that_becomes_certain_is_refused() -> None:
    """q0 is the parity of a score; many records have the same answers."""
    schema = Schema.from_ranges(answers(["q0"]) | numbers(7, 8))
    one, two = weights(schema, q0=1, x0=2, x1=2, x2=2, x3=2), weights(schema, x4=1, x5=1, x6=1)
    (found,) = joint(question(schema, [one, two], named=2.0))
    assert (found.kind, found.rule, found.names) == ("certain", "6", ("q0",))


def test_joint_answers_of_many_bits_are_left_to_rule_7() -> None:
    schema = Schema.from_ranges(numbers(6, 256))
    rows = np.array([[3, 50, 7, 81, 99, 2], [91, 5, 17, 3, 40, 77]])
    asked = question(schema, rows)
    assert asked.information.bits > 15
    assert joint(asked) == []
