"""What the default rules will refuse, seen at once: without a prior, and without drawing rows.

A rule asked in full takes up to a minute; what it says of most functions on fine columns can be seen in the answers to
a hundred rows. Nothing here decides: what is not refused at once may be refused by a rule, and what is refused here is
so by more than the sampling of the rows explains.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from pyfe.arrays import AnyArray, IntArray
from pyfe.leakage.counts import FEW, TENTHS
from pyfe.leakage.findings import Finding
from pyfe.leakage.limits import LINEAR_WEIGHT_BITS
from pyfe.leakage.linear_account import LinearAccount
from pyfe.leakage.prior.classes import MOST_CLASSES
from pyfe.leakage.rules.excess import COARSER
from pyfe.leakage.rules.kept_rows import FORM_ROWS, TREE_ROWS
from pyfe.leakage.rules.limits import Limits
from pyfe.schema import Schema

__all__ = ["FEWEST_ROWS", "refused_at_once"]

FEWEST_ROWS = 100
"""Rows that a reference is made of, at least."""

_MARGIN = 1.5
"""By what factor the answers have to be finer than the limit."""

_SPARE_BITS = 0.5
"""By how many bits the answers have to exceed the budget."""


def refused_at_once(
    schema: Schema,
    rows: Mapping[str, AnyArray] | None,
    answers: IntArray | None,
    *,
    weights: IntArray | None,
    weight_bits: int,
) -> Finding | None:
    """What a rule of the default policy will refuse a first key for, if that can be seen without asking it; else None.

    rows, answers: raw columns of 100 rows or more of the population, by name, and what the function's private part says
        to them ``[rows, k]``; None where there are none.
    weights: int64 ``[k, n]`` of a linear function, None of another. weight_bits: of the widest, with sign.

    Of linear functions rules 1 and 3 as they are; 4 by the entropy of the answers on these rows, which is below
    that of the population, against half of a bound of H; 5t by the width of the eight inner tenths, in steps of the
    score: rows are drawn, and an answer that fewer than 20 of one half of them have is too rare to count. Where the
    schema has noise slots nothing is seen at once. Cost: sorting the answers.
    """
    if schema.noise is not None:
        return None
    limits, private = Limits(), [column for column in schema.columns.values() if column.private]
    if weights is not None and weight_bits > LINEAR_WEIGHT_BITS:
        note = f"{weight_bits} bits with sign, {LINEAR_WEIGHT_BITS} are allowed"
        figures = float(weight_bits), float(LINEAR_WEIGHT_BITS)
        return _finding("width", "1", *figures, note, "Compile it with fewer weight bits")
    most = max(0, min(limits.most_rank, max(1, len(private) // limits.columns_a_rank), len(private) - 2))
    if weights is not None and len(weights) > most and (rank := LinearAccount(schema).with_rows(weights).rank) > most:
        note = f"{rank} independent ones where the rule allows {most} for {len(private)} private column(s)"
        return _finding(
            "rank", "3", float(rank), float(most), note, "Ask for fewer, such as one class against the rest"
        )
    if rows is None or answers is None or len(answers) < FEWEST_ROWS:
        return None
    return _budget(schema, rows, answers) or _fine(answers, FORM_ROWS if weights is None else TREE_ROWS)


def _finding(kind: str, rule: str, figure: float, limit: float, note: str, advice: str) -> Finding:
    return Finding(kind, rule=rule, figure=figure, limit=limit, note=note, advice=advice)


def _budget(schema: Schema, rows: Mapping[str, AnyArray], answers: IntArray) -> Finding | None:
    """Rule 4, where the answers to these rows alone say more than half of all that a row can have."""
    said = _entropy(np.unique(answers, axis=0, return_counts=True)[1])
    half = sum(_most_bits(rows[name]) for name, column in schema.columns.items() if column.private) / 2
    if said <= half + _SPARE_BITS:
        return None
    note = f"the answers say at least {said:.1f} bits, and at most {half:.1f} are allowed"
    return _finding("budget", "4", said, half, note, COARSER)


def _most_bits(values: AnyArray) -> float:
    """A bound of the bits of a column's classes: of up to eight raw values theirs, else those of eight even ones."""
    counts = np.unique(values.astype(str) if values.dtype.kind == "O" else values, return_counts=True)[1]
    return _entropy(counts) if len(counts) <= MOST_CLASSES else math.log2(MOST_CLASSES)


def _entropy(counts: IntArray) -> float:
    share = counts / counts.sum()
    return float(-(share * np.log2(share)).sum())


def _fine(answers: IntArray, drawn: int) -> Finding | None:
    """Rule 5t, where more tenths of some answer are so wide that their values are rare among ``drawn`` rows than the
    limit allows."""
    for column in answers.T:
        steps = np.gcd.reduce(column - column[0]) or 1
        widths = np.diff(np.quantile(column / steps, TENTHS))
        rare = float(np.mean(drawn / 2 / 10 / np.maximum(widths, 1.0) * _MARGIN < FEW)) * 0.8
        if rare > Limits().thin:
            note = f"answers of at least {100 * rare:.0f} % of the rows are so far apart that hardly two are alike"
            return _finding("too fine", "5t", rare, Limits().thin, note, COARSER)
    return None
