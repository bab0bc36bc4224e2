"""Function: the exact integer function that a key is issued for; knows no estimator and no key.

A linear function of the coordinates ``x`` of a schema, one row per output::

    inner product   u_j = <W_j, x>                    what a key decrypts to      int64
    score           z_j = u_j + B_j                   exact, B public             int64
    decision value  d_j = z_j * scale_j               the model's own units       float64
    prediction      link(d)                           probability, class, risk

``u_j`` lies in an interval that follows from the schema's bounds alone; nothing here can wrap, because the
interval is computed with unbounded integers when the function is made and refused where it does not fit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe._travel import Travels
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.schema import Encoded, Overflow, Schema

__all__ = ["LINKS", "MAX_WIDTH", "Function", "Report", "exact_interval", "probabilities"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
AnyArray: TypeAlias = npt.NDArray[Any]

LINKS = ("identity", "logit", "softmax", "ovr", "cox")
"""From decision values to probabilities: none; 1/(1+exp(-d)); softmax; logit per class, normalised; 1 - S0^exp(d)."""

MAX_WIDTH = 2**44
"""Widest result interval a discrete logarithm is searched in; wider functions need the scheme ipfe-rlwe."""

_LIMIT = 2**62


def exact_interval(weights: IntArray, lo: IntArray, hi: IntArray) -> IntArray:
    """Least and greatest ``<W_j, x>`` over ``lo <= x <= hi``: int64 ``[k, 2]``, computed with unbounded integers.

    Raises OutOfRangeError where a row's interval is wider than ``MAX_WIDTH``, or any partial sum of it could leave
    62 bits.
    """
    wide = weights.astype(object)
    ends = np.stack([wide * lo.astype(object), wide * hi.astype(object)])
    lower, upper = ends.min(axis=0).sum(axis=1), ends.max(axis=0).sum(axis=1)
    size = np.abs(ends).max(axis=0).sum(axis=1)
    for row, (low, high, total) in enumerate(zip(lower, upper, size, strict=True)):
        if high - low > MAX_WIDTH or total >= _LIMIT:
            raise OutOfRangeError(
                f"function {row}: results span 2^{math.log2(max(high - low, 1)):.1f} values, the limit of ipfe-ddh is "
                f"2^{MAX_WIDTH.bit_length() - 1}; use fewer bits, or the scheme ipfe-rlwe"
            )
    return np.array([lower, upper], dtype=np.int64).T.copy()


@dataclass(frozen=True, eq=False, repr=False)
class Function(Travels):
    """Integer weights, public intercept, scale, link and exact interval. Made by ``pyfe.compile``; immutable.

    Parameters (all checked; ParameterError, OutOfRangeError)
    ----------
    weights: int64 ``[k, n]``, one row per output; no row is all zero.
    intercept: int64 ``[k]``, in result steps, added after decryption; it costs no coordinate and hides nothing.
    scale: float64 ``[k]``, decision value of one result step.
    interval: int64 ``[k, 2]``, the range of ``<W_j, x>`` (without intercept) over the schema's bounds.
    schema_id: 32 bytes, the schema the coordinates belong to.
    link: one of :data:`LINKS`. ``classes``: labels in the order of the probabilities, or None for a regression.
    baseline_survival: S0 of the link "cox", else None.
    max_error: float64 ``[k]``, bound on |decision value - model's own output| over all rows the schema can hold.
    name: what the function is called in reports.
    schema: the schema itself, for :meth:`evaluate` on tables; not part of the id.
    exact_map: float weights ``[k, n]`` and intercept ``[k]`` before rounding, for reports; not part of the id.
    raw_model: the model's own decision values float64 ``[batch, k]`` of a table with its absent entries, or None
        where it cannot take them; for reports; not part of the id.
    """

    weights: IntArray
    intercept: IntArray
    scale: FloatArray
    interval: IntArray
    schema_id: bytes
    link: str = "identity"
    classes: tuple[str | int | float | bool, ...] | None = None
    baseline_survival: float | None = None
    max_error: FloatArray = field(default_factory=lambda: np.zeros(0))
    name: str = ""
    schema: Schema | None = None
    exact_map: tuple[FloatArray, FloatArray] | None = None
    raw_model: Callable[[Any], FloatArray | None] | None = None

    def __post_init__(self) -> None:
        k, n = self._checked_shapes()
        if len(self.schema_id) != 32 or type(self.name) is not str:
            raise ParameterError("schema_id has 32 bytes, and name is text")
        if not self.weights.any(axis=1).all():
            raise ParameterError("a function whose weights are all zero needs no key")
        self._checked_link(k)
        if self.schema is not None:
            self._checked_schema(self.schema, n)
        reach = max(abs(int(v)) for v in self.interval.ravel()) + max(abs(int(b)) for b in self.intercept)
        if reach >= _LIMIT:
            raise OutOfRangeError("the intercept takes the scores out of 62 bits")
        for name in ("weights", "intercept", "scale", "interval", "max_error"):
            array = getattr(self, name).copy()
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def _checked_shapes(self) -> tuple[int, int]:
        if self.weights.ndim != 2 or 0 in self.weights.shape:
            raise ParameterError("weights are int64 [k, n]")
        k, n = self.weights.shape
        if not len(self.max_error):
            object.__setattr__(self, "max_error", np.zeros(k))
        shapes = {"intercept": (k,), "scale": (k,), "interval": (k, 2), "max_error": (k,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ParameterError(f"{name} must have shape {shape}, not {getattr(self, name).shape}")
        integers = (self.weights, self.intercept, self.interval)
        if any(array.dtype != np.int64 for array in integers):
            raise ParameterError("weights, intercept and interval are int64")
        floats = np.concatenate([self.scale, self.max_error])
        if not (np.isfinite(floats).all() and (self.scale > 0).all() and (self.max_error >= 0).all()):
            raise ParameterError("scale must be positive, max_error not negative, both finite")
        if (self.interval[:, 0] > self.interval[:, 1]).any():
            raise ParameterError("an interval's lower end lies above its upper end")
        return k, n

    def _checked_link(self, k: int) -> None:
        if self.link not in LINKS:
            raise ParameterError(f"link {self.link!r} is not one of {', '.join(LINKS)}")
        if (self.link == "cox") != (self.baseline_survival is not None):
            raise ParameterError('baseline_survival belongs to the link "cox", and only to it')
        if self.baseline_survival is not None and not 0 < self.baseline_survival < 1:
            raise ParameterError("baseline_survival lies strictly between 0 and 1")
        if (self.link in ("logit", "cox") and k != 1) or (self.link in ("softmax", "ovr") and k == 1):
            raise ParameterError(f"link {self.link!r} does not go with {k} row(s) of weights")
        expected = 2 if k == 1 else k
        if self.classes is not None and len(self.classes) != expected:
            raise ParameterError(f"{k} row(s) of weights need {expected} classes, not {len(self.classes)}")
        if self.link != "identity" and self.classes is None:
            raise ParameterError(f"link {self.link!r} needs classes")

    def _checked_schema(self, schema: Schema, n: int) -> None:
        if schema.id != self.schema_id:
            raise KeyMismatchError("the function belongs to another schema")
        if schema.n != n:
            raise ParameterError(f"the schema has {schema.n} coordinates, the weights {n}")
        if not np.array_equal(exact_interval(self.weights, schema.lo, schema.hi), self.interval):
            raise ParameterError("the interval is not the one that follows from the schema's bounds")

    @classmethod
    def from_integers(cls, schema: Schema, weights: Any, intercept: Any = 0, scale: Any = 1.0, **rest: Any) -> Function:
        """A function from integer weights ``[n]`` or ``[k, n]`` on the schema's coordinates; ``rest`` as the class.

        Raises ParameterError for weights that are no integers, OutOfRangeError for an interval beyond 2^44.
        """
        if not isinstance(schema, Schema):
            raise ParameterError(f"from_integers needs a pyfe.Schema, not {type(schema).__name__}")
        rows = _integers(weights, "weights")
        rows = rows[None, :] if rows.ndim == 1 else rows
        if rows.ndim != 2 or rows.shape[1] != schema.n:
            raise ParameterError(f"weights need {schema.n} columns, not shape {rows.shape}")
        k = len(rows)
        return cls(
            weights=rows,
            intercept=np.broadcast_to(_integers(intercept, "intercept"), (k,)).copy(),
            scale=np.broadcast_to(np.asarray(scale, dtype=np.float64), (k,)).copy(),
            interval=exact_interval(rows, schema.lo, schema.hi),
            schema_id=schema.id,
            schema=schema,
            **rest,
        )

    # -- what it says --

    @property
    def kind(self) -> str:
        """The word for the form of the function: linear."""
        return "linear"

    @property
    def k(self) -> int:
        """Number of outputs (rows of weights)."""
        return int(self.weights.shape[0])

    @property
    def n(self) -> int:
        """Number of coordinates."""
        return int(self.weights.shape[1])

    @property
    def result_interval(self) -> IntArray:
        """int64 ``[k, 2]``: the range of the scores, intercept included."""
        return self.interval + self.intercept[:, None]

    @property
    def weight_bits(self) -> int:
        """Fewest bits b with all ``|W| <= 2^(b-1) - 1``."""
        return int(np.abs(self.weights).max()).bit_length() + 1

    @property
    def width_bits(self) -> float:
        """log2 of the number of values in the widest interval: what a discrete logarithm has to search."""
        return max(math.log2(int(high) - int(low) + 1) for low, high in self.interval)

    @cached_property
    def id(self) -> bytes:
        """SHA-256 (32 bytes) of the canonical JSON of :meth:`to_dict`."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode("ascii")).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Function) and self.id == other.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        title = f"{self.name!r}, " if self.name else ""
        shape = f"{self.k} x {self.n}, {self.weight_bits}-bit weights"
        return f"Function({title}{shape}, {self.link}, id {self.id.hex()[:12]})"

    # -- evaluation in the clear --

    def evaluate(self, X: Any, on_overflow: Overflow = "raise") -> IntArray:
        """Exact integer scores of a table, or of :class:`~pyfe.schema.Encoded` rows: ``<W_j, x> + B_j``.

        Returns int64 ``[batch]`` for one output, else ``[batch, k]``: the same integers that a key decrypts.
        Raises OutOfRangeError for values outside the schema, ParameterError for a table without a schema here.
        Cost: O(batch * n * k).
        """
        return self.add_intercept(self._coordinates(X, on_overflow) @ self.weights.T)

    def _coordinates(self, X: Any, on_overflow: Overflow) -> IntArray:
        if self.schema is None and not isinstance(X, Encoded):
            raise ParameterError(
                "this function does not know its schema: encode the table first (schema.encode), or read the function "
                "with Function.from_bytes(data, schema=schema)"
            )
        if self.schema is None:
            return self._unchecked_rows(_integers(X.x, "encoded rows"))
        return self.schema.check(X.x if isinstance(X, Encoded) else self.schema.encode(X, on_overflow).x)

    def _unchecked_rows(self, x: IntArray) -> IntArray:
        """Rows whose bounds are not known here: refuse what could wrap."""
        if x.ndim != 2 or x.shape[1] != self.n:
            raise ParameterError(f"encoded rows are integers [batch, {self.n}], not {x.shape}")
        largest = max((abs(int(v)) for v in (x.min(), x.max())), default=0) if x.size else 0
        if largest * max(sum(abs(w) for w in row) for row in self.weights.tolist()) >= _LIMIT:
            raise OutOfRangeError("these rows take the scores out of 62 bits")
        return x

    def add_intercept(self, inner: Any, total_weight: Any = 1) -> IntArray:
        """Scores from decrypted inner products int64 ``[batch]`` or ``[batch, k]``; the intercept counts
        ``total_weight`` times (int64 scalar or ``[batch]``: the summed weights of a combined batch).

        Returns int64 ``[batch]`` for one output, else ``[batch, k]``. Raises OutOfRangeError rather than wrap.
        """
        values = self._by_row(inner)
        weight = np.broadcast_to(_integers(total_weight, "total_weight"), (len(values),))
        largest = max((abs(int(v)) for v in (values.min(), values.max())), default=0) if values.size else 0
        heaviest = max((abs(int(w)) for w in (weight.min(), weight.max())), default=0) if weight.size else 0
        if largest + heaviest * int(np.abs(self.intercept).max()) >= 2**63:
            raise OutOfRangeError("the combined intercept takes the scores out of 64 bits")
        return self._squeezed(values + weight[:, None] * self.intercept)

    def _by_row(self, scores: Any) -> IntArray:
        values = _integers(scores, "scores")
        values = values[:, None] if values.ndim == 1 and self.k == 1 else values
        if values.ndim != 2 or values.shape[1] != self.k:
            expected = "[batch]" if self.k == 1 else f"[batch, {self.k}]"
            raise ParameterError(f"scores of this function have shape {expected}, not {values.shape}")
        return values

    def _squeezed(self, values: AnyArray) -> AnyArray:
        return values[:, 0] if self.k == 1 else values

    # -- the model's own outputs, from integer scores --

    def decision_function(self, scores: Any) -> FloatArray:
        """The model's decision values from integer scores (intercept included): ``z * scale``, shape as the scores."""
        return self._squeezed(self._by_row(scores) * self.scale)

    def predict_proba(self, scores: Any) -> FloatArray:
        """Probabilities float64 ``[batch, classes]`` in the order of :attr:`classes`, from integer scores.

        Link "cox": column 1 is the risk ``1 - S0^exp(d)``. UnsupportedModelError for a model without probabilities.
        """
        values = np.asarray(self._by_row(scores) * self.scale)
        if self.link == "identity":
            raise UnsupportedModelError(f"{self.name or 'this function'} has no probabilities (link identity)")
        return probabilities(self.link, values, self.baseline_survival)

    def predict(self, scores: Any) -> AnyArray:
        """Predicted classes ``[batch]`` (largest decision value; for two classes its sign), or the decision values
        of a regression, from integer scores. Link "cox": the class by a risk above one half."""
        if self.classes is None:
            return self.decision_function(scores)
        labels = np.array(self.classes, dtype=object if isinstance(self.classes[0], str) else None)
        labels = labels.astype(str) if labels.dtype.kind == "O" else labels
        if self.link == "cox":
            return np.asarray(labels[(self.predict_proba(scores)[:, 1] > 0.5).astype(np.int64)])
        values = self._by_row(scores) * self.scale
        index = (values[:, 0] > 0).astype(np.int64) if self.k == 1 else np.argmax(values, axis=1)
        return np.asarray(labels[index])

    # -- report --

    def report(self, X: Any = None, y: Any = None) -> Report:
        """What the function costs, how far it is from the model, and what each key for it says.

        With a table X (and labels or targets y), also what was kept on these rows: values outside the schema are
        clipped, absent ones replaced by the schema's, and both counted. The model itself is given the raw rows,
        absent entries included where it takes them. Float figures are there for functions that were compiled in
        this process.
        """
        kept = {} if X is None else self._kept(X, y)
        return Report(
            name=self.name,
            outputs=self.k,
            coordinates=self.n,
            weight_bits=self.weight_bits,
            link=self.link,
            max_error=float(self.max_error.max()),
            interval=self.result_interval,
            inner_interval=self.interval,
            width_bits=self.width_bits,
            rank=_rank(self.weights),
            ciphertext_bytes=32 * (self.n + 2),
            **kept,
        )

    def _kept(self, X: Any, y: Any) -> dict[str, Any]:
        if self.schema is None:
            raise ParameterError(
                "a report on rows needs the schema; read the function with Function.from_bytes(data, schema=schema)"
            )
        encoded = X if isinstance(X, Encoded) else self.schema.encode(X, "clip")
        ours = self.evaluate(encoded)
        counts = {"saturated": dict(encoded.saturated), "replaced": dict(encoded.replaced)}
        kept: dict[str, Any] = {"rows": len(encoded), **counts}
        if y is not None:
            kept["metric"], kept["metric_quantised"] = self._quality(self.decision_function(ours), y)
        if self.exact_map is None or isinstance(X, Encoded):
            return kept
        model = self._squeezed(self._unrounded(X, self.schema, *self.exact_map))
        if self.classes is not None:
            quantised = self._class_index(self.decision_function(ours))
            kept["agreement"] = float(np.mean(self._class_index(model) == quantised))
        if y is not None:
            kept["metric_float"] = self._quality(model, y)[1]
        return kept

    def _unrounded(self, X: Any, schema: Schema, weights: FloatArray, intercept: FloatArray) -> FloatArray:
        """The model's decision values ``[batch, k]`` of raw rows; of replaced rows, if it takes no absent entries."""
        theirs = None if self.raw_model is None else self.raw_model(X)
        return schema.encode_real(X) @ weights.T + intercept if theirs is None else theirs

    def _class_index(self, decision: FloatArray) -> npt.NDArray[np.intp]:
        if self.k > 1:
            return np.asarray(np.argmax(decision, axis=1))
        threshold = 0.0
        if self.baseline_survival is not None:
            threshold = math.log(math.log(0.5) / math.log(self.baseline_survival))
        return (decision > threshold).astype(np.intp)

    def _quality(self, decision: FloatArray, y: Any) -> tuple[str, float]:
        truth = np.asarray(y)
        if truth.shape[0] != decision.shape[0]:
            raise ParameterError(f"y has {truth.shape[0]} rows, X {decision.shape[0]}")
        if self.classes is None:
            return "R2", _r_squared(decision, truth.astype(np.float64))
        if self.k == 1:
            return "AUC", _auc(decision, truth == self.classes[1])
        labels = np.array(self.classes)
        return "accuracy", float(np.mean(labels[self._class_index(decision)] == truth))

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts; classes as ``[type, text]`` pairs."""
        survival = None if self.baseline_survival is None else float(self.baseline_survival).hex()
        return {
            "version": 1,
            "kind": self.kind,
            "name": self.name,
            "schema_id": self.schema_id.hex(),
            "weights": self.weights.tolist(),
            "intercept": self.intercept.tolist(),
            "scale": [float(s).hex() for s in self.scale],
            "interval": self.interval.tolist(),
            "max_error": [float(e).hex() for e in self.max_error],
            "link": self.link,
            "baseline_survival": survival,
            "classes": None if self.classes is None else [_class_to_pair(c) for c in self.classes],
        }

    @classmethod
    def from_bytes(cls, data: bytes, schema: Schema | None = None) -> Function:
        """The function that ``data`` encodes. With ``schema`` it can evaluate tables and report on rows.

        Raises DecodeError unless ``data`` is exactly one canonical encoding, KeyMismatchError for another schema.
        """
        function = super().from_bytes(data)
        return function if schema is None else cls.from_dict(function.to_dict(), schema)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], schema: Schema | None = None) -> Function:
        """The inverse of :meth:`to_dict`. With ``schema`` the function can evaluate tables.

        Raises DecodeError for anything :meth:`to_dict` would not have written, KeyMismatchError for another schema.
        """
        try:
            function = cls(**_fields_from_dict(data), schema=schema)
            canonical = json.dumps(function.to_dict(), sort_keys=True) == json.dumps(dict(data), sort_keys=True)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError, OutOfRangeError) as error:
            raise DecodeError(f"not a function: {error}") from error
        if not canonical:
            raise DecodeError("not a function: fields are missing, unknown or not in canonical form")
        return function


@dataclass(frozen=True)
class Report:
    """What :meth:`Function.report` says; printing it gives a table. Fields that were not measured are None.

    ``max_error`` bounds the distance to the model's own output (decision value) for every row that the schema can
    hold, measured from the decoded row. ``interval`` (intercept included), ``inner_interval`` (what a key decrypts
    to) and ``width_bits`` are exact. ``metric`` names the measure of ``metric_float`` (model on raw rows) and
    ``metric_quantised`` (these integers). ``saturated`` and ``replaced`` count values per column that were clipped,
    and absent ones that took the schema's missing value.
    """

    name: str
    outputs: int
    coordinates: int
    weight_bits: int
    link: str
    max_error: float
    interval: IntArray
    inner_interval: IntArray
    width_bits: float
    rank: int
    ciphertext_bytes: int
    rows: int | None = None
    saturated: dict[str, int] | None = None
    replaced: dict[str, int] | None = None
    metric: str | None = None
    metric_float: float | None = None
    metric_quantised: float | None = None
    agreement: float | None = None

    def lines(self) -> list[tuple[str, str]]:
        """``(what, value)`` pairs in the order they are printed."""
        table = [
            ("function", f"{self.name or 'unnamed'}: {self.outputs} output(s) of {self.coordinates} coordinates"),
            ("weights", f"{self.weight_bits} bits, link {self.link}"),
            ("largest error", f"{self.max_error:.3g} (decision value; bound for every row of the schema)"),
            ("result range", f"{_ends(self.interval)} (with intercept)"),
            ("inner product range", f"{_ends(self.inner_interval)}; search width 2^{self.width_bits:.1f}"),
            ("cost", f"{self.ciphertext_bytes} bytes per patient; {self.outputs} discrete logarithm(s) per patient"),
            ("a key reveals", self._reveals()),
        ]
        return table + self._measured()

    def _reveals(self) -> str:
        forms = "1 integer" if self.outputs == 1 else f"{self.outputs} integers ({self.rank} independent)"
        return f"{forms} per patient, at most {self.width_bits:.1f} bits each; rank {self.rank} of {self.coordinates}"

    def _measured(self) -> list[tuple[str, str]]:
        table = []
        if self.rows is not None:
            clipped, replaced = sum((self.saturated or {}).values()), sum((self.replaced or {}).values())
            table.append(("rows", str(self.rows)))
            table.append(("values", f"{clipped} outside the schema clipped; {replaced} missing values replaced"))
        if self.metric_quantised is not None:
            before = "" if self.metric_float is None else f"{self.metric_float:.4f} -> "
            table.append((f"{self.metric} kept", f"{before}{self.metric_quantised:.4f}"))
        if self.agreement is not None:
            table.append(("same class", f"{100 * self.agreement:.2f} %"))
        return table

    def __str__(self) -> str:
        table = self.lines()
        width = max(len(what) for what, _ in table)
        return "\n".join(f"{what.ljust(width)}  {value}" for what, value in table)


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def _ends(interval: IntArray) -> str:
    return f"{int(interval[:, 0].min())} to {int(interval[:, 1].max())}"


def _integers(values: Any, what: str) -> IntArray:
    array = np.asarray(values)
    if array.dtype.kind not in "iu" and array.size:
        raise ParameterError(f"{what} must be integers, not {array.dtype}")
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise OutOfRangeError(f"{what} do not fit 64 bits")
    return array.astype(np.int64)


def _sigmoid(values: FloatArray) -> FloatArray:
    # exp of minus the absolute value never overflows
    small = np.exp(-np.abs(values))
    return np.where(values >= 0, 1.0 / (1.0 + small), small / (1.0 + small))


def probabilities(link: str, decision: FloatArray, baseline_survival: float | None = None) -> FloatArray:
    """Probabilities ``[batch, classes]`` of decision values ``[batch, k]`` under one of :data:`LINKS` but "identity".

    One decision value gives two columns, the second being the probability of the second class.
    """
    if link == "softmax":
        return _softmax(decision)
    if baseline_survival is not None:
        # 1 - S0^exp(d), by expm1 so that a small risk keeps its digits; exp(700) is still finite
        positive = -np.expm1(math.log(baseline_survival) * np.exp(np.minimum(decision, 700.0)))
    else:
        positive = _sigmoid(decision)
    if link != "ovr":
        return np.concatenate([1.0 - positive, positive], axis=1)
    total = positive.sum(axis=1, keepdims=True)
    # where every class has probability zero, scikit-learn's one-versus-rest gives each the same
    return np.where(total > 0, positive / np.where(total > 0, total, 1.0), 1.0 / decision.shape[1])


def _softmax(values: FloatArray) -> FloatArray:
    powers = np.exp(values - values.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def _auc(decision: FloatArray, positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve by the rank sum; NaN when only one class is present."""
    hits = int(positive.sum())
    misses = len(positive) - hits
    if not hits or not misses:
        return math.nan
    return float((_ranks(decision)[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def _r_squared(predicted: FloatArray, truth: FloatArray) -> float:
    if predicted.shape != truth.shape:
        raise ParameterError(f"y has shape {truth.shape}, the outputs {predicted.shape}")
    spread = float(((truth - truth.mean(axis=0)) ** 2).sum())
    return 1.0 - float(((truth - predicted) ** 2).sum()) / spread if spread else math.nan


def _rank(rows: IntArray, prime: int = 2**61 - 1) -> int:
    """Rank of integer rows modulo a prime (never above the true rank)."""
    pivots: list[tuple[int, list[int]]] = []
    for row in rows.tolist():
        reduced = [v % prime for v in row]
        for column, other in pivots:
            factor = reduced[column]
            if factor:
                reduced = [(a - factor * b) % prime for a, b in zip(reduced, other, strict=True)]
        column = next((i for i, v in enumerate(reduced) if v), -1)
        if column >= 0:
            inverse = pow(reduced[column], -1, prime)
            pivots.append((column, [v * inverse % prime for v in reduced]))
    return len(pivots)


_CLASS_TYPES: dict[str, type[str] | type[int] | type[float] | type[bool]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
}


def _class_to_pair(label: str | int | float | bool) -> list[str]:
    kind = type(label).__name__
    if kind not in _CLASS_TYPES:
        raise ParameterError(f"class labels are text, numbers or booleans, not {kind}")
    return [kind, label.hex() if isinstance(label, float) else str(label)]


def _class_from_pair(pair: Sequence[str]) -> str | int | float | bool:
    kind, text = pair
    if kind == "bool":
        return {"True": True, "False": False}[text]
    if kind == "float":
        return float.fromhex(text)
    return int(text) if kind == "int" else str(text)


def _fields_from_dict(data: Mapping[str, Any]) -> dict[str, Any]:
    survival, classes = data["baseline_survival"], data["classes"]
    return {
        "weights": np.array(data["weights"], dtype=np.int64),
        "intercept": np.array(data["intercept"], dtype=np.int64),
        "scale": np.array([float.fromhex(s) for s in data["scale"]]),
        "interval": np.array(data["interval"], dtype=np.int64),
        "schema_id": bytes.fromhex(data["schema_id"]),
        "link": data["link"],
        "classes": None if classes is None else tuple(_class_from_pair(pair) for pair in classes),
        "baseline_survival": None if survival is None else float.fromhex(survival),
        "max_error": np.array([float.fromhex(e) for e in data["max_error"]]),
        "name": data["name"],
    }
