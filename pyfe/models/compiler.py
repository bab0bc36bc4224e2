"""compile: a model and a schema -> an exact integer function with a derived error bound."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import numpy as np

from pyfe.adapters import MAX_WEIGHT_BITS, require_searchable, serving
from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import LIMIT, Forms
from pyfe.function import Function, labels_of
from pyfe.function.function import ExactMap
from pyfe.leakage import refused_at_once
from pyfe.models.checking import Reference, check
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.domain import Domain
from pyfe.models.real.squares import RealSquares
from pyfe.models.rounding.affine import Rounded, round_map, take_integers
from pyfe.models.rounding.at_step import AnyRounded, rounded_at_step
from pyfe.models.rounding.degree_two import RoundedQuadratic, round_quadratic, take_quadratic_integers
from pyfe.models.rounding.squares import RoundedSquares, fewest_square_bits, round_squares, take_square_integers
from pyfe.models.sources.callables import from_plain_callable
from pyfe.models.sources.raw_model import naming_what_fails
from pyfe.models.sources.real_function import RealFunction, RealMap
from pyfe.models.sources.registry import from_model
from pyfe.models.sources.wanted import Wanted
from pyfe.schema import LOUDNESS, Encoded, Schema
from pyfe.schema.cells import listed, shown

__all__ = ["beside_model", "compile", "compile_real_function", "from_callable"]

Rounding: TypeAlias = Callable[[int], AnyRounded]

_MOST_BITS = MAX_WEIGHT_BITS - 1
"""Widest weights that are tried; the last bit of the widest authorities is left to weights of other origin."""

_REFERENCE_ROWS = 2000


def compile(
    model: Any,
    schema: Schema,
    *,
    weight_bits: int | Literal["auto"] | None = "auto",
    reference: Any = None,
    tolerance: float = 0.01,
    width_bits: int = 32,
    name: str | None = None,
    slots: Sequence[int] | None = None,
    output: str | None = None,
    at: Any = None,
) -> Function:
    """Turn a fitted model into the exact integer function that a key is issued for, on a schema that is agreed.

    Its score follows the model as closely as the columns do, and says as much of them; :func:`pyfe.prepare` makes
    coarse ones. The model's own decision function, pipeline included, is probed on decoded rows of the schema for an
    affine map ``f(q) = w q + b`` of the integer coordinates, then for a quadratic one ``q^T F q + w q + b``; the map is
    verified on 512 fresh rows, the model is asked again (:mod:`pyfe.models.checking`), and the map is rounded.

    Parameters
    ----------
    model: a fitted estimator (:mod:`pyfe.models.sources.decision`), a :class:`~pyfe.Linear`, a
        :class:`~pyfe.SquareNetwork`, trees on a schema of :func:`~pyfe.schema_for_trees`, sympy expressions, an
        ``onnx.ModelProto``, or a callable as for :func:`from_callable`. A model with column names is given a DataFrame;
        one without an array, **by position** in the schema's order, and its report says so. A column with a transform
        reaches an estimator as its raw value; a coefficient of log(value) belongs in a Linear or an expression.
    weight_bits: bits of the signed weights, ``|w| <= 2^(bits-1) - 1`` for every integer of the function. ``"auto"``:
        the fewest for which ``max_error`` is below ``tolerance`` times the interquartile range of every output over the
        reference rows (of a network: its root mean square error on them, within ``2^width_bits`` in any case, where
        that means up to 20 times the tolerance); every predicted class is kept except within ``max_error`` of the
        boundary. No column that an affine model uses gets the weight 0: one that would has the least weight, and the
        report names it. ``None``: the weights per coordinate step are integers, with scale 1.
    reference: at least 20 rows as for ``schema.encode``, your training data: to judge "auto" on (values outside are
        clipped; without them 2,000 uniform rows), and to hold the model against the function. They are not kept.
    tolerance: see ``weight_bits``. A quadratic bound adds the worst of every product; typical errors are far smaller.
    width_bits: quadratic results that span more than ``2^width_bits`` values are stated through centred columns
        (:class:`~pyfe.forms.FactoredForms`) where that at least halves their interval, which is searched, and keeps a
        stated ``weight_bits``; the values stay the same. Those of a network keep within it.
    name: for reports. slots: on a schema with noise (:func:`pyfe.noise`), the slot of each output, by default the first
        ones. Scores then have 16 standard deviations of the noise on the rows; ``weight_bits`` is "auto" or None.
    output, at: which of the outputs of a model that has several (:mod:`pyfe.models.sources.wanted`), such as "survival"
        at a time; by default its usual one.

    Returns the Function, linear with int64 weights ``[k, n]`` or quadratic with forms: one output for a regression or
    two classes, else one per class, as in scikit-learn. ``max_error`` bounds |decision value - model's output| for
    every row that the schema can hold, if the model is the map everywhere: that is verified for every code of columns
    of up to 65,536 codes and on your reference rows, and not elsewhere.

    Raises UnsupportedModelError: neither affine nor quadratic (names step, residual, and what would work), constant, no
    weights up to 31 bits keep the answer, the model differs from the function on a row by more than ``max_error`` and
    rounding explain (names rows, columns and the likely step), or its own code raises. OutOfRangeError: results wider
    than any scheme searches (2^44). ParameterError: model and schema do not fit. Cost: about 2 n + 2,000 evaluations of
    the model, 4,096 rows at most at once, those of its check, and O(n k) per width; quadratic n^2 / 2 and O(n^2 k).
    """
    if not isinstance(schema, Schema):
        raise ParameterError("compile needs a pyfe.Schema as its second argument")
    with naming_what_fails(model):
        real = from_model(model, schema, Wanted(output, at))
        return compile_real_function(real, schema, weight_bits, reference, tolerance, width_bits, name, slots=slots)


def from_callable(
    f: Callable[[Any], Any],
    schema: Schema,
    *,
    link: str = "identity",
    classes: Sequence[str | int | float | bool] | None = None,
    weight_bits: int | Literal["auto"] | None = "auto",
    reference: Any = None,
    tolerance: float = 0.01,
    width_bits: int = 32,
    name: str | None = None,
    slots: Sequence[int] | None = None,
) -> Function:
    """The exact integer function behind any callable of degree one or two, found by polarisation and verified.

    Parameters
    ----------
    f: decoded rows ``[m, columns]`` in the schema's order (float64, or object if a column holds text) to values
        ``[m]`` or ``[m, k]``. Two columns that stand for two classes are replaced by their difference.
    link, classes: as in :class:`~pyfe.function.Function`; f gives the decision values, before the link.
    The others, what is raised, and the cost: as for :func:`compile`.
    """
    if not isinstance(schema, Schema):
        raise ParameterError("from_callable needs a pyfe.Schema as its second argument")
    if not callable(f):
        raise ParameterError(f"from_callable needs a callable, not {type(f).__name__}; a fitted model goes to compile")
    with naming_what_fails(f):
        real = from_plain_callable(f, schema, link, None if classes is None else labels_of(classes))
        return compile_real_function(real, schema, weight_bits, reference, tolerance, width_bits, name, slots=slots)


def beside_model(function: Function, model: Any) -> Function:
    """The same function beside the model that it was compiled from, for reports on a function that was read from a
    file: they compare its scores with the model's own decision values again.

    function: one that knows its schema. model: as for :func:`compile`. Nothing is held against anything here: another
    model gives a report of large distances. ParameterError for a model of another number of outputs, or a function
    without a schema; UnsupportedModelError as of :func:`compile`. Cost: that of probing the model.
    """
    given: object = function
    if not isinstance(given, Function) or function.schema is None:
        raise ParameterError("a function beside its model knows its schema: Function.from_bytes(data, schema=schema)")
    with naming_what_fails(model):
        real = from_model(model, function.schema)
    if len(real.map(function.schema.lo[None, :].astype(np.float64))[0]) != function.k:
        raise ParameterError(f"the function has {function.k} output(s), and {real.name} another number of them")
    return replace(function, exact_map=_exact(real), raw_model=real.raw_model)


def _exact(real: RealFunction) -> ExactMap:
    return (real.map.weights, real.map.intercept) if isinstance(real.map, AffineMap) else real.map


@dataclass(frozen=True)
class _Wanted:
    """What the caller asks of the integers: the parameters of :func:`compile`, and the reference rows as codes; or a
    step of the result ``[k]``, in the model's units."""

    weight_bits: Any
    rows: IntArray
    tolerance: float
    width_bits: int
    step: FloatArray | None = None

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise ParameterError(f"tolerance lies strictly between 0 and 1, not {self.tolerance!r}")
        bits = self.weight_bits
        if bits is None or bits == "auto":
            return
        if isinstance(bits, bool) or not isinstance(bits, int) or not 2 <= bits <= _MOST_BITS:
            raise ParameterError(f'weight_bits is 2 to {_MOST_BITS}, "auto" or None, not {bits!r}')


def compile_real_function(
    real: RealFunction,
    schema: Schema,
    weight_bits: int | Literal["auto"] | None = "auto",
    reference: Any = None,
    tolerance: float = 0.01,
    width_bits: int = 32,
    name: str | None = None,
    step: FloatArray | None = None,
    slots: Sequence[int] | None = None,
) -> Function:
    """What :func:`compile` does once the real map of a model is known, however it was found. ``step`` ``[k]``: the
    integers are the nearest of this step of the result, in the model's units, whatever weight bits these need."""
    _require_finite(real, schema)
    known = None if reference is None else Reference.read(schema, reference)
    rows = schema.sample(np.random.default_rng(20), _REFERENCE_ROWS) if known is None else known.x
    if schema.noise is not None and step is None:
        step = _step_behind_noise(real, schema, weight_bits, rows)
    wanted = _Wanted(weight_bits, rows, tolerance, width_bits, step)
    _check_not_constant(real, schema)
    real, checked = check(real, schema, known)
    rounded = _rounded(real, schema, wanted)
    empty = np.flatnonzero(~rounded.varies)
    if len(empty):
        cure = "use more bits" if step is None else "cut a schema for the model (pyfe.prepare)"
        raise UnsupportedModelError(f"all weights of output {empty[0]} of {real.name} round to zero; {cure}")
    rest: dict[str, Any] = {
        "link": real.link,
        "classes": real.classes,
        "baseline_survival": real.baseline_survival,
        "max_error": rounded.max_error,
        "name": real.name if name is None else name,
        "exact_map": _exact(real),
        "raw_model": real.raw_model,
        "remarks": (*real.remarks, checked.remark, *_remarks(real, rounded, schema, step is not None)),
    }
    function = _function(rounded, schema, wanted, rest)
    checked.require(lambda x: function.decision_function(function.evaluate(Encoded(x))), function.max_error, real)
    refused = _refused(function, schema, known, step)
    return _behind_noise(replace(function, remarks=(*function.remarks, *refused)), schema, slots)


def _refused(function: Function, schema: Schema, known: Reference | None, step: Any) -> list[tuple[str, str]]:
    """That an authority with default settings would refuse a key, where that is to be seen at once."""
    rows = None if known is None else known.columns
    hidden = None if known is None else _private_answers(function, schema, known.x)
    weights = function.weights if function.kind == "linear" else None
    found = refused_at_once(schema, rows, hidden, weights=weights, weight_bits=function.weight_bits)
    if found is None:
        return []
    of_rows = ", which knows the population by these rows," if found.rule in ("4", "5t") else ""
    cure = "pyfe.suggest tries what else could be asked for"
    if step is None:
        cure = "pyfe.prepare cuts a schema no finer than the answers need"
    return [("an authority", f"with default settings{of_rows} would refuse a key: {found.ruled}; {cure}")]


def _private_answers(function: Function, schema: Schema, x: IntArray) -> IntArray | None:
    """What the private columns add to the results, int64 ``[rows, k]``; None where products with public ones do."""
    public = [part for _, part, column in schema.parts if column.public]
    if public and function.kind != "linear":
        return None
    rows = x.copy()
    for part in public:
        rows[:, part] = 0
    return function.map.evaluate(rows)


def _step_behind_noise(real: RealFunction, schema: Schema, weight_bits: Any, rows: IntArray) -> FloatArray | None:
    """The step of the result ``[k]`` for which the score has 16 standard deviations of the noise; None where integer
    weights are taken as they are."""
    if schema.noise is None or weight_bits is None:
        return None
    if weight_bits != "auto":
        raise ParameterError('behind noise the scale of a score follows from the noise: weight_bits is "auto" or None')
    return _varying(real.spread(real.map(rows.astype(np.float64)))) / (LOUDNESS * schema.noise.sd)


def _behind_noise(function: Function, schema: Schema, slots: Sequence[int] | None) -> Function:
    """The function with a slot for each output, where the schema has noise."""
    if schema.noise is None:
        if slots is not None:
            raise ParameterError("slots go with a schema that has noise (pyfe.noise)")
        return function
    if slots is not None and (isinstance(slots, str | bytes) or not isinstance(slots, Iterable)):
        raise ParameterError(f"slots are a list of ids, one an output, not {shown(slots)}")
    return function.with_slots(*(schema.noise.ids[: function.k] if slots is None else slots))


def _remarks(real: RealFunction, rounded: AnyRounded, schema: Schema, stepped: bool) -> list[tuple[str, str]]:
    """Which columns of the model the integers hardly follow, and what they would follow; ``stepped``: a step of the
    result was asked for, and no number of bits."""
    silent = [name for name, part in real.used_columns(schema) if not rounded.used[part].any()]
    remarks = []
    if isinstance(rounded, Rounded) and rounded.lifted:
        cure = "take more bits, or cut a schema for the model (pyfe.prepare)"
        remarks.append(("would vanish", f"{listed(rounded.lifted)}: nearest weight 0, least weight taken; {cure}"))
    if silent:
        said = f"{listed(silent)}: moves the result by less than half a step, and has no weight"
        remarks.append(("silent", f"{said}; {_CURE_OF_SILENCE[_finer(schema, stepped)]}"))
    return remarks


_CURE_OF_SILENCE = {
    "precision": "a larger precision= (--precision) gives it one, and a model fitted without it needs no column",
    "bits": "more weight_bits= (--weight-bits) give it one, and a model fitted without it needs no column",
    "noise": "the noise covers it",
}


def _finer(schema: Schema, stepped: bool) -> str:
    """What makes a result finer."""
    if schema.noise is not None:
        return "noise"
    return "precision" if stepped else "bits"


def _require_finite(real: RealFunction, schema: Schema) -> None:
    """UnsupportedModelError for a map that leaves the doubles between the ends of the schema's ranges."""
    ends = np.stack([schema.lo, schema.hi, np.maximum(np.abs(schema.lo), np.abs(schema.hi))])
    with np.errstate(over="ignore", invalid="ignore"):
        values = real.map(ends)
        if isinstance(real.map, AffineMap):
            values = np.abs(ends) @ np.abs(real.map.weights).T + np.abs(real.map.intercept)
    if not np.isfinite(values).all():
        raise UnsupportedModelError(f"the decision values of {real.name} are larger than doubles hold")


def _function(rounded: AnyRounded, schema: Schema, wanted: _Wanted, rest: dict[str, Any]) -> Function:
    if isinstance(rounded, Rounded):
        made = Function.from_integers(schema, rounded.weights, rounded.intercept, rounded.scale, **rest)
        return _searchable(made)
    if isinstance(rounded, RoundedSquares):
        return _searchable(Function.from_forms(schema, rounded.forms, rounded.intercept, rounded.scale, **rest))
    return _quadratic_function(rounded, schema, wanted, rest)


def _searchable(function: Function) -> Function:
    """The function, if there is a scheme whose keys could find its results; OutOfRangeError otherwise."""
    require_searchable(function.interval, serving(function.kind))
    return function


def _quadratic_function(rounded: RoundedQuadratic, schema: Schema, wanted: _Wanted, rest: dict[str, Any]) -> Function:
    """By coefficients, or through centred columns where those halve the width of a wide result and no entry exceeds
    a stated number of bits."""

    def function(forms: Forms) -> Function:
        return _searchable(Function.from_forms(schema, forms, rounded.intercept, rounded.scale, **rest))

    most = 2 ** (wanted.weight_bits - 1) - 1 if isinstance(wanted.weight_bits, int) else LIMIT
    centred = rounded.centred()
    try:
        plain = function(rounded.matrix())
    except OutOfRangeError:
        if centred.largest > most:
            raise
        return function(centred)
    if plain.width_bits <= wanted.width_bits or centred.largest > most:
        return plain
    narrower = function(centred)
    return narrower if narrower.width_bits <= plain.width_bits - 1 else plain


def _rounded(real: RealFunction, schema: Schema, wanted: _Wanted) -> AnyRounded:
    if wanted.step is not None:
        compared = real.classes is not None
        return rounded_at_step(
            real.map, schema, wanted.step, wanted.rows, compared=compared, width_bits=wanted.width_bits
        )
    if isinstance(real.map, RealSquares):
        return _rounded_squares(real, real.map, schema, wanted)
    if wanted.weight_bits is None:
        if isinstance(real.map, AffineMap):
            return take_integers(real.map, schema)
        return take_quadratic_integers(real.map, schema)
    if wanted.weight_bits == "auto":
        return _fewest_bits(real, real.map, schema, wanted)
    return _rounded_to(real, real.map, schema, wanted.weight_bits)


def _rounded_squares(real: RealFunction, network: RealSquares, schema: Schema, wanted: _Wanted) -> RoundedSquares:
    rows, compared = wanted.rows, real.classes is not None
    if wanted.weight_bits is None:
        return take_square_integers(network, schema, rows)
    if wanted.weight_bits == "auto":
        allowed = wanted.tolerance * _spread(network(rows))
        return fewest_square_bits(network, schema, rows, allowed, wanted.width_bits, compared=compared)
    return round_squares(network, schema, wanted.weight_bits, rows, compared=compared)


def _rounded_to(real: RealFunction, real_map: AffineMap | RealQuadratic, schema: Schema, bits: int) -> AnyRounded:
    if isinstance(real_map, AffineMap):
        return round_map(real_map, schema, bits, compared=real.classes is not None)
    return round_quadratic(real_map, schema, bits, compared=real.classes is not None)


def _fewest_bits(
    real: RealFunction, real_map: AffineMap | RealQuadratic, schema: Schema, wanted: _Wanted
) -> AnyRounded:
    allowed = wanted.tolerance * _spread(real_map(wanted.rows))

    def rounding(bits: int) -> AnyRounded:
        return _rounded_to(real, real_map, schema, bits)

    if (real_map.error > allowed).any():
        raise UnsupportedModelError(
            f"{real.name} rounds its own answers by up to {real_map.error.max():.2g}, more than "
            f"{wanted.tolerance:.0%} of the interquartile range, as sums in float32 do far from zero; fit it on a "
            "target near zero (less its mean), or set weight_bits"
        )
    search = _ascending if isinstance(real_map, AffineMap) else _halving
    rounded, best = search(rounding, allowed)
    if rounded is None:
        raise UnsupportedModelError(
            f"no weights up to {_MOST_BITS} bits keep the answer of {real.name}: the best bound is {best:.2g} "
            f"times {wanted.tolerance:.0%} of the interquartile range. Check that the reference rows vary, or set "
            "weight_bits"
        )
    return rounded


def _keeps(rounded: AnyRounded, allowed: FloatArray) -> bool:
    return bool((rounded.max_error <= allowed).all() and rounded.varies.all())


def _ascending(rounding: Rounding, allowed: FloatArray) -> tuple[AnyRounded | None, float]:
    """The fewest bits that keep the answer, or None and how far the best bound is off."""
    best = np.inf
    for bits in range(2, _MOST_BITS + 1):
        rounded = rounding(bits)
        if _keeps(rounded, allowed):
            return rounded, 1.0
        best = min(best, float((rounded.max_error / allowed).max()))
    return None, best


def _halving(rounding: Rounding, allowed: FloatArray) -> tuple[AnyRounded | None, float]:
    """As :func:`_ascending` in five roundings: a number of bits that keeps the answer while one less does not."""
    low, high, best, kept = 1, _MOST_BITS + 1, np.inf, None
    while high - low > 1:
        bits = (low + high) // 2
        try:
            rounded: AnyRounded | None = rounding(bits)
        except OutOfRangeError:
            rounded = None  # finer than any search could follow; fewer bits may do
        if rounded is None or _keeps(rounded, allowed):
            high, kept = bits, rounded
        else:
            low, best = bits, min(best, float((rounded.max_error / allowed).max()))
    if kept is None and high <= _MOST_BITS:
        rounding(high)
    return kept, best


def _spread(values: FloatArray) -> FloatArray:
    """Interquartile range per output; half the full range where half of the values coincide."""
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    full = (values.max(axis=0) - values.min(axis=0)) / 2
    return _varying(np.where(high > low, high - low, full))


def _varying(spread: FloatArray) -> FloatArray:
    if not (spread > 0).all():
        raise UnsupportedModelError("the model's output does not vary over the reference rows")
    return spread


def _check_not_constant(real: RealFunction, schema: Schema) -> None:
    """An output that does not depend on the row needs no key, and its key would open a relation everybody knows."""
    low, high = _reach(real.map, schema)
    flat = np.flatnonzero(high - low <= 4 * real.map.error)
    if len(flat):
        raise UnsupportedModelError(f"output {flat[0]} of {real.name} does not depend on the schema's columns")


def _reach(real_map: RealMap, schema: Schema) -> tuple[FloatArray, FloatArray]:
    """Bounds ``[k]`` of a map over everything the schema can hold, up to a constant."""
    if isinstance(real_map, RealSquares):
        return real_map.extent(schema)
    if isinstance(real_map, RealQuadratic):
        standard = real_map.standard(schema)
        return Domain(schema).extent(standard.quadratic, standard.weights)
    ends = [column.extent(real_map.weights[:, part]) for _, part, column in schema.parts]
    return np.sum([low for low, _ in ends], axis=0), np.sum([high for _, high in ends], axis=0)
