"""The rules for quadratic keys that look at weights alone: shape, width, structure, modulus, rank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from math import prod

import numpy as np

from tests.reference.leakage import modulus, structure
from tests.reference.leakage.lattice import Matrix, hermite, pairs, rank
from tests.reference.leakage.modulus import Reading, Told, told
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.quadratic import AtPublic, Quadratic
from tests.reference.leakage.question import Verdict, largest
from tests.reference.leakage.schema import Floats, Ints

MOST_ROWS, SAMPLED = 1 << 18, 40_000


def shape(question: Quadratic) -> Verdict:
    """0: every requested form has the schema's length and says something about private columns."""
    n = question.schema.n
    wrong = sum(
        len(form.weights) != n or any(not 0 <= i <= j < n for i, j, _ in form.products) for form in question.requested
    )
    limits = {"wrong_length": 0.0, "constant": 0.0}
    if wrong:
        return Verdict("0", {"wrong_length": float(wrong), "constant": 0.0, "nothing_new": 0.0}, limits)
    constant = sum(not any(row) for row in question.symbolic[len(question.issued) :])
    figures = {"wrong_length": 0.0, "constant": float(constant), "nothing_new": float(question.nothing_new)}
    return Verdict("0", figures, limits)


def width(question: Quadratic) -> Verdict:
    """1: weights and products of the primitive form."""
    asked = question.forms[len(question.issued) :]
    weights = [abs(w) for form in asked for w in (*form.weights, *(w for _, _, w in form.products))]
    return Verdict("1", {"weight": float(max(weights))}, {"weight": structure.WIDEST})


def _without(question: Quadratic, Z: Matrix, kept: Sequence[bool]) -> Matrix:
    return [[value for value, keep in zip(row, kept, strict=True) if keep] for row in Z]


def structures(question: Quadratic) -> Verdict:
    """2: no combination on few columns, and none whose every monomial touches a protected column."""
    few, protected = 0, 0
    names: set[int] = set()
    marked = frozenset(question.schema.protected)
    sizes = range(1, structure.few(len(question.schema.private)) + 1)
    for one in question.distinct:
        touched = question.normal.touched
        free_of_marked = _without(question, one.Z, [not blocks & marked for blocks in touched])
        protected += bool(marked) and rank(free_of_marked) < len(one.Z)
        for blocks in (set(found) for size in sizes for found in combinations(question.schema.private, size)):
            if rank(_without(question, one.Z, [not on <= blocks for on in touched])) < len(one.Z):
                few, names = few + 1, names | blocks
                break
    figures = {"on_few": float(few > 0), "on_protected": float(protected > 0)}
    return Verdict("2", figures, {"on_few": 0, "on_protected": 0}, names=question.names(names))


def ranks(question: Quadratic) -> Verdict:
    """3, and at most n_b / 8 forms: as many as the parts of second degree are independent."""
    blocks = len(question.schema.private)
    most = max(len(one.Z) for one in question.distinct)
    forms = max(rank([[row[at] for at in question.normal.quadratic] for row in one.Z]) for one in question.distinct)
    figures = {"rank": float(most), "missing": float(2 - (blocks - most)), "forms": float(forms)}
    limits: dict[str, float] = {
        "rank": min(structure.LARGEST_RANK, max(1, blocks // 3)),
        "missing": 0,
        "forms": max(1, blocks // 8),
    }
    return Verdict("3", figures, limits)


# --- 2m -------------------------------------------------------------------------------------------------------------


def monomial_values(question: Quadratic, levels: Ints, places: Sequence[int]) -> Ints:
    """Values [rows, places] of monomials on rows of levels."""
    u = question.schema.coordinates(levels)[:, [one.position for one in question.schema.free]]
    found = np.zeros((len(levels), len(places)), dtype=np.int64)
    for at, place in enumerate(places):
        monomial = question.normal.monomials[place]
        k, m = monomial[0], monomial[-1]
        if len(monomial) == 1:
            found[:, at] = u[:, k]
        else:
            found[:, at] = u[:, k] * (u[:, k] - 1) // 2 if k == m else u[:, k] * u[:, m]
    return found


def rows_of(question: Quadratic, one: AtPublic, blocks: Sequence[int]) -> tuple[Ints, Floats]:
    """Levels and shares: all values of these columns if they are few, by the marginals; else drawn rows."""
    sizes = [question.schema.columns[block].size for block in blocks]
    if prod(sizes) > MOST_ROWS:
        rows = question.sample(one.public)[0][:SAMPLED]
        return rows, np.full(len(rows), 1 / len(rows))
    every = np.array(list(product(*map(range, sizes))), dtype=np.int64).reshape(-1, len(blocks))
    rows = np.zeros((len(every), len(question.schema.columns)), dtype=np.int64)
    rows[:, list(blocks)] = every
    shares: Floats = np.ones(len(every))
    for at, block in enumerate(blocks):
        shares = shares * question.prior.marginals[block][every[:, at]]
    return rows, shares


def joint_with(prior: Prior, block: int, groups: Ints, rows: Ints, shares: Floats) -> Floats:
    """P(residue, level of the column)."""
    size = prior.schema.columns[block].size
    cells = groups * size + rows[:, block]
    found = np.bincount(cells, weights=shares, minlength=(int(groups.max()) + 1) * size)
    return found.astype(np.float64).reshape(-1, size)


def own_residues(question: Quadratic, one: AtPublic) -> Iterator[Told]:
    """(i): what the value says modulo the lattice of the monomials without the column."""
    touched, places = question.normal.touched, range(len(question.normal.monomials))
    everything = hermite([[row[at] for row in one.Z] for at in places])
    for block in question.schema.private:
        others = hermite([[row[at] for row in one.Z] for at in places if block not in touched[at]])
        if others == everything:
            continue
        mine = [at for at in places if block in touched[at] and any(row[at] for row in one.Z)]
        blocks = sorted({other for at in mine for other in touched[at]})
        rows, shares = rows_of(question, one, blocks)
        moved = monomial_values(question, rows, mine) @ np.array([[row[at] for at in mine] for row in one.Z]).T
        groups = np.unique(modulo(moved, others), axis=0, return_inverse=True)[1].reshape(-1)
        yield told(block, joint_with(question.prior, block, groups, rows, shares))


def modulo(vectors: Ints, basis: Matrix) -> Ints:
    """The canonical member of every vector + lattice, `basis` in Hermite form."""
    found = vectors.copy()
    for row in basis:
        at = next(place for place, entry in enumerate(row) if entry)
        found -= (found[:, at] // row[at])[:, None] * np.array(row, dtype=np.int64)
    return found


def readings(question: Quadratic, one: AtPublic) -> set[Reading]:
    """(ii), over the monomials."""
    found: set[Reading] = set()
    single = one.Z + (pairs(one.Z) if len(one.Z) <= 4 else [])
    for row in single:
        used = len(question.normal.used(row))
        for g in modulus.moduli(row):
            found |= set(_few(question, g, np.array([[value % g for value in row]], dtype=np.int64), used))
    used = len({block for row in one.Z for block in question.normal.used(row)})
    for g in range(2, modulus.SMALL_MODULI + 1):
        if len(one.Z) > 1 and g ** len(one.Z) <= modulus.MOST_COMBINATIONS:
            c = np.array(list(product(range(g), repeat=len(one.Z))), dtype=np.int64)
            rows = np.array([[value % g for value in row] for row in one.Z], dtype=np.int64)
            found |= set(_few(question, g, c @ rows % g, used))
    return found


def _few(question: Quadratic, g: int, rows: Ints, used: int) -> Iterator[Reading]:
    on = [[block in blocks for blocks in question.normal.touched] for block in question.schema.private]
    touched = np.stack([(rows[:, np.array(places)] != 0).any(axis=1) for places in on], axis=1)
    count = touched.sum(axis=1)
    for row in rows[(count > 0) & (2 * count <= used) & (count <= modulus.FEW_BLOCKS)]:
        yield Reading(g, tuple(map(int, row)))


def posteriors(question: Quadratic, one: AtPublic, reading: Reading) -> Iterator[Told]:
    places = [at for at, weight in enumerate(reading.weights) if weight]
    blocks = sorted(question.normal.used(reading.weights))
    rows, shares = rows_of(question, one, blocks)
    weights = np.array([reading.weights[at] for at in places], dtype=np.int64)
    groups = monomial_values(question, rows, places) @ weights % reading.g
    for block in blocks:
        yield told(block, joint_with(question.prior, block, groups, rows, shares))


def is_flat(question: Quadratic, blocks: set[int]) -> bool:
    columns = [question.schema.columns[block] for block in blocks]
    few_values = prod(column.size for column in columns) <= modulus.FEW_VALUES
    return len(blocks) <= 2 and (few_values or any(column.protected for column in columns))


def moduli(question: Quadratic) -> Verdict:
    """2m over the integer-valued monomials."""
    own, few, flat = [], [], 0
    for one in question.distinct:
        own += list(own_residues(question, one))
        for reading in readings(question, one):
            flat += is_flat(question, question.normal.used(reading.weights))
            few += list(posteriors(question, one, reading))
    figures = {
        "own_protected": float(sum(question.schema.columns[one.block].protected for one in own)),
        "own_lift": largest([one.lift for one in own]),
        "own_settled": largest([one.settled for one in own]),
        "few_flat": float(flat),
        "few_lift": largest([one.lift for one in few]),
        "few_settled": largest([one.settled for one in few]),
    }
    limits = {"own_protected": 0.0, "own_lift": modulus.LIFT, "own_settled": modulus.SETTLED}
    limits |= {"few_flat": 0.0, "few_lift": modulus.LIFT, "few_settled": modulus.SETTLED}
    names = {one.block for one in own + few if one.lift > modulus.LIFT or one.settled > modulus.SETTLED}
    return Verdict("2m", figures, limits, names=question.names(names))
