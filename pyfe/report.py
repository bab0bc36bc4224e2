"""Report: what a function costs, keeps and reveals, as a table; and the measures of what was kept."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.errors import ParameterError
from pyfe.text import printable

__all__ = ["Report", "area_under_curve", "r_squared"]

IntArray: TypeAlias = npt.NDArray[np.int64]
FloatArray: TypeAlias = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Report:
    """What :meth:`Function.report` says; printing it gives a table. Fields that were not measured are None.

    ``max_error`` bounds the distance to the model's own output (decision value) for every row that the schema can
    hold, measured from the decoded row, of a model that is everywhere what it is where compile asked it (``remarks``
    say where). ``interval`` (intercept included), ``inner_interval`` (what a key decrypts
    to) and ``width_bits`` are exact. ``metric`` names the measure of ``metric_float`` (model on raw rows) and
    ``metric_quantised`` (these integers). ``saturated`` and ``replaced`` count values per column that were clipped,
    and absent ones that took the schema's missing value. ``typical_difference`` (median) and ``largest_difference`` are
    the distances on these rows between the decision values of the integers and the model's own on the raw row: what the
    schema rounds and clips is in them, other than in ``max_error``. ``monomials`` counts the terms an output is a sum
    of (the coordinates of a linear function), ``units`` the hidden units of a quadratic one in factored form, else
    None. ``ciphertext_bytes`` is the size of a row under ``scheme``. ``remarks``: what compile has to say, as pairs
    (what, text).
    """

    name: str
    kind: str
    outputs: int
    coordinates: int
    weight_bits: int
    link: str
    max_error: float
    interval: IntArray
    inner_interval: IntArray
    width_bits: float
    rank: int
    monomials: int
    units: int | None
    scheme: str
    ciphertext_bytes: int
    rows: int | None = None
    saturated: dict[str, int] | None = None
    replaced: dict[str, int] | None = None
    metric: str | None = None
    metric_float: float | None = None
    metric_quantised: float | None = None
    agreement: float | None = None
    typical_difference: float | None = None
    largest_difference: float | None = None
    remarks: tuple[tuple[str, str], ...] = ()

    def lines(self) -> list[tuple[str, str]]:
        """``(what, value)`` pairs in the order they are printed."""
        values = "inner product range" if self.kind == "linear" else "quadratic range"
        table = [
            ("function", f"{self.name or 'unnamed'}: {self._shape()}"),
            ("weights", f"{self.weight_bits} bits, link {self.link}"),
            ("largest error", f"{self.max_error:.3g} (decision value; bound for every row of the schema)"),
            ("result range", f"{_ends(self.interval)} (with intercept)"),
            (values, f"{_ends(self.inner_interval)}; search width 2^{self.width_bits:.1f}"),
            ("scheme", self.scheme),
            ("cost", f"{self.ciphertext_bytes} bytes per patient; {self.outputs} discrete logarithm(s) per patient"),
            ("a key reveals", self._reveals()),
        ]
        return table + list(self.remarks) + self._measured()

    def _shape(self) -> str:
        shape = f"{self.outputs} output(s) of {self.coordinates} coordinates"
        if self.kind == "linear":
            return shape
        parts = f"{self.monomials} monomials" if self.units is None else f"{self.units} hidden units"
        return f"{shape}, {self.kind} in {parts}"

    def _reveals(self) -> str:
        forms = "1 integer" if self.outputs == 1 else f"{self.outputs} integers ({self.rank} independent)"
        return f"{forms} per patient, at most {self.width_bits:.1f} bits each; rank {self.rank} of {self.monomials}"

    def _measured(self) -> list[tuple[str, str]]:
        table = []
        if self.rows is not None:
            clipped, replaced = sum((self.saturated or {}).values()), sum((self.replaced or {}).values())
            table.append(("rows", str(self.rows)))
            table.append(("values", f"{clipped} outside the schema clipped; {replaced} missing values replaced"))
        if self.typical_difference is not None and self.largest_difference is not None:
            ends = f"{self.typical_difference:.3g} (median), at most {self.largest_difference:.3g}"
            table.append(("off by", f"{ends} (decision value; schema's rounding and clipping included)"))
        if self.metric_quantised is not None:
            before = "" if self.metric_float is None else f"{self.metric_float:.4f} -> "
            table.append((f"{self.metric} kept", f"{before}{self.metric_quantised:.4f}"))
        if self.agreement is not None:
            table.append(("same class", f"{100 * self.agreement:.2f} %"))
        return table

    def __str__(self) -> str:
        table = self.lines()
        width = max(len(what) for what, _ in table)
        return "\n".join(printable(f"{what.ljust(width)}  {value}") for what, value in table)


def area_under_curve(decision: FloatArray, positive: npt.NDArray[np.bool_]) -> float:
    """Area under the ROC curve by the rank sum; NaN when only one class is present."""
    hits = int(positive.sum())
    misses = len(positive) - hits
    if not hits or not misses:
        return math.nan
    return float((_ranks(decision)[positive].sum() - hits * (hits + 1) / 2) / (hits * misses))


def r_squared(predicted: FloatArray, truth: FloatArray) -> float:
    """Share of the spread of ``truth`` that is explained; NaN where it has none."""
    if predicted.shape != truth.shape:
        raise ParameterError(f"y has shape {truth.shape}, the outputs {predicted.shape}")
    spread = float(((truth - truth.mean(axis=0)) ** 2).sum())
    return 1.0 - float(((truth - predicted) ** 2).sum()) / spread if spread else math.nan


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts - 1) / 2)[inverse])


def _ends(interval: IntArray) -> str:
    return f"{int(interval[:, 0].min())} to {int(interval[:, 1].max())}"
