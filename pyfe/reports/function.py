"""The report on a function: what it keeps of the model, what it costs, and what a key for it says."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pyfe.adapters import AnyAdapter, adapter_named, serving
from pyfe.authority import KeyAuthority
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.function import Function, FunctionReport
from pyfe.function.accuracy import require_one_index
from pyfe.keys import FunctionKey
from pyfe.reports.answer import Answer
from pyfe.reports.picture import drawn
from pyfe.schema import Encoded

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Report", "report"]

_FEWEST_ROWS = 100
"""Rows that a reference is made of, at least."""


@dataclass(frozen=True, kw_only=True)
class Report(FunctionReport):
    """What :func:`report` says: all of :class:`pyfe.function.FunctionReport`, the price, and what a key reveals.

    ``ciphertext_bytes`` is the size of a row under ``scheme``; ``rank`` the number of independent outputs. ``answer``
    is what the authority would say, or None where none was asked.
    """

    scheme: str
    ciphertext_bytes: int
    rank: int
    answer: Answer | None = None

    def lines(self) -> list[tuple[str, str]]:
        """``(what, value)`` pairs in the order they are printed."""
        first, answered = ([], []) if self.answer is None else (self.answer.first_lines(), self.answer.lines())
        return [*first, *self.described(), *self.priced(), *answered, *self.remarks, *self.measured()]

    def columns(self) -> str:
        """What the key says of every private column, alone and with all keys issued before, as a table for a terminal.
        ParameterError where no authority was asked."""
        return self._answered().table()

    def plot(self, path: str | os.PathLike[str] | None = None) -> Figure:
        """The same as a picture: how often each column is guessed without any answer, by the tenth of the score, by the
        answer, and with all keys issued before.

        Returns a matplotlib Figure, and writes it to ``path`` if one is given (a name that ends in .png, .svg, .pdf).
        ParameterError without matplotlib (``pip install 'pyfe-crypto[demo]'``), where no authority was asked, or where
        single columns are not counted (quadratic functions).
        """
        answer = self._answered()
        if answer.alone is None:
            raise ParameterError("what keys for quadratic functions say of single columns is not counted")
        title = f"{self.name or 'this key'}: {answer.alone.bits:.1f} of {answer.alone.entropy_bits:.1f} bits of a row"
        figure = drawn(answer.alone, answer.together if answer.issued else None, title)
        if path is not None:
            figure.savefig(path)
        return figure

    def _answered(self) -> Answer:
        if self.answer is None:
            raise ParameterError(
                "what a key says of the columns is counted for an authority: report(..., authority=...)"
            )
        return self.answer

    def priced(self) -> list[tuple[str, str]]:
        """The lines that depend on the scheme, and what a key says about each patient."""
        return [
            ("scheme", self.scheme),
            ("cost", f"{self.ciphertext_bytes} bytes per patient; {self.outputs} discrete logarithm(s) per patient"),
            ("a key reveals", self._reveals()),
        ]

    def _reveals(self) -> str:
        forms = "1 integer" if self.outputs == 1 else f"{self.outputs} integers ({self.rank} independent)"
        return f"{forms} per patient, at most {self.width_bits:.1f} bits each; rank {self.rank} of {self.monomials}"

    def to_dict(self) -> dict[str, Any]:
        """All fields in plain JSON types; the remarks as a map."""
        return {**super().to_dict(), "answer": None if self.answer is None else self.answer.to_dict()}


def report(
    function: Function | FunctionKey,
    X: Any = None,
    y: Any = None,
    *,
    authority: KeyAuthority | None = None,
    scheme: str | None = None,
) -> Report:
    """What a function keeps of its model, what it costs, what a key for it reveals, and what an authority would say.

    With an authority, what the key would say of every private column, alone and with all keys issued before: how often
    the column is guessed and for whom it is certain, beside what the tenth of the score says, its meaning; and the bits
    of all answers beside those that are allowed. ``report.columns()`` is the whole table, ``report.plot()`` a picture.

    Parameters
    ----------
    function: made by :func:`pyfe.compile`; or a function key, whose function and scheme are taken.
    X, y: rows and their answers, as for :meth:`pyfe.Function.report`.
    authority: the one that would be asked for the key. It prices its own scheme, and says what the key would open with
        all keys issued before (:meth:`pyfe.KeyAuthority.check`) and what stays unknown; nothing is issued or recorded.
        Where it has no reference of the population, the report says so first, and what a reference would change: with
        100 rows or more in X, what the rules would say with these as one.
    scheme: short or long name of a scheme to price without an authority; by default the first of
        :data:`pyfe.adapters.SCHEMES` that serves the function.

    Raises what :meth:`pyfe.Function.report` and :meth:`pyfe.KeyAuthority.check` raise; ParameterError for an unknown
    scheme, or another one than that of the key or the authority; UnsupportedModelError for one that does not serve the
    function. Cost: with an authority some seconds, for the counts of what is said and of what stays unknown.

    >>> import pyfe
    >>> schema = pyfe.Schema.from_ranges({"age": (0, 120), "systolic": (80, 220)})
    >>> function = pyfe.compile(pyfe.Linear({"age": 0.06, "systolic": 0.02}), schema)
    >>> pyfe.report(function, scheme="ipfe-ddh").ciphertext_bytes
    128
    """
    of: object = function
    if not isinstance(of, Function | FunctionKey):
        raise ParameterError(f"a report is on a Function or a FunctionKey, not on a {type(of).__name__}")
    asked: tuple[object, object] = authority, scheme
    if not isinstance(asked[0], KeyAuthority | None):
        raise ParameterError(f"authority is a pyfe.KeyAuthority that is open, not a {type(authority).__name__}")
    if not isinstance(asked[1], str | None):
        raise ParameterError(f"scheme is the name of a scheme, not a {type(scheme).__name__}")
    own = function.scheme if isinstance(function, FunctionKey) else None
    agreed = own if authority is None else authority.public_key.scheme
    wanted = function.function if isinstance(function, FunctionKey) else function
    if authority is not None and wanted.schema is None:
        wanted = replace(wanted, schema=authority.schema)
    priced = _scheme(wanted.kind, {name for name in (own, agreed, scheme) if name is not None})
    require_one_index(X, y)
    rows = X if X is None or isinstance(X, Encoded) or wanted.schema is None else wanted.schema.read_raw(X)
    return Report(
        **vars(wanted.report(rows, y)),
        scheme=priced.id,
        ciphertext_bytes=priced.row_bytes(wanted.n),
        rank=wanted.map.rank,
        answer=None if authority is None else _asked(authority, wanted, rows),
    )


def _scheme(kind: str, names: set[str]) -> AnyAdapter:
    """The one scheme of these names; of none, the first that serves the kind of function."""
    able = serving(kind)
    found = {adapter_named(name) for name in names} or {able[0]}
    if len(found) > 1:
        stated = " and ".join(sorted(entry.short for entry in found))
        raise ParameterError(f"a report prices one scheme, not {stated}; leave out scheme=")
    (entry,) = found
    if entry not in able:
        known = " or ".join(other.short for other in able)
        raise UnsupportedModelError(f"the scheme {entry.short} serves no {kind} function; {known} does")
    return entry


def _asked(authority: KeyAuthority, function: Function, rows: Mapping[str, Any] | Encoded | None) -> Answer:
    found = tuple(authority.check(function))
    refused = authority.policy.refuses and any(finding.refuses for finding in found)
    together, issued = authority.narrowing(function), len(authority.issued)
    blind = together is not None and together.blind
    usable = isinstance(rows, Mapping) and len(next(iter(rows.values()), ())) >= _FEWEST_ROWS
    return Answer(
        authority.policy_line,
        found,
        not refused,
        authority.residual(function),
        authority.narrowing(function, alone=True) if issued else together,
        together,
        issued,
        tuple(authority.check(function, reference=rows)) if blind and usable else None,
    )
