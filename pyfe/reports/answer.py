"""What an authority would say to a request, in words, figures and a picture."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pyfe.leakage import Column, Finding, Narrowing, Residual
from pyfe.reports.rules import RuleLine
from pyfe.text import printable

__all__ = ["Answer", "columns_table"]

_CURE = (
    ". On a schema that is cut for the model (pyfe.prepare, pyfe.schema_for) a score says less of the columns; "
    "pyfe.suggest tries what else could be asked for"
)

_LISTED = 8
"""Columns that are listed among other lines, those first of which the answers say most; a table has them all."""

_BLIND = (
    "none, so the blind limits hold: a third of {bits:.1f} bits, as if levels were even and columns independent. Of "
    "the first keys for models of 19 real tables 9 pass them, and 17 with a reference. A reference allows half of the "
    "bits that rows really have, and counts what a score says in rows whose columns depend on each other: "
    "KeyAuthority.create(schema, reference=X), or a schema that publishes one (pyfe.leakage.published)"
)

Line = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What an authority would say to a request, with everything it issued before.

    policy: the policy in one line. findings: what would open. granted: whether the key would be issued. residual: what
    stays unknown of a row, an estimate; None where the function fits no such authority. alone, together: what the key
    says of every private column, by itself and with all keys issued before; None under an authority for quadratic
    functions. issued: how many keys that are.
    referenced: what the findings would be with the rows of the report as the authority's reference; None where it has
    one, or there were not 100 rows. rules: each with its figure, its limit and what it says.
    """

    policy: str
    findings: tuple[Finding, ...]
    granted: bool
    residual: Residual | None
    alone: Narrowing | None = None
    together: Narrowing | None = None
    issued: int = 0
    referenced: tuple[Finding, ...] | None = None
    rules: tuple[RuleLine, ...] = ()

    @property
    def blind(self) -> bool:
        """Whether the limits are those of an authority that knows nothing of the population."""
        return self.together is not None and self.together.blind

    def first_lines(self) -> list[Line]:
        """What a report says before anything else: that the blind limits hold, and what a reference would change."""
        if self.together is None or not self.together.blind:
            return []
        text = _BLIND.format(bits=self.together.entropy_bits)
        if self.referenced is not None:
            granted = not any(finding.refuses for finding in self.referenced)
            text += f". With the rows of this report as one, the rules would {_verdict(self.referenced, granted)}"
        return [("reference", text)]

    def lines(self) -> list[Line]:
        """``(what, value)`` pairs in the order they are printed, without the first ones."""
        verdict = f"would be {'granted' if self.granted else 'refused'}: {_found(self.findings)}"
        text = f"{self.residual} with every key issued so far, if all values are as likely"
        return [
            *([] if self.residual is None else [("stays unknown", text)]),
            ("policy", self.policy),
            ("a request", verdict if self.granted else verdict + _CURE),
            *self._narrowed(),
        ]

    def _narrowed(self) -> list[Line]:
        if self.alone is None or self.together is None:
            return []
        lines = [("it says", f"{_bits(self.alone)}; {_allowed(self.together)}")]
        if self.issued:
            lines.append(("with keys issued", f"{_bits(self.together)} in {self.together.rank} independent score(s)"))
        if self.together.uncounted:
            lines.append(("not counted", self.together.uncounted))
        before = {column.name: column for column in self.alone.columns}
        worst = self.together.worst()
        for column in worst[:_LISTED]:
            lines.append((f"of {column.name}", _column(column, before.get(column.name) if self.issued else None)))
        if len(worst) > _LISTED:
            most = 100 * worst[_LISTED].excess
            lines.append(("of others", f"{len(worst) - _LISTED} more columns, at most {most:.0f} % above their tenths"))
        return lines

    def table(self) -> str:
        """Every private column, by itself and with all keys issued before: a table for a terminal."""
        if self.alone is None or self.together is None:
            return "what keys for quadratic functions say of single columns is not counted"
        parts = [("this key alone", self.alone)]
        if self.issued:
            parts.append((f"with the {self.issued} key(s) issued before", self.together))
        return "\n\n".join(f"{title}: {_bits(part)}\n{columns_table(part)}" for title, part in parts)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON types."""
        return {
            "policy": self.policy,
            "findings": [str(finding) for finding in self.findings],
            "granted": self.granted,
            "residual_bits": None if self.residual is None else self.residual.bits,
            "total_bits": None if self.residual is None else self.residual.total_bits,
            "residual_method": None if self.residual is None else self.residual.method,
            "blind": self.blind,
            "issued": self.issued,
            "alone": None if self.alone is None else self.alone.to_dict(),
            "together": None if self.together is None else self.together.to_dict(),
            "referenced": None if self.referenced is None else [str(finding) for finding in self.referenced],
            "rules": [asdict(line) for line in self.rules],
        }


def columns_table(narrowing: Narrowing) -> str:
    """The columns, that first of which the answers say most beyond their tenths."""
    if not narrowing.columns:
        return printable(narrowing.uncounted)
    names = [printable(column.name) + (" (protected)" if column.protected else "") for column in narrowing.worst()]
    width = max(len("column"), *map(len, names))
    head = f"{'column'.ljust(width)}   guessed: without  tenth  answer   certain: tenth  answer   excess"
    rows = [
        f"{name.ljust(width)}   {_cell(column.known, 16)}{_cell(column.by_tenth, 7)}{_cell(column.guessed, 8)}"
        f"{_cell(column.certain_by_tenth, 17)}{_cell(column.certain, 8)}{_cell(column.excess, 9)}"
        for name, column in zip(names, narrowing.worst(), strict=True)
    ]
    return "\n".join([head, *rows, *([narrowing.uncounted] if narrowing.uncounted else [])])


def _cell(share: float, width: int) -> str:
    return f"{round(100 * share)} %".rjust(width)  # an integer: no -0


def _bits(narrowing: Narrowing) -> str:
    return f"{narrowing.bits:.1f} of the {narrowing.entropy_bits:.1f} bits of a row"


def _allowed(narrowing: Narrowing) -> str:
    return f"all keys together may say {narrowing.budget_bits:.1f}"


def _column(column: Column, alone: Column | None) -> str:
    guessed, certain = 100 * column.guessed, 100 * column.certain
    known, tenth = 100 * column.known, 100 * column.by_tenth
    text = (
        f"guessed for {guessed:.0f} % of the rows ({known:.0f} % without, {tenth:.0f} % by the tenth alone), certain "
        f"for {certain:.0f} % ({100 * column.certain_by_tenth:.0f} % by the tenth)"
    )
    if alone is not None:
        text += f"; by this key alone {100 * alone.guessed:.0f} % and {100 * alone.certain:.0f} %"
    return text + ("; protected" if column.protected else "")


def _found(findings: tuple[Finding, ...]) -> str:
    return "; ".join(finding.ruled for finding in findings) or "nothing found"


def _verdict(findings: tuple[Finding, ...], granted: bool) -> str:
    return f"{'grant' if granted else 'refuse'} it: {_found(findings)}"
