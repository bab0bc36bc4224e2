"""Rule 5t: the same count on rows of the tree sampler, public columns known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np

from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import Question, Verdict, largest
from tests.reference.leakage.sampler import LevelsOf, extremes, public_vectors, tree_rows
from tests.reference.leakage.schema import Bools, Floats, Ints
from tests.reference.leakage.scores import sample_deciles
from tests.reference.leakage.variables import CERTAIN, Told, verdict

KEPT, NEIGHBOURS, FINE, DRAWN, MOST = 1 << 17, 20, 0.10, 4, 0.15


@dataclass(frozen=True)
class Halves:
    """What the first half of the rows says of every answer, judged on the second: [answers, classes] row counts."""

    first: Floats
    second: Floats

    @classmethod
    def of(cls, answers: Ints, classes: Ints) -> Halves:
        half = len(answers) // 2
        shape = (int(answers.max()) + 1, int(classes.max()) + 1)
        cells = answers * shape[1] + classes
        size = shape[0] * shape[1]
        first, second = (np.bincount(part, minlength=size).reshape(shape) for part in (cells[:half], cells[half:]))
        return cls(first.astype(np.float64), second.astype(np.float64))

    @property
    def known(self) -> Bools:
        """Which answers have enough neighbours in the first half."""
        return np.asarray(self.first.sum(axis=1) >= NEIGHBOURS)

    @property
    def prior(self) -> Floats:
        return np.asarray(self.first.sum(axis=0) / self.first.sum())

    @property
    def fine(self) -> float:
        """Share of rows without enough neighbours."""
        return float(self.second[~self.known].sum() / self.second.sum())

    def right(self, chosen: Bools, guesses: Ints) -> float:
        """Share of all rows that have one of the chosen answers and the class guessed for it."""
        rows = np.flatnonzero(chosen)
        return float(self.second[rows, guesses[rows]].sum() / self.second.sum())

    def certain(self) -> tuple[Bools, Ints]:
        """Which answers make a class certain, and the best guess of every answer."""
        rows, top = self.first.sum(axis=1), self.first.max(axis=1)
        return self.known & (top >= CERTAIN * rows), self.first.argmax(axis=1)

    def sure(self) -> float:
        return 0.0 if self.prior.max() >= CERTAIN else self.right(*self.certain())

    def other(self) -> float:
        chosen, guesses = self.certain()
        return self.right(chosen & (guesses != self.prior.argmax()), guesses)

    def gain(self) -> float:
        """An answer with few neighbours leaves the prior's guess."""
        usual = int(self.prior.argmax())
        guesses = np.where(self.known, self.first.argmax(axis=1), usual)
        every = np.ones(len(guesses), dtype=np.bool_)
        return self.right(every, guesses) - self.right(every, np.full(len(guesses), usual))


def told(answers: Ints, bins: Ints, classes: Ints) -> Told:
    exact, coarse = Halves.of(answers, classes), Halves.of(bins, classes)
    return Told(exact.sure() - coarse.sure(), exact.gain() - coarse.gain(), exact.gain(), exact.other())


def numbered(values: Ints) -> Ints:
    """Answers [rows] or [rows, r] -> the same numbered 0, 1, ..."""
    if values.ndim == 1:
        return _numbered(values)
    found = np.zeros(len(values), dtype=np.int64)
    for column in values.T:
        found = numbered(found * (1 << 31) + numbered(column))
    return found


def _numbered(values: Ints) -> Ints:
    """Without sorting where the values lie close together."""
    least, most = values.min(), values.max()
    if most - least > 1 << 20:
        return np.unique(values, return_inverse=True)[1].astype(np.int64)
    moved = (values - least).astype(np.int64)
    return np.asarray((np.cumsum(np.bincount(moved) > 0) - 1)[moved])


def classes_of(prior: Prior, rows: Ints, block: int) -> Ints:
    return prior.classes[block][rows[:, block]]


@dataclass(frozen=True)
class Value:
    """One value that the holder computes, whole: integer weights [n] over a common denominator."""

    weights: Ints

    @classmethod
    def of(cls, lifted: Sequence[Fraction]) -> Value:
        common = lcm(*(weight.denominator for weight in lifted))
        whole = [int(weight * common) for weight in lifted]
        small = sum(map(abs, whole)) < 1 << 40
        return cls(np.array(whole, dtype=np.int64 if small else object))

    def at(self, coordinates: Ints) -> Ints:
        return coordinates @ self.weights


def values_of(question: Question) -> list[Value]:
    """The combinations of rule 5 with their public part."""
    rows = question.lifted
    both = [(rows[i], rows[j], sign) for j in range(len(rows)) for i in range(j) for sign in (1, -1)]
    summed = [[a + sign * b for a, b in zip(one, two, strict=True)] for one, two, sign in both]
    return [Value.of(row) for row in rows + (summed if question.rank <= 4 else [])]


def fine(answers: Ints) -> float:
    """The share of rows whose answer has too few neighbours."""
    return Halves.of(answers, np.zeros_like(answers)).fine


AtPublic = tuple[float, dict[tuple[int, int], Told]]
"""The greatest share of rows without neighbours; (value, column) -> what is told."""


def at_public(question: Question, values: Sequence[Value], kept: Sequence[Ints], rows: Ints) -> AtPublic:
    """Everything at one public value."""
    coordinates = question.schema.coordinates(rows)
    found, shares = {}, [0.0]
    for at, (value, usual) in enumerate(zip(values, kept, strict=True)):
        whole = value.at(coordinates)
        answers, bins = numbered(whole), sample_deciles(usual, whole)
        shares.append(fine(answers))
        for block in question.schema.private:
            found[at, block] = told(answers, bins, classes_of(question.prior, rows, block))
    return max(shares), found


def sampled(question: Question) -> Verdict:
    """5t for linear keys; a blind authority has rule 5 alone."""
    if question.prior.blind:
        return Verdict("5t", {}, inside=False)
    prior, values = question.prior, values_of(question)
    coordinates = question.schema.coordinates(tree_rows(prior, KEPT, question.kept_seed("kept sample")))
    kept = [value.at(coordinates) for value in values]
    drawn = public_vectors(prior, DRAWN, question.public_seed)
    found: dict[tuple[int, int], list[Told]] = {}
    shares = []
    for vector in drawn:
        share, told_ = at_public(question, values, kept, rows_given(question, vector))
        shares.append(share)
        for key, one in told_.items():
            found.setdefault(key, []).append(one)
    for vector in extremes(prior, drawn[0]):
        coordinates = question.schema.coordinates(rows_given(question, vector))
        shares += [fine(numbered(value.at(coordinates))) for value in values]
    means = [(block, Told.mean(several)) for (_, block), several in found.items()]
    verdict_ = verdict(question.schema, "5t", means, MOST, fine=largest(shares))
    return Verdict("5t", verdict_.figures, verdict_.limits | {"fine": FINE}, names=verdict_.names)


def rows_given(question: Question, public: LevelsOf) -> Ints:
    """The kept sample with these public levels."""
    seed = question.kept_seed(f"kept sample {sorted(public.items())}")
    return tree_rows(question.prior, KEPT, seed, public)
