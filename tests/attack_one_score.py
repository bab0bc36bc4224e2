"""What somebody learns from one exact score who knows the public columns and the tree of a reference.

Nothing is drawn: over the tree, the joint distribution of every column's class with the score is a product of small
transforms (the score's part of each column multiplies in the Fourier domain), and the likeliest record for every value
of the score comes from the same recursion with the maximum in place of the sum. What the *tenth* of the score says, the
baseline, comes from the same tables: its tenth among the rows with the same public columns, which the attacker knows
(as :mod:`pyfe.leakage.attack` has it), and, as the stricter yardstick, its tenth among all rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage import Reference
from pyfe.leakage.prior.forest import class_marginals

__all__ = ["Learned", "OneScore"]

ComplexArray = npt.NDArray[np.complex128]

CERTAIN = 0.95
_TIE = 1e-9
"""Logarithms of probabilities that are equal but for rounding."""


@dataclass(frozen=True)
class Learned:
    """Of one row. ``opened``: chance that the likeliest record with the row's score is the row, every level of it;
    ``certain``: for each private column, whether a class is certain, and right. The same from the score's tenth among
    rows with the same public columns, and from its tenth among all rows."""

    opened: float
    certain: FloatArray
    opened_by_tenth: float
    certain_by_tenth: FloatArray
    opened_by_tenth_of_all: float
    certain_by_tenth_of_all: FloatArray


@dataclass(frozen=True, eq=False)
class Best:
    """The greatest log-probability for each score from 0 on, and how many ways reach it; ``[classes, scores]``."""

    value: FloatArray
    ways: FloatArray

    def or_(self, other: Best) -> Best:
        """The better of two; where they are equal, the ways add up."""
        top = np.maximum(self.value, other.value)
        mine, theirs = self.value >= top - _TIE, other.value >= top - _TIE
        return Best(top, np.where(np.isneginf(top), 0.0, self.ways * mine + other.ways * theirs))

    def beside(self, other: Best) -> Best:
        """Both at once: scores add up."""
        small, large = sorted((self, other), key=lambda one: one.value.shape[1])
        width = small.value.shape[1] + large.value.shape[1] - 1
        found = Best.nothing(len(large.value), width)
        for shift in range(small.value.shape[1]):
            moved = large.moved(shift, width, small.value[:, shift], small.ways[:, shift])
            found = found.or_(moved)
        return found

    def moved(self, shift: int, width: int, value: FloatArray, ways: FloatArray) -> Best:
        """The same at larger scores, with something more to happen, ``[classes]``."""
        found = Best.nothing(len(self.value), width)
        part = slice(shift, shift + self.value.shape[1])
        found.value[:, part] = self.value + value[:, None]
        found.ways[:, part] = self.ways * ways[:, None]
        return found

    def over_classes(self, log_table: FloatArray) -> Best:
        """The best class of this column for each class of its parent; log_table ``[parent's classes, classes]``."""
        found = Best.nothing(len(log_table), self.value.shape[1])
        for own in range(len(self.value)):
            reached = Best(log_table[:, own, None] + self.value[own], np.broadcast_to(self.ways[own], found.ways.shape))
            found = found.or_(reached)
        return found

    @classmethod
    def nothing(cls, classes: int, width: int) -> Best:
        """No way at all."""
        return cls(np.full((classes, width), -np.inf), np.zeros((classes, width)))


class OneScore:
    """A score of integer weights ``[n]`` on a reference's schema; constants count nothing."""

    def __init__(self, reference: Reference, weights: IntArray) -> None:
        self.blocks, kept = reference.blocks, reference.kept
        shares = self.blocks.shares(weights)
        self._shares = [share - share.min() for share in shares]
        self._classes, self._marginals = kept.classes, kept.marginals
        self._masses = class_marginals(kept.marginals, kept.classes)
        self._children: list[list[tuple[int, FloatArray]]] = [[] for _ in shares]
        for (parent, child), table in zip(kept.edges, kept.tables, strict=True):
            self._children[parent].append((child, table / table.sum(axis=1, keepdims=True)))
        below = {child for _, child in kept.edges}
        self._roots = [block for block in range(len(shares)) if block not in below]
        self._within = [p / mass[of] for p, mass, of in zip(self._marginals, self._masses, self._classes, strict=True)]
        self._tables: dict[tuple[int, ...], tuple[list[FloatArray], Best]] = {}

    def learned(self, levels: IntArray) -> Learned:
        """What the score of a row says of it; levels ``[nb]`` of all columns."""
        known = {block: int(levels[block]) for block in np.flatnonzero(self.blocks.public).tolist()}
        key = tuple(known.values())
        if key not in self._tables:
            self._tables[key] = self._joint(known), self._best(known)
        joint, best = self._tables[key]
        score = sum(int(self._shares[block][levels[block]]) for block in self.blocks.private)
        moved = sum(int(self._shares[block][level]) for block, level in known.items())
        size, own = best.value.shape[1], self._log_probability(levels, known)
        tenths = _tenths_of(joint[0].sum(axis=0)) if joint else np.zeros(size, dtype=np.int64)
        of_all = self._tenths[moved : moved + size]
        told = [np.arange(size) == score, tenths == tenths[score], of_all == of_all[score]]
        parts = [(_chance(best, scores, own), self._certain(joint, scores, levels)) for scores in told]
        return Learned(*parts[0], *parts[1], *parts[2])

    @cached_property
    def _tenths(self) -> IntArray:
        """The tenth of every value of the whole score, public columns included."""
        return _tenths_of(self._distribution({}, range(len(self.blocks))))

    def _certain(self, joint: Sequence[FloatArray], scores: npt.NDArray[np.bool_], levels: IntArray) -> FloatArray:
        found = []
        for block, table in zip(self.blocks.private, joint, strict=True):
            masses = table[:, scores].sum(axis=1)
            likely = int(masses.argmax())
            right = likely == int(self._classes[block][levels[block]])
            found.append(float(right and masses[likely] >= CERTAIN * masses.sum()))
        return np.array(found)

    # -- sums: in the Fourier domain --

    def _width(self, blocks: Sequence[int] | range) -> int:
        return sum(int(self._shares[block].max()) for block in blocks) + 1

    def _level_parts(self, known: dict[int, int], counted: Sequence[int] | range, size: int) -> list[ComplexArray]:
        """What the levels of every class of every block add, ``[classes, size]``."""
        waves = np.exp(-2j * np.pi * np.arange(size) / size)
        found = []
        for block, (classes, within) in enumerate(zip(self._classes, self._within, strict=True)):
            mass = within if block not in known else (np.arange(len(within)) == known[block]).astype(np.float64)
            part = np.zeros((len(self._masses[block]), size), dtype=np.complex128)
            shares = self._shares[block] if block in counted else np.zeros_like(self._shares[block])
            for level in np.flatnonzero(mass):
                part[classes[level]] += mass[level] * waves[np.arange(size) * shares[level] % size]
            found.append(part)
        return found

    def _distribution(self, known: dict[int, int], counted: Sequence[int] | range) -> FloatArray:
        size = self._width(counted)
        parts = self._level_parts(known, counted, size)
        total = np.ones(size, dtype=np.complex128)
        for root in self._roots:
            total *= self._masses[root] @ self._upward(root, parts)[root]
        return np.maximum(np.fft.ifft(total).real, 0.0)

    def _upward(self, block: int, parts: list[ComplexArray]) -> dict[int, ComplexArray]:
        """Of the columns below one: what their part of the tree adds, given their own class."""
        found: dict[int, ComplexArray] = {}
        own = parts[block].copy()
        for child, table in self._children[block]:
            found |= self._upward(child, parts)
            own *= table @ found[child]
        found[block] = own
        return found

    def _joint(self, known: dict[int, int]) -> list[FloatArray]:
        """P(class, score) of every private column, up to one factor for all: float64 ``[classes, scores]``."""
        private = self.blocks.private
        size = self._width(private)
        parts = self._level_parts(known, private, size)
        upward = {block: up for root in self._roots for block, up in self._upward(root, parts).items()}
        totals = [self._masses[root] @ upward[root] for root in self._roots]
        outside: dict[int, ComplexArray] = {}
        for place, root in enumerate(self._roots):
            others = np.ones(size, dtype=np.complex128)
            for total in totals[:place] + totals[place + 1 :]:
                others = others * total
            outside[root] = self._masses[root][:, None] * others
            self._downward(root, parts, upward, outside)
        return [np.maximum(np.fft.ifft(outside[block] * upward[block], axis=1).real, 0.0) for block in private]

    def _downward(
        self, block: int, parts: list[ComplexArray], upward: dict[int, ComplexArray], outside: dict[int, ComplexArray]
    ) -> None:
        """What all the tree but what lies below a child adds, given the child's class."""
        children = self._children[block]
        messages = [table @ upward[child] for child, table in children]
        for place, (child, table) in enumerate(children):
            rest = outside[block] * parts[block]
            for message in messages[:place] + messages[place + 1 :]:
                rest = rest * message
            outside[child] = table.T @ rest
            self._downward(child, parts, upward, outside)

    # -- maxima --

    def _best(self, known: dict[int, int]) -> Best:
        """The likeliest record for each score, given the public levels: ``[1, scores]``."""
        found = Best(np.zeros((1, 1)), np.ones((1, 1)))
        for root in self._roots:
            found = found.beside(self._best_below(root, known).over_classes(np.log(self._masses[root])[None, :]))
        return found

    def _best_below(self, block: int, known: dict[int, int]) -> Best:
        classes = len(self._masses[block])
        below = Best(np.zeros((classes, 1)), np.ones((classes, 1)))
        for child, table in self._children[block]:
            below = below.beside(self._best_below(child, known).over_classes(np.log(table)))
        level_classes, seen = self._classes[block], known.get(block)
        shares = np.zeros_like(self._shares[block]) if seen is not None else self._shares[block]
        width = below.value.shape[1] + int(shares.max())
        found = Best.nothing(classes, width)
        for level in range(len(shares)) if seen is None else [seen]:
            value = np.full(classes, -np.inf)
            value[level_classes[level]] = 0.0 if seen is not None else np.log(self._within[block][level])
            found = found.or_(below.moved(int(shares[level]), width, value, np.ones(classes)))
        return found

    def _log_probability(self, levels: IntArray, known: dict[int, int]) -> float:
        """Of a record, in the measure of :meth:`_best`."""
        classes = [int(of[level]) for of, level in zip(self._classes, levels, strict=True)]
        total = sum(float(np.log(self._masses[root][classes[root]])) for root in self._roots)
        for parent, children in enumerate(self._children):
            total += sum(float(np.log(table[classes[parent], classes[child]])) for child, table in children)
        return total + sum(float(np.log(self._within[b][levels[b]])) for b in range(len(levels)) if b not in known)


def _tenths_of(masses: FloatArray) -> IntArray:
    """The tenth of a distribution, up to a factor, that each of its values lies in."""
    share = masses / masses.sum()
    tenths: IntArray = np.minimum(np.floor(10 * (np.cumsum(share) - share / 2) + 1e-9), 9).astype(np.int64)
    return tenths


def _chance(best: Best, scores: npt.NDArray[np.bool_], own: float) -> float:
    """That a record of this log-probability is chosen among the likeliest of these scores."""
    value, ways = best.value[0, scores], best.ways[0, scores]
    top = float(value.max())
    return 1.0 / float(ways[value >= top - _TIE].sum()) if own >= top - _TIE * 10 else 0.0
