"""What a schema says of itself, of a table, and beside another schema."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import ParameterError, Schema, leakage
from pyfe.schema import Category, noise
from pyfe.schema import facts as facts_module

SCHEMA = Schema.from_ranges(
    {
        "age": pyfe.number(18, 100, step=1, public=True),
        "crp": pyfe.number(0.1, 500, bits=6, transform="log", missing=1.0),
        "bmi": pyfe.number(10, 60, missing="bit"),
        "sex": pyfe.category(["f", "m"], protected=True),
        "stage": ["I", "II", "III"],
        "egfr": pyfe.thresholds([30, 60, 90]),
        "one": pyfe.constant(1),
        "noise": noise(slots=2),
    }
)
TABLE: dict[str, Any] = {
    "age": [17, 18, 100, 101, 200, 50],
    "crp": [None, 0.0, -5.0, 1e6, 2.0, None],
    "bmi": [None, 5.0, 20.0, 30.0, 40.0, 50.0],
    "sex": ["f", "m", "x", "", None, "f"],
    "stage": ["I", "II", "IV", "V", "III", "I"],
    "egfr": [10.0, 1e9, -1e9, 45.0, 70.0, "much"],
    "unknown": [0] * 6,
}


def test_what_a_schema_says_of_itself() -> None:
    facts = {column.name: column for column in SCHEMA.describe()}
    assert list(facts) == list(SCHEMA.columns)
    kinds = [column.kind for column in facts.values()]
    assert kinds == ["number", "number", "number", "category", "category", "thresholds", "constant", "noise"]
    assert [column.levels for column in facts.values()] == [83, 64, 257, 2, 3, 4, 1, 1]
    assert [column.coordinates for column in facts.values()] == [1, 1, 2, 1, 3, 3, 1, 2]
    assert sum(column.coordinates for column in facts.values()) == SCHEMA.n
    assert [column.values for column in facts.values()][:7] == [
        "18 to 100", "0.1 to 500", "10 to 60", "f, m", "I, II, III", "30, 60, 90", "1",
    ]  # fmt: skip
    assert [column.absent for column in facts.values()] == ["refused", "1.0", "bit", *["refused"] * 3, "", ""]
    assert (facts["crp"].scale, facts["bmi"].scale, facts["sex"].scale) == ("log", "identity", None)
    assert facts["crp"].bits == 6.0 and facts["one"].bits == 0.0
    assert facts["age"].public and facts["sex"].protected and not facts["sex"].public
    assert all(column.cells is None for column in facts.values())
    assert json.loads(json.dumps(facts["age"].to_dict())) == facts["age"].to_dict()


def test_what_it_says_of_a_table() -> None:
    """Every cell is counted once: missing, clipped, refused, or it fits; nothing is refused."""
    cells = {column.name: column.cells for column in SCHEMA.describe(TABLE)}
    assert cells["one"] is None and cells["noise"] is None
    found = {n: (c.rows, c.missing, c.clipped, dict(c.refused)) for n, c in cells.items() if c is not None}
    assert found == {
        "age": (6, 0, 3, {}),
        "crp": (6, 2, 3, {}),
        "bmi": (6, 1, 1, {}),
        "sex": (6, 2, 0, {"not a level": 1}),
        "stage": (6, 0, 0, {"not a level": 2}),
        "egfr": (6, 0, 0, {"not a number": 1}),
    }
    assert cells["crp"] is not None and cells["crp"].clipped_share == 3 / 4
    with pytest.raises(ParameterError, match="lacks the column"):
        SCHEMA.describe({"age": [1]})


def test_the_counts_are_those_of_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    rows = {"a": rng.normal(50, 40, 1000), "b": rng.choice(["x", "y", "z"], 1000)}
    rows["a"][::7] = np.nan
    schema = Schema.from_ranges({"a": (0, 100), "b": ["x", "y", "z"]}, missing={"a": 50})
    encoded = schema.encode(rows, on_overflow="clip")
    for piece in (2**20, 64, 1):
        monkeypatch.setattr(facts_module, "_PIECE", piece)
        cells = schema.describe(rows)[0].cells
        assert cells is not None
        assert (cells.clipped, cells.missing) == (encoded.saturated["a"], encoded.replaced["a"])
    none = schema.describe({"a": [None], "b": [None]})
    assert [column.cells.clipped_share for column in none if column.cells] == [0.0, 0.0]


def test_the_same_schema_has_no_differences() -> None:
    assert SCHEMA.differences(Schema.from_bytes(SCHEMA.to_bytes())) == []


COLUMNS = dict(SCHEMA.columns)
FORM = {"gap": {"age": 1, "crp": -1}}
CHANGES: dict[str, tuple[Callable[[], Schema], list[tuple[Any, ...]]]] = {
    "a mark": (
        lambda: Schema(COLUMNS | {"age": dataclasses.replace(COLUMNS["age"], public=False)}),
        [("age", "public", "true", None)],
    ),
    "an end": (
        lambda: Schema(COLUMNS | {"age": pyfe.number(18, 120, step=1, public=True)}),
        [("age", "hi", "100", "120")],
    ),
    "a level": (
        lambda: Schema(COLUMNS | {"stage": pyfe.category(["I", "III", "II"])}),
        [("stage", "levels", "[I, II, III]", "[I, III, II]")],
    ),
    "a kind": (
        lambda: Schema(COLUMNS | {"egfr": pyfe.constant(3)}),
        [
            ("egfr", "kind", "thresholds", "constant"),
            ("egfr", "cuts", "[30, 60, 90]", None),
            ("egfr", "value", None, "3"),
        ],
    ),
    "a column less": (
        lambda: Schema({name: column for name, column in COLUMNS.items() if name != "one"}),
        [("one", "column", "{kind: constant, value: 1}", None)],
    ),
    "a column more": (
        lambda: Schema({"first": pyfe.constant(2), **COLUMNS}),
        [("first", "column", None, "{kind: constant, value: 2}")],
    ),
    "another order": (
        lambda: Schema(dict(reversed(COLUMNS.items()))),
        [("", "order of the columns", flow := "[age, crp, bmi, sex, stage, egfr, one, noise]", "["
          + ", ".join(reversed(flow[1:-1].split(", "))) + "]")],
    ),
    "a form": (
        lambda: Schema(COLUMNS, protected_forms=FORM),
        [("gap", "protected form", None, "{age: 1, crp: -1}")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGES)
def test_a_difference_is_named(name: str) -> None:
    make, expected = CHANGES[name]
    other = make()
    assert [tuple(vars(found).values()) for found in SCHEMA.differences(other)] == expected
    back = [(n, w, second, first) for n, w, first, second in expected]
    assert sorted(map(str, back)) == sorted(str(tuple(vars(found).values())) for found in other.differences(SCHEMA))


def test_differences_of_forms_and_populations() -> None:
    one = Schema(COLUMNS, protected_forms={**FORM, "other": {"age": 2}})
    two = Schema(COLUMNS, protected_forms={"other": {"age": 2}, "gap": {"age": 1, "crp": -2}})
    assert [tuple(vars(found).values()) for found in one.differences(two)] == [
        ("gap", "weight of crp", "-1", "-2"),
        ("", "order of the protected forms", "[gap, other]", "[other, gap]"),
    ]
    rng = np.random.default_rng(3)
    plain = Schema.from_ranges({"age": (0, 100), "bmi": (10, 60)}, bits=4)
    a, b = (
        leakage.published({"age": rng.uniform(0, 100, 400), "bmi": rng.normal(25, spread, 400)}, plain)
        for spread in (2, 9)
    )
    for first, second, said in ((plain, a, (None, "published")), (a, b, ("published", "published otherwise"))):
        (found,) = first.differences(second)
        assert (found.what, found.first, found.second) == ("population", *said)


def test_a_difference_of_sum_w() -> None:
    one = Schema(COLUMNS)
    assert [vars(found) for found in one.differences(one.with_sum_w(5))] == [
        {"name": "", "what": "sum_w", "first": "1", "second": "5"}
    ]
    assert one.with_sum_w(5).differences(Schema(COLUMNS, sum_w=5)) == []


def test_equal_values_of_other_types_differ() -> None:
    """True and 1 are equal for Python, and not for the id of a schema."""
    one, two = (Schema({"a": Category(levels=levels)}) for levels in ((0, 1), (False, True)))
    assert one != two
    assert [(d.first, d.second) for d in one.differences(two)] == [("[0, 1]", "[false, true]")]
    near = [Schema({"a": pyfe.number(0, hi, bits=3)}) for hi in (0.3, 0.1 + 0.2)]
    assert len(near[0].differences(near[1])) >= 1
