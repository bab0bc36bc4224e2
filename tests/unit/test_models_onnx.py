"""compile on ONNX graphs: the integers of the model they were exported from, every operator, links, the refusals."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
from sklearn.linear_model import GammaRegressor, LogisticRegression, PoissonRegressor, Ridge
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, PolynomialFeatures, StandardScaler
from sklearn.svm import SVC, SVR

import pyfe
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms
from pyfe.models import SquareNetwork, compile, from_callable
from pyfe.schema import Encoded, Schema, category, number, thresholds

onnx = pytest.importorskip("onnx")
skl2onnx = pytest.importorskip("skl2onnx")
ReferenceEvaluator = pytest.importorskip("onnx.reference").ReferenceEvaluator

Table = tuple[np.ndarray, np.ndarray]

CANCER: Table = load_breast_cancer(return_X_y=True)
CANCER = CANCER[0][:, :5], CANCER[1]
IRIS: Table = load_iris(return_X_y=True)
DIABETES: Table = load_diabetes(return_X_y=True, scaled=False)
NAMED_IRIS: Table = IRIS[0], np.array(["setosa", "versicolor", "virginica"])[IRIS[1]]

POLY2 = {"kernel": "poly", "degree": 2, "coef0": 1.0}
MODELS: dict[str, tuple[Table, Any]] = {
    "logistic": (CANCER, make_pipeline(StandardScaler(), LogisticRegression())),
    "softmax": (IRIS, make_pipeline(StandardScaler(), LogisticRegression())),
    "softmax of names": (NAMED_IRIS, make_pipeline(StandardScaler(), LogisticRegression())),
    "ridge": (DIABETES, make_pipeline(StandardScaler(), PCA(5), Ridge())),
    "LDA": (IRIS, LinearDiscriminantAnalysis()),
    "QDA, two classes": (CANCER, make_pipeline(StandardScaler(), QuadraticDiscriminantAnalysis(reg_param=0.1))),
    "QDA behind PCA": (IRIS, make_pipeline(PCA(3), QuadraticDiscriminantAnalysis())),
    "naive Bayes": (IRIS, GaussianNB()),
    "naive Bayes, two classes": (CANCER, make_pipeline(StandardScaler(), GaussianNB())),
    "ridge on products": (DIABETES, make_pipeline(StandardScaler(), PolynomialFeatures(2), Ridge(10))),
    "logistic on products": (CANCER, make_pipeline(StandardScaler(), PolynomialFeatures(2), LogisticRegression(C=0.1))),
    "polynomial SVM": (CANCER, make_pipeline(StandardScaler(), SVC(**POLY2))),
}


def exported(model: Any, X: np.ndarray, dtype: Any = np.float64, **options: Any) -> Any:
    return skl2onnx.to_onnx(model, X[:1].astype(dtype), **options)


def graph(text: str) -> Any:
    """A model in onnx's text form."""
    return onnx.parser.parse_model('<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>\n' + text)


def cells(count: int, bits: int = 4) -> Schema:
    return Schema.from_ranges({f"x{i}": (-1, 1) for i in range(count)}, bits=bits)


def decision(function: pyfe.Function, x: np.ndarray) -> np.ndarray:
    return function.decision_function(function.evaluate(Encoded(x)))


@pytest.mark.parametrize("name", MODELS)
def test_the_integers_of_the_exported_model(name: str) -> None:
    """From the graph, from the estimator, and from a callable: the same integers."""
    (X, y), model = MODELS[name]
    model.fit(X, y)
    schema = Schema.fit(X, bits=5)
    own, read = (compile(m, schema, weight_bits=12) for m in (model, exported(model, X)))
    assert (read.kind, read.link, read.classes) == (own.kind, own.link, own.classes)
    assert read.forms == own.forms
    assert read.intercept.tolist() == own.intercept.tolist()
    np.testing.assert_allclose(read.scale, own.scale, rtol=1e-6)

    def values(rows: np.ndarray) -> np.ndarray:
        return np.asarray(own.exact_map(schema.encode_real(rows)) if callable(own.exact_map) else model_values(rows))

    def model_values(rows: np.ndarray) -> np.ndarray:
        return np.asarray(model.decision_function(rows) if hasattr(model, "decision_function") else model.predict(rows))

    probed = from_callable(values, schema, link=own.link, classes=own.classes, weight_bits=12)
    assert probed.forms == read.forms


@pytest.mark.parametrize("name", MODELS)
def test_float32_within_the_bound(name: str) -> None:
    (X, y), model = MODELS[name]
    model.fit(X, y)
    schema = Schema.fit(X, bits=5)
    read = compile(exported(model, X, np.float32), schema, weight_bits=14)
    own = compile(model, schema, weight_bits=14)
    assert (read.kind, read.link, read.classes) == (own.kind, own.link, own.classes)
    x = schema.sample(np.random.default_rng(1), 300)
    assert (np.abs(decision(read, x) - decision(own, x)) <= read.max_error + own.max_error).all()


def test_outputs_as_tensors() -> None:
    """Without ZipMap the classes come from where the index is looked up, and are compared with the graph's own."""
    (X, y), model = MODELS["softmax of names"]
    model.fit(X, y)
    schema = Schema.fit(X, bits=5)
    plain = compile(exported(model, X, options={"zipmap": False}), schema)
    assert plain.classes == ("setosa", "versicolor", "virginica")
    assert plain == compile(exported(model, X), schema)
    report = plain.report(X, y)
    assert report.agreement is not None
    assert report.agreement > 0.97


def test_an_exponential_is_a_link() -> None:
    """The output is the exponential of the score; the score cut off by name is what it says."""
    X, y = DIABETES
    for model in (PoissonRegressor(), GammaRegressor()):
        model = make_pipeline(StandardScaler(), model).fit(X, y)
        schema = Schema.fit(X, bits=5)
        whole = exported(model, X)
        function = compile(whole, schema)
        assert (function.kind, function.link, function.classes) == ("linear", "exp", None)
        x = schema.sample(np.random.default_rng(2), 300)
        scores = function.evaluate(Encoded(x))
        theirs = model.predict(schema.decode(x))
        assert (np.abs(theirs - function.predict(scores)) <= function.output_error(scores)).all()
        (exp,) = (node for node in whole.graph.node if node.op_type == "Exp")
        whole.graph.output[0].name = exp.input[0]
        function = compile(whole, schema)
        assert (function.kind, function.link) == ("linear", "identity")
        assert np.abs(np.log(theirs) - decision(function, x)).max() <= function.max_error[0]


SCORE = "s = MatMul(x, w)  b = Add(s, c)"
ENDS = {
    "y = Exp(b)": "exp",
    "y = Sigmoid(b)": "logit",
    "e = Neg(b)  y = Sigmoid(e)": None,
    "y = Sqrt(b)": None,
    "y = Reciprocal(b)": None,
    "y = Log(b)": None,
    "y = Softplus(b)": None,
    "y = Tanh(b)": None,
    "y = Erf(b)": None,
    "y = Mul(b, b)": "identity",
    'y = ai.onnx.ml.LinearRegressor<coefficients = [1.0], post_transform = "LOGISTIC">(b)': None,
    'y = ai.onnx.ml.LinearRegressor<coefficients = [1.0], post_transform = "PROBIT">(b)': None,
}


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_a_graph_is_a_known_link_or_refused(end: str) -> None:
    """One score and what a graph makes of it: what is handed out is the graph's own output through the link."""
    constants = "<double[3, 1] w = {1.0, -0.5, 0.25}, double[1] c = {3.0}>"
    model = graph(f"g (double[N, 3] x) => (double[N, 1] y) {constants} {{ {SCORE}  {end} }}")
    schema = cells(3)
    if ENDS[end] is None and "Neg" not in end:
        with pytest.raises(UnsupportedModelError, match="link|residual|not implemented"):
            compile(model, schema)
        return
    function = compile(model, schema, weight_bits=10)
    x = schema.sample(np.random.default_rng(6), 300)
    theirs = ReferenceEvaluator(model).run(None, {"x": schema.decode(x)})[0]
    scores = function.evaluate(Encoded(x))
    ours = function.predict_proba(scores)[:, 1] if function.link == "logit" else function.predict(scores)
    bound = function.output_error(scores).reshape(len(x), -1)[:, 0]
    assert (np.abs(ours - theirs.ravel()) <= bound).all()
    assert function.link == (ENDS[end] or function.link)


@pytest.mark.parametrize("post", ["NONE", "LOGISTIC", "PROBIT", "SOFTMAX", "SOFTMAX_ZERO"])
@pytest.mark.parametrize("classes", [2, 3])
def test_every_end_of_a_linear_classifier(post: str, classes: int) -> None:
    """Its scores, the two links that it has, or a refusal; never scores for probabilities."""
    rng = np.random.default_rng(classes)
    node = onnx.helper.make_node(
        "LinearClassifier", ["x"], ["label", "p"], domain="ai.onnx.ml", post_transform=post, multi_class=1,
        coefficients=rng.normal(size=3 * classes).tolist(), intercepts=rng.normal(size=classes).tolist(),
        classlabels_ints=list(range(classes)),
    )  # fmt: skip
    kinds = [("x", onnx.TensorProto.DOUBLE, [None, 3]), ("label", onnx.TensorProto.INT64, [None]),
             ("p", onnx.TensorProto.FLOAT, [None, classes])]  # fmt: skip
    given, label, p = (onnx.helper.make_tensor_value_info(*kind) for kind in kinds)
    opsets = [onnx.helper.make_opsetid("", 17), onnx.helper.make_opsetid("ai.onnx.ml", 3)]
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [given], [label, p]), opset_imports=opsets)
    links = {"NONE": "identity", "SOFTMAX": "logit" if classes == 2 else "softmax", "LOGISTIC": "logit_each"}
    expected = links.get(post)
    if expected is None:
        with pytest.raises(UnsupportedModelError, match="no known link|residual"):
            compile(model, cells(3))
        return
    assert compile(model, cells(3)).link == expected


def test_support_vectors_are_probed() -> None:
    X, y = DIABETES
    model = make_pipeline(StandardScaler(), SVR(C=100, **POLY2)).fit(X, y)
    schema = Schema.fit(X, bits=5)
    function = compile(exported(model, X, np.float32), schema, weight_bits=12)
    assert function.kind == "quadratic"
    x = schema.sample(np.random.default_rng(3), 200)
    difference = decision(function, x) - model.predict(schema.decode(x))
    assert np.abs(difference).max() <= function.max_error[0] + 1e-2  # the graph itself is float32


def test_columns_as_inputs_of_their_own() -> None:
    """One input a column, text among them: matched by name, whatever the order of the schema."""
    rng = np.random.default_rng(4)
    X = pd.DataFrame({"age": rng.uniform(20, 90, 200), "bmi": rng.uniform(15, 45, 200)})
    X["stage"] = rng.choice(["I", "II", "III"], 200)
    y = (X["age"] / 30 + (X["stage"] == "III") + rng.normal(size=200) > 2.5).astype(int)
    model = make_pipeline(
        make_column_transformer((StandardScaler(), ["age", "bmi"]), (OneHotEncoder(), ["stage"])), LogisticRegression()
    ).fit(X, y)
    kinds = skl2onnx.common.data_types
    inputs = [
        (name, (kinds.StringTensorType if name == "stage" else kinds.DoubleTensorType)([None, 1])) for name in X.columns
    ]
    schema = Schema(
        {"bmi": number(15, 45, bits=6), "stage": category(["I", "II", "III"]), "age": number(20, 90, bits=6)}
    )
    own, read = (
        compile(m, schema, weight_bits=10)
        for m in (model, skl2onnx.convert_sklearn(model, initial_types=inputs, options={"zipmap": False}))
    )
    assert read.weights.tolist() == own.weights.tolist()
    assert read.link == "logit"
    with pytest.raises(ParameterError, match="input 'bmi', which is no column"):
        compile(
            skl2onnx.convert_sklearn(model, initial_types=inputs),
            Schema({name: c for name, c in schema.columns.items() if name != "bmi"}),
        )


# -- networks --


def network_of(hidden: int, inputs: int, outputs: int, seed: int = 5) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {
        "W1": rng.normal(size=(hidden, inputs)) / np.sqrt(inputs),
        "b1": rng.normal(size=hidden),
        "W2": rng.normal(size=(outputs, hidden)),
        "b2": rng.normal(size=outputs),
    }


def network_graph(weights: dict[str, np.ndarray], body: str, columns: int) -> Any:
    model = graph(f"net (double[N, {columns}] x) => (double[N, M] y) {{ {body} }}")
    model.graph.initializer.extend(onnx.numpy_helper.from_array(array, name) for name, array in weights.items())
    onnx.checker.check_model(model)
    return model


WRITINGS = {
    "gemm, times itself": "a = Gemm<transB=1>(x, W1, b1)  s = Mul(a, a)  y = Gemm<transB=1>(s, W2, b2)",
    "matmul, power": """
        V1 = Transpose<perm=[1, 0]>(W1)  V2 = Transpose<perm=[1, 0]>(W2)  two = Constant<value_float = 2.0>()
        m = MatMul(x, V1)  a = Add(b1, m)  s = Pow(a, two)  t = MatMul(s, V2)  y = Add(t, b2)""",
    "softmax behind": """
        a = Gemm<transB=1>(x, W1, b1)  s = Mul(a, a)  z = Gemm<transB=1>(s, W2, b2)  y = Softmax<axis=1>(z)""",
}


@pytest.mark.parametrize("writing", WRITINGS)
def test_networks_of_squares_stay_networks(writing: str) -> None:
    weights, schema = network_of(5, 8, 3), cells(8)
    link = "softmax" if "Softmax" in WRITINGS[writing] else "identity"
    own = compile(SquareNetwork(**weights, link=link), schema)
    read = compile(network_graph(weights, WRITINGS[writing], 8), schema)
    assert isinstance(read.forms, FactoredForms)
    assert read.forms == own.forms
    assert read.intercept.tolist() == own.intercept.tolist()
    assert (read.link, read.classes) == (own.link, own.classes)


@pytest.mark.slow
def test_a_network_of_784_pixels() -> None:
    weights = network_of(40, 784, 10)
    schema = Schema.from_ranges({f"p{i}": (0, 1) for i in range(784)}, bits=3)
    start = time.process_time()
    read = compile(network_graph(weights, WRITINGS["gemm, times itself"], 784), schema, width_bits=34)
    assert time.process_time() - start < 60
    assert read.forms == compile(SquareNetwork(**weights), schema, width_bits=34).forms


def test_a_layer_beside_the_squares() -> None:
    """A residual connection is the linear part; combinations of products that are no squares are multiplied out."""
    weights, schema = network_of(3, 4, 4), cells(4)
    skip = network_graph(
        weights, "a = Gemm<transB=1>(x, W1, b1) s = Mul(a, a) g = Gemm<transB=1>(s, W2, b2) y = Add(g, x)", 4
    )
    own = compile(SquareNetwork(**weights, skip=np.eye(4)), schema)
    assert compile(skip, schema).forms == own.forms
    body = "a = Gemm<transB=1>(x, W1, b1) b = Add(a, b1) p = Mul(a, b) y = Gemm<transB=1>(p, W2, b2)"
    products = network_graph(weights, body, 4)
    function = compile(products, schema)
    assert not isinstance(function.forms, FactoredForms)
    x = schema.sample(np.random.default_rng(6), 200)
    real = schema.decode(x)
    a = real @ weights["W1"].T + weights["b1"]
    theirs = (a * (a + weights["b1"])) @ weights["W2"].T + weights["b2"]
    assert (np.abs(theirs - decision(function, x)) <= function.max_error).all()


# -- operators, one graph each, against numpy --

Q, C = np.arange(9.0).reshape(3, 3), np.array([2.0, 4.0, 8.0])

OPERATORS: dict[str, tuple[str, Any]] = {
    "arithmetic": (
        "d = Sub(c, x) e = Div(d, c) f = Neg(e) g = Sum(f, x, c) y = Mul(g, x)",
        lambda x: (-(C - x) / C + x + C) * x,
    ),
    "reductions": (
        """ax = Constant<value_ints=[1]>() s = ReduceSum<keepdims=1>(x, ax) m = ReduceMean<axes=[-1]>(x)
           q = ReduceSumSquare<axes=[1]>(x) p = Mul(s, m) y = Add(p, q)""",
        lambda x: x.sum(axis=1) ** 2 / 3 + (x**2).sum(axis=1),
    ),
    "a product along an axis": (
        """i = Constant<value_ints=[0, 2]>() g = Gather<axis=1>(x, i) p = ReduceProd<axes=[1], keepdims=0>(g)
           ax = Constant<value_ints=[1]>() y = Unsqueeze(p, ax)""",
        lambda x: x[:, 0] * x[:, 2],
    ),
    "moving entries": (
        """f = Flatten<axis=1>(x) n = Constant<value_ints=[-1, 3, 1]>() r = Reshape(f, n)
           t = Transpose<perm=[0, 2, 1]>(r) ax = Constant<value_ints=[1]>() s = Squeeze(t, ax)
           k = Constant<value_ints=[2, 1]>() u, v = Split<axis=1>(s, k) w = Concat<axis=1>(v, u)
           a = Constant<value_ints=[1]>() b = Constant<value_ints=[3]>() z = Slice(w, a, b, ax)
           d = Cast<to=11>(z) i = Identity(d) y = Mul(d, i)""",
        lambda x: x[:, :2] ** 2,
    ),
    "a quadratic form": (
        "m = MatMul(x, Q) p = Mul(m, x) ax = Constant<value_ints=[1]>() y = ReduceSum(p, ax)",
        lambda x: ((x @ Q) * x).sum(axis=1),
    ),
    "powers of one": ("o = Constant<value_float=1.0>() y = Pow(x, o)", lambda x: x),
    "a constant in front of a matrix": (
        "t = Transpose<perm=[1, 0]>(x) m = MatMul(Q, t) u = Transpose<perm=[1, 0]>(m) y = Mul(u, u)",
        lambda x: (x @ Q.T) ** 2,
    ),
    "machine learning": (
        """a = ai.onnx.ml.Scaler<offset=[1.0, 0.0, -1.0], scale=[2.0, 1.0, 0.5]>(x)
           y = ai.onnx.ml.LinearRegressor<
               coefficients=[1.0, 2.0, 3.0, -1.0, 0.0, 1.0], intercepts=[5.0, 7.0], targets=2>(a)""",
        lambda x: ((x - [1, 0, -1]) * [2, 1, 0.5]) @ [[1, -1], [2, 0], [3, 1]] + [5, 7],
    ),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name: str) -> None:
    body, by_hand = OPERATORS[name]
    constants = "<double[3, 3] Q = {0, 1, 2, 3, 4, 5, 6, 7, 8}, double[3] c = {2, 4, 8}>"
    model, schema = graph(f"g (double[N, 3] x) => (double[N, M] y) {constants} {{ {body} }}"), cells(3)
    onnx.checker.check_model(model)
    function = compile(model, schema, weight_bits=14)
    x = schema.sample(np.random.default_rng(7), 200)
    theirs = by_hand(schema.decode(x)).reshape(len(x), -1)
    assert (np.abs(theirs - decision(function, x).reshape(len(x), -1)) <= function.max_error).all()
    assert function.max_error.max() < 0.3


def test_functions_of_the_graph_are_written_out() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
        g (double[N, 2] x) => (double[N, 2] y) { a = own.squared(x)  y = Add(a, x) }
        <domain: "own", opset_import: ["" : 17]> squared (v) => (w) { w = Mul(v, v) }"""
    schema = cells(2)
    function = compile(onnx.parser.parse_model(text), schema)
    x = schema.sample(np.random.default_rng(8), 100)
    real = schema.decode(x)
    assert (np.abs(real**2 + real - decision(function, x)) <= function.max_error).all()


def test_a_column_on_its_scale_is_probed() -> None:
    """The graph takes the raw value and its logarithm itself; the schema has the column on that scale."""
    schema = Schema.from_ranges({"dose": number(1, 100, bits=5, transform="log"), "age": number(20, 90, bits=5)})
    model = graph(
        "g (double[N, 1] dose, double[N, 1] age) => (double[N, 1] y) { l = Log(dose) p = Mul(l, age) y = Add(p, l) }"
    )
    function = compile(model, schema)
    x = schema.sample(np.random.default_rng(9), 100)
    table = schema.decode_columns(x)
    theirs = np.log(table["dose"]) * (table["age"] + 1)
    assert np.abs(theirs - decision(function, x)).max() <= function.max_error[0]


def test_bits_are_inputs_by_their_value() -> None:
    """Categories of numbers are given to the graph as the values they decode to. Thresholds too, and a graph that is
    not constant between them is refused: the decoded value stands for a whole interval."""
    cuts = Schema({"sex": category([1, 2]), "grade": category([1, 3, 4]), "age": thresholds([40.0, 60.0])})
    with pytest.raises(UnsupportedModelError, match="at and between the cuts.*'age' at its cut"):
        compile(graph("g (double[N, 3] x) => (double[N, 3] y) { y = Mul(x, x) }"), cuts, weight_bits=14)
    schema = Schema({"sex": category([1, 2]), "grade": category([1, 3, 4]), "old": number(0, 1, step=1)})
    model = graph("g (double[N, 3] x) => (double[N, 3] y) { y = Mul(x, x) }")
    function = compile(model, schema, weight_bits=14)
    x = schema.sample(np.random.default_rng(10), 100)
    assert (np.abs(schema.decode(x).astype(float) ** 2 - decision(function, x)) <= function.max_error).all()


def test_two_outputs_of_a_regression_stay_two() -> None:
    model = graph("g (double[N, 2] x) => (double[N, 2] y) { y = Neg(x) }")
    function = compile(model, cells(2), weight_bits=4)
    assert (function.k, function.classes) == (2, None)


# -- refusals --


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("a = Relu(x) y = Mul(a, a)", r"node 0 \(Relu\) is no polynomial; .*; measured residual"),
        ("a = Mul(x, x) y = Mul(a, x)", r"node 1 \(Mul\) multiplies something quadratic .* degree three"),
        (
            "c = Constant<value_float=3.0>() y = Pow(x, c)",
            r"node 1 \(Pow\) raises to the power 3; .*; measured residual",
        ),
        ("b = Mul(x, x) y = Div(x, b)", r"node 1 \(Div\) divides by a column"),
        ("a = Cast<to=7>(x) y = Cast<to=11>(a)", r"node 0 \(Cast\) rounds to another type"),
        ("a = Tanh(x) y = Softmax<axis=1>(a)", r"node 0 \(Tanh\) is no polynomial"),
    ],
)
def test_refusals_name_the_node(body: str, wanted: str) -> None:
    with pytest.raises(UnsupportedModelError, match=wanted):
        compile(graph(f"g (double[N, 3] x) => (double[N, 3] y) {{ {body} }}"), cells(3))


def test_named_nodes_are_named() -> None:
    model = graph("g (double[N, 3] x) => (double[N, 3] y) { [bend] y = Relu(x) }")
    model.graph.node[0].name = "bend"
    with pytest.raises(UnsupportedModelError, match=r"g is neither .* node 0 'bend' \(Relu\)"):
        compile(model, cells(3))


def test_shapes_must_fit() -> None:
    with pytest.raises(ParameterError, match="takes 3 columns, the schema has 2"):
        compile(graph("g (double[N, 3] x) => (double[N, 3] y) { y = Neg(x) }"), cells(2))
    with pytest.raises(UnsupportedModelError, match="no output of real numbers"):
        compile(graph("g (double[N, 2] x) => (int64[N] y) { y = ArgMax<axis=1, keepdims=0>(x) }"), cells(2))


def test_operators_that_nobody_implements() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "own" : 1]>
        g (double[N, 2] x) => (double[N, 2] y) { y = own.Mystery(x) }"""
    with pytest.raises(UnsupportedModelError, match=r"node 0 \(Mystery\) is no polynomial"):
        compile(onnx.parser.parse_model(text), cells(2))


def test_sums_over_rows_are_found_out() -> None:
    """A graph that mixes rows is read for one row, and refused by the comparison with many."""
    model = graph(
        "g (double[N, 2] x) => (double[N, 2] y) { a = Constant<value_ints=[0]>() s = ReduceSum(x, a) y = Sub(x, s) }"
    )
    with pytest.raises(UnsupportedModelError, match="measured residual"):
        compile(model, cells(2))


def test_classes_that_are_not_of_the_largest_score() -> None:
    """A label that follows a threshold of its own."""
    model = graph(
        """g (double[N, 2] x) => (int64[N] label, double[N, 2] y)
           { n = Neg(x) label = ArgMax<axis=1, keepdims=0>(n) y = Softmax<axis=1>(x) }"""
    )
    with pytest.raises(UnsupportedModelError, match="no known link leads from"):
        compile(model, cells(2))


ODD_ENDS = {
    "probability": "p = Sigmoid(z) hit = Equal(first, odd) y = Where(hit, high, p)",
    "score": "hit = Equal(first, odd) y = Where(hit, high, z)",
}


@pytest.mark.parametrize("end", ODD_ENDS)
def test_an_output_that_is_another_at_one_value(end: str) -> None:
    """The 512 rows that find the link do not hold it; every code of the columns does."""

    def model(odd: float) -> Any:
        return graph(
            f"""g (double[N, 2] x) => (double[N, 1] y)
                <double[2, 1] w = {{1, 2}}, double odd = {{{odd!r}}}, double high = {{0.75}}, int64[1] at = {{0}}>
                {{ z = MatMul(x, w) first = Gather<axis=1>(x, at) {ODD_ENDS[end]} }}"""
        )

    schema = Schema.from_ranges({"a": number(0, 8191, step=1), "b": number(-1, 1, bits=4)})
    assert compile(model(-5.0), schema).link == ("logit" if end == "probability" else "identity")
    with pytest.raises(UnsupportedModelError, match="output of g is not the link"):
        compile(model(3210.0), schema)


def test_a_label_with_a_threshold_of_its_own_is_found_however_near() -> None:
    def model(threshold: float) -> Any:
        return graph(
            f"""g (double[N, 2] x) => (int64[N, 1] label, double[N, 1] y)
                <double[2, 1] w = {{1, 2}}, double t = {{{threshold!r}}}>
                {{ z = MatMul(x, w) y = Sigmoid(z) above = Greater(y, t) label = Cast<to=7>(above) }}"""
        )

    assert compile(model(0.5), cells(2, bits=12)).classes == (0, 1)
    with pytest.raises(UnsupportedModelError, match="does not predict the class of its largest decision value"):
        compile(model(0.5001), cells(2, bits=12))
