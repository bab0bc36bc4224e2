"""All records that a schema can hold, weighed by the prior's tree: the exact attack, where there are few enough."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from pyfe.arrays import FloatArray, IntArray, integer_array
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.leakage.attack.guess import Guess, prior_guess
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior import Prior, require_prior

__all__ = ["MOST_RECORDS", "enumeration"]

MOST_RECORDS = 3 * 10**6
"""Private records that are looked at, for each value of the public columns."""

_PIECE = 2**17


def enumeration(
    evaluate: Callable[[IntArray], IntArray],
    answers: IntArray,
    prior: Prior,
    public: IntArray | None = None,
    *,
    by_tenth: bool = False,
    noise_sd: float = 0.0,
) -> Guess:
    """The classes and the record that are likeliest given the answers of any functions, by the prior's tree.

    evaluate: from coordinates int64 ``[m, n]`` to answers int64 ``[m, k]`` (``function.map.evaluate``). answers: int64
    ``[m, k]``. public: levels int64 ``[m, public]`` of the public columns, if there are any. by_tenth: what follows
    from the tenth of each answer alone, among the records with these public columns. noise_sd: standard deviation of
    the noise in each answer (:func:`pyfe.noise`), 0 for none; then answers need not be those of any record.

    Bayes' rule on every record: no attack that knows no more is right more often. OutOfRangeError for more than
    :data:`MOST_RECORDS` private records, ParameterError for answers that none of them has. Cost: an evaluation of all
    of them for each value of the public columns, and a sort.
    """
    require_prior(prior)
    blocks, answers = prior.blocks, integer_array(answers, "answers")
    asked: object = evaluate
    if not callable(asked) or answers.ndim != 2 or not answers.size:
        raise ParameterError("an enumeration needs a function of coordinates, and answers [records, outputs] of it")
    if noise_sd and by_tenth:
        raise ParameterError("a tenth is that of an answer without noise")
    if public is None:
        public = np.zeros((len(answers), 0), dtype=np.int64)
    if public.shape != (len(answers), int(blocks.public.sum())):
        raise ParameterError("an enumeration needs the levels of every public column")
    size = math.prod(blocks.sizes[b] for b in blocks.private)
    if size > MOST_RECORDS:
        raise OutOfRangeError(f"{size} private records are more than the {MOST_RECORDS} that are enumerated")
    guess = prior_guess(prior, len(answers))
    values, which = np.unique(public, axis=0, return_inverse=True)
    for index, value in enumerate(values):
        rows = np.flatnonzero(which.reshape(-1) == index)
        told = _Records.of(evaluate, prior, value)
        found = (
            told.behind_noise(answers[rows], noise_sd) if noise_sd else told.behind(answers[rows], by_tenth=by_tenth)
        )
        guess.levels[rows], guess.classes[rows], guess.chance[rows] = found
    return guess


@dataclass(frozen=True, eq=False)
class _Records:
    """All private records, in the order of their numbers, beside one value of the public columns: their answers int64
    ``[records, k]`` and probabilities."""

    prior: Prior
    answers: IntArray
    mass: FloatArray

    @classmethod
    def of(cls, evaluate: Callable[[IntArray], IntArray], prior: Prior, public: IntArray) -> _Records:
        answers, likely = [], []
        for levels in _all_levels(prior.blocks, public):
            answers.append(evaluate(prior.blocks.rows(levels)))
            likely.append(prior.log_likelihood(levels))
        log = np.concatenate(likely)
        mass = np.exp(log - log.max())
        return cls(prior, np.concatenate(answers), mass / mass.sum())

    def behind(self, answers: IntArray, *, by_tenth: bool) -> tuple[IntArray, IntArray, FloatArray]:
        """Levels, classes and chances of the records with these answers."""
        count = len(answers)
        labels = np.unique(np.concatenate([answers, self.answers]), axis=0, return_inverse=True)[1].reshape(-1)
        missing = ~np.isin(labels[:count], labels[count:])
        if missing.any():
            raise ParameterError(f"no record has the answers {answers[missing][0].tolist()}")
        if by_tenth:
            first = np.zeros(int(labels.max()) + 1, dtype=np.int64)
            first[labels[count:]] = np.arange(len(self.answers))
            tenths = self._tenths()
            labels = np.concatenate([tenths[first[labels[:count]]], tenths])
        groups, members = np.unique(labels[count:], return_inverse=True)
        found = np.searchsorted(groups, labels[:count])
        best = self._likeliest(members.reshape(-1), len(groups))[found]
        numbers = members.reshape(-1)
        parts = [self._classes(place, numbers, len(groups), self.mass) for place in range(len(self._private))]
        classes = np.stack([classes for classes, _ in parts], axis=1)[found]
        chance = np.stack([chance for _, chance in parts], axis=1)[found]
        levels = np.stack(np.unravel_index(best, self._sizes), axis=1).astype(np.int64)
        return levels, classes.astype(np.int64), chance

    def behind_noise(self, answers: IntArray, sd: float) -> tuple[IntArray, IntArray, FloatArray]:
        """The same for answers with Gaussian noise. Cost: all records for each of them."""
        levels, classes, chance = list[IntArray](), list[IntArray](), list[FloatArray]()
        for row in answers:
            away = ((self.answers - row) / sd) ** 2
            likely = self.mass * np.exp(-(away.sum(axis=1) - away.sum(axis=1).min()) / 2)
            everyone = np.zeros(len(likely), dtype=np.int64)
            parts = [self._classes(place, everyone, 1, likely) for place in range(len(self._private))]
            levels.append(np.array(np.unravel_index(int(likely.argmax()), self._sizes), dtype=np.int64))
            classes.append(np.array([found[0] for found, _ in parts], dtype=np.int64))
            chance.append(np.array([share[0] for _, share in parts]))
        return np.array(levels), np.array(classes), np.array(chance)

    @property
    def _private(self) -> tuple[int, ...]:
        return self.prior.blocks.private

    @property
    def _sizes(self) -> tuple[int, ...]:
        return tuple(self.prior.blocks.sizes[b] for b in self._private)

    def _tenths(self) -> IntArray:
        """A number for the tenths of all answers together."""
        found = np.zeros(len(self.answers), dtype=np.int64)
        for column in self.answers.T:
            values, place = np.unique(column, return_inverse=True)
            mass = np.bincount(place.reshape(-1), weights=self.mass, minlength=len(values))
            tenth = np.floor(10 * (np.cumsum(mass) - mass / 2) + 1e-9).clip(0, 9).astype(np.int64)
            found = 10 * found + tenth[place.reshape(-1)]
        return found

    def _likeliest(self, members: IntArray, groups: int) -> IntArray:
        order = np.argsort(self.mass, kind="stable")
        best = np.zeros(groups, dtype=np.int64)
        best[members[order]] = order  # the last one that is written stays
        return best

    def _classes(self, place: int, members: IntArray, groups: int, mass: FloatArray) -> tuple[IntArray, FloatArray]:
        """In each group, the likeliest class of a column, and its share of the group."""
        sizes = self._sizes
        inner = math.prod(sizes[place + 1 :])
        classes = self.prior.classes[self._private[place]]
        of = classes[np.arange(len(members)) // inner % sizes[place]]
        count = int(classes.max()) + 1
        joint = np.bincount(members * count + of, weights=mass, minlength=groups * count).reshape(groups, count)
        return joint.argmax(axis=1), joint.max(axis=1) / joint.sum(axis=1)


def _all_levels(blocks: Blocks, public: IntArray) -> Iterator[IntArray]:
    sizes = tuple(blocks.sizes[b] for b in blocks.private)
    total = math.prod(sizes)
    for start in range(0, total, _PIECE):
        numbers = np.arange(start, min(start + _PIECE, total))
        levels = np.empty((len(numbers), len(blocks)), dtype=np.int64)
        levels[:, blocks.public] = public
        levels[:, list(blocks.private)] = np.stack(np.unravel_index(numbers, sizes), axis=1)
        yield levels
