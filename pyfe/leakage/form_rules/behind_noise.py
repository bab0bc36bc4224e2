"""Forms with a slot of noise each: what the rules for forms ask where no integer of an answer shows.

Noise of standard deviation sd lies on every answer as it was asked for, and it is the same whenever the row is
encrypted (:mod:`pyfe.leakage.slots`); so answers as asked count here, and not a basis of what they span.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage.counts import Counted, Drawn, tenths_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.certain import certain
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion, Lifted
from pyfe.leakage.rules.excess import too_fine_to_count, worst_excess
from pyfe.leakage.rules.question import MOST_PAIRED
from pyfe.leakage.rules.slots import second_slot, shared_slot
from pyfe.leakage.slots import meets

__all__ = ["blurred", "certain_and_noisy", "correlation", "one_slot", "told"]

_STEPS = 2
"""Cells of an answer in one standard deviation of its noise: without them hardly an answer with noise would come twice
among drawn rows."""

_ROWS = 40_000
"""Drawn rows for correlations."""

_LITTLE = 0.05
"""Share of a coordinate's variance that a combination of answers explains beyond the best of them, up to which it is
not looked at."""

_TENTHS = 3
"""Most answers whose tenths are the baseline of a combination: a thousand cells of drawn rows."""

_SLOT = "Give every output a slot of its own that no key has, by itself and with the weight 1 (function.with_slots)"
_SAME = "Compute what follows from the answers that were issued, which needs no key"
_LESS = "Ask for answers in which the column counts for less"
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


def told(question: FormQuestion) -> list[Finding]:
    """Rule 5t's limits on what answers with their noise say of every column: each as it was asked for, up to rank 4
    sums and differences of two, and for every coordinate that several answers explain together the combination of them
    that explains most of it, whose baseline are the tenths of the answers themselves::

        c = (A A' + sd^2)^-1 A e,   A = the answers in drawn rows with the same public values

    Guessed from one half of the drawn rows, judged on the other; the mean over the drawn public values. Answers so loud
    that, in cells of half a standard deviation of the noise, more than ``limits.thin`` of the rows have too few
    neighbours are too fine to count.
    """
    noise = question.schema.noise
    if noise is None:
        return []
    drawn = [_Noisy(question, one, noise.sd) for one in question.everywhere if one.drawn]
    found = (_judged(question, counts, blocks) for counts, blocks in _counts(question, drawn))
    return next((one for one in found if one), [])


def _counts(question: FormQuestion, drawn: Sequence[_Noisy]) -> Iterator[tuple[list[Counted], tuple[int, ...]]]:
    """What combinations say, at each of the drawn public values, and of which columns."""
    count = len(question.after.whole)
    for weights in _combined(count):
        yield [rows.counted(weights) for rows in drawn], question.private
    for block in question.private if count > 1 else ():
        beyond = np.mean([rows.beyond(block) for rows in drawn], axis=0)
        for place in np.flatnonzero(beyond > _LITTLE).tolist():
            yield [rows.counted_for(block, place) for rows in drawn], (block,)


def _judged(question: FormQuestion, counts: Sequence[Counted], blocks: tuple[int, ...]) -> list[Finding]:
    mean, limits = Counted.mean(counts), question.limits
    if mean.thin > limits.thin:
        note = f"{100 * mean.thin:.0f} % of the rows have an answer that hardly any other has, noise and all"
        return [too_fine_to_count("5t", mean.thin, limits.thin, note)]
    found = worst_excess(question, blocks, mean, limits.excess_forms, "5t", "its answers with noise")
    return [replace(finding, advice=_LESS) for finding in found]


def _combined(count: int) -> Iterator[tuple[int, ...]]:
    """Weights of the answers, and of sums and differences of two of a few."""
    yield from (tuple(int(i == j) for i in range(count)) for j in range(count))
    for i, j in combinations(range(count), 2) if count <= MOST_PAIRED else ():
        for sign in (1, -1):
            yield tuple(1 if k == i else sign if k == j else 0 for k in range(count))


@dataclass(frozen=True, eq=False)
class _Noisy:
    """Drawn rows with one value of the public columns, and their answers with noise."""

    question: FormQuestion
    one: AtPublic
    sd: int

    @cached_property
    def values(self) -> FloatArray:
        """The answers without noise, float64 ``[answers, rows]``."""
        return self.question.asked(self.one)

    @cached_property
    def answers(self) -> FloatArray:
        """The answers with noise."""
        of = [] if self.one.public is None else self.one.public.tolist()
        seed = int.from_bytes(self.question.seed(f"noise {of}"), "big")
        return np.asarray(self.values + np.random.default_rng(seed).normal(0.0, self.sd, self.values.shape))

    def counted(self, weights: tuple[int, ...]) -> Counted:
        """What a combination of the answers says of every private column."""
        mix, lifted = np.array(weights, dtype=np.float64), Lifted(weights, 1)
        tenths = [tenths_of(mix @ self.values, self.question.cuts(lifted))]
        return self.one.rows.drawn.counted([self._cells(mix)], tenths, self.question.limits.certain)

    def counted_for(self, block: int, place: int) -> Counted:
        """What the combination that explains most of a coordinate of a column says of that column."""
        mix = self._best(block)[:, place]
        loudest = np.argsort(-np.abs(mix) * self.values.std(axis=1), kind="stable")[:_TENTHS]
        units = np.eye(len(mix), dtype=np.int64)[loudest].tolist()
        tenths = [
            tenths_of(self.values[i], self.question.cuts(Lifted(tuple(unit), 1)))
            for i, unit in zip(loudest.tolist(), units, strict=True)
        ]
        levels, classes = self.one.rows.levels, [self.question.prior.classes[block]]
        drawn = Drawn(levels, [block], classes)
        return drawn.counted([self._cells(mix)], tenths, self.question.limits.certain)

    def beyond(self, block: int) -> FloatArray:
        """Of each coordinate of a column, the share of its variance that the best combination of the answers explains
        beyond the best answer."""
        towards, total = self._towards(block), self._total
        together = (self._best(block) * towards).sum(axis=0)
        alone = (towards**2 / np.diag(total)[:, None]).max(axis=0)
        own = self._coordinates(block).var(axis=0)
        return np.asarray(np.divide(together - alone, own, out=np.zeros(len(own)), where=own > 0))

    def _cells(self, mix: FloatArray) -> IntArray:
        width = self.sd * float(np.linalg.norm(mix)) / _STEPS
        return np.floor(mix @ self.answers / width).astype(np.int64)

    def _best(self, block: int) -> FloatArray:
        return np.asarray(np.linalg.solve(self._total, self._towards(block)))

    @cached_property
    def _total(self) -> FloatArray:
        """Covariance of the answers with noise."""
        return np.atleast_2d(np.cov(self.values)) + self.sd**2 * np.eye(len(self.values))

    def _towards(self, block: int) -> FloatArray:
        """Covariance of the answers with the coordinates of a column, float64 ``[answers, coordinates]``."""
        own = self._coordinates(block)
        centred = self.values[:, : len(own)] - self.values[:, : len(own)].mean(axis=1, keepdims=True)
        return np.asarray(centred @ (own - own.mean(axis=0)) / len(own))

    def _coordinates(self, block: int) -> FloatArray:
        return _coordinates(self.question, self.one, block)


def _coordinates(question: FormQuestion, one: AtPublic, block: int) -> FloatArray:
    """Of some drawn rows, the coordinates of a column, float64 ``[rows, coordinates]``."""
    table = question.blocks.rows(one.rows.levels[:_ROWS].astype(np.int64))
    return np.asarray(table[:, question.blocks.slices[block]], dtype=np.float64)


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
    own = _coordinates(question, one, block)
    own = own - own.mean(axis=0)
    towards = answers @ own
    explained = (np.linalg.pinv(answers @ answers.T, hermitian=True) @ towards * towards).sum(axis=0)
    total = (own**2).sum(axis=0)
    return np.asarray(np.divide(explained, total, out=np.zeros(len(total)), where=total > 0))
