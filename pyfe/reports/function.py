"""The report on a function: what it keeps of the model, what it costs, and what a key for it says."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pyfe.adapters import AnyAdapter, adapter_named, serving
from pyfe.arrays import FloatArray
from pyfe.authority import KeyAuthority, Policy
from pyfe.errors import OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.function import Function, FunctionReport
from pyfe.function.accuracy import require_one_index
from pyfe.keys import FunctionKey
from pyfe.leakage import Finding, Narrowing, too_fine
from pyfe.leakage.prior.fitting import MOST_COORDINATES
from pyfe.reports.answer import Answer
from pyfe.reports.page import page
from pyfe.reports.picture import drawn
from pyfe.reports.rows import OnRows, measured
from pyfe.reports.rules import RuleLine, rule_lines
from pyfe.reports.weights import ColumnWeights, weights_of
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
    is what the authority would say, or None where none was asked. ``on_rows``: what clipping did to the rows, and how
    far the scores are from the model and from known answers, with intervals; None without rows. ``weights``: of every
    column; ``identifiers``: of function, schema and public key, by name. It holds figures of all rows together, and no
    row; the largest of them are those of single rows.
    """

    scheme: str
    ciphertext_bytes: int
    rank: int
    answer: Answer | None = None
    on_rows: OnRows | None = None
    weights: tuple[ColumnWeights, ...] = ()
    identifiers: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[tuple[str, str]]:
        """``(what, value)`` pairs in the order they are printed."""
        first, answered = ([], []) if self.answer is None else (self.answer.first_lines(), self.answer.lines())
        return [
            *first, *self.clipping(), *self.described(), *self.priced(), *answered, *self.remarks, *self.measured()
        ]  # fmt: skip

    def clipping(self) -> list[tuple[str, str]]:
        """What clipping did to scores, where it did anything: what comes first, since it is most of the error."""
        told = None if self.on_rows is None else self.on_rows.clipping
        if told is None or not told.rows:
            return []
        moved = "" if told.largest is None else f", by {told.typical:.3g} (median), at most {told.largest:.3g}"
        others = "" if not told.classes_changed else f"; it changed the class of {told.classes_changed} of them"
        most = f"; most by {told.columns[0].name!r}"
        return [("clipping", f"moved the scores of {told.rows} of {told.of} rows{moved}{others}{most}")]

    def to_html(self, path: str | os.PathLike[str] | None = None, *, title: str | None = None) -> str:
        """The report as a page that can be kept: one file of HTML with its figures, plots and tables in it, without a
        script, without anything from elsewhere. It is read in light and dark, on a telephone, and on paper.

        path: where to write it, too, in UTF-8. title: by default the function's name. What comes from outside (names of
        columns and classes, purposes) stands there as text.

        Returns the page. OSError where it cannot be written.
        """
        text = page(self.to_dict(), title or f"Report on {self.name or 'a function'}")
        if path is not None:
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
        return text

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
        return {
            **super().to_dict(),
            "answer": None if self.answer is None else self.answer.to_dict(),
            "on_rows": None if self.on_rows is None else self.on_rows.to_dict(),
            "weights": [asdict(column) for column in self.weights],
            "identifiers": dict(self.identifiers),
        }


def report(
    function: Function | FunctionKey,
    X: Any = None,
    y: Any = None,
    *,
    authority: KeyAuthority | None = None,
    policy: Policy | None = None,
    scheme: str | None = None,
) -> Report:
    """What a function keeps of its model, what it costs, what a key for it reveals, and what an authority would say.

    With an authority, what the key would say of every private column, alone and with all keys issued before: how often
    the column is guessed and for whom it is certain, beside what the tenth of the score says, its meaning; and the bits
    of all answers beside those that are allowed. ``report.columns()`` is the whole table, ``report.plot()`` a picture,
    and ``report.to_html()`` a page to keep.

    Parameters
    ----------
    function: made by :func:`pyfe.compile`; or a function key, whose function and scheme are taken.
    X, y: rows and their answers, as for :meth:`pyfe.Function.report`.
    authority: the one that would be asked for the key. It prices its own scheme, and says what the key would open with
        all keys issued before (:meth:`pyfe.KeyAuthority.check`) and what stays unknown; nothing is issued or recorded.
        Where it has no reference of the population, the report says so first, and what a reference would change: with
        100 rows or more in X, what the rules would say with these as one.
    policy: instead of an authority, the policy of one to be asked: a new authority in memory, with default settings
        and, of 100 rows or more, X as its reference, is asked for the key and forgotten. ``pyfe.Policy.default()``
        says what an authority with all defaults would answer.
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
    _require_kinds(function, authority, policy, scheme)
    own = function.scheme if isinstance(function, FunctionKey) else None
    agreed = own if authority is None else authority.public_key.scheme
    wanted = _function_of(function, authority)
    priced = _scheme(wanted.kind, {name for name in (own, agreed, scheme) if name is not None})
    require_one_index(X, y)
    schema = wanted.schema
    rows = X if X is None or isinstance(X, Encoded) or schema is None else schema.read_raw(X)
    wanted = replace(wanted, raw_model=_asked_once(wanted.raw_model))
    own_report = wanted.report(rows, y)  # what does not fit is refused before anything is asked
    return Report(
        **vars(own_report),
        scheme=priced.id,
        ciphertext_bytes=priced.row_bytes(wanted.n),
        rank=wanted.map.rank,
        answer=_answer(authority, policy, priced, wanted, rows),
        on_rows=None if rows is None or schema is None else measured(wanted, schema, rows, y),
        weights=() if schema is None else weights_of(wanted, schema),
        identifiers=_identifiers(function, wanted, authority),
    )


def _asked_once(raw_model: Callable[[Any], FloatArray | None] | None) -> Callable[[Any], FloatArray | None] | None:
    """A model, which may be slow, asked about the rows of a report once: the same columns have the same answer."""
    if raw_model is None:
        return None
    known: list[tuple[dict[str, Any], FloatArray | None]] = []

    def answer(columns: Any) -> FloatArray | None:
        for before, said in known:
            if before.keys() == columns.keys() and all(before[name] is columns[name] for name in before):
                return said
        known[:] = [(dict(columns), raw_model(columns))]
        return known[0][1]

    return answer


def _function_of(function: Function | FunctionKey, authority: KeyAuthority | None) -> Function:
    """The function, of a key the one that it opens; under the authority's schema where it names none."""
    wanted = function.function if isinstance(function, FunctionKey) else function
    return replace(wanted, schema=authority.schema) if authority is not None and wanted.schema is None else wanted


def _require_kinds(function: object, authority: object, policy: object, scheme: object) -> None:
    """ParameterError for what is none of what :func:`report` takes, or for two who would be asked."""
    if not isinstance(function, Function | FunctionKey):
        raise ParameterError(f"a report is on a Function or a FunctionKey, not on a {type(function).__name__}")
    if not isinstance(authority, KeyAuthority | None):
        raise ParameterError(f"authority is a pyfe.KeyAuthority that is open, not a {type(authority).__name__}")
    if not isinstance(scheme, str | None):
        raise ParameterError(f"scheme is the name of a scheme, not a {type(scheme).__name__}")
    if not isinstance(policy, Policy | None):
        raise ParameterError(f"policy is a pyfe.Policy, not a {type(policy).__name__}")
    if authority is not None and policy is not None:
        raise ParameterError("an authority has its own policy; leave out policy=")


def _identifiers(function: Function | FunctionKey, wanted: Function, authority: KeyAuthority | None) -> dict[str, str]:
    found = {"function": wanted.id.hex(), "schema": wanted.schema_id.hex()}
    if isinstance(function, FunctionKey):
        found |= {"key": f"#{function.sequence}, for {function.purpose}", "public key": function.public_key_id.hex()}
    if authority is not None:
        public = authority.public_key
        found |= {"public key": public.id.hex(), "fingerprint of the public key": public.fingerprint}
    return found


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


def _answer(
    authority: KeyAuthority | None,
    policy: Policy | None,
    scheme: AnyAdapter,
    function: Function,
    rows: Mapping[str, Any] | Encoded | None,
) -> Answer | None:
    """What whoever is asked says; None where nobody is."""
    if authority is not None:
        return _asked(authority, function, rows)
    return None if policy is None else _asked_anew(policy, scheme, function, rows)


def _asked_anew(
    policy: Policy, scheme: AnyAdapter, function: Function, rows: Mapping[str, Any] | Encoded | None
) -> Answer:
    """What a new authority with default settings says, which knows the population by the rows where these suffice."""
    schema = function.schema
    if schema is None:
        raise ParameterError(
            "what a policy says needs the schema; read the function with Function.from_bytes(data, schema=schema)"
        )
    small = schema.n <= MOST_COORDINATES and not too_fine(schema)
    known = rows if small and _usable(rows) else None
    with KeyAuthority.create(schema, scheme=scheme.id, policy=policy, reference=known) as authority:
        try:
            return _asked(authority, function, rows)
        except OutOfRangeError as error:  # wider than an authority with default settings signs, whatever its policy
            refused = Finding("refused", note=str(error))
            lines = (RuleLine(rule="", about="", figure=None, limit=None, says="refuses", note=str(refused)),)
            return Answer(authority.policy_line, (refused,), False, None, rules=lines)


def _usable(rows: Mapping[str, Any] | Encoded | None) -> bool:
    return isinstance(rows, Mapping) and len(next(iter(rows.values()), ())) >= _FEWEST_ROWS


def _asked(authority: KeyAuthority, function: Function, rows: Mapping[str, Any] | Encoded | None) -> Answer:
    found = tuple(authority.check(function))
    refused = authority.policy.refuses and any(finding.refuses for finding in found)
    together, issued = authority.narrowing(function), len(authority.issued)
    blind = together is not None and together.blind
    return Answer(
        authority.policy_line,
        found,
        not refused,
        authority.residual(function),
        authority.narrowing(function, alone=True) if issued else together,
        together,
        issued,
        tuple(authority.check(function, reference=rows)) if blind and _usable(rows) else None,
        _rules(authority, function, found, together),
    )


def _rules(
    authority: KeyAuthority, function: Function, found: tuple[Finding, ...], together: Narrowing | None
) -> tuple[RuleLine, ...]:
    schema = authority.schema
    return rule_lines(
        found,
        together,
        weight_bits=function.weight_bits,
        quadratic="quadratic" in adapter_named(authority.public_key.scheme).serves,
        noisy=schema.noise is not None,
        private=sum(column.private for column in schema.columns.values()),
        refuses=authority.policy.refuses,
    )
