"""What the keys, pooled, determine: one thing that a rule has found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pyfe.schema import Schema

__all__ = ["Finding", "Lines", "group_size"]

Lines: TypeAlias = "dict[tuple[str, tuple[str, ...]], tuple[int, ...]]"


MOST_TERMS = 6
"""Most rows of a combination that are listed."""


@dataclass(frozen=True)
class Finding:
    """One thing that the keys, pooled, determine.

    ``kind``: "coordinate" (one coordinate's value), "product" (of two coordinates), "variable" (a form on a single
    column), "group" (a form on very few columns), "protected" (a form on a protected column, or a protected form),
    "record" (every coordinate); for linear keys "constant", "width", "modulus", "support", "rank", "lattice",
    "correlation", "certain", "guessed", "named" and "too fine" (see :mod:`pyfe.leakage.rules`), behind noise "slot" (an
    output without one slot of its own), "clean" (combinations without noise) and "averaged" (of noise alone); for
    quadratic ones "keys" (more forms than the rule allows) and "weights" (linear content that no linear function could
    have); "budget" (the answers say too many bits of a record), "checked in part" (not everything was looked for;
    ``note`` says what was not); "refused" (an authority refuses it and gives no figure: ``note`` is what it says); or,
    not refusing, "nothing new" (the request lies in the span of what is known and
    issued).
    ``names`` are the columns, coordinates or forms concerned, ``coordinates`` their positions.
    ``combination``: integer coefficients of the rows, issued first, whose sum is ``divisor`` times the form opened,
    up to what everybody knows; empty where only coefficients modulo the group order exist.
    ``rule``: the rule of :mod:`pyfe.leakage.rules` that says it; ``figure``: what was counted or measured, if anything
    was, and ``limit``: the most (or least) that the rule allows of it; ``advice``: what could be tried instead.
    """

    kind: str
    names: tuple[str, ...] = ()
    coordinates: tuple[int, ...] = ()
    combination: tuple[int, ...] = ()
    divisor: int = 1
    issued: int = 0
    note: str = ""
    rule: str = ""
    figure: float | None = None
    limit: float | None = None
    advice: str = ""

    @property
    def refuses(self) -> bool:
        """Whether the default rules refuse a key for this."""
        return self.kind != "nothing new"

    @property
    def ruled(self) -> str:
        """What it says, after the rule that says it: ``rule 4: ...``."""
        return f"rule {self.rule}: {self}" if self.rule else str(self)

    def __str__(self) -> str:
        requested = range(len(self.combination) - self.issued)
        return self.in_terms_of(
            [*(f"issued row {row}" for row in range(self.issued)), *(f"requested row {row}" for row in requested)]
        )

    def in_terms_of(self, rows: Sequence[str]) -> str:
        """What it says, and by which combination of rows called so: ``-1 x key #1 (triage) + 1 x this request``."""
        sentence = _SENTENCES[self.kind].format(", ".join(repr(name) for name in self.names))
        sentence += f" ({self.note})" if self.note else ""
        terms = [(value, name) for value, name in zip(self.combination, rows, strict=False) if value]
        if not terms:
            return sentence
        first, *others = terms[:MOST_TERMS]
        text = f"{first[0]} x {first[1]}" + "".join(f" {'-' if v < 0 else '+'} {abs(v)} x {name}" for v, name in others)
        more = f" and {len(terms) - MOST_TERMS} more" if len(terms) > MOST_TERMS else ""
        over = f", divided by {self.divisor}" if self.divisor != 1 else ""
        return f"{sentence}: {text}{more}{over}"


_SENTENCES = {
    "coordinate": "opens the coordinate {0}",
    "variable": "opens a form on the single column {0}",
    "group": "opens a form on the columns {0} alone",
    "protected": "says something about the protected {0} alone",
    "record": "opens the whole record",
    "nothing new": "says nothing that the keys issued before do not say",
    "constant": "is the same number for every row",
    "width": "has a weight that is too wide",
    "modulus": "says something about {0} by a remainder",
    "support": "is, but for a little, a function of {0} alone",
    "rank": "would be one independent function too many",
    "lattice": "lets whole rows be computed from the answers",
    "correlation": "predicts the protected {0}",
    "certain": "makes {0} certain for too many rows",
    "guessed": "lets {0} be guessed too well",
    "named": "names whole rows",
    "too fine": "is too fine to count what it says",
    "product": "opens the product of {0}",
    "keys": "would be one quadratic form too many",
    "weights": "has linear weights too wide on {0}",
    "budget": "would leave too little of a record unknown",
    "slot": "has not one noise slot of weight 1 for every output",
    "clean": "leaves combinations of scores without noise",
    "averaged": "lets noise be averaged, or taken off",
    "checked in part": "was not checked for everything",
    "refused": "is refused",
}


def group_size(schema: Schema, max_blocks: int | None) -> int:
    """On how few columns a form is a finding: ``max_blocks``, or its default."""
    if max_blocks is not None:
        return max_blocks
    private = sum(column.private for column in schema.columns.values())
    return 2 if private >= 6 else 1
