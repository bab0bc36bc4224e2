"""Rule 2m: no column may show in a remainder, of one score or of several together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from pyfe.arrays import IntArray, exact_array
from pyfe.leakage.counts import MOST_RESIDUE, MOST_WORK, residue_posterior
from pyfe.leakage.findings import Finding
from pyfe.leakage.rules.excess import too_fine_to_count
from pyfe.leakage.rules.left_over import remainders, suspects
from pyfe.leakage.rules.question import Asked, Question
from pyfe.leakage.rules.residues import Residue, residues_of, scanned
from pyfe.leakage.rules.shared_divisors import Unfinished
from pyfe.leakage.rules.tables import free_codes

__all__ = ["MOST_RESIDUES", "flatly", "modulus", "shown", "told", "too_many_residues"]

_ADVICE = "Change a weight of the score by 1: then that remainder is gone"

MOST_RESIDUES = 20_000
"""Most residues that are counted; beyond, the rule refuses."""


def modulus(question: Question) -> list[Finding]:
    """Rule 2m, in two parts.

    (i) For every private block b the columns of Z outside b generate all of Z^r, as all columns do. Otherwise the
    scores say of b, whatever the others are, its share modulo the lattice that the others generate: refused if b is
    protected, or if that lifts the best guess of its value by more than ``limits.lift``, or settles it for more than
    ``limits.settled`` of the rows.

    (ii) For a modulus g and coefficients c such that ``c Z mod g`` is not zero on a few blocks only, at most
    ``limits.few_blocks`` and at most half of those used (a remainder of the whole score is its meaning): refused if
    these are one or two and one of them is protected, or they have at most ``limits.few_values`` values together; else
    by the posterior that the remainder leaves, within the same limits as in (i). Which g and c are looked at:
    :func:`~pyfe.leakage.rules.residues.scanned` for all scores together,
    :func:`~pyfe.leakage.rules.residues.residues_of` for each score that is counted,
    and :func:`~pyfe.leakage.rules.shared_divisors.hidden` for any other combination.
    """
    try:
        return _beside_the_others(question) or _modulo_numbers(question)
    except Unfinished as error:
        return [Finding("checked in part", rule="2m", note=str(error), advice=_ADVICE)]


def _beside_the_others(question: Question) -> list[Finding]:
    owner = question.free.owner
    for block in suspects(question.Z, owner):
        groups = remainders(question.Z, owner, block, free_codes(question.blocks, question.free, block))
        found = _by_posterior(question, (block,), [groups], int(groups.max()) + 1, "what the others cannot hide")
        if found or question.blocks.protected[block]:
            return found or shown(question, block)
    return []


def shown(question: Asked, block: int) -> list[Finding]:
    """That a protected column shows beside all others, however little."""
    return [_finding(question, (block,), "what the others cannot hide: it is protected")]


def _modulo_numbers(question: Question) -> list[Finding]:
    for number, residue in enumerate(_residues(question)):
        if number == MOST_RESIDUES:
            return too_many_residues()
        found = _judged(question, residue)
        if found:
            return found
    return []


def too_many_residues() -> list[Finding]:
    """That not every remainder was looked at."""
    note = f"more than {MOST_RESIDUES} remainders of the scores live on few columns"
    return [Finding("checked in part", rule="2m", note=note, advice=_ADVICE)]


def _residues(question: Question) -> Iterator[Residue]:
    """Each once."""
    owner, few = question.free.owner, question.limits.few_blocks
    seen: set[Residue] = set()
    if question.rank > 1:
        for residue in scanned(question.Z, owner, few):
            seen.add(residue)
            yield residue
    for row in exact_array([*question.counted, *question.small]):
        for residue in residues_of(row, owner, few):
            if residue not in seen:
                seen.add(residue)
                yield residue
    yield from (residue for residue in question.hidden if residue not in seen)


def _judged(question: Question, residue: Residue) -> list[Finding]:
    blocks, said = residue.blocks, f"modulo {residue.modulus}"
    found = flatly(question, blocks, said)
    if found:
        return found
    work = residue.modulus * sum(question.blocks.sizes[b] for b in blocks)
    if work > MOST_WORK or residue.modulus > MOST_RESIDUE:
        return [
            too_fine_to_count("2m", float(work), float(MOST_WORK), f"{said}, over all levels of {len(blocks)} columns")
        ]
    shares = [_share(question, residue, block) for block in blocks]
    return _by_posterior(question, blocks, shares, residue.modulus, said)


def flatly(question: Asked, blocks: Sequence[int], said: str) -> list[Finding]:
    """What is refused without counting: a remainder of one or two columns of which one is protected, or that have few
    values together."""
    if len(blocks) > 2:
        return []
    if any(question.blocks.protected[b] for b in blocks):
        return [_finding(question, blocks, f"{said}: protected")]
    values, most = int(np.prod([question.blocks.sizes[b] for b in blocks])), question.limits.few_values
    return [_finding(question, blocks, f"{said}: {values} values", float(values), most)] if values <= most else []


def _share(question: Question, residue: Residue, block: int) -> IntArray:
    """What each level of a block adds, modulo the number."""
    weights = np.array(residue.row[question.free.places[block]], dtype=np.int64)
    codes = free_codes(question.blocks, question.free, block) % residue.modulus
    return np.asarray(codes @ weights % residue.modulus)


def _by_posterior(
    question: Question, blocks: tuple[int, ...], shares: list[IntArray], number: int, said: str
) -> list[Finding]:
    marginals = [question.prior.marginals[b] for b in blocks]
    figures = residue_posterior(shares, marginals, number, question.limits.certain)
    found = (told(question, block, lift, settled, said) for block, (lift, settled) in zip(blocks, figures, strict=True))
    return next((one for one in found if one), [])


def told(question: Asked, block: int, lift: float, settled: float, said: str) -> list[Finding]:
    """What a remainder says of a column, if that is too much: by how much the best guess of its value is lifted, and
    for which share of the rows it is settled."""
    limits = question.limits
    if lift > limits.lift:
        note = f"{said}: the best guess of it is right {100 * lift:.0f} points more often"
        return [_finding(question, (block,), note, lift, limits.lift)]
    if settled > limits.settled:
        note = f"{said}: it becomes certain for {100 * settled:.0f} % of the rows"
        return [_finding(question, (block,), note, settled, limits.settled)]
    return []


def _finding(
    question: Asked, blocks: Sequence[int], note: str, figure: float | None = None, limit: float | None = None
) -> Finding:
    names = question.names(blocks)
    return Finding("modulus", names, rule="2m", figure=figure, limit=limit, note=note, advice=_ADVICE)
