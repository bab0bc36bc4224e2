"""Rules 0 to 3: shape, width, structure, rank."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from tests.reference.leakage.lattice import rank
from tests.reference.leakage.question import Question, Verdict

WIDEST = 1 << 15
LARGEST_RANK = 16


def shape(question: Question) -> Verdict:
    """0: a requested row has the schema's length, and differs between some two rows, if in public columns alone."""
    wrong = sum(len(y) != question.schema.n for y in question.requested)
    limits = {"wrong_length": 0.0, "constant": 0.0}
    if wrong:
        return Verdict("0", {"wrong_length": float(wrong), "constant": 0.0, "nothing_new": 0.0}, limits)
    every = question.schema.free_of(question.schema.private + question.schema.public)
    varies = [any(y[f.position] - (y[f.base] if f.base >= 0 else 0) for f in every) for y in question.requested]
    constant = not any(varies)
    new = float(question.nothing_new)
    return Verdict("0", {"wrong_length": 0.0, "constant": float(constant), "nothing_new": new}, limits)


def width(question: Question) -> Verdict:
    """1: weights of the primitive form."""
    asked = question.rows[len(question.issued) :]
    return Verdict("1", {"weight": float(max(abs(w) for y in asked for w in y))}, {"weight": WIDEST})


def few(blocks: int) -> int:
    """On how many columns no combination may live."""
    return 2 if blocks >= 6 else 1


def lives_on(question: Question, blocks: set[int]) -> bool:
    """Whether some combination has weights on these columns alone: outside them the rank falls."""
    outside = [at for at, block in enumerate(question.schema.owners()) if block not in blocks]
    return rank([[row[at] for at in outside] for row in question.Z]) < question.rank


def narrow(question: Question, most: int) -> Iterator[tuple[int, ...]]:
    """The sets of at most `most` columns on which a combination lives, smallest first."""
    for size in range(1, most + 1):
        yield from (one for one in combinations(question.schema.private, size) if lives_on(question, set(one)))


def structure(question: Question) -> Verdict:
    """2: exact over the rationals. Nothing may live on protected columns alone, however many."""
    most = few(len(question.schema.private))
    found = next(narrow(question, most), ())
    protected = bool(question.schema.protected) and lives_on(question, set(question.schema.protected))
    figures = {"on_few": float(bool(found)), "on_protected": float(protected)}
    names = found or tuple(question.schema.protected if protected else ())
    return Verdict("2", figures, {"on_few": 0, "on_protected": 0}, names=question.names(names))


def ranks(question: Question) -> Verdict:
    """3: directions spent, and directions left."""
    blocks = len(question.schema.private)
    most = min(LARGEST_RANK, max(1, blocks // 3))
    figures = {"rank": float(question.rank), "missing": float(2 - (blocks - question.rank))}
    return Verdict("3", figures, {"rank": most, "missing": 0})
