"""The report on a function: what it keeps of the model, what it costs, and what a key for it says."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from pyfe.adapters import AnyAdapter, adapter_named, serving
from pyfe.authority import KeyAuthority
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.function import Function, FunctionReport
from pyfe.keys import FunctionKey
from pyfe.leakage import Finding, Residual

__all__ = ["Answer", "Report", "report"]


@dataclass(frozen=True)
class Answer:
    """What an authority would say to a request, with everything it issued before.

    ``policy``: the policy in one line; ``findings``: what would open; ``granted``: whether the key would be issued;
    ``residual``: what stays unknown of a row, an estimate.
    """

    policy: str
    findings: tuple[Finding, ...]
    granted: bool
    residual: Residual

    def lines(self) -> list[tuple[str, str]]:
        """``(what, value)`` pairs in the order they are printed."""
        found = "; ".join(str(finding) for finding in self.findings) or "nothing found"
        return [
            ("stays unknown", f"{self.residual} with every key issued so far"),
            ("policy", self.policy),
            ("a request", f"would be {'granted' if self.granted else 'refused'}: {found}"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "policy": self.policy,
            "findings": [str(finding) for finding in self.findings],
            "granted": self.granted,
            "residual_bits": self.residual.bits,
            "total_bits": self.residual.total_bits,
            "residual_method": self.residual.method,
        }


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
        answered = [] if self.answer is None else self.answer.lines()
        return [*self.described(), *self.priced(), *answered, *self.remarks, *self.measured()]

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

    Parameters
    ----------
    function: made by :func:`pyfe.compile`; or a function key, whose function and scheme are taken.
    X, y: rows and their answers, as for :meth:`pyfe.Function.report`.
    authority: the one that would be asked for the key. It prices its own scheme, and says what the key would open with
        all keys issued before (:meth:`pyfe.KeyAuthority.check`) and what stays unknown; nothing is issued or recorded.
    scheme: short or long name of a scheme to price without an authority; by default the first of
        :data:`pyfe.adapters.SCHEMES` that serves the function.

    Raises what :meth:`pyfe.Function.report` and :meth:`pyfe.KeyAuthority.check` raise; ParameterError for an unknown
    scheme, or another one than that of the key or the authority; UnsupportedModelError for one that does not serve the
    function. Cost: with an authority up to a few seconds, for the estimate of what stays unknown.

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
    return Report(
        **vars(wanted.report(X, y)),
        scheme=priced.id,
        ciphertext_bytes=priced.row_bytes(wanted.n),
        rank=wanted.map.rank,
        answer=None if authority is None else _asked(authority, wanted),
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


def _asked(authority: KeyAuthority, function: Function) -> Answer:
    found = tuple(authority.check(function))
    refused = authority.policy.refuses and any(finding.refuses for finding in found)
    return Answer(authority.policy_line, found, not refused, authority.residual(function))
