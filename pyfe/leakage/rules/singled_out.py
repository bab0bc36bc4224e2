"""Combinations of several scores that say more than each of them, with whatever coefficients.

Answers are exact, so a combination of large coefficients is as good to whoever holds them as a score that was asked
for: ``x_0 = Z_1 + 2 Z_2 - Z_3`` is open, however far it is from every row of Z and every sum or difference of two. Each
that is found here is judged as if it had been asked for.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import AnyArray, BoolArray, FloatArray, exact_array
from pyfe.leakage.lattice import DELTA, Free, integers
from pyfe.leakage.prior import Prior
from pyfe.leakage.rules.covariance import Covariance, covariance_of

__all__ = ["LEAST_SHARE", "best_shares", "singled_out", "small_combinations"]

LEAST_SHARE = 1 / 3
"""Share of a combination's variance that a column explains, from which the combination is counted."""

_MOST_BLOCKS = 4
"""Columns a score that are looked at, those first that are explained best. Of independent columns no more than three
can be explained so well, since the shares of all sum up to the number of scores."""

_PLACES = 40
"""Binary places of variances in exact arithmetic."""

_NOTHING = 1e-9

Row = list[int]


def best_shares(rows: Sequence[Row], prior: Prior, free: Free) -> dict[int, float]:
    """Of each private block the largest share of the variance of any real combination of the scores that it explains,
    public columns known: the square of its canonical correlation with all scores (Hotelling, Biometrika 28, 1936)."""
    return _Parts.of(rows, prior, free, np.ones(len(free), dtype=np.bool_)).best_shares()


def singled_out(rows: Sequence[Row], prior: Prior, free: Free, certain: float) -> list[Row]:
    """The integer combinations of the scores that vary least; and for each private block the one that says most of it:
    of those in which all other columns vary least, the one of whose variance the block explains most,
    :data:`LEAST_SHARE` or more of it; of :data:`_MOST_BLOCKS` blocks a score. Rows over the free coordinates, each
    once.

    They are short vectors of the lattice of coefficients in the metric of the covariance, and in that given the block,
    by LLL. Columns of which one class is ``certain`` beforehand count as known: what is hidden behind rare values alone
    is open in all other rows. Cost: an LLL of r x r numbers for each block that is explained so well.
    """
    parts = _Parts.of(rows, prior, free, _open(prior, free, certain))
    wide: AnyArray = np.array(rows, dtype=object)
    found = {_signed(row): None for row in (_short(parts.gram) @ wide).tolist()}
    for block in parts.explained_best(_MOST_BLOCKS * len(rows)):
        explained = parts.explained(block)
        mixes = _short(parts.gram - explained)
        shares = _quadratic(mixes, explained) / np.maximum(_quadratic(mixes, parts.gram), np.finfo(np.float64).tiny)
        best = int(shares.argmax())
        if shares[best] >= LEAST_SHARE:
            found[_signed((mixes[best] @ wide).tolist())] = None
    return [list(row) for row in found]


def small_combinations(rows: Sequence[Row]) -> list[Row]:
    """Of two scores the combinations with coefficients from -2 to 2, of three their sums with any signs; each once, but
    for sums and differences of two. More would take minutes to count for fine scores."""
    wide: AnyArray = np.array(rows, dtype=object)
    found = []
    values = {2: range(-2, 3), 3: (-1, 1)}.get(len(rows), ())
    for mix in product(values, repeat=len(rows)):
        if mix[0] > 0 and math.gcd(*mix) == 1 and sum(map(abs, mix)) > 2:
            found.append((np.array(mix, dtype=object) @ wide).tolist())
    return found


def _signed(row: Row) -> tuple[int, ...]:
    """A row, or its negative: one of both for either."""
    return max(tuple(row), tuple(-value for value in row))


@dataclass(frozen=True, eq=False)
class _Parts:
    """``gram``: covariance of the scores, float64 ``[r, r]``; ``towards``: theirs with the free coordinates,
    ``[r, f]``; ``places``: of the blocks that are looked at."""

    covariance: Covariance
    places: dict[int, slice]
    towards: FloatArray
    gram: FloatArray

    @classmethod
    def of(cls, rows: Sequence[Row], prior: Prior, free: Free, kept: BoolArray) -> _Parts:
        """That of scores whose weights count on some free coordinates only."""
        covariance, forms = covariance_of(prior), np.array(rows, dtype=np.float64) * kept
        towards = covariance.times(forms)
        places = {block: place for block, place in free.places.items() if kept[place].all()}
        return cls(covariance, places, towards, towards @ forms.T)

    def explained(self, block: int) -> FloatArray:
        """What a block explains of the covariance of the scores, float64 ``[r, r]``."""
        place = self.places[block]
        part, own = self.towards[:, place], self.covariance.block(place)
        if len(own) == 1:  # hundreds of numbers, one matrix each
            return np.outer(part, part) / own[0, 0] if own[0, 0] > 0 else np.zeros_like(self.gram)
        return np.asarray(part @ np.linalg.pinv(own, hermitian=True) @ part.T)

    def explained_best(self, most: int) -> list[int]:
        """The blocks that explain :data:`LEAST_SHARE` or more of some combination, at most so many."""
        shares = self.best_shares()
        enough = [block for block in shares if shares[block] >= LEAST_SHARE]
        return sorted(enough, key=lambda block: (-shares[block], block))[:most]

    def best_shares(self) -> dict[int, float]:
        """Of each block, the share that it explains of the combination of which it explains most."""
        inverse = np.linalg.pinv(self.gram, hermitian=True)
        alone = ((inverse @ self.towards) * self.towards).sum(axis=0)  # c' G^-1 c of each coordinate
        found = {}
        for block, place in self.places.items():
            own = self.covariance.block(place)
            if len(own) == 1:
                found[block] = float(alone[place.start] / own[0, 0]) if own[0, 0] > 0 else 0.0
            else:
                found[block] = float(np.linalg.eigvals(inverse @ self.explained(block)).real.max())
        return found


def _quadratic(mixes: AnyArray, matrix: FloatArray) -> FloatArray:
    """``c' M c`` of each combination c."""
    rows = mixes.astype(np.float64)
    return np.asarray(((rows @ matrix) * rows).sum(axis=1))


def _open(prior: Prior, free: Free, certain: float) -> BoolArray:
    """Which free coordinates belong to columns of which no class is certain beforehand."""
    kept = np.zeros(len(free), dtype=np.bool_)
    for block, places in free.places.items():
        kept[places] = np.bincount(prior.classes[block], weights=prior.marginals[block]).max() < certain
    return kept


def _short(metric: FloatArray) -> AnyArray:
    """Combinations, integers ``[r, r]``, that are short in a metric: a basis of Z^r, reduced by LLL."""
    top = float(np.abs(metric).max())
    scale = 2.0**_PLACES / (top if top > 0 else 1.0)
    whole = np.rint((metric + metric.T) * (scale / 2)).astype(np.int64)
    np.fill_diagonal(whole, np.diag(whole) + round(2.0**_PLACES * _NOTHING))  # where nothing varies, the shorter one
    _, transform = fmpz_mat(whole.tolist()).lll(True, DELTA, 0.51, "gram")
    return exact_array(integers(transform))
