"""The count over epochs against brute force: over raw values, and beside the rules of one epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from flint import fmpq, fmpq_mat

import pyfe
from pyfe import Schema
from pyfe.epochs import Epoch, count
from pyfe.epochs.joint import Joint
from pyfe.forms import MatrixForms
from pyfe.leakage import Free, published
from tests.unit.epoch_tables import QUADRATIC, epoch

# -- columns, and raw values that all of them code without a loss --

COLUMNS: dict[str, tuple[list[Any], list[Any]]] = {
    "the same": ([pyfe.number(0, 6, step=1)] * 2, [0, 2, 4, 6]),
    "steps of 2 and 3": ([pyfe.number(0, 12, step=2), pyfe.number(0, 12, step=3)], [0, 6, 12]),
    "another lower end": ([pyfe.number(0, 12, step=2), pyfe.number(-4, 12, step=4)], [0, 4, 8, 12]),
    "tenths": ([pyfe.number(0, 0.6, step=0.1), pyfe.number(0, 0.6, step=0.3)], [0, 0.3, 0.6]),
    "logarithms": (
        [pyfe.number(1, 256, bits=4, transform="log"), pyfe.number(1, 256, bits=2, transform="log")],
        [256 ** (k / 3) for k in range(4)],
    ),
    "a bit in one, a value in the other": (
        [pyfe.number(2, 8, step=2, missing="bit"), pyfe.number(0, 8, step=1, missing=3)],
        [2, 4, 8, None],
    ),
    "two values for absent": (
        [pyfe.number(0, 4, step=1, missing=1), pyfe.number(0, 4, step=2, missing=4)],
        [0, 4, None],
    ),
    "a bit, and nobody without an entry": (
        [pyfe.number(0, 4, step=1, missing="bit"), pyfe.number(0, 4, step=2)],
        [0, 2, 4],
    ),
    "levels in another order": ([pyfe.category(["a", "b", "c"]), pyfe.category(["c", "a", "b"])], ["a", "b", "c"]),
    "levels that the other lacks": (
        [pyfe.category(["a", "b", "c", "d"]), pyfe.category(["e", "c", "a"])],
        ["a", "c"],
    ),
    "a level that may be missing": (
        [pyfe.category(["a", "b", "c"], missing="bit"), pyfe.category(["b", "a", "c"], missing="c")],
        ["a", "b", "c", None],
    ),
    "cuts": ([pyfe.thresholds([1, 3]), pyfe.thresholds([2, 3, 5])], [0, 1, 2, 3, 5]),
    "integers as levels": ([pyfe.category([1, 2, 3]), pyfe.category([3, 1])], [1, 3]),
}


def contributions(column: Any, values: Sequence[Any], weights: np.ndarray[Any, Any]) -> list[int]:
    """What values add to a score by the column's own codes, ``weights`` over its free coordinates."""
    schema = Schema({"c": column, "rest": pyfe.number(0, 1, bits=1)})
    free = Free(schema)
    row = free.lift([*weights.tolist(), *[0] * (len(free) - len(weights))])
    cells = np.array(values, dtype=object)
    x = schema.encode({"c": cells, "rest": np.zeros(len(values))}).x
    return [int(v) for v in x @ np.array(row)]


def rank(rows: Sequence[Sequence[Any]]) -> int:
    entries = [[fmpq(Fraction(v).numerator, Fraction(v).denominator) for v in row] for row in rows]
    return int(fmpq_mat(entries).rank()) if entries and entries[0] else 0


@pytest.mark.parametrize("name", COLUMNS)
def test_sums_that_vanish_over_the_joint_variable_are_those_that_vanish_on_all_values(name: str, seed: int) -> None:
    """What a combination of scores says of a column, over all values that both epochs can hold."""
    (one, other), values = COLUMNS[name]
    rng = np.random.default_rng(seed)
    rest = pyfe.number(0, 1, bits=1)
    schemas = [Schema({"c": one, "rest": rest}), Schema({"rest": rest, "c": other})]
    for _ in range(4):
        told, epochs = [], []
        for number, schema in enumerate(schemas, 1):
            free, column = Free(schema), schema.columns["c"]
            width = len(free) - 1
            weights = rng.integers(-3, 4, (3, width))
            told += [contributions(column, values, row) for row in weights]
            rows = [[*row, 0] if number == 1 else [0, *row] for row in weights.tolist()]
            made = epoch(number, schema)
            epochs.append(
                replace(made, keys=3, rows=tuple(map(tuple, _independent(rows))), rank=len(_independent(rows)))
            )
        joint = Joint.of(epochs)
        assert joint.split == ()
        changes = [[line[at] - line[0] for at in range(1, len(values))] for line in told]
        written = [row for number in (1, 2) for row in joint.rows[number]]
        assert rank(written) == rank(changes), (written, changes)


def _independent(rows: list[list[int]]) -> list[list[int]]:
    kept: list[list[int]] = []
    for row in rows:
        if rank([*kept, row]) > len(kept):
            kept.append(row)
    return kept


SPLIT = {
    "another transform": [pyfe.number(1, 9, step=1), pyfe.number(1, 9, bits=3, transform="log")],
    "no common step": [pyfe.number(0, 1, bits=8), pyfe.number(0, float(np.sqrt(2)), bits=8)],
    "a number and levels": [pyfe.number(0, 2, step=1), pyfe.category([0, 1, 2])],
    "a number and cuts": [pyfe.number(0, 2, step=1), pyfe.thresholds([1, 2])],
    "no common level": [pyfe.category(["a", "b"]), pyfe.category(["c", "d"])],
    "common steps that are too fine": [pyfe.number(0, 4000, bits=12), pyfe.number(0, 4001, bits=12)],
}


@pytest.mark.parametrize("name", SPLIT)
def test_columns_that_cannot_be_compared_are_split(name: str) -> None:
    one, other = SPLIT[name]
    schemas = Schema({"c": one, "d": one}), Schema({"c": other, "d": one})
    pair = [epoch(number, schema, [range(1, 1 + schema.n)]) for number, schema in enumerate(schemas, 1)]
    joint = Joint.of(pair)
    assert joint.split == ("c",) and len(joint.names) == 3
    assert sorted(joint.names.values()) == ["c (epoch 1)", "c (epoch 2)", "d"]


def test_marks_over_epochs() -> None:
    """Public in one epoch is public in all, unless another protects the column."""

    def with_marks(**marks: str) -> Schema:
        return Schema.from_ranges({name: (0, 3) for name in "abcd"}, bits=2, **{k: list(v) for k, v in marks.items()})

    schemas = [with_marks(public="a", protected="b"), with_marks(public="bc"), with_marks()]
    joint = Joint.of([epoch(n, s, [[1, 2, 1, 1]]) for n, s in enumerate(schemas, 1)])
    marks = {joint.names[name]: (c.public, c.protected) for name, c in joint.schema.columns.items()}
    assert marks == {"a": (True, False), "b": (False, True), "c": (True, False), "d": (False, False)}


# -- rules --

WIDE = Schema.from_ranges({f"x{i}": (0, 15) for i in range(24)}, bits=4)
DENSE = np.array([3, -2, 5, 1, -4, 2, 3, -1] * 3)
OTHER = np.array([1, 4, -3, 2, 5, -1, -2, 3] * 3) + np.arange(24) % 5
FINE = {"said": 2000, "entropy": 72_000}


def cheap(number: int, schema: Schema, weights: Any, **fields: Any) -> Epoch:
    """An epoch that says few bits, so that other rules decide."""
    return replace(epoch(number, schema, weights), **{**FINE, **fields})


def rules_of(*epochs: Epoch) -> list[str]:
    return sorted({finding.rule for finding in count(epochs).findings})


def test_two_good_epochs_and_what_each_rule_refuses() -> None:
    one, two = cheap(1, WIDE, DENSE), cheap(2, WIDE, OTHER)
    assert rules_of(one, two) == []
    assert count([one, two]).not_counted == ("2e", "5", "5t", "6", "7", "8")
    assert count([one]) == count([one, one]) and not count([one]).findings
    bits = [replace(one, said=22_001), two]
    assert rules_of(*bits) == ["4"]
    assert rules_of(*(replace(e, blind=False) for e in bits)) == []  # half of 72 instead of a third
    assert rules_of(*(replace(e, blind=e.number == 2) for e in bits)) == ["4"]
    assert rules_of(replace(one, said=22_000), two) == []
    assert rules_of(one, two, *(cheap(n, WIDE, np.roll(OTHER, n)) for n in range(3, 9))) == []
    assert "3" in rules_of(one, two, *(cheap(n, WIDE, np.roll(OTHER, n)) for n in range(3, 10)))
    near = DENSE.copy()
    near[5] += 1
    found = count([one, cheap(2, WIDE, near)])
    assert "2" in {f.rule for f in found.findings} and any("x5" in f.names for f in found.findings)
    even = DENSE + 8 * OTHER
    even[3] += 1
    assert rules_of(one, cheap(2, WIDE, even)) == ["2m"]


def test_what_a_later_key_will_say_is_not_known() -> None:
    one, empty = cheap(1, WIDE, DENSE), epoch(2, WIDE)
    assert [f.kind for f in count([one, empty]).findings] == ["checked in part"]
    assert not count([one, epoch(2, WIDE, state="retired")]).findings
    assert not count([empty]).findings and not count([]).findings


def test_a_protected_form_of_one_epoch_is_protected_in_all() -> None:
    schema = Schema(
        dict(WIDE.columns),
        protected_forms={"sum": {f"x{i}": 1 for i in range(12)}},
    )
    far = DENSE.copy()
    far[:12] += 7
    assert "2" in rules_of(cheap(1, schema, DENSE), cheap(2, WIDE, far))
    assert rules_of(cheap(1, WIDE, DENSE), cheap(2, WIDE, far + np.arange(24) % 3)) == []


def could(*split: str, weights: Any = OTHER) -> list[str]:
    """WIDE beside the same with some columns on logarithms."""
    columns = {n: pyfe.number(1, 16, bits=4, transform="log") if n in split else c for n, c in WIDE.columns.items()}
    return rules_of(cheap(1, WIDE, DENSE), cheap(2, Schema(columns), weights))


def test_what_could_cancel_where_steps_cannot_be_compared() -> None:
    assert could("x0") == []
    near = DENSE.copy()
    near[[7, 8, 9]] += 2
    assert could("x7", weights=near) == ["2"]  # as far as can be said, the difference lives on x8 and x9
    near[10] += 2
    assert could("x7", weights=near) == []
    assert could(*WIDE.columns) == []  # three of them have a weight in one epoch alone
    assert could(*WIDE.columns, weights=DENSE[::-1]) == ["2"]


def brute_could_live_on_few(rows: dict[int, list[list[int]]], owners: list[str], split: set[str]) -> bool:
    """Some combination of several epochs vanishes, for some two columns, everywhere but there and on split ones: over
    the combinations themselves, by a basis of all that do."""
    every = [(number, row) for number, found in rows.items() for row in _independent(found)]
    names = sorted(set(owners) - split)
    groups = [(), *combinations(names, 1), *combinations(names, 2)]
    for group in groups:
        outside = [at for at, name in enumerate(owners) if name not in split and name not in group]
        dims = []
        for chosen in (set(rows), *({n} for n in rows)):
            part = [row for number, row in every if number in chosen]
            dims.append(rank(part) - rank([[row[at] for at in outside] for row in part]))
        if dims[0] > max(dims[1:]):
            return True
    return False


def test_could_cancel_agrees_with_brute_force(seed: int) -> None:
    from pyfe.epochs.could_cancel import could_live_on_few

    rng = np.random.default_rng(seed)
    found = [0, 0]
    for _ in range(40):
        f, epochs = int(rng.integers(9, 14)), int(rng.integers(2, 4))
        owners = [f"c{at - (at % 3 == 2)}" for at in range(f)]  # some columns have two coordinates
        rows = {n: rng.integers(-1, 2, (int(rng.integers(1, 3)), f)).tolist() for n in range(epochs)}
        if rng.random() < 0.5:  # nearly a score of another epoch
            changed = np.array(rows[0][0]) * 2
            changed[rng.integers(0, f, 3)] += 1
            rows[1] = [changed.tolist()]
        split = {owners[int(rng.integers(0, f))]}
        answer = could_live_on_few(rows, [frozenset({o}) for o in owners], frozenset(split)) is not None
        assert answer == brute_could_live_on_few(rows, owners, split), (rows, owners, split)
        found[answer] += 1
    assert min(found) > 0, found


# -- behind noise --


def behind_noise(ids: Sequence[int], columns: int = 24) -> Schema:
    schema = Schema.from_ranges({f"x{i}": (0, 15) for i in range(columns)}, bits=4)
    return schema.with_noise(pyfe.noise(slots=list(ids)))


def noisy(number: int, schema: Schema, weights: Any, slot: int) -> Epoch:
    row = np.zeros(schema.n, dtype=np.int64)
    row[: len(weights)] = weights
    row[schema.coordinate_names.index(f"noise[{slot}]")] = 1
    return cheap(number, schema, row)


NOISY_PAIRS: dict[str, tuple[tuple[Any, int], tuple[Any, int], list[str]]] = {
    "two directions, two slots": ((DENSE, 0), (OTHER, 1), []),
    "the same direction keeps its slot": ((DENSE, 0), (DENSE, 0), []),
    "two directions behind one slot": ((DENSE, 0), (OTHER, 0), ["noise"]),
    "one direction behind two slots": ((DENSE, 0), (DENSE, 1), ["noise"]),
    "twice the direction behind its slot": ((DENSE, 0), (2 * DENSE, 0), ["noise"]),
}


@pytest.mark.parametrize("name", NOISY_PAIRS)
def test_noise_over_epochs(name: str) -> None:
    (one, a), (two, b), expected = NOISY_PAIRS[name]
    schema = behind_noise([0, 1])
    assert rules_of(noisy(1, schema, one, a), noisy(2, behind_noise([0, 1, 2]), two, b)) == expected


def test_a_clean_score_beside_noise() -> None:
    schema = behind_noise([0])
    assert rules_of(cheap(1, WIDE, DENSE), noisy(2, schema, OTHER, 0)) == []
    assert rules_of(cheap(1, WIDE, DENSE), noisy(2, schema, DENSE, 0)) == ["noise"]


# -- forms --

FEW = Schema.from_ranges({f"x{i}": (0, 3) for i in range(9)}, bits=2)


def form(shift: int = 0) -> MatrixForms:
    dense = np.zeros((1, 10, 10), dtype=np.int64)
    dense[0, 0, 1:] = np.arange(1, 10) % 4 + 1
    for i in range(1, 9):
        dense[0, i, i + 1] = (i + shift) % 3 + 1
    dense[0, 1, 2] += shift
    return MatrixForms.dense(dense)


def quadratic(number: int, schema: Schema, **fields: Any) -> Epoch:
    made = epoch(number, schema, scheme=QUADRATIC, **fields)
    return replace(made, said=100, entropy=50_000)


def test_forms_of_one_schema_are_judged_together() -> None:
    one = quadratic(1, FEW, forms=[form()])
    found = count([one, quadratic(2, FEW, forms=[form(1)])])
    assert "3" in {finding.rule for finding in found.findings}  # two forms where nine columns allow one
    same = count([one, quadratic(2, FEW, forms=[form()])])
    assert {finding.rule for finding in same.findings} <= {"3", "2m"}
    linear = replace(epoch(2, FEW, [np.arange(1, 10) % 4 + 1]), said=100, entropy=50_000)
    assert count([one, linear]).findings == ()  # what is left of the form are its products
    dense = np.zeros((1, 10, 10), dtype=np.int64)
    dense[0, 0, 1:], dense[0, 3, 4] = np.arange(1, 10) % 4 + 1, 1
    opened = count([quadratic(1, FEW, forms=[MatrixForms.dense(dense)]), linear])
    assert {finding.rule for finding in opened.findings} == {"2"}


def test_forms_of_other_schemas_count_by_their_columns() -> None:
    other = Schema.from_ranges({f"x{i}": (0, 7) for i in range(9)}, bits=3)
    found = count([quadratic(1, FEW, forms=[form()]), quadratic(2, other, forms=[form(1)])])
    assert "2" in {finding.rule for finding in found.findings} and "2m" in found.not_counted
    apart = Schema.from_ranges({f"y{i}": (0, 3) for i in range(9)}, bits=2)
    assert not count([quadratic(1, FEW, forms=[form()]), quadratic(2, apart, forms=[form(1)])]).findings


# -- a population --


def test_rules_that_need_a_population_run_where_the_schema_publishes_one() -> None:
    rng = np.random.default_rng(5)
    common = rng.normal(0, 1, 600)
    X = {f"x{i}": np.clip(8 + 3 * (0.9 * common + 0.4 * rng.normal(size=600)), 0, 15) for i in range(24)}
    schema = published(X, WIDE)
    pair = [cheap(1, schema, DENSE, blind=False), cheap(2, schema, OTHER, blind=False)]
    assert count(pair).not_counted == ()
    unlike = [pair[0], cheap(2, WIDE, OTHER)]
    assert count(unlike).not_counted == ("2e", "5", "5t", "6", "7", "8")
    few = np.zeros(24, dtype=np.int64)
    few[:9] = [400, 1, 2, 3, 2, 1, 3, 1, 2]
    nearly = count([cheap(1, schema, few, blind=False), cheap(2, schema, OTHER, blind=False)])
    assert [finding.rule for finding in nearly.findings] == ["2e"] and nearly.findings[0].names == ("x0",)


def test_names_are_the_same_whatever_their_normal_form() -> None:
    wide = (
        {n.replace("x", "é"): c for n, c in WIDE.columns.items()},
        {n.replace("x", "e\u0301"): c for n, c in WIDE.columns.items()},
    )
    near = DENSE.copy()
    near[5] += 1
    pair = [cheap(n, Schema(columns), w) for n, columns, w in zip((1, 2), wide, (DENSE, near), strict=True)]
    assert "2" in rules_of(*pair) and Joint.of(pair).whole
