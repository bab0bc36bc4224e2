"""Rule 2: what the keys determine for certain, by linear algebra."""

from __future__ import annotations

from dataclasses import replace

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.question import Question

__all__ = ["structure"]


def structure(question: Question) -> list[Finding]:
    """Rule 2: no coordinate comes open, no form on a protected column or a protected form, none on at most two columns
    (one, where fewer than six are private), nor the whole record. Only what was not open before is said.

    Modulo two primes (:class:`pyfe.leakage.LinearAccount`).
    """
    return [replace(finding, rule="2") for finding in question.after.findings(question.before)]
