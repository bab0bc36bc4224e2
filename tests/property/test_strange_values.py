"""Whatever a caller hands to a schema ends in a result or in an error of pyfe, never in one of Python or numpy."""

from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import math
import random
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyfe
from pyfe.errors import PyfeError
from pyfe.schema import Schema, category, constant, number, thresholds
from pyfe.schema.columns import Category, Number

CELLS: list[Any] = [
    None, True, False, 0, 1, -1, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 10**400, 10**5000, 0.5, -0.0, 1e308, 5e-324,
    math.inf, -math.inf, math.nan, "", "a", "1", "1.5", "1,5", "1_000", "٣", "１２", "0x10", "infinity", "nan", "1e999",
    "a\0", "\ud800", "e\u0301", "\u00e9", "x" * 2000, b"", b"1", 1j, math.nan * 1j, decimal.Decimal("1.5"),
    decimal.Decimal("NaN"), decimal.Decimal("sNaN"), decimal.Decimal("Infinity"), decimal.Decimal("1e9999"),
    fractions.Fraction(1, 3), fractions.Fraction(10**400, 3), [], [1], {}, {"a": 1}, (), (1, 2), {1}, object(),
    np.float32(1.5), np.int8(3), np.uint64(2**64 - 1), np.bool_(True), np.str_("a"), np.bytes_(b"a"), np.longdouble(1),
    np.datetime64("2020-01-01"), np.datetime64("NaT"), np.timedelta64(1, "D"), np.ma.masked, np.array(1), np.zeros(3),
    datetime.date(2020, 1, 1), datetime.datetime(2020, 1, 1), datetime.time(1), datetime.timedelta(1), pd.NA, pd.NaT,
    pd.Timestamp("2020-01-01"), pd.Timestamp("2020-01-01", tz="Europe/Berlin"), pd.Period("2020", "Y"),
    pd.Interval(0, 1), float, len, "2020-01-01", "a;b;c", "<5", "12 mg",
]  # fmt: skip


class Hostile:
    """Raises whatever is asked of it."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = object.__hash__

    def __array__(self, *args: Any, **rest: Any) -> Any:
        raise RuntimeError("no array")


CELLS.append(Hostile())
NAMES = [cell for cell in CELLS if isinstance(cell, int | str | float | tuple | bytes | np.generic | None)]


def refused_or_done(call: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
    """What the call gives, or None where it raises an error of pyfe; any other error is the test's failure."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return call(*arguments, **options)
    except PyfeError as error:
        str(error)
        return None


SCHEMA = Schema(
    {
        "n": number(0, 10),
        "l": number(1, 10, transform="log", missing=2),
        "c": category(["a", "b", "c"]),
        "i": category([1, 2**60, 3], missing="bit"),
        "t": thresholds([1, 2], missing="bit"),
        "b": category([False, True]),
    }
)


def column(rng: random.Random) -> Any:
    """A column of some kind of container, of some kind of cell."""
    if rng.random() < 0.2:
        cells = [rng.choice(CELLS)] * rng.randint(0, 12)
    else:
        cells = [rng.choice(CELLS) for _ in range(rng.choice([0, 1, 2, 3, 12, 30]))]
    kind = rng.randrange(12)
    makers: list[Callable[[], Any]] = [
        lambda: cells,
        lambda: tuple(cells),
        lambda: pd.Series(cells, dtype=object),
        lambda: pd.Series(cells),
        lambda: pd.Series(pd.Categorical(cells)),
        lambda: np.array(cells, dtype=object),
        lambda: np.array(cells),
        lambda: np.zeros(
            len(cells), dtype=rng.choice(["c16", "M8[ns]", "m8[s]", "S3", "U3", "V4", "f2", "u8", "i1", "g"])
        ),
        lambda: np.ma.array(np.arange(float(len(cells))), mask=np.arange(len(cells)) % 2),
        lambda: np.zeros(len(cells), dtype=[("x", "f8"), ("y", "i4")]),
        lambda: np.array([str(cell) for cell in cells], dtype=np.dtypes.StringDType()),
        lambda: pd.arrays.SparseArray([0.0] * len(cells)),
    ]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return makers[kind]()
    except Exception:  # the library of the container refuses these cells
        return cells


@pytest.mark.parametrize("part", range(8))
def test_encode_and_fit(seed: int, part: int) -> None:
    rng = random.Random(f"{seed} {part}")
    for _ in range(150):
        table: Any = {name: column(rng) for name in SCHEMA.input_columns}
        if rng.random() < 0.3:
            table = {rng.choice([*NAMES, "n"]): values for values in table.values()}
        refused_or_done(SCHEMA.encode, table, rng.choice(["raise", "clip"]))
        fitted = refused_or_done(Schema.fit, table)
        if fitted is not None:
            refused_or_done(fitted.encode, table, "clip")
            assert fitted == Schema.from_bytes(fitted.to_bytes())
        one = {"c": column(rng)}
        single = refused_or_done(Schema.fit, one)
        if single is not None:
            refused_or_done(single.encode, one, "clip")


@pytest.mark.parametrize("part", range(4))
def test_whole_tables(seed: int, part: int) -> None:
    rng = random.Random(f"{seed} {part}")
    for _ in range(300):
        cells = [[rng.choice(CELLS) for _ in range(rng.choice([0, 1, 6]))] for _ in range(rng.choice([0, 1, 3, 12]))]
        given = rng.choice([rng.choice(CELLS), cells, tuple(map(tuple, cells)), column(rng)])
        refused_or_done(SCHEMA.encode, given)
        refused_or_done(Schema.fit, given)
        refused_or_done(SCHEMA.decode, given)
        refused_or_done(SCHEMA.check, given)


@pytest.mark.parametrize("part", range(4))
def test_making_columns_and_schemas(seed: int, part: int) -> None:
    rng = random.Random(f"{seed} {part}")

    def any_cell() -> Any:
        return rng.choice(CELLS)

    def any_cells() -> Any:
        return rng.choice([any_cell(), [any_cell() for _ in range(rng.randint(0, 4))]])

    for _ in range(400):
        made = [
            refused_or_done(number, any_cell(), any_cell()),
            refused_or_done(number, 0, 10, bits=any_cell(), step=rng.choice([None, any_cell()])),
            refused_or_done(number, 0, 10, transform=any_cell(), missing=any_cell()),
            refused_or_done(number, 0, 10, public=any_cell(), protected=any_cell()),
            refused_or_done(category, any_cells(), missing=any_cell()),
            refused_or_done(category, [any_cell(), any_cell(), "a"], public=any_cell()),
            refused_or_done(thresholds, any_cells(), missing=any_cell()),
            refused_or_done(constant, any_cell()),
        ]
        name = rng.choice([any_cell(), "x", "y"])
        usable = [one for one in made if one is not None]
        spec = rng.choice([any_cell(), (any_cell(), any_cell()), [any_cell(), any_cell()], *usable])
        if any(name is one for one in [*NAMES, "x", "y"]):
            for schema in (
                refused_or_done(Schema, {name: spec, "z": number(0, 1)}),
                refused_or_done(Schema.from_ranges, {name: spec}, bits=rng.choice([8, any_cell()])),
                refused_or_done(Schema.from_ranges, {"z": (0, 1)}, missing=rng.choice([any_cell(), {"z": any_cell()}])),
                refused_or_done(Schema.from_ranges, {"z": (0, 1)}, public=any_cell(), protected=any_cells()),
                refused_or_done(Schema, {"z": number(0, 1)}, protected_forms={"f": {"z": any_cell()}}),
                refused_or_done(Schema, {"z": number(0, 1)}, protected_forms=any_cell()),
                refused_or_done(Schema, {"z": number(0, 1)}, protected_forms={"f": any_cell()}),
            ):
                if schema is None:
                    continue
                assert Schema.from_bytes(schema.to_bytes()) == schema, schema
                assert Schema.from_yaml(schema.to_yaml()) == schema, schema
                for ends in (False, True):
                    x = schema.sample(np.random.default_rng(part), 40, ends=ends)
                    assert np.array_equal(schema.encode(schema.decode(x)).x, x), schema
        refused_or_done(Schema.fit, any_cell(), bits=any_cell(), margin=any_cell())
        table = {"a": [0.0, 1.5] * 10, "b": ["x", "y"] * 10}
        refused_or_done(Schema.fit, table, exclude=any_cells(), levels=any_cell(), margin=rng.choice([0.1, any_cell()]))
        refused_or_done(Schema.fit, table, levels={"b": any_cells()}, missing={"a": any_cell()})
        span = rng.choice([any_cells(), (any_cell(), any_cell()), [any_cell(), any_cell()], *usable])
        refused_or_done(Schema.fit, table, ranges=rng.choice([any_cell(), {rng.choice("ab"): span}]))


@pytest.mark.parametrize("part", range(4))
def test_reading_plain_types(seed: int, part: int) -> None:
    rng = random.Random(f"{seed} {part}")
    good = SCHEMA.to_dict()
    for _ in range(400):
        data: Any = {**good, "columns": [dict(entry) for entry in good["columns"]]}
        for _ in range(rng.randint(1, 3)):
            where = rng.choice([data, *data["columns"]]) if isinstance(data["columns"], list) else data
            if not isinstance(where, dict):
                continue
            value = rng.choice([*CELLS[:-1], {"missing_bit": True}, [["a"]], [0] * 70_000])
            where[rng.choice([*where, "missing_bit", "steps", "levels", "cuts"])] = value
        read = refused_or_done(Schema.from_dict, data)
        if read is not None:
            assert pyfe.Schema.from_dict(read.to_dict()) == read
    for value in CELLS[:-1]:  # plain types, and others that a program may confuse with them
        refused_or_done(Schema.from_dict, value)


class Sort(str):
    """Text of a kind of its own, as programs keep their names and levels."""

    __slots__ = ()

    def __str__(self) -> str:
        return f"Sort.{super().__str__()}"


class Count(enum.IntEnum):
    """Integers likewise."""

    ONE = 1
    TWO = 2


@pytest.mark.parametrize(
    ("a", "b", "one", "two", "logit"),
    [
        (np.str_("a"), np.str_("b"), np.int16(1), np.float32(2), np.str_("logit")),
        (Sort("a"), Sort("b"), Count.ONE, Count.TWO, Sort("logit")),
    ],
)
def test_text_and_numbers_of_other_kinds_travel(a: Any, b: Any, one: Any, two: Any, logit: Any) -> None:
    schema = Schema(
        {
            a: number(one, 10, bits=Count.TWO, missing=two),
            b: category([a, b], missing=b),
            "i": Category(levels=(one, Count.TWO), missing=one),
            "t": thresholds([one, two], missing=two),
            "n": Number(lo=one, hi=np.float64(9), steps=Count.TWO),
            "c": constant(two),
        },
        protected_forms={b + "f": {a: one}, logit: {a: two}},
    )
    assert Schema.from_bytes(schema.to_bytes()) == schema
    assert list(Schema.from_ranges({"a": (0, 1)}).read({a: [0.5], b: [1]})) == ["a"], "a table's names become plain too"
    function = pyfe.Function.from_integers(schema, [[3, 0, 0, 0, 0, 0, 1]], link=logit, classes=(a, b), name=a)
    back = pyfe.Function.from_bytes(function.to_bytes())
    assert back.id == function.id
    assert (back.link, back.classes, back.name) == ("logit", ("a", "b"), "a")
    authority = pyfe.KeyAuthority.create(schema, policy=pyfe.Policy.unrestricted(reason=a))
    key = authority.issue(function, purpose=b, recipient=a)
    assert pyfe.FunctionKey.from_bytes(key.to_bytes()).function.id == function.id


@pytest.mark.parametrize("name", [10**5000, Hostile()], ids=["huge", "hostile"])
def test_a_name_without_text_is_refused(name: Any) -> None:
    for call in (
        lambda: Schema.from_ranges({name: (0, 1)}),
        lambda: Schema.from_ranges({"z": (0, 1)}, bits={name: 8}),
        lambda: Schema.from_ranges({"z": (0, 1)}, missing={name: 0}),
        lambda: Schema.from_ranges({"z": (0, 1)}, public=[name]),
        lambda: Schema.fit({"a": [0.0, 1.5] * 10}, exclude=[name]),
        lambda: Schema.fit({"a": [0.0, 1.5] * 10}, bits={name: 8}),
        lambda: Schema.fit({name: [0.0, 1.5] * 10}),
    ):
        with pytest.raises(PyfeError):
            call()
