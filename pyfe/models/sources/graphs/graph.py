"""An ONNX graph: nodes, constants, labels, and how a part of it is run within a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import UnsupportedModelError
from pyfe.models.sources.graphs.bounds import Budget, TooLargeError, admit, is_carried_out
from pyfe.models.sources.parts import Labels

__all__ = ["Feeds", "Graph"]

Feeds: TypeAlias = dict[str, AnyArray]
_LABEL_ATTRIBUTES = ("classlabels_int64s", "classlabels_strings", "classlabels_ints")

_FEWEST_ROWS = 16
"""Rows that a graph is always given together: one that mixes rows gives itself away."""


@dataclass(frozen=True)
class Graph:
    """Nodes in order, constants by name, inputs and outputs; and how to run a part of them within a budget."""

    model: Any
    nodes: list[Any]
    constants: Feeds
    inputs: list[Any]
    outputs: list[Any]
    budget: Budget
    evaluators: dict[Any, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, model: Any, n: int) -> Graph:
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

    def without_link(self, index: int) -> Graph:
        """The same graph in which a linear classifier makes its scores, and nothing of them."""
        import onnx

        bare = onnx.NodeProto()
        bare.CopyFrom(self.nodes[index])
        kept = [attribute for attribute in bare.attribute if attribute.name != "post_transform"]
        del bare.attribute[:]
        bare.attribute.extend(kept)
        return replace(self, nodes=[*self.nodes[:index], bare, *self.nodes[index + 1 :]], evaluators={})

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
                f"{self.name} cannot be evaluated on the schema's rows: {type(error).__name__}: {error}{self._cure()}"
            ) from error

    def _cure(self) -> str:
        """What would do, where the graph says that it takes a stated number of rows at a time."""
        for value in self.inputs:
            dimensions = value.type.tensor_type.shape.dim
            if len(dimensions) > 1 and dimensions[0].dim_value:
                rows = dimensions[0].dim_value
                return f"; it is for {rows} row(s) at a time: export it with a first dimension that is free"
        return ""

    def _evaluator(self, node: Any, used: Feeds) -> Any:
        import onnx
        from onnx.reference import ReferenceEvaluator

        kinds = {name: onnx.helper.np_dtype_to_tensor_dtype(array.dtype) for name, array in used.items()}
        given = [onnx.helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()]
        made = [onnx.helper.make_tensor_value_info(o, onnx.TensorProto.UNDEFINED, None) for o in node.output]
        graph = onnx.helper.make_graph([node], "one", given, made)
        return ReferenceEvaluator(onnx.helper.make_model(graph, opset_imports=self.model.opset_import))
