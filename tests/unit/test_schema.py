"""The schema: encoding by hand, refusals that name rows and columns, marks, proposals from data."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from pyfe.errors import DecodeError, OutOfRangeError, ParameterError
from pyfe.schema import Encoded, Number, Schema, category, constant, noise, number, thresholds


@pytest.fixture
def schema() -> Schema:
    return Schema(
        {
            "age": number(0, 120, step=1),
            "crp": number(1, 100, bits=4, transform="log", missing=10.0),
            "sex": category(["f", "m"], public=True),
            "stage": category([1, 2, 3], protected=True),
            "bmi": thresholds([18.5, 25, 30]),
            "one": constant(),
        },
        protected_forms={"age and sex": {"age": 1, "sex=m": -10}},
    )


def rows() -> dict[str, list[object]]:
    return {"age": [0, 61.4, 120], "crp": [1, 10, 100], "sex": ["f", "m", "m"], "stage": [1, 3, 2], "bmi": [18, 25, 40]}


def test_encoding_by_hand(schema: Schema) -> None:
    encoded = schema.encode(rows())
    expected = [
        # age, crp: round(15 log10(v) / 2), sex=m, stage=1..3, bmi >= 18.5, 25, 30, one
        [0, 0, 0, 1, 0, 0, 0, 0, 0, 1],
        [61, 8, 1, 0, 0, 1, 1, 1, 0, 1],
        [120, 15, 1, 0, 1, 0, 1, 1, 1, 1],
    ]
    assert encoded.x.dtype == np.int64
    assert encoded.x.tolist() == expected
    assert encoded.saturated == {}


def test_coordinates_and_bounds(schema: Schema) -> None:
    assert schema.coordinate_names == (
        "age", "crp", "sex=m", "stage=1", "stage=2", "stage=3", "bmi>=18.5", "bmi>=25.0", "bmi>=30.0", "one",
    )  # fmt: skip
    assert schema.n == 10
    assert schema.lo.tolist() == [0] * 9 + [1]
    assert schema.hi.tolist() == [120, 15] + [1] * 8
    assert schema.input_columns == ("age", "crp", "sex", "stage", "bmi")
    with pytest.raises(ValueError, match="read-only"):
        schema.lo[0] = -1


def test_known_and_protected_rows(schema: Schema) -> None:
    relations = schema.relations()
    assert relations.tolist() == [[0, 0, 0, 1, 1, 1, 0, 0, 0, 0], [0] * 9 + [1]]
    x = schema.encode(rows()).x
    assert (x @ relations.T == [1, 1]).all(), "a relation has the same value for everybody"
    assert schema.public_rows().tolist() == [[0, 0, 1] + [0] * 7]
    assert len(schema.known_rows()) == 3
    labels = [label for label, _ in schema.protected_groups()]
    assert labels == ["stage", "age and sex"]
    protected = np.concatenate([rows for _, rows in schema.protected_groups()])
    assert protected.shape == (4, 10)
    assert protected[3].tolist() == [1, 0, -10] + [0] * 7
    assert [name for name, _, public in schema.blocks if public] == ["sex"]


def test_dataframes_go_by_name_and_arrays_by_order(schema: Schema) -> None:
    expected = schema.encode(rows()).x
    frame = pd.DataFrame(rows())[["bmi", "sex", "stage", "crp", "age"]].assign(ward="b")
    assert np.array_equal(schema.encode(frame).x, expected)
    array = np.array([list(r) for r in zip(*rows().values(), strict=True)], dtype=object)
    assert np.array_equal(schema.encode(array).x, expected)
    with pytest.raises(ParameterError, match="lacks.*'crp'"):
        schema.encode(frame.drop(columns="crp"))
    with pytest.raises(ParameterError, match="4 columns, the schema 5"):
        schema.encode(array[:, :4])
    with pytest.raises(ParameterError, match="two dimensions"):
        schema.encode(array[0])


def test_text_tables_as_a_csv_reader_gives_them(schema: Schema) -> None:
    text = {name: np.array([str(v) for v in values]) for name, values in rows().items()}
    assert np.array_equal(schema.encode(text).x, schema.encode(rows()).x)
    text["crp"][0] = ""
    assert schema.encode(text).x[0, 1] == 8, "an empty field is a missing entry, and crp states 10"
    text["age"][1] = "n/a"
    with pytest.raises(OutOfRangeError, match="column 'age': not a number in row 1"):
        schema.encode(text)


def test_out_of_range_names_every_row_and_column(schema: Schema) -> None:
    table = rows() | {"age": [-1, 50, 121], "sex": ["f", "x", "m"]}
    with pytest.raises(OutOfRangeError) as caught:
        schema.encode(table)
    message = str(caught.value)
    assert message.startswith("3 value(s)")
    assert "column 'age': outside 0 to 120 in rows 0, 2" in message
    assert "column 'sex': not a level in row 1 (levels: 'f', 'm')" in message
    assert caught.value.offending == {"age": [0, 2], "sex": [1]}
    assert caught.value.reasons == {"age": "outside 0 to 120", "sex": "not a level (levels: 'f', 'm')"}
    assert "121" not in message, "values are patient data"


def test_long_listings_are_capped_but_counted() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 1) for i in range(30)})
    with pytest.raises(OutOfRangeError) as caught:
        schema.encode(np.full((1000, 30), 2.0))
    message = str(caught.value)
    assert message.startswith("30000 value(s)")
    assert "and 992 more" in message
    assert "and 20 more columns" in message
    assert len(message) < 2000
    assert len(caught.value.offending["c7"]) == 1000


def test_clip_saturates_and_counts(schema: Schema) -> None:
    table = rows() | {"age": [-5, 50, math.inf], "crp": [0.0, -3.0, 1e9]}
    encoded = schema.encode(table, on_overflow="clip")
    assert encoded.saturated == {"age": 2, "crp": 3}
    assert encoded.x[:, 0].tolist() == [0, 50, 120]
    assert encoded.x[:, 1].tolist() == [0, 0, 15]
    with pytest.raises(OutOfRangeError, match="'sex': not a level"):
        schema.encode(rows() | {"sex": ["f", "m", "?"]}, on_overflow="clip")
    with pytest.raises(ParameterError, match="on_overflow"):
        schema.encode(table, on_overflow="wrap")  # type: ignore[arg-type]


@pytest.mark.parametrize("absent", [None, math.nan, pd.NA, ""])
def test_missing_entries(schema: Schema, absent: object) -> None:
    with pytest.raises(OutOfRangeError, match="column 'age': missing in row 1"):
        schema.encode(rows() | {"age": [1, absent, 2]})
    with pytest.raises(OutOfRangeError, match="column 'sex': missing in row 0"):
        schema.encode(pd.DataFrame(rows() | {"sex": [absent, "m", "f"]}), on_overflow="clip")
    assert schema.encode(pd.DataFrame(rows() | {"crp": [1, absent, 2]}, dtype=object)).x[1, 1] == 8


def test_missing_entries_name_the_cure_and_are_counted(schema: Schema) -> None:
    with pytest.raises(OutOfRangeError, match=r"schema a value with missing=\{'age': \.\.\.\}") as caught:
        schema.encode(rows() | {"age": [1, None, 500]})
    assert caught.value.reasons == {"age": "missing, outside 0 to 120"}
    assert schema.encode(rows() | {"crp": [1, None, math.nan]}).replaced == {"crp": 2}
    assert schema.encode(rows()).replaced == {}


@pytest.mark.parametrize("value", [54, "no"])
def test_one_value_instead_of_a_column_is_named(schema: Schema, value: object) -> None:
    with pytest.raises(ParameterError, match=r"column 'age' is one value, .*\[54\]"):
        schema.encode(rows() | {"age": value})


@pytest.mark.parametrize(
    ("spec", "rest", "complaint"),
    [
        ((0, 10), {"missing": {"a": 11}}, "lies outside the range 0 to 10"),
        ((0, 10), {"missing": {"a": "much"}}, "is a number, not str"),
        (["x", "x", "y"], {}, "different levels"),
        ((10, 0), {}, "lo < hi"),
        ((0, 1), {"bits": {"a": 0}}, "bits must be"),
        (["x", "y"], {"missing": {"a": "z"}}, "not one of the levels"),
    ],
)
def test_impossible_columns_are_named(spec: object, rest: dict[str, object], complaint: str) -> None:
    with pytest.raises(ParameterError, match=f"^column 'a': .*{complaint}"):
        Schema.from_ranges({"a": spec}, **rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, 1, 5, -0.3, 1e6, 0.0])
def test_fit_keeps_a_column_that_does_not_vary(value: float) -> None:
    proposed = Schema.fit({"a": np.full(20, value)}, margin=0.0)
    column = proposed.columns["a"]
    assert isinstance(column, Number) and column.lo <= value <= column.hi
    assert column.hi - column.lo <= max(2.0, 0.2 * abs(value))
    with pytest.raises(ParameterError, match="^column 'b': only one level"):
        Schema.fit({"b": ["yes"] * 20})


def test_missing_level() -> None:
    schema = Schema.from_ranges({"smoker": ["no", "yes", "unknown"]}, missing={"smoker": "unknown"})
    assert schema.encode({"smoker": ["yes", None]}).x.tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize("values", [[True, False], [1, 0], [1.0, 0.0], ["1", "0"], np.array([1, 0], dtype=np.int8)])
def test_boolean_levels_match_numbers(values: object) -> None:
    assert Schema.from_ranges({"flag": bool}).encode({"flag": values}).x.tolist() == [[1], [0]]


def test_pandas_extension_types() -> None:
    schema = Schema.from_ranges({"n": (0, 10), "s": ["a", "b"]}, missing={"n": 5})
    frame = pd.DataFrame(
        {"n": pd.array([1, None], dtype="Int64"), "s": pd.Categorical(["a", "b"])},
    )
    assert schema.encode(frame).x.tolist() == [[26, 0], [128, 1]]
    assert schema.encode(frame.astype({"s": "string"})).x[:, 1].tolist() == [0, 1]


def test_decode(schema: Schema) -> None:
    x = schema.encode(rows()).x
    values = schema.decode_columns(x)
    assert values["age"].tolist() == [0, 61, 120]
    assert values["sex"].tolist() == ["f", "m", "m"]
    assert values["stage"].tolist() == [1, 3, 2]
    assert np.allclose(values["crp"], 10 ** (np.array([0, 8, 15]) * 2 / 15))
    assert schema.decode(x).shape == (3, 5)
    assert schema.decode(x).dtype == object
    assert np.array_equal(schema.encode(schema.decode(x)).x, x)
    with pytest.raises(ParameterError, match="sum to 1"):
        schema.decode(np.array([[0, 0, 0, 1, 1, 0, 0, 0, 0, 1]]))
    with pytest.raises(ParameterError, match="threshold"):
        schema.decode(np.array([[0, 0, 0, 1, 0, 0, 0, 1, 0, 1]]))


def test_check_names_row_and_coordinate(schema: Schema) -> None:
    x = schema.encode(rows()).x
    assert schema.check(x.astype(np.int8)).dtype == np.int64
    x[2, 1] = 16
    with pytest.raises(OutOfRangeError, match=r"row 2, 'crp' \(0\.\.15\)"):
        schema.check(x)
    with pytest.raises(ParameterError, match="integers"):
        schema.check(x.astype(float))


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ({"a": (1, 1)}, "lo < hi"),
        ({"a": (0, math.inf)}, "lo < hi"),
        ({"a": [0, 1]}, "could be a range or two levels"),
        ({"a": ["x"]}, "two different levels"),
        ({"a": ["x", "x"]}, "two different levels"),
        ({"a": ["x", 1, 2]}, "all text"),
        ({"a": 3}, "expected"),
        ({}, "at least one column"),
        ({"a=b": (0, 1), "a": ["c", "b"]}, "two coordinates are called 'a=b'"),
    ],
)
def test_impossible_schemas(columns: dict[str, object], complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        Schema.from_ranges(columns)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: number(0, 10, transform="log"), "does not exist"),
        (lambda: number(-1, 10, transform="sqrt"), "does not exist"),
        (lambda: number(0, 10, transform="exp"), "is not one of"),
        (lambda: number(0, 10, step=3), "does not divide"),
        (lambda: number(0, 10, step=1, bits=8), "not both"),
        (lambda: number(0, 10, bits=33), "bits must be"),
        (lambda: number(0, 10, missing=11), "outside the range"),
        (lambda: thresholds([2, 1]), "ascending"),
        (lambda: thresholds([]), "ascending"),
        (lambda: constant(0), "non-zero"),
        (lambda: category(["a", "b"], missing="c"), "not one of the levels"),
        (lambda: number(0, 1, public=True, protected=True), "both public and protected"),
    ],
)
def test_impossible_columns(make: object, complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        make()  # type: ignore[operator]


def test_unknown_names_in_marks() -> None:
    with pytest.raises(ParameterError, match="protected: there is no column 'hiv'"):
        Schema.from_ranges({"a": (0, 1)}, protected=["hiv"])
    with pytest.raises(ParameterError, match="no coordinate"):
        Schema.from_ranges({"a": (0, 1)}, protected_forms={"gap": {"b": 1}})


NAMED = {"bits": {"agee": 12}, "missing": {"agee": 1}, "public": ["agee"], "protected": ["agee"]}


@pytest.mark.parametrize(("option", "value"), [*NAMED.items(), ("levels", {"agee": ["a"]}), ("exclude", ["agee"])])
def test_a_misspelt_column_of_an_option_is_refused(option: str, value: object) -> None:
    rows = {"age": np.arange(40.0) ** 1.5, "sex": ["f", "m"] * 20}
    with pytest.raises(ParameterError, match=f"{option}: there is no column 'agee'"):
        Schema.fit(rows, **{option: value})  # type: ignore[arg-type]
    if option in NAMED:
        with pytest.raises(ParameterError, match=f"{option}: there is no column 'agee'"):
            Schema.from_ranges({"age": (0, 100)}, **{option: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("option", ["bits", "missing"])
def test_two_values_of_an_option_for_one_column_are_refused(option: str) -> None:
    with pytest.raises(ParameterError, match=f"{option}.* '1'.* twice"):
        Schema.from_ranges({"1": (0, 10)}, **{option: {1: 2, "1": 3}})  # type: ignore[arg-type]


def test_bits_per_column_and_exact_steps() -> None:
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1)}, bits={"a": 3})
    assert schema.hi.tolist() == [7, 255]
    column = number(35.0, 42.0, step=0.1)
    assert column.steps == 70


def test_fit_proposes_rounded_quantiles_never_extremes() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "lab": rng.normal(50.123, 7.7, size=500),
            "count": rng.poisson(4, size=500),
            "flag": rng.integers(0, 2, size=500),
            "site": rng.choice(["a", "b", "c"], size=500),
            "ok": rng.integers(0, 2, size=500).astype(bool),
        }
    )
    frame.loc[3, "lab"] = 1e6
    schema = Schema.fit(frame, bits=8, margin=0.1, public=["site"])
    lab = schema.columns["lab"]
    assert isinstance(lab, Number)
    assert lab.lo == round(lab.lo) and lab.hi == round(lab.hi)
    low, high = np.quantile(frame["lab"], [0.01, 0.99])
    assert low - 0.15 * (high - low) - 1 < lab.lo < low
    assert high < lab.hi < high + 0.15 * (high - low) + 1
    extremes = set(frame["lab"].sort_values().iloc[[0, -1]])
    assert not extremes & {lab.lo, lab.hi}
    assert schema.columns["count"].to_dict()["lo"] == float(0).hex(), "nowhere negative stays so"
    assert schema.columns["count"].affine()[1].tolist() == [1.0]
    assert schema.columns["flag"].size == 2
    assert schema.columns["site"].public
    assert schema.columns["site"].coordinate_names("site") == ["site=a", "site=b", "site=c"]
    assert schema.columns["ok"].size == 2


def test_fit_on_arrays_and_its_limits() -> None:
    schema = Schema.fit(np.random.default_rng(0).normal(size=(100, 2)), names=["u", "v"])
    assert schema.input_columns == ("u", "v")
    with pytest.raises(ParameterError, match="fewer than 10 rows"):
        Schema.fit(np.zeros((9, 2)))
    with pytest.raises(ParameterError, match="mixes numbers and text"):
        Schema.fit({"a": ["1", "x"] * 10})
    with pytest.raises(ParameterError, match="no values"):
        Schema.fit({"a": [None] * 10})
    assert Schema.fit({"a": [7.0] * 20}).columns["a"].size > 1


def test_id_is_deterministic_and_sensitive(schema: Schema) -> None:
    again = Schema.from_dict(json.loads(json.dumps(schema.to_dict())))
    assert again == schema and again.id == schema.id and len(schema.id) == 32
    a = Schema.from_ranges({"a": (0, 1), "b": (0, 1)})
    assert a.id != Schema.from_ranges({"b": (0, 1), "a": (0, 1)}).id, "the order of coordinates matters"
    assert a.id != Schema.from_ranges({"a": (0, 1), "b": (0, 1)}, public=["a"]).id
    # a fixed value: the id must not depend on the process, the platform or the version
    assert a.id.hex() == "fd8da60da078234d6caf405795fad04eac9f318b0a9a042287a41c05aeba7fab"


def damaged() -> list[dict[str, object]]:
    good = Schema.from_ranges({"a": (0, 1), "c": ["x", "y"], "t": thresholds([1.5]), "k": constant(2)}).to_dict()
    texts = json.dumps(good)
    swaps = [
        ('"version": 1', '"version": 2'),
        ('"version": 1', '"version": true'),
        ('"steps": 255', '"steps": 255.0'),
        ('"steps": 255', '"steps": 0'),
        ('"steps": 255', '"steps": "255"'),
        ('"lo": "0x0.0p+0"', '"lo": "0"'),
        ('"lo": "0x0.0p+0"', '"lo": "nan"'),
        ('"lo": "0x0.0p+0"', '"lo": 0'),
        ('"public": false', '"public": 0'),
        ('"kind": "constant"', '"kind": "formula"'),
        ('"name": "a"', '"name": ""'),
        ('"name": "a"', '"name": "c"'),
        ('"value": 2', '"value": 0'),
        ('"levels": ["x", "y"]', '"levels": "xy"'),
        ('"protected_forms": []', '"protected_forms": [{"name": "f", "weights": {"a": 1.5}}]'),
        ('"protected_forms": []', '"protected_forms": [], "more": 1'),
    ]
    assert all(old in texts for old, _ in swaps)
    return [json.loads(texts.replace(old, new, 1)) for old, new in swaps]


@pytest.mark.parametrize("data", [*damaged(), {}, {"columns": 3}, {"columns": [b"x"], "protected_forms": []}])
def test_from_dict_refuses_what_to_dict_never_wrote(data: dict[str, object]) -> None:
    with pytest.raises(DecodeError, match="not a schema"):
        Schema.from_dict(data)


def test_sum_w_is_in_the_id_only_where_it_is_not_1() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "b": (0, 9)}, protected_forms={"g": {"a": 3, "b": -5}}, sum_w=1)
    # of a version that knew no sum_w
    assert schema.id.hex() == "9c86a8223b75d591026617d4eafb3391dbfed5d885409b57df8bbd94be896ff8"
    summed = schema.with_sum_w(5)
    assert "sum_w" not in schema.to_dict() and summed.to_dict() == {**schema.to_dict(), "sum_w": 5}
    assert summed.id != schema.id and summed.with_sum_w(1) == schema and schema.sum_w == 1
    assert Schema.from_bytes(summed.to_bytes()).sum_w == 5 and "sum to 5" in str(summed)
    for made in (summed.with_steps({"a": 3}), summed.with_protected(["a"]), summed.with_population(None)):
        assert made.sum_w == 5
    assert summed.with_noise(noise(sd=32)).sum_w == 5
    rows = {"a": np.linspace(0, 7, 20) ** 2, "b": np.linspace(1, 9, 20) ** 2}
    assert Schema.fit(rows, sum_w=7).sum_w == 7


@pytest.mark.parametrize("sum_w", [0, -1, 2**31, True, 1.0, "1", None])
def test_what_is_no_sum_w(sum_w: object) -> None:
    schema = Schema.from_ranges({"a": (0, 9)})
    with pytest.raises(ParameterError, match="sum_w is an integer from 1 to 2147483647"):
        schema.with_sum_w(sum_w)  # type: ignore[arg-type]
    with pytest.raises(DecodeError):
        Schema.from_dict({**schema.to_dict(), "sum_w": sum_w})


def test_a_sum_w_of_1_is_not_written_down() -> None:
    with pytest.raises(DecodeError):
        Schema.from_dict({**Schema.from_ranges({"a": (0, 9)}).to_dict(), "sum_w": 1})


def test_printing(schema: Schema) -> None:
    assert repr(schema).startswith("Schema(6 columns, 10 coordinates, id ")
    text = str(schema)
    assert "number 1 to 100 in 15 steps on the log scale (missing = 10.0)" in text
    assert "category f, m (public)" in text
    assert str(number(0, 1, step=1)) == "number 0 to 1 in 1 step"


def test_large_tables_are_fast_enough_to_be_vectorised() -> None:
    schema = Schema.from_ranges({f"c{i}": (0, 1) for i in range(50)})
    encoded = schema.encode(np.random.default_rng(0).random((20_000, 50)))
    assert isinstance(encoded, Encoded) and encoded.x.shape == (20_000, 50)
    assert len(encoded) == 20_000


def test_pandas_is_not_imported_without_need() -> None:
    program = (
        "import sys, pyfe.schema, pyfe.function, pyfe.models, pyfe.leakage as _;"
        "import pyfe.schema as s;"
        "s.Schema.from_ranges({'a': (0, 1)}).encode([[0.5]]);"
        "print([m for m in ('pandas', 'sklearn', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
