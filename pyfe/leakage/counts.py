"""What answers say about the columns of a population's rows: counted, by the core, not estimated.

:class:`Score` is one score of *independent* columns, and exact: its distribution is the product of the polynomials
``sum_l p_l X^(share_l)`` of its columns, and what it says about a column follows from the product of all others.
:class:`Drawn` are sampled rows, whose columns may depend on each other, and their joint answers to several scores.
Both give the same figures, :class:`Counted`: how often a column's class is guessed, and for which share of the rows it
is certain, by the answer and, as a baseline, by the tenth of the distribution that the answer lies in.

Nothing here is secret: what comes in are weights and frequencies, and the time depends on all of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from pyfe._core import counting as _native
from pyfe.arrays import ByteArray, FloatArray, IntArray, as_array
from pyfe.errors import OutOfRangeError, ParameterError

__all__ = [
    "CERTAIN",
    "FEW",
    "MOST_RESIDUE",
    "MOST_WORK",
    "TENTHS",
    "Counted",
    "Drawn",
    "Matched",
    "Score",
    "cuts_of",
    "residue_posterior",
    "tenths_of",
]

CERTAIN = 0.95
"""Probability from which a class counts as certain."""

FEW = 20
"""Sampled rows with the same answers that it takes to guess from them."""

MOST_WORK = 3 * 10**10
"""Width of a score times the levels of its columns, beyond which it is too fine to count."""

MOST_RESIDUE = _native.MOST_WIDTH
"""Largest modulus that is counted."""


TENTHS = np.arange(1, 10) / 10
"""The shares below the nine cuts between tenths."""

_MOST_COUNTED = 2**20
"""Widest range of answers whose values are counted one by one instead of being sorted."""


@dataclass(frozen=True, eq=False)
class Counted:
    """What answers say about each of some columns; arrays are float64 ``[columns]``, shares of rows.

    gain: by how much more often a column's class is guessed with the answer than without it.
    sure: rows whose answer makes a class certain; 0 where one is certain beforehand.
    rare: rows whose answer makes a class certain that is not the commonest.
    tenth_gain, tenth_sure: the same from the tenth of the distribution alone.
    thin: rows with fewer than :data:`FEW` neighbours, of whom nothing was guessed; 0 where counting is exact.
    """

    gain: FloatArray
    sure: FloatArray
    rare: FloatArray
    tenth_gain: FloatArray
    tenth_sure: FloatArray
    thin: float = 0.0

    @property
    def excess_gain(self) -> FloatArray:
        """By how much the answer lifts the guess above what its tenth does."""
        return self.gain - self.tenth_gain

    @property
    def excess_sure(self) -> FloatArray:
        """Rows made certain above those that their tenth makes certain."""
        return self.sure - self.tenth_sure

    @classmethod
    def mean(cls, counts: Sequence[Counted]) -> Counted:
        """The mean of several counts of the same columns; ``thin`` is that of the thinnest."""
        names = ("gain", "sure", "rare", "tenth_gain", "tenth_sure")
        means = {name: np.mean([getattr(one, name) for one in counts], axis=0) for name in names}
        return cls(**means, thin=max(one.thin for one in counts))


class Score:
    """A score of independent columns.

    shares: what the levels of each column add, int64 ``[levels]`` a column; marginals: their probabilities, float64
    ``[levels]``. Classes are int64 ``[levels]`` in 0..7. A column that adds the same at every level may stand among
    them. The score is counted from its least value on and in steps of the greatest common divisor.

    width: its largest value then. work: the width times the levels of all columns; beyond :data:`MOST_WORK`, or with a
    width beyond 2^24, it is not ``countable``, and what counts raises OutOfRangeError.
    """

    def __init__(self, shares: Sequence[IntArray], marginals: Sequence[FloatArray]) -> None:
        _require_pairs(shares, marginals)
        above = [share - share.min() for share in shares]
        step = int(np.gcd.reduce(np.concatenate([*above, np.zeros(1, dtype=np.int64)]))) or 1
        self._shares = above if step == 1 else [share // step for share in above]
        self._marginals = [np.ascontiguousarray(mass, dtype=np.float64) for mass in marginals]
        self.width = sum(int(share.max()) for share in self._shares)
        self.work = self.width * sum(len(share) for share in self._shares)

    @property
    def countable(self) -> bool:
        """Whether it is not too fine to count."""
        return self.work <= MOST_WORK and self.width <= _native.MOST_WIDTH

    @cached_property
    def distribution(self) -> FloatArray:
        """P(z) for z = 0..width, float64: right to about 1e-16 absolutely. Cost: O(width log^2 width)."""
        self._require_countable()
        return _native.distribution(self._shares, self._marginals)

    @property
    def entropy_bits(self) -> float:
        """Of the distribution."""
        mass = self.distribution[self.distribution > 0]
        return float(-(mass * np.log2(mass)).sum())

    def beside(self, classes: Sequence[IntArray], certain: float = CERTAIN) -> Counted:
        """What it says about the class of each column.

        The tenth of an answer is ``floor(10 (P(less) + P(equal) / 2) + 1e-9)``: sums of doubles are no nearer to a cut.
        Cost: ``work / 3`` ns and, for each column, two Fourier transforms of the width, over all threads.
        """
        self._require_countable()
        labels = [_labels(table) for table in classes]
        common, right, sure, rare, tenth_right, tenth_sure, _ = _native.beside(
            self._shares, self._marginals, labels, certain
        ).T
        open_ = _not_yet(common, certain)
        return Counted(right - common, sure * open_, rare, tenth_right - common, tenth_sure * open_)

    def _require_countable(self) -> None:
        if not self.countable:
            raise OutOfRangeError(f"too fine to count: a score of {self.width + 1} values over all levels")


def _require_pairs(shares: Sequence[IntArray], marginals: Sequence[FloatArray]) -> None:
    """ParameterError unless each column has integers, and a probability for each."""
    given: tuple[object, object] = (shares, marginals)
    if not all(isinstance(part, Iterable) for part in given) or len(shares) != len(marginals):
        raise ParameterError("a score has shares and marginals, one of each for every column")
    for share, mass in zip(shares, marginals, strict=True):
        adds, likely = as_array(share, "shares"), as_array(mass, "marginals")
        if adds.dtype.kind not in "iu" or adds.ndim != 1 or likely.shape != adds.shape or not adds.size:
            raise ParameterError("a column of a score has an integer for each of its levels, and a probability")
        if likely.dtype.kind != "f" or not np.isfinite(likely).all() or (likely < 0).any():
            raise ParameterError("probabilities of levels are finite numbers from 0 on")


def residue_posterior(
    shares: Sequence[IntArray], marginals: Sequence[FloatArray], modulus: int, certain: float = CERTAIN
) -> list[tuple[float, float]]:
    """What the sum of independent columns modulo a number says about the level of each: by how much it lifts the best
    guess, and for which share of rows it makes a level certain (0 where one is beforehand).

    shares: what each level adds, int64 ``[levels]`` of any sign. OutOfRangeError unless 2 <= modulus <= 2^24.
    By dynamic programming over Z_modulus. Cost: O(log(columns) modulus) for each level.
    """
    folded = [share % max(modulus, 1) for share in shares]
    found = _native.residues(folded, [np.ascontiguousarray(mass) for mass in marginals], modulus, certain)
    return [(float(gain), float(sure)) for gain, sure in found]


@dataclass(frozen=True, eq=False)
class Matched:
    """What their neighbours say about some rows, the targets.

    records: share of the targets whose classes are all named by the neighbours' commonest record (a share of a target
        where several are commonest). certain: for each column, share of the targets for whom a class is certain, and
        right; float64 ``[columns]``. thin: share of the targets with fewer than :data:`FEW` neighbours, of whom nothing
        is named.
    """

    records: float
    certain: FloatArray
    thin: float


class Drawn:
    """Rows drawn from a prior, kept by the core.

    levels: int16 ``[rows, columns]``; columns, classes: which columns are guessed, and the class of each of their
    levels, int64 ``[levels]`` in 0..7. Answers are int64 ``[rows]``, one array a score. ParameterError for a level that
    a table does not have. Cost: the rows are copied.
    """

    def __init__(self, levels: npt.NDArray[np.int16], columns: Sequence[int], classes: Sequence[IntArray]) -> None:
        by_column = np.ascontiguousarray(levels.T, dtype=np.int16)
        self._native = _native.Sample(by_column, list(columns), [_labels(table) for table in classes])

    def __len__(self) -> int:
        """Number of rows."""
        return len(self._native)

    def answers(self, shares: Sequence[IntArray]) -> IntArray:
        """The rows' answers to a score; shares: int64 ``[levels]`` for every column, the public ones included."""
        return self._native.answers([np.ascontiguousarray(share, dtype=np.int64) for share in shares])

    def counted(self, answers: Sequence[IntArray], tenths: Sequence[IntArray], certain: float = CERTAIN) -> Counted:
        """What joint answers say, guessed from the first half of the rows and judged on the second.

        Answers with fewer than :data:`FEW` rows in the first half are not guessed from: there, the commonest class
        counts. ``tenths``: of each answer the tenth, 0..9. Cost: some ms for 10^5 rows of 30 columns.
        """
        thin, columns = self._native.tally(list(answers), FEW, certain)
        _, by_tenths = self._native.tally(list(tenths), FEW, certain)
        return _told(thin, columns, by_tenths[:, 2:4], certain)

    def counted_by_cuts(
        self, answers: IntArray, cuts: FloatArray, known: float = 0.0, certain: float = CERTAIN
    ) -> Counted:
        """The same for the answers to one score; its tenth is how many of the nine cuts ``answer + known`` reaches."""
        thin, columns = self._native.tally_beside_tenths(answers, cuts, known, FEW, certain)
        return _told(thin, columns, columns[:, 5:], certain)

    def matched(
        self, scores: Sequence[Sequence[IntArray]], targets: IntArray, certain: float = CERTAIN
    ) -> tuple[Matched, Matched]:
        """What all rows but itself that have a target's answers say about it; and those whose answers lie in the same
        tenth, of each score, of all rows' answers.

        scores: of each the shares, as for ``answers``; targets: positions of rows. The tenth of an answer is how many
        of the nine cuts it reaches that ``np.quantile`` makes: answers are integers, so that a cut between two of them
        is reached by the upper one.
        """
        given = [[np.ascontiguousarray(share, dtype=np.int64) for share in score] for score in scores]
        both = self._native.matches(given, targets, FEW, certain)
        answers, tenths = (Matched(records, sure, thin) for records, thin, sure in both)
        return answers, tenths


def cuts_of(answers: IntArray) -> FloatArray:
    """``np.quantile(answers, TENTHS)``, float64 ``[9]``: few values are counted instead of sorted, and numpy is asked
    where between two of them each cut lies."""
    least = int(answers.min())
    if int(answers.max()) - least > _MOST_COUNTED:
        return np.asarray(np.quantile(answers.astype(np.float64), TENTHS))
    place = TENTHS * (len(answers) - 1)
    below = np.floor(place)
    ends = np.searchsorted(np.cumsum(np.bincount(answers - least)), [below, below + 1], side="right") + least
    return np.diagonal(np.quantile(ends.astype(np.float64), place - below, axis=0)).copy()


def tenths_of(values: npt.NDArray[np.float64 | np.int64], cuts: npt.NDArray[np.float64 | np.int64]) -> IntArray:
    """The tenth of each value, int64 in 0..9: how many of the nine cuts it reaches."""
    return np.searchsorted(cuts, values, side="right").astype(np.int64)


def _told(thin: float, columns: FloatArray, by_tenths: FloatArray, certain: float) -> Counted:
    """From float64 ``[columns, 5 or more]`` of the core; ``by_tenths``: what is right, and sure, ``[columns, 2]``."""
    common, prior, right, sure, rare = columns.T[:5]
    tenth_right, tenth_sure = by_tenths.T
    open_ = _not_yet(common, certain)
    return Counted(right - prior, sure * open_, rare, tenth_right - prior, tenth_sure * open_, thin)


def _not_yet(common: FloatArray, certain: float) -> FloatArray:
    """1 where the commonest class is not certain beforehand, however its probability was rounded."""
    return (common < certain * (1 - 1e-9)).astype(np.float64)


def _labels(classes: IntArray) -> ByteArray:
    return classes.astype(np.uint8)
