"""Function: the exact integer function that a key is issued for; knows no estimator and no key.

A linear or quadratic function of the coordinates ``x`` of a schema, k outputs::

    inner product   u_j = <W_j, x>                    the map: what a key decrypts to     int64
    or quadratic    u_j = z^T F_j z, z = (1, x)
    score           s_j = u_j + B_j                   the readout: exact, B public        int64
    decision value  d_j = s_j * scale_j               the model's own units               float64
    prediction      link(d)                           probability, class, risk

``u_j`` lies in an interval that follows from the schema's bounds alone; nothing here can wrap, because the
interval is computed with unbounded integers when the function is made and refused where it does not fit 62 bits. How
wide an interval can be searched is a matter of the scheme.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray, FloatArray, IntArray, integer_array
from pyfe.errors import DecodeError, KeyMismatchError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.function.accuracy import quality, require_one_index, truth_of
from pyfe.function.integer_map import IntegerMap, LinearMap, QuadraticMap, as_map, map_from_dict
from pyfe.function.link import link_named
from pyfe.function.readout import Label, Readout, floats
from pyfe.function.recalibrated import Recalibrated
from pyfe.function.report import FunctionReport
from pyfe.schema import Encoded, Overflow, Schema
from pyfe.schema.cells import is_integer, plain
from pyfe.schema.frames import require_order
from pyfe.wire.envelope import Kind, pack_metadata, unpack_metadata
from pyfe.wire.pickling import PickledAsBytes

__all__ = ["ExactMap", "Function"]

Number = TypeVar("Number", np.int64, np.float64)
ExactMap: TypeAlias = tuple[FloatArray, FloatArray] | Callable[[FloatArray], FloatArray]

_READ = ("link", "classes", "baseline_survival", "max_error")
"""Fields of the readout that stand among the further fields of a function being made."""


@dataclass(frozen=True, eq=False, repr=False)
class Function(PickledAsBytes):
    """An integer map and how its integers are read. Made by ``pyfe.compile``; immutable.

    Parameters (all checked; ParameterError, OutOfRangeError)
    ----------
    map: what a key decrypts to, :class:`~pyfe.function.LinearMap` or :class:`~pyfe.function.QuadraticMap`; an int64
        array ``[k, n]`` stands for the linear map with these weights.
    readout: from these integers to the model's output (:class:`~pyfe.function.Readout`); its ``interval`` is the range
        of the map over the schema's bounds.
    schema_id: 32 bytes, the schema the coordinates belong to.
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
    readout: Readout
    schema_id: bytes
    name: str = ""
    schema: Schema | None = None
    exact_map: ExactMap | None = None
    raw_model: Callable[[Any], FloatArray | None] | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "map", as_map(self.map))
        object.__setattr__(self, "name", plain(self.name))
        schema_id: object = self.schema_id
        if not (isinstance(schema_id, bytes) and len(schema_id) == 32) or type(self.name) is not str:
            raise ParameterError("schema_id has 32 bytes, and name is text")
        given: object = self.readout
        if not isinstance(given, Readout):
            raise ParameterError(f"readout is a pyfe.function.Readout, not {type(given).__name__}")
        if self.readout.k != self.map.k:
            raise ParameterError(f"the map has {self.map.k} output(s), the readout {self.readout.k}")
        if self.schema is not None:
            self._checked_schema(self.schema)

    def _checked_schema(self, schema: Schema) -> None:
        if schema.id != self.schema_id:
            raise KeyMismatchError("the function belongs to another schema")
        if schema.n != self.n:
            raise ParameterError(f"the schema has {schema.n} coordinates, the weights {self.n}")
        if not np.array_equal(self.map.interval(schema.lo, schema.hi), self.interval):
            raise ParameterError("the interval is not the one that follows from the schema's bounds")
        if self.readout.noise_sd != _noise_of(schema, self.map):
            raise ParameterError("the readout states other noise than the map has under this schema")

    @classmethod
    def from_integers(cls, schema: Schema, weights: Any, intercept: Any = 0, scale: Any = 1.0, **rest: Any) -> Function:
        """A function from integer weights ``[n]`` or ``[k, n]`` on the schema's coordinates; ``rest`` as the class.

        Raises ParameterError for weights that are no integers, and for a Series or a DataFrame that names the
        coordinates in another order; OutOfRangeError for results beyond 62 bits.
        """
        if not isinstance(schema, Schema):
            raise ParameterError(f"from_integers needs a pyfe.Schema, not {type(schema).__name__}")
        require_order(weights, schema.coordinate_names)
        rows = integer_array(weights, "weights")
        rows = rows[None, :] if rows.ndim == 1 else rows
        if rows.ndim != 2 or rows.shape[1] != schema.n:
            raise ParameterError(f"weights need {schema.n} columns, not shape {rows.shape}")
        return cls._on(schema, LinearMap(rows), intercept, scale, rest)

    @classmethod
    def from_forms(cls, schema: Schema, forms: Forms, intercept: Any = 0, scale: Any = 1.0, **rest: Any) -> Function:
        """A quadratic function from forms over ``z = (1, x)``, x the schema's coordinates; ``rest`` as the class.

        forms: ``[k, n + 1, n + 1]``. MatrixForms are brought into upper triangular form, and their constants (entry
        (0, 0)) go to the intercept; FactoredForms are kept as they are. Raises ParameterError for another shape or a
        constant form, OutOfRangeError for results beyond 62 bits.
        """
        if not isinstance(schema, Schema):
            raise ParameterError(f"from_forms needs a pyfe.Schema, not {type(schema).__name__}")
        given: object = forms
        if not isinstance(given, MatrixForms | FactoredForms):
            raise ParameterError(f"forms are MatrixForms or FactoredForms, not {type(given).__name__}")
        if not forms.n == forms.m == schema.n + 1:
            raise ParameterError(f"forms of this schema have shape [k, {schema.n + 1}, {schema.n + 1}], not {forms!r}")
        public = integer_array(intercept, "intercept")
        if isinstance(forms, MatrixForms):
            forms, constants = _without_constants(forms.upper())
            public = public + constants
        return cls._on(schema, QuadraticMap(forms), public, scale, rest)

    @classmethod
    def _on(cls, schema: Schema, terms: IntegerMap, intercept: Any, scale: Any, rest: dict[str, Any]) -> Function:
        readout = Readout(
            interval=terms.interval(schema.lo, schema.hi),
            intercept=_one_each(integer_array(intercept, "intercept"), terms.k, "intercept"),
            scale=_one_each(floats(scale, "scale"), terms.k, "scale"),
            noise_sd=_noise_of(schema, terms),
            **{name: rest[name] for name in _READ if name in rest},
        )
        others = {name: value for name, value in rest.items() if name not in _READ}
        return cls(map=terms, readout=readout, schema_id=schema.id, schema=schema, **others)

    def with_slots(self, *ids: int) -> Function:
        """The same function behind noise: the key of output j opens it with the noise of slot ``ids[j]``, once.

        ids: a slot of the schema (:func:`pyfe.noise`) for every output, each another one, and one that no other
            function of the authority has: the noise of a slot hides one direction only. ParameterError.

        ``max_error`` then includes 12 standard deviations of the noise, beyond which it never is.
        """
        schema = self._known_schema()
        noise, part = schema.noise, schema.noise_part
        if noise is None:
            raise ParameterError("the function's schema has no noise slots (pyfe.noise)")
        if not all(map(is_integer, ids)) or len(ids) != self.k or not len(set(ids) & set(noise.ids)) == self.k:
            raise ParameterError(
                f"{self.k} output(s) need as many different slots of {', '.join(map(str, noise.ids))}, not {ids!r}"
            )
        terms = self.map.with_coefficients(part, np.array([[i == j for i in noise.ids] for j in ids], np.int64))
        reach = noise.reach * self.scale if self.exact else 0.0
        readout = replace(
            self.readout,
            interval=terms.interval(schema.lo, schema.hi),
            max_error=self.max_error + reach,
            noise_sd=noise.sd,
        )
        return replace(self, map=terms, readout=readout)

    def _known_schema(self) -> Schema:
        if self.schema is None:
            raise ParameterError("read the function with Function.from_bytes(data, schema=schema) first")
        return self.schema

    # -- what it says --

    @property
    def exact(self) -> bool:
        """Whether a key decrypts what :meth:`evaluate` gives; False where it adds noise (:attr:`slots`)."""
        return self.readout.exact

    @property
    def slots(self) -> tuple[int | None, ...]:
        """The noise slot of each output, None where it has none; ParameterError where the schema is not known here, or
        an output mixes slots."""
        schema = self._known_schema()
        if schema.noise is None or self.exact:
            return (None,) * self.k
        used = self.map.coefficients(schema.noise_part)
        if ((used != 0).sum(axis=1) > 1).any():
            raise ParameterError("an output mixes the noise of several slots")
        ids = schema.noise.ids
        return tuple(ids[int(np.argmax(row != 0))] if row.any() else None for row in used)

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
    def weight_bits(self) -> int:
        """Fewest bits b with ``|w| <= 2^(b-1) - 1`` for every weight or entry w of the map."""
        return self.map.largest.bit_length() + 1

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
        shape = f"{kind}{self.k} x {self.n}, {self.weight_bits}-bit weights{'' if self.exact else ', not exact'}"
        return f"Function({title}{shape}, {self.link}, id {self.id.hex()[:12]})"

    # -- evaluation in the clear --

    def evaluate(self, X: Any, on_overflow: Overflow = "raise") -> IntArray:
        """Exact integer scores of a table, or of :class:`~pyfe.schema.Encoded` rows: ``u_j + B_j``.

        Returns int64 ``[batch]`` for one output, else ``[batch, k]``: the same integers that a key decrypts, but for
        its noise where the function is not :attr:`exact`.
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
            return self._unchecked_rows(integer_array(X.x, "encoded rows"))
        return self.schema.check(X if isinstance(X, Encoded) else self.schema.encode(X, on_overflow))

    def _unchecked_rows(self, x: IntArray) -> IntArray:
        """Rows whose bounds are not known here; the map itself refuses what could wrap."""
        if x.ndim != 2 or x.shape[1] != self.n:
            raise ParameterError(f"encoded rows are integers [batch, {self.n}], not {x.shape}")
        return x

    # -- how its integers are read: the readout's own words --

    @property
    def interval(self) -> IntArray:
        """int64 ``[k, 2]``: the range of the map (without intercept) over the schema's bounds."""
        return self.readout.interval

    @property
    def intercept(self) -> IntArray:
        """int64 ``[k]``, in result steps, added after decryption."""
        return self.readout.intercept

    @property
    def result_interval(self) -> IntArray:
        """int64 ``[k, 2]``: the range of the scores, intercept included."""
        return self.readout.result_interval

    @property
    def scale(self) -> FloatArray:
        """float64 ``[k]``, decision value of one result step."""
        return self.readout.scale

    @property
    def max_error(self) -> FloatArray:
        """float64 ``[k]``, bound on |decision value - model's own output| over all rows the schema can hold."""
        return self.readout.max_error

    @property
    def width_bits(self) -> float:
        """log2 of the number of values in the widest interval: what a discrete logarithm has to search."""
        return self.readout.width_bits

    @property
    def link(self) -> str:
        """One of :data:`~pyfe.function.LINKS`."""
        return self.readout.link

    @property
    def classes(self) -> tuple[Label, ...] | None:
        """Labels in the order of the probabilities, or None for a regression."""
        return self.readout.classes

    @property
    def baseline_survival(self) -> float | None:
        """S0 of the link "cox", else None."""
        return self.readout.baseline_survival

    def add_intercept(self, inner: Any, total_weight: Any = 1) -> IntArray:
        """Scores from values of the map; see :meth:`Readout.add_intercept`."""
        return self.readout.add_intercept(inner, total_weight)

    def decision_function(self, scores: Any) -> FloatArray:
        """The model's decision values from integer scores (intercept included): ``s * scale``, shape as the scores."""
        return self.readout.decision_function(scores)

    def predict_proba(self, scores: Any) -> FloatArray:
        """Probabilities float64 ``[batch, classes]`` in the order of :attr:`classes`, from integer scores.

        Link "cox": column 1 is the risk ``1 - S0^exp(d)``. UnsupportedModelError for a model without probabilities.
        """
        if not link_named(self.link).has_probabilities:
            why = dict(self.remarks).get("probabilities", f"link {self.link}")
            raise UnsupportedModelError(f"{self.name or 'this function'} has no probabilities ({why})")
        return self.readout.predict_proba(scores)

    def predict(self, scores: Any) -> AnyArray:
        """The model's own output: predicted classes ``[batch]``, or the values of a regression after its link; see
        :meth:`Readout.predict`."""
        return self.readout.predict(scores)

    def output_error(self, scores: Any) -> FloatArray:
        """A bound, for each row, on the distance of probabilities, or values, to the model's own; see
        :meth:`Readout.output_error`."""
        return self.readout.output_error(scores)

    def recalibrate(self, a: float, b: Any = 0.0) -> Recalibrated:
        """The results of this function read as ``a d + b``, for its decision values d: a model that was fitted again to
        outcomes by a slope and an intercept (Platt's scaling, another baseline risk).

        It needs no key, and there is none to ask for: the integers are those that the key of this function gives, and
        whoever has them can compute any function of them, and of public columns, which are known in the clear. a: one
        number above zero, so that the order of results stays. b: one number, or one per output. ParameterError for
        anything else.
        """
        return Recalibrated(self.readout, a, b)

    # -- report --

    def report(self, X: Any = None, y: Any = None) -> FunctionReport:
        """How far the function is from the model, and the range of its results.

        With a table X (and labels or targets y), also what was kept on these rows: values outside the schema are
        clipped, absent ones replaced by the schema's, and both counted. The model itself is given the raw rows,
        absent entries included where it takes them. Float figures are there for functions that were compiled in
        this process. What the function costs, and what a key for it says: :func:`pyfe.report`.

        y: one label or target a row: labels are those of :attr:`classes`, targets are finite numbers ``[batch]`` or
        ``[batch, k]``; or a pair (times, events), of which C is the measure. Raises ParameterError for a missing or
        unknown one, another length, or a pandas object whose index is not that of X.
        """
        kept = {} if X is None else self._kept(X, y)
        return FunctionReport(
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
            monomials=self.map.monomials,
            units=self.map.units,
            remarks=self.remarks,
            noise_sd=self.readout.noise_sd,
            scale=float(self.scale.max()),
            **kept,
        )

    def _kept(self, X: Any, y: Any) -> dict[str, Any]:
        if self.schema is None:
            raise ParameterError(
                "a report on rows needs the schema; read the function with Function.from_bytes(data, schema=schema)"
            )
        require_one_index(X, y)
        X = X if isinstance(X, Encoded) else self.schema.read_raw(X)  # once: a reader of batches is then at its end
        encoded = X if isinstance(X, Encoded) else self.schema.encode(X, "clip")
        ours = self.evaluate(encoded)
        if not self.exact:
            ours = ours + self.readout.squeezed(self.readout.noise_like(len(encoded)))
        truth = None if y is None else truth_of(self.classes, y, len(encoded))
        counts = {"saturated": dict(encoded.saturated), "replaced": dict(encoded.replaced)}
        kept: dict[str, Any] = {"rows": len(encoded), **counts}
        decision = self.decision_function(ours)
        if truth is not None:
            kept["metric"], kept["metric_quantised"] = quality(self.readout, decision, truth)
        if self.exact_map is None or isinstance(X, Encoded) or not len(ours):
            return kept
        model = self.readout.squeezed(self._unrounded(X, self.schema, self.exact_map))
        apart = np.abs(decision - model)
        kept["typical_difference"], kept["largest_difference"] = float(np.median(apart)), float(apart.max())
        if self.classes is not None:
            same = self.readout.class_index(model) == self.readout.class_index(decision)
            kept["agreement"] = float(np.mean(same))
        if truth is not None:
            kept["metric_float"] = quality(self.readout, model, truth)[1]
        return kept

    def _unrounded(self, X: Any, schema: Schema, exact: ExactMap) -> FloatArray:
        """The model's decision values ``[batch, k]`` of raw rows; of replaced rows, if it takes no absent entries."""
        theirs = None if self.raw_model is None else self.raw_model(X)
        if theirs is not None:
            return theirs
        real = schema.encode_real(X)
        return exact(real) if callable(exact) else np.asarray(real @ exact[0].T + exact[1])

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts; classes as ``[type, text]`` pairs."""
        return {**self._outer_dict(), **self.map.to_dict()}

    def _outer_dict(self) -> dict[str, Any]:
        """All fields but the map's."""
        ids = {"version": 1, "kind": self.kind, "name": self.name, "schema_id": self.schema_id.hex()}
        return {**ids, **self.readout.to_dict()}

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
            known = map_from_dict(data) if terms is None else terms
            schema_id = bytes.fromhex(data["schema_id"])
            function = cls(known, Readout.from_dict(outer), schema_id, data["name"], schema)
            canonical = json.dumps(function._outer_dict(), sort_keys=True) == json.dumps(outer, sort_keys=True)
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError, DecodeError, OutOfRangeError) as error:
            raise DecodeError(f"not a function: {error}") from error
        if not canonical:
            raise DecodeError("not a function: fields are missing, unknown or not in canonical form")
        return function


def _noise_of(schema: Schema, terms: IntegerMap) -> int:
    """Standard deviation of the noise slots that a map looks at; 0 where it looks at none."""
    noise = schema.noise
    return noise.sd if noise is not None and terms.uses(schema.noise_part) else 0


def _one_each(values: npt.NDArray[Number], k: int, what: str) -> npt.NDArray[Number]:
    """A number for every output, or the same one for all."""
    if values.shape not in ((), (1,), (k,)):
        raise ParameterError(f"{what} is one number, or {k} (one an output), not of shape {values.shape}")
    return np.broadcast_to(values, (k,)).copy()


def _without_constants(forms: MatrixForms) -> tuple[MatrixForms, IntArray]:
    """Upper triangular forms without their entries (0, 0), and these int64 ``[k]``."""
    inside = forms.column > 0
    constants = np.zeros(forms.k, dtype=np.int64)
    constants[forms.output[~inside]] = forms.value[~inside]
    parts = (forms.output, forms.row, forms.column, forms.value)
    return MatrixForms(forms.shape, *(part[inside] for part in parts)), constants
