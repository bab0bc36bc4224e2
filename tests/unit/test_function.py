"""Function: exact integers, exact intervals, links as scikit-learn has them, strict plain types."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from pyfe.adapters import require_searchable, serving
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms, MatrixForms
from pyfe.function import Function, exact_interval, link_named, probabilities
from pyfe.reports import report as report_of
from pyfe.schema import Encoded, Schema, category, constant, number


@pytest.fixture
def schema() -> Schema:
    return Schema({"a": number(0, 255, step=1), "b": number(-1, 1, bits=6), "c": category("xyz"), "k": constant(3)})


def make(schema: Schema, **rest: object) -> Function:
    return Function.from_integers(schema, [3, -7, 1, 0, -1, 2], intercept=11, scale=0.5, **rest)


def test_evaluate_is_exact(schema: Schema) -> None:
    function = make(schema)
    rng = np.random.default_rng(0)
    x = np.concatenate([schema.sample(rng, 50), schema.sample(rng, 50, ends=True)])
    expected = [sum(int(w) * int(v) for w, v in zip(function.weights[0], row, strict=True)) + 11 for row in x]
    scores = function.evaluate(Encoded(x))
    assert scores.dtype == np.int64 and scores.shape == (100,)
    assert scores.tolist() == expected
    assert np.array_equal(function.evaluate(schema.decode(x)), scores)
    low, high = function.result_interval[0]
    assert (scores >= low).all() and (scores <= high).all()


def test_many_rows_keep_their_column(schema: Schema) -> None:
    weights = np.random.default_rng(1).integers(-127, 128, size=(4, schema.n))
    function = Function.from_integers(schema, weights, intercept=[1, 2, 3, 4])
    x = schema.sample(np.random.default_rng(2), 7)
    assert np.array_equal(function.evaluate(Encoded(x)), x @ weights.T + [1, 2, 3, 4])
    assert function.evaluate(Encoded(x[:0])).shape == (0, 4)


def test_interval_is_attained_at_both_ends(schema: Schema) -> None:
    function = make(schema)
    # box bounds: what the native core derives from lo and hi, without the category's relation
    assert function.interval.tolist() == [[-7 * 63 - 1 + 6, 3 * 255 + 1 + 6]]
    assert function.result_interval.tolist() == [[-425, 783]]
    assert function.width_bits == pytest.approx(math.log2(783 + 425 + 1))
    assert function.weight_bits == 4


def test_wide_results_are_refused_and_say_what_helps() -> None:
    schema = Schema.from_ranges({"a": (0, 1), "b": (0, 1)}, bits=16)
    widest = (2**44) // (2 * 65535)
    function = Function.from_integers(schema, [widest, -widest])
    assert function.width_bits <= 44
    require_searchable(function.interval, serving("linear"))
    wider = Function.from_integers(schema, [widest + 1, -widest - 1])
    assert wider.width_bits > 44, "a function keeps the limit of its integers; what can be searched is the scheme's"
    with pytest.raises(OutOfRangeError, match=r"function 0: results span 2\^44.0 .*fewer bits for data or weights"):
        require_searchable(wider.interval, serving("linear"))
    with pytest.raises(OutOfRangeError, match="fewer bits for data or weights"):
        Function.from_integers(schema, [2**46, -(2**46)])
    with pytest.raises(OutOfRangeError):
        exact_interval(np.array([[2**62, 2**62]]), np.array([0, 0]), np.array([2**62, 2**62]))


@pytest.mark.parametrize(
    ("weights", "rest", "complaint"),
    [
        ([0] * 6, {}, "all zero"),
        ([1.5] * 6, {}, "integers"),
        ([1] * 5, {}, "6 columns"),
        ([1] * 6, {"link": "tobit"}, "is not one of"),
        ([1] * 6, {"link": "logit"}, "needs classes"),
        ([1] * 6, {"link": "softmax", "classes": (0, 1)}, "does not go with"),
        ([1] * 6, {"classes": (0, 1, 2)}, "need 2 classes"),
        ([1] * 6, {"link": "cox", "classes": (0, 1)}, "baseline_survival"),
        ([1] * 6, {"link": "cox", "classes": (0, 1), "baseline_survival": 1.0}, "between 0 and 1"),
        ([1] * 6, {"scale": 0.0}, "positive"),
        ([1] * 6, {"scale": math.nan}, "positive"),
        ([1] * 6, {"intercept": 0.5}, "integers"),
    ],
)
def test_impossible_functions(schema: Schema, weights: list[float], rest: dict[str, object], complaint: str) -> None:
    with pytest.raises(ParameterError, match=complaint):
        Function.from_integers(schema, weights, **rest)


def test_arrays_are_the_functions_own(schema: Schema) -> None:
    weights = np.ones((1, 6), dtype=np.int64)
    function = Function.from_integers(schema, weights)
    weights[0, 0] = 99
    assert function.weights[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        function.weights[0, 0] = 2


def test_combined_batches_count_the_intercept_by_weight(schema: Schema) -> None:
    function = make(schema)
    x = schema.sample(np.random.default_rng(0), 5)
    w = np.array([2, -1, 3, 0, 1])
    inner = np.array([int(w @ (x @ function.weights[0]))])
    assert function.add_intercept(inner, int(w.sum())) == w @ function.evaluate(Encoded(x))
    assert function.add_intercept(np.array([1, 2]), np.array([1, 4])).tolist() == [12, 46]
    with pytest.raises(OutOfRangeError):
        function.add_intercept(np.array([2**63 - 1]))
    with pytest.raises(ParameterError, match="shape"):
        function.add_intercept(np.zeros((3, 2), dtype=np.int64))
    with pytest.raises(ParameterError, match="integers"):
        function.decision_function([0.5])


def test_two_class_outputs(schema: Schema) -> None:
    function = make(schema, link="logit", classes=("benign", "malignant"))
    scores = np.array([-3000, -1, 0, 1, 3000])
    decision = function.decision_function(scores)
    assert decision.tolist() == [-1500, -0.5, 0, 0.5, 1500]
    proba = function.predict_proba(scores)
    assert proba.shape == (5, 2)
    assert np.allclose(proba.sum(axis=1), 1)
    assert proba[1, 1] == pytest.approx(1 / (1 + math.exp(0.5)))
    assert proba[0, 1] == 0 and proba[4, 1] == 1
    assert function.predict(scores).tolist() == ["benign"] * 3 + ["malignant"] * 2


def test_many_class_links() -> None:
    decision = np.array([[1.0, 2.0, 3.0], [1000.0, 0.0, -1000.0], [-800.0, -800.0, -800.0]])
    softmax = probabilities("softmax", decision)
    assert softmax[0] == pytest.approx(np.exp([1, 2, 3]) / np.exp([1, 2, 3]).sum())
    assert softmax[1].tolist() == [1, 0, 0]
    ovr = probabilities("ovr", decision)
    single = 1 / (1 + np.exp(-decision[0]))
    assert ovr[0] == pytest.approx(single / single.sum())
    assert ovr[2] == pytest.approx([1 / 3] * 3)


def test_every_link_has_its_own_probabilities() -> None:
    decision = np.array([[0.5, 1.5]])
    for link in ("logit", "softmax", "ovr", "cox", "probit", "cloglog"):
        survival = 0.875 if link == "cox" else None
        one = link_named(link).outputs == "one"
        one_value = probabilities(link, decision[:, :1] if one else decision, survival)
        assert one_value.sum(axis=1) == pytest.approx([1])
    without = [("identity", None, "no probabilities"), ("exp", None, "no probabilities"), ("tobit", None, "not one of")]
    for link, survival, message in without:
        with pytest.raises(ParameterError, match=message):
            probabilities(link, decision, survival)


def test_the_class_of_a_risk_is_the_same_of_scores_and_of_decision_values(schema: Schema) -> None:
    function = make(schema, link="cox", classes=(0, 1), baseline_survival=0.95012)
    scores = np.arange(-20, 21)
    index = function.readout.class_index(function.decision_function(scores))
    assert index.tolist() == function.predict(scores).tolist() == (function.predict_proba(scores)[:, 1] > 0.5).tolist()


def test_cox_risk(schema: Schema) -> None:
    function = make(schema, link="cox", classes=(0, 1), baseline_survival=0.95012)
    scores = np.array([-4, 0, 4, 10**6])
    risk = function.predict_proba(scores)[:, 1]
    assert risk[:3] == pytest.approx(1 - 0.95012 ** np.exp([-2, 0, 2]))
    assert risk[3] == 1
    assert function.predict(scores).tolist() == [0, 0, 0, 1]


def test_regressions_have_no_probabilities(schema: Schema) -> None:
    function = make(schema)
    assert function.predict([4]).tolist() == [2.0]
    with pytest.raises(UnsupportedModelError, match="no probabilities"):
        function.predict_proba([4])


def test_round_trip_and_id(schema: Schema) -> None:
    function = make(
        schema, link="logit", classes=(False, True), max_error=np.array([0.125]), name="triage", exact_map=None
    )
    data = json.loads(json.dumps(function.to_dict()))
    again = Function.from_dict(data, schema)
    assert again == function and again.id == function.id and hash(again) == hash(function)
    assert again.classes == (False, True) and again.classes[0] is False
    assert np.array_equal(again.interval, function.interval)
    without = Function.from_dict(data)
    x = schema.sample(np.random.default_rng(0), 3)
    assert np.array_equal(without.evaluate(Encoded(x)), function.evaluate(Encoded(x)))
    with pytest.raises(ParameterError, match="does not know its schema"):
        without.evaluate(schema.decode(x))
    with pytest.raises(OutOfRangeError):
        without.evaluate(Encoded(np.full((1, 6), 2**60)))
    with pytest.raises(KeyMismatchError):
        Function.from_dict(data, Schema.from_ranges({name: (0, 1) for name in "abcdef"}))


@pytest.mark.parametrize("classes", [("a", "b"), (1, 2), (0.5, 1.5), (False, True)])
def test_class_labels_keep_their_type(schema: Schema, classes: tuple[object, ...]) -> None:
    function = make(schema, link="logit", classes=classes)
    again = Function.from_dict(json.loads(json.dumps(function.to_dict())))
    assert again.classes == classes
    assert [type(c) for c in again.classes or ()] == [type(c) for c in classes]
    assert again.predict([9]).tolist() == [classes[1]]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", 2),
        ("kind", "quadratic"),
        ("name", 3),
        ("name", b"x"),
        ("schema_id", "00"),
        ("schema_id", "A" * 64),
        ("weights", [[1.5] * 6]),
        ("weights", [[True] * 6]),
        ("weights", [[0] * 6]),
        ("weights", [[2**70] * 6]),
        ("weights", [[1] * 6, [1] * 5]),
        ("intercept", [1, 2]),
        ("scale", ["0.5"]),
        ("scale", ["nan"]),
        ("interval", [[5, 4]]),
        ("interval", [[0, 1]]),
        ("max_error", ["inf"]),
        ("link", "tobit"),
        ("classes", [["int", "0"]]),
        ("classes", [["int", "00"], ["int", "1"]]),
        ("classes", [["list", "0"], ["int", "1"]]),
        ("baseline_survival", (0.5).hex()),
        ("extra", 1),
    ],
)
def test_from_dict_refuses_what_to_dict_never_wrote(schema: Schema, field: str, value: object) -> None:
    data = make(schema).to_dict() | {field: value}
    with pytest.raises(DecodeError, match="not a function"):
        Function.from_dict(data, None if field == "schema_id" else schema)


@pytest.mark.parametrize("data", [{}, {"weights": None}, [], "x"])
def test_from_dict_of_something_else(data: object) -> None:
    with pytest.raises(DecodeError):
        Function.from_dict(data)  # type: ignore[arg-type]


def test_report_measures_what_scikit_learn_measures(schema: Schema) -> None:
    rng = np.random.default_rng(3)
    x = schema.sample(rng, 300)
    function = make(schema, link="logit", classes=("no", "yes"))
    scores = function.evaluate(Encoded(x))
    y = np.where(scores + rng.normal(0, 300, size=300) > 100, "yes", "no")
    report = function.report(schema.decode(x), y)
    assert report.metric == "AUC"
    assert report.metric_quantised == pytest.approx(roc_auc_score(y == "yes", scores))
    assert report.metric_float is None, "the float model is unknown here"
    priced = report_of(function, schema.decode(x), y)
    assert priced.rank == 1 and priced.ciphertext_bytes == 32 * 8
    assert priced.metric_quantised == report.metric_quantised
    text = str(report)
    assert "AUC kept" in text and "search width 2^10.2" in text

    regression = make(schema)
    target = regression.decision_function(scores) + rng.normal(size=300)
    report = regression.report(schema.decode(x), target)
    assert report.metric == "R2"
    assert report.metric_quantised == pytest.approx(r2_score(target, regression.decision_function(scores)))


def test_report_measures_the_concordance_of_times_and_events(schema: Schema) -> None:
    from lifelines.utils import concordance_index

    rng = np.random.default_rng(4)
    x = schema.sample(rng, 200)
    function = make(schema)
    scores = function.evaluate(Encoded(x))
    time, event = rng.exponential(np.exp(-scores / 500.0)), rng.random(200) < 0.7
    report = function.report(schema.decode(x), (time, event))
    assert report.metric == "C" and report.metric_quantised == pytest.approx(concordance_index(time, -scores, event))
    later = function.report(schema.decode(x), (-time - time.min(), event))
    assert later.metric_quantised is not None and later.metric_quantised >= 0.5, "of a time, higher is later"
    with pytest.raises(ParameterError, match="one output"):
        Function.from_integers(schema, np.eye(6, dtype=int)[:2]).report(schema.decode(x), (time, event))


def test_a_recalibration_reads_the_same_integers(schema: Schema) -> None:
    x = schema.sample(np.random.default_rng(5), 50)
    function = make(schema, link="logit", classes=("no", "yes"))
    scores = function.evaluate(Encoded(x))
    read = function.recalibrate(0.01, -0.3)
    decision = 0.01 * function.decision_function(scores) - 0.3
    assert read.decision_function(scores) == pytest.approx(decision)
    assert read.predict_proba(scores)[:, 1] == pytest.approx(1 / (1 + np.exp(-decision)))
    assert read.predict(scores).tolist() == ["yes" if d > 0 else "no" for d in decision]
    assert repr(read) == "Recalibrated(0.01 d + -0.3)"
    order = np.argsort(scores, kind="stable")
    assert (np.diff(read.decision_function(scores)[order]) >= 0).all()


def test_a_recalibration_of_several_outputs(schema: Schema) -> None:
    x = schema.sample(np.random.default_rng(6), 20)
    function = Function.from_integers(schema, np.eye(6, dtype=int)[:2], scale=[1.0, 2.0])
    scores = function.evaluate(Encoded(x))
    read = function.recalibrate(2, [1.0, -1.0])
    assert read.decision_function(scores) == pytest.approx(2 * scores * [1.0, 2.0] + [1.0, -1.0])
    assert read.predict(scores) == pytest.approx(read.decision_function(scores))
    assert function.recalibrate(2, 1).decision_function(scores) == pytest.approx(2 * scores * [1.0, 2.0] + 1)
    with pytest.raises(UnsupportedModelError):
        read.predict_proba(scores)


@pytest.mark.parametrize("a", [0, -1.0, math.nan, math.inf, "1", None, True, [1.0]])
def test_a_recalibration_keeps_the_order(schema: Schema, a: object) -> None:
    with pytest.raises(ParameterError, match="a is one finite number above zero"):
        make(schema).recalibrate(a)  # type: ignore[arg-type]


@pytest.mark.parametrize("b", [math.nan, math.inf, "x", [1.0, 2.0], None])
def test_a_recalibration_shifts_by_numbers(schema: Schema, b: object) -> None:
    with pytest.raises(ParameterError):
        make(schema).recalibrate(1.0, b)


def test_report_tells_the_scores_from_the_inner_products(schema: Schema) -> None:
    text = str(make(schema).report())
    assert "result range         -425 to 783 (with intercept)" in text
    assert "inner product range  -436 to 772; search width" in text


def test_bytes_are_read_with_their_schema(schema: Schema) -> None:
    data = make(schema).to_bytes()
    alone, together = Function.from_bytes(data), Function.from_bytes(data, schema=schema)
    assert alone == together and together.schema == schema
    with pytest.raises(ParameterError, match=r"Function.from_bytes\(data, schema=schema\)"):
        alone.report({"a": [1]})
    other = Schema.from_ranges({"a": (0, 1)})
    with pytest.raises(KeyMismatchError):
        Function.from_bytes(data, schema=other)
    with pytest.raises(ParameterError, match="needs a pyfe.Schema"):
        Function.from_integers(None, [1])  # type: ignore[arg-type]


def test_report_counts_saturated_values(schema: Schema) -> None:
    report = make(schema).report({"a": [1, 300, -2], "b": [0, 0, 9], "c": ["x", "y", "z"]})
    assert report.saturated == {"a": 2, "b": 1}
    assert "values               3 outside the schema clipped; 0 missing values replaced" in str(report)
    assert report.metric is None


# -- quadratic functions --


def quadratic(schema: Schema, seed: int = 0, k: int = 2, **rest: object) -> tuple[Function, np.ndarray]:
    """A random quadratic function and all its coefficients over (1, x)."""
    F = np.random.default_rng(seed).integers(-9, 10, size=(k, schema.n + 1, schema.n + 1))
    return Function.from_forms(schema, MatrixForms.dense(F), **rest), F


def test_quadratic_evaluate_is_exact(schema: Schema) -> None:
    function, F = quadratic(schema, intercept=[11, -4], scale=0.5)
    rng = np.random.default_rng(0)
    x = np.concatenate([schema.sample(rng, 30), schema.sample(rng, 30, ends=True)])
    z = np.concatenate([np.ones((60, 1), dtype=np.int64), x], axis=1)
    expected = np.stack([((z @ f) * z).sum(axis=1) for f in F], axis=1) + np.array([11, -4])
    scores = function.evaluate(Encoded(x))
    assert scores.dtype == np.int64 and np.array_equal(scores, expected)
    assert np.array_equal(function.evaluate(schema.decode(x)), expected)
    assert (function.k, function.n, function.kind) == (2, 6, "quadratic")
    low, high = function.result_interval.T
    assert (low <= scores.min(axis=0)).all() and (scores.max(axis=0) <= high).all()
    assert np.array_equal(function.decision_function(scores), 0.5 * expected)
    assert function.forms.dense_array()[:, 0, 0].tolist() == [0, 0], "constants are in the intercept"
    assert function.intercept.tolist() == [11 + F[0, 0, 0], -4 + F[1, 0, 0]]
    with pytest.raises(ParameterError, match="quadratic function has no weights"):
        function.weights  # noqa: B018


def test_a_linear_function_is_a_quadratic_one_too(schema: Schema) -> None:
    linear = make(schema)
    forms = linear.forms
    assert forms.dense_array()[0, 0].tolist() == [0, *linear.weights[0].tolist()]
    assert not forms.dense_array()[0, 1:].any()
    as_quadratic = Function.from_forms(schema, forms, intercept=11, scale=0.5)
    x = schema.sample(np.random.default_rng(1), 20)
    assert np.array_equal(as_quadratic.evaluate(Encoded(x)), linear.evaluate(Encoded(x)))
    assert np.array_equal(as_quadratic.interval, linear.interval) and as_quadratic.weight_bits == linear.weight_bits
    assert as_quadratic != linear


def test_quadratic_functions_travel(schema: Schema) -> None:
    P = np.random.default_rng(2).integers(-3, 4, size=(3, schema.n + 1))
    units = FactoredForms.squares(P, [[1, -1, 2], [0, 1, 1]])
    for forms in (units, units.matrix()):
        function = Function.from_forms(schema, forms, intercept=7, link="identity", classes=("a", "b"))
        again = Function.from_bytes(function.to_bytes(), schema=schema)
        assert again == function and type(again.forms) is type(function.forms)
        data = json.loads(json.dumps(function.to_dict()))
        assert "weights" not in data and Function.from_dict(data).forms == function.forms
        x = schema.sample(np.random.default_rng(0), 5)
        assert np.array_equal(Function.from_dict(data).evaluate(Encoded(x)), function.evaluate(Encoded(x)))
        with pytest.raises(OutOfRangeError):
            Function.from_dict(data).evaluate(Encoded(np.full((1, 6), 2**40)))
    factored, multiplied = (Function.from_forms(schema, forms) for forms in (units, units.matrix()))
    x = schema.sample(np.random.default_rng(3), 9)
    assert np.array_equal(factored.evaluate(Encoded(x)), multiplied.evaluate(Encoded(x)))
    assert factored.id != multiplied.id


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "linear"},
        {"weights": [[1] * 6]},
        {"forms": None},
        {"forms": {"form": "matrix"}},
        {"forms": {"form": "matrix", "shape": [1, 7, 7], "output": [0], "row": [1], "column": [0], "value": [1]}},
        {"forms": {"form": "matrix", "shape": [1, 7, 7], "output": [0], "row": [0], "column": [0], "value": [1]}},
        {"forms": {"form": "matrix", "shape": [1, 7, 7], "output": [], "row": [], "column": [], "value": []}},
        {"forms": {"form": "matrix", "shape": [1, 6, 7], "output": [0], "row": [0], "column": [1], "value": [1]}},
        {"interval": [[0, 1]]},
    ],
)
def test_quadratic_from_dict_refuses_what_to_dict_never_wrote(schema: Schema, change: dict[str, object]) -> None:
    data = quadratic(schema, k=1)[0].to_dict()
    assert Function.from_dict(data, schema).to_dict() == data
    with pytest.raises(DecodeError, match="not a function"):
        Function.from_dict(data | change, schema)


def test_impossible_quadratic_functions(schema: Schema) -> None:
    zero = np.zeros((7, 7), dtype=np.int64)
    constant_only, skew = zero.copy(), zero.copy()
    constant_only[0, 0] = 5
    skew[1, 2], skew[2, 1] = 3, -3
    for F in (zero, constant_only, skew):
        with pytest.raises(ParameterError, match="all zero"):
            Function.from_forms(schema, MatrixForms.dense(F))
    with pytest.raises(ParameterError, match="all zero"):
        Function.from_forms(schema, FactoredForms.squares([[1, 0, 0, 0, 0, 0, 0]], [5]))
    with pytest.raises(ParameterError, match=r"shape \[k, 7, 7\]"):
        Function.from_forms(schema, MatrixForms.dense(np.eye(6, dtype=np.int64)))
    with pytest.raises(ParameterError, match="needs a pyfe.Schema"):
        Function.from_forms(None, MatrixForms.dense(np.eye(7, dtype=np.int64)))  # type: ignore[arg-type]
    wide = Schema.from_ranges({"a": (0, 1), "b": (0, 1)}, bits=20)
    spread = Function.from_forms(wide, MatrixForms.dense([[0, 0, 0], [0, 0, 17], [0, 0, 0]]))
    with pytest.raises(OutOfRangeError, match=r"limit of qfe-ggm is 2\^44"):
        require_searchable(spread.interval, serving("quadratic"))


def test_report_of_quadratic_functions(schema: Schema) -> None:
    F = np.zeros((3, 7, 7), dtype=np.int64)
    F[0, 1, 2], F[0, 0, 1], F[1, 2, 1], F[2, 1, 1] = 3, 1, 1, 2
    F[2, 0, 0] = 9
    report = report_of(Function.from_forms(schema, MatrixForms.dense(F)))
    assert (report.kind, report.monomials, report.units, report.rank) == ("quadratic", 3, None, 3)
    # 2 points of G1 and 2 of G2 for each of 7 entries of (1, x), and one of each a row
    assert report.ciphertext_bytes == 7 * 2 * (48 + 96) + 48 + 96
    text = str(report)
    assert "3 output(s) of 6 coordinates, quadratic in 3 monomials" in text and "quadratic range" in text
    assert "rank 3 of 3" in text
    F[2] = F[0] * 2 - F[1]
    assert report_of(Function.from_forms(schema, MatrixForms.dense(F))).rank == 2
    units = FactoredForms.squares(np.eye(7, dtype=np.int64)[1:3], [[1, 1], [2, 2]])
    report = report_of(Function.from_forms(schema, units))
    assert (report.monomials, report.units, report.rank) == (2, 2, 1)
    assert "quadratic in 2 hidden units" in str(report)
