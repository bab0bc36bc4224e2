"""What has to hold before anything is counted."""

from __future__ import annotations

from pyfe.leakage.blocks import MOST_LEVELS, too_fine
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.question import Asked

__all__ = ["countable"]


def countable(question: Asked) -> list[Finding]:
    """Every column has few enough levels to be counted one by one; what cannot be counted is refused."""
    names = too_fine(question.schema)
    if not names:
        return []
    note = f"{', '.join(map(repr, names[:3]))} has more than {MOST_LEVELS} levels, which are not counted"
    return [Finding("checked in part", names, rule="5", note=note, advice="Take coarser steps for that column")]
