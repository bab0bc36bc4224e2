"""Remainders of forms: which of them live on few columns, or show a column beside all others."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import AnyArray, BoolArray, FloatArray, exact_array
from pyfe.leakage.form_rules.question import Substituted
from pyfe.leakage.lattice import generated, integers
from pyfe.leakage.rules.residues import LARGEST_SCANNED, MOST_COMBINATIONS, Residue, multipliers, on_few

__all__ = ["beside", "residues"]

_SIEVED = 48
"""Monomials by which combinations are sorted out first."""


def beside(keys: Substituted, block: int) -> list[list[int]] | None:
    """The lattice that the columns of Z without a factor in a block generate, in Hermite normal form; None where it is
    all of Z^r, as that of all columns is. Cost: usually that of a few columns."""
    rank, kept = len(keys.Z), np.flatnonzero(~keys.touching[:, block]).tolist()
    for size in (8 * rank, 64 * rank, len(kept)):
        some = kept[:size]
        form = generated(fmpz_mat(rank, len(some), [row[at] for row in keys.Z for at in some]))
        if form.nrows() == rank and form.is_one():
            return None
    return integers(form)


def residues(keys: Substituted, few: int, most_paired: int) -> Iterator[Residue]:
    """What :mod:`pyfe.leakage.rules.residues` says of linear scores, over monomials, which depend on two columns: each
    once."""
    seen: set[Residue] = set()
    for residue in _listed(keys, few, most_paired):
        if residue not in seen:
            seen.add(residue)
            yield residue


def _listed(keys: Substituted, few: int, most_paired: int) -> Iterator[Residue]:
    if len(keys.Z) > 1:
        yield from _scanned(keys, few)
    for row in keys.combined(most_paired).values():
        contents: dict[int, int] = {}
        for value, blocks in zip(row, keys.owners, strict=True):
            for block in sorted(blocks) if value else ():
                contents[block] = math.gcd(contents.get(block, 0), value)
        for modulus, blocks_left in on_few(list(contents), exact_array(list(contents.values())), few):
            yield Residue(modulus, tuple(value % modulus for value in row), blocks_left)


def _scanned(keys: Substituted, few: int) -> Iterator[Residue]:
    wide, touching = np.array(keys.Z, dtype=object), keys.touching
    few = min(few, int(touching[(wide != 0).any(axis=0)].any(axis=0).sum()) // 2)
    sieve = np.unique(np.linspace(0, len(touching) - 1, _SIEVED).astype(np.int64))
    for modulus in range(2, LARGEST_SCANNED + 1):
        if modulus ** len(wide) > MOST_COMBINATIONS:
            return
        reduced = (wide % modulus).astype(np.float64)
        combined = multipliers(modulus, len(wide))
        combined = combined[_touched(combined @ reduced[:, sieve] % modulus, touching[sieve]).sum(axis=1) <= few]
        for piece in np.array_split(combined, len(combined) // 4096 + 1):
            values = piece @ reduced % modulus
            touched = _touched(values, touching)
            count = touched.sum(axis=1)
            for i in np.flatnonzero((count >= 1) & (count <= few)):
                row = tuple(int(value) for value in values[i])
                yield Residue(modulus, row, tuple(np.flatnonzero(touched[i]).tolist()))


def _touched(values: FloatArray, touching: BoolArray) -> BoolArray:
    """Of each combination, which blocks it is not zero on."""
    return np.asarray((values != 0).astype(np.float32) @ touching.astype(np.float32) > 0)


def modulo(vectors: AnyArray, basis: Sequence[Sequence[int]]) -> AnyArray:
    """The canonical member of each vector's class modulo a lattice in Hermite normal form; Python's integers, or int64
    where the lattice has one row and everything is far from 63 bits."""
    found = vectors.copy()
    for row in basis:
        at = next(place for place, entry in enumerate(row) if entry)
        found -= (found[:, at] // row[at])[:, None] * np.array(row, dtype=found.dtype)
    return found
