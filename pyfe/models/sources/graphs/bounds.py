"""What an ONNX graph may be and may compute; held against these bounds before anything of it is read or carried out.

A graph is a program from somebody else. Two dangers are kept out here and nowhere else:

- **files**: a tensor may say that its numbers lie in another file, of which the library would then put bytes into the
  weights. Every message of the model is looked at, whatever holds it, and one such tensor refuses the model.
- **cost**: a few bytes can ask for terabytes (``Expand``, a tensor whose dimensions its data do not fill) or for years
  (loops, functions that call one another twice). Only operators whose result can be told from their arguments are
  carried out, and each is told *before* it is: :func:`result_elements`. What they use in total is a :class:`Budget`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import UnsupportedModelError

__all__ = ["MAX_NODES", "Budget", "TooLargeError", "admit", "is_carried_out", "result_elements"]

Arguments: TypeAlias = Sequence[AnyArray | None]

MAX_NODES = 1000
"""Nodes of a graph, its functions written out (exports of tabular models have tens, at most a few a column)."""

_MAX_MESSAGE_DEPTH = 64
_MAX_RANK = 16

_PLAIN = {"FLOAT": 4, "DOUBLE": 8, "FLOAT16": 2, "INT8": 1, "INT16": 2, "INT32": 4, "INT64": 8, "UINT8": 1,
          "UINT16": 2, "UINT32": 4, "UINT64": 8, "BOOL": 1}  # fmt: skip
"""Bytes an element in ``raw_data``, of the types that are read (and text)."""

_FIELDS = {"FLOAT": "float_data", "DOUBLE": "double_data", "INT64": "int64_data", "UINT32": "uint64_data",
           "UINT64": "uint64_data", "STRING": "string_data"}  # fmt: skip
"""Where a tensor without ``raw_data`` has its elements; all others in ``int32_data``."""


# ---------------------------------------------------------------------------------------------------------------
# The model as it stands


def admit(model: Any) -> None:
    """UnsupportedModelError unless an ``onnx.ModelProto`` keeps every bound of this module; reads no tensor.

    Refused by name: tensors with external data; tensors of other types than numbers and text, or whose data do not
    fill their dimensions; sparse tensors; graphs inside of nodes; functions that call themselves; more than
    :data:`MAX_NODES` nodes; values that are made twice, or used before they are made. Cost: linear in the model's size.
    """
    messages = list(_messages(model))
    for place, message in messages:
        if _kind(message) == "TensorProto" and (message.data_location or len(message.external_data)):
            raise UnsupportedModelError(
                f"the ONNX graph has data in another file ({place}); save it with all of its data inside "
                "(onnx.save without save_as_external_data)"
            )
    for place, message in messages:
        kind = _kind(message)
        if kind == "SparseTensorProto":
            raise UnsupportedModelError(f"the ONNX graph has a sparse tensor ({place}); export it dense")
        if kind == "TensorProto":
            _check_tensor(message, place)
    for node in (node for nodes in (model.graph.node, *(f.node for f in model.functions)) for node in nodes):
        if any(attribute.HasField("g") or len(attribute.graphs) for attribute in node.attribute):
            raise UnsupportedModelError(
                f"{_named(node)} holds a graph of its own; branches and loops are not carried out, export without them"
            )
    count = _nodes_written_out(model)
    if count > MAX_NODES:
        raise UnsupportedModelError(f"the ONNX graph has {_large(count)} nodes, at most {MAX_NODES} are carried out")
    _check_order(model.graph)


def _messages(model: Any) -> Iterator[tuple[str, Any]]:
    """Every message of a model, with where it stands; whatever the field, so that nothing new is overlooked."""
    pending = [("", model, 0)]
    while pending:
        place, message, depth = pending.pop()
        yield place, message
        if depth > _MAX_MESSAGE_DEPTH:
            raise UnsupportedModelError(f"the ONNX graph is nested more than {_MAX_MESSAGE_DEPTH} deep")
        for field, value in message.ListFields():
            if field.type == field.TYPE_STRING and any(isinstance(v, bytes) for v in (value, *value)):
                raise UnsupportedModelError(f"the ONNX graph has a name that is no UTF-8 text ({place}.{field.name})")
            if field.message_type is None:
                continue
            inner = [value] if hasattr(value, "ListFields") else value
            path = f"{place}.{field.name}" if place else field.name
            pending += [(path if len(inner) == 1 else f"{path}[{i}]", part, depth + 1) for i, part in enumerate(inner)]


def _kind(message: Any) -> str:
    return str(message.DESCRIPTOR.name)


def _check_tensor(tensor: Any, place: str) -> None:
    """The data of a tensor fill its dimensions, exactly."""
    import onnx

    names = {number: name for name, number in onnx.TensorProto.DataType.items()}
    name = names.get(tensor.data_type, str(tensor.data_type))
    if name not in _PLAIN and name != "STRING":
        raise UnsupportedModelError(
            f"a tensor of the ONNX graph is of type {name} ({place}); numbers and text are read"
        )
    if tensor.HasField("segment") or len(tensor.dims) > _MAX_RANK or any(d < 0 for d in tensor.dims):
        raise UnsupportedModelError(f"a tensor of the ONNX graph has no shape that can be read ({place})")
    wanted = math.prod(tensor.dims)
    if tensor.HasField("raw_data"):
        wanted, held = wanted * _PLAIN.get(name, 0), len(tensor.raw_data)
        good = wanted == held and name != "STRING"
    else:
        held = len(getattr(tensor, _FIELDS.get(name, "int32_data")))
        good = wanted == held
    if not good:
        raise UnsupportedModelError(
            f"a tensor of the ONNX graph asks for {_large(wanted)} elements or bytes and holds {held} ({place})"
        )


def _nodes_written_out(model: Any) -> int:
    """Nodes once every function is written out where it is called; refuses functions that call themselves."""
    bodies = {(f.domain, f.name, f.overload): f.node for f in model.functions}
    calls = {key: Counter(_called(node) for node in nodes) for key, nodes in bodies.items()}
    sizes: dict[Any, int] = {}
    pending, entered = list(bodies), set()
    while pending:
        key = pending[-1]
        missing = [inner for inner in calls[key] if inner in bodies and inner not in sizes]
        if key in sizes or not missing:
            sizes.setdefault(key, sum(count * sizes.get(inner, 1) for inner, count in calls[key].items()))
            pending.pop()
            continue
        if key in entered:
            raise UnsupportedModelError(f"the function {key[1]!r} of the ONNX graph calls itself")
        entered.add(key)
        pending += missing
    return sum(sizes.get(_called(node), 1) for node in model.graph.node)


def _called(node: Any) -> tuple[str, str, str]:
    return (node.domain, node.op_type, node.overload)


def _check_order(graph: Any) -> None:
    """Every value is made once, before it is used: no cycles."""
    made: set[str] = set()
    for name in [t.name for t in graph.initializer] + [o for node in graph.node for o in node.output if o]:
        if name in made:
            raise UnsupportedModelError(f"the value {name!r} of the ONNX graph is made twice")
        made.add(name)
    known = {t.name for t in graph.initializer} | {value.name for value in graph.input}
    for node in graph.node:
        for name in node.input:
            if name and name not in known:
                raise UnsupportedModelError(f"{_named(node)} takes {name!r}, which nothing before it makes")
        known.update(node.output)
    for value in graph.output:
        if value.name not in known:
            raise UnsupportedModelError(f"nothing makes the output {value.name!r} of the ONNX graph")


def _named(node: Any) -> str:
    return f"node {node.name!r} ({node.op_type})" if node.name else f"a node {node.op_type} of the ONNX graph"


def _large(count: int) -> str:
    return str(count) if count < 10**6 else f"2^{count.bit_length() - 1}"


# ---------------------------------------------------------------------------------------------------------------
# What one node makes


def _size(array: AnyArray | None) -> int:
    return 0 if array is None else array.size


def _shape(array: AnyArray | None) -> tuple[int, ...]:
    return () if array is None else array.shape


def _integers(array: AnyArray | None) -> list[int]:
    """A small argument that says a size."""
    if array is None or array.size > _MAX_RANK or array.dtype.kind not in "iu":
        raise ValueError("a size is not a short list of integers")
    return [int(v) for v in array.ravel()]


def _no_larger(node: Any, given: Arguments) -> int:
    return sum(map(_size, given))


def _broadcast(node: Any, given: Arguments) -> int:
    return math.prod(np.broadcast_shapes(*(a.shape for a in given if a is not None)))


def _filled(node: Any, given: Arguments) -> int:
    return math.prod(_integers(given[0]))


def _expanded(node: Any, given: Arguments) -> int:
    return math.prod(np.broadcast_shapes(_shape(given[0]), tuple(_integers(given[1]))))


def _tiled(node: Any, given: Arguments) -> int:
    return _size(given[0]) * math.prod(_integers(given[1]))


def _counted(node: Any, given: Arguments) -> int:
    start, limit, step = (float(a.item()) for a in given if a is not None)
    return max(0, math.ceil((limit - start) / step))


def _gathered(node: Any, given: Arguments) -> int:
    axis = next((a.i for a in node.attribute if a.name == "axis"), 0)
    return _size(given[1]) * _size(given[0]) // max(1, _shape(given[0])[axis])


def _extracted(node: Any, given: Arguments) -> int:
    return _size(given[1]) * _size(given[0]) // max(1, _shape(given[0])[-1])


def _matrix_product(node: Any, given: Arguments) -> int:
    """The multiplications, of which there are at least as many as entries."""
    first, second = _shape(given[0]), _shape(given[1])
    stacks = math.prod(np.broadcast_shapes(first[:-2], second[:-2]))
    rows = first[-2] if len(first) > 1 else 1
    columns = second[-1] if len(second) > 1 else 1
    return max(stacks * rows * columns * (first[-1] if first else 1), _broadcast(node, given[2:]))


def _gemm(node: Any, given: Arguments) -> int:
    swapped = {a.name for a in node.attribute if a.name in ("transA", "transB") and a.i}
    first = _shape(given[0])[:: -1 if "transA" in swapped else 1]
    second = _shape(given[1])[:: -1 if "transB" in swapped else 1]
    return int(first[0] * first[1] * second[1])


def _per_row(node: Any, given: Arguments) -> int:
    """Rows times every number that the node holds: linear and support vector machines, encoders."""
    numbers = sum(len(a.floats) + len(a.ints) + len(a.strings) for a in node.attribute)
    return _size(given[0]) + (_shape(given[0]) or (1,))[0] * max(1, numbers)


def _support_vectors(node: Any, given: Arguments) -> int:
    """As :func:`_per_row`, and a number for every pair of classes, and what the node says that it has."""
    classes = max((len(a.ints) + len(a.strings) for a in node.attribute if a.name.startswith("classlabels")), default=0)
    said = max((a.i for a in node.attribute if a.name == "n_supports"), default=0)
    return _per_row(node, given) + (_shape(given[0]) or (1,))[0] * (classes**2 + said)


def _split(node: Any, given: Arguments) -> int:
    if any(a.i > len(node.output) for a in node.attribute if a.name == "num_outputs"):
        raise ValueError("more parts than outputs")
    return _size(given[0])


def _top(node: Any, given: Arguments) -> int:
    return _size(given[0]) + max(_integers(given[1]), default=0)


def _side_by_side(node: Any, given: Arguments) -> int:
    rows = max((_shape(a)[0] for a in given if a is not None and a.ndim), default=1)
    return _no_larger(node, given) + rows * sum(sum(map(abs, a.ints)) for a in node.attribute)


def _normalised(node: Any, given: Arguments) -> int:
    return _size(given[0]) * max(map(_size, given[1:]), default=1)


def _one_hot(node: Any, given: Arguments) -> int:
    return _size(given[0]) * max(1, sum(len(a.ints) + len(a.strings) for a in node.attribute))


def _written(node: Any, given: Arguments) -> int:
    """A constant is as large as it stands in the file; :func:`admit` has seen to that."""
    return int(max(1, node.ByteSize()))


def _casts_to_text(node: Any) -> bool:
    import onnx

    return bool(node.op_type == "Cast") and any(a.i == onnx.TensorProto.STRING for a in node.attribute)


Estimate: TypeAlias = Callable[[Any, Arguments], int]

_RESULTS: dict[str, Estimate] = {
    "Constant": _written,
    "ConstantOfShape": _filled,
    "Expand": _expanded,
    "Tile": _tiled,
    "Range": _counted,
    "Gather": _gathered,
    "ArrayFeatureExtractor": _extracted,
    "MatMul": _matrix_product,
    "Gemm": _gemm,
    "OneHotEncoder": _one_hot,
    "SVMRegressor": _support_vectors,
    "SVMClassifier": _support_vectors,
    "Split": _split,
    "TopK": _top,
    "FeatureVectorizer": _side_by_side,
    "BatchNormalization": _normalised,
    **dict.fromkeys(
        ("LinearRegressor", "LinearClassifier", "LabelEncoder", "Scaler",
         "Imputer"),
        _per_row,
    ),
    **dict.fromkeys(
        ("Add", "Sub", "Mul", "Div", "Pow", "Sum", "Mean", "Max", "Min", "Mod", "PRelu", "Where", "Equal", "Greater",
         "GreaterOrEqual", "Less", "LessOrEqual", "And", "Or", "Xor", "Clip"),
        _broadcast,
    ),
    **dict.fromkeys(
        ("Identity", "Dropout", "Cast", "CastLike", "Shape", "Size", "Reshape", "Transpose", "Concat", "Slice",
         "Squeeze", "Unsqueeze", "Flatten", "Compress", "Binarizer", "Normalizer",
         "ReduceSum", "ReduceMean", "ReduceSumSquare", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceL2",
         "ReduceLogSum", "ReduceLogSumExp", "ArgMax", "ArgMin", "CumSum", "Softmax", "LogSoftmax", "Hardmax",
         "Neg", "Abs", "Sign", "Sqrt", "Exp", "Log", "Reciprocal", "Sigmoid", "Tanh", "Relu", "LeakyRelu", "Elu",
         "Selu", "Celu", "HardSigmoid", "Softplus", "Softsign", "ThresholdedRelu", "Erf", "Floor", "Ceil", "Round",
         "Not", "IsNaN", "IsInf", "Sin", "Cos", "Tan", "Asin", "Acos", "Atan", "Sinh", "Cosh"),
        _no_larger,
    ),
}  # fmt: skip


def is_carried_out(node: Any) -> bool:
    """Whether its operator is one whose result can be told from its arguments.

    Graphs within graphs, random numbers, trees (whose nodes may go round in circles), text patterns, windows are not.
    """
    return node.domain in ("", "ai.onnx", "ai.onnx.ml") and node.op_type in _RESULTS


def result_elements(node: Any, given: Arguments) -> int:
    """An upper bound on the elements that a node makes of these arguments, and on its work in elements.

    UnsupportedModelError where :func:`is_carried_out` is false, or where the arguments do not fit.
    """
    if not is_carried_out(node):
        raise UnsupportedModelError(f"{_named(node)} is not among the operators that are carried out")
    try:
        return _RESULTS[node.op_type](node, given)
    except (ValueError, IndexError, OverflowError, ZeroDivisionError, TypeError) as error:
        raise UnsupportedModelError(f"{_named(node)} does not fit its arguments: {error}") from error


# ---------------------------------------------------------------------------------------------------------------
# What all of them use


class TooLargeError(UnsupportedModelError):
    """The values of one evaluation would be more than may be held; fewer rows at once may do."""


_HELD = 2**21
"""Elements that one evaluation may hold beside a few times what it is given (16 MB in float64)."""

_WORK = 2**28
"""Work of reading a graph, in elements of about a nanosecond, beside what its size and the schema's explain."""

_WORK_OF_SUPPORT_VECTORS = 2**32
"""The same for a graph with support vectors, of which ``onnx.reference`` takes one at a time: some seconds."""

_CALL = 2**15
"""Work of calling one node."""

_SLOW = {"SVMRegressor": 128, "SVMClassifier": 128, "LabelEncoder": 64, "OneHotEncoder": 16, "Imputer": 16}
"""Operators that ``onnx.reference`` computes in Python: work an element."""


@dataclass
class Budget:
    """What the evaluation of a graph may still cost. ``work`` None: as much as the rows that it is given ask for.

    ``explained``: elements of the graph's own tensors, which any value may be a few times as large as.
    """

    explained: int
    work: float | None

    @classmethod
    def of(cls, model: Any, n: int) -> Budget:
        """For finding the map of a graph on ``n`` coordinates: n^2 / 2 rows are probed at most, a few times."""
        explained = model.ByteSize()
        slow = any(node.op_type.startswith("SVM") for node in model.graph.node)
        least = _WORK_OF_SUPPORT_VECTORS if slow else _WORK
        return cls(explained, float(least + 64 * (1024 + n * n) * (n + explained // 8)))

    def unlimited(self) -> Budget:
        """The same without an end, for rows that a user asks for."""
        return Budget(self.explained, None)

    def spend(self, node: Any, given: Arguments, held: int, rows_given: int) -> int:
        """Elements that are held with the node's result; UnsupportedModelError where that or its work is too much."""
        made = result_elements(node, given)
        text = _casts_to_text(node) or any(a is not None and a.dtype.kind in "OUS" for a in given)
        held += made * (8 if text else 1)
        if held > _HELD + 4 * (self.explained + rows_given):
            raise TooLargeError(f"{_named(node)} would make {_large(made)} elements; more than its arguments explain")
        if self.work is not None:
            self.work -= _CALL + (made + _no_larger(node, given)) * (64 if text else _SLOW.get(node.op_type, 4))
            if self.work < 0:
                raise UnsupportedModelError(
                    f"{_named(node)}: the ONNX graph takes more computing than its size and the schema's explain"
                )
        return held
