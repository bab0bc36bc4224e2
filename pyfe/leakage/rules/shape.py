"""Rules 0 and 1: what is no question at all, and weights that are too wide."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.question import Question

__all__ = ["shape", "width"]


def shape(question: Question) -> list[Finding]:
    """Rule 0: a request whose every score is the same number for all rows is refused; one in the span of what was
    issued and what everybody knows says "nothing new", and costs nothing."""
    if not any(_varies(question)):
        advice = "A constant needs no key"
        return [Finding("constant", rule="0", advice=advice)]
    if question.after.says_nothing_beyond(question.before):
        return [Finding("nothing new", rule="0", issued=question.issued)]
    return []


def _varies(question: Question) -> Iterator[bool]:
    """Of each column, whether some requested row tells two of its values apart."""
    for _, part, column in question.after.schema.parts:
        weights = question.requested[:, part]
        yield column.in_table and bool((weights != weights[:, :1] if column.one_hot else weights).any())


def width(question: Question) -> list[Finding]:
    """Rule 1: the largest weight of every requested row, common divisor taken out, is at most ``limits.widest``."""
    rows = question.requested.astype(object)
    divisors = [int(np.gcd.reduce(row)) or 1 for row in rows]
    widest = max(int(abs(row).max()) // divisor for row, divisor in zip(rows, divisors, strict=True))
    most = question.limits.widest
    if widest <= most:
        return []
    note = f"{widest}, where the rule allows {most}"
    return [
        Finding("width", rule="1", figure=widest, limit=most, note=note, advice="Compile it with fewer weight bits")
    ]
