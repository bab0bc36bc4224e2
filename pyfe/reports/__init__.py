"""What a function costs, what a key for it reveals, and what an authority would answer: :func:`report`.

It stands above the authority; accuracy, error and range alone are :meth:`pyfe.Function.report`'s.
"""

from __future__ import annotations

from pyfe.reports.function import Answer, Report, report

__all__ = ["Answer", "Report", "report"]
