"""Tables of every kind give the same rows, or say what they are; nothing is paired by accident."""

from __future__ import annotations

import copy
import datetime
import pickle
import sys
import tracemalloc
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyfe
from pyfe.errors import KeyMismatchError, OutOfRangeError, ParameterError
from pyfe.schema import Encoded, Schema, category, number, thresholds

AGE, SMOKER = [54.0, 61.0, 33.0], ["no", "yes", "no"]


@pytest.fixture
def schema() -> Schema:
    return Schema.from_ranges({"age": (0, 120), "smoker": ["no", "yes"]}, missing={"age": 50.0})


def frame() -> pd.DataFrame:
    return pd.DataFrame({"age": AGE, "smoker": SMOKER})


# -- kinds of table --


def test_arrow_tables(schema: Schema) -> None:
    pa = pytest.importorskip("pyarrow")
    expected = schema.encode(frame()).x
    table = pa.table({"ward": [1, 2, 3], "smoker": SMOKER, "age": AGE})
    batch = table.to_batches()[0]
    for given in (table, batch, pa.RecordBatchReader.from_batches(table.schema, [batch]), table.slice(0)):
        assert np.array_equal(schema.encode(given).x, expected)
    coded = table.set_column(1, "smoker", table["smoker"].dictionary_encode())
    assert np.array_equal(schema.encode(coded).x, expected)
    lacking = pa.table({"age": [54, None, 33], "smoker": SMOKER})
    assert schema.encode(lacking).replaced == {"age": 1}
    twice = pa.Table.from_arrays([pa.array(AGE), pa.array(AGE), pa.array(SMOKER)], names=["age", "age", "smoker"])
    with pytest.raises(ParameterError, match="two columns are called 'age'"):
        schema.encode(twice)
    with pytest.raises(ParameterError, match="column 'age': dates or times"):
        schema.encode(pa.table({"age": pa.array([0, 1, 2], type=pa.timestamp("s")), "smoker": SMOKER}))
    with pytest.raises(ParameterError, match="pyarrow DoubleArray is no table"):
        schema.encode(pa.array(AGE))
    big = Schema({"record": category([2**60, 2**60 + 1, 3]), "z": number(0, 1)})
    column = pa.array([2**60 + 1, None, 3], type=pa.int64())
    with pytest.raises(OutOfRangeError, match="missing in row 1"):
        big.encode(pa.table({"record": column, "z": [0, 0, 0]}))
    assert big.encode(pa.table({"record": column, "z": [0, 0, 0]}).take([0, 2])).x[0].tolist() == [0, 1, 0, 0]


def test_polars_frames(schema: Schema) -> None:
    pl = pytest.importorskip("polars")
    given = pl.DataFrame({"smoker": SMOKER, "age": AGE})
    assert np.array_equal(schema.encode(given).x, schema.encode(frame()).x)
    assert schema.encode(pl.DataFrame({"age": [54, None, 33], "smoker": SMOKER})).replaced == {"age": 1}
    assert schema.encode(given.with_columns(pl.col("smoker").cast(pl.Categorical))).x[:, 1].tolist() == [0, 1, 0]
    assert np.array_equal(schema.encode(given.lazy()).x, schema.encode(frame()).x)
    with pytest.raises(ParameterError, match="the polars LazyFrame cannot be run: ColumnNotFoundError"):
        schema.encode(given.lazy().select("ward"))
    with pytest.raises(ParameterError, match="column 'age'"):
        dates = pl.DataFrame({"age": [datetime.date(2020, 1, 1)] * 20, "smoker": SMOKER[:2] * 10})
        Schema.fit(dates)


def test_what_is_no_table_in_memory_says_the_cure(schema: Schema) -> None:
    scipy_sparse = pytest.importorskip("scipy.sparse")
    for kind in (scipy_sparse.csr_matrix, scipy_sparse.coo_array):
        with pytest.raises(ParameterError, match=r"sparse matrix.*X\.toarray\(\)"):
            schema.encode(kind(np.eye(2)))
    with pytest.raises(ParameterError, match=r"X\.to_frame\(\)"):
        schema.encode(frame()["age"])
    for strange in ("age", b"age", None, 3, object(), [{"age": 1, "smoker": "no"}], np.zeros(3), np.zeros((2, 2, 2))):
        with pytest.raises(ParameterError):
            schema.encode(strange)


def test_duckdb_relations_are_read_through_arrow(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    duckdb = pytest.importorskip("duckdb")
    pytest.importorskip("pyarrow")
    given = duckdb.sql(
        "select 'no' as smoker, 54.0 as age union all by name select 'yes' as smoker, null as age order by 2 nulls last"
    )
    found = schema.encode(given)
    assert np.array_equal(found.x, schema.encode({"age": [54.0, None], "smoker": ["no", "yes"]}).x)
    assert found.replaced == {"age": 1}
    with pytest.raises(ParameterError, match="the DuckDB relation cannot be run: ConversionException"):
        schema.encode(duckdb.sql("select cast('x' || range as integer) as age, 'no' as smoker from range(2)"))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ParameterError, match=r"pyarrow is not installed: pip install 'pyfe-crypto\[parquet\]'"):
        schema.encode(given)


@pytest.mark.parametrize(
    ("module", "name", "cure"),
    [("xarray.core.dataset", "Dataset", "to_dataframe"), ("dask.dataframe", "DataFrame", "compute")],
)
def test_tables_of_other_libraries_are_known_by_name(schema: Schema, module: str, name: str, cure: str) -> None:
    """The libraries are not installed here; an object of a class called like theirs stands for theirs."""
    given = type(name, (), {"__module__": module, "columns": ["age", "smoker"], "iloc": None})()
    with pytest.raises(ParameterError, match=cure):
        schema.encode(given)


def test_structured_arrays_and_lists_of_rows(schema: Schema) -> None:
    expected = schema.encode(frame()).x
    rows = list(zip(AGE, SMOKER, strict=True))
    assert np.array_equal(schema.encode(rows).x, expected)
    fields = np.array([(s, a) for a, s in rows], dtype=[("smoker", "U3"), ("age", "f8")])
    assert np.array_equal(schema.encode(fields).x, expected)
    assert schema.encode([[None, "no"], [54, "yes"]]).replaced == {"age": 1}
    with pytest.raises(ParameterError, match=r"differ in length \(1 to 2 cells\)"):
        schema.encode([[54.0, "no"], [61.0]])


def test_what_opens_a_table_twice_reads_a_reader_once() -> None:
    """A reference pairs raw values with codes, and suggest tries several grids: a query may change its rows' order."""
    pa = pytest.importorskip("pyarrow")
    rng = np.random.default_rng(0)
    columns = {f"c{i}": rng.normal(50, 10, 400) for i in range(9)}
    schema = Schema.fit(columns)

    def reader() -> object:
        return pa.table(columns).to_reader(99)

    assert pyfe.leakage.Reference.from_table(reader(), schema).to_bytes() == (
        pyfe.leakage.Reference.from_table(columns, schema).to_bytes()
    )
    model = pyfe.Linear({name: 0.1 + 0.03 * i for i, name in enumerate(columns)}, intercept=-99.0, link="logit")
    found = pyfe.suggest(model, reader()).granted
    assert found is not None and found.step == "grid sd / 8"


def test_report_reads_a_reader_of_batches_once() -> None:
    pa = pytest.importorskip("pyarrow")
    schema = Schema.from_ranges({"a": (0, 1)})
    function = pyfe.compile(pyfe.Linear({"a": 2.0}), schema)
    table = pa.table({"a": [0.0, 0.5, 1.0]})
    reader = pa.RecordBatchReader.from_batches(table.schema, table.to_batches())
    report = function.report(reader, [0.0, 1.0, 2.0])
    assert report.rows == 3 and report.metric_float == pytest.approx(1.0)


# -- names --


@pytest.mark.parametrize(
    "names",
    [
        [0, 1],
        [("a", "x"), ("a", "y")],
        [1.5, None],
        [b"a", True],
        [pd.Timestamp("2020-01-01"), pd.NA],
        ["e\u0301", "\u00e9x"],
    ],
)
def test_what_fit_accepts_encode_accepts(names: list[Any]) -> None:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(50, 5, (40, 2)))
    table.columns = pd.MultiIndex.from_tuples(names) if isinstance(names[0], tuple) else pd.Index(names, dtype=object)
    schema = Schema.fit(table)
    assert schema.input_columns == tuple(map(str, names))
    assert np.array_equal(schema.encode(table, "clip").x, schema.encode(table.to_numpy(), "clip").x)
    turned = table.iloc[:, ::-1]
    assert np.array_equal(schema.encode(turned, "clip").x, schema.encode(table, "clip").x), "by name, not by place"


def test_names_compare_in_normal_form_c() -> None:
    composed, decomposed = "\u00e9tat", "e\u0301tat"
    schema = Schema.from_ranges({composed: (0, 1), "b": (0, 1)})
    assert schema.encode({"b": [0], decomposed: [1]}).x.tolist() == [[255, 0]]
    assert Schema.from_ranges({decomposed: (0, 1)}).coordinate_names == (decomposed,), "the name stays as it was given"
    with pytest.raises(ParameterError, match="two columns are called .*Unicode form only"):
        Schema({composed: number(0, 1), decomposed: number(0, 2)})


@pytest.mark.parametrize("pair", [("age", "age"), (1, "1"), ("\u00e9", "e\u0301"), (True, "True")])
@pytest.mark.parametrize("absent", [False, True])
def test_two_columns_of_one_name_are_refused_by_name(pair: tuple[Any, Any], absent: bool) -> None:
    values = np.random.default_rng(2).normal(50, 5, (40, 3))
    values[3, 0] = np.nan if absent else 50
    table = pd.DataFrame(values)
    table.columns = pd.Index([*pair, "z"], dtype=object)
    wanted = Schema.from_ranges({str(pair[0]): (0, 1000), "z": (0, 99)}, missing={str(pair[0]): 50.0})
    for call in (Schema.fit, wanted.encode, wanted.encode_real, wanted.as_decoded):
        with pytest.raises(ParameterError, match="two columns are called"):
            call(table)
    only_z = Schema.from_ranges({"z": (0, 99)})
    assert len(only_z.encode(table)) == 40, "columns that nobody asks for do not matter"
    assert Schema.fit(table, exclude=[pair[0]]).input_columns == ("z",)


def test_series_are_never_paired_by_position() -> None:
    schema = Schema.from_ranges({"a": (0, 9), "b": (0, 9)})
    a, b = pd.Series([1, 2, 3], index=[0, 1, 2]), pd.Series([3, 2, 1], index=[2, 1, 0])
    with pytest.raises(ParameterError, match="columns 'a' and 'b' have different indexes"):
        schema.encode({"a": a, "b": b})
    aligned = schema.encode(pd.DataFrame({"a": a, "b": b})).x
    assert np.array_equal(aligned, schema.encode({"a": a, "b": b.loc[a.index]}).x)
    assert len(schema.encode({"a": a, "b": [1, 2, 3]})) == 3, "a list has no index"
    with pytest.raises(ParameterError, match="'a' has 3 rows, 'b' 2"):
        schema.encode({"a": [1, 2, 3], "b": [1, 2]})


# -- cells --


def test_masked_entries_are_absent() -> None:
    schema = Schema.from_ranges({"age": (0, 120), "crp": (0, 500)})
    age = np.ma.array([54.0, 99.0, 61.0], mask=[False, True, False])
    tables: list[Any] = [
        {"age": age, "crp": [1.0, 2.0, 3.0]},
        {"age": [54.0, np.ma.masked, 61.0], "crp": [1, 2, 3]},
        np.ma.array([[54.0, 1.0], [99.0, 2.0]], mask=[[0, 0], [1, 0]]),
        np.ma.array([[54, 1], [99, 2]], mask=[[0, 0], [1, 0]]),
        [np.ma.array([54.0, 1.0]), np.ma.array([99.0, 2.0], mask=[1, 0])],
        np.ma.array([(54.0, 1.0), (99.0, 2.0)], mask=[(0, 0), (1, 0)], dtype=[("age", "f8"), ("crp", "f8")]),
        pd.DataFrame({"age": pd.Series([54.0, np.ma.masked], dtype=object), "crp": [1, 2]}),
    ]
    for table in tables:
        with pytest.raises(OutOfRangeError, match="column 'age': missing in row 1") as caught:
            schema.encode(table)
        assert caught.value.offending == {"age": [1]}
    text = Schema.from_ranges({"s": ["no", "yes"]})
    with pytest.raises(OutOfRangeError, match="missing in row 1"):
        text.encode({"s": np.ma.array(["no", "yes"], mask=[0, 1])})


NO_NUMBERS = [
    "1_000",
    "\u0663\u0667",
    "\uff11\uff12",
    "infinity",
    "inf",
    "nan",
    "0x10",
    "1,5",
    "1 000",
    "--1",
    "1e",
    b"1",
    [1],
    1j,
]


@pytest.mark.parametrize("cell", NO_NUMBERS)
@pytest.mark.parametrize("column", [number(0, 2000), thresholds([1, 10]), category([1, 1000, 37, 12, 16, 15])])
def test_one_strict_grammar_of_numbers(cell: object, column: Any) -> None:
    values = np.empty(2, dtype=object)
    values[:] = ["1", cell]
    with pytest.raises(OutOfRangeError, match=r"not a (number|level) in row 1") as caught:
        Schema({"v": column}).encode({"v": values})
    assert caught.value.offending == {"v": [1]}


@pytest.mark.parametrize("text", ["27", " 27 ", "+27", "27.", "2.7e1", "27.0"])
def test_plain_numbers_in_text(text: str) -> None:
    assert Schema({"v": number(0, 100, step=1)}).encode({"v": np.array([text], dtype=object)}).x.tolist() == [[27]]
    assert Schema({"v": category([5, 27])}).encode({"v": [text]}).x.tolist() == [[1]]


@pytest.mark.parametrize(
    "values",
    [
        pd.Series(pd.date_range("2020-01-01", periods=3)),
        pd.Series(pd.date_range("2020-01-01", periods=3, tz="Europe/Berlin")),
        pd.Series(pd.to_timedelta([1, 2, 3], unit="D")),
        np.array(["2020-01-01", "NaT", "2020-01-03"], dtype="M8[D]"),
        np.zeros(3, dtype=complex),
        np.array([b"1", b"2", b"3"]),
        np.zeros(3, dtype=[("x", "f8")]),
    ],
    ids=["dates", "zone", "durations", "numpy", "complex", "bytes", "structured"],
)
@pytest.mark.parametrize(
    "column", [number(0, 10, missing=0), thresholds([1], missing=0), category(["a", "b"], missing="a")]
)
def test_columns_of_other_types_are_refused_by_name(values: Any, column: Any) -> None:
    with pytest.raises(ParameterError, match="^column 'v': "):
        Schema({"v": column}).encode({"v": values})


# -- integer levels --


def test_integer_levels_are_compared_as_integers() -> None:
    levels = [2**53, 2**53 + 1, 2**63 + 1, -(2**63)]
    schema = Schema({"record": category(levels)})
    unit = np.eye(4, dtype=np.int64).tolist()
    assert schema.encode({"record": levels}).x.tolist() == unit
    assert schema.encode({"record": np.array(levels[:2])}).x.tolist() == unit[:2]
    assert schema.encode({"record": np.array(levels[:3], dtype=np.uint64)}).x.tolist() == unit[:3]
    assert schema.encode({"record": [str(level) for level in levels]}).x.tolist() == unit
    assert schema.encode({"record": pd.array([levels[1], levels[0]], dtype="Int64")}).x.tolist() == [unit[1], unit[0]]
    assert schema.encode({"record": [float(2**53)]}).x.tolist() == [unit[0]], "a float that equals a level"
    for neighbour in (2**53 + 2, 2**63, 2**80, -(2**63) - 1, 2.5, "9007199254740993.5", "1e999999999"):
        with pytest.raises(OutOfRangeError, match="not a level in row 0"):
            schema.encode({"record": [neighbour]})
    x = schema.sample(np.random.default_rng(0), 50)
    assert np.array_equal(schema.encode(schema.decode(x)).x, x)


@pytest.mark.parametrize("cell", [3, 3.0, np.float32(3), np.int8(3), "3", "3.0", True])
def test_small_integer_levels_take_every_equal_number(cell: object) -> None:
    expected = [[1, 0, 0]] if cell is True else [[0, 0, 1]]
    assert Schema({"v": category([1, 2, 3])}).encode({"v": [cell]}).x.tolist() == expected


def test_text_levels_compare_in_normal_form_c() -> None:
    schema = Schema({"v": category(["\u00e9", "f"])})
    assert schema.encode({"v": ["e\u0301", "f"]}).x.tolist() == [[0], [1]]


# -- columns whose codes come back --


@pytest.mark.parametrize(
    ("column", "complaint"),
    [
        (category([2**70, 1, 5]), "from -2\\^63 to 2\\^64 - 1"),
        (category(["a", "a\0"]), "without NUL"),
        (category(["a", "\ud800"]), "lone surrogates"),
        (category(["\u00e9", "e\u0301"]), "Unicode form only"),
        (number(1e15, 1e15 + 1, bits=8), "closer together than doubles"),
        (number(1.0, float(np.nextafter(1.0, 2)), bits=1), "closer together than doubles"),
        (number(5e-324, 1.7e308, bits=16, transform="log"), "closer together than doubles"),
        (number(0, 1e-305, bits=8, transform="sqrt"), "closer together than doubles"),
        (number(-1.7e308, 1.7e308), "wider than the largest double"),
        (thresholds([-np.finfo(float).max, 0]), "below the first cut"),
    ],
)
def test_columns_whose_codes_would_not_come_back(column: Any, complaint: str) -> None:
    for columns in ({"v": column}, {"v": column, "w": number(0, 1)}):
        with pytest.raises(ParameterError, match=f"^column 'v': .*{complaint}"):
            Schema(columns)


@pytest.mark.parametrize(
    "column",
    [
        number(0, 1, bits=32),
        number(1e-300, 1e300, bits=32, transform="log"),
        number(0, 1.7e308, bits=16, transform="sqrt"),
        number(1e9, 1e9 + 1, bits=16),
        number(-1e-300, 1e-300),
        thresholds([1.0, float(np.nextafter(1.0, 2))]),
        thresholds([0.0, 5e-324]),
        thresholds([-1.7e308, 1.7e308]),
        category(["nan", "inf", "1"]),
        category([" a", "a", "a "]),
        category([False, 5, 7]),
    ],
)
def test_codes_come_back(column: Any) -> None:
    schema = Schema({"v": column})
    for ends in (False, True):
        x = schema.sample(np.random.default_rng(1), 500, ends=ends)
        assert np.array_equal(schema.encode(schema.decode(x)).x, x)
        assert np.array_equal(schema.encode(schema.decode_columns(x)).x, x)


def test_constants_alone_are_no_schema() -> None:
    with pytest.raises(ParameterError, match="constants alone"):
        Schema({"one": pyfe.constant()})


# -- encoded rows and their schema --


def two() -> tuple[Schema, Schema]:
    one = {"age": number(0, 255, step=1), "bmi": number(0, 255, step=1)}
    return Schema(one), Schema(dict(reversed(one.items())))


def test_rows_of_another_schema_are_refused() -> None:
    a, b = two()
    authority = pyfe.KeyAuthority.create(a, policy=pyfe.Policy.unrestricted(reason="test"))
    function = pyfe.Function.from_integers(a, [10, 1])
    bare = pyfe.Function.from_dict(function.to_dict())
    theirs = b.encode({"age": [50], "bmi": [27]})
    for call in (authority.public_key.encrypt, function.evaluate, bare.evaluate, function.report, a.check, a.decode):
        for rows in (theirs, theirs[:1], copy.deepcopy(theirs), pickle.loads(pickle.dumps(theirs))):
            with pytest.raises(KeyMismatchError, match="encoded under the schema"):
                call(rows)
    ours = a.encode({"age": [50, 3], "bmi": [27, 4]})
    assert function.evaluate(ours[1:]).tolist() == [34]
    assert function.evaluate(ours[np.array([True, False])]).tolist() == [527]
    assert function.evaluate(ours[1]).tolist() == [34]
    assert "no stated schema" in repr(Encoded(ours.x)) and a.id.hex()[:12] in repr(ours)
    assert function.evaluate(Encoded(theirs.x)).tolist() == [10 * 27 + 50], "rows without an id are the engineer's"


# -- labels --


def labelled(classes: tuple[Any, ...] | None = ("no", "yes")) -> pyfe.Function:
    schema = Schema.from_ranges({"a": (0, 255)})
    link = "identity" if classes is None else "logit"
    return pyfe.Function.from_integers(schema, [1], -100, link=link, classes=classes)


@pytest.mark.parametrize(
    ("y", "complaint"),
    [
        (["no", None, "yes", "no"], r"1 of 4 labels \(row 1\) is missing"),
        (["no", "maybe", "yes", "perhaps"], r"2 of 4 labels \(rows 1, 3\) are none of the classes"),
        ([0, 1, 1, 0], "none of the classes"),
        (["no", "yes"], "y has 2 rows, X 4"),
        ("yes", "one value"),
        (np.ma.array(["no", "yes", "no", "no"], mask=[0, 0, 1, 0]), r"row 2\) is missing"),
        (pd.Series(["no", "yes", "no", None], dtype="string"), r"row 3\) is missing"),
        (np.array([["no", "yes"]] * 4), "2 columns; labels are one a row"),
        ([["no"], {}, [], 1], "none of the classes|missing|no table"),
    ],
)
def test_report_refuses_labels_it_does_not_know(y: Any, complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        labelled().report({"a": [1, 200, 3, 4]}, y)


def test_report_takes_labels_in_every_form() -> None:
    X = {"a": [1, 200, 3, 180]}
    y = ["no", "yes", "no", "yes"]
    forms = [y, np.array(y), pd.Series(y), pd.Series(pd.Categorical(y)), pd.DataFrame({"y": y}), np.array(y)[:, None]]
    assert [labelled().report(X, form).metric_quantised for form in forms] == [1.0] * len(forms)
    assert labelled((0, 1)).report(X, [0.0, 1.0, False, True]).metric_quantised == 1.0


@pytest.mark.parametrize(
    "y", [[1.0, np.nan, 2, 3], [1.0, np.inf, 2, 3], ["1", "x", "2", "3"], pd.Series([1, None, 2, 3], dtype="Int64")]
)
def test_report_refuses_targets_that_are_no_numbers(y: Any) -> None:
    with pytest.raises(ParameterError, match=r"y: 1 of 4 labels \(row 1\)"):
        labelled(None).report({"a": [1, 200, 3, 4]}, y)


def test_report_pairs_by_index_never_by_position() -> None:
    X, y = pd.DataFrame({"a": [1, 200, 3, 180]}, index=[3, 1, 2, 0]), pd.Series(["yes", "yes", "no", "no"])
    with pytest.raises(ParameterError, match=r"different indexes.*y\.loc\[X\.index\]"):
        labelled().report(X, y)
    assert labelled().report(X, y.loc[X.index]).metric_quantised == 1.0


# -- what small inputs cost --


def test_one_row_of_a_long_category_is_cheap() -> None:
    schema = Schema({"code": category([f"L{i}" for i in range(40_000)])})
    tracemalloc.start()
    x = schema.encode({"code": ["L5"]}).x
    schema.sample(np.random.default_rng(0), 3)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert x.sum() == 1 and x[0, 5] == 1
    assert peak < 50e6, "an identity of 40,000 levels takes 12.8 GB"


def test_the_widest_schema_is_held_before_anything_is_made() -> None:
    wide = {
        "kind": "category",
        "levels": [str(i) for i in range(70_000)],
        "missing": None,
        "public": False,
        "protected": False,
    }
    for columns in ([{"name": "a", **wide}], [{"name": c, **wide, "levels": wide["levels"][:60_000]} for c in "ab"]):
        with pytest.raises(pyfe.DecodeError, match="at most 65536"):
            Schema.from_dict({"version": 1, "columns": columns, "protected_forms": []})


def test_doubled_coordinates_are_found_in_linear_time() -> None:
    columns = {f"a{i}": number(0, 1) for i in range(20_000)} | {"b=x": number(0, 1), "b": category(["y", "x"])}
    with pytest.raises(ParameterError, match="two coordinates are called 'b=x'"):
        Schema(columns)
