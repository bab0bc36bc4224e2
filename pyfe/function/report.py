"""What a function keeps of its model, in figures and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import IntArray
from pyfe.text import printable

__all__ = ["FunctionReport", "Line", "table"]

Line: TypeAlias = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class FunctionReport:
    """What :meth:`pyfe.Function.report` says: accuracy, error and range. Printing it gives a table.

    Fields that were not measured are None.

    ``max_error`` bounds the distance to the model's own output (decision value) for every row that the schema can
    hold, measured from the decoded row, of a model that is everywhere what it is where compile asked it (``remarks``
    say where). ``interval`` (intercept included), ``inner_interval`` (what a key decrypts
    to) and ``width_bits`` are exact. ``metric`` names the measure of ``metric_float`` (model on raw rows) and
    ``metric_quantised`` (these integers). ``saturated`` and ``replaced`` count values per column that were clipped,
    and absent ones that took the schema's missing value. ``typical_difference`` (median) and ``largest_difference`` are
    the distances on these rows between the decision values of the integers and the model's own on the raw row: what the
    schema rounds and clips is in them, other than in ``max_error``. ``monomials`` counts the terms an output is a sum
    of (the coordinates of a linear function), ``units`` the hidden units of a quadratic one in factored form, else
    None. ``remarks``: what compile has to say, as pairs (what, text). ``noise_sd``: of the noise in each result, in
    result steps of ``scale`` decision values; 0 where results are exact. What was measured on rows is measured with
    such noise.
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
    monomials: int
    units: int | None
    rows: int | None = None
    saturated: dict[str, int] | None = None
    replaced: dict[str, int] | None = None
    metric: str | None = None
    metric_float: float | None = None
    metric_quantised: float | None = None
    agreement: float | None = None
    typical_difference: float | None = None
    largest_difference: float | None = None
    remarks: tuple[Line, ...] = ()
    noise_sd: int = 0
    scale: float = 1.0

    @property
    def exact(self) -> bool:
        """Whether results are exact: False where each has noise of standard deviation ``noise_sd``."""
        return self.noise_sd == 0

    def lines(self) -> list[Line]:
        """``(what, value)`` pairs in the order they are printed."""
        return [*self.described(), *self.remarks, *self.measured()]

    def described(self) -> list[Line]:
        """The lines that need no rows: what function it is, its error and its range."""
        values = "inner product range" if self.kind == "linear" else "quadratic range"
        return [
            ("function", f"{self.name or 'unnamed'}: {self._shape()}"),
            ("weights", f"{self.weight_bits} bits, link {self.link}"),
            ("largest error", f"{self.max_error:.3g} (decision value; bound for every row of the schema)"),
            ("result range", f"{_ends(self.interval)} (with intercept)"),
            (values, f"{_ends(self.inner_interval)}; search width 2^{self.width_bits:.1f}"),
            *self._noise(),
        ]

    def _noise(self) -> list[Line]:
        if self.exact:
            return []
        ours = f"{self.noise_sd * self.scale:.3g}"
        return [("exact", f"no: noise of standard deviation {self.noise_sd} in every result, {ours} in decision value")]

    def measured(self) -> list[Line]:
        """The lines about the rows that were given."""
        lines = []
        if self.rows is not None:
            clipped, replaced = sum((self.saturated or {}).values()), sum((self.replaced or {}).values())
            lines.append(("rows", str(self.rows)))
            lines.append(("values", f"{clipped} outside the schema clipped; {replaced} missing values replaced"))
        if self.typical_difference is not None and self.largest_difference is not None:
            ends = f"{self.typical_difference:.3g} (median), at most {self.largest_difference:.3g}"
            lines.append(("off by", f"{ends} (decision value; schema's rounding and clipping included)"))
        if self.metric_quantised is not None:
            before = "" if self.metric_float is None else f"{self.metric_float:.4f} -> "
            lines.append((f"{self.metric} kept", f"{before}{self.metric_quantised:.4f}"))
        if self.agreement is not None:
            lines.append(("same class", f"{100 * self.agreement:.2f} %"))
        return lines

    def to_dict(self) -> dict[str, Any]:
        """All fields in plain JSON types; the remarks as a map."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        arrays = {name: value.tolist() for name, value in values.items() if isinstance(value, np.ndarray)}
        return {**values, **arrays, "exact": self.exact, "remarks": dict(self.remarks)}

    def _shape(self) -> str:
        shape = f"{self.outputs} output(s) of {self.coordinates} coordinates"
        if self.kind == "linear":
            return shape
        parts = f"{self.monomials} monomials" if self.units is None else f"{self.units} hidden units"
        return f"{shape}, {self.kind} in {parts}"

    def __str__(self) -> str:
        return table(self.lines())


def table(lines: Sequence[Line]) -> str:
    """Pairs as text, the values below each other; what does not print stands as its number."""
    width = max(len(what) for what, _ in lines)
    return "\n".join(printable(f"{what.ljust(width)}  {value}") for what, value in lines)


def _ends(interval: IntArray) -> str:
    return f"{int(interval[:, 0].min())} to {int(interval[:, 1].max())}"
