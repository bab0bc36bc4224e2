"""An ONNX graph as a model: sliced back to its scores, read as polynomials where it is made of them, probed elsewhere.

Exporters write scores as plain arithmetic, or as one large node, and a sigmoid, a softmax, an argmax behind them. So:

1. the graph is carried out on polynomials (:mod:`pyfe.models.polynomials`) instead of numbers, as far as it goes;
2. the last polynomial before what is none (a sigmoid, an exponential, ...), or else a value there that turns out to
   be affine or quadratic when probed through ``onnx.reference``, holds the scores;
3. the link is the one of the known links that gives the graph's own output from them.

Whatever was read is compared with ``onnx.reference`` on 512 fresh rows. A graph comes from somebody else: what it may
be and may cost is bounded (:mod:`pyfe.models.graph_bounds`) before anything of it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.links import probabilities
from pyfe.models.estimators import LARGEST_SLACK, RawModel, RealMap, View
from pyfe.models.graph_bounds import Budget, TooLargeError, admit, is_carried_out
from pyfe.models.polarisation import fit_quadratic
from pyfe.models.polynomials import NotPolynomial, Polynomials, Products
from pyfe.models.probing import AffineMap, fit_affine, fresh_rows, residual
from pyfe.models.quadratic import RealQuadratic
from pyfe.models.quantities import Labels, Quantity
from pyfe.models.squares import RealSquares
from pyfe.schema import Schema

__all__ = ["look_at_graph"]

AnyArray: TypeAlias = npt.NDArray[Any]
IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Feeds: TypeAlias = dict[str, AnyArray]
Raw: TypeAlias = Callable[[IntArray], FloatArray]

_LABEL_ATTRIBUTES = ("classlabels_int64s", "classlabels_strings", "classlabels_ints")
_FEWEST_ROWS = 16
"""Rows that a graph is always given together: one that mixes rows gives itself away."""

_INPUT_TYPES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13}
"""Of ``onnx.TensorProto.DataType``: numbers, truth values and text."""

_MAX_ENTRIES = 2**23
"""Entries of the matrices of all outputs of a graph (64 MB)."""

_BEFORE_LINKS = {
    "Sigmoid", "Softmax", "LogSoftmax", "Exp", "Log", "ReduceLogSumExp", "ArgMax", "TopK", "Normalizer", "ZipMap",
}  # fmt: skip
_CLOSE = 1e-6
"""Largest difference between a graph's probabilities and those of a link that is taken for rounding."""

_CLOSE_FLOAT32 = 1e-5
"""The same, for a graph in float32."""

_FLOAT32_SLACK = 100.0
"""How much further than :data:`~pyfe.models.probing.TOLERANCE` a graph in float32 may be from its map; what it is
counts in ``max_error``."""


def look_at_graph(model: Any, schema: Schema) -> View | None:
    """The function of an ``onnx.ModelProto`` on a schema; None for anything else.

    Inputs are one tensor ``[rows, columns]`` in the order of the schema, or one tensor a column, called like it.
    Raises ParameterError where they do not fit, UnsupportedModelError naming the node that is no polynomial.
    """
    if not (type(model).__module__.startswith("onnx") and hasattr(model, "graph") and hasattr(model, "opset_import")):
        return None
    graph = _Graph.of(model, schema.n)
    feeds = _Feeds(graph, schema)
    reading = _Reading(graph, feeds.polynomials(schema))
    rows = fresh_rows(schema)
    final = graph.final_output()
    values = _Final.of(graph, final, feeds.of_rows(rows, schema))
    refusals: dict[str, str] = {}
    for score in _scores(graph, reading, final):
        view = _view_of(score, graph, feeds, schema, rows, values, refusals)
        if view is not None:
            return view
    raise UnsupportedModelError(_refusal(graph, reading, final, refusals))


# ---------------------------------------------------------------------------------------------------------------
# The graph and its numbers


@dataclass(frozen=True)
class _Graph:
    """Nodes in order, constants by name, inputs and outputs; and how to run a part of them within a budget."""

    model: Any
    nodes: list[Any]
    constants: Feeds
    inputs: list[Any]
    outputs: list[Any]
    budget: Budget
    evaluators: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Any, n: int) -> _Graph:
        """Functions of the model are written out, so that only operators remain. Refuses what :func:`admit` does."""
        import onnx
        import onnx.inliner

        admit(model)
        try:
            if len(model.functions):
                model = onnx.inliner.inline_local_functions(model)
                admit(model)
            constants = {t.name: onnx.numpy_helper.to_array(t) for t in model.graph.initializer}
        except (ValueError, TypeError, RuntimeError, onnx.checker.ValidationError) as error:
            raise UnsupportedModelError(f"the ONNX graph cannot be read: {error}") from error
        inputs = [value for value in model.graph.input if value.name not in constants]
        return cls(model, list(model.graph.node), constants, inputs, list(model.graph.output), Budget.of(model, n))

    @property
    def name(self) -> str:
        """What the graph is called."""
        return self.model.graph.name or "ONNX graph"

    @cached_property
    def producer(self) -> dict[str, int]:
        """Which node makes a value."""
        return {output: index for index, node in enumerate(self.nodes) for output in node.output if output}

    def ancestors(self, value: str) -> list[int]:
        """The nodes that a value depends on, in order."""
        wanted, found = [value], set()
        while wanted:
            index = self.producer.get(wanted.pop())
            if index is not None and index not in found:
                found.add(index)
                wanted.extend(name for name in self.nodes[index].input if name)
        return sorted(found)

    def final_output(self) -> str:
        """The last output that holds numbers: the input of a ZipMap, where that makes it."""
        import onnx

        floats = {onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16}
        for value in reversed(self.outputs):
            index = self.producer.get(value.name)
            if index is not None and self.nodes[index].op_type == "ZipMap":
                return str(self.nodes[index].input[0])
            if value.type.HasField("tensor_type") and value.type.tensor_type.elem_type in floats:
                return str(value.name)
        raise UnsupportedModelError(f"{self.name} has no output of real numbers")

    def label_output(self) -> str | None:
        """The output that holds predicted classes, if there is one."""
        import onnx

        kinds = {onnx.TensorProto.INT64, onnx.TensorProto.STRING, onnx.TensorProto.INT32}
        for value in self.outputs:
            if value.type.HasField("tensor_type") and value.type.tensor_type.elem_type in kinds:
                return str(value.name)
        return None

    def labels(self) -> Labels | None:
        """The classes in the order of the scores: as a node names them, or as an index is looked up in them."""
        import onnx

        output = self.label_output()
        for index in reversed(self.ancestors(output) if output else range(len(self.nodes))):
            node = self.nodes[index]
            for attribute in node.attribute:
                if attribute.name in _LABEL_ATTRIBUTES:
                    found = onnx.helper.get_attribute_value(attribute)
                    if len(found):
                        return tuple(v.decode() if isinstance(v, bytes) else int(v) for v in found)
            if node.op_type in ("ArrayFeatureExtractor", "Gather") and node.input[0] in self.constants:
                table = self.constants[node.input[0]].ravel()
                return tuple(
                    v.decode() if isinstance(v, bytes) else v.item() if hasattr(v, "item") else v for v in table
                )
        return None

    def computes(self, value: str) -> bool:
        """Whether all operators that a value needs are carried out."""
        return all(is_carried_out(self.nodes[index]) for index in self.ancestors(value))

    def run(self, value: str, feeds: Feeds) -> AnyArray:
        """A value for rows ``[rows, k]``; UnsupportedModelError for whatever the evaluation raises.

        Rows are halved until their intermediate values fit the budget; a graph is given 16 together at least.
        """
        rows = len(next(iter(feeds.values()), ()))
        try:
            return self._run(value, feeds)
        except TooLargeError:
            if rows < 2 * _FEWEST_ROWS:
                raise
        middle = rows // 2
        halves = ({n: a[:middle] for n, a in feeds.items()}, {n: a[middle:] for n, a in feeds.items()})
        return np.concatenate([self.run(value, half) for half in halves])

    def _run(self, value: str, feeds: Feeds) -> AnyArray:
        arrays: dict[str, AnyArray] = {**self.constants, **feeds}
        given, held = sum(a.size for a in feeds.values()), 0
        for index in self.ancestors(value):
            node = self.nodes[index]
            held = self.budget.spend(node, [arrays[n] if n else None for n in node.input], held, given)
            made = self.run_node(node, arrays)
            arrays.update({name: array for name, array in zip(node.output, made, strict=False) if name})
        result, rows = arrays[value], len(next(iter(feeds.values()), ()))
        if not rows or not result.size or (result.size != rows and (not result.ndim or len(result) != rows)):
            raise UnsupportedModelError(f"{self.name} makes {value!r} of shape {result.shape} of {rows} rows")
        return result.reshape(rows, -1)

    def run_node(self, node: Any, arrays: Mapping[str, AnyArray]) -> list[AnyArray]:
        """One node on given arrays, whatever their type, without a look at the budget."""
        used = {name: arrays[name] for name in node.input if name}
        key = (id(node), *(a.dtype for a in used.values()))
        try:
            if key not in self.evaluators:
                self.evaluators[key] = self._evaluator(node, used)
            with np.errstate(all="ignore"):
                return [np.asarray(array) for array in self.evaluators[key].run(None, used)]
        except Exception as error:
            raise UnsupportedModelError(
                f"{self.name} cannot be evaluated on the schema's rows: {type(error).__name__}: {error}"
            ) from error

    def _evaluator(self, node: Any, used: Feeds) -> Any:
        import onnx
        from onnx.reference import ReferenceEvaluator

        kinds = {name: onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in used.items()}
        given = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
        made = [onnx.helper.make_tensor_value_info(o, onnx.TensorProto.UNDEFINED, None) for o in node.output]
        graph = onnx.helper.make_graph([node], "one", given, made)
        return ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=self.model.opset_import))


class _Feeds:
    """The graph's inputs, from the columns of the schema."""

    def __init__(self, graph: _Graph, schema: Schema) -> None:
        import onnx

        columns = schema.input_columns
        self._types: dict[str, tuple[list[str], Any]] = {}
        single = len(graph.inputs) == 1 and graph.inputs[0].name not in columns
        for given in graph.inputs:
            kind = given.type.tensor_type.elem_type
            if kind not in _INPUT_TYPES:
                raise UnsupportedModelError(f"the graph's input {given.name!r} is no tensor of numbers or of text")
            dtype = object if kind == onnx.TensorProto.STRING else onnx.helper.tensor_dtype_to_np_dtype(kind)
            if single:
                self._types[given.name] = (list(columns), dtype)
                _check_width(given, len(columns))
            elif given.name not in columns:
                raise ParameterError(f"the graph has the input {given.name!r}, which is no column of the schema")
            else:
                self._types[given.name] = ([given.name], dtype)
        self.float32 = any(dtype == np.float32 for _, dtype in self._types.values())

    def __call__(self, columns: Mapping[str, AnyArray], *, exact: bool = False) -> Feeds:
        """Arrays by input, from raw values by column; with ``exact`` float32 inputs are given in float64, in which
        ``onnx.reference`` then computes."""
        return {
            name: np.stack([columns[column] for column in wanted], axis=1).astype(
                np.float64 if exact and dtype == np.float32 else dtype
            )
            for name, (wanted, dtype) in self._types.items()
        }

    def of_rows(self, rows: IntArray, schema: Schema, *, exact: bool = False) -> Feeds:
        """Arrays by input, from coordinates."""
        return self(schema.decode_columns(rows), exact=exact)

    def polynomials(self, schema: Schema) -> dict[str, Polynomials] | None:
        """Inputs for one row, as functions of the coordinates; None where a value is not affine in them."""
        if (schema.n + 1) * len(schema.columns) > _MAX_ENTRIES:
            return None
        products, values = Products(schema.n), _affine_values(schema)
        found = {}
        for name, (wanted, _) in self._types.items():
            rows = [values[column] for column in wanted]
            if any(row is None for row in rows):
                return None
            found[name] = products.inputs(np.array(rows), (1, len(rows)))
        return found


def _check_width(given: Any, columns: int) -> None:
    dimensions = given.type.tensor_type.shape.dim
    width = dimensions[1].dim_value if len(dimensions) == 2 else 0
    if width not in (0, columns):
        raise ParameterError(f"the graph takes {width} columns, the schema has {columns}")


def _affine_values(schema: Schema) -> dict[str, FloatArray | None]:
    """Raw value of every column over ``z = (1, q)``; None for text and for numbers on another scale."""
    found: dict[str, FloatArray | None] = {}
    for name, part, column in schema.parts:
        value = column.raw_value()
        if value is None:
            found[name] = None
            continue
        row = np.zeros(schema.n + 1)
        row[0], row[part.start + 1 : part.stop + 1] = value
        found[name] = row
    return found


# ---------------------------------------------------------------------------------------------------------------
# The graph on polynomials


@dataclass(frozen=True)
class _Blocked:
    """A value that is no polynomial, since a node made it something else."""

    node: int
    why: str


class _Reading:
    """Every value of the graph: a constant, polynomials for one row, or blocked."""

    def __init__(self, graph: _Graph, inputs: Mapping[str, Polynomials] | None) -> None:
        self.values: dict[str, Any] = dict(graph.constants)
        self.before: dict[str, Polynomials] = {}
        """What a linear classifier computes before its own link, by the name of its scores."""
        self.frontier: list[str] = []
        """Polynomials that something else is made of, in order."""
        self._held = 0
        if inputs is None:
            self.values.update({given.name: _Blocked(-1, "") for given in graph.inputs})
        else:
            self.values.update(inputs)
        for index, node in enumerate(graph.nodes):
            outputs = self._carried_out(graph, index, node)
            self.values.update({name: value for name, value in zip(node.output, outputs, strict=False) if name})
            if any(isinstance(value, _Blocked) for value in outputs):
                self.frontier += [n for n in node.input if isinstance(self.values.get(n), Polynomials)]

    def _carried_out(self, graph: _Graph, index: int, node: Any) -> list[Any]:
        given = [self.values.get(name) if name else None for name in node.input]
        blocked = next((value for value in given if isinstance(value, _Blocked)), None)
        if blocked is not None:
            return [blocked] * len(node.output)
        call = _Call(graph, node, given)
        try:
            if not any(isinstance(value, Polynomials) for value in given):
                self._held = graph.budget.spend(node, given, self._held, 0)
                return list(graph.run_node(node, {name: self.values[name] for name in node.input if name}))
            if node.op_type == "LinearClassifier" and call.attributes.get("post_transform") != b"SOFTMAX_ZERO":
                self.before[node.output[1]] = _affine_scores(call)
            operator = _OPERATORS.get(node.op_type)
            if operator is None:
                raise NotPolynomial("is no polynomial")
            return operator(call)
        except UnsupportedModelError as refusal:
            if isinstance(refusal, TooLargeError):
                raise
            return [_Blocked(index, f"is no polynomial: {refusal}")] * len(node.output)
        except NotPolynomial as reason:
            return [_Blocked(index, str(reason))] * len(node.output)
        except Exception as problem:  # an operator of an unknown form: the value is probed instead
            return [_Blocked(index, f"cannot be carried out on polynomials ({problem})")] * len(node.output)


@dataclass(frozen=True)
class _Call:
    """A node and what it is given."""

    graph: _Graph
    node: Any
    given: list[Any]

    @cached_property
    def attributes(self) -> dict[str, Any]:
        """The node's attributes as Python values."""
        import onnx

        return {a.name: onnx.helper.get_attribute_value(a) for a in self.node.attribute}

    @property
    def first(self) -> Polynomials:
        """The first input; NotPolynomial unless it is polynomials."""
        if not isinstance(self.given[0], Polynomials):
            raise NotPolynomial("takes a column where a constant is expected")
        return self.given[0]

    def constant(self, position: int) -> AnyArray | None:
        """An optional constant input."""
        value = self.given[position] if position < len(self.given) else None
        if isinstance(value, Polynomials):
            raise NotPolynomial("takes a column where a constant is expected")
        return value

    def axes(self) -> tuple[int, ...]:
        """The axes of a reduction, from the front; an attribute or an input, all of them where there is neither."""
        rank = len(self.first.shape)
        axes = self.attributes.get("axes", self.constant(1))
        if axes is None or not len(axes):
            return () if self.attributes.get("noop_with_empty_axes", 0) else tuple(range(rank))
        return tuple(int(axis) % rank for axis in axes)

    def reduced(self, value: Polynomials) -> Polynomials:
        """``value`` summed over the axes of the node."""
        return value.summed(self.axes(), keepdims=bool(self.attributes.get("keepdims", 1)))


def _same(call: _Call) -> list[Any]:
    return [call.first]


def _cast(call: _Call) -> list[Any]:
    import onnx

    if call.attributes["to"] not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
        raise NotPolynomial("rounds to another type")
    return [call.first]


def _moved(call: _Call) -> list[Any]:
    """Whatever only moves entries is carried out on their numbers."""
    values = call.given if call.node.op_type == "Concat" else call.given[:1]
    sources = [_lifted(value, call) for value in values]
    ends = np.cumsum([0] + [int(np.prod(source.shape)) for source in sources])
    width = max(source.products.width for source in sources)
    flat = np.concatenate([source.padded.reshape(-1, width) for source in sources])
    together = Polynomials(sources[0].products, flat)
    arrays: dict[str, AnyArray] = dict(zip(call.node.input, call.given, strict=True))
    for name, source, start, stop in zip(call.node.input, sources, ends, ends[1:], strict=False):
        arrays[name] = np.arange(start, stop).reshape(source.shape)
    repeated = len(set(call.node.input)) < len(call.node.input)
    if repeated:
        raise NotPolynomial("takes one value twice")
    call.graph.budget.spend(call.node, [arrays[name] if name else None for name in call.node.input], 0, 0)
    return [together.taken(index) for index in call.graph.run_node(call.node, arrays)]


def _lifted(value: Any, call: _Call) -> Polynomials:
    """Constants as polynomials."""
    if isinstance(value, Polynomials):
        return value
    products = next(v.products for v in call.given if isinstance(v, Polynomials))
    products.take(*value.shape, 1 + products.n)
    coefficients = np.zeros((*value.shape, 1 + products.n))
    coefficients[..., 0] = value
    return Polynomials(products, coefficients)


def _shape(call: _Call) -> list[Any]:
    return [np.array(call.first.shape, dtype=np.int64)]


def _sum(call: _Call) -> list[Any]:
    total = _lifted(call.given[0], call)
    for value in call.given[1:]:
        total = total.plus(value)
    return [total]


def _difference(call: _Call) -> list[Any]:
    first, second = (_lifted(value, call) for value in call.given)
    return [first.plus(second.scaled(np.array(-1.0)))]


def _product(call: _Call) -> list[Any]:
    first, second = call.given
    return [first.times(second) if isinstance(first, Polynomials) else second.times(first)]


def _quotient(call: _Call) -> list[Any]:
    divisor = call.given[1]
    if isinstance(divisor, Polynomials):
        raise NotPolynomial("divides by a column")
    return [call.first.scaled(1.0 / np.asarray(divisor, dtype=np.float64))]


def _power(call: _Call) -> list[Any]:
    exponents = np.unique(np.asarray(call.constant(1)))
    if len(exponents) != 1 or exponents[0] not in (1, 2):
        raise NotPolynomial(f"raises to the power {', '.join(f'{e:g}' for e in exponents[:3])}")
    return [call.first if exponents[0] == 1 else call.first.times(call.first)]


def _matmul(call: _Call) -> list[Any]:
    first, second = call.given
    if isinstance(first, Polynomials):
        return [first.matmul(second)]
    return [second.matmul(first, swapped=True)]


def _gemm(call: _Call) -> list[Any]:
    a, b = call.attributes.get("alpha", 1.0), call.attributes.get("beta", 1.0)
    second = call.constant(1)
    if second is None or call.attributes.get("transA", 0):
        raise NotPolynomial("is a matrix product of another form")
    factor = np.asarray(second, dtype=np.float64)
    result = call.first.matmul(a * (factor.T if call.attributes.get("transB", 0) else factor))
    constant = call.constant(2)
    return [result if constant is None else result.plus(b * np.asarray(constant, dtype=np.float64))]


def _reduce_mean(call: _Call) -> list[Any]:
    count = np.prod([call.first.shape[axis] for axis in call.axes()])
    return [call.reduced(call.first).scaled(np.array(1.0 / count))]


def _reduce_product(call: _Call) -> list[Any]:
    (axis,) = call.axes()
    parts = [Polynomials(call.first.products, part) for part in np.moveaxis(call.first.coefficients, axis, 0)]
    result = parts[0]
    for part in parts[1:]:
        result = result.times(part)
    keep = bool(call.attributes.get("keepdims", 1))
    return [Polynomials(result.products, np.expand_dims(result.coefficients, axis)) if keep else result]


def _scaler(call: _Call) -> list[Any]:
    offset, scale = (np.asarray(call.attributes[name], dtype=np.float64) for name in ("offset", "scale"))
    return [call.first.plus(-offset).scaled(scale)]


def _affine_scores(call: _Call) -> Polynomials:
    intercepts = np.asarray(call.attributes.get("intercepts", [0.0]), dtype=np.float64)
    coefficients = np.asarray(call.attributes["coefficients"], dtype=np.float64)
    return call.first.matmul(coefficients.reshape(-1, call.first.shape[-1]).T).plus(intercepts)


def _linear_regressor(call: _Call) -> list[Any]:
    if call.attributes.get("post_transform", b"NONE") != b"NONE":
        raise NotPolynomial("transforms its result")
    return [_affine_scores(call)]


_OPERATORS: dict[str, Callable[[_Call], list[Any]]] = {
    "Identity": _same,
    "Dropout": _same,
    "Cast": _cast,
    "Shape": _shape,
    "Add": _sum,
    "Sum": _sum,
    "Sub": _difference,
    "Neg": lambda call: [call.first.scaled(np.array(-1.0))],
    "Mul": _product,
    "Div": _quotient,
    "Pow": _power,
    "MatMul": _matmul,
    "Gemm": _gemm,
    "ReduceSum": lambda call: [call.reduced(call.first)],
    "ReduceMean": _reduce_mean,
    "ReduceSumSquare": lambda call: [call.reduced(call.first.times(call.first))],
    "ReduceProd": _reduce_product,
    "Scaler": _scaler,
    "LinearRegressor": _linear_regressor,
    **dict.fromkeys(
        (
            "Reshape", "Transpose", "Concat", "Slice", "Gather", "Squeeze", "Unsqueeze", "Flatten", "Expand", "Tile",
            "Split", "ArrayFeatureExtractor",
        ),
        _moved,
    ),
}  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------
# From scores to a view


class _UnknownLinkError(UnsupportedModelError):
    """The scores were found, and what the output makes of them is known to be none of the links."""


@dataclass(frozen=True)
class _Final:
    """The graph's own output on the fresh rows, float64 ``[rows, k]``, and how far rounding takes it."""

    name: str
    values: FloatArray
    close: float

    @classmethod
    def of(cls, graph: _Graph, name: str, feeds: Feeds) -> _Final | None:
        """None where ``onnx.reference`` lacks an operator that it needs."""
        if not graph.computes(name):
            return None
        array = graph.run(name, feeds)
        close = _CLOSE if array.dtype == np.float64 else _CLOSE_FLOAT32
        return cls(name, np.asarray(array, dtype=np.float64), close)

    def holds(self, scores: FloatArray, error: FloatArray) -> bool:
        """Whether it is these scores themselves, or, of one score s, the pair (-s, s)."""
        ours = np.hstack([-scores, scores]) if scores.shape[1] == 1 < self.values.shape[1] else scores
        if ours.shape != self.values.shape:
            return False
        allowed = self.close * (ours.max(axis=0) - ours.min(axis=0)) + 2 * error.max()
        return bool((np.abs(ours - self.values).max(axis=0) <= allowed).all())

    def is_exponential_of(self, scores: FloatArray) -> bool:
        """Whether it is exp(scores)."""
        if self.values.shape != scores.shape or not (self.values > 0).all():
            return False
        spread = scores.max(axis=0) - scores.min(axis=0)
        return bool((np.abs(np.log(self.values) - scores).max(axis=0) <= self.close * spread).all())

    def follows(self, link: str, scores: FloatArray, error: FloatArray) -> bool:
        """Whether it holds the probabilities of these scores; of two classes perhaps the second only."""
        ours = probabilities(link, scores)
        ours = ours[:, -self.values.shape[1] :] if link == "logit" else ours
        if ours.shape != self.values.shape:
            return False
        return bool(np.abs(ours - self.values).max() <= self.close + min(2 * error.max(), LARGEST_SLACK))


@dataclass(frozen=True)
class _Score:
    """A value that may hold the scores: its name, its polynomials where it was read, and whether it can be run."""

    name: str
    polynomials: Polynomials | None
    runs: bool = True


def _scores(graph: _Graph, reading: _Reading, final: str) -> Iterator[_Score]:
    """Candidates, the most natural first: polynomials nearest to the output, then what may be probed."""
    inside = graph.ancestors(final)
    inputs = {name for index in inside for name in graph.nodes[index].input} | {final}
    if isinstance(reading.values.get(final), Polynomials):
        yield _Score(final, reading.values[final])
        return
    for name in reversed(list(reading.before)):
        if name in inputs | {final}:
            yield _Score(name, reading.before[name], runs=False)
    for name in dict.fromkeys(reversed(reading.frontier)):
        if name in inputs:
            yield _Score(name, reading.values[name])
    if graph.computes(final):
        yield _Score(final, None)
    for index in reversed(inside):
        node = graph.nodes[index]
        if node.op_type in _BEFORE_LINKS and isinstance(reading.values.get(node.input[0]), _Blocked):
            yield _Score(node.input[0], None)


def _view_of(
    score: _Score,
    graph: _Graph,
    feeds: _Feeds,
    schema: Schema,
    rows: IntArray,
    final: _Final | None,
    refusals: dict[str, str],
) -> View | None:
    """The view of a candidate, or None and the reason."""

    def raw(x: IntArray, *, exact: bool = False) -> FloatArray:
        return np.asarray(graph.run(score.name, feeds.of_rows(x, schema, exact=exact)), dtype=np.float64)

    try:
        real_map = _map_of(score, raw, partial(raw, exact=True), rows, schema)
        if score.runs:
            real_map = _verified(real_map, raw, rows, _FLOAT32_SLACK if feeds.float32 else 1.0)
        for combination, link in _readings(score, real_map, rows, final, graph.label_output() is not None):
            combined = _combined(real_map, combination)
            classes = _classes(graph, link, len(combination))
            if _predicts(graph, feeds.of_rows(rows, schema), combined(rows), combined.error, classes):
                asked = replace(graph, budget=graph.budget.unlimited())
                raw_model = _raw_model(asked, score, combination, link, final, feeds, schema) if score.runs else None
                return View(combined, link, classes, None, graph.name, raw_model)
        raise UnsupportedModelError(
            f"no known link leads from {score.name!r} to the output and the classes; to have the score alone, make it "
            "the graph's output (onnx.utils.extract_model)"
        )
    except _UnknownLinkError:
        raise
    except UnsupportedModelError as error:
        refusals[score.name] = str(error)
        return None


def _raw_model(
    graph: _Graph,
    score: _Score,
    combination: FloatArray,
    link: str,
    final: _Final | None,
    feeds: _Feeds,
    schema: Schema,
) -> RawModel:
    """The graph, asked for its scores, its classes and its own output, as far as its operators are carried out."""

    def decision(table: Feeds) -> FloatArray:
        return np.asarray(np.asarray(graph.run(score.name, table), dtype=np.float64) @ combination.T)

    def predict(table: Feeds) -> AnyArray:
        return graph.run(str(labels), table).ravel()

    def output(table: Feeds) -> AnyArray:
        values = graph.run(str(final and final.name), table)
        if link != "identity":
            return values
        # of one score s perhaps the pair (-s, s)
        return values @ combination.T if values.shape[1] == combination.shape[1] else values[:, -len(combination) :]

    labels = graph.label_output()
    return RawModel(
        Quantity(decision, None, graph.name),
        feeds,
        schema,
        predict=predict if labels is not None and graph.computes(labels) else None,
        output=output if final is not None and final.name != score.name else None,
    )


def _map_of(score: _Score, raw: Raw, exact: Raw, rows: IntArray, schema: Schema) -> RealMap:
    """The map of a candidate: as it was read, or probed on the graph, in float64 if it computes in that."""
    if score.polynomials is not None:
        return score.polynomials.as_map(schema)
    try:
        exact(rows[:1])
    except UnsupportedModelError:
        exact = raw  # constants in float32 do not mix with float64
    try:
        return _verified(fit_affine(exact, schema), exact, rows)
    except UnsupportedModelError:
        return _verified(fit_quadratic(exact, schema), exact, rows)


def _verified(real_map: RealMap, raw: Callable[[IntArray], FloatArray], rows: IntArray, slack: float = 1.0) -> RealMap:
    """The map with what was measured on fresh rows as its error; ``slack`` times the usual tolerance is accepted."""
    difference, tolerance = residual(raw, real_map, rows)
    if not (difference <= slack * tolerance).all():
        worst = int(np.argmax(np.where(difference <= tolerance, 0.0, difference)))
        raise UnsupportedModelError(
            f"measured residual {difference[worst]:.3g} (output {worst}), tolerated {slack * tolerance[worst]:.3g}"
        )
    return replace(real_map, error=real_map.error + 2 * difference)


def _readings(
    score: _Score, real_map: RealMap, rows: IntArray, final: _Final | None, labelled: bool
) -> Iterator[tuple[FloatArray, str]]:
    """Combinations ``[k', k]`` of the scores, and links, that give the graph's own output on the rows.

    Of two scores that are compared the difference is taken, or one of them where the other is its negative.
    """
    values = real_map(rows)
    k = values.shape[1]
    every, pair = np.eye(k), np.array([[-1.0, 1.0]])
    opposite = k == 2 and bool(np.abs(values.sum(axis=1)).max() <= _CLOSE * np.abs(values).max())
    single = [every[1:], every[:1]] if opposite else [pair, every[1:]] if k == 2 else []
    if final is None:
        return
    if (score.runs and score.name == final.name) or final.holds(values, real_map.error):
        yield from ((combination, "identity") for combination in (single if labelled and k == 2 else [every]))
    for combination in [*single, every]:
        for link in ("logit",) if len(combination) == 1 else ("softmax", "ovr"):
            if final.follows(link, values @ combination.T, real_map.error):
                yield combination, link
    if final.is_exponential_of(values):
        raise _UnknownLinkError(
            f"the output is exp({score.name!r}), and no link states an exponential; make {score.name!r} the graph's "
            "output (onnx.utils.extract_model) to have the logarithm of the prediction"
        )


def _combined(real_map: RealMap, combination: FloatArray) -> RealMap:
    error = np.abs(combination) @ real_map.error
    if isinstance(real_map, AffineMap):
        return AffineMap(combination @ real_map.weights, combination @ real_map.intercept, error)
    if isinstance(real_map, RealSquares):
        return RealSquares(real_map.units, combination @ real_map.outputs, combination @ real_map.linear, error)
    return RealQuadratic(
        real_map.centre,
        np.einsum("jk,kab->jab", combination, real_map.quadratic),
        combination @ real_map.weights,
        combination @ real_map.intercept,
        error,
    )


def _classes(graph: _Graph, link: str, scores: int) -> Labels | None:
    expected = 2 if scores == 1 else scores
    if graph.label_output() is None and link == "identity":
        return None
    classes = graph.labels() or tuple(range(expected))
    if len(classes) != expected:
        raise UnsupportedModelError(f"{graph.name} gives {scores} scores for {len(classes)} classes")
    return classes


def _predicts(graph: _Graph, feeds: Feeds, decision: FloatArray, error: FloatArray, classes: Labels | None) -> bool:
    """Whether the graph's own classes are those of the largest score (of one score: its sign), but near a boundary."""
    output = graph.label_output()
    if classes is None or output is None or not graph.computes(output):
        return True
    if decision.shape[1] == 1:
        index, margin = (decision[:, 0] > 0).astype(np.int64), np.abs(decision[:, 0])
    else:
        index, ordered = np.argmax(decision, axis=1), np.sort(decision, axis=1)
        margin = ordered[:, -1] - ordered[:, -2]
    clear = margin > 4 * error.max()
    theirs = graph.run(output, feeds).ravel()
    return bool((theirs == np.asarray(classes)[index])[clear].all())


def _refusal(graph: _Graph, reading: _Reading, final: str, refusals: Mapping[str, str]) -> str:
    blocked = reading.values.get(final)
    why = "; ".join(dict.fromkeys([*list(refusals.values())[:1], *([refusals[final]] if final in refusals else [])]))
    if not isinstance(blocked, _Blocked) or blocked.node < 0:
        return f"{graph.name} is neither affine nor quadratic in the schema's coordinates: {why}"
    node = graph.nodes[blocked.node]
    name = f" {node.name!r}" if node.name else ""
    return (
        f"{graph.name} is neither affine nor quadratic in the schema's coordinates: node {blocked.node}{name} "
        f"({node.op_type}) {blocked.why}; {why}"
    )
