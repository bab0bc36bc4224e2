"""Rules 0 to 3 as far as linear algebra over all monomials says them, whatever the public columns are."""

from __future__ import annotations

from dataclasses import replace

from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.question import FormQuestion

__all__ = ["certain"]

_RULES = {"nothing new": "0", "weights": "1", "keys": "3"}


def certain(question: FormQuestion) -> list[Finding]:
    """Nothing new ends the questions. What comes open for certain refuses: coordinates, products, factors, forms on
    very few or on protected columns; so do linear weights that no linear function could have, and too many forms
    (:meth:`pyfe.leakage.QuadraticAccount.findings`)."""
    found = question.after.findings(question.before)
    return [replace(finding, rule=_RULES.get(finding.kind, "2")) for finding in found]
