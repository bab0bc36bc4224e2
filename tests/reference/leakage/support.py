"""Rule 2e: the share of a value's variance that one private column explains, public columns known."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tests.reference.leakage.lattice import pairs
from tests.reference.leakage.prior import Prior, inverse
from tests.reference.leakage.question import Question, Verdict, largest

DENSE, NARROW = 0.95, 0.85
NOTHING = 1e-9


def explained(prior: Prior, z: Sequence[int]) -> dict[int, float]:
    """Column -> its share: c_b' S_bb^+ c_b / y' S y, c = S y. Blind columns are independent: their own variance.
    A value whose columns cancel, down to 1e-9 of what they vary by themselves, is no value but a relation: 1."""
    schema, s = prior.schema, prior.given_public
    y = np.array(z, dtype=np.float64)
    c = s @ y
    total = float(y @ c)
    found, alone = {}, 0.0
    for block in schema.private:
        at = schema.columns_of(block)
        within = c[at] @ inverse(s[np.ix_(at, at)]) @ c[at]
        alone += float(y[at] @ s[np.ix_(at, at)] @ y[at])
        found[block] = float(within) / total if total > 0 else 1.0
    return found if total > NOTHING * alone else dict.fromkeys(found, 1.0)


def used(question: Question, z: Sequence[int]) -> int:
    return len({block for block, weight in zip(question.schema.owners(), z, strict=True) if weight})


def support(question: Question) -> Verdict:
    """2e for linear keys: every row of Z and every Z_i +- Z_j."""
    dense: list[float] = []
    narrow: list[float] = []
    names: set[int] = set()
    for z in question.Z + pairs(question.Z):
        shares = explained(question.prior, z)
        block = max(shares, key=lambda one: shares[one])
        few = 2 * used(question, z) < len(question.schema.private)
        (narrow if few else dense).append(shares[block])
        if shares[block] > (NARROW if few else DENSE):
            names.add(block)
    figures = {"dense": largest(dense), "narrow": largest(narrow)}
    return Verdict("2e", figures, {"dense": DENSE, "narrow": NARROW}, names=question.names(sorted(names)))
