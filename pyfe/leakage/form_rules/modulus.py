"""Rule 2m for forms: no column may show in a remainder, over integer-valued monomials."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import islice

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.exact import uncountable
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion
from pyfe.leakage.form_rules.remainders import beside, modulo, residues
from pyfe.leakage.form_rules.values import numbered
from pyfe.leakage.rules.modulus import MOST_RESIDUES, flatly, shown, told, too_many_residues
from pyfe.leakage.rules.question import MOST_PAIRED
from pyfe.leakage.rules.residues import Residue

__all__ = ["modulus"]

_COUNTED = 2**18
"""Most values of the columns of a remainder that are counted one by one."""

_SAMPLED = 40_000
"""Rows that are counted where there are more."""

_EXACT = 2**62


def modulus(question: FormQuestion) -> list[Finding]:
    """Rule 2m (:func:`pyfe.leakage.rules.modulus.modulus`) over the monomials of q1, for every value of the public
    columns: (i) for every private block, the monomials without a factor in it generate all of Z^r; (ii) no combination
    modulo a number lives on few columns. What is left is judged by the posterior of each column's values, over all
    values of the columns that take part, by the prior's marginals, or where they are more than 2^18 over drawn rows.
    """
    seen = set[int]()
    for one in question.everywhere:
        if id(one.keys) not in seen:
            seen.add(id(one.keys))
            found = _beside_the_others(question, one) or _modulo_numbers(question, one)
            if found:
                return found
    return []


def _beside_the_others(question: FormQuestion, one: AtPublic) -> list[Finding]:
    keys = one.keys
    for block in question.private if keys.Z else ():
        others = beside(keys, block)
        if others is None:
            continue
        left = modulo(np.array(keys.Z, dtype=object).T, others)
        places = [at for at in np.flatnonzero(keys.touching[:, block]).tolist() if left[at].any()]
        found = _posterior(question, one, [block], places, left[places], others, "what the others cannot hide")
        if found or question.blocks.protected[block]:
            return found or shown(question, block)
    return []


def _modulo_numbers(question: FormQuestion, one: AtPublic) -> list[Finding]:
    listed = residues(one.keys, question.limits.few_blocks, MOST_PAIRED)
    for residue in islice(listed, MOST_RESIDUES):
        found = _judged(question, one, residue)
        if found:
            return found
    return too_many_residues() if next(listed, None) else []


def _judged(question: FormQuestion, one: AtPublic, residue: Residue) -> list[Finding]:
    said = f"modulo {residue.modulus}"
    places = [at for at, value in enumerate(residue.row) if value]
    weights = np.array([[residue.row[at]] for at in places], dtype=object)
    return flatly(question, residue.blocks, said) or _posterior(
        question, one, residue.blocks, places, weights, [[residue.modulus]], said
    )


def _posterior(
    question: FormQuestion,
    one: AtPublic,
    judged: Sequence[int],
    places: Sequence[int],
    weights: AnyArray,
    lattice: Sequence[Sequence[int]],
    said: str,
) -> list[Finding]:
    """What ``sum of weights x monomials`` modulo a lattice says of some columns; weights: integers ``[places, r]``."""
    blocks = sorted({block for at in places for block in one.keys.owners[at]})
    levels, mass = _values_of(question, one, blocks)
    monomials = _monomials(question, one, places, levels)
    size = int((np.abs(monomials).max(axis=0, initial=0).astype(object) @ np.abs(weights)).max())
    if size >= _EXACT:
        note = f"{said}, over all levels of {len(blocks)} columns"
        return [uncountable("2m", float(size), float(_EXACT), note)]
    sums: AnyArray = monomials @ weights.astype(np.int64)
    groups = numbered(modulo(sums if len(lattice) == 1 else sums.astype(object), lattice).T)
    for block in judged:
        lift, settled = _figures(groups, levels[:, block], mass, question.limits.certain)
        found = told(question, block, lift, settled, said)
        if found:
            return found
    return []


def _values_of(question: FormQuestion, one: AtPublic, blocks: Sequence[int]) -> tuple[IntArray, FloatArray]:
    """Levels ``[rows, nb]`` and their probabilities: all values of these columns where they are few, else drawn
    rows."""
    sizes = [question.blocks.sizes[block] for block in blocks]
    if math.prod(sizes) > _COUNTED:
        rows = one.rows.levels[:_SAMPLED].astype(np.int64)
        return rows, np.full(len(rows), 1 / len(rows))
    levels = np.zeros((math.prod(sizes), len(question.blocks)), dtype=np.int64)
    mass = np.ones(len(levels))
    for block, chosen in zip(blocks, np.unravel_index(np.arange(len(levels)), sizes) if sizes else (), strict=True):
        levels[:, block] = chosen
        mass *= question.prior.marginals[block][chosen]
    return levels, mass


def _monomials(question: FormQuestion, one: AtPublic, places: Sequence[int], levels: IntArray) -> IntArray:
    """Values int64 ``[rows, places]``."""
    u = question.blocks.rows(levels)[:, question.free.positions]
    found = np.empty((len(levels), len(places)), dtype=np.int64)
    for column, at in enumerate(places):
        degree, k, m = one.keys.terms[at]
        found[:, column] = (u[:, m], u[:, m] * (u[:, m] - 1) // 2, u[:, k] * u[:, m])[degree]
    return found


def _figures(groups: IntArray, levels: IntArray, mass: FloatArray, certain: float) -> tuple[float, float]:
    """By how much the group of a row lifts the best guess of its level, and for which share of the rows it makes one
    certain (0 where one is beforehand)."""
    size, prior = int(levels.max()) + 1, np.bincount(levels, weights=mass)
    cells, places = np.unique(groups * size + levels, return_inverse=True)
    joint = np.bincount(places, weights=mass)
    starts = np.flatnonzero(np.diff(cells // size, prepend=-1))
    best, total = np.maximum.reduceat(joint, starts), np.add.reduceat(joint, starts)
    sure = certain * (1 - 1e-9)  # however sums are rounded
    settled = total[best >= sure * total].sum() if prior.max() < sure else 0.0
    return float(best.sum() - prior.max()), float(settled)
