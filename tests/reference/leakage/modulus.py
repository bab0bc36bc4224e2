"""Rule 2m: what a residue of the answers tells, column by column."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import gcd, prod

import numpy as np

from tests.reference.leakage.lattice import Matrix, hermite, pairs, residue
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import Question, Verdict, largest
from tests.reference.leakage.schema import Floats, Ints, Row

LIFT, SETTLED, CERTAIN = 0.10, 0.01, 0.95
SMALL_MODULI, MOST_COMBINATIONS, FEW_BLOCKS, FEW_VALUES = 16, 1 << 16, 4, 16


@dataclass(frozen=True)
class Told:
    """What residues tell of one column: lift of the best guess of its level, share of rows that they settle."""

    block: int
    lift: float
    settled: float


def told(block: int, joint: Floats) -> Told:
    """From P(residue, level). A row is settled when its residue makes a level certain; none where the prior does."""
    prior = joint.sum(axis=0)
    rows = joint.sum(axis=1)
    top = joint.max(axis=1)
    settled = (rows > 0) & (top >= CERTAIN * rows) & (prior.max() < CERTAIN)
    return Told(block, float(top.sum() - prior.max()), float(rows[settled].sum()))


def own_residues(question: Question) -> Iterator[Told]:
    """(i) The columns without which the others' weights do not generate Z^r: levels modulo what they do."""
    schema, Z = question.schema, question.Z
    everything = hermite(_columns(Z, range(len(schema.free))))
    for block in schema.private:
        mine = schema.columns_of(block)
        others = hermite(_columns(Z, (at for at in range(len(schema.free)) if at not in mine)))
        if others != everything:
            yield told(block, _grouped(question, block, others))


def _columns(Z: Matrix, places: Iterable[int]) -> Matrix:
    return [[row[at] for row in Z] for at in places] or [[0] * len(Z)]


def _grouped(question: Question, block: int, others: Matrix) -> Floats:
    """P(residue, level), the residue being decided by the level."""
    places = question.schema.columns_of(block)
    groups: dict[tuple[int, ...], int] = {}
    weights = question.prior.marginals[block]
    joint = np.zeros((len(weights), len(weights)))
    for level, code in enumerate(question.schema.free_codes(block)):
        moved = [sum(row[at] * c for at, c in zip(places, code, strict=True)) for row in question.Z]
        group = groups.setdefault(residue(moved, others), len(groups))
        joint[group, level] = weights[level]
    return joint


@dataclass(frozen=True)
class Reading:
    """A value modulo g that depends on few columns: its weights on the free coordinates."""

    g: int
    weights: tuple[int, ...]


def readings(question: Question) -> set[Reading]:
    """(ii) Every residue to be looked at: of all c Z for small g; of single values also for gcds of two weights."""
    found: set[Reading] = set()
    Z = question.Z
    single = Z if len(Z) == 1 else Z + (pairs(Z) if len(Z) <= 4 else [])
    for row in single:
        used = len(_blocks(question, row))
        for g in moduli(row):
            found |= set(_few(question, g, np.array([[value % g for value in row]], dtype=np.int64), used))
    used = len({block for row in Z for block in _blocks(question, row)})
    for g in range(2, SMALL_MODULI + 1):
        if len(Z) > 1 and g ** len(Z) <= MOST_COMBINATIONS:
            c = np.array(list(product(range(g), repeat=len(Z))), dtype=np.int64)
            rows = np.array([[value % g for value in row] for row in Z], dtype=np.int64)
            found |= set(_few(question, g, c @ rows % g, used))
    return found


def moduli(row: Sequence[int]) -> set[int]:
    """2 to 16, the gcds above 16 of two weights, and the divisors of these (a multiple of the row modulo g says what
    the row says modulo a divisor)."""
    weights = {abs(value) for value in row if value}
    wide = {gcd(a, b) for a, b in combinations(sorted(weights), 2)} | {w for w in weights if _twice(row, w)}
    return set(range(2, SMALL_MODULI + 1)) | {d for g in wide if g > SMALL_MODULI for d in divisors(g)}


def _twice(row: Sequence[int], weight: int) -> bool:
    return sum(abs(value) == weight for value in row) > 1


def divisors(g: int) -> set[int]:
    low = {d for d in range(1, int(g**0.5) + 1) if g % d == 0}
    return (low | {g // d for d in low}) - {1}


def _blocks(question: Question, row: Sequence[int]) -> set[int]:
    return {block for block, value in zip(question.schema.owners(), row, strict=True) if value}


def _few(question: Question, g: int, rows: Ints, used: int) -> Iterator[Reading]:
    """Of the rows modulo g those that are not zero on at most min(4, half of the used columns)."""
    owners = np.array(question.schema.owners())
    touched = np.stack([(rows[:, owners == block] != 0).any(axis=1) for block in question.schema.private], axis=1)
    count = touched.sum(axis=1)
    for row in rows[(count > 0) & (2 * count <= used) & (count <= FEW_BLOCKS)]:
        yield Reading(g, tuple(map(int, row)))


def is_flat(question: Question, blocks: Sequence[int]) -> bool:
    """Two columns or fewer, one of them protected or with at most 16 combinations of values: no count is needed."""
    columns = [question.schema.columns[block] for block in blocks]
    few_values = prod(column.size for column in columns) <= FEW_VALUES
    return len(blocks) <= 2 and (few_values or any(column.protected for column in columns))


def posteriors(question: Question, reading: Reading) -> Iterator[Told]:
    """What the residue tells of every column that it depends on, the columns being independent."""
    blocks = sorted(_blocks(question, reading.weights))
    moved = {block: _moved(question, block, reading) for block in blocks}
    for block in blocks:
        others = np.zeros(reading.g)
        others[0] = 1.0
        for other in blocks:
            if other != block:
                others = _added(question.prior, other, moved[other], others)
        weights = question.prior.marginals[block]
        columns = [w * np.roll(others, move) for w, move in zip(weights, moved[block], strict=True)]
        yield told(block, np.stack(columns, axis=1))


def _moved(question: Question, block: int, reading: Reading) -> Row:
    places = question.schema.columns_of(block)
    codes = question.schema.free_codes(block)
    return [sum(reading.weights[at] * c for at, c in zip(places, code, strict=True)) % reading.g for code in codes]


def _added(prior: Prior, block: int, moves: Row, shares: Floats) -> Floats:
    found = np.zeros_like(shares)
    for weight, move in zip(prior.marginals[block], moves, strict=True):
        found += weight * np.roll(shares, move)
    return found


def modulus(question: Question) -> Verdict:
    """2m, both halves."""
    own = list(own_residues(question))
    flat, counted = False, defaultdict(list)
    for reading in readings(question):
        flat |= is_flat(question, sorted(_blocks(question, reading.weights)))
        for one in posteriors(question, reading):
            counted[one.block].append(one)
    few = [one for found in counted.values() for one in found]
    figures = {
        "own_protected": float(sum(question.schema.columns[one.block].protected for one in own)),
        "own_lift": largest([one.lift for one in own]),
        "own_settled": largest([one.settled for one in own]),
        "few_flat": float(flat),
        "few_lift": largest([one.lift for one in few]),
        "few_settled": largest([one.settled for one in few]),
    }
    limits = {"own_protected": 0, "own_lift": LIFT, "own_settled": SETTLED}
    limits |= {"few_flat": 0, "few_lift": LIFT, "few_settled": SETTLED}
    names = {one.block for one in own + few if one.lift > LIFT or one.settled > SETTLED}
    return Verdict("2m", figures, limits, names=question.names(sorted(names)))
