"""A table is encoded kind by kind and piece by piece: the same codes, counts and errors as column by column."""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.schema import Schema, category, constant, encoding, number, thresholds

MISSING: tuple[Any, ...] = (None, math.nan, "", pd.NA, pd.NaT, np.ma.masked)


def columns() -> dict[str, Any]:
    """Every kind, twice and not side by side, with and without what absent entries become."""
    return {
        "age": number(0, 120, bits=7),
        "sex": category(["f", "m"]),
        "crp": number(0.1, 500, transform="log"),
        "one": constant(3),
        "smoker": category(["no", "former", "yes"], missing="no"),
        "pressure": thresholds([90.0, 120.0, 140.0]),
        "weight": number(30, 250, missing=80),
        "grade": category([1, 2, 3]),
        "glucose": number(0, 900, missing="bit"),
        "two": constant(-7),
        "dose": thresholds([0.5], missing=1),
        "stage": category(["i", "ii", "iii"], missing="bit"),
        "area": number(0, 100, transform="sqrt"),
        "past": category([False, True], missing=True),
        "heart": number(20, 220, missing="bit"),
        "lactate": thresholds([1, 2**53 + 2], missing="bit"),
    }


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def schema() -> Schema:
    return Schema.from_ranges(columns())


@pytest.fixture(params=[1, 40, encoding._PIECE])
def piece(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A row at a time, a few, or all at once."""
    monkeypatch.setattr(encoding, "_PIECE", request.param)
    yield


def table(schema: Schema, rng: np.random.Generator, rows: int) -> dict[str, list[Any]]:
    """Raw values of random codes, as plain cells."""
    decoded = schema.decode_columns(schema.sample(rng, rows))
    return {name: [None if v != v else v for v in values.tolist()] for name, values in decoded.items()}


def column_by_column(schema: Schema, X: Any, *, clip: bool) -> tuple[Any, Any]:
    """What the columns say, each asked alone; ``lines`` of what is refused."""
    raw = schema.read_raw(X)
    rows = len(next(iter(raw.values())))
    codes = {name: column.encode(raw.get(name, np.zeros(rows))) for name, column in schema.columns.items()}
    refused = {
        name: {
            reason: np.flatnonzero(mask).tolist()
            for reason, mask in [*code.refused.items(), ("outside", code.beyond & (not clip))]
            if mask.any()
        }
        for name, code in codes.items()
    }
    return np.concatenate([code.x for code in codes.values()], axis=1), {n: r for n, r in refused.items() if r}


@pytest.mark.usefixtures("piece")
def test_codes_are_those_of_the_columns_one_by_one(schema: Schema, rng: np.random.Generator) -> None:
    cells = table(schema, rng, 37)
    frame = pd.DataFrame(cells)
    for X in (cells, frame, frame.convert_dtypes(), frame.astype(object)):
        expected, refused = column_by_column(schema, X, clip=False)
        encoded = schema.encode(X)
        assert not refused and np.array_equal(encoded.x, expected) and encoded.x.flags.c_contiguous
        assert encoded.replaced == {} and encoded.saturated == {}
        assert np.array_equal(np.rint(schema.encode_real(X)), expected)
    for row in range(5):
        assert np.array_equal(schema.encode(frame.iloc[row : row + 1]).x, schema.encode(frame).x[row : row + 1])


@pytest.mark.usefixtures("piece")
def test_strange_cells_are_refused_and_replaced_as_one_by_one(schema: Schema, rng: np.random.Generator) -> None:
    cells = table(schema, rng, 30)
    strange = [*MISSING, "54", "x", 2**60, -(2**70), Decimal("1.5"), Fraction(1, 3), True, math.inf, 1 + 0j, "é", [1]]
    for name in schema.input_columns:
        for place in rng.choice(30, size=6, replace=False):
            cells[name][place] = strange[int(rng.integers(len(strange)))]
    for clip in (False, True):
        _, refused = column_by_column(schema, cells, clip=clip)
        with pytest.raises(OutOfRangeError) as caught:
            schema.encode(cells, "clip" if clip else "raise")
        assert list(caught.value.offending) == list(refused)
        for name, reasons in refused.items():
            assert caught.value.offending[name] == sorted({row for rows in reasons.values() for row in rows})
            said = [f"outside {schema.columns[name].range_text}" if r == "outside" else r for r in reasons]
            assert re.sub(r" \(levels: [^)]*\)", "", caught.value.reasons[name]) == ", ".join(said)
            assert ("(levels: " in caught.value.reasons[name]) <= ("not a level" in said)
        assert str(caught.value).startswith(f"{sum(len(r) for c in refused.values() for r in c.values())} value(s)")


@pytest.mark.usefixtures("piece")
def test_counts_over_all_pieces(schema: Schema, rng: np.random.Generator) -> None:
    cells = table(schema, rng, 50)
    cells["weight"][3] = cells["weight"][40] = None
    cells["past"][49] = None
    cells["age"][7] = cells["age"][45] = 500
    encoded = schema.encode(cells, "clip")
    assert encoded.replaced == {"weight": 2, "past": 1} and encoded.saturated == {"age": 2}
    assert encoded.x[7, 0] == 127
    with pytest.raises(OutOfRangeError, match=r"^2 value\(s\) .*: column 'age': outside 0 to 120 in rows 7, 45$"):
        schema.encode(cells)


def test_a_mapping_of_cells_is_one_row(schema: Schema, rng: np.random.Generator) -> None:
    cells = table(schema, rng, 1)
    row = {name: values[0] for name, values in cells.items()}
    assert np.array_equal(schema.encode(row).x, schema.encode(cells).x)
    numpy_row = {name: np.array(values)[0] for name, values in cells.items()}
    assert np.array_equal(schema.encode(numpy_row | {"not asked for": [1, 2]}).x, schema.encode(cells).x)
    with pytest.raises(OutOfRangeError, match="column 'age': missing in row 0"):
        schema.encode(row | {"age": None})
    for one in ([54], np.array([54])):
        with pytest.raises(ParameterError, match=r"column 'sex' is one value, .*\[54\]"):
            schema.encode(row | {"age": one})
    for no_cell in (datetime.date(2020, 1, 1), b"54", np.array(54), {"a": 1}):
        with pytest.raises(ParameterError):
            schema.encode(row | {"age": no_cell})


def test_few_columns_of_a_wide_frame(schema: Schema, rng: np.random.Generator) -> None:
    frame = pd.DataFrame(table(schema, rng, 3))
    wide = pd.concat([pd.DataFrame(np.zeros((3, 2000))), frame.iloc[:, ::-1]], axis=1)
    assert np.array_equal(schema.encode(wide).x, schema.encode(frame).x)
    twice = pd.concat([frame, frame[["age"]]], axis=1)
    with pytest.raises(ParameterError, match="two columns are called 'age'"):
        schema.encode(twice)


def test_a_table_without_rows(schema: Schema) -> None:
    empty = pd.DataFrame({name: pd.Series([], dtype=float) for name in schema.input_columns})
    assert schema.encode(empty).x.shape == (0, schema.n)
