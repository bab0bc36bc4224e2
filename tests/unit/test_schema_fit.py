"""What Schema.fit proposes, and what it refuses because it would travel in the public key."""

from __future__ import annotations

import contextlib
import datetime
import time
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyfe
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.schema import Category, Number, Schema
from pyfe.schema.cells import same_name

N = 40
Z = np.random.default_rng(7).normal(27, 4, N)


def fit(values: Any, name: str = "v", **rest: Any) -> Schema:
    return Schema.fit(pd.DataFrame({name: values, "z": Z[: len(values)]}), **rest)


def times() -> pd.Series:
    return pd.Series(pd.date_range("2020-01-01", periods=N, freq="37h"))


DATES = {
    "naive": times(),
    "zone": times().dt.tz_localize("Europe/Berlin"),
    "python dates": pd.Series([t.date() for t in times()], dtype=object),
    "python times": pd.Series([datetime.time(i % 24, i) for i in range(N)], dtype=object),
    "durations": times() - times()[0],
    "periods": times().dt.to_period("D"),
    "datetime64": times().to_numpy(),
    "days": times().to_numpy().astype("M8[D]"),
    "few days": pd.Series([datetime.date(2020, 1, 1 + i % 2) for i in range(N)], dtype=object),
    "iso": times().dt.strftime("%Y-%m-%d"),
    "iso time": times().dt.strftime("%Y-%m-%dT%H:%M:%S"),
    "iso zone": times().dt.strftime("%Y-%m-%d %H:%M:%S+01:00"),
    "german": times().dt.strftime("%d.%m.%Y"),
    "german short": times().dt.strftime("%d.%m.%y"),
    "american": times().dt.strftime("%m/%d/%Y"),
    "american time": times().dt.strftime("%m/%d/%Y %I:%M %p"),
    "words": times().dt.strftime("%d %b %Y"),
    "american words": times().dt.strftime("%B %d, %Y"),
    "clock": times().dt.strftime("%H:%M"),
    "month": times().dt.strftime("%Y-%m"),
    "two dates, many rows": ["2020-01-01", "2021-01-01"] * (N // 2),
    "durations as text": [f"{i} days, 0:00:00" for i in range(N)],
}


@pytest.mark.parametrize("values", DATES.values(), ids=DATES)
def test_dates_and_times_are_refused_by_name(values: Any) -> None:
    with pytest.raises(ParameterError, match=r"^column 'v': dates or times .*(exclude=|leave the column out)"):
        fit(values)


NUMBERS = {
    "decimal comma": ([f"{v:.1f}".replace(".", ",") for v in Z], "decimal comma"),
    "thousands": ([f"{1000 * v:,.0f}" for v in Z], "thousands sign"),
    "thousands, decimals": ([f"{1000 * v:,.2f}" for v in Z], "thousands sign"),
    "german thousands": ([f"{100_000 * v:,.0f}".replace(",", ".") for v in Z], "thousands sign"),
    "swiss thousands": ([f"{1000 * v:,.0f}".replace(",", "'") for v in Z], "thousands sign"),
    "spaced thousands": ([f"{1000 * v:,.0f}".replace(",", " ") for v in Z], "thousands sign"),
    "percent": ([f"{v:.1f}%" for v in Z], "percent sign"),
    "percent, spaced": ([f"{v:.0f} %" for v in Z], "percent sign"),
    "less than": ([f"<{v:.1f}" for v in Z], "comparison sign"),
    "some less than": (["<5", *[f"{v:.1f}" for v in Z[1:]]], "comparison sign"),
    "at least": ([f">= {v:.0f}" for v in Z], "comparison sign"),
    "few limits, many rows": (["<5", ">=10"] * (N // 2), "comparison sign"),
    "unit": ([f"{v:.1f} mg/dl" for v in Z], "unit"),
    "unit, joined": ([f"{v:.0f}kg" for v in Z], "unit"),
    "units": ([f"{v:.0f} {u}" for v, u in zip(Z, ["mg", "g"] * N, strict=False)], "unit"),
    "underscores": ([f"1_{round(v * 10)}" for v in Z], "not plain"),
    "hexadecimal": ([hex(round(v * 10)) for v in Z], "not plain"),
    "arabic digits": (["".join(chr(0x660 + int(d)) for d in f"{v:.0f}") for v in Z], "not plain"),
}


@pytest.mark.parametrize(("values", "what"), NUMBERS.values(), ids=NUMBERS)
def test_numbers_written_otherwise_are_refused_by_name(values: list[str], what: str) -> None:
    with pytest.raises(ParameterError, match=f"^column 'v': .*{what}.*exclude="):
        fit(values)


@pytest.mark.parametrize("sign", [";", "\t", "|", ","])
def test_whole_rows_are_refused(sign: str) -> None:
    cells = [sign.join(["ab"[i % 2], "x", "y"]) for i in range(N)]
    with pytest.raises(ParameterError, match=r"^column 'v': a whole row .*--delimiter"):
        fit(cells)
    if sign != ",":
        with pytest.raises(ParameterError, match="a whole row"):
            Schema.fit({f"a{sign}b": ["x", "y"] * 20})


def test_text_that_could_name_a_patient_is_refused() -> None:
    n = 200
    mrn = [f"MRN-{i:05d}" for i in range(n)]
    table = pd.DataFrame({"mrn": mrn, "age": np.random.default_rng(5).integers(20, 90, n) * 1.0})
    for column in (mrn, pd.Categorical(mrn), pd.Series(mrn, dtype="string")):
        with pytest.raises(
            ParameterError, match="^column 'mrn': .*200 different values, 200 of them in fewer than 5 rows"
        ):
            Schema.fit(table.assign(mrn=column))
    schema = Schema.fit(table, exclude=["mrn"])
    assert schema.input_columns == ("age",)
    blob = pyfe.KeyAuthority.create(schema).public_key.to_bytes()
    assert not any(number.encode() in blob for number in mrn)


@pytest.mark.parametrize(("rarest", "kept"), [(1, False), (4, False), (5, True), (20, True)])
def test_every_level_stands_in_five_rows(rarest: int, kept: bool) -> None:
    """Nothing else can refuse: two levels, no numbers, no dates."""
    values = ["common"] * (100 - rarest) + ["rare"] * rarest
    if kept:
        column = Schema.fit({"v": values}).columns["v"]
        assert isinstance(column, Category) and column.levels == ("common", "rare")
        return
    with pytest.raises(ParameterError, match="^column 'v': .*2 different values, 1 of them in fewer than 5 rows"):
        Schema.fit({"v": values})


def test_twenty_levels_at_most_come_from_data() -> None:
    values = [f"L{i:03d}" for i in range(21)] * 5
    assert Schema.fit({"v": [value for value in values if value != "L020"]}).n == 20
    with pytest.raises(ParameterError, match=r"21 different values, more than 20: .*exclude=, --exclude\)$"):
        Schema.fit({"v": values})
    assert Schema.fit({"v": values}, levels={"v": sorted(set(values))}).n == 21


@pytest.mark.parametrize("level", ["27,5", "1,000", " 3,5 "])
def test_a_level_that_reads_as_a_number_with_a_comma_is_refused(level: str) -> None:
    """One of three levels, so that most are plain words; each in many rows."""
    with pytest.raises(ParameterError, match=r"column 'v': numbers with a decimal comma .*--decimal ,"):
        Schema.fit({"v": ["low", "high", level] * 10})


@pytest.mark.parametrize("sign", ["NA", "NaN", "#NV", "<NA>", ".", " NA "])
@pytest.mark.parametrize("others", [["low", "high"], ["1", "2"]])
def test_what_stands_for_an_absent_value_is_no_level(sign: str, others: list[str]) -> None:
    with pytest.raises(ParameterError, match=r"column 'v': .*stands in 10 rows; read it as absent \(na_values=.*--na "):
        Schema.fit({"v": [*others, sign] * 10})
    assert Schema.fit({"v": [*others, sign] * 10}, levels={"v": [*others, sign]}).n == 3


def test_levels_that_are_stated_take_nothing_from_the_data() -> None:
    values = ["no"] * 19 + ["yes"]
    column = fit(values, levels={"v": ["no", "yes", "unknown"]}).columns["v"]
    assert isinstance(column, Category) and column.levels == ("no", "yes", "unknown")
    with pytest.raises(ParameterError, match="^column 'v': 1 values are none of the levels") as caught:
        fit(values, levels={"v": ["no", "maybe"]})
    assert "yes" not in str(caught.value), "values are patient data"
    assert fit(["<50", ">=50"] * 20, levels={"v": ["<50", ">=50"]}).n == 2
    for unknown in ({"exclude": ["w"]}, {"levels": {"w": ["a", "b"]}}):
        with pytest.raises(ParameterError, match="there is no column 'w'"):
            fit(values, **unknown)


def test_categoricals_count_what_is_seen() -> None:
    ward = pd.Categorical(["a", "b"] * 20, categories=["a", "b", "the ward of one patient"])
    column = fit(ward).columns["v"]
    assert isinstance(column, Category) and column.levels == ("a", "b")
    codes = fit(pd.Categorical([1, 2, 3, 4] * 10)).columns["v"]
    assert isinstance(codes, Number)


@pytest.mark.parametrize(
    "levels", [["I", "II", "III"], ["1a", "1b"], ["T1", "T2"], ["no", "yes"], ["50-69", "70-99"], ["1+", "2+"]]
)
def test_honest_groups_are_kept(levels: list[str]) -> None:
    column = fit((levels * N)[:N]).columns["v"]
    assert isinstance(column, Category) and set(column.levels) == set(levels)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("id", np.random.default_rng(0).permutation(5000)[:N]),
        ("patient_id", np.random.default_rng(0).permutation(5000)[:N]),
        ("PatientID", np.random.default_rng(0).permutation(5000)[:N] * 1.0),
        ("MRN", [str(v) for v in np.random.default_rng(0).permutation(5000)[:N]]),
        ("id", list(np.random.default_rng(0).permutation(5000)[:30]) + [7] * 10),
        ("v", 10**9 + np.random.default_rng(0).permutation(5000)[:N]),
        ("v", 1729382256910270464 + np.random.default_rng(0).permutation(5000)[:N]),
    ],
)
def test_record_numbers_are_refused(name: str, values: Any) -> None:
    with pytest.raises(ParameterError, match=f"^column '{name}': .*look like record numbers.*exclude="):
        fit(values, name)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("age", np.random.default_rng(0).integers(18, 99, N)),
        ("platelets", np.random.default_rng(0).integers(150, 400, N) * 1000),
        ("steps", np.random.default_rng(0).permutation(90_000)[:N]),
        ("id", [1, 2, 3, 4] * 10),
        ("acid", np.random.default_rng(0).permutation(5000)[:N]),
        ("cell count", np.random.default_rng(0).integers(10**7, 9 * 10**7, N) // 1000 * 1000),
    ],
)
def test_ages_counts_and_amounts_are_not_record_numbers(name: str, values: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert isinstance(fit(values, name).columns[name], Number)


def test_a_row_counter_warns() -> None:
    with pytest.warns(UserWarning, match="column 'v' holds consecutive integers"):
        fit(np.arange(N))


@pytest.mark.parametrize("values", [[[1]] * 20, [b"a", b"b"] * 10, [{}] * 20, [1j] * 20, pd.interval_range(0, 20)])
def test_other_cells_are_refused_by_name(values: Any) -> None:
    with pytest.raises(ParameterError, match="^column 'v': "):
        Schema.fit({"v": values})


@pytest.mark.parametrize(
    "rest", [{"margin": "x"}, {"margin": np.nan}, {"publik": ["v"]}, {"levels": ["v"]}, {"bits": "8"}]
)
def test_options_are_checked(rest: dict[str, Any]) -> None:
    with pytest.raises(ParameterError):
        fit(Z, **rest)


# -- absent entries with a coordinate of their own --


def test_a_bit_for_absent_entries() -> None:
    schema = Schema(
        {
            "n": pyfe.number(10, 20, step=1, missing="bit"),
            "t": pyfe.thresholds([1, 2], missing="bit", public=True),
            "c": pyfe.category(["a", "b", "c"], missing="bit"),
            "two": pyfe.category(["a", "b"], missing="bit", protected=True),
        }
    )
    assert schema.coordinate_names == (
        "n", "n is missing", "t>=1.0", "t>=2.0", "t is missing", "c=a", "c=b", "c=c", "c is missing", "two=b",
        "two is missing",
    )  # fmt: skip
    table = {"n": [12, None, 20], "t": [1.5, np.nan, 0], "c": ["c", "", None], "two": ["b", None, "a"]}
    encoded = schema.encode(table)
    assert encoded.x.tolist() == [
        [2, 0, 1, 0, 0, 0, 0, 1, 0, 1, 0],
        [0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1],
        [10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
    ]
    assert encoded.replaced == {}, "nothing took another value"
    assert schema.relations().tolist() == [[0] * 5 + [1] * 4 + [0] * 2]
    assert schema.public_rows().sum() == 3 and [len(rows) for _, rows in schema.protected_groups()] == [2]
    back = schema.decode_columns(encoded.x)
    assert np.array_equal(back["n"], [12, np.nan, 20], equal_nan=True)
    assert back["c"][0] == "c" and np.isnan(back["c"][1])
    with pytest.raises(OutOfRangeError, match="column 'n': outside 10 to 20 in row 0"):
        schema.encode(table | {"n": [99, None, 20]})
    assert Schema.from_bytes(schema.to_bytes()) == schema
    for wrong in ([2, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]):
        with pytest.raises(ParameterError, match=r"missing has a value besides|sum to 1"):
            schema.decode(np.array([wrong]))


@pytest.mark.parametrize("ends", [False, True])
def test_codes_with_a_bit_come_back(ends: bool) -> None:
    schema = Schema.from_ranges(
        {"n": (0, 1), "t": pyfe.thresholds([1, 2]), "c": ["a", "b", "c"], "i": [1, 2, 3], "b": bool},
        missing=dict.fromkeys("ntcib", "bit"),
    )
    assert all(isinstance(column, pyfe.schema.Optional) for column in schema.columns.values())
    x = schema.sample(np.random.default_rng(0), 2000, ends=ends)
    assert np.array_equal(schema.encode(schema.decode(x)).x, x)
    bits = [part.stop - 1 for _, part, _ in schema.blocks]
    assert x[:, bits].any(axis=0).all(), "absent entries are sampled"
    for (_, part, _), column in zip(schema.blocks, schema.columns.values(), strict=True):
        weights = np.random.default_rng(1).integers(-9, 9, (4, column.width))
        low, high = column.extent(weights)
        values = column.codes() @ weights.T
        assert np.array_equal(values.min(axis=0), low) and np.array_equal(values.max(axis=0), high)
        assert np.array_equal(np.unique(x[:, part], axis=0), np.unique(column.codes(), axis=0)) or column.size > 100


@pytest.mark.parametrize(
    "make",
    [
        lambda: pyfe.number(0, 1, bits=17, missing="bit"),
        lambda: Schema.from_ranges({"a": pyfe.constant()}, missing={"a": "bit"}),
        lambda: pyfe.schema.Optional(column=pyfe.number(0, 1, missing=0.5)),
        lambda: pyfe.schema.Optional(column=pyfe.number(0, 1, public=True)),
    ],
)
def test_columns_that_take_no_bit(make: Any) -> None:
    with pytest.raises(ParameterError):
        make()


def test_older_schemas_keep_their_bytes() -> None:
    plain = Schema.from_ranges({"a": (0, 1), "c": ["x", "y"]}, missing={"a": 0.5})
    assert "missing_bit" not in str(plain.to_dict())
    assert Schema.from_ranges({"a": (0, 1)}, missing={"a": "bit"}).to_dict()["columns"][0]["missing_bit"] is True
    damaged = Schema.from_ranges({"a": (0, 1)}, missing={"a": "bit"}).to_dict()
    for value in (False, 1, None):
        damaged["columns"][0]["missing_bit"] = value
        with pytest.raises(pyfe.DecodeError):
            Schema.from_dict(damaged)
    levels = pyfe.category(["bit", "byte"], missing="bit")
    assert isinstance(levels, Category) and levels.missing == "bit", "a level of that name is a level"


def test_models_with_a_missing_indicator_compile_right() -> None:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures

    rng = np.random.default_rng(15)
    X = pd.DataFrame({"lactate": rng.normal(2, 0.5, 400), "age": rng.integers(20, 90, 400) * 1.0})
    hole = rng.random(400) < 0.3
    y = ((X.age / 30 + 3 * hole + rng.normal(0, 0.5, 400)) > 3).astype(int)
    X.loc[hole, "lactate"] = np.nan
    X["smoker"] = rng.choice(np.array(["no", "yes", "ex", np.nan], dtype=object), 400)
    schema = Schema.fit(X, missing={"lactate": "bit", "smoker": "bit"}, margin=0.3)
    imputed = make_column_transformer(
        (SimpleImputer(add_indicator=True), ["lactate", "age"]), (OneHotEncoder(), ["smoker"])
    )
    products = PolynomialFeatures(2, interaction_only=True)
    models = [
        make_pipeline(imputed, LogisticRegression(max_iter=5000)).fit(X, y),
        make_pipeline(imputed, products, LinearRegression()).fit(X, y + X.age * 0.1),
    ]
    encoded = schema.encode(X, "clip")
    decoded = pd.DataFrame(schema.decode_columns(encoded.x))
    for model in models:
        function = pyfe.compile(model, schema, reference=X)
        theirs = model.decision_function(decoded) if hasattr(model, "decision_function") else model.predict(decoded)
        ours = function.decision_function(function.evaluate(encoded))
        assert np.abs(ours - theirs).max() <= function.max_error[0]
    function = pyfe.compile(models[0], schema, reference=X)
    assert np.mean(function.predict(function.evaluate(encoded)) != models[0].predict(X)) < 0.01


def test_models_that_a_bit_does_not_suit_say_so() -> None:
    from sklearn.tree import DecisionTreeRegressor

    schema = Schema.from_ranges({"a": (0, 10), "b": (0, 1)}, missing={"a": "bit"})
    with pytest.raises(ParameterError, match="the column may be missing"):
        pyfe.compile(pyfe.Linear({"a": 1.0}), schema)
    by_coordinate = pyfe.compile(pyfe.Linear([0.5, 7.0, 1.0]), schema)
    assert by_coordinate.n == 3
    X = pd.DataFrame({"a": np.arange(20.0), "b": np.zeros(20)})
    tree = DecisionTreeRegressor(max_depth=1).fit(X, X.a > 5)
    cuts = Schema({"a": pyfe.thresholds([tree.tree_.threshold[0]], missing="bit"), "b": pyfe.number(0, 1)})
    with pytest.raises(pyfe.UnsupportedModelError, match=r"at its cut 5\.5 .* the model's own test is another one"):
        pyfe.compile(tree, cuts)
    known = pyfe.compile(tree, pyfe.schema_for_trees(tree, missing="bit"))
    rows = X.iloc[[3, 9]].assign(a=[np.nan, 9.0])
    assert known.predict(known.evaluate(rows)).tolist() == tree.predict(rows).tolist()


def test_products_with_the_bit_are_known_to_vanish() -> None:
    from pyfe.leakage.monomials import Monomials

    schema = Schema.from_ranges({"a": (0, 10), "c": ["x", "y"]}, missing={"a": "bit", "c": "bit"})
    forms = Monomials(schema)  # 1, a, a is missing, c=y, c is missing
    assert forms.polynomial({(1, 2): 5}) == {} and forms.polynomial({(3, 4): 5}) == {}
    assert forms.polynomial({(2, 2): 5}) == {(0, 2): 5} and forms.polynomial({(1, 1): 5}) == {(1, 1): 5}
    rows = schema.sample(np.random.default_rng(0), 500, ends=True)
    z = np.concatenate([np.ones((500, 1), dtype=np.int64), rows], axis=1)
    for i in range(5):
        for j in range(i, 5):
            normal = forms.polynomial({(i, j): 1})
            assert i + j == 0 or np.array_equal(
                z[:, i] * z[:, j], sum((v * z[:, a] * z[:, b] for (a, b), v in normal.items()), z[:, 0] * 0)
            )


def test_all_columns_that_are_refused_are_named() -> None:
    names = [f"person {i}" for i in range(N)]
    with pytest.raises(ParameterError, match="^column 'who': its text .*Refused as well: 'when', 'name'$"):
        Schema.fit({"who": names, "z": Z, "when": times(), "name": names})


@pytest.mark.parametrize(
    "header",
    [["59", "2", "32.1", "101"], ["0", "1", "1.1", "0.1"], ["f", "59", "32.1", "77"]],
    ids=["decimal", "doubled by pandas", "half of them"],
)
def test_a_row_for_names_is_refused(header: list[str]) -> None:
    with pytest.raises(ParameterError, match="look like a row of values") as caught:
        Schema.fit(pd.DataFrame(dict.fromkeys(header, Z)))
    assert "32.1" not in str(caught.value)


@pytest.mark.parametrize(
    "header",
    [["1100.5", "1101.0", "1101.5"], [3.5, 2.5, 1.5], [7157, 672, 675], ["a", "b", "0.5", "0.1"], ["week 1", "9", "2"]],
    ids=["rising", "falling", "whole and distinct", "two numbers", "text"],
)
def test_names_that_are_numbers_are_names(header: list[Any]) -> None:
    assert Schema.fit(pd.DataFrame(dict.fromkeys(header, Z))).n == len(header)


SITTERS = {"54": np.arange(20.0, 60.0), "27.3": Z, "M": ["F", "M"] * (N // 2), "54.1": np.arange(20.0, 60.0) + 0.5}


@pytest.mark.parametrize(
    "header",
    [["54", "27.3"], ["54", "27.3", "M"], ["54", "54.1"], ["27.3", "M"], ["27.3"], ["54", "27.3", "Unnamed: 2"]],
)
def test_numbers_among_the_values_below_them_are_no_names(header: list[str]) -> None:
    table = pd.DataFrame({name: SITTERS.get(name, Z) for name in header})
    with pytest.raises(ParameterError, match="look like a row of values"):
        Schema.fit(table)


@pytest.mark.parametrize("header", [["59", "120", "81"], ["81", "120", "59"]])
def test_whole_numbers_among_the_values_below_them_are_no_names(header: list[str]) -> None:
    table = {name: np.linspace(20, 200, N) + place for place, name in enumerate(header)}
    with pytest.raises(ParameterError, match="look like a row of values"):
        Schema.fit(table)


@pytest.mark.parametrize(
    ("header", "low"),
    [
        ([0], 0),
        ([0, 1], 0),
        ([1, 2, 3], 0),
        ([2019, 2020, 2021], 2000),
        (["1100.5", "1131.0"], 0),
        (["age", "54"], 0),
        ([7157, 672, 675, 5728, 1956, 2064, 3845, 4609, 7422], 0),
    ],
    ids=["one", "two", "three", "years", "beside the values", "a word over numbers", "many genes and their counts"],
)
def test_names_that_count_or_lie_apart_are_names(header: list[Any], low: float) -> None:
    high = 9000.0 if len(header) > 8 else 99.0 + low
    table = pd.DataFrame({name: np.linspace(low, high, N) + place for place, name in enumerate(header)})
    assert Schema.fit(table).n == len(header)


def _seconds(cell: str) -> float:
    """Processor seconds until a column with this cell is proposed, or refused by name."""
    start = time.process_time()
    with contextlib.suppress(ParameterError):
        Schema.fit({"x": np.array([cell, "b"] * 10, dtype=object), "y": Z[:20]})
    return time.process_time() - start


@pytest.mark.parametrize(
    "cell",
    [
        lambda n: "1" * n + "x",
        lambda n: "<" + "1" * n + "\n" * 20 + "a",
        lambda n: "1" + "a" * n + ".5",
        lambda n: "1." * (n // 2) + "x",
        lambda n: "1" + ",111" * (n // 4) + "x",
        lambda n: "0" * n + "g",
        lambda n: "1," * (n // 2),
        lambda n: "a" + "\u0316\u0301" * (n // 2),
    ],
    ids=["digits", "less than", "letters", "points", "thousands", "zeros", "commas", "accents"],
)
def test_long_text_is_refused_in_linear_time(cell: Any) -> None:
    assert _seconds(cell(64_000)) < 0.5


def test_names_are_compared_in_linear_time() -> None:
    start = time.process_time()
    same_name("a" + "\u0316\u0301" * 32_000)
    assert time.process_time() - start < 0.05


@pytest.mark.parametrize("names", [3, 2.5, b"ab", "ab", object()])
def test_names_of_columns_are_a_list(names: Any) -> None:
    with pytest.raises(ParameterError, match="names is a list of column names|the array has 2 columns"):
        Schema.fit(np.arange(40.0).reshape(20, 2), names=names)


@pytest.mark.parametrize("make", [Schema.from_ranges, lambda ranges, **rest: Schema.fit({"age": Z}, **rest)])
def test_bits_of_a_column_that_is_not_there(make: Any) -> None:
    with pytest.raises(ParameterError, match="bits: there is no column 'agee'"):
        make({"age": (0, 1)}, bits={"agee": 12})
    with pytest.raises(ParameterError, match="bits: the column '1' is named twice|there is no column 1"):
        make({"1": (0, 1)}, bits={1: 12, "1": 8})


@pytest.mark.parametrize(
    "make",
    [
        lambda: Schema.fit(np.zeros((20, 2**16 + 1))),
        lambda: Schema.fit({f"c{i}": Z for i in range(2**16 + 2)}, exclude=["c0"]),
        lambda: Schema.from_ranges({f"c{i}": (0, 1) for i in range(2**16 + 1)}),
        lambda: Schema(dict.fromkeys(range(2**16 + 1))),
    ],
    ids=["array", "mapping", "ranges", "columns"],
)
def test_more_columns_than_coordinates_are_refused_before_any_is_looked_at(make: Any) -> None:
    start = time.process_time()
    with pytest.raises(ParameterError, match="65537 columns are too many: a schema has at most 65536"):
        make()
    assert time.process_time() - start < 2


def test_a_type_is_no_table() -> None:
    frame = pytest.importorskip("pandas").DataFrame
    with pytest.raises(ParameterError, match="not the type DataFrame"):
        Schema.fit(frame)


# -- ranges that are known --


def test_a_range_that_is_known_is_taken_as_it_is() -> None:
    """Whatever the table holds: its values decide on nothing but whether the numbers are whole."""
    known: dict[str, Any] = {"v": (0, 120)}
    for values in ([30.0, 31.0] * 20, [0.0] * 39 + [1e6], [None] * 20 + [5] * 20):
        assert fit(values, ranges=known).columns["v"] == pyfe.number(0, 120, step=1)
    for values in ([30.5, 31.0] * 20, [None] * 40, ["30.5"] * 40):
        assert fit(values, ranges=known).columns["v"] == pyfe.number(0, 120, bits=8)
    assert fit([1, 2] * 20, ranges={"v": [0.5, 3]}).columns["v"] == pyfe.number(0.5, 3, bits=8)
    assert fit([1, 2] * 20, ranges={"v": (0, 120)}, bits={"v": 4}).columns["v"] == pyfe.number(0, 120, bits=4)
    assert fit([1, 2] * 20, ranges={"v": (0, 9)}, public="v", missing={"v": 4}).columns["v"] == pyfe.number(
        0, 9, step=1, public=True, missing=4
    )
    other = fit([30.0, 31.0] * 20, ranges={"v": (0, 120)}).columns["z"]
    assert other == fit([1.0, 2.0] * 20).columns["z"], "the other columns are proposed as before"


def test_a_column_that_is_known_is_taken_as_it_is() -> None:
    for column in (pyfe.number(1, 500, transform="log"), pyfe.thresholds([30, 60]), pyfe.category([1, 2, 3])):
        assert fit([1, 2] * 20, ranges={"v": column}).columns["v"] == column


def test_a_range_cures_what_is_refused() -> None:
    numbers = np.arange(N) * 12345 + 10**8 + 7
    with pytest.raises(ParameterError, match=r"record numbers.*--range"):
        fit(numbers)
    assert fit(numbers, ranges={"v": (0, 1e9)}).columns["v"] == pyfe.number(0, 1e9, bits=8)


@pytest.mark.parametrize(
    ("values", "span", "said"),
    [
        ([1.0] * N, (5, 5), "column 'v': a range needs finite lo < hi"),
        ([1.0] * N, (0, float("nan")), "finite"),
        ([1.0] * N, (0, 10**400), "beyond the doubles"),
        ([1.0] * N, (0, 1, 2), r"column 'v': a range is \(lo, hi\)"),
        ([1.0] * N, "0:120", "a range is"),
        ([1.0] * N, 5, "a range is"),
        ([1.0] * N, (0, "5"), "a range is"),
        ([1.0] * N, (False, True), "a range is"),
        ([1.0] * N, pyfe.constant(1), "a constant is no column of a table"),
        ([1.0] * N, pyfe.category([2, 3]), f"has a range, and {N} of its cells are not a level"),
        (["x"] * 3 + ["1"] * 37, (0, 9), "has a range, and 3 of its cells are not a number"),
        (times(), (0, 9), "dates or times"),
    ],
)  # fmt: skip
def test_a_range_that_is_none_is_refused(values: Any, span: Any, said: str) -> None:
    with pytest.raises(ParameterError, match=said):
        fit(values, ranges={"v": span})


def test_a_range_of_no_column_is_refused() -> None:
    for options, said in (
        ({"ranges": {"w": (0, 1)}}, "ranges: there is no column 'w'"),
        ({"ranges": [("v", 0, 1)]}, "ranges is a mapping"),
        ({"ranges": {"v": (0, 1)}, "levels": {"v": [1, 2]}}, "column 'v' has levels and a range"),
        ({"ranges": {"\xe9": (0, 1), "e\u0301": (0, 1)}}, "twice|no column"),
    ):
        with pytest.raises(ParameterError, match=said):
            fit([1.0] * N, **options)


def test_a_range_in_another_unit_warns() -> None:
    with pytest.warns(UserWarning, match="column 'v' lies outside 0 to 3 in 21 of 39 rows") as caught:
        fit([None] + [1.7] * 18 + [170.0] * 21, ranges={"v": (0, 3)})
    assert caught[0].filename == __file__, "it names the caller's line"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit([1.7] * 20 + [170.0] * 20, ranges={"v": (0, 3)})


def test_prepare_takes_ranges() -> None:
    rows = {"age": np.arange(40) % 30 + 20.0, "bmi": Z, "other": Z}
    model = pyfe.Linear({"age": 0.06, "bmi": 0.1}, intercept=-4.0, link="logit")
    schema, _ = pyfe.prepare(model, rows, ranges={"age": (0, 120), "other": (0, 1)}, precision="finest")
    assert schema.columns["age"].range_text == "0 to 120" and list(schema.columns) == ["age", "bmi"]
