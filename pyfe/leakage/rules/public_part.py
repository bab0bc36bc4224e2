"""What public columns add to a score that is known by its private part."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import FloatArray
from pyfe.leakage.rules.question import Question

__all__ = ["public_parts"]


def public_parts(question: Question, rows: Sequence[Sequence[int]]) -> FloatArray:
    """Weights float64 ``[k, n]`` on public coordinates of the combinations of keys whose private parts are ``rows``,
    over the free coordinates; 0 elsewhere.

    A row of Z is a rational combination of the keys, and so is what public columns add to it. Keys that say the same of
    the private columns differ by a form that everybody knows: the reduced echelon form of all keys, free coordinates
    first, leaves one choice for every basis of them. Cost: one elimination.
    """
    blocks, given = question.blocks, question.after.given
    places = [i for b in np.flatnonzero(blocks.public) for i in range(blocks.slices[b].start, blocks.slices[b].stop)]
    found = np.zeros((len(rows), blocks.schema.n))
    if not places or not given[:, places].any():
        return found
    width = len(question.free)
    joined = [[*row, *public] for row, public in zip(question.free.rows(given), given[:, places].tolist(), strict=True)]
    echelon, divisor, rank = fmpz_mat(joined).rref()
    reduced = [[int(echelon[i, j]) for j in range(echelon.ncols())] for i in range(rank)]
    pivots = [next(j for j, value in enumerate(row) if value) for row in reduced]
    kept = [(pivot, row[width:]) for pivot, row in zip(pivots, reduced, strict=True) if pivot < width]
    for k, row in enumerate(rows):
        sums = [sum(row[pivot] * part[i] for pivot, part in kept) for i in range(len(places))]
        found[k, places] = [total / int(divisor) for total in sums]
    return found
