"""A number: an interval cut into equal steps on the scale of a transform."""

# ruff: noqa: D102  (methods that are documented once, in Column)
from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

import numpy as np

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.schema.cells import is_integer, require_cells, shown
from pyfe.schema.columns.base import MAX_BITS, Code, Codes, Column, Encoder, Floats, Products, real
from pyfe.schema.columns.optional import made

__all__ = ["TRANSFORMS", "Number", "checked_bits", "number"]


MAX_OPTIONAL_STEPS = 2**16 - 1
"""Most steps of a number with an "is missing" bit: leakage accounting lists the codes of such a column."""

_EDGE = 1e-6
"""Steps by which a value may miss an end of its range before it counts as outside (rounding of log and sqrt)."""

_FINE = 16 * np.finfo(np.float64).eps
"""Least step over the largest value on the scale: seven units in the last place are lost between a code, its value
and back (one product, two sums, the transform), and half a step has to be left."""

_WHOLE = 1e-6
"""Steps by which a range may miss a whole number of them, where the step is stated."""

_TINY = float(np.finfo(np.float64).tiny)

TRANSFORMS: dict[str, tuple[Callable[[AnyArray], AnyArray], Callable[[AnyArray], AnyArray]]] = {
    "identity": (lambda v: v, lambda v: v),
    "log": (np.log, np.exp),
    "sqrt": (np.sqrt, np.square),
}


@dataclass(frozen=True, kw_only=True)
class Number(Column):
    """A real interval ``[lo, hi]`` cut into ``steps`` equal steps on the scale of ``transform``."""

    lo: float
    hi: float
    steps: int
    transform: str = "identity"

    kind = "number"
    noun = "a number column"
    interval = True

    def __post_init__(self) -> None:
        super().__post_init__()
        _require_range(self.lo, self.hi, self.transform)
        if not (is_integer(self.steps) and 1 <= self.steps < 2**MAX_BITS):
            raise ParameterError(f"a number needs 1 to 2^{MAX_BITS} - 1 steps, not {shown(self.steps)}")
        if self.missing is not None and not self.lo <= real(self.missing, "the value for missing entries") <= self.hi:
            raise ParameterError(f"the value for missing entries lies outside the range {self.lo:g} to {self.hi:g}")

    def require_codes_come_back(self) -> None:
        # a step must not vanish beside the values it is added to
        low, high = _transformed(self.lo, self.hi, self.transform)
        step = (high - low) / self.steps
        step = step if math.isfinite(step) else math.inf
        # exp rounds to one part in 2^52, which is an absolute error on the scale of its logarithm
        largest = max(abs(low), abs(high)) + (1.0 if self.transform == "log" else 0.0)
        if not math.isfinite(step):
            raise ParameterError(f"the range {self.lo:g} to {self.hi:g} is wider than the largest double")
        smallest = {"identity": step, "log": self.lo, "sqrt": max(self.lo, step * step)}[self.transform]
        if step < _FINE * largest or smallest < _TINY:
            raise ParameterError(
                f"{self.steps} steps from {self.lo!r} to {self.hi!r} lie closer together than doubles of that size can "
                "tell apart; measure from a nearer origin, or take fewer steps"
            )

    @property
    def width(self) -> int:
        return 1

    @property
    def size(self) -> int:
        return self.steps + 1

    @property
    def ordered(self) -> int:
        return self.size

    @property
    def bounds(self) -> tuple[list[int], list[int]]:
        return [0], [self.steps]

    @property
    def range_text(self) -> str:
        return f"{self.lo:g} to {self.hi:g}"

    @property
    def hides_curvature(self) -> bool:
        return self.steps == 1

    @property
    def products(self) -> tuple[Products, ...]:
        return (Products.OWN if self.steps > 1 else Products.BIT,)

    def coordinate_names(self, name: str) -> list[str]:
        return [name]

    def affine(self) -> tuple[FloatArray, FloatArray]:
        forward = TRANSFORMS[self.transform][0]
        low, high = (float(v) for v in forward(np.array([self.lo, self.hi], dtype=np.float64)))
        return np.array([low]), np.array([(high - low) / self.steps])

    def encode(self, values: AnyArray) -> Code:
        require_cells(values)
        return self.encoder([self])([values]).single

    @classmethod
    def encoder(cls, columns: Sequence[Self]) -> Encoder:
        return _Numbers(columns)

    def with_steps(self, most: int) -> Number:
        return replace(self, steps=min(self.steps, most))

    def decode(self, x: IntArray) -> AnyArray:
        offset, step = self.affine()
        values = TRANSFORMS[self.transform][1](offset[0] + step[0] * x[:, 0].astype(np.float64))
        return np.asarray(np.clip(values, self.lo, self.hi))

    def numbers_held(self, values: FloatArray) -> tuple[BoolArray, BoolArray]:
        held = (values >= self.lo) & (values <= self.hi)
        exact = np.zeros(len(values), dtype=np.bool_)
        exact[held] = self.decode(self.encode(values[held]).x) == values[held]
        return held, exact

    def stated(self, missing: Any) -> float:
        return real(missing, "the value for missing entries")

    def require_optional(self) -> None:
        super().require_optional()
        if self.steps > MAX_OPTIONAL_STEPS:
            most = f"at most {MAX_OPTIONAL_STEPS} steps"
            raise ParameterError(f'a number with missing="bit" has {most}, not {self.steps}')

    def probes(self) -> IntArray:
        return np.array([[0], [self.steps]], dtype=np.int64)

    def codes(self) -> IntArray:
        return np.arange(self.size, dtype=np.int64)[:, None]

    def middle(self) -> IntArray:
        return np.array([self.steps // 2], dtype=np.int64)

    def origin(self) -> IntArray:
        return self.middle()

    def moves(self) -> tuple[IntArray, FloatArray]:
        # the longer way from the middle, and the other one is for the square
        return np.array([[self.steps]], dtype=np.int64), np.array([[1.0 / (self.steps - self.steps // 2)]])

    def raw_value(self) -> tuple[float, FloatArray] | None:
        offset, step = self.affine()
        return (float(offset[0]), step) if self.transform == "identity" else None

    def scale(self) -> tuple[str, float, float]:
        offset, step = self.affine()
        return self.transform, float(offset[0]), float(step[0])

    def symbol(self, name: str) -> tuple[float, FloatArray, str]:
        offset, step = self.affine()
        return float(offset[0]), step, self.transform

    def stated_weights(self, weight: Any, what: str) -> FloatArray:
        if isinstance(weight, dict | list):
            raise ParameterError(f"{what}: {self.noun} takes one number")
        return np.array([weight])

    def slopes(self, scores: FloatArray) -> FloatArray:
        return np.asarray((scores[1] - scores[0])[:, None] / self.steps)

    def extent(self, weights: AnyArray) -> tuple[AnyArray, AnyArray]:
        top = weights[:, 0] * self.steps
        zero = top * 0
        return np.minimum(top, zero), np.maximum(top, zero)

    def sample(self, rng: np.random.Generator, count: int, *, ends: bool = False) -> IntArray:
        if ends:
            return self.steps * rng.integers(0, 2, size=(count, 1), dtype=np.int64)
        return rng.integers(0, self.steps + 1, size=(count, 1), dtype=np.int64)

    def to_dict(self) -> dict[str, Any]:
        ends = {"lo": float(self.lo).hex(), "hi": float(self.hi).hex()}
        return {"kind": self.kind, **ends, "steps": self.steps, "transform": self.transform, **self._marks()}

    @classmethod
    def from_dict(cls, entry: Mapping[str, Any]) -> Number:
        lo, hi = float.fromhex(entry["lo"]), float.fromhex(entry["hi"])
        marks = cls._marks_of(entry, number=True)
        return cls(lo=lo, hi=hi, steps=entry["steps"], transform=entry["transform"], **marks)

    def to_words(self) -> dict[str, Any]:
        """A range that is edited keeps its step, or its bits, where people would say these."""
        words = super().to_words()
        steps, transform = words.pop("steps"), words.pop("transform")
        ends = {name: words.pop(name) for name in ("kind", "lo", "hi")}
        scale = {} if transform == "identity" else {"transform": transform}
        return {**ends, **self._resolution(steps), **scale, **words}

    def _resolution(self, steps: int) -> dict[str, Any]:
        """The step where it is a whole number, else the bits where these are, else the step where it is short."""
        step = float(f"{(self.hi - self.lo) / steps:.4g}")
        short = self.transform == "identity" and step > 0 and abs((self.hi - self.lo) / step - steps) <= _WHOLE
        if steps & (steps + 1) == 0 and not (short and step.is_integer()):
            return {"bits": steps.bit_length()}
        return {"step": step} if short else {"steps": steps}

    @classmethod
    def words(cls) -> tuple[list[str], list[str]]:
        return ["lo", "hi"], ["step", "bits", "steps", "transform", "missing", "public", "protected"]

    @classmethod
    def from_words(cls, words: Mapping[str, Any]) -> Number:
        said = [name for name in ("step", "bits", "steps") if name in words]
        if len(said) != 1:
            raise ParameterError("a number says one of 'step', 'bits' and 'steps'")
        given = {name: real(words[name], f"{name!r}") for name in ("lo", "hi", "step", "missing") if name in words}
        rest = {**words, **given}
        transform = rest.get("transform", "identity")
        if "bits" in rest:
            rest["steps"] = 2 ** checked_bits(rest.pop("bits")) - 1
        if "step" in rest:
            _require_range(rest["lo"], rest["hi"], transform)
            rest["steps"] = _whole_steps(rest["lo"], rest["hi"], rest.pop("step"), transform)
        return super().from_words(rest)

    def __str__(self) -> str:
        scale = "" if self.transform == "identity" else f" on the {self.transform} scale"
        return f"number {self.range_text} in {self.steps} step{'s' if self.steps != 1 else ''}{scale}"


class _Numbers(Encoder):
    """Numbers, each on its own scale."""

    def __init__(self, columns: Sequence[Number]) -> None:
        self._read = Floats(columns)
        scales = [column.affine() for column in columns]
        self._offset = np.array([offset for offset, _ in scales])
        self._step = np.array([step for _, step in scales])
        self._steps = np.array([[column.steps] for column in columns], dtype=np.float64)
        transforms = np.array([column.transform for column in columns])
        curved = [name for name in TRANSFORMS if name != "identity" and (transforms == name).any()]
        self._curved = [(TRANSFORMS[name][0], np.flatnonzero(transforms == name)) for name in curved]

    def __call__(self, values: Sequence[AnyArray]) -> Codes:
        raw, refused, replaced = self._read(values)
        with np.errstate(over="ignore"):  # infinite steps away is beyond the range as well
            real = (self._transformed(raw) - self._offset) / self._step
        beyond = (real < -_EDGE) | (real > self._steps + _EDGE)
        x = np.rint(np.minimum(np.maximum(real, 0.0), self._steps))
        nothing = np.isnan(x)
        if nothing.any():
            x[nothing] = 0.0  # NaN must not be cast to an integer
        return Codes(x.astype(np.int64), refused, beyond, replaced, real)

    def _transformed(self, raw: FloatArray) -> FloatArray:
        """What lies below the domain of log or sqrt is below the range: -inf."""
        if not self._curved:
            return raw
        scaled = raw.copy()
        with np.errstate(divide="ignore", invalid="ignore"):
            for forward, rows in self._curved:
                scaled[rows] = forward(raw[rows])
        scaled[np.isnan(scaled) & ~np.isnan(raw)] = -np.inf
        return scaled


def number(
    lo: float,
    hi: float,
    *,
    bits: int | None = None,
    step: float | None = None,
    transform: str = "identity",
    missing: float | Literal["raise", "bit"] = "raise",
    public: bool = False,
    protected: bool = False,
) -> Column:
    """A number column over ``[lo, hi]``, cut into ``2**bits - 1`` steps (default 8 bits) or into steps of ``step``.

    ``step`` is measured on the transformed scale and must divide the range. ``lo`` and ``hi`` are raw values.
    ``missing`` is the value of an absent entry, or "bit" (:class:`~pyfe.schema.Optional`: a coordinate of its own), or
    "raise". Returns a :class:`Number`, with ``missing="bit"`` an Optional. Raises ParameterError for an empty range,
    both ``bits`` and ``step``, a transform undefined on the range, or steps that doubles cannot tell apart.
    """
    if bits is not None and step is not None:
        raise ParameterError("give bits or step, not both")
    low, high = real(lo, "the lower end"), real(hi, "the upper end")
    _require_range(low, high, transform)
    steps = 2 ** checked_bits(8 if bits is None else bits) - 1
    if step is not None:
        steps = _whole_steps(low, high, real(step, "the step"), transform)
    return made(Number(lo=low, hi=high, steps=steps, transform=transform), missing, public=public, protected=protected)


def checked_bits(bits: Any) -> int:
    """``bits`` if it is a resolution that a number can have; ParameterError."""
    if not (is_integer(bits) and 1 <= bits <= MAX_BITS):
        raise ParameterError(f"bits must be an integer from 1 to {MAX_BITS}, not {shown(bits)}")
    return int(bits)


def _require_range(lo: Any, hi: Any, transform: Any) -> None:
    if not isinstance(transform, str) or transform not in TRANSFORMS:
        raise ParameterError(f"transform {shown(transform)} is not one of {', '.join(TRANSFORMS)}")
    low, high = real(lo, "the lower end"), real(hi, "the upper end")
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ParameterError(f"a range needs finite lo < hi, not ({low}, {high})")
    if (transform == "log" and low <= 0) or (transform == "sqrt" and low < 0):
        raise ParameterError(f"transform {transform} does not exist at the lower end {low}")


def _transformed(lo: float, hi: float, transform: str) -> tuple[float, float]:
    scales: dict[str, Callable[[float], float]] = {"identity": float, "log": math.log, "sqrt": math.sqrt}
    return scales[transform](lo), scales[transform](hi)


def _whole_steps(lo: float, hi: float, step: float, transform: str) -> int:
    low, high = _transformed(lo, hi, transform)
    count = (high - low) / step if step > 0 else math.nan
    if not math.isfinite(count) or abs(count - round(count)) > _WHOLE or round(count) < 1:
        raise ParameterError(f"step {step} does not divide the range {lo:g} to {hi:g} ({transform} scale)")
    return round(count)
