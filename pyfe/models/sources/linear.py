"""Linear: a model given by its numbers, for published risk formulas and for the command line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray
from pyfe.errors import DecodeError, ParameterError, UnsupportedModelError
from pyfe.function import labels_of, link_named, require_link
from pyfe.models.fit.probing import TOLERANCE, in_pieces
from pyfe.models.real.affine import AffineMap
from pyfe.models.sources.decision import decision_function_of
from pyfe.models.sources.intake import intake_of
from pyfe.models.sources.link_and_classes import link_and_classes
from pyfe.models.sources.own_answers import require_output
from pyfe.models.sources.parts import Labels, name_of
from pyfe.models.sources.raw_model import asked, naming_what_fails
from pyfe.models.sources.raw_probes import Affine, require_affine, rows_of
from pyfe.models.sources.real_function import RealFunction
from pyfe.schema import TRANSFORMS, Schema
from pyfe.schema.cells import by_same_name, listed, plain, same_name, shown
from pyfe.schema.frames import as_labels
from pyfe.schema.written import MOST_BYTES, MOST_PARTS, value_of
from pyfe.strict import distinct, json_object
from pyfe.wire.words import nearest
from pyfe.wire.yaml import File, parse

__all__ = ["Linear"]

Row: TypeAlias = dict[str, Any] | list[float]
_YAML = File("model file", MOST_BYTES, MOST_PARTS, value_of)
_FIELDS = {"format", "version", "weights", "intercept", "link", "classes", "baseline_survival", "name", "transforms"}
_PLAIN = "identity"
_UNITS = {_PLAIN: "the value itself", "log": "its logarithm", "sqrt": "its square root"}


@dataclass(frozen=True, init=False)
class Linear:
    """``d = intercept + sum of weight * value`` per output, then a link. A model like any other.

    Parameters
    ----------
    weights: for one output a mapping of column names, for k outputs a list of k mappings:

        * number column: one number, **per unit of the transformed value**: a column with ``transform="log"`` takes
          the coefficient of log(value), since that is what the function is linear in;
        * category: a mapping of level to number (levels left out count 0), or for a two-level category one number,
          the weight of the second level;
        * thresholds: one number per cut, or a mapping of cut to number;
        * constant: one number, per unit.

        Columns left out have weight 0; a name that the schema does not have is an error. Instead of names, an array
        ``[n]`` or ``[k, n]`` in the order of ``schema.coordinate_names``.
    intercept: one number, or one per output.
    link: one of :data:`pyfe.function.LINKS`, such as "identity", "logit" (also "logistic"), "softmax", "exp", or "cox"
        (risk ``1 - S0^exp(d)``, S0 = ``baseline_survival``). ``classes``: labels, in the order of outputs; by default
        0, 1, ...
    transforms: the scales that weights are per unit of, by column: ``{"crp": "log"}``. Then a schema with another scale
        is refused, and columns that are not named have to be on the plain one, ``{}``: every weight is per unit of the
        value. By default nothing is said, and the schema's scales are taken.

    Raises ParameterError for anything else, here or when it meets a schema.
    """

    rows: tuple[Row, ...]
    intercept: tuple[float, ...]
    link: str
    classes: Labels | None
    baseline_survival: float | None
    name: str
    transforms: dict[str, str] | None

    def __init__(
        self,
        weights: Any,
        intercept: Any = 0.0,
        link: str = "identity",
        *,
        classes: Sequence[str | int | float | bool] | None = None,
        baseline_survival: float | None = None,
        name: str = "Linear",
        transforms: Mapping[str, str] | None = None,
    ) -> None:
        rows = _rows_of(weights)
        asked: object = link
        link = "logit" if isinstance(asked, str) and asked == "logistic" else link
        require_link(link, baseline_survival)
        if classes is None and link_named(link).classes == "needed":
            classes = range(max(2, len(rows)))
        values = {
            "rows": rows,
            "intercept": _intercepts_of(intercept, len(rows)),
            "link": link,
            "classes": None if classes is None else labels_of(classes),
            "baseline_survival": plain(baseline_survival),
            "name": str(name),
            "transforms": None if transforms is None else _transforms_of(transforms, rows),
        }
        for field, value in values.items():
            object.__setattr__(self, field, value)

    # -- meeting a schema --

    def columns(self) -> set[str] | None:
        """Names of the columns that have a weight, in Unicode's normal form C; None where weights go by order."""
        named = [row for row in self.rows if isinstance(row, dict)]
        return {same_name(name) for row in named for name in row} if len(named) == len(self.rows) else None

    def real_function(self, schema: Schema) -> RealFunction:
        """This model on the coordinates of a schema."""
        with np.errstate(over="ignore", invalid="ignore"):  # compile refuses what is not finite
            parts = [self._on_coordinates(row, schema) for row in self.rows]
            weights = np.stack([w for w, _ in parts])
            intercept = np.array([b for _, b in parts]) + np.array(self.intercept)
            reach = np.abs(weights) @ np.maximum(np.abs(schema.lo), np.abs(schema.hi)) + np.abs(intercept)
            error = 4 * (schema.n + 2) * np.finfo(np.float64).eps * reach
        return RealFunction(
            AffineMap(weights, intercept, error), self.link, self.classes, self.baseline_survival, self.name
        )

    def _on_coordinates(self, row: Row, schema: Schema) -> tuple[FloatArray, float]:
        per_unit = np.array(row) if isinstance(row, list) else self._by_name(row, schema)
        if per_unit.shape != (schema.n,):
            raise ParameterError(f"the schema has {schema.n} coordinates, the weights {len(per_unit)}")
        pairs = [column.affine() for column in schema.columns.values()]
        offset = np.concatenate([o for o, _ in pairs])
        step = np.concatenate([s for _, s in pairs])
        return per_unit * step, float(per_unit @ offset)

    def _by_name(self, row: Mapping[str, Any], schema: Schema) -> FloatArray:
        known = set(map(same_name, schema.columns))
        unknown = [name for name in row if same_name(name) not in known]
        if unknown:
            raise ParameterError(f"weights name {unknown[0]!r}, which is no column of the schema")
        self._require_scales(row, schema)
        given = by_same_name(row, "the weights")
        columns = schema.columns.items()
        return np.concatenate(
            [c.stated_weights(given.get(same_name(name), 0.0), f"weight of {name!r}") for name, c in columns]
        )

    def _require_scales(self, row: Mapping[str, Any], schema: Schema) -> None:
        """That the schema's columns are on the scales that the weights are per unit of, where these are said."""
        if self.transforms is None:
            return
        stated, weighed = by_same_name(self.transforms, "transforms"), set(map(same_name, row))
        for name, column in schema.columns.items():
            found, wanted = (column.scale() or (_PLAIN,))[0], stated.get(same_name(name), _PLAIN)
            if same_name(name) in weighed and found != wanted:
                stands = f'transform="{wanted}"' if wanted != _PLAIN else "no transform"
                raise ParameterError(
                    f"the weight of {name!r} is per unit of {_UNITS.get(wanted, 'its ' + wanted)}, and the schema has "
                    f"the column on {_scale(found)}: make it a number with {stands} (schema=, --ranges)"
                )

    # -- from a fitted estimator --

    @classmethod
    def from_estimator(cls, model: Any, *, reference: Any = None) -> Linear:
        """The weights of a fitted linear estimator or pipeline on its raw numeric columns, without a schema.

        Parameters
        ----------
        model: names are its own (:mod:`pyfe.models.sources.intake`), or ``x0, x1, ...``. Its ``coef_`` and
            ``intercept_`` are used where they reproduce its own answers; everything else is probed.
        reference: rows as the model was fitted on, such as the training table; the weights are held against the model
            on those of them that have no absent cell. Give it wherever you have it.

        The model has to be affine on 256 rows around zero, on rows in which one column at a time goes through the
        magnitudes from 10^-3 to 10^6 and through the means, scales, quantiles and the like that its steps keep, and on
        512 rows in which all vary (:mod:`pyfe.models.sources.raw_probes`). **Not found** without a reference: what is
        bent between two such values and straight again beyond, or only where several columns have certain values
        together, or by less than a millionth of the largest terms. Absent entries, and single values that mean
        something else, are checked by ``compile`` alone, which has the model and the schema.

        Raises UnsupportedModelError for a model that is not affine there, though it may be within your ranges, or not
        evaluable on numbers (use ``compile`` with the schema); ParameterError for a reference that is no such table.
        """
        with naming_what_fails(model):
            return _from_estimator(model, reference)

    # -- JSON and YAML --

    def to_json(self) -> str:
        """Human-readable JSON; floats are written so that they read back exactly."""
        data = {
            "format": "pyfe-linear",
            "version": 1,
            "name": self.name,
            "weights": list(self.rows) if len(self.rows) > 1 else self.rows[0],
            "intercept": list(self.intercept) if len(self.rows) > 1 else self.intercept[0],
            "link": self.link,
            "classes": None if self.classes is None else list(self.classes),
            "baseline_survival": self.baseline_survival,
            **({} if self.transforms is None else {"transforms": self.transforms}),
        }
        return json.dumps(data, indent=2, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Linear:
        """The inverse of :meth:`to_json`; only ``weights`` is required. DecodeError names what is wrong."""
        return cls._from_data(json_object(text), "a JSON object")

    @classmethod
    def from_yaml(cls, data: bytes | str) -> Linear:
        """The same as :meth:`from_json` of YAML, as people write scorecards and risk formulas; DecodeError names what
        is wrong, and the line where that is known.

        The part of YAML is that of schemas (:meth:`pyfe.Schema.from_yaml`): names are texts, so that ``no: 0.5`` is the
        level "no", and what is not given is left out.
        """
        parsed = parse(data, _YAML)
        if isinstance(parsed.value, dict):
            for unknown in sorted(set(parsed.value) - _FIELDS):
                _YAML.refuse(
                    parsed.line_of((unknown,)),
                    f"unknown field {unknown!r} in a linear model{nearest(unknown, _FIELDS)}",
                )
        return cls._from_data(parsed.value, "a map")

    @classmethod
    def _from_data(cls, data: Any, kind: str) -> Linear:
        if not isinstance(data, dict) or "weights" not in data:
            raise DecodeError(f'a linear model is {kind} with at least "weights"')
        if data.get("format", "pyfe-linear") != "pyfe-linear" or data.get("version", 1) != 1:
            raise DecodeError("not a pyfe-linear file of version 1")
        unknown = sorted(set(data) - _FIELDS)
        if unknown:
            raise DecodeError(f"unknown field {unknown[0]!r} in a linear model")
        given = {key: data[key] for key in _FIELDS - {"format", "version"} if key in data}
        try:
            return cls(given.pop("weights"), given.pop("intercept", 0.0), given.pop("link", "identity"), **given)
        except (ParameterError, TypeError) as error:
            raise DecodeError(f"not a linear model: {error}") from error


def _number(value: Any, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise ParameterError(f"{what} must be a number, not {type(value).__name__}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ParameterError(f"{what} must be finite, and within the doubles")
    return number


def _plain_weight(value: Any, what: str) -> Any:
    if isinstance(value, Mapping):
        return _named(value, lambda _, item: _number(item, what), what)
    if np.ma.is_masked(value):
        raise ParameterError(f"{what} has masked entries")
    if isinstance(value, list | tuple | np.ndarray):
        return [_number(item, what) for item in np.asarray(value, dtype=object).ravel()]
    return _number(value, what)


def _row_of(weights: Any) -> Row:
    if isinstance(weights, Mapping):
        return _named(weights, lambda name, value: _plain_weight(value, f"weight of {name!r}"), "the mapping")
    if isinstance(weights, np.ndarray) and weights.ndim == 0:
        raise ParameterError("a row of weights is a mapping or a list, not one value")
    return [_number(value, "a weight") for value in weights]


def _named(values: Mapping[Any, Any], read: Callable[[str, Any], Any], what: str) -> dict[str, Any]:
    """What is read of the values by their names as text; ParameterError for two names that are compared as one."""
    names = as_labels(values)
    distinct(((same_name(name), None) for name in names), what)
    return {name: read(name, value) for name, value in zip(names, values.values(), strict=True)}


def _rows_of(weights: Any) -> tuple[Row, ...]:
    if isinstance(weights, Mapping):
        return (_row_of(weights),)
    several = isinstance(weights, list | tuple) or (isinstance(weights, np.ndarray) and weights.ndim > 0)
    items = list(weights) if several else []
    if not items:
        raise ParameterError(
            "weights are a mapping of column names, a list of mappings, or an array [n] or [k, n] (a Series: to_dict())"
        )
    if all(isinstance(item, Mapping | list | tuple | np.ndarray) for item in items):
        return tuple(_row_of(item) for item in items)
    return (_row_of(items),)


def _transforms_of(transforms: Mapping[str, str], rows: Sequence[Row]) -> dict[str, str]:
    if not isinstance(transforms, Mapping):
        raise ParameterError(f"transforms are a mapping of columns to {listed(TRANSFORMS)}")
    named = [row for row in rows if isinstance(row, dict)]
    if len(named) < len(rows):
        raise ParameterError("transforms go by the names of columns, and so have the weights to")
    known = {same_name(name) for row in named for name in row}
    read = _named(transforms, lambda _, item: item, "transforms")
    for name, transform in read.items():
        if same_name(name) not in known:
            raise ParameterError(f"transforms name {name!r}, which has no weight{nearest(name, known)}")
        if not isinstance(transform, str) or transform not in TRANSFORMS:
            raise ParameterError(f"the transform of {name!r} is one of {listed(TRANSFORMS)}, not {shown(transform)}")
    return {name: transform for name, transform in read.items() if transform != _PLAIN}


def _scale(transform: str) -> str:
    return "the plain scale" if transform == _PLAIN else f"the {transform} scale"


def _intercepts_of(intercept: Any, k: int) -> tuple[float, ...]:
    given = np.asarray(intercept, dtype=object)
    values = given.ravel()
    if np.ma.is_masked(intercept):
        raise ParameterError("the intercept has masked entries")
    if len(values) not in (1, k) or (len(values) == 1 and k > 1 and given.ndim > 0):
        raise ParameterError(f"{k} output(s) need {k} intercept(s), not {len(values)}")
    numbers = [_number(value, "the intercept") for value in values]
    return tuple(numbers * k if len(numbers) == 1 else numbers)


def _from_estimator(model: Any, reference: Any) -> Linear:
    names, inputs = _raw_inputs(model)
    function = decision_function_of(model)

    def score(rows: AnyArray) -> FloatArray:
        try:
            return in_pieces(lambda part: function(inputs(part)), rows)
        except UnsupportedModelError as error:
            raise UnsupportedModelError(
                f"{error}. Without a schema a model is asked about numbers only; for text columns, or any other rows, "
                "use pyfe.prepare(model, X, outcome), and hand the function over as function.to_bytes()"
            ) from error

    weights, intercept, reach = _raw_slopes(score, len(names))
    rows = np.random.default_rng(20).uniform(-2, 2, size=(256, len(names))) * reach
    theirs = score(rows)
    weights, intercept = _fitted_if_equal(model, weights, intercept, rows, theirs)
    difference = np.abs(theirs - (rows @ weights.T + intercept)).max(axis=0)
    tolerance = TOLERANCE * (theirs.max(axis=0) - theirs.min(axis=0))
    if not (difference <= tolerance).all():
        raise UnsupportedModelError(
            f"{name_of(model)} is not affine in its numeric columns: measured residual {difference.max():.3g}; "
            "pyfe.compile(model, schema) names the step"
        )
    affine = Affine(name_of(model), names, score, weights, intercept)
    require_affine(affine, model)
    if reference is not None:
        affine.require(rows_of(reference, names), None, "reference rows")
    answers = model if function.answers is None else function.answers
    found = link_and_classes(answers, function, inputs(rows), theirs, difference)
    survival = function.baseline_survival
    if function.output is not None:
        own = asked(function.name, function.output, inputs(rows))
        require_output(function.name, own, theirs, difference, found.link, survival)
    mappings = [dict(zip(names, row.tolist(), strict=True)) for row in found.slope * weights]
    return Linear(
        mappings,
        (found.slope * intercept).tolist(),
        found.link,
        classes=found.classes,
        baseline_survival=survival,
        name=name_of(model),
        transforms={},
    )


def _raw_inputs(model: Any) -> tuple[list[str], Any]:
    intake = intake_of(model)
    if intake.names is None and intake.count is None:
        raise UnsupportedModelError(
            f"{name_of(model)} does not say how many columns it takes: it is not fitted, or has no decision function "
            "to ask; of a fitted formula give the coefficients, pyfe.Linear({column: coefficient, ...}, intercept)"
        )
    columns = [f"x{i}" for i in range(intake.count or 0)] if intake.names is None else list(intake.names)
    return columns, lambda rows: intake.table(dict(zip(columns, rows.T, strict=True)))


def _raw_slopes(score: Any, count: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Slopes, value at zero, and the reach per column that moves the output as much as the output is large."""
    zero = np.zeros((1, count))
    base = score(zero)[0]
    first = (score(np.eye(count)) - base).T
    size = np.abs(base).max() + 1.0
    reach = np.clip(size / np.maximum(np.abs(first).max(axis=0), 1e-12), 1e-6, 1e6)
    slopes = ((score(np.diag(reach)) - score(np.diag(-reach))) / (2 * reach)[:, None]).T
    return slopes, base, reach


def _fitted_if_equal(
    model: Any, weights: FloatArray, intercept: FloatArray, rows: FloatArray, theirs: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """``coef_`` and ``intercept_`` of a bare estimator, which carry no probing error, if they say the same."""
    coef = getattr(model, "coef_", None)
    if not isinstance(coef, np.ndarray) or coef.size != weights.size:
        return weights, intercept
    fitted = coef.reshape(weights.shape).astype(np.float64)
    constant = np.broadcast_to(np.asarray(getattr(model, "intercept_", 0.0), dtype=np.float64), intercept.shape)
    spread = theirs.max(axis=0) - theirs.min(axis=0)
    same = np.abs(theirs - (rows @ fitted.T + constant)).max(axis=0) <= TOLERANCE * spread
    return (fitted, constant.copy()) if same.all() else (weights, intercept)
