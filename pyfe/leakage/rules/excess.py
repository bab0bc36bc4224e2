"""How far the answers may say more than their tenths do; what the rules that count have in common."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pyfe.leakage.counts import Counted
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.question import Asked

__all__ = ["COARSER", "too_fine_to_count", "worst_excess"]

COARSER = "Ask for the score on a coarser grid (prepare with a lower precision; trees: fewer weight_bits)"

_ROUNDING = 1e-9
"""What a figure may exceed its limit by: sums of doubles round as they like."""

Excess = tuple[float, float, str, str]
"""Figure, limit, kind of finding, and the figure in words."""


def worst_excess(
    question: Asked, blocks: Sequence[int], counted: Counted, most: float, rule: str, score: str
) -> list[Finding]:
    """The column that exceeds what the rules allow by the largest factor; nothing where none does.

    Any column: the answers make it certain for at most a share ``most`` of the rows more than their tenths do, and lift
    the best guess by at most ``most`` more. Protected columns: (i) the answers make a class other than the commonest
    certain for at most ``limits.rare`` of the rows; (ii) both excesses are at most ``limits.protected_excess``; (iii)
    the best guess is lifted by at most ``limits.protected_gain`` in all.
    """
    found = [
        (figure / limit, -block, Finding(kind, question.names([block]), rule=rule, figure=figure, limit=limit,
                                         note=f"by {score}: {words}", advice=COARSER))
        for place, block in enumerate(blocks)
        for figure, limit, kind, words in _excesses(question, block, counted, place, most)
        if figure > limit + _ROUNDING
    ]  # fmt: skip
    return [max(found, key=lambda one: one[:2])[2]] if found else []


def _excesses(question: Asked, block: int, counted: Counted, place: int, most: float) -> Iterator[Excess]:
    limits, protected = question.limits, bool(question.blocks.protected[block])
    allowed = min(most, limits.protected_excess) if protected else most
    sure, gain = float(counted.excess_sure[place]), float(counted.excess_gain[place])
    yield sure, allowed, "certain", f"{_percent(sure)} of the rows more than by the tenth it lies in"
    yield gain, allowed, "guessed", f"{_points(gain)} more often than by the tenth it lies in"
    if protected:
        rare, in_all = float(counted.rare[place]), float(counted.gain[place])
        yield rare, limits.rare, "certain", f"{_percent(rare)} of the rows, of a class that is not the commonest"
        yield in_all, limits.protected_gain, "guessed", f"{_points(in_all)} more often than without it"


def too_fine_to_count(rule: str, figure: float, limit: float, note: str) -> Finding:
    """What cannot be counted is refused: there is nothing else to decide it by."""
    return Finding("too fine", rule=rule, figure=figure, limit=limit, note=note, advice=COARSER)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _points(share: float) -> str:
    return f"{100 * share:.0f} points"
