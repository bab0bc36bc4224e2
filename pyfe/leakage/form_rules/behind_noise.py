"""Forms with a slot of noise each: what the rules for forms ask where no integer of an answer shows.

Noise of standard deviation sd lies on every answer as it was asked for, and it is the same whenever the row is
encrypted (:mod:`pyfe.leakage.slots`); so answers as asked count here, and not a basis of what they span.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.counts import Counted, tenths_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.certain import certain
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion, Lifted
from pyfe.leakage.rules.excess import worst_excess
from pyfe.leakage.rules.question import MOST_PAIRED
from pyfe.leakage.rules.slots import second_slot, shared_slot
from pyfe.leakage.slots import meets

__all__ = ["blurred", "certain_and_noisy", "correlation", "one_slot", "protected"]

_BINS = 4
"""Values of an answer that fall into one ``sd / 4`` count as one: of the noise's own 2.05 + log2(sd) bits this takes
less than 1/500 of a bit, and without it hardly an answer with noise would come twice among drawn rows."""

_ROWS = 40_000
"""Drawn rows for correlations."""

_SLOT = "Give every output a slot of its own that no key has, by itself and with the weight 1 (function.with_slots)"
_SAME = "Compute what follows from the answers that were issued, which needs no key"
_LESS = "Ask for an answer in which the protected column counts for less"
_WITHOUT = "Leave the column, and what goes with it, out of the answer"


def certain_and_noisy(question: FormQuestion) -> list[Finding]:
    """Rules 0, 2 and 3 on the data part. Nothing is new only where no noise is: the same form with another slot says
    nothing new of a record, and lets the noise of both be averaged."""
    found = certain(question)
    ends = any(finding.kind == "nothing new" for finding in found)
    return [] if ends and meets(question.after.noisy).noise > meets(question.before.noisy).noise else found


def one_slot(question: FormQuestion) -> list[Finding]:
    """Every requested form has one slot as a monomial by itself, with the weight 1: a weight e would leave ``z mod e``
    clean, a product with a slot has noise that a column takes away."""
    requested = question.after.noisy[len(question.before.noisy) :]
    complete = len(question.after.noisy) == question.after.outputs
    for output, row in enumerate(requested):
        if row.slot is None:
            return [_no_slot(f"output {output} has not one slot of weight 1 by itself")]
    return [] if complete else [_no_slot("a form is too large to be looked at")]


def _no_slot(note: str) -> Finding:
    return Finding("slot", rule="noise", note=note, advice=_SLOT)


def blurred(question: FormQuestion) -> list[Finding]:
    """``meets(data) = 0`` and ``meets(noise) = 0`` over monomials, on all keys that a patient can meet; and for every
    value of the public columns that is looked at, the forms that are left are as many: two that fall together there
    would be one answer with two noises."""
    rows = [*question.elsewhere, *question.after.noisy]
    met = meets(rows)
    if met.data:
        note = shared_slot(rows)
        return [Finding("clean", rule="noise", figure=float(met.data), limit=0.0, note=note, advice=_SLOT)]
    fewest = min(keys.lattice.rank for keys in question.distinct)
    lost = met.noise or len(question.after.whole) - fewest
    if not lost:
        return []
    note = second_slot(rows) if met.noise else "for some values of the public columns"
    return [Finding("averaged", rule="noise", figure=float(lost), limit=0.0, note=note, advice=_SAME)]


def protected(question: FormQuestion) -> list[Finding]:
    """Rule 5t's limits for protected columns, on every answer as it was asked for and, up to rank 4, on sums and
    differences of two, each with its noise: guessed from one half of the drawn rows, judged on the other, the mean over
    the drawn public values. Columns that are not protected are not judged here."""
    noise, blocks = question.schema.noise, question.blocks
    if noise is None or not any(blocks.protected[block] for block in question.private):
        return []
    drawn = [one for one in question.everywhere if one.drawn]
    for weights in _combined(len(question.after.whole)):
        counted = Counted.mean([_with_noise(question, one, weights, noise.sd) for one in drawn])
        found = worst_excess(question, question.private, counted, math.inf, "5t", "its answers with noise")
        if found:
            return [replace(finding, advice=_LESS) for finding in found]
    return []


def _combined(count: int) -> Iterator[tuple[int, ...]]:
    """Weights of the answers, and of sums and differences of two of a few."""
    yield from (tuple(int(i == j) for i in range(count)) for j in range(count))
    for i, j in combinations(range(count), 2) if count <= MOST_PAIRED else ():
        for sign in (1, -1):
            yield tuple(1 if k == i else sign if k == j else 0 for k in range(count))


def _with_noise(question: FormQuestion, one: AtPublic, weights: tuple[int, ...], sd: int) -> Counted:
    values = np.array(weights, dtype=np.float64) @ question.asked(one)
    tenths = tenths_of(values, question.cuts(Lifted(weights, 1)))
    seed = int.from_bytes(question.seed(f"noise {weights} {_of(one)}"), "big")
    spread = sd * math.sqrt(sum(map(abs, weights)))
    noisy = values + np.random.default_rng(seed).normal(0.0, spread, len(values))
    bins: IntArray = np.floor(noisy * (_BINS / sd)).astype(np.int64)
    return one.rows.drawn.counted([bins], [tenths], question.limits.certain)


def _of(one: AtPublic) -> list[int]:
    return [] if one.public is None else one.public.tolist()


def correlation(question: FormQuestion) -> list[Finding]:
    """Rule 8, with a reference: the answers predict no protected coordinate by more than ``limits.explained`` of its
    variance among rows with the same public values; drawn rows, the mean over the drawn public values."""
    if question.prior.blind:
        return []
    drawn = [one for one in question.everywhere if one.drawn]
    limit = question.limits.explained
    for block in question.private:
        if question.blocks.protected[block]:
            shares = np.mean([_explained(question, one, block) for one in drawn], axis=0)
            figure = float(shares.max())
            if figure > limit:
                note = f"R^2 rises by {figure:.2f}, where the rule allows {limit:.2f}"
                names = question.names([block])
                return [Finding("correlation", names, rule="8", figure=figure, limit=limit, note=note, advice=_WITHOUT)]
    return []


def _explained(question: FormQuestion, one: AtPublic, block: int) -> FloatArray:
    """R^2 of each coordinate of a column, by all answers."""
    answers = question.asked(one)[:, :_ROWS]
    answers = answers - answers.mean(axis=1, keepdims=True)
    rows = question.blocks.rows(one.rows.levels[:_ROWS].astype(np.int64))[:, question.blocks.slices[block]]
    own = rows - rows.mean(axis=0)
    towards = answers @ own
    explained = (np.linalg.pinv(answers @ answers.T, hermitian=True) @ towards * towards).sum(axis=0)
    total = (own**2).sum(axis=0)
    return np.asarray(np.divide(explained, total, out=np.zeros(len(total)), where=total > 0))
