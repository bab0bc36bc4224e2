"""Readout: how the integers that a key decrypts to are read; knows no weights, so that a key of a hidden model has it.

Of the inner product or quadratic value ``u_j`` of output j::

    score           s_j = u_j + B_j               exact, the intercept B is public    int64
    decision value  d_j = s_j * scale_j           the model's own units               float64
    prediction      link(d)                       probability, class, risk
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from pyfe._core import schemes as core
from pyfe.arrays import AnyArray, FloatArray, IntArray, as_array, integer_array
from pyfe.errors import OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.forms import LIMIT
from pyfe.function.link import (
    LINKS,
    index_of_largest,
    link_named,
    link_values,
    output_error,
    probabilities,
    require_link,
)
from pyfe.schema.cells import is_integer, plain, shown
from pyfe.strict import integers_of

__all__ = ["Label", "Readout", "floats", "label_array", "labels_of"]

Label: TypeAlias = str | int | float | bool
Value = TypeVar("Value", bound=np.generic)

_LOUDEST = 2**32

_ARRAYS = ("interval", "intercept", "scale", "max_error")


@dataclass(frozen=True, eq=False, repr=False)
class Readout:
    """From integers to the model's output, for k outputs. Immutable; the fields are checked (ParameterError,
    OutOfRangeError).

    Parameters
    ----------
    interval: int64 ``[k, 2]``, exact range of the integer that is decrypted, without intercept.
    intercept: int64 ``[k]``, in result steps, added after decryption; it costs no coordinate and hides nothing.
    scale: float64 ``[k]``, decision value of one result step; positive.
    link: one of :data:`LINKS`. ``classes``: labels in the order of the probabilities, or None for a regression.
    baseline_survival: S0 of the link "cox", else None.
    max_error: float64 ``[k]``, bound on |decision value - model's own output| over all rows the schema can hold; by
        default 0.
    noise_sd: standard deviation of the noise in every integer that is decrypted, in result steps; 0 (the default) where
        there is none: then results are exact.
    """

    interval: IntArray
    intercept: IntArray
    scale: FloatArray
    link: str = "identity"
    classes: tuple[Label, ...] | None = None
    baseline_survival: float | None = None
    max_error: FloatArray = field(default_factory=lambda: np.zeros(0))
    noise_sd: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "link", plain(self.link))
        if not is_integer(self.noise_sd) or not 0 <= self.noise_sd <= _LOUDEST:
            raise ParameterError(f"noise_sd is an integer from 0 to {_LOUDEST}, not {shown(self.noise_sd)}")
        self._check_arrays()
        self._check_link()
        reach = max(abs(int(v)) for v in self.interval.ravel()) + max(abs(int(b)) for b in self.intercept)
        if reach >= LIMIT:
            raise OutOfRangeError("the intercept takes the scores out of 62 bits")
        for name in _ARRAYS:
            array = getattr(self, name).copy()
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def _check_arrays(self) -> None:
        if any(array.dtype != np.int64 for array in (self.intercept, self.interval)):
            raise ParameterError("weights, intercept and interval are int64")
        if self.intercept.ndim != 1 or not self.intercept.size:
            raise ParameterError(f"intercept must have shape (k,), not {self.intercept.shape}")
        k = self.k
        object.__setattr__(self, "max_error", floats(self.max_error, "max_error"))
        if not self.max_error.size:
            object.__setattr__(self, "max_error", np.zeros(k))
        shapes = {"scale": (k,), "interval": (k, 2), "max_error": (k,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ParameterError(f"{name} must have shape {shape}, not {getattr(self, name).shape}")
        numbers = np.concatenate([self.scale, self.max_error])
        if not (np.isfinite(numbers).all() and (self.scale > 0).all() and (self.max_error >= 0).all()):
            raise ParameterError("scale must be positive, max_error not negative, both finite")
        if (self.interval[:, 0] > self.interval[:, 1]).any():
            raise ParameterError("an interval's lower end lies above its upper end")

    def _check_link(self) -> None:
        k = self.k
        require_link(self.link, self.baseline_survival)
        rule = link_named(self.link)
        if not rule.goes_with(k):
            raise ParameterError(f"link {self.link!r} does not go with {k} row(s) of weights")
        if self.classes is not None:
            object.__setattr__(self, "classes", labels_of(self.classes))
        expected = 2 if k == 1 else k
        if self.classes is not None and len(self.classes) != expected:
            raise ParameterError(f"{k} row(s) of weights need {expected} classes, not {len(self.classes)}")
        if rule.classes == "needed" and self.classes is None:
            raise ParameterError(f"link {self.link!r} needs classes")
        if rule.classes == "none" and self.classes is not None:
            raise ParameterError(f"link {self.link!r} leads to values, and has no classes")

    # -- what it says --

    @property
    def k(self) -> int:
        """Number of outputs."""
        return len(self.intercept)

    @property
    def exact(self) -> bool:
        """Whether results are exact: False where every one has noise."""
        return self.noise_sd == 0

    def noise_like(self, rows: int, seed: int = 0) -> IntArray:
        """Noise int64 ``[rows, k]`` such as a key's results have, to measure by; not the noise of any owner."""
        draws = np.random.default_rng(seed).normal(0.0, self.noise_sd, (rows, self.k))
        return np.rint(draws).astype(np.int64)

    @property
    def result_interval(self) -> IntArray:
        """int64 ``[k, 2]``: the range of the scores, intercept included."""
        return self.interval + self.intercept[:, None]

    @property
    def width_bits(self) -> float:
        """log2 of the number of values in the widest interval: what a discrete logarithm has to search."""
        return max(math.log2(int(high) - int(low) + 1) for low, high in self.interval)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Readout) and self.to_dict() == other.to_dict()

    def __hash__(self) -> int:
        return hash((self.link, self.classes, self.interval.tobytes(), self.intercept.tobytes()))

    def __repr__(self) -> str:
        low, high = self.result_interval[:, 0].min(), self.result_interval[:, 1].max()
        noise = "" if self.exact else f", noise of sd {self.noise_sd}"
        return f"Readout({self.k} output(s), {low} to {high}, {self.link}{noise})"

    # -- from integers to the model's own outputs --

    def add_intercept(self, inner: Any, total_weight: Any = 1) -> IntArray:
        """Scores from decrypted values int64 ``[batch]`` or ``[batch, k]``; the intercept counts ``total_weight``
        times (int64 scalar or ``[batch]``: the summed weights of a combined batch).

        Returns int64 ``[batch]`` for one output, else ``[batch, k]``. Raises OutOfRangeError rather than wrap.
        """
        values = self._by_row(inner)
        weight = np.broadcast_to(integer_array(total_weight, "total_weight"), (len(values),))
        largest = max((abs(int(v)) for v in (values.min(), values.max())), default=0) if values.size else 0
        heaviest = max((abs(int(w)) for w in (weight.min(), weight.max())), default=0) if weight.size else 0
        if largest + heaviest * int(np.abs(self.intercept).max()) >= 2**63:
            raise OutOfRangeError("the combined intercept takes the scores out of 64 bits")
        return self.squeezed(values + weight[:, None] * self.intercept)

    def without_intercept(self, scores: Any, total_weight: Any = 1) -> IntArray:
        """The inverse of :meth:`add_intercept`: values int64 ``[batch, k]``, also of one output. OutOfRangeError rather
        than wrap."""
        values = self._by_row(scores)
        weight = np.broadcast_to(integer_array(total_weight, "total_weight"), (len(values),))
        inner = np.asarray(values - weight[:, None] * self.intercept)
        self.add_intercept(inner, weight)  # refuses whatever wrapped here
        return inner

    def decision_function(self, scores: Any) -> FloatArray:
        """The model's decision values from integer scores (intercept included): ``s * scale``, shape as the scores."""
        return self.squeezed(self._decision(scores))

    def predict_proba(self, scores: Any) -> FloatArray:
        """Probabilities float64 ``[batch, classes]`` in the order of :attr:`classes`, from integer scores.

        Link "cox": column 1 is the risk ``1 - S0^exp(d)``. UnsupportedModelError for a model without probabilities.
        """
        return self.probabilities_of(self._decision(scores))

    def probabilities_of(self, decision: FloatArray) -> FloatArray:
        """Probabilities ``[batch, classes]`` of decision values ``[batch, k]``."""
        if not link_named(self.link).has_probabilities:
            raise UnsupportedModelError(f"this function has no probabilities (link {self.link})")
        return probabilities(self.link, decision, self.baseline_survival)

    def predict(self, scores: Any) -> AnyArray:
        """The model's own output from integer scores: predicted classes ``[batch]`` (largest decision value; for two
        classes its sign; links "cox" and "cloglog": a risk above one half), or of a regression the values that its link
        makes of the decision values, shape as the scores. Link "logit_each" without classes: int64 ``[batch, k]``, 1
        for each label that is given."""
        return self.prediction_of(self.decision_function(scores))

    def prediction_of(self, decision: FloatArray) -> AnyArray:
        """Predicted classes, or the values of a regression, of decision values ``[batch]`` or ``[batch, k]``."""
        if self.classes is None and self.link == "logit_each":
            return (decision > 0).astype(np.int64)
        if self.classes is None:
            return link_values(self.link, decision)
        return np.asarray(label_array(self.classes)[self.class_index(decision)])

    def class_index(self, decision: FloatArray) -> npt.NDArray[np.intp]:
        """The place of the predicted class among :attr:`classes`, of decision values ``[batch]`` or ``[batch, k]``."""
        rows = decision[:, None] if self.k == 1 else decision
        if not link_named(self.link).halfway_at_zero:  # a risk above one half, wherever that decision value lies
            return (probabilities(self.link, rows, self.baseline_survival)[:, 1] > 0.5).astype(np.intp)
        return index_of_largest(rows)

    def output_error(self, scores: Any) -> FloatArray:
        """A bound, for each row, on the distance to the model's own output: of :meth:`predict_proba` ``[batch,
        classes]`` where there are probabilities, else of the values of :meth:`predict` (shape as the scores; of
        predicted classes without probabilities, of the decision values).

        ``max_error`` carried through the link: |link(d + e) - link(d)| over all |e| up to ``max_error``.
        """
        bound = output_error(self.link, self._decision(scores), self.max_error, self.baseline_survival)
        return bound if link_named(self.link).has_probabilities else self.squeezed(bound)

    def squeezed(self, rows: npt.NDArray[Value]) -> npt.NDArray[Value]:
        """Values ``[batch, k]``, of one output as ``[batch]``."""
        return rows[:, 0] if self.k == 1 else rows

    def _decision(self, scores: Any) -> FloatArray:
        return np.asarray(self._by_row(scores) * self.scale)

    def _by_row(self, scores: Any) -> IntArray:
        values = integer_array(scores, "scores")
        values = values[:, None] if values.ndim == 1 and self.k == 1 else values
        if values.ndim != 2 or values.shape[1] != self.k:
            expected = "[batch]" if self.k == 1 else f"[batch, {self.k}]"
            raise ParameterError(f"scores of this function have shape {expected}, not {values.shape}")
        return values

    # -- plain types --

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types; floats as ``float.hex`` texts; classes as ``[type, text]`` pairs."""
        survival = None if self.baseline_survival is None else float(self.baseline_survival).hex()
        return {
            "intercept": self.intercept.tolist(),
            "scale": [float(s).hex() for s in self.scale],
            "interval": self.interval.tolist(),
            "max_error": [float(e).hex() for e in self.max_error],
            "link": self.link,
            "baseline_survival": survival,
            "classes": None if self.classes is None else [_pair_of(label) for label in self.classes],
            **self.noise_dict(),
        }

    def noise_dict(self) -> dict[str, int]:
        """The field that says that results are not exact; none where they are."""
        return {} if self.exact else {"noise_sd": self.noise_sd}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Readout:
        """The readout of the fields that :meth:`to_dict` writes; others are passed over.

        For values that :meth:`to_dict` never wrote it raises what reading them raises (KeyError, TypeError, ValueError,
        DecodeError, ...): :meth:`pyfe.Function.from_dict` makes one DecodeError of all.
        """
        survival, classes = data["baseline_survival"], data["classes"]
        return cls(
            interval=integers_of(data["interval"], 2, "interval"),
            intercept=integers_of(data["intercept"], 1, "intercept"),
            scale=np.array([float.fromhex(s) for s in data["scale"]]),
            link=data["link"],
            classes=None if classes is None else tuple(_label_of(pair) for pair in classes),
            baseline_survival=None if survival is None else float.fromhex(survival),
            max_error=np.array([float.fromhex(e) for e in data["max_error"]]),
            noise_sd=data.get("noise_sd", 0),
        )

    # -- in the payload of a key --

    def to_native(self) -> core.Readout:
        """What a key's payload says of it: all but the intervals, which every key has, and noise (metadata).

        ParameterError for a label that is no UTF-8 text of at most 65,535 bytes.
        """
        classes = None if self.classes is None else [_utf8_pair(label) for label in self.classes]
        survival = None if self.baseline_survival is None else float(self.baseline_survival)
        return core.Readout(self.intercept, self.scale, self.max_error, LINKS.index(self.link), classes, survival)

    @classmethod
    def from_native(cls, native: core.Readout, interval: IntArray, noise_sd: int = 0) -> Readout:
        """The readout of a key with these intervals int64 ``[k, 2]``. ValueError for a label of a million digits."""
        return cls(
            interval=interval,
            intercept=native.intercepts,
            scale=native.scales,
            link=LINKS[native.link],
            classes=None if native.classes is None else tuple(_label_of(pair) for pair in native.classes),
            baseline_survival=native.baseline_survival,
            max_error=native.max_errors,
            noise_sd=noise_sd,
        )


_LABEL_TYPES: dict[str, type[str] | type[int] | type[float] | type[bool]] = {
    "bool": bool,
    "int": int,
    "float": float,
    "str": str,
}


def labels_of(classes: Any) -> tuple[Label, ...]:
    """Class labels that somebody gave, as plain values. ParameterError for what is no list of text and numbers."""
    if isinstance(classes, str | bytes | bytearray | memoryview | Mapping | Set) or not isinstance(classes, Iterable):
        raise ParameterError(f"classes are a tuple of labels, not {type(classes).__name__}")
    if np.ma.is_masked(classes):
        raise ParameterError("classes has masked entries")
    try:
        labels = tuple(map(plain, classes))
    except TypeError as error:  # an array without dimensions
        raise ParameterError("classes are a tuple of labels, not one of them") from error
    for label in labels:
        _pair_of(label)
    return labels


def _pair_of(label: Label) -> list[str]:
    kind = type(label).__name__
    if kind not in _LABEL_TYPES:
        raise ParameterError(f"class labels are text, numbers or booleans, not {kind}")
    try:
        return [kind, label.hex() if isinstance(label, float) else str(label)]
    except ValueError as error:
        raise ParameterError("an integer of thousands of digits is no class label") from error


def _utf8_pair(label: Label) -> tuple[str, str]:
    kind, text = _pair_of(label)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ParameterError("a class label with lone surrogates has no UTF-8 form") from error
    return kind, text


def _label_of(pair: Sequence[str]) -> Label:
    kind, text = pair
    if kind == "bool":
        return {"True": True, "False": False}[text]
    if kind == "float":
        return float.fromhex(text)
    return int(text) if kind == "int" else str(text)


def label_array(labels: Sequence[Label]) -> AnyArray:
    """Labels as an array ``[classes]`` of themselves: of objects where one of numpy's own types would change any of
    them, as it does with text beside numbers, integers beyond 64 bits, or text that ends in NUL."""
    objects = np.empty(len(labels), dtype=object)
    objects[:] = labels
    plain_array = np.array(labels)
    if plain_array.shape != objects.shape:
        return objects
    kept = zip(plain_array.tolist(), labels, strict=True)
    return plain_array if all(type(one) is type(label) and one == label for one, label in kept) else objects


def floats(values: Any, what: str) -> FloatArray:
    """Numbers as float64; ParameterError for anything else, which repeats no text: it may be a patient's."""
    try:
        array = as_array(values, what)
        if array.dtype.kind not in "biufO":
            raise TypeError(array.dtype)
        return np.asarray(array, dtype=np.float64)
    except ParameterError as error:
        raise ParameterError(f"{what} must be numbers: {error}") from error
    except (TypeError, ValueError, OverflowError) as error:
        raise ParameterError(f"{what} must be numbers of float64 ({type(error).__name__})") from None
