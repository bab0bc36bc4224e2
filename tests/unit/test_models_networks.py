"""compile on networks with one hidden layer of squares: bounds, widths, classes, the weights format, torch modules."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_digits
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import pyfe
from pyfe.cli.training import train_squares
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms
from pyfe.models import SquareNetwork, compile, from_callable
from pyfe.models.real.squares import RealSquares
from pyfe.models.rounding.squares import fewest_square_bits, round_squares
from pyfe.schema import Encoded, Schema, category, constant, number, thresholds

X8, DIGIT = load_digits(return_X_y=True)
X8 = X8 / 16
HELD_OUT = np.random.default_rng(0).permutation(len(X8)) % 3 == 0


def pixels(count: int, bits: int) -> Schema:
    return Schema.from_ranges({f"p{i}": (0, 1) for i in range(count)}, bits=bits)


def large(small: np.ndarray) -> np.ndarray:
    """8 x 8 images as 28 x 28: every pixel 4 x 4 times, cut to the middle."""
    return np.kron(small.reshape(-1, 8, 8), np.ones((1, 4, 4)))[:, 2:30, 2:30].reshape(len(small), 784)


@pytest.fixture(scope="module")
def network8() -> SquareNetwork:
    return train_squares(X8[~HELD_OUT], DIGIT[~HELD_OUT])


@pytest.fixture(scope="module")
def network28() -> SquareNetwork:
    return train_squares(large(X8[~HELD_OUT]), DIGIT[~HELD_OUT], hidden=40, epochs=12, rate=1e-3)


def extreme_rows(network: SquareNetwork, schema: Schema, count: int) -> np.ndarray:
    """Random rows, range ends, and for every unit the rows that take it to its two ends."""
    rng = np.random.default_rng(1)
    random = [schema.sample(rng, count), schema.sample(rng, count, ends=True)]
    ends = [np.where(sign * network.W1 > 0, schema.hi, schema.lo) for sign in (1, -1)]
    return np.concatenate(random + ends)


def assert_within_bound(network: SquareNetwork, schema: Schema, function: pyfe.Function, x: np.ndarray) -> np.ndarray:
    theirs = np.atleast_2d(network.decision_function(schema.decode(x)).T).T
    scores = function.evaluate(Encoded(x))
    ours = np.atleast_2d(function.decision_function(scores).T).T
    assert (np.abs(theirs - ours) <= function.max_error).all()
    inner = function.map.evaluate(x)
    assert (inner >= function.interval[:, 0]).all()
    assert (inner <= function.interval[:, 1]).all()
    return theirs


@pytest.mark.parametrize("bits", [2, 4])
def test_digits_within_the_bound_and_the_width(network8: SquareNetwork, bits: int) -> None:
    schema = pixels(64, bits)
    function = compile(network8, schema, reference=X8[~HELD_OUT])
    assert isinstance(function.forms, FactoredForms)
    assert function.forms.same
    assert function.forms.units <= 30
    assert function.width_bits <= 32
    x = np.concatenate([schema.encode(X8[HELD_OUT]).x, extreme_rows(network8, schema, 200)])
    assert_within_bound(network8, schema, function, x)
    scores = function.evaluate(X8[HELD_OUT])
    assert function.classes == tuple(range(10))
    same = function.predict(scores) == network8.decision_function(X8[HELD_OUT]).argmax(axis=1)
    assert same.mean() >= 0.97
    assert (function.predict(scores) == DIGIT[HELD_OUT]).mean() >= 0.94
    np.testing.assert_allclose(function.predict_proba(scores).sum(axis=1), 1.0)


def test_images_of_784_pixels_compile_within_seconds(network28: SquareNetwork) -> None:
    images, schema = large(X8), pixels(784, 4)
    start = time.process_time()
    function = compile(network28, schema, reference=images[~HELD_OUT])
    assert time.process_time() - start < 30
    assert function.forms.units == 40
    assert (function.forms.n, function.k) == (785, 10)
    assert function.width_bits <= 32
    assert_within_bound(network28, schema, function, extreme_rows(network28, schema, 50))
    theirs = network28.decision_function(images[HELD_OUT]).argmax(axis=1)
    assert (function.predict(function.evaluate(images[HELD_OUT])) == theirs).mean() >= 0.97


def test_a_wider_budget_gives_a_smaller_error(network8: SquareNetwork) -> None:
    schema = pixels(64, 4)
    errors = []
    for width_bits in (28, 32, 36):
        function = compile(network8, schema, reference=X8[~HELD_OUT], width_bits=width_bits)
        assert function.width_bits <= width_bits
        errors.append(function.max_error.max())
    assert errors[0] > errors[1] > errors[2]


def test_auto_takes_the_narrowest_that_keeps_the_answer(network8: SquareNetwork) -> None:
    schema, loose = pixels(64, 2), {"reference": X8[~HELD_OUT], "width_bits": 40}
    widths = [compile(network8, schema, tolerance=t, **loose).width_bits for t in (0.01, 0.03, 0.1)]
    assert widths[0] > widths[1] > widths[2]
    function = compile(network8, schema, tolerance=0.03, **loose)
    x = schema.encode(X8[~HELD_OUT]).x
    theirs = network8.decision_function(schema.decode(x))
    difference = theirs - function.decision_function(function.evaluate(Encoded(x)))
    low, high = np.quantile(theirs, [0.25, 0.75], axis=0)
    assert (difference.std(axis=0) <= 0.03 * (high - low)).all()


def test_explicit_bits_bound_every_entry(network8: SquareNetwork) -> None:
    schema = pixels(64, 2)
    for bits in (4, 6, 8):
        function = compile(network8, schema, weight_bits=bits)
        assert function.weight_bits <= bits
        assert_within_bound(network8, schema, function, extreme_rows(network8, schema, 50))
    with pytest.raises(OutOfRangeError, match="fewer bits"):
        compile(network8, pixels(64, 8), weight_bits=16)


def test_a_hopeless_width_is_refused(network28: SquareNetwork) -> None:
    with pytest.raises(OutOfRangeError, match=r"2\^20 are allowed"):
        compile(network28, pixels(784, 8), reference=large(X8[:100]), width_bits=20)
    with pytest.raises(UnsupportedModelError, match="times the tolerance"):
        compile(network28, pixels(784, 8), reference=large(X8[:100]), width_bits=32)


def test_one_unit_by_hand() -> None:
    """(2 x - 1)^2 + 3 with x = q / 2 is (q - 1)^2 + 3."""
    schema = Schema.from_ranges({"x": number(0, 2, step=0.5)})
    function = compile(SquareNetwork([[2.0]], [-1.0], [1.0], 3.0), schema, weight_bits=None)
    assert function.forms == FactoredForms.squares([[-1, 1]], [[1]])
    assert function.scale.tolist() == [1.0]
    assert function.evaluate({"x": [0.0, 0.5, 2.0]}).tolist() == [4, 3, 12]
    assert function.result_interval.tolist() == [[3, 12]]
    assert function.max_error[0] < 1e-9
    with pytest.raises(ParameterError, match=r"hidden weight \(0, 1\) is 0.5 per step"):
        compile(SquareNetwork([[1.0]], [0.0], [1.0]), schema, weight_bits=None)


def test_a_linear_part_travels_as_products() -> None:
    """(x + y)^2 - 3 x + 5 y + 1, exactly."""
    schema = Schema.from_ranges({"x": number(0, 7, step=1), "y": number(0, 7, step=1)})
    network = SquareNetwork([[1, 1]], [0], [[1]], [1], skip=[[-3, 5]])
    function = compile(network, schema, weight_bits=None)
    x = schema.sample(np.random.default_rng(0), 50)
    wanted = (x[:, 0] + x[:, 1]) ** 2 - 3 * x[:, 0] + 5 * x[:, 1] + 1
    assert function.evaluate(Encoded(x)).tolist() == wanted.tolist()
    assert not function.forms.same


@pytest.mark.parametrize("bits", ["auto", 5, 8])
def test_regression_with_a_linear_part(bits: Any) -> None:
    X, _ = load_diabetes(return_X_y=True)
    rng = np.random.default_rng(5)
    W1, W2 = rng.normal(size=(4, 10)) * 10, np.array([[1.0, -2.0, 0.5, 1.0], [100.0, 3.0, 20.0, -50.0]])
    network = SquareNetwork(W1, rng.normal(size=4), W2, [5.0, -7.0], skip=rng.normal(size=(2, 10)) * [[9.0], [500.0]])
    schema = Schema.fit(X, bits=5)
    function = compile(network, schema, weight_bits=bits, reference=X, width_bits=36)
    assert function.k == 2
    assert function.classes is None
    assert function.scale[1] > 5 * function.scale[0]  # outputs that are not compared have scales of their own
    if bits != "auto":
        assert function.weight_bits <= bits
    x = np.concatenate([schema.encode(X, "clip").x, extreme_rows(network, schema, 200)])
    theirs = assert_within_bound(network, schema, function, x)
    if bits == "auto":
        ours = function.decision_function(function.evaluate(Encoded(x)))
        low, high = np.quantile(theirs[: len(X)], [0.25, 0.75], axis=0)
        assert ((theirs - ours)[: len(X)].std(axis=0) <= 0.2 * (high - low)).all()


def test_categories_thresholds_and_constants_are_inputs_too() -> None:
    schema = Schema(
        {
            "age": number(20, 100, step=5),
            "dose": number(1, 100, bits=4, transform="log"),
            "stage": category(["I", "II", "III"]),
            "smoker": category(["no", "yes"]),
            "marker": thresholds([1.0, 2.5, 4.0]),
            "one": constant(3),
        }
    )
    rng = np.random.default_rng(2)
    network = SquareNetwork(rng.normal(size=(3, schema.n)) / 9, rng.normal(size=3), rng.normal(size=3), link="logit")
    function = compile(network, schema, reference=None)
    assert function.classes == (0, 1)
    x = schema.sample(rng, 500)
    offset, step = (np.concatenate(p) for p in zip(*[c.affine() for c in schema.columns.values()], strict=True))
    theirs = network.decision_function(offset + step * x)
    ours = function.decision_function(function.evaluate(Encoded(x)))
    assert (np.abs(theirs - ours) <= function.max_error).all()
    assert (function.predict(function.evaluate(Encoded(x))) == (theirs > 0))[np.abs(theirs) > function.max_error].all()


def test_the_bound_is_nearly_reached_and_never_crossed() -> None:
    """All rows of a small schema: the derived bound is not far above the largest error there is."""
    schema = Schema.from_ranges({"x": number(0, 15, step=1), "y": number(0, 15, step=1)})
    rng = np.random.default_rng(3)
    x = np.stack(np.meshgrid(np.arange(16), np.arange(16)), axis=-1).reshape(-1, 2)
    for _ in range(20):
        network = SquareNetwork(rng.normal(size=(3, 2)), rng.normal(size=3), rng.normal(size=(2, 3)))
        function = compile(network, schema, weight_bits=6)
        difference = network.decision_function(x) - function.decision_function(function.evaluate(Encoded(x)))
        largest = np.abs(difference).max(axis=0)
        assert (largest <= function.max_error).all()
        assert (function.max_error <= 12 * largest).all()


def test_balancing_and_expanding_keep_the_function() -> None:
    rng, schema = np.random.default_rng(4), pixels(5, 3)
    given = RealSquares.exact(
        rng.normal(size=(4, 6)), rng.normal(size=(2, 4)) * [[100.0, 1.0, 0.0, 0.01]], rng.normal(size=(2, 6)), schema
    )
    balanced, x = given.balanced(), schema.sample(rng, 50)
    assert len(balanced.units) == 3  # the unit that no output uses is gone
    np.testing.assert_allclose(np.abs(balanced.outputs).max(axis=0), 1.0)
    np.testing.assert_allclose(balanced(x), given(x))
    for output in range(2):
        np.testing.assert_allclose(given.expanded(output)(x)[:, 0], given(x)[:, output])
    low, high = given.extent(schema)
    assert (low <= given(x).min(axis=0)).all()
    assert (given(x).max(axis=0) <= high).all()


def test_the_same_integers_whatever_the_units_are_called() -> None:
    """Scaling a unit by c and its output weights by 1/c^2, or reordering units, changes no value of the function."""
    rng, schema = np.random.default_rng(6), pixels(6, 3)
    W1, b1, W2 = rng.normal(size=(4, 6)), rng.normal(size=4), rng.normal(size=(3, 4))
    c, order = np.array([2.0, 0.5, 4.0, 1.0]), [2, 0, 3, 1]
    one = compile(SquareNetwork(W1, b1, W2, link="softmax"), schema)
    other = compile(
        SquareNetwork((W1 * c[:, None])[order], (b1 * c)[order], (W2 / c**2)[:, order], link="softmax"), schema
    )
    assert one.forms.matrix() == other.forms.matrix()
    assert one.intercept.tolist() == other.intercept.tolist()


def test_a_constant_network_is_refused() -> None:
    schema = pixels(2, 3)
    with pytest.raises(UnsupportedModelError, match="does not depend"):
        compile(SquareNetwork([[0.0, 0.0]], [3.0], [1.0]), schema)
    with pytest.raises(UnsupportedModelError, match="output 1 .* does not depend"):
        compile(SquareNetwork([[1.0, 2.0]], [3.0], [[1.0], [0.0]]), schema)


def test_a_network_is_a_callable_like_any_other() -> None:
    """The polarised function of the black box and the network's own agree within both bounds."""
    rng, schema = np.random.default_rng(7), pixels(6, 3)
    network = SquareNetwork(rng.normal(size=(3, 6)), rng.normal(size=3), rng.normal(size=(2, 3)), [0.5, 1.0])
    probed = from_callable(network.decision_function, schema)
    own = compile(network, schema)
    x = schema.sample(rng, 300)
    difference = probed.decision_function(probed.evaluate(Encoded(x))) - own.decision_function(own.evaluate(Encoded(x)))
    assert (np.abs(difference) <= probed.max_error + own.max_error).all()


def test_report(network8: SquareNetwork) -> None:
    function = compile(network8, pixels(64, 2), reference=X8[~HELD_OUT], name="digits")
    report = function.report(X8[HELD_OUT], DIGIT[HELD_OUT])
    assert report.agreement is not None
    assert report.agreement > 0.97
    assert report.units is not None
    assert "hidden units" in str(report)
    assert pyfe.Function.from_bytes(function.to_bytes()) == function


# -- the weights format --


def test_json_and_npz(tmp_path: Any) -> None:
    rng = np.random.default_rng(8)
    network = SquareNetwork(
        rng.normal(size=(2, 3)), [0.1, 0.2], rng.normal(size=(2, 2)), [1, 2], skip=rng.normal(size=(2, 3)),
        link="softmax", classes=["a", "b"], name="small",
    )  # fmt: skip
    again = SquareNetwork.from_json(network.to_json())
    assert again.to_json() == network.to_json()
    assert (again.classes, again.link, again.name) == (("a", "b"), "softmax", "small")
    np.savez(tmp_path / "weights.npz", **network.arrays())
    with np.load(tmp_path / "weights.npz") as weights:
        loaded = SquareNetwork(**weights)
    for name, array in network.arrays().items():
        assert np.array_equal(getattr(loaded, name), array)
        assert np.array_equal(getattr(again, name), array)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("{", "not JSON"),
        ('{"W1": [[1]]}', "at least"),
        ('{"W1": [[1]], "b1": [0], "W2": [1], "W3": 1}', "unknown field 'W3'"),
        ('{"W1": [[1]], "b1": [0], "W2": [1], "version": 2}', "version 1"),
        ('{"W1": [[1, 2], [3]], "b1": [0], "W2": [1]}', "W1 must be numbers"),
        ('{"W1": [[1]], "b1": [0], "W2": [1], "link": "cox"}', "link"),
    ],
)
def test_bad_json(text: str, wanted: str) -> None:
    with pytest.raises(DecodeError, match=wanted):
        SquareNetwork.from_json(text)


@pytest.mark.parametrize(
    ("weights", "wanted"),
    [
        (([[1.0]], [0.0, 1.0], [1.0]), "do not fit"),
        (([[1.0]], [0.0], [[1.0, 2.0]]), "do not fit"),
        (([[1.0]], [0.0], [1.0], [1.0, 2.0]), "do not fit"),
        (([1.0], [0.0], [1.0]), "W1 has 2 dimensions"),
        (([[np.nan]], [0.0], [1.0]), "W1 must be finite"),
        ((np.zeros((0, 3)), [], []), "W1 has 2 dimensions"),
    ],
)
def test_bad_weights(weights: Any, wanted: str) -> None:
    with pytest.raises(ParameterError, match=wanted):
        SquareNetwork(*weights)


def test_networks_and_schemas_must_fit() -> None:
    with pytest.raises(ParameterError, match="3 coordinates, the network 2 inputs"):
        compile(SquareNetwork([[1, 2]], [0], [1]), pixels(3, 4))
    with pytest.raises(ParameterError, match=r"skip has shape \(1, 1\)"):
        SquareNetwork([[1, 2]], [0], [1], skip=[[1.0]])
    with pytest.raises(ParameterError, match="rows of 2 values"):
        SquareNetwork([[1, 2]], [0], [1]).decision_function(np.zeros((3, 5)))


# -- modules of torch --


class Tensor:
    """What from_torch asks of a tensor, on numpy: so that the reading of modules is tested without torch."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = np.asarray(array)

    def detach(self) -> Tensor:
        return self

    def cpu(self) -> Tensor:
        return self

    def double(self) -> Tensor:
        return Tensor(self.array.astype(np.float64))

    def numpy(self) -> np.ndarray:
        return self.array

    def new_tensor(self, values: Any) -> Tensor:
        return Tensor(np.asarray(values, dtype=self.array.dtype))


class Module:
    def __init__(self, *inner: Module) -> None:
        self.inner = inner

    def children(self) -> list[Module]:
        return list(self.inner)

    def __call__(self, x: Tensor) -> Tensor:
        for module in self.inner:
            x = module(x)
        return x


class Layer(Module):
    """A layer without weights: any function."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def __call__(self, x: Tensor) -> Tensor:
        return Tensor(self.function(x.array))


class Affine(Module):
    def __init__(self, rng: np.random.Generator, inputs: int, outputs: int, *, bias: bool = True) -> None:
        super().__init__()
        self.in_features, self.out_features = inputs, outputs
        self.weight = Tensor(rng.normal(size=(outputs, inputs)).astype(np.float32) / np.float32(inputs))
        self.bias = Tensor(rng.normal(size=outputs).astype(np.float32)) if bias else None

    def __call__(self, x: Tensor) -> Tensor:
        return Tensor(x.array @ self.weight.array.T + (0 if self.bias is None else self.bias.array))


SQUARE, SAME, RELU = Layer(np.square), Layer(lambda v: v), Layer(lambda v: np.maximum(v, 0))


def softmax(v: np.ndarray) -> np.ndarray:
    e = np.exp(v - v.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_modules_by_what_they_do() -> None:
    rng = np.random.default_rng(9)
    first, second, third = Affine(rng, 6, 5), Affine(rng, 5, 4, bias=False), Affine(rng, 4, 3)
    body = Module(SAME, first, second)
    network = SquareNetwork.from_torch(Module(body, SQUARE, SAME, third), classes=["a", "b", "c"])
    assert (network.link, network.classes, network.W1.shape) == ("identity", ("a", "b", "c"), (4, 6))
    rows = rng.uniform(size=(20, 6))
    theirs = Module(body, SQUARE, third)(Tensor(rows)).array
    np.testing.assert_allclose(network.decision_function(rows), theirs, rtol=1e-5, atol=1e-5)
    assert SquareNetwork.from_torch(Module(first, SQUARE, Affine(rng, 5, 3), Layer(softmax))).link == "softmax"
    sigmoid = Layer(lambda v: 1 / (1 + np.exp(-v)))
    logistic = SquareNetwork.from_torch(Module(first, SQUARE, Affine(rng, 5, 1), sigmoid))
    assert (logistic.link, logistic.classes) == ("logit", (0, 1))


def test_modules_that_do_not_fit() -> None:
    rng = np.random.default_rng(10)
    first, last = Affine(rng, 6, 5), Affine(rng, 5, 3)
    with pytest.raises(UnsupportedModelError, match=r"layer 1 \(Layer\) neither squares"):
        SquareNetwork.from_torch(Module(first, RELU, last))
    with pytest.raises(UnsupportedModelError, match=r"layer 3 \(Layer\) squares"):
        SquareNetwork.from_torch(Module(first, SQUARE, last, SQUARE, Affine(rng, 3, 2)))
    with pytest.raises(UnsupportedModelError, match="in this order"):
        SquareNetwork.from_torch(Module(first, SQUARE))
    with pytest.raises(UnsupportedModelError, match="in this order"):
        SquareNetwork.from_torch(Module())
    with pytest.raises(UnsupportedModelError, match="no torch module"):
        SquareNetwork.from_torch(make_pipeline(StandardScaler()))

    class Residual(Module):
        def __call__(self, x: Tensor) -> Tensor:
            return Tensor(super().__call__(x).array + x.array[:, :3])

    with pytest.raises(UnsupportedModelError, match="more than its layers in a row"):
        SquareNetwork.from_torch(Residual(first, SQUARE, last))


def test_torch_itself() -> None:
    torch = pytest.importorskip("torch", exc_type=ImportError)

    class Squared(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return x * x

    torch.manual_seed(0)
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(64, 12), Squared(), torch.nn.Linear(12, 10))
    network = SquareNetwork.from_torch(module, classes=range(10))
    function = compile(network, pixels(64, 3), reference=X8[~HELD_OUT])
    with torch.no_grad():
        theirs = module(torch.tensor(X8[HELD_OUT], dtype=torch.float32)).numpy()
    np.testing.assert_allclose(network.decision_function(X8[HELD_OUT]), theirs, rtol=1e-4, atol=1e-4)
    assert (function.predict(function.evaluate(X8[HELD_OUT])) == theirs.argmax(axis=1)).mean() > 0.97


def test_rounding_is_public_about_its_limits(network8: SquareNetwork) -> None:
    """The two roundings alone: entries and widths as asked for."""
    schema, real = pixels(64, 3), network8.real_function(pixels(64, 3))
    rows = schema.encode(X8[~HELD_OUT]).x
    assert isinstance(real.map, RealSquares)
    allowed = np.full(10, 0.1)
    found = fewest_square_bits(real.map, schema, rows, allowed, 36, compared=True)
    assert len(set(found.scale.tolist())) == 1
    assert found.varies.all()
    assert round_squares(real.map, schema, 5, rows, compared=True).forms.largest <= 15


def test_a_network_under_encryption() -> None:
    """Squares, and squares beside a linear part: the key decrypts the integers that the function evaluates."""
    rng, schema = np.random.default_rng(11), pixels(5, 3)
    weights = rng.normal(size=(3, 5)), rng.normal(size=3), rng.normal(size=(2, 3)), [0.5, -1.0]
    policy = pyfe.Policy.unrestricted(reason="five columns, a test of exactness")
    authority = pyfe.KeyAuthority.create(schema, scheme="qfe-ggm", weight_bits=10, policy=policy)
    rows = schema.decode(schema.sample(rng, 3))
    ciphertexts = authority.public_key.encrypt(rows)
    for skip in (None, rng.normal(size=(2, 5))):
        network = SquareNetwork(*weights, skip=skip)
        function = compile(network, schema, weight_bits=6)
        key = authority.issue(function, purpose="test")
        scores = key.decrypt(ciphertexts)
        assert scores.tolist() == function.evaluate(rows).tolist()
        assert (
            np.abs(function.decision_function(scores) - network.decision_function(rows)) <= function.max_error
        ).all()
