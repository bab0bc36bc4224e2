"""What cannot be counted is refused."""

from __future__ import annotations

from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.question import FormQuestion
from pyfe.leakage.form_rules.values import MOST
from pyfe.leakage.rules.excess import COARSER

__all__ = ["exact", "uncountable"]

_ADVICE = f"{COARSER}, or with a slot of noise"


def exact(question: FormQuestion) -> list[Finding]:
    """No answer needs more than 52 bits: nothing wider is counted."""
    reach = max(one.values.reach for one in question.everywhere)
    return [] if reach < MOST else [uncountable("5t", reach, MOST, "answers of 52 bits or more")]


def uncountable(rule: str, figure: float, limit: float, note: str) -> Finding:
    """There is nothing else to decide it by; with a slot of noise nothing has to be counted."""
    return Finding("too fine", rule=rule, figure=figure, limit=limit, note=note, advice=_ADVICE)
