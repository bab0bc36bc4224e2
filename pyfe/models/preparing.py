"""prepare: a model and reference rows -> a schema cut for the model, and the exact integer function on it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.function import Function
from pyfe.function.accuracy import require_one_index
from pyfe.leakage import published
from pyfe.models.checking import Reference
from pyfe.models.compiler import compile_real_function
from pyfe.models.grids import Draft, Grid, coarsest, grid_at, grids_at
from pyfe.models.sources.inputs import columns_of
from pyfe.models.sources.raw_model import naming_what_fails
from pyfe.models.sources.real_function import RealFunction
from pyfe.models.sources.registry import from_model
from pyfe.models.sources.trees.compiled import is_trees
from pyfe.models.sources.trees.proposal import columns_tested, schema_for_trees
from pyfe.models.sources.wanted import USUAL, Wanted
from pyfe.models.yardstick import Yardstick, yardstick
from pyfe.schema import LOUDNESS, Column, Schema
from pyfe.schema.cells import is_number, listed, same_name, shown
from pyfe.schema.frames import open_frame
from pyfe.schema.ranges import by_text, list_of_names

__all__ = ["OF_TREES", "Precision", "Preparation", "prepare", "schema_for"]

Precision: TypeAlias = float | Literal["auto", "finest"]

_WIDTH_BITS = 32
_FINEST_PRECISION = 2**16
_LARGEST = 1e100
"""Bound of a model's results: their squares, summed over rows, are doubles."""
OF_TREES = ("public", "protected", "missing", "protected_forms", "levels")
_BY_NAME = ("public", "protected", "exclude")
_MAPPED = ("missing", "levels", "ranges", "bits")


def prepare(
    model: Any,
    X: Any,
    outcome: Any = None,
    *,
    precision: Precision = "auto",
    schema: Schema | None = None,
    name: str | None = None,
    noise: Column | None = None,
    slots: Sequence[int] | None = None,
    publish: bool = False,
    output: str | None = None,
    at: Any = None,
    **fit: Any,
) -> tuple[Schema, Function]:
    """A schema cut for a model, and the model's exact integer function on it: what a key is issued for.

    Every digit of a score that no answer needs is a digit of somebody's columns. So columns and score are made as
    coarse as the model's answers allow, judged on reference rows; nothing of these is kept but the schema's ranges.

    Parameters
    ----------
    model: as for :func:`pyfe.compile`. Of a model with column names only its own columns are taken. Trees get the
        schema of their cuts (:func:`pyfe.schema_for_trees`, whose options ``fit`` has): the score alone is made coarse.
    X: at least 20 reference rows, your training data: a table as for :meth:`pyfe.Schema.fit`.
    outcome: labels or targets of the rows, or a pair (times, events), or a structured array of the two: then the loss
        is measured with it. Without it, it is the loss that is expected if the model is right about its own
        probabilities (or, where it has none, of the R2 of its decision values). The report says which.
    precision: "auto" takes the coarsest grid such that it and every finer one that is tried loses at most 0.002 of AUC
        or C, or 0.005 of R2 (:mod:`pyfe.models.grids`). A number asks for that many steps of the score per standard
        deviation. "finest" keeps the proposed columns, and takes the fewest weight bits within 1 % of the spread of the
        result, as :func:`pyfe.compile` does.
    schema: columns that you know better than quantiles do (clinical ranges), to be cut instead of a proposal.
    noise: noise slots (:func:`pyfe.noise`), if every result shall have noise: then nothing is cut, and the score is
        scaled to 16 standard deviations of the noise. Results are not exact.
    publish: whether the schema that is cut publishes what it may of these rows (:func:`pyfe.leakage.published`; at
        least 100): **everybody who has the public key reads it.** A schema that publishes is another schema than one
        that does not, so it has to do so before the function is made.
    name, slots, output, at: as for :func:`pyfe.compile`.
    fit: else ``bits`` (the finest that a number column may become, default 8), ``margin``, ``names``, ``exclude``,
        ``levels``, ``ranges``, ``public``, ``protected``, ``missing`` and ``protected_forms`` of
        :meth:`pyfe.Schema.fit`.

    Returns the schema and the function; ``pyfe.compile(model, schema)`` on the same schema gives a finer function. A
    column that moves the score by less than half a step stays in the schema, in one step, and has no weight; the
    function's report names it. Raises what :func:`pyfe.compile` and :meth:`pyfe.Schema.fit` raise, and ParameterError
    for an outcome that does not go with the model. Where not even the finest grid keeps within the loss, a
    UserWarning says so: the ranges clip too much (``margin``), or the columns are too coarse (``bits``). Cost: that of
    ``compile`` twice, and some 150 evaluations of a linear function on the rows.

    >>> import numpy as np, pyfe
    >>> rows = {"age": np.random.default_rng(0).integers(20, 80, 200), "smoker": ["no", "yes"] * 100}
    >>> model = pyfe.Linear({"age": 0.06, "smoker": 0.5}, intercept=-4.0, link="logit")
    >>> schema, function = pyfe.prepare(model, rows)
    >>> function.weights.tolist(), [column.size for column in schema.columns.values()]
    ([[1, 4]], [37, 2])
    """
    _require_precision(precision)
    wanted = Wanted(output, at)
    return Preparation.of(model, X, outcome, schema, fit, noise, wanted).function(precision, name, slots, publish)


def schema_for(
    model: Any,
    X: Any,
    outcome: Any = None,
    *,
    precision: Precision = "auto",
    schema: Schema | None = None,
    noise: Column | None = None,
    publish: bool = False,
    output: str | None = None,
    at: Any = None,
    **fit: Any,
) -> Schema:
    """The schema that :func:`prepare` cuts for a model, alone; parameters, errors and cost are the same."""
    _require_precision(precision)
    wanted = Wanted(output, at)
    return Preparation.of(model, X, outcome, schema, fit, noise, wanted).schema(precision, publish)


@dataclass(frozen=True)
class Preparation:
    """A model on the finest schema, with reference rows, from which coarser schemas are cut.

    model: what was given. draft: the model on the finest schema, and the rows. measure: of what is lost on them.
    outputs: which part of the model's real function is taken (all of it). aside: protected columns that the model does
    not take. wanted: which of the model's outputs.
    """

    model: Any
    draft: Draft
    measure: Yardstick
    outputs: Callable[[RealFunction], RealFunction] = lambda real: real
    aside: tuple[str, ...] = ()
    wanted: Wanted = USUAL

    @classmethod
    def of(
        cls,
        model: Any,
        X: Any,
        outcome: Any,
        schema: Schema | None,
        fit: dict[str, Any],
        noise: Column | None = None,
        wanted: Wanted = USUAL,
    ) -> Preparation:
        """Parameters and errors are those of :func:`prepare`."""
        if is_trees(model):
            of_trees = cls.of_trees(model, X, outcome, schema, fit, wanted)
            return of_trees if noise is None else of_trees.behind(noise)
        require_one_index(X, outcome)
        proposed, table = _proposal(model, X, schema, fit)
        finest = proposed if noise is None else proposed.with_noise(noise)
        with naming_what_fails(model):
            draft = _draft(model, finest, table, wanted)
        protected = list_of_names(fit.get("protected", ()), "protected")
        aside = tuple(name for name in protected if same_name(name) not in set(map(same_name, finest.input_columns)))
        return cls(model, draft, yardstick(draft.real, draft.theirs, outcome), aside=aside, wanted=wanted)

    @classmethod
    def of_trees(
        cls,
        model: Any,
        X: Any,
        outcome: Any,
        schema: Schema | None,
        fit: dict[str, Any],
        wanted: Wanted = USUAL,
    ) -> Preparation:
        """Trees on the schema of their thresholds, or on one that is given: nothing of it can be cut. ``fit``: what
        :func:`pyfe.schema_for_trees` takes."""
        for option in fit:
            if option not in OF_TREES or schema is not None:
                own = "trees have a schema of their thresholds, without" if schema is None else "schema= has its own"
                raise ParameterError(f"{own} {option}")
        _require_schema(schema)
        require_one_index(X, outcome)
        frame = open_frame(X, None if schema is None else schema.input_columns)
        finest = schema
        if finest is None:
            tested = set(map(same_name, columns_tested(model)))
            finest = schema_for_trees(model, **_of_columns(fit, tested, set(map(same_name, frame.labels))))
        with naming_what_fails(model):
            draft = _draft(model, finest, frame.columns(finest.input_columns), wanted)
        return cls(model, draft, yardstick(draft.real, draft.theirs, outcome), wanted=wanted)

    def behind(self, noise: Column) -> Preparation:
        """The same behind noise slots. ParameterError as for :meth:`pyfe.Schema.with_noise`."""
        draft = _draft(self.model, self.draft.schema.with_noise(noise), self.draft.table, self.wanted)
        return replace(self, draft=replace(draft, real=self.outputs(draft.real), theirs=self.draft.theirs))

    def grid(self, precision: Precision) -> Grid | None:
        """The grid of a precision; None for the finest. Behind noise it follows from the noise: columns of an affine
        model are not cut then (None), those of a quadratic one to what a score of that step has use for."""
        noise = self.draft.schema.noise
        if noise is not None:
            if precision != "auto":
                raise ParameterError('behind noise the scale of a score follows from the noise: precision stays "auto"')
            return None if self.draft.affine else grid_at(self.draft, LOUDNESS * noise.sd)
        if precision == "finest":
            return None
        if isinstance(precision, str):
            return _coarsest(self.draft, self.measure)
        return grid_at(self.draft, precision, self.measure)

    def near(self, precision: float) -> Iterator[tuple[Schema, Function]]:
        """Schemas near a precision, and the functions on them: all that keep within the loss that is allowed; where
        none does, the likest to the model."""
        for place, grid in enumerate(grids_at(self.draft, precision, self.measure)):
            if place and self.measure.loss(grid.decision) > self.measure.most:
                return
            yield self._on(grid, self._cut(grid, publish=False))

    def schema(self, precision: Precision, publish: bool = False) -> Schema:
        """The schema that is cut for a precision."""
        return self._cut(self.grid(precision), publish)

    def _cut(self, grid: Grid | None, publish: bool) -> Schema:
        if type(publish) is not bool:
            raise ParameterError(f"publish is True or False, not {shown(publish)}")
        cut = self.draft.schema if grid is None else self.draft.cut(grid.top)
        if self.draft.schema.population is not None and cut.population is None and not publish:
            warnings.warn(
                "the schema that was given publishes a population, and the one that is cut of it does not; publish=True"
                " (--publish) publishes that of these rows",
                UserWarning,
                stacklevel=4,
            )
        return published(self.draft.table, cut) if publish else cut

    def function(
        self,
        precision: Precision,
        name: str | None = None,
        slots: Sequence[int] | None = None,
        publish: bool = False,
    ) -> tuple[Schema, Function]:
        """The schema that is cut for a precision, and the model's function on it, behind these noise slots."""
        grid = self.grid(precision)
        return self._on(grid, self._cut(grid, publish), name, slots)

    def _on(
        self, grid: Grid | None, schema: Schema, name: str | None = None, slots: Sequence[int] | None = None
    ) -> tuple[Schema, Function]:
        step = None if grid is None else grid.step
        with naming_what_fails(self.model):
            real = self.outputs(from_model(self.model, schema, self.wanted))
            function = compile_real_function(
                real, schema, "auto", self.draft.table, 0.01, _WIDTH_BITS, name, step, slots=slots
            )
        return schema, replace(function, remarks=(*function.remarks, *self._remarks(function, grid)))

    def loss(self, function: Function) -> float:
        """How much less of the measure a function on these rows has than the model."""
        return self.measure.loss(self._decision(function))

    def said_anew(self, function: Function) -> Function:
        """A function that was changed after it was made, with the remarks on its results that are true of it now."""
        decision = self._decision(function)
        step = dict(function.remarks).get("step of the score", "").partition(";")[0]
        anew = {"step of the score": f"{step}; {_results(decision)}", "loss": self.measure.words(decision)}
        return replace(function, remarks=tuple((name, anew.get(name, text)) for name, text in function.remarks))

    def _decision(self, function: Function) -> FloatArray:
        """Decision values of the rows, with noise where a key's results have it."""
        scores = function.evaluate(self.draft.table, "clip").reshape(-1, function.k)
        return np.asarray((scores + function.readout.noise_like(len(scores))) * function.scale)

    def _remarks(self, function: Function, grid: Grid | None) -> list[tuple[str, str]]:
        """What a report says of the grid and of the loss."""
        decision = self._decision(function)
        return [*self._of_score(decision, grid), *self._of_aside()]

    def _of_aside(self) -> list[tuple[str, str]]:
        """That what is protected and no column of the model is not in the schema."""
        if not self.aside:
            return []
        said = "no column of the model: not in the schema, not encrypted, and what a score says of it is not judged"
        return [("protected", f"{listed(self.aside)}: {said}")]

    def _of_score(self, decision: FloatArray, grid: Grid | None) -> list[tuple[str, str]]:
        if self.draft.schema.noise is not None:
            ends = f"sd / {LOUDNESS * self.draft.schema.noise.sd}; noise of sd / {LOUDNESS} in every result"
            return [("step of the score", ends), ("loss", self.measure.words(decision))]
        steps = "as fine as the columns" if grid is None else f"sd / {grid.precision:.3g}"
        return [
            ("step of the score", f"{steps}; {_results(decision)}"),
            ("loss", self.measure.words(decision)),
        ]


def _results(decision: FloatArray) -> str:
    return f"{len(np.unique(decision, axis=0))} different results on these rows"


def _require_precision(precision: Any) -> None:
    if precision in ("auto", "finest"):
        return
    if not is_number(precision) or not 1 <= precision <= _FINEST_PRECISION:
        raise ParameterError(
            f'precision is "auto", "finest", or from 1 to {_FINEST_PRECISION} steps per standard deviation, not '
            f"{shown(precision)}"
        )


def _coarsest(draft: Draft, measure: Yardstick) -> Grid:
    grid, kept = coarsest(draft, measure)
    if not kept:
        warnings.warn(
            f"the finest grid tried loses {measure.loss(grid.decision):.4f} of {measure.name}, more than "
            f"{measure.most:g}: values beyond the ranges are clipped, or the columns are too coarse; give a wider "
            "margin=, more bits=, or a schema= of your own",
            UserWarning,
            stacklevel=5,
        )
    return grid


# ---------------------------------------------------------------------------------------------------------------
# The columns to begin with


def _proposal(model: Any, X: Any, schema: Schema | None, fit: dict[str, Any]) -> tuple[Schema, dict[str, AnyArray]]:
    """The finest schema, of the model's columns, and these columns of the rows."""
    _require_schema(schema)
    frame = open_frame(X, fit.pop("names", None) if schema is None else schema.input_columns)
    labels = {same_name(label): label for label in frame.labels}
    if schema is not None:
        if fit:
            raise ParameterError(f"schema= has its own {next(iter(fit))}")
        return schema, frame.columns(schema.input_columns)
    with naming_what_fails(model):
        taken = columns_of(model, tuple(labels))
    wanted = [label for name, label in labels.items() if taken is None or name in taken]
    if taken is not None and not wanted:
        theirs = f"the model takes {listed(sorted(taken))}" if taken else "the model takes no column"
        raise ParameterError(f"{theirs}, and the table has {listed(labels) or 'no column'}")
    table = frame.columns(wanted)
    return Schema.fit(table, **_of_columns(fit, {same_name(label) for label in wanted}, set(labels))), table


def _require_schema(schema: object) -> None:
    if schema is not None and not isinstance(schema, Schema):
        raise ParameterError(f"schema= is a pyfe.Schema, not {shown(schema)}")


def _of_columns(fit: dict[str, Any], wanted: set[str], known: set[str]) -> dict[str, Any]:
    """The options of Schema.fit without what they say of columns that the model does not take."""
    others, chosen = known - wanted, dict(fit)
    for option in _BY_NAME:
        if option in fit:
            chosen[option] = [n for n in list_of_names(fit[option], option) if same_name(n) not in others]
    for option in _MAPPED:
        if isinstance(fit.get(option), Mapping):
            chosen[option] = {n: v for n, v in by_text(fit[option], option).items() if same_name(n) not in others}
    return chosen


def _draft(model: Any, schema: Schema, table: Mapping[str, AnyArray], wanted: Wanted = USUAL) -> Draft:
    real = from_model(model, schema, wanted)
    Reference.read(schema, table)
    x = schema.encode_real(table)
    theirs = _own_values(real, table, x)
    reach = float(np.abs(theirs).max())
    if not reach < _LARGEST:
        raise UnsupportedModelError(
            f"the model's results reach {reach:.3g} on the reference rows, and {_LARGEST:g} is the most; scale them"
        )
    draft = Draft(schema, real, table, np.clip(x, schema.lo, schema.hi), theirs, _WIDTH_BITS)
    if not (draft.spread > 0).all():
        raise UnsupportedModelError("the model's output does not vary over the reference rows")
    return draft


def _own_values(real: RealFunction, table: Mapping[str, AnyArray], x: FloatArray) -> FloatArray:
    """The model's decision values ``[m, k]`` of the rows as they are; of the schema's coordinates where it is given by
    its numbers, or takes no absent entries."""
    theirs = None if real.raw_model is None else real.raw_model(table)
    return real.map(x) if theirs is None else theirs
