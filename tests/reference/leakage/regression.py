"""Rule 8: how much better the answers predict a protected column by a linear function than public columns do."""

from __future__ import annotations

import numpy as np

from tests.reference.leakage.prior import inverse
from tests.reference.leakage.question import Question, Verdict, largest

MOST = 0.3


def increases(question: Question) -> list[float]:
    """One per coordinate of a protected column, the left-out bit too: what Z explains of what public columns leave,
    in shares of its whole variance."""
    prior, schema = question.prior, question.schema
    s, z = prior.given_public, np.array(question.Z, dtype=np.float64)
    z = z / np.abs(z).max(axis=1, keepdims=True)
    moved = s @ z.T
    explained = moved @ inverse(z @ moved) @ moved.T
    found = []
    for block in schema.protected:
        at = schema.columns_of(block)
        bits = [np.eye(len(at))[k] for k in range(len(at))]
        positions = [schema.free[k].position for k in at]
        if schema.columns[block].width > 1:
            bits.append(-np.ones(len(at)))
            positions.append(schema.free[at[0]].base)
        for bit, position in zip(bits, positions, strict=True):
            variance = prior.covariance[position, position]
            found.append(float(bit @ explained[np.ix_(at, at)] @ bit) / variance if variance > 0 else 0.0)
    return found


def regression(question: Question) -> Verdict:
    """8, with a reference and a protected column."""
    if question.prior.blind or not question.schema.protected:
        return Verdict("8", {}, inside=False)
    return Verdict("8", {"increase": largest(increases(question))}, {"increase": MOST})
