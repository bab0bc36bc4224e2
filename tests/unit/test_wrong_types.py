"""What is no number, no batch, no schema, no key: a named error, wherever people can give one."""

from __future__ import annotations

import contextlib
from typing import Any

import numpy as np
import pandas as pd
import pytest

import pyfe
from pyfe import CiphertextBatch, Function, FunctionKey, KeyAuthority, Linear, ParameterError, PublicKey, SquareNetwork
from pyfe.arrays import integer_rows
from pyfe.errors import DecodeError, UnsupportedModelError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.schema import Encoded
from pyfe.schemes import ipfe_ddh
from tests.unit import objects

SCHEMA = objects.small_schema()
AUTHORITY = objects.authority(SCHEMA)
BATCH = AUTHORITY.public_key.encrypt(Encoded(np.array([SCHEMA.lo, SCHEMA.hi])))
FUNCTION = Function.from_integers(SCHEMA, [1, 2])
KEY = AUTHORITY.issue(FUNCTION, purpose="p").to_bytes()


def test_the_right_types() -> None:
    assert len(BATCH[np.int64(1)]) == len(BATCH[-1:]) == 1
    assert len(CiphertextBatch.concat(iter(BATCH))) == 2
    assert FunctionKey.from_bytes(KEY, public_key=AUTHORITY.public_key).verified
    assert Function.from_bytes(FUNCTION.to_bytes(), schema=SCHEMA) == FUNCTION
    several = Function.from_integers(SCHEMA, [[1, 2], [3, 4]], [5], 0.5, max_error=[0.1, 0.2])
    assert (several.intercept.tolist(), several.scale.tolist()) == ([5, 5], [0.5, 0.5])
    assert several.max_error.tolist() == [0.1, 0.2]


@pytest.mark.parametrize(
    "index",
    [None, 1.5, "a", ..., (0, 1), [0, 1], np.array([0, 1]), slice(0.5, None), slice("a", None), slice(None, None, 0)],
)
def test_an_index_of_a_batch(index: Any) -> None:
    with pytest.raises(ParameterError, match="cut by an integer or a slice"):
        BATCH[index]


@pytest.mark.parametrize("batches", [None, 5, [None], [BATCH, 1], [[BATCH]], np.array(5), np.ma.masked])
def test_what_is_concatenated(batches: Any) -> None:
    with pytest.raises(ParameterError, match="batches are concatenated"):
        CiphertextBatch.concat(batches)


@pytest.mark.parametrize("wrong", [5, "x", b"x", [SCHEMA]])
def test_a_schema_or_key_to_check_against(wrong: Any) -> None:
    with pytest.raises(ParameterError, match="is a pyfe.PublicKey"):
        FunctionKey.from_bytes(KEY, public_key=wrong)
    with pytest.raises(ParameterError, match="is a pyfe.PublicKey"):
        FunctionKey.from_bytes(KEY).verify(wrong)
    with pytest.raises(ParameterError, match="is a pyfe.Schema"):
        Function.from_bytes(FUNCTION.to_bytes(), schema=wrong)


@pytest.mark.parametrize("forms", [None, 5, "x", np.eye(3, dtype=np.int64)])
def test_forms(forms: Any) -> None:
    with pytest.raises(ParameterError, match="forms are MatrixForms"):
        Function.from_forms(SCHEMA, forms)


RAGGED = [[1], [1, 2]]


def test_rows_of_different_lengths() -> None:
    for make in (
        lambda: MatrixForms.dense(RAGGED),
        lambda: FactoredForms(RAGGED, [[1]], [[1]]),
        lambda: FactoredForms.squares([[1]], RAGGED),
        lambda: Function.from_integers(SCHEMA, RAGGED),
    ):
        with pytest.raises(ParameterError, match="no array"):
            make()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("intercept", [1, 2]),
        ("intercept", [[1]]),
        ("scale", [1.0, 2.0]),
        ("scale", "x"),
        ("scale", 10**400),
        ("max_error", [0.1, 0.2]),
        ("max_error", "x"),
        ("max_error", None),
        ("classes", 5),
    ],
)
def test_fields_of_a_function(field: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=field):
        Function.from_integers(SCHEMA, [1, 2], **{field: value})


ODD: list[Any] = [
    None, -1, 0, 10**400, True, 1.5, float("nan"), 1j, "", "x", b"x", [], [[]], [None], [1, [2]], {}, {"a": 1}, set(),
    object(), np.array([]), np.zeros((2, 2, 2)), np.array(["x"]), np.array(5), np.datetime64("2020"), np.ma.masked,
    iter([1]), type,
]  # fmt: skip
LINEAR = Linear({"a": 1.0})
NETWORK = SquareNetwork([[1, 1]], [0], [[1]])
PUBLIC = AUTHORITY.public_key.to_bytes()
READ_KEY = FunctionKey.from_bytes(KEY)
CALLS: dict[str, Any] = {
    "weights": Linear,
    "a weight": lambda v: Linear({"a": v}),
    "a row of weights": lambda v: Linear([v]),
    "intercept": lambda v: Linear({"a": 1}, intercept=v),
    "link": lambda v: Linear({"a": 1}, link=v),
    "classes": lambda v: Linear({"a": 1}, link="logit", classes=v).to_json(),
    "a class": lambda v: Linear({"a": 1}, link="logit", classes=[v, 7]).to_json(),
    "baseline survival": lambda v: Linear({"a": 1}, link="cox", baseline_survival=v).to_json(),
    "JSON": Linear.from_json,
    "link of a network": lambda v: SquareNetwork([[1, 1]], [0], [[1]], link=v),
    "classes of a network": lambda v: SquareNetwork([[1, 1]], [0], [[1]], link="logit", classes=v),
    "rows of a network": NETWORK.decision_function,
    "JSON of a network": SquareNetwork.from_json,
    "link of a function": lambda v: Function.from_integers(SCHEMA, [1, 2], link=v),
    "class of a function": lambda v: Function.from_integers(SCHEMA, [1, 2], link="logit", classes=(v, 7)).predict([1]),
    "survival of a function": lambda v: Function.from_integers(
        SCHEMA, [1, 2], link="cox", classes=(0, 1), baseline_survival=v
    ),
    "schema id": lambda v: Function(FUNCTION.map, FUNCTION.readout, v),
    "classes of a callable": lambda v: pyfe.from_callable(lambda r: r[:, 0], SCHEMA, link="logit", classes=v),
    "scheme of an authority": lambda v: KeyAuthority.create(SCHEMA, scheme=v),
    "scheme of a report": lambda v: pyfe.report(FUNCTION, scheme=v),
    "authority of a report": lambda v: pyfe.report(FUNCTION, authority=v),
    "answers of a report": lambda v: FUNCTION.report([[0, 0], [1, 1]], v),
    "fingerprint": lambda v: PublicKey.from_bytes(PUBLIC, fingerprint=v),
    "rows to predict": READ_KEY.predict,
    "rows to give probabilities of": READ_KEY.predict_proba,
    "rows to decide": READ_KEY.decision_function,
    "size of a sample": lambda v: SCHEMA.sample(np.random.default_rng(0), v),
    "a generator": lambda v: SCHEMA.sample(v, 3),
    "weights of rows": BATCH.weighted_sum,
    "a weight of a row": lambda v: BATCH.weighted_sum([v, 1]),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_odd_arguments_end_in_an_error_of_pyfe(call: Any) -> None:
    for value in ODD:
        with contextlib.suppress(pyfe.PyfeError):
            call(value)


@pytest.mark.parametrize(
    ("call", "complaint"),
    [
        (lambda: READ_KEY.predict(pd.DataFrame({"a": [1]})), "expected a CiphertextBatch, not DataFrame"),
        (lambda: PublicKey.from_bytes(PUBLIC, fingerprint=b"ab"), "a fingerprint is a text of 64 .* not bytes"),
        (lambda: pyfe.report(FUNCTION, authority="a.pyfe"), "authority is a pyfe.KeyAuthority .* not a str"),
        (lambda: pyfe.report(FUNCTION, authority=AUTHORITY.public_key), "not a PublicKey"),
        (lambda: pyfe.report(FUNCTION, scheme=["ipfe-ddh"]), "scheme is the name of a scheme, not a list"),
        (lambda: Linear({"a": 1}, link="logit", classes="ab"), "classes are a tuple of labels, not str"),
        (lambda: Linear({"a": 1}, link="logit", classes=[[0], [1]]), "class labels are text.*not list"),
        (lambda: FUNCTION.report([[0, 0]], [[]]), "y has no columns"),
        (lambda: Linear({"a": 10**400}), "finite, and within the doubles"),
    ],
)
def test_plausible_slips_say_what_is_wrong(call: Any, complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        call()


def test_rows_that_are_text_are_not_repeated() -> None:
    with pytest.raises(ParameterError, match="the rows must be numbers") as caught:
        NETWORK.decision_function([["Mallory", 1]])
    assert "Mallory" not in str(caught.value)


def test_labels_of_numpy_are_written() -> None:
    made = Linear({"a": 1}, link="logit", classes=np.array([3, 4]))
    assert Linear.from_json(made.to_json()).classes == (3, 4)


@pytest.mark.parametrize("model", [Linear({"a": 1.7e308, "b": 1.7e308}), SquareNetwork([[1e200, 1]], [0], [[1]])])
@pytest.mark.filterwarnings("error")
def test_a_model_beyond_the_doubles(model: Any) -> None:
    schema = pyfe.Schema.from_ranges({"a": (0, 100), "b": (10, 60)})
    with pytest.raises(UnsupportedModelError, match="are larger than doubles hold"):
        pyfe.compile(model, schema)


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Linear.from_json, '{"weights": {"x": 1, "1": 5, "x": 50}}'),
        (Linear.from_json, '{"weights": {"x": 1}, "intercept": 1, "intercept": -40}'),
        (Linear.from_json, '{"weights": {"x": {"m": 1, "m": 9}}}'),
        (SquareNetwork.from_json, '{"W1": [[1]], "b1": [0], "W2": [[1]], "W2": [[9]]}'),
    ],
)
def test_a_name_that_is_twice_in_json(read: Any, text: str) -> None:
    with pytest.raises(DecodeError, match="has the name '.*' twice"):
        read(text)


E_ACUTE = ("\u00e9", "e\u0301")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Linear({1: 2.0, "1": 3.0}),
        lambda: Linear({"lev": {2: 1.0, "2": 5.0}}),
        lambda: Linear({"b": {True: 1.0, "True": 2.0}}),
        lambda: Linear(dict.fromkeys(E_ACUTE, 1.0)),
        lambda: Linear({"s": dict.fromkeys(E_ACUTE, 1.0)}),
        lambda: pyfe.compile(Linear({"t": {"1": 2.0, "1.0": 5.0}}), pyfe.Schema({"t": pyfe.thresholds([1, 2])})),
        lambda: pyfe.Schema.from_ranges({"1": (0, 1)}, missing={1: 0.5, "1": 0.0}),
        lambda: pyfe.Schema.from_ranges({"\u00e9": (0, 1)}, protected_forms={"f": dict.fromkeys(E_ACUTE, 1)}),
        lambda: pyfe.Schema.from_ranges(
            {"a": (0, 1), "b": (0, 1)}, protected_forms={name: {"a": 1, "b": 1} for name in E_ACUTE}
        ),
    ],
)
def test_two_names_that_are_one(make: Any) -> None:
    with pytest.raises(ParameterError, match="twice"):
        make()


MASKED = np.ma.array([1, 99], mask=[0, 1])


@pytest.mark.parametrize(
    "take",
    [
        lambda: Function.from_integers(SCHEMA, MASKED),
        lambda: Function.from_integers(SCHEMA, [MASKED, MASKED]),
        lambda: Function.from_integers(SCHEMA, [1, 2], np.ma.array([5], mask=[1])),
        lambda: Function.from_integers(SCHEMA, [1, 2], scale=np.ma.array([0.5], mask=[1])),
        lambda: MatrixForms.dense([MASKED, MASKED]),
        lambda: BATCH.weighted_sum(MASKED),
        lambda: FUNCTION.decision_function(MASKED),
        lambda: FUNCTION.evaluate(Encoded(MASKED[None])),
        lambda: Linear({"a": MASKED}),
        lambda: Linear(MASKED),
        lambda: Linear({"a": 1}, intercept=np.ma.array([5.0], mask=[1])),
        lambda: NETWORK.decision_function(MASKED[None]),
        lambda: SquareNetwork([MASKED], [0], [1]),
        lambda: integer_rows(MASKED, 2),
        lambda: ipfe_ddh.encrypt(AUTHORITY.public_key.native, MASKED[None]),
        lambda: pyfe.groups.scalar_invert(np.ma.array(np.zeros((1, 32), np.uint8), mask=True)),
    ],
)
def test_what_a_mask_hides_is_never_taken(take: Any) -> None:
    with pytest.raises(ParameterError, match="mask|must be a number"):
        take()


@pytest.mark.parametrize(
    "weights",
    [
        pd.Series({"b": 4, "a": 3}),
        pd.DataFrame([[4, 3]], columns=["b", "a"]),
        pd.DataFrame([[4, 3], [1, 2]], columns=["a", "c"]),
    ],
)
def test_weights_with_names_are_not_taken_by_position(weights: Any) -> None:
    schema = pyfe.Schema.from_ranges({"a": (0, 1), "b": (0, 1)})
    with pytest.raises(ParameterError, match=r"in the order of schema\.coordinate_names"):
        Function.from_integers(schema, weights)
    for right in (pd.Series({"a": 3, "b": 4}), pd.Series([3, 4]), pd.DataFrame([[3, 4]], columns=["a", "b"])):
        assert Function.from_integers(schema, right).weights.tolist() == [[3, 4]]


def test_answers_of_another_index_meet_no_dict_of_series() -> None:
    X = {"a": pd.Series([0.0, 1.0, 2.0]), "b": pd.Series([0.0, 1.0, 2.0])}
    schema = pyfe.Schema.from_ranges({"a": (0, 2), "b": (0, 2)})
    function = Function.from_integers(schema, [1, 1], link="logit", classes=(0, 1))
    y = pd.Series([0, 1, 1])
    assert function.report(X, y).metric_quantised == 1.0
    for other in (y.iloc[::-1], pd.DataFrame({"y": y.iloc[::-1]})):
        with pytest.raises(ParameterError, match="y and X have different indexes"):
            function.report(X, other)


def test_two_classes_that_are_one_are_not_counted_as_one() -> None:
    function = Function.from_integers(SCHEMA, [1, 2], link="logit", classes=(1, True))
    with pytest.raises(ParameterError, match="has the name 'True' twice"):
        function.report([[0, 0]], [1])


NFC, NFD = "Gr\u00f6\u00dfe", "Gro\u0308\u00dfe"


@pytest.mark.parametrize(("stated", "given"), [(NFC, NFD), (NFD, NFC)])
def test_names_are_compared_in_normal_form_wherever_they_are_given(stated: str, given: str) -> None:
    schema = pyfe.Schema.from_ranges(
        {stated: (0, 1), "w": (0, 1), "s": [f"{stated} 1", "b", "c"]},
        bits={given: 4},
        missing={given: 0.5},
        protected_forms={"f": {given: 1, "w": 1}},
    )
    assert schema.columns[stated].bounds[1] == [15]
    assert schema.to_dict()["protected_forms"][0]["weights"] == {stated: 1, "w": 1}
    by_name = pyfe.compile(Linear({given: 1.0, "s": {f"{given} 1": 2.0}}), schema, weight_bits=8)
    assert by_name.weights[0, 0] != 0
    symbol = pytest.importorskip("sympy").Symbol(given)
    assert pyfe.compile(symbol, schema, weight_bits=8).weights[0, 0] != 0


@pytest.mark.parametrize(("stated", "given"), [(NFC, NFD), (NFD, NFC)])
def test_models_reach_columns_of_another_normal_form(stated: str, given: str) -> None:
    linear_model, ensemble = pytest.importorskip("sklearn.linear_model"), pytest.importorskip("sklearn.ensemble")
    rng = np.random.default_rng(0)
    X = pd.DataFrame({given: rng.uniform(0, 1, 60), "w": rng.uniform(0, 1, 60)})
    y = 3 * X[given] - X["w"]
    schema = pyfe.Schema.from_ranges({"w": (0, 1), stated: (0, 1)})
    weights = pyfe.compile(linear_model.LinearRegression().fit(X, y), schema).weights[0]
    assert weights[1] > 0 > weights[0]
    trees = ensemble.GradientBoostingRegressor(max_depth=1, n_estimators=4, random_state=0).fit(X, y)
    cuts = {pyfe.schema.cells.same_name(name): c for name, c in pyfe.schema_for_trees(trees).columns.items()}
    renamed = pyfe.Schema({stated if name == NFC else name: column for name, column in cuts.items()})
    assert pyfe.compile(trees, renamed).kind == "linear"
