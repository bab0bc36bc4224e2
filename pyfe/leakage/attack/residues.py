"""Remainders: columns that no other column can hide modulo some number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.leakage.attack.guess import Guess, prior_guess
from pyfe.leakage.attack.told import Told, require_told
from pyfe.leakage.rules.left_over import modulo_others, shares_of, suspects
from pyfe.leakage.rules.limits import Limits
from pyfe.leakage.rules.question import MOST_PAIRED, combined
from pyfe.leakage.rules.residues import Residue, residues_of, scanned
from pyfe.leakage.rules.shared_divisors import Unfinished, hidden
from pyfe.leakage.rules.tables import free_codes

__all__ = ["residues"]

_LARGEST = 2**20
"""Largest modulus that is counted."""


def residues(told: Told) -> Guess:
    """The likeliest class of each column by the remainder that says most of it: no records.

    Those of rule 2m: (i) what the scores say of a column modulo the lattice that all others generate; (ii) combinations
    of the scores modulo a number g that live on at most 4 columns, columns independent. With the weights (1, 4, 8, ...)
    the answer modulo 4 is the first column. Cost: g x levels for each remainder, and the scan of rule 2m.
    """
    require_told(told)
    guess = prior_guess(told.prior, len(told))
    for block, posterior in (*_beside_the_others(told), *_modulo_numbers(told)):
        place = told.prior.blocks.private.index(block)
        better = posterior.max(axis=1) > guess.chance[:, place]
        guess.classes[better, place] = posterior.argmax(axis=1)[better]
        guess.chance[better, place] = posterior.max(axis=1)[better]
    return guess


def _beside_the_others(told: Told) -> Iterator[tuple[int, FloatArray]]:
    """Blocks, and the probabilities of their classes for every record, float64 ``[m, classes]``."""
    prior, owner, rows = told.prior, told.free.owner, told.basis
    for block in suspects(rows, owner):
        shares = shares_of(rows, owner, block, free_codes(prior.blocks, told.free, block))
        numbers: dict[tuple[int, ...], int] = {}
        of = [numbers.setdefault(one, len(numbers)) for one in modulo_others(rows, owner, block, shares)]
        seen = [numbers.get(one, -1) for one in modulo_others(rows, owner, block, told.values)]
        joint = np.zeros((len(numbers) + 1, int(prior.classes[block].max()) + 1))  # the last one: no such remainder
        np.add.at(joint, (np.array(of), prior.classes[block]), prior.marginals[block])
        yield block, _normalised(joint)[np.array(seen)]


def _modulo_numbers(told: Told) -> Iterator[tuple[int, FloatArray]]:
    for residue, coefficients in _looked_at(told):
        if residue.modulus > _LARGEST:
            continue
        values: AnyArray = told.values @ np.array(coefficients, dtype=object) % residue.modulus
        at = values.astype(np.int64)
        shares = [_share(told, residue, block) for block in residue.blocks]
        for place, block in enumerate(residue.blocks):
            yield block, _posterior(told, residue, shares, place)[at]


def _looked_at(told: Told) -> Iterator[tuple[Residue, tuple[int, ...]]]:
    """Remainders, and of which combination of Z they are one."""
    few, owner, rank = Limits().few_blocks, told.free.owner, len(told.basis)
    if rank > 1:
        for residue in scanned(told.basis, owner, few):
            yield residue, residue.of
    units = np.eye(rank, dtype=np.int64).tolist()
    for row, unit in zip(combined(told.basis, MOST_PAIRED), combined(units, MOST_PAIRED), strict=True):
        for residue in residues_of(row, owner, few):
            yield residue, tuple(unit)
    with suppress(Unfinished):
        if rank > 1:
            yield from ((residue, residue.of) for residue in hidden(told.basis, owner, few, bytes(32)))


def _share(told: Told, residue: Residue, block: int) -> IntArray:
    weights = np.array(residue.row[told.free.places[block]], dtype=np.int64)
    codes = free_codes(told.prior.blocks, told.free, block) % residue.modulus
    return np.asarray(codes @ weights % residue.modulus)


def _posterior(told: Told, residue: Residue, shares: list[IntArray], place: int) -> FloatArray:
    """Probability of each class of a block for every remainder, float64 ``[g, classes]``."""
    prior, blocks, g = told.prior, residue.blocks, residue.modulus
    others = np.zeros(g)
    others[0] = 1.0
    for i, block in enumerate(blocks):
        if i != place:
            others = _added(others, shares[i], prior.marginals[block])
    classes, mass = prior.classes[blocks[place]], prior.marginals[blocks[place]]
    joint = np.zeros((g, int(classes.max()) + 1))
    for share, label, chance in zip(shares[place].tolist(), classes.tolist(), mass.tolist(), strict=True):
        joint[:, label] += chance * np.roll(others, share)
    return _normalised(joint)


def _added(sums: FloatArray, shares: IntArray, mass: FloatArray) -> FloatArray:
    """The distribution of a sum modulo a number with one more column."""
    by_value = np.bincount(shares, weights=mass, minlength=len(sums))
    grown = np.zeros(len(sums))
    for value in np.flatnonzero(by_value):
        grown += by_value[value] * np.roll(sums, value)
    return grown


def _normalised(joint: FloatArray) -> FloatArray:
    total = joint.sum(axis=1, keepdims=True)
    return np.asarray(joint / np.where(total > 0, total, 1.0))
