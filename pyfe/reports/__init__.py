"""What a function costs, what a key for it reveals, and what an authority would answer: :func:`report`; and what could
be asked for instead: :func:`suggest`; and which scheme fits: :func:`recommend`.

It stands above the authority; accuracy, error and range alone are :meth:`pyfe.Function.report`'s.
"""

from __future__ import annotations

from pyfe.reports.answer import Answer
from pyfe.reports.function import Report, report
from pyfe.reports.recommending import Choice, Recommendation, recommend
from pyfe.reports.rows import OnRows
from pyfe.reports.suggesting import Suggestion, Suggestions, suggest

__all__ = [
    "Answer",
    "Choice",
    "OnRows",
    "Recommendation",
    "Report",
    "Suggestion",
    "Suggestions",
    "recommend",
    "report",
    "suggest",
]
