"""Rule 4: the bits that the answers give, beside the bits of a row."""

from __future__ import annotations

from math import e, inf, log2, pi

from flint import fmpq, fmpq_mat, fmpz_mat

from tests.reference.leakage.lattice import Matrix
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import Question, Verdict
from tests.reference.leakage.schema import Floats
from tests.reference.leakage.scores import entropy_of, parts_of, width


def information(question: Question) -> float:
    """I. One key: the entropy of its score. Several: the least of the sum of theirs, of the Gaussian value, and of the
    log of the box that they fill."""
    if not question.rank:
        return 0.0
    rows = [parts_of(question.prior, z) for z in question.Z]
    alone = sum(entropy_of(parts) for parts in rows)
    if question.rank == 1:
        return alone
    box = sum(log2(width(parts) + 1) for parts in rows)
    return min(alone, gaussian(question.prior, question.Z), box)


def gaussian(prior: Prior, Z: Matrix) -> float:
    """1/2 log2((2 pi e)^r det(Z S Z^T + 1/12)), S given the public columns; the determinant of the doubles S is exact.
    The twelfth is the variance of the cube of side 1 in which an integer is spread: with it this is an upper bound."""
    z, s = fmpq_mat(fmpz_mat(Z)), exact(prior.given_public)
    cube = fmpq_mat(len(Z), len(Z), [fmpq(int(a == b), 12) for a in range(len(Z)) for b in range(len(Z))])
    determinant = (z * s * z.transpose() + cube).det()
    if determinant <= 0:
        return inf
    return 0.5 * (log2int(int(determinant.p)) - log2int(int(determinant.q)) + len(Z) * log2(2 * pi * e))


def exact(matrix: Floats) -> fmpq_mat:
    """The same matrix in rationals, made symmetric."""
    even = (matrix + matrix.T) / 2
    entries = [[fmpq(*map(int, float(value).as_integer_ratio())) for value in row] for row in even]
    return fmpq_mat(len(entries), len(entries), [value for row in entries for value in row])


def log2int(value: int) -> float:
    """log2 of a positive integer of any size."""
    shift = max(0, value.bit_length() - 60)
    return shift + log2(value >> shift)


def budget(question: Question) -> Verdict:
    """4: I <= H/2 with a reference, H/3 without."""
    figures = {"I": information(question), "H": question.prior.entropy_bits}
    return Verdict("4", figures, {"I": question.prior.budget_bits})
