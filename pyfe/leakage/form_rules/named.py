"""Rule 6 for forms: what all answers together say of a row as a whole, in drawn rows."""

from __future__ import annotations

import numpy as np

from pyfe.arrays import IntArray
from pyfe.leakage.counts import FEW, cuts_of, tenths_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion
from pyfe.leakage.form_rules.values import numbered
from pyfe.leakage.rules.excess import COARSER

__all__ = ["named", "named_share"]


def named(question: FormQuestion) -> list[Finding]:
    """Rule 6, with a reference: of rows with the same public columns, the likeliest record of those with the same
    answers is the row's, class by class, for at most a share ``limits.named_by_forms`` more than where only the tenths
    of the answers are known. Guessed from one half of the drawn rows, judged on the other; the mean over the drawn
    public values.

    What answers say of columns is counted by rule 5t; of a column each for other rows, they can still name many.
    """
    if question.prior.blind:
        return []
    figure = float(np.mean([_above_tenths(question, one) for one in question.everywhere if one.drawn]))
    limit = question.limits.named_by_forms
    if figure <= limit:
        return []
    note = f"for {100 * figure:.0f} % of the rows more than by the tenths of the answers"
    return [Finding("named", rule="6", figure=figure, limit=limit, note=note, advice=COARSER)]


def _above_tenths(question: FormQuestion, one: AtPublic) -> float:
    """By how much more of the rows with one public value the answers name than their tenths do."""
    answers = list(one.answers)
    if not answers:
        return 0.0
    records = _records(question, one)
    tenths = [tenths_of(answer, cuts_of(answer)) for answer in answers]
    return named_share(numbered(answers), records) - named_share(numbered(tenths), records)


def _records(question: FormQuestion, one: AtPublic) -> IntArray:
    """The rows' records, class by class, numbered; int64 ``[rows]``."""
    levels, classes = one.rows.levels, question.prior.classes
    words = np.random.default_rng(0)  # sums of 64-bit words: two records fall together once in 2^64
    mixed = np.zeros(len(levels), dtype=np.uint64)
    for block in question.private:
        own = words.integers(0, 2**64, int(classes[block].max()) + 1, dtype=np.uint64)
        mixed += own[classes[block]][levels[:, block]]
    return np.asarray(np.unique(mixed, return_inverse=True)[1], dtype=np.int64)


def named_share(groups: IntArray, records: IntArray) -> float:
    """Of the second half of some rows, the share whose record is the commonest one of its group in the first half;
    groups of fewer than :data:`FEW` rows there name nothing."""
    half, most, count = len(groups) // 2, int(records.max()) + 1, int(groups.max()) + 1
    pairs, times = np.unique(groups[:half] * most + records[:half], return_counts=True)
    order = np.argsort(times, kind="stable")
    best = np.full(count, -1, dtype=np.int64)
    best[pairs[order] // most] = pairs[order] % most  # the last one stays
    best[np.bincount(groups[:half], minlength=count) < FEW] = -1
    return float((best[groups[half:]] == records[half:]).mean())
