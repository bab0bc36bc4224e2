"""An ONNX graph carried out on polynomials instead of numbers, operator by operator, as far as it goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.graphs.bounds import TooLargeError
from pyfe.models.sources.graphs.graph import Graph
from pyfe.models.sources.graphs.polynomials import NotPolynomial, Polynomials

__all__ = ["Blocked", "Reading"]


@dataclass(frozen=True)
class Blocked:
    """A value that is no polynomial, since a node made it something else."""

    node: int
    why: str


class Reading:
    """Every value of the graph: a constant, polynomials for one row, or blocked."""

    def __init__(self, graph: Graph, inputs: Mapping[str, Polynomials] | None) -> None:
        self.values: dict[str, Any] = dict(graph.constants)
        self.before: dict[str, Polynomials] = {}
        """What a linear classifier computes before its own link, by the name of its scores."""
        self.frontier: list[str] = []
        """Polynomials that something else is made of, in order."""
        self._held = 0
        if inputs is None:
            self.values.update({given.name: Blocked(-1, "") for given in graph.inputs})
        else:
            self.values.update(inputs)
        for index, node in enumerate(graph.nodes):
            outputs = self._carried_out(graph, index, node)
            self.values.update({name: value for name, value in zip(node.output, outputs, strict=False) if name})
            if any(isinstance(value, Blocked) for value in outputs):
                self.frontier += [n for n in node.input if isinstance(self.values.get(n), Polynomials)]

    def _carried_out(self, graph: Graph, index: int, node: Any) -> list[Any]:
        given = [self.values.get(name) if name else None for name in node.input]
        blocked = next((value for value in given if isinstance(value, Blocked)), None)
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
            return [Blocked(index, f"is no polynomial: {refusal}")] * len(node.output)
        except NotPolynomial as reason:
            return [Blocked(index, str(reason))] * len(node.output)
        except Exception as problem:  # an operator of an unknown form: the value is probed instead
            return [Blocked(index, f"cannot be carried out on polynomials ({problem})")] * len(node.output)


@dataclass(frozen=True)
class _Call:
    """A node and what it is given."""

    graph: Graph
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
