"""Rule 6: what the answers say of a row as a whole, by exact matching among drawn rows."""

from __future__ import annotations

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.leakage.findings import Finding
from pyfe.leakage.prior.seeds import uniforms
from pyfe.leakage.rules.excess import COARSER
from pyfe.leakage.rules.kept_rows import JOINT_ROWS, TREE_ROWS, copula_rows, tree_rows
from pyfe.leakage.rules.question import Question
from pyfe.leakage.rules.sampled import public_values

__all__ = ["TARGETS", "joint", "named_by_one", "told"]

TARGETS = 150
"""Rows that are looked for."""

_TARGETS_OF_ONE = 1000
"""Those that are looked for by one score, at all values of the public columns: all that counts is how many are named,
and a limit is a few of a hundred."""

_ADVICE = "Ask for fewer scores, or for coarser ones"


def joint(question: Question) -> list[Finding]:
    """Rule 6, for several scores that say at most ``limits.counted_bits``: :data:`TARGETS` of the rows
    of the prior's copula are looked for among the others by their answers.

    The likeliest record of those with the same answers is the target's, class by class, for at most a share
    ``limits.named`` of the targets more than where only the tenths of the answers are known; and they make a class
    certain, and rightly, for at most ``limits.matched`` more, whatever the column. A column of which one class is
    certain beforehand does not count.

    What one score says of columns is counted by rules 5 and 5t; of a column each for other rows, it can still name
    many. So with a reference it may name at most ``limits.named`` more as well (:func:`named_by_one`).
    """
    if question.information.bits > question.limits.counted_bits:
        return []
    if question.rank < 2:
        return [] if question.prior.blind else _of_one(question)
    limits = question.limits
    named, certain = told(question)
    if named > limits.named:
        note = f"for {100 * named:.0f} % of the rows more than by the tenths of the answers"
        return [Finding("named", rule="6", figure=named, limit=limits.named, note=note, advice=_ADVICE)]
    worst = int(certain.argmax())
    if certain[worst] <= limits.matched:
        return []
    figure, names = float(certain[worst]), question.names([question.private[worst]])
    note = f"together, for {100 * figure:.0f} % of the rows more than by the tenths of the answers"
    return [Finding("certain", names, rule="6", figure=figure, limit=limits.matched, note=note, advice=_ADVICE)]


def _of_one(question: Question) -> list[Finding]:
    figure, limit = named_by_one(question), question.limits.named
    if figure <= limit:
        return []
    note = f"for {100 * figure:.0f} % of the rows more than by the tenth of the answer"
    return [Finding("named", rule="6", figure=figure, limit=limit, note=note, advice=COARSER)]


def named_by_one(question: Question) -> float:
    """By how much more of the rows along the tree the answer to one score names than its tenth does, among rows with
    the same public columns: the mean over the values of these that rule 5t looks at."""
    (row,), (drawn, _) = question.Z, public_values(question)
    scores = [question.shares(question.free.lift(row))]
    targets = (uniforms(question.seed("targets"), "targets", _TARGETS_OF_ONE) * TREE_ROWS).astype(np.int64)
    found = []
    for public, some in zip(drawn, np.array_split(targets, len(drawn)), strict=True):
        answer, tenth = tree_rows(question, public).drawn.matched(scores, some, question.limits.certain)
        found.append(answer.records - tenth.records)
    return float(np.mean(found))


def told(question: Question) -> tuple[float, FloatArray]:
    """By how much more of the targets the answers name than their tenths do, and for how many more of them they make a
    class certain, of each private column: float64 ``[private]``."""
    scores = [question.shares(question.free.lift(row)) for row in question.Z]
    targets = (uniforms(question.seed("targets"), "targets", TARGETS) * JOINT_ROWS).astype(np.int64)
    found, tenths = copula_rows(question).drawn.matched(scores, targets, question.limits.certain)
    return found.records - tenths.records, (found.certain - tenths.certain) * _open(question)


def _open(question: Question) -> FloatArray:
    """1 for columns of which no class is certain beforehand, float64 ``[private]``."""
    prior = question.prior
    most = [np.bincount(prior.classes[b], weights=prior.marginals[b]).max() for b in question.private]
    return np.array([mass < question.limits.certain for mass in most], dtype=np.float64)
