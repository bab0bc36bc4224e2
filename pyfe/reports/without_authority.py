"""What the default rules say to functions asked for one after another, where there is no authority to ask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from pyfe.authority import Policy
from pyfe.errors import KeyMismatchError, ParameterError
from pyfe.function import Function, LinearMap
from pyfe.leakage import Blind, LinearAccount, Prior, linear_findings, narrowing, question_of, residual, too_fine
from pyfe.leakage.prior import reference_for
from pyfe.reports.answer import Answer
from pyfe.schema import Schema

__all__ = ["answers", "known_of"]


def known_of(schema: Schema, reference: Any = None) -> Prior | None:
    """What is known of the population: a table or Reference, else what the schema publishes, else nothing; None where
    the schema is too fine for counts of its columns. Errors of :meth:`pyfe.leakage.Reference.from_table`."""
    if too_fine(schema):
        return None
    return reference_for(schema, reference) or Blind(schema)


def answers(functions: Sequence[Function], schema: Schema, prior: Prior | None) -> list[Answer]:
    """What an authority without a secret of its own would answer, each function counted with all before it, granted or
    not. ParameterError for a function that is not linear, KeyMismatchError for one of another schema. Cost: seconds a
    function with a reference."""
    before, found = LinearAccount(schema), list[Answer]()
    nothing = before
    for function in functions:
        if not isinstance(function.map, LinearMap):
            raise ParameterError(f"{function.name or 'a function'} is {function.kind}; these counts are of linear ones")
        if function.schema_id != schema.id:
            raise KeyMismatchError(f"{function.name or 'a function'} was compiled for another schema")
        rows = function.map.weights
        findings = tuple(linear_findings(before, rows, prior))
        together = narrowing(question_of(before, rows, prior))
        alone = together if before is nothing else narrowing(question_of(nothing, rows, prior))
        granted = not any(finding.refuses for finding in findings)
        left = residual(np.concatenate([before.given, rows]), schema)
        found.append(Answer(Policy.default().line, findings, granted, left, alone, together, len(found)))
        before = before.with_rows(rows)
    return found
