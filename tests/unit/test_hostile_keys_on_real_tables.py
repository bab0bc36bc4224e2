"""The constructions that earlier rules let through, on tables of real patients: refused, by the rule that is there for
them first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pytest

from pyfe.leakage import LinearAccount, Reference, linear_findings
from pyfe.schema import Schema
from tests.cohorts import COHORTS
from tests.unit.hostile_keys import dense

Row = list[int]
Weights = dict[str, int | Row]


@dataclass(frozen=True)
class Known:
    """A table's schema, and what the authority knows of its population."""

    schema: Schema
    reference: Reference

    def row(self, **weights: int | Row) -> Row:
        """Weights of columns: one for all coordinates, or one each; 0 of the others."""
        row = [0] * self.schema.n
        for name, part, _ in self.schema.parts:
            given = weights.get(name, 0)
            row[part] = given if isinstance(given, list) else [given] * (part.stop - part.start)
        return row

    def all_of(self, factor: int, widest: int, seed: int) -> Row:
        """Multiples of a number on every coordinate."""
        return [factor * v for v in dense(self.schema.n, widest, seed)]


@lru_cache(maxsize=4)
def known(name: str, bits: int, protected: tuple[str, ...] = ()) -> Known:
    """All rows of a table as reference; numbers of so many bits; its public columns are."""
    cohort = next(one for one in COHORTS if one.name == name)
    if not cohort.installed:
        pytest.skip(f"{cohort.package} is not installed")
    table = cohort.load()
    schema = Schema.fit(
        table.X, bits=bits, levels=table.levels, public=cohort.public.split(), protected=list(protected)
    )
    return Known(schema, Reference.from_table(table.X, schema))


def with_weights(row: Row, table: Known, **weights: int) -> Row:
    """The same row with other weights on the first coordinates of some columns."""
    changed = list(row)
    for name, part, _ in table.schema.parts:
        if name in weights:
            changed[part.start] = weights[name]
    return changed


# ---------------------------------------------------------------------------------------------------------------
# The constructions: what was issued, and what is asked for


def parity_of_a_protected_column() -> tuple[Known, list[Row], list[Row]]:
    table = known("wdbc", 8, ("worst_concave_points",))
    return table, [], [with_weights(table.all_of(2, 30, 1), table, worst_concave_points=1)]


def a_column_modulo_its_levels() -> tuple[Known, list[Row], list[Row]]:
    table = known("wdbc", 4)
    return table, [], [with_weights(table.all_of(16, 7, 2), table, mean_texture=1)]


def four_answers_modulo_16() -> tuple[Known, list[Row], list[Row]]:
    table = known("actg175", 8)
    return table, [], [with_weights(table.all_of(16, 7, 3), table, hemo=1, homo=2, drugs=4, symptom=8)]


def powers_of_two_on_answers() -> tuple[Known, list[Row], list[Row]]:
    table = known("actg175", 8)
    names = ["hemo", "homo", "drugs", "oprior", "str2", "symptom", "offtrt"]
    return table, [], [table.row(**{name: 1 << place for place, name in enumerate(names)})]


def a_pair_that_is_odd_at_one_column() -> tuple[Known, list[Row], list[Row]]:
    table = known("wdbc", 8, ("worst_concave_points",))
    first = table.all_of(1, 8, 4)
    change = with_weights(table.all_of(2, 1, 5), table, worst_concave_points=1)
    return table, [first], [[a + b for a, b in zip(first, change, strict=True)]]


def seven_dense_keys() -> tuple[Known, list[Row], list[Row]]:
    table = known("wdbc", 8)
    rows = [table.all_of(1, 127, 10 + i) for i in range(7)]
    return table, rows[:6], rows[6:]


def columns_that_cancel() -> tuple[Known, list[Row], list[Row]]:
    """The perimeter follows the radius: what is left of their difference is little beside the texture."""
    table = known("wdbc", 8)
    return table, [], [table.row(mean_radius=4, mean_perimeter=-4, mean_texture=9)]


def a_department_less_that_of_the_role() -> tuple[Known, list[Row], list[Row]]:
    table = known("attrition", 4)
    roles = next(column for name, _, column in table.schema.parts if name == "JobRole")
    departments = next(column for name, _, column in table.schema.parts if name == "Department")
    X = next(one for one in COHORTS if one.name == "attrition").load().X
    usual = X.groupby("JobRole")["Department"].agg(lambda values: values.mode()[0])
    worth = {level: place + 1 for place, level in enumerate(departments.levels)}
    return table, [], [
        table.row(
            Department=[worth[level] for level in departments.levels],
            JobRole=[-worth[usual[level]] for level in roles.levels],
            OverTime=3,
        )
    ]  # fmt: skip


def one_answer_above_three() -> tuple[Known, list[Row], list[Row]]:
    table = known("attrition", 4)
    return table, [], [table.row(OverTime=8, StockOptionLevel=1, JobLevel=1, WorkLifeBalance=1)]


def one_key_that_names_rows() -> tuple[Known, list[Row], list[Row]]:
    """No column is guessed ten points better than by the tenth; 60 % of the rows are named, the tenth names 45."""
    table = known("mgus2", 3)
    return table, [], [table.row(hgb=-1, creat=7, mspike=2)]


CONSTRUCTIONS: list[tuple[Callable[[], tuple[Known, list[Row], list[Row]]], str]] = [
    (parity_of_a_protected_column, "2m"),
    (a_column_modulo_its_levels, "2m"),
    (four_answers_modulo_16, "2m"),
    (powers_of_two_on_answers, "2m"),
    (a_pair_that_is_odd_at_one_column, "2m"),
    (seven_dense_keys, "4"),
    (columns_that_cancel, "2e"),
    (a_department_less_that_of_the_role, "2e"),
    (one_answer_above_three, "2e"),
    (one_key_that_names_rows, "6"),
]


@pytest.mark.parametrize(("construction", "rule"), CONSTRUCTIONS, ids=lambda one: getattr(one, "__name__", one))
def test_what_earlier_rules_let_through_is_refused(
    construction: Callable[[], tuple[Known, list[Row], list[Row]]], rule: str
) -> None:
    table, issued, requested = construction()
    before = LinearAccount(table.schema)
    if issued:
        before = before.with_rows(np.array(issued))
    found = linear_findings(before, np.array(requested), table.reference)
    assert {one.rule for one in found} == {rule}
    assert all(one.refuses for one in found)
