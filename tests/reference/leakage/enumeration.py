"""Rule 7: rows that the answers leave as the most likely integer point; the lattice of rows with the same answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import erf, prod, sqrt

import numpy as np
from flint import fmpz_mat

from tests.reference.leakage.budget import information
from tests.reference.leakage.joint import MOST_BITS
from tests.reference.leakage.lattice import Matrix, kernel
from tests.reference.leakage.question import Question, Verdict
from tests.reference.leakage.sampler import tree_rows
from tests.reference.leakage.schema import Floats

MOST_COORDINATES, BABAI, OPENED = 100, 1e-3, 0.05
ROWS, NODES = 60, 300_000


def metric(question: Question) -> Floats:
    """W with W^T W = (S + 1/12)^-1: the length of W x is the distance in units of the population."""
    s = question.prior.given_public
    return np.linalg.cholesky(np.linalg.inv(s + np.eye(len(s)) / 12)).T


def reduced(basis: Matrix, w: Floats) -> Floats:
    """The rows of an integer basis after LLL in the metric: LLL of the rows W b, scaled to integers."""
    rows = np.array(basis, dtype=np.float64)
    images = np.rint(rows @ w.T * 2.0**30)
    scaled = fmpz_mat([[int(value) for value in row] for row in images.tolist()])
    _, moves = scaled.lll(True, 0.99)
    return np.array([[int(v) for v in row] for row in (moves * fmpz_mat(basis)).tolist()], dtype=np.float64)


@dataclass(frozen=True)
class Triangle:
    """A basis in the metric, B = Q R: R upper triangular, its diagonal the Gram-Schmidt lengths."""

    basis: Floats
    q: Floats
    r: Floats

    @classmethod
    def of(cls, basis: Floats, w: Floats) -> Triangle:
        q, r = np.linalg.qr((basis @ w.T).T)
        return cls(basis, q, r)

    @property
    def babai(self) -> float:
        """Chance that rounding along the Gram-Schmidt vectors finds a Gaussian row."""
        return prod(erf(abs(float(length)) / (2 * sqrt(2))) for length in np.diag(self.r))

    def closest(self, target: Floats, nodes: int = NODES) -> list[int]:
        """Coefficients of the closest lattice vector (Schnorr, Euchner 1994), best of the first `nodes`."""
        return closest(self.r.tolist(), (self.q.T @ target).tolist(), nodes)


def closest(r: Sequence[Sequence[float]], t: Sequence[float], nodes: int) -> list[int]:
    """Integer c with R c nearest to t: depth first, the nearest child first, cut at the best distance so far."""
    size = len(t)
    best, found = float("inf"), [0] * size
    c, step, centre, above = [0] * size, [0] * size, [0.0] * size, [0.0] * (size + 1)

    def enter(at: int) -> None:
        row = r[at]
        centre[at] = (t[at] - sum(row[k] * c[k] for k in range(at + 1, size))) / row[at]
        c[at] = round(centre[at])
        step[at] = 1 if centre[at] >= c[at] else -1

    at = size - 1
    enter(at)
    for _ in range(nodes):
        distance = above[at + 1] + ((centre[at] - c[at]) * r[at][at]) ** 2
        if distance < best:
            if at:
                above[at] = distance
                at -= 1
                enter(at)
                continue
            best, found = distance, c.copy()
        at += distance >= best or not at
        if at == size:
            break
        c[at] += step[at]
        step[at] = -step[at] - (1 if step[at] > 0 else -1)
    return found


def opened(question: Question, triangle: Triangle, w: Floats) -> float:
    """Share of rows of the kept sample that are the nearest to the mean among those with their answers."""
    schema = question.schema
    coordinates = schema.coordinates(tree_rows(question.prior, ROWS, question.seed("rows"))).astype(np.float64)
    x = free_of(question, coordinates)
    slopes = question.prior.regression[0]
    public = coordinates[:, [one.position for one in schema.free_of(schema.public)]]
    seen = schema.coordinates(np.asarray(question.prior.levels)).astype(np.float64)
    middle = free_of(question, seen).mean(axis=0)
    moved = (public - seen[:, [one.position for one in schema.free_of(schema.public)]].mean(axis=0)) @ slopes.T
    right = [not any(triangle.closest(w @ (middle + move - row))) for row, move in zip(x, moved, strict=True)]
    return float(np.mean(right))


def free_of(question: Question, coordinates: Floats) -> Floats:
    return coordinates[:, [one.position for one in question.schema.free]]


def enumeration(question: Question) -> Verdict:
    """7, where two keys or more give more than 15 bits; n <= 100, with a reference."""
    small = question.schema.n <= MOST_COORDINATES and not question.prior.blind
    if question.rank < 2 or not small or information(question) <= MOST_BITS:
        return Verdict("7", {}, inside=False)
    left = kernel(question.Z)
    if not left:
        return Verdict("7", {"babai": 1.0, "opened": 1.0}, {"babai": BABAI, "opened": OPENED})
    w = metric(question)
    triangle = Triangle.of(reduced(left, w), w)
    figures = {"babai": triangle.babai, "opened": opened(question, triangle, w)}
    return Verdict("7", figures, {"babai": BABAI, "opened": OPENED})
