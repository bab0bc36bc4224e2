"""Function: the exact integer function that a key is issued for; knows no estimator and no key.

A linear or quadratic function of the coordinates ``x`` of a schema, k outputs::

    inner product   u_j = <W_j, x>                    what a key decrypts to      int64
    or quadratic    u_j = z^T F_j z, z = (1, x)
    score           s_j = u_j + B_j                   exact, B public             int64
    decision value  d_j = s_j * scale_j               the model's own units       float64
    prediction      link(d)                           probability, class, risk

``u_j`` lies in an interval that follows from the schema's bounds alone; nothing here can wrap, because the
interval is computed with unbounded integers when the function is made and refused where it does not fit.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from pyfe.adapters import AnyAdapter, adapter_named, serving
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import LIMIT, MAX_WIDTH, FactoredForms, Forms, MatrixForms, as_array, integers_of
from pyfe.links import LINKS, probabilities
from pyfe.maps import IntegerMap, LinearMap, QuadraticMap, as_map, exact_interval, map_from_dict
from pyfe.report import Report, area_under_curve, r_squared
from pyfe.schema import Encoded, Overflow, Schema
from pyfe.schema.cells import as_floats, missing_mask, plain, shown
from pyfe.schema.frames import as_column, open_frame
from pyfe.wire.envelope import Kind, pack_metadata, unpack_metadata
from pyfe.wire.pickling import PickledAsBytes

__all__ = ["LINKS", "MAX_WIDTH", "Function", "Report", "exact_interval", "probabilities"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]
Number = TypeVar("Number", np.int64, np.float64)
AnyArray: TypeAlias = npt.NDArray[Any]
ExactMap: TypeAlias = tuple[FloatArray, FloatArray] | Callable[[FloatArray], FloatArray]


@dataclass(frozen=True, eq=False, repr=False)
class Function(PickledAsBytes):
    """An integer map, public intercept, scale, link and exact interval. Made by ``pyfe.compile``; immutable.

    Parameters (all checked; ParameterError, OutOfRangeError)
    ----------
    map: what a key decrypts to, :class:`~pyfe.maps.LinearMap` or :class:`~pyfe.maps.QuadraticMap`; an int64 array
        ``[k, n]`` stands for the linear map with these weights.
    intercept: int64 ``[k]``, in result steps, added after decryption; it costs no coordinate and hides nothing.
    scale: float64 ``[k]``, decision value of one result step.
    interval: int64 ``[k, 2]``, the range of the map (without intercept) over the schema's bounds.
    schema_id: 32 bytes, the schema the coordinates belong to.
    link: one of :data:`LINKS`. ``classes``: labels in the order of the probabilities, or None for a regression.
    baseline_survival: S0 of the link "cox", else None.
    max_error: float64 ``[k]``, bound on |decision value - model's own output| over all rows the schema can hold.
    name: what the function is called in reports.
    schema: the schema itself, for :meth:`evaluate` on tables; not part of the id.
    exact_map: the map before rounding, for reports; not part of the id. Float weights ``[k, n]`` and intercept
        ``[k]``; of a quadratic function a callable from real coordinates ``[batch, n]`` to values ``[batch, k]``.
    raw_model: the model's own decision values float64 ``[batch, k]`` of a table with its absent entries, or None
        where it cannot take them; for reports; not part of the id.
    remarks: pairs (what, text) that reports show: how rows reach the model, what was checked, why there are no
        probabilities. Of functions compiled in this process; not part of the id.

    It pickles as its bytes and its schema; exact_map, raw_model and remarks stay behind. A copy is the function itself.
    """

    map: IntegerMap
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
    exact_map: ExactMap | None = None
    raw_model: Callable[[Any], FloatArray | None] | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "map", as_map(self.map))
        self._checked_shapes(self.k)
        for name in ("name", "link"):
            object.__setattr__(self, name, plain(getattr(self, name)))
        if len(self.schema_id) != 32 or type(self.name) is not str:
            raise ParameterError("schema_id has 32 bytes, and name is text")
        self._checked_link(self.k)
        if self.schema is not None:
            self._checked_schema(self.schema)
        reach = max(abs(int(v)) for v in self.interval.ravel()) + max(abs(int(b)) for b in self.intercept)
        if reach >= LIMIT:
            raise OutOfRangeError("the intercept takes the scores out of 62 bits")
        for name in ("intercept", "scale", "interval", "max_error"):
            array = getattr(self, name).copy()
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def _checked_shapes(self, k: int) -> None:
        object.__setattr__(self, "max_error", _floats(self.max_error, "max_error"))
        if not self.max_error.size:
            object.__setattr__(self, "max_error", np.zeros(k))
        shapes = {"intercept": (k,), "scale": (k,), "interval": (k, 2), "max_error": (k,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ParameterError(f"{name} must have shape {shape}, not {getattr(self, name).shape}")
        if any(array.dtype != np.int64 for array in (self.intercept, self.interval)):
            raise ParameterError("weights, intercept and interval are int64")
        floats = np.concatenate([self.scale, self.max_error])
        if not (np.isfinite(floats).all() and (self.scale > 0).all() and (self.max_error >= 0).all()):
            raise ParameterError("scale must be positive, max_error not negative, both finite")
        if (self.interval[:, 0] > self.interval[:, 1]).any():
            raise ParameterError("an interval's lower end lies above its upper end")

    def _checked_link(self, k: int) -> None:
        if self.link not in LINKS:
            raise ParameterError(f"link {self.link!r} is not one of {', '.join(LINKS)}")
        if (self.link == "cox") != (self.baseline_survival is not None):
            raise ParameterError('baseline_survival belongs to the link "cox", and only to it')
        if self.baseline_survival is not None and not 0 < self.baseline_survival < 1:
            raise ParameterError("baseline_survival lies strictly between 0 and 1")
        if (self.link in ("logit", "cox") and k != 1) or (self.link in ("softmax", "ovr") and k == 1):
            raise ParameterError(f"link {self.link!r} does not go with {k} row(s) of weights")
        if self.classes is not None and not isinstance(self.classes, Sequence):
            raise ParameterError(f"classes are a tuple of labels, not {type(self.classes).__name__}")
        if self.classes is not None:
            object.__setattr__(self, "classes", tuple(map(plain, self.classes)))
        expected = 2 if k == 1 else k
        if self.classes is not None and len(self.classes) != expected:
            raise ParameterError(f"{k} row(s) of weights need {expected} classes, not {len(self.classes)}")
        if self.link != "identity" and self.classes is None:
            raise ParameterError(f"link {self.link!r} needs classes")

    def _checked_schema(self, schema: Schema) -> None:
        if schema.id != self.schema_id:
            raise KeyMismatchError("the function belongs to another schema")
        if schema.n != self.n:
            raise ParameterError(f"the schema has {schema.n} coordinates, the weights {self.n}")
        if not np.array_equal(self.map.interval(schema.lo, schema.hi), self.interval):
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
        return cls._on(schema, LinearMap(rows), intercept, scale, rest)

    @classmethod
    def from_forms(cls, schema: Schema, forms: Forms, intercept: Any = 0, scale: Any = 1.0, **rest: Any) -> Function:
        """A quadratic function from forms over ``z = (1, x)``, x the schema's coordinates; ``rest`` as the class.

        forms: ``[k, n + 1, n + 1]``. MatrixForms are brought into upper triangular form, and their constants (entry
        (0, 0)) go to the intercept; FactoredForms are kept as they are. Raises ParameterError for another shape or a
        constant form, OutOfRangeError for an interval beyond 2^44.
        """
        if not isinstance(schema, Schema):
            raise ParameterError(f"from_forms needs a pyfe.Schema, not {type(schema).__name__}")
        given: object = forms
        if not isinstance(given, MatrixForms | FactoredForms):
            raise ParameterError(f"forms are MatrixForms or FactoredForms, not {type(given).__name__}")
        if not forms.n == forms.m == schema.n + 1:
            raise ParameterError(f"forms of this schema have shape [k, {schema.n + 1}, {schema.n + 1}], not {forms!r}")
        public = _integers(intercept, "intercept")
        if isinstance(forms, MatrixForms):
            forms, constants = _without_constants(forms.upper())
            public = public + constants
        return cls._on(schema, QuadraticMap(forms), public, scale, rest)

    @classmethod
    def _on(cls, schema: Schema, terms: IntegerMap, intercept: Any, scale: Any, rest: dict[str, Any]) -> Function:
        return cls(
            map=terms,
            intercept=_one_each(_integers(intercept, "intercept"), terms.k, "intercept"),
            scale=_one_each(_floats(scale, "scale"), terms.k, "scale"),
            interval=terms.interval(schema.lo, schema.hi),
            schema_id=schema.id,
            schema=schema,
            **rest,
        )

    # -- what it says --

    @property
    def kind(self) -> str:
        """The word for the form of the function: "linear" or "quadratic"."""
        return self.map.kind

    @property
    def weights(self) -> IntArray:
        """int64 ``[k, n]`` of a linear function, one row per output; ParameterError for a quadratic one."""
        if isinstance(self.map, LinearMap):
            return self.map.weights
        raise ParameterError(f"a {self.kind} function has no weights [k, n]; its coefficients are function.forms")

    @property
    def forms(self) -> Forms:
        """The map as quadratic forms over ``z = (1, x)``, of either kind of function: ``u_j = z^T F_j z``. The weights
        of a linear one lie in row 0, so that an authority for quadratic functions serves it too."""
        return self.map.forms

    @property
    def k(self) -> int:
        """Number of outputs."""
        return self.map.k

    @property
    def n(self) -> int:
        """Number of coordinates (the constant one of a quadratic map is not counted)."""
        return self.map.n

    @property
    def result_interval(self) -> IntArray:
        """int64 ``[k, 2]``: the range of the scores, intercept included."""
        return self.interval + self.intercept[:, None]

    @property
    def weight_bits(self) -> int:
        """Fewest bits b with ``|w| <= 2^(b-1) - 1`` for every weight or entry w of the map."""
        return self.map.largest.bit_length() + 1

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
        kind = "" if self.kind == "linear" else f"{self.kind}, "
        shape = f"{kind}{self.k} x {self.n}, {self.weight_bits}-bit weights"
        return f"Function({title}{shape}, {self.link}, id {self.id.hex()[:12]})"

    # -- evaluation in the clear --

    def evaluate(self, X: Any, on_overflow: Overflow = "raise") -> IntArray:
        """Exact integer scores of a table, or of :class:`~pyfe.schema.Encoded` rows: ``u_j + B_j``.

        Returns int64 ``[batch]`` for one output, else ``[batch, k]``: the same integers that a key decrypts.
        Raises OutOfRangeError for values outside the schema, ParameterError for a table without a schema here,
        KeyMismatchError for rows encoded under another schema.
        Cost: O(batch * n * k); quadratic: O(batch * monomials * k), or O(batch * units * (n + k)).
        """
        return self.add_intercept(self.map.evaluate(self._coordinates(X, on_overflow)))

    def _coordinates(self, X: Any, on_overflow: Overflow) -> IntArray:
        if self.schema is None and not isinstance(X, Encoded):
            raise ParameterError(
                "this function does not know its schema: encode the table first (schema.encode), or read the function "
                "with Function.from_bytes(data, schema=schema)"
            )
        if self.schema is None:
            X.require_schema(self.schema_id)
            return self._unchecked_rows(_integers(X.x, "encoded rows"))
        return self.schema.check(X if isinstance(X, Encoded) else self.schema.encode(X, on_overflow))

    def _unchecked_rows(self, x: IntArray) -> IntArray:
        """Rows whose bounds are not known here; the map itself refuses what could wrap."""
        if x.ndim != 2 or x.shape[1] != self.n:
            raise ParameterError(f"encoded rows are integers [batch, {self.n}], not {x.shape}")
        return x

    def add_intercept(self, inner: Any, total_weight: Any = 1) -> IntArray:
        """Scores from decrypted values of the map int64 ``[batch]`` or ``[batch, k]``; the intercept counts
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
            why = dict(self.remarks).get("probabilities", "link identity")
            raise UnsupportedModelError(f"{self.name or 'this function'} has no probabilities ({why})")
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

    def report(self, X: Any = None, y: Any = None, *, scheme: str | None = None) -> Report:
        """What the function costs, how far it is from the model, and what each key for it says.

        With a table X (and labels or targets y), also what was kept on these rows: values outside the schema are
        clipped, absent ones replaced by the schema's, and both counted. The model itself is given the raw rows,
        absent entries included where it takes them. Float figures are there for functions that were compiled in
        this process.

        y: one label or target a row: labels are those of :attr:`classes`, targets are finite numbers ``[batch]`` or
        ``[batch, k]``. Raises ParameterError for a missing or unknown one, another length, or a pandas object whose
        index is not that of X.
        scheme: short or long name of the one that the authority runs (``public_key.scheme``), whose price is stated;
            by default the first of :data:`pyfe.adapters.SCHEMES` that serves the function. ParameterError for one that
            is not there, UnsupportedModelError for one that does not serve it.
        """
        priced = self._scheme(scheme)
        kept = {} if X is None else self._kept(X, y)
        return Report(
            name=self.name,
            kind=self.kind,
            outputs=self.k,
            coordinates=self.n,
            weight_bits=self.weight_bits,
            link=self.link,
            max_error=float(self.max_error.max()),
            interval=self.result_interval,
            inner_interval=self.interval,
            width_bits=self.width_bits,
            rank=self.map.rank,
            monomials=self.map.monomials,
            units=self.map.units,
            scheme=priced.id,
            ciphertext_bytes=priced.row_bytes(self.n),
            remarks=self.remarks,
            **kept,
        )

    def _scheme(self, name: str | None) -> AnyAdapter:
        """The scheme of a name, or the first that serves this function."""
        if name is None:
            return serving(self.kind)[0]
        found = adapter_named(name)
        if found not in serving(self.kind):
            known = " or ".join(entry.short for entry in serving(self.kind))
            raise UnsupportedModelError(f"the scheme {found.short} serves no {self.kind} function; {known} does")
        return found

    def _kept(self, X: Any, y: Any) -> dict[str, Any]:
        if self.schema is None:
            raise ParameterError(
                "a report on rows needs the schema; read the function with Function.from_bytes(data, schema=schema)"
            )
        _require_one_index(X, y)
        X = X if isinstance(X, Encoded) else self.schema.read_raw(X)  # once: a reader of batches is then at its end
        encoded = X if isinstance(X, Encoded) else self.schema.encode(X, "clip")
        ours = self.evaluate(encoded)
        truth = None if y is None else self._truth(y, len(encoded))
        counts = {"saturated": dict(encoded.saturated), "replaced": dict(encoded.replaced)}
        kept: dict[str, Any] = {"rows": len(encoded), **counts}
        if truth is not None:
            kept["metric"], kept["metric_quantised"] = self._quality(self.decision_function(ours), truth)
        if self.exact_map is None or isinstance(X, Encoded) or not len(ours):
            return kept
        model, decision = self._squeezed(self._unrounded(X, self.schema, self.exact_map)), self.decision_function(ours)
        apart = np.abs(decision - model)
        kept["typical_difference"], kept["largest_difference"] = float(np.median(apart)), float(apart.max())
        if self.classes is not None:
            kept["agreement"] = float(np.mean(self._class_index(model) == self._class_index(decision)))
        if truth is not None:
            kept["metric_float"] = self._quality(model, truth)[1]
        return kept

    def _unrounded(self, X: Any, schema: Schema, exact: ExactMap) -> FloatArray:
        """The model's decision values ``[batch, k]`` of raw rows; of replaced rows, if it takes no absent entries."""
        theirs = None if self.raw_model is None else self.raw_model(X)
        if theirs is not None:
            return theirs
        real = schema.encode_real(X)
        return exact(real) if callable(exact) else np.asarray(real @ exact[0].T + exact[1])

    def _class_index(self, decision: FloatArray) -> npt.NDArray[np.intp]:
        if self.k > 1:
            return np.asarray(np.argmax(decision, axis=1))
        threshold = 0.0
        if self.baseline_survival is not None:
            threshold = math.log(math.log(0.5) / math.log(self.baseline_survival))
        return (decision > threshold).astype(np.intp)

    def _truth(self, y: Any, rows: int) -> AnyArray:
        """Targets float64 ``[rows]`` or ``[rows, k]``; with classes, positions in them int64 ``[rows]``."""
        rowwise = isinstance(y, list | tuple) and len(y) > 0 and all(isinstance(row, list | tuple) for row in y)
        table = hasattr(y, "columns") or rowwise or (isinstance(y, np.ndarray) and y.ndim == 2)
        frame = open_frame(y, None) if table else None
        names = None if frame is None else [str(i) for i in range(len(frame.labels))]
        columns = [as_column(y)] if frame is None else [as_column(frame.column(i)) for i in range(len(names or []))]
        for column in columns:
            if len(column) != rows:
                raise ParameterError(f"y has {len(column)} rows, X {rows}")
            absent = missing_mask(column)
            if absent.any():
                raise ParameterError(f"y: {_rows_text(absent)} missing")
        if self.classes is None:
            return self._targets(columns)
        if len(columns) != 1:
            raise ParameterError(f"y has {len(columns)} columns; labels are one a row")
        places = {label: place for place, label in enumerate(self.classes)}
        found = np.array([_place(places, label) for label in columns[0].tolist()], dtype=np.int64)
        if (found < 0).any():
            known = ", ".join(shown(label) for label in self.classes[:10])
            raise ParameterError(f"y: {_rows_text(found < 0)} none of the classes ({known})")
        return found

    def _targets(self, columns: Sequence[AnyArray]) -> FloatArray:
        values = [as_floats(column, missing_mask(column)) for column in columns]
        wrong = np.any([~np.isfinite(column) for column in values], axis=0)
        if np.any(wrong):
            raise ParameterError(f"y: {_rows_text(wrong)} no finite number")
        return values[0] if len(values) == 1 else np.stack(values, axis=1)

    def _quality(self, decision: FloatArray, truth: AnyArray) -> tuple[str, float]:
        if self.classes is None:
            return "R2", r_squared(decision, truth)
        if self.k == 1:
            return "AUC", area_under_curve(decision, truth == 1)
        return "accuracy", float(np.mean(self._class_index(decision) == truth))

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts; classes as ``[type, text]`` pairs."""
        return {**self._outer_dict(), **self.map.to_dict()}

    def _outer_dict(self) -> dict[str, Any]:
        """All fields but the map's."""
        survival = None if self.baseline_survival is None else float(self.baseline_survival).hex()
        return {
            "version": 1,
            "kind": self.kind,
            "name": self.name,
            "schema_id": self.schema_id.hex(),
            "intercept": self.intercept.tolist(),
            "scale": [float(s).hex() for s in self.scale],
            "interval": self.interval.tolist(),
            "max_error": [float(e).hex() for e in self.max_error],
            "link": self.link,
            "baseline_survival": survival,
            "classes": None if self.classes is None else [_class_to_pair(c) for c in self.classes],
        }

    def to_bytes(self) -> bytes:
        """The canonical encoding: one envelope of metadata only. Cost: linear in the size of the function."""
        return pack_metadata(Kind.FUNCTION, self.to_dict())

    @classmethod
    def from_bytes(cls, data: bytes, schema: Schema | None = None) -> Function:
        """The function that ``data`` encodes. With ``schema`` it can evaluate tables and report on rows.

        Raises DecodeError unless ``data`` is exactly one canonical encoding, KeyMismatchError for another schema.
        """
        given: object = schema
        if not isinstance(given, Schema | None):
            raise ParameterError(f"schema is a pyfe.Schema, not {type(given).__name__}")
        function = cls.from_dict(unpack_metadata(data, Kind.FUNCTION))
        if schema is None:
            return function
        try:
            return replace(function, schema=schema)
        except (ParameterError, OutOfRangeError) as error:
            raise DecodeError(f"not a function of this schema: {error}") from error

    def __reduce__(self) -> tuple[Any, ...]:
        return Function.from_bytes, (self.to_bytes(), self.schema)

    @classmethod
    def from_dict(
        cls, data: Mapping[str, Any], schema: Schema | None = None, *, terms: IntegerMap | None = None
    ) -> Function:
        """The inverse of :meth:`to_dict`. With ``schema`` the function can evaluate tables.

        terms: the map, where ``data`` holds all fields but its weights or forms (a key keeps them elsewhere).

        Raises DecodeError for anything :meth:`to_dict` would not have written, KeyMismatchError for another schema.
        Cost: linear in what is there; a number of outputs or coordinates that is only stated allocates nothing.
        """
        try:
            outer = {key: value for key, value in data.items() if terms is not None or key not in ("weights", "forms")}
            function = cls(map_from_dict(data) if terms is None else terms, **_outer_fields(outer), schema=schema)
            canonical = json.dumps(function._outer_dict(), sort_keys=True) == json.dumps(outer, sort_keys=True)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError, DecodeError, OutOfRangeError) as error:
            raise DecodeError(f"not a function: {error}") from error
        if not canonical:
            raise DecodeError("not a function: fields are missing, unknown or not in canonical form")
        return function


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def _rows_text(mask: npt.NDArray[np.bool_]) -> str:
    rows = np.flatnonzero(mask)
    listed = ", ".join(map(str, rows[:8])) + (f" and {len(rows) - 8} more" if len(rows) > 8 else "")
    many = len(rows) > 1
    return f"{len(rows)} of {len(mask)} labels (row{'s' if many else ''} {listed}) {'are' if many else 'is'}"


def _place(places: Mapping[Any, int], label: Any) -> int:
    """Position of a label among the classes, by equality; -1 for none."""
    try:
        return places.get(label, -1)
    except TypeError:  # nothing that can be looked up
        return -1


def _require_one_index(X: Any, y: Any) -> None:
    """pandas objects of different indexes are never paired by position."""
    if all(hasattr(table, "iloc") and hasattr(table, "index") for table in (X, y)) and not X.index.equals(y.index):
        raise ParameterError(
            "y and X have different indexes; align them (y.loc[X.index]), or pass y.to_numpy() if the rows do belong "
            "together"
        )


def _one_each(values: npt.NDArray[Number], k: int, what: str) -> npt.NDArray[Number]:
    """A number for every output, or the same one for all."""
    if values.shape not in ((), (1,), (k,)):
        raise ParameterError(f"{what} is one number, or {k} (one an output), not of shape {values.shape}")
    return np.broadcast_to(values, (k,)).copy()


def _floats(values: Any, what: str) -> FloatArray:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(f"{what} must be numbers: {error}") from error


def _integers(values: Any, what: str) -> IntArray:
    array = as_array(values, what)
    if array.dtype.kind not in "iu" and array.size:
        raise ParameterError(f"{what} must be integers, not {array.dtype}")
    if array.dtype.kind == "u" and array.size and int(array.max()) >= 2**63:
        raise OutOfRangeError(f"{what} do not fit 64 bits")
    return array.astype(np.int64)


_CLASS_TYPES: dict[str, type[str] | type[int] | type[float] | type[bool]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
}


def _without_constants(forms: MatrixForms) -> tuple[MatrixForms, IntArray]:
    """Upper triangular forms without their entries (0, 0), and these int64 ``[k]``."""
    inside = forms.column > 0
    constants = np.zeros(forms.k, dtype=np.int64)
    constants[forms.output[~inside]] = forms.value[~inside]
    parts = (forms.output, forms.row, forms.column, forms.value)
    return MatrixForms(forms.shape, *(part[inside] for part in parts)), constants


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


def _outer_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    survival, classes = data["baseline_survival"], data["classes"]
    return {
        "intercept": integers_of(data["intercept"], 1, "intercept"),
        "scale": np.array([float.fromhex(s) for s in data["scale"]]),
        "interval": integers_of(data["interval"], 2, "interval"),
        "schema_id": bytes.fromhex(data["schema_id"]),
        "link": data["link"],
        "classes": None if classes is None else tuple(_class_from_pair(pair) for pair in classes),
        "baseline_survival": None if survival is None else float.fromhex(survival),
        "max_error": np.array([float.fromhex(e) for e in data["max_error"]]),
        "name": data["name"],
    }
