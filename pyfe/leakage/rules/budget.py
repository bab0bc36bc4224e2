"""Rule 4: at most half of a row's bits, or a third where nothing is known of the population."""

from __future__ import annotations

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.excess import COARSER
from pyfe.leakage.rules.question import Asked

__all__ = ["budget"]

_ADVICE = f"{COARSER}, or for fewer scores"
_BLIND = "; an authority with a reference of the population allows half of a row's bits instead of a third"


def budget(question: Asked) -> list[Finding]:
    """Rule 4: the bits that all answers together say are at most the budget of the prior."""
    found, most = question.information, question.prior.budget_bits * question.limits.budget
    if found.bits <= most:
        return []
    note = (
        f"the answers say {found.bits:.1f} bits, where the rule allows {most:.1f} of {question.prior.entropy_bits:.1f}"
    )
    advice = _ADVICE + (_BLIND if question.prior.blind else "")
    return [Finding("budget", rule="4", figure=found.bits, limit=most, note=note, advice=advice)]
