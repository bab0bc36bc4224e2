"""compile: a model and a schema -> an exact integer function with a derived error bound."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import LIMIT, Forms
from pyfe.function import Function
from pyfe.models.checking import Reference, check
from pyfe.models.estimators import RealMap, View, look, look_at_callable, naming_what_fails
from pyfe.models.expressions import look_at_expression
from pyfe.models.graphs import look_at_graph
from pyfe.models.linear import Linear
from pyfe.models.networks import SquareNetwork
from pyfe.models.probing import AffineMap
from pyfe.models.quadratic import Domain, RealQuadratic
from pyfe.models.rounding import Rounded, round_map, take_integers
from pyfe.models.rounding_quadratic import RoundedQuadratic, round_quadratic, take_quadratic_integers
from pyfe.models.rounding_squares import RoundedSquares, fewest_square_bits, round_squares, take_square_integers
from pyfe.models.squares import RealSquares
from pyfe.models.trees import look_at_trees
from pyfe.schema import Encoded, Schema

__all__ = ["compile", "compile_view", "from_callable"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
AnyRounded: TypeAlias = Rounded | RoundedQuadratic | RoundedSquares
Rounding: TypeAlias = Callable[[int], AnyRounded]

MAX_WEIGHT_BITS = 31
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
) -> Function:
    """Turn a fitted model into the exact integer function that a key is issued for.

    The model's own decision function, pipeline included, is probed on decoded rows of the schema for an affine map
    ``f(q) = w q + b`` of the integer coordinates, then for a quadratic one ``q^T F q + w q + b``; the map is verified
    on 512 fresh rows, and the model is asked again (:mod:`pyfe.models.checking`) about the reference rows, each as the
    schema decodes it and as it came, every code of small columns, values that often mean "absent", absent entries that
    the schema replaces, and both sides of every cut. The map is rounded to integers times a scale.

    Parameters
    ----------
    model: a fitted estimator (:mod:`pyfe.models.quantities` lists the methods it may offer), a :class:`~pyfe.Linear`, a
        :class:`~pyfe.SquareNetwork`, trees on a schema made by :func:`~pyfe.schema_for_trees`, sympy expressions
        (:mod:`pyfe.models.expressions`), an ``onnx.ModelProto`` (:mod:`pyfe.models.graphs`), or a callable as for
        :func:`from_callable`. A model that has column names (:mod:`pyfe.models.intake`) is given a DataFrame, by name;
        one without an array, **by position** in the schema's order, and its report says so. A column with a transform
        reaches an estimator as its raw value; a coefficient of log(value) belongs in a Linear or an expression.
    weight_bits: bits of the signed weights, ``|w| <= 2^(bits-1) - 1`` for every integer of the function (the linear
        ones of a quadratic function are the widest, since a product of two coordinates is steep). ``"auto"``: the
        fewest for which ``max_error`` is below ``tolerance`` times the interquartile range of every output over the
        reference rows; then also every predicted class is kept except within ``max_error`` of the boundary.
        ``None``: the weights per coordinate step are integers already and are taken as given, with scale 1. Fewer
        bits also reveal less. Of a network, "auto" takes the narrowest results whose *root mean square* error on the
        reference rows is below ``tolerance``, hidden and output weights having bits of their own; within
        ``2^width_bits`` in any case, where that means up to 20 times the tolerance. ``max_error`` is derived all the
        same.
    reference: rows as for ``schema.encode`` (at least 20), your training data: to judge "auto" on (values outside are
        clipped; without them 2,000 rows drawn uniformly from the schema), and to hold the model against the function.
        They are not kept.
    tolerance: see ``weight_bits``. The bound of a quadratic function adds the worst of every product; typical errors
        are far smaller.
    width_bits: results of a quadratic function that span more than ``2^width_bits`` values are stated through
        centred columns (:class:`~pyfe.forms.FactoredForms`) where that at least halves their interval, in which a
        discrete logarithm is searched after decryption; the values stay the same. Not where an entry would exceed a
        stated ``weight_bits``. The results of a network keep within it, where ``weight_bits`` is "auto".
    name: for reports; by default the class of the model.

    Returns
    -------
    Function, linear with int64 weights ``[k, n]`` or quadratic with forms: one output for a regression or two
    classes, one per class otherwise (k outputs even where softmax makes one redundant, so that all outputs are
    scikit-learn's; the integer rows then sum to zero as the model's do, and their rank is k - 1). ``max_error``
    bounds |decision value - model's output| for a model that is the map everywhere: the rounding's part is derived for
    every row that the schema can hold, the model's is the residual measured on all decoded rows that it was asked
    about. That no other row is an exception is verified for the columns of up to 65,536 codes and on your reference
    rows, and not elsewhere.

    Raises
    ------
    UnsupportedModelError: neither affine nor quadratic (names the step and the residual), constant, no weight width up
    to 31 bits keeps the answer, or the model differs from the function on a row that it was asked about by more than
    ``max_error`` and the rounding of the row's cells (half a step times the slope) explain: names the rows, columns and
    the likely step. Rows with a clipped cell are excepted and counted in the report; absent cells are not. Whatever the
    model's own code raises becomes this error, with its cause; Ctrl-C passes through. OutOfRangeError: results wider
    than 2^44. ParameterError: model and schema do not fit.

    Cost: about 2 n + 2,000 evaluations of the model, never more than 4,096 rows at once, and O(n k) per width tried;
    for a quadratic function about n^2 / 2 evaluations more, O(n^2 k) per width and 8 n^2 k bytes. The checks add two
    per reference row and those listed in :func:`pyfe.models.checking.check`.
    """
    if not isinstance(schema, Schema):
        raise ParameterError("compile needs a pyfe.Schema as its second argument")
    with naming_what_fails(model):
        view = _view(model, schema)
        return compile_view(view, schema, weight_bits, reference, tolerance, width_bits, name)


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
        view = look_at_callable(f, schema, link, None if classes is None else tuple(classes))
        return compile_view(view, schema, weight_bits, reference, tolerance, width_bits, name)


def _view(model: Any, schema: Schema) -> View:
    if isinstance(model, Linear | SquareNetwork):
        return model.view(schema)
    for look_at in (look_at_expression, look_at_graph, look_at_trees):
        view = look_at(model, schema)
        if view is not None:
            return view
    return look(model, schema)


@dataclass(frozen=True)
class _Wanted:
    """What the caller asks of the integers; the parameters of :func:`compile`, and the reference rows as codes."""

    weight_bits: Any
    rows: IntArray
    tolerance: float
    width_bits: int

    def __post_init__(self) -> None:
        if not 0 < self.tolerance < 1:
            raise ParameterError(f"tolerance lies strictly between 0 and 1, not {self.tolerance!r}")
        bits = self.weight_bits
        if bits is None or bits == "auto":
            return
        if isinstance(bits, bool) or not isinstance(bits, int) or not 2 <= bits <= MAX_WEIGHT_BITS:
            raise ParameterError(f'weight_bits is 2 to {MAX_WEIGHT_BITS}, "auto" or None, not {bits!r}')


def compile_view(
    view: View,
    schema: Schema,
    weight_bits: int | Literal["auto"] | None = "auto",
    reference: Any = None,
    tolerance: float = 0.01,
    width_bits: int = 32,
    name: str | None = None,
) -> Function:
    """What :func:`compile` does once the real map of a model is known, however it was found."""
    known = None if reference is None else Reference.read(schema, reference)
    rows = schema.sample(np.random.default_rng(20), _REFERENCE_ROWS) if known is None else known.x
    wanted = _Wanted(weight_bits, rows, tolerance, width_bits)
    _check_not_constant(view, schema)
    view, checked = check(view, schema, known)
    rounded = _rounded(view, schema, wanted)
    empty = np.flatnonzero(~rounded.varies)
    if len(empty):
        raise UnsupportedModelError(f"all weights of output {empty[0]} of {view.name} round to zero; use more bits")
    rest: dict[str, Any] = {
        "link": view.link,
        "classes": view.classes,
        "baseline_survival": view.baseline_survival,
        "max_error": rounded.max_error,
        "name": view.name if name is None else name,
        "exact_map": (view.map.weights, view.map.intercept) if isinstance(view.map, AffineMap) else view.map,
        "raw_model": view.raw_model,
        "remarks": (*view.remarks, checked.remark),
    }
    function = _function(rounded, schema, wanted, rest)
    checked.require(lambda x: function.decision_function(function.evaluate(Encoded(x))), function.max_error, view)
    return function


def _function(rounded: AnyRounded, schema: Schema, wanted: _Wanted, rest: dict[str, Any]) -> Function:
    if isinstance(rounded, Rounded):
        return Function.from_integers(schema, rounded.weights, rounded.intercept, rounded.scale, **rest)
    if isinstance(rounded, RoundedSquares):
        return Function.from_forms(schema, rounded.forms, rounded.intercept, rounded.scale, **rest)
    return _quadratic_function(rounded, schema, wanted, rest)


def _quadratic_function(rounded: RoundedQuadratic, schema: Schema, wanted: _Wanted, rest: dict[str, Any]) -> Function:
    """By coefficients, or through centred columns where those halve the width of a wide result and no entry exceeds
    a stated number of bits."""

    def function(forms: Forms) -> Function:
        return Function.from_forms(schema, forms, rounded.intercept, rounded.scale, **rest)

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


def _rounded(view: View, schema: Schema, wanted: _Wanted) -> AnyRounded:
    if isinstance(view.map, RealSquares):
        return _rounded_squares(view, view.map, schema, wanted)
    if wanted.weight_bits is None:
        if isinstance(view.map, AffineMap):
            return take_integers(view.map, schema)
        return take_quadratic_integers(view.map, schema)
    if wanted.weight_bits == "auto":
        return _fewest_bits(view, view.map, schema, wanted)
    return _rounded_to(view, view.map, schema, wanted.weight_bits)


def _rounded_squares(view: View, network: RealSquares, schema: Schema, wanted: _Wanted) -> RoundedSquares:
    rows, compared = wanted.rows, view.classes is not None
    if wanted.weight_bits is None:
        return take_square_integers(network, schema, rows)
    if wanted.weight_bits == "auto":
        allowed = wanted.tolerance * _spread(network(rows))
        return fewest_square_bits(network, schema, rows, allowed, wanted.width_bits, compared=compared)
    return round_squares(network, schema, wanted.weight_bits, rows, compared=compared)


def _rounded_to(view: View, real_map: AffineMap | RealQuadratic, schema: Schema, bits: int) -> AnyRounded:
    if isinstance(real_map, AffineMap):
        return round_map(real_map, schema, bits, compared=view.classes is not None)
    return round_quadratic(real_map, schema, bits, compared=view.classes is not None)


def _fewest_bits(view: View, real_map: AffineMap | RealQuadratic, schema: Schema, wanted: _Wanted) -> AnyRounded:
    allowed = wanted.tolerance * _spread(real_map(wanted.rows))

    def rounding(bits: int) -> AnyRounded:
        return _rounded_to(view, real_map, schema, bits)

    search = _ascending if isinstance(real_map, AffineMap) else _halving
    rounded, best = search(rounding, allowed)
    if rounded is None:
        raise UnsupportedModelError(
            f"no weights up to {MAX_WEIGHT_BITS} bits keep the answer of {view.name}: the best bound is {best:.2g} "
            f"times {wanted.tolerance:.0%} of the interquartile range. Check that the reference rows vary, or set "
            "weight_bits"
        )
    return rounded


def _keeps(rounded: AnyRounded, allowed: FloatArray) -> bool:
    return bool((rounded.max_error <= allowed).all() and rounded.varies.all())


def _ascending(rounding: Rounding, allowed: FloatArray) -> tuple[AnyRounded | None, float]:
    """The fewest bits that keep the answer, or None and how far the best bound is off."""
    best = np.inf
    for bits in range(2, MAX_WEIGHT_BITS + 1):
        rounded = rounding(bits)
        if _keeps(rounded, allowed):
            return rounded, 1.0
        best = min(best, float((rounded.max_error / allowed).max()))
    return None, best


def _halving(rounding: Rounding, allowed: FloatArray) -> tuple[AnyRounded | None, float]:
    """As :func:`_ascending` in five roundings: a number of bits that keeps the answer while one less does not."""
    low, high, best, kept = 1, MAX_WEIGHT_BITS + 1, np.inf, None
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
    if kept is None and high <= MAX_WEIGHT_BITS:
        rounding(high)
    return kept, best


def _spread(values: FloatArray) -> FloatArray:
    """Interquartile range per output; half the full range where half of the values coincide."""
    low, high = np.quantile(values, [0.25, 0.75], axis=0)
    full = (values.max(axis=0) - values.min(axis=0)) / 2
    spread: FloatArray = np.where(high > low, high - low, full)
    if not (spread > 0).all():
        raise UnsupportedModelError("the model's output does not vary over the reference rows")
    return spread


def _check_not_constant(view: View, schema: Schema) -> None:
    """An output that does not depend on the row needs no key, and its key would open a relation everybody knows."""
    low, high = _reach(view.map, schema)
    flat = np.flatnonzero(high - low <= 4 * view.map.error)
    if len(flat):
        raise UnsupportedModelError(f"output {flat[0]} of {view.name} does not depend on the schema's columns")


def _reach(real_map: RealMap, schema: Schema) -> tuple[FloatArray, FloatArray]:
    """Bounds ``[k]`` of a map over everything the schema can hold, up to a constant."""
    if isinstance(real_map, RealSquares):
        return real_map.extent(schema)
    if isinstance(real_map, RealQuadratic):
        standard = real_map.standard(schema)
        return Domain(schema).extent(standard.quadratic, standard.weights)
    ends = [column.extent(real_map.weights[:, part]) for _, part, column in schema.parts]
    return np.sum([low for low, _ in ends], axis=0), np.sum([high for _, high in ends], axis=0)
