"""An ONNX graph as a model: sliced back to its scores, read as polynomials where it is made of them, probed elsewhere.

Exporters write scores as plain arithmetic, or as one large node, and a sigmoid, a softmax, an argmax behind them. So:

1. the graph is carried out on polynomials instead of numbers (:mod:`pyfe.models.sources.graphs.operators`), as far as
   it goes;
2. the last polynomial before what is none (a sigmoid, an exponential, ...), or else a value there that turns out to
   be affine or quadratic when probed through ``onnx.reference``, holds the scores;
3. the link is the one of the known links that gives the graph's own output from them.

Whatever was read is compared with ``onnx.reference`` on 512 fresh rows. A graph comes from somebody else: what it may
be and may cost is bounded (:mod:`pyfe.models.sources.graphs.bounds`) before anything of it is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import UnsupportedModelError
from pyfe.function import index_of_largest, link_named, margin_of_largest, probabilities
from pyfe.models.fit.affine import fit_affine
from pyfe.models.fit.probing import CLOSE, fresh_rows, residual
from pyfe.models.fit.second_differences import fit_quadratic
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.graphs.graph import Feeds, Graph
from pyfe.models.sources.graphs.inputs import GraphInputs
from pyfe.models.sources.graphs.operators import Blocked, Reading
from pyfe.models.sources.graphs.polynomials import Polynomials
from pyfe.models.sources.link_and_classes import LARGEST_SLACK
from pyfe.models.sources.parts import Labels
from pyfe.models.sources.raw_model import RawModel
from pyfe.models.sources.real_function import RealFunction, RealMap, combined
from pyfe.schema import Schema

__all__ = ["from_graph", "input_names"]

Raw: TypeAlias = Callable[[IntArray], FloatArray]
_BEFORE_LINKS = {
    "Sigmoid", "Softmax", "LogSoftmax", "Exp", "Log", "ReduceLogSumExp", "ArgMax", "TopK", "Normalizer", "ZipMap",
}  # fmt: skip

_CLOSE_FLOAT32 = 1e-5
"""The same, for a graph in float32."""

_FLOAT32_SLACK = 100.0
"""How much further than :data:`~pyfe.models.fit.probing.TOLERANCE` a graph in float32 may be from its map; what it is
counts in ``max_error``."""


def from_graph(model: Any, schema: Schema) -> RealFunction | None:
    """The function of an ``onnx.ModelProto`` on a schema; None for anything else.

    Inputs are one tensor ``[rows, columns]`` in the order of the schema, or one tensor a column, called like it.
    Raises ParameterError where they do not fit, UnsupportedModelError naming the node that is no polynomial.
    """
    if not _is_graph(model):
        return None
    graph = Graph.of(model, schema.n)
    feeds = GraphInputs(graph, schema)
    reading = Reading(graph, feeds.polynomials(schema))
    rows = fresh_rows(schema)
    final = graph.final_output()
    values = _Final.of(graph, final, feeds.of_rows(rows, schema))
    refusals: dict[str, str] = {}
    for score in _scores(graph, reading, final):
        real = _function_of(score, graph, feeds, schema, rows, values, refusals)
        if real is not None:
            return real
    raise UnsupportedModelError(_refusal(graph, reading, final, refusals))


def input_names(model: Any) -> set[str] | None:
    """The names of the inputs of an ``onnx.ModelProto``; None for anything else."""
    if not _is_graph(model):
        return None
    stored = {tensor.name for tensor in model.graph.initializer}
    return {given.name for given in model.graph.input} - stored


def _is_graph(model: Any) -> bool:
    return type(model).__module__.startswith("onnx") and hasattr(model, "graph") and hasattr(model, "opset_import")


@dataclass(frozen=True)
class _Final:
    """The graph's own output on the fresh rows, float64 ``[rows, k]``, and how far rounding takes it."""

    name: str
    values: FloatArray
    close: float

    @classmethod
    def of(cls, graph: Graph, name: str, feeds: Feeds) -> _Final | None:
        """None where ``onnx.reference`` lacks an operator that it needs."""
        if not graph.computes(name):
            return None
        array = graph.run(name, feeds)
        close = CLOSE if array.dtype == np.float64 else _CLOSE_FLOAT32
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
    """A value that may hold the scores: its name, its polynomials where it was read, and whether it can be run.

    ``parts``: the values whose last columns it is made of, where each class has a node of its own. ``graph``: another
    graph to run it in, where the one that was given makes no such value.
    """

    name: str
    polynomials: Polynomials | None
    runs: bool = True
    parts: tuple[str, ...] = ()
    graph: Graph | None = None

    def is_value(self, name: str) -> bool:
        """Whether it is this value of the graph that was given."""
        return self.graph is None and self.name == name

    def run(self, graph: Graph, feeds: Feeds) -> FloatArray:
        """The value for rows, float64 ``[rows, k]``."""
        graph = graph if self.graph is None else self.graph
        if self.parts:
            columns = [graph.run(part, feeds) for part in self.parts]
            return np.stack([c.reshape(len(c), -1)[:, -1] for c in columns], axis=1).astype(np.float64)
        return np.asarray(graph.run(self.name, feeds), dtype=np.float64)


def _scores(graph: Graph, reading: Reading, final: str) -> Iterator[_Score]:
    """Candidates, the most natural first: polynomials nearest to the output, then what may be probed."""
    inside = graph.ancestors(final)
    each = _one_a_class(graph, reading, inside)
    inputs = {name for index in inside for name in graph.nodes[index].input} | {final}
    if isinstance(reading.values.get(final), Polynomials):
        yield _Score(final, reading.values[final])
        return
    for name in reversed(list(reading.before)):
        if name in inputs | {final}:
            yield _Score(name, reading.before[name], runs=False)
    if each is not None:
        yield each
    for name in dict.fromkeys(reversed(reading.frontier)):
        if name in inputs:
            yield _Score(name, reading.values[name])
    if graph.computes(final):
        yield _Score(final, None)
    for index in reversed(inside):
        node = graph.nodes[index]
        if node.op_type in _BEFORE_LINKS and isinstance(reading.values.get(node.input[0]), Blocked):
            yield _Score(node.input[0], None)
        scores_known = node.op_type != "LinearClassifier" or node.output[1] in reading.before
        if not scores_known and not any(attribute.s == b"SOFTMAX_ZERO" for attribute in node.attribute):
            yield _Score(node.output[1], None, graph=graph.without_link(index))


def _one_a_class(graph: Graph, reading: Reading, inside: list[int]) -> _Score | None:
    """What two sigmoids or more are given, one a class: of two columns, a score and its negative, the last."""
    parts = tuple(graph.nodes[index].input[0] for index in inside if graph.nodes[index].op_type == "Sigmoid")
    values = [reading.values.get(part) for part in parts]
    if len(parts) < 2:
        return None
    name = ", ".join(parts)
    known = [value for value in values if isinstance(value, Polynomials)]
    if len(known) < len(parts):
        return _Score(name, None, parts=parts)
    columns = [value.taken(np.array([math.prod(value.shape) - 1])).padded for value in known]
    return _Score(name, Polynomials(known[0].products, np.concatenate(columns)), parts=parts)


def _function_of(
    score: _Score,
    graph: Graph,
    feeds: GraphInputs,
    schema: Schema,
    rows: IntArray,
    final: _Final | None,
    refusals: dict[str, str],
) -> RealFunction | None:
    """The real function of a candidate, or None and the reason."""

    def raw(x: IntArray, *, exact: bool = False) -> FloatArray:
        return score.run(graph, feeds.of_rows(x, schema, exact=exact))

    try:
        real_map = _map_of(score, raw, partial(raw, exact=True), rows, schema)
        if score.runs:
            real_map = _verified(real_map, raw, rows, _FLOAT32_SLACK if feeds.float32 else 1.0)
        for combination, link in _readings(score, real_map, rows, final, graph.label_output() is not None):
            mixed = combined(real_map, combination)
            classes = _classes(graph, link, len(combination))
            if _predicts(graph, feeds.of_rows(rows, schema), mixed(rows), mixed.error, classes):
                asked = replace(graph, budget=graph.budget.unlimited())
                raw_model = _raw_model(asked, score, combination, link, final, feeds, schema) if score.runs else None
                return RealFunction(mixed, link, classes, None, graph.name, raw_model)
        raise UnsupportedModelError(
            f"no known link leads from {score.name!r} to the output and the classes; to have the score alone, make it "
            "the graph's output (onnx.utils.extract_model)"
        )
    except UnsupportedModelError as error:
        refusals[score.name] = str(error)
        return None


def _raw_model(
    graph: Graph,
    score: _Score,
    combination: FloatArray,
    link: str,
    final: _Final | None,
    feeds: GraphInputs,
    schema: Schema,
) -> RawModel:
    """The graph, asked for its scores, its classes and its own output, as far as its operators are carried out."""

    def decision(table: Feeds) -> FloatArray:
        return np.asarray(score.run(graph, table) @ combination.T)

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
        DecisionFunction(decision, None, graph.name),
        feeds,
        schema,
        predict=predict if labels is not None and graph.computes(labels) else None,
        output=output if final is not None and not score.is_value(final.name) else None,
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
    opposite = k == 2 and bool(np.abs(values.sum(axis=1)).max() <= CLOSE * np.abs(values).max())
    single = [every[1:], every[:1], pair] if opposite else [pair, every[1:]] if k == 2 else []
    if final is None:
        return
    if (score.runs and score.is_value(final.name)) or final.holds(values, real_map.error):
        yield from ((combination, "identity") for combination in (single if labelled and k == 2 else [every]))
    for combination in [*single, every]:
        for link in ("logit",) if len(combination) == 1 else ("softmax", "ovr", "logit_each"):
            if final.follows(link, values @ combination.T, real_map.error):
                yield combination, link
    if final.is_exponential_of(values):
        yield every, "exp"


def _classes(graph: Graph, link: str, scores: int) -> Labels | None:
    expected = 2 if scores == 1 else scores
    if link_named(link).classes == "none" or (graph.label_output() is None and link == "identity"):
        return None
    classes = graph.labels() or tuple(range(expected))
    if len(classes) != expected:
        raise UnsupportedModelError(f"{graph.name} gives {scores} scores for {len(classes)} classes")
    return classes


def _predicts(graph: Graph, feeds: Feeds, decision: FloatArray, error: FloatArray, classes: Labels | None) -> bool:
    """Whether the graph's own classes are those of the largest score (of one score: its sign), but near a boundary."""
    output = graph.label_output()
    if classes is None or output is None or not graph.computes(output):
        return True
    clear = margin_of_largest(decision) > 4 * error.max()
    theirs = graph.run(output, feeds).ravel()
    return bool((theirs == np.asarray(classes)[index_of_largest(decision)])[clear].all())


def _refusal(graph: Graph, reading: Reading, final: str, refusals: Mapping[str, str]) -> str:
    blocked = reading.values.get(final)
    why = "; ".join(dict.fromkeys([*list(refusals.values())[:1], *([refusals[final]] if final in refusals else [])]))
    if not isinstance(blocked, Blocked) or blocked.node < 0:
        return f"{graph.name} is neither affine nor quadratic in the schema's coordinates: {why}"
    node = graph.nodes[blocked.node]
    name = f" {node.name!r}" if node.name else ""
    return (
        f"{graph.name} is neither affine nor quadratic in the schema's coordinates: node {blocked.node}{name} "
        f"({node.op_type}) {blocked.why}; {why}"
    )
