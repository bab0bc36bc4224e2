"""What the answers leave open: the lattice of differences between records that give the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.lattice import DELTA, Free, integers, quotient
from pyfe.leakage.prior import Prior
from pyfe.leakage.rules.question import Question

__all__ = ["Box", "Kernel", "box_of", "is_asked", "kernel_of", "means_given_public", "split_basis"]

_METRIC_BITS = 40
"""Binary places of the metric in exact arithmetic."""


def is_asked(question: Question) -> bool:
    """Whether rule 7 applies: several scores that say too much to be counted together, and a reference."""
    limits = question.limits
    if question.prior.blind or question.rank < 2 or question.blocks.schema.n > limits.most_coordinates:
        return False
    return question.information.bits > limits.counted_bits


@dataclass(frozen=True, eq=False)
class Kernel:
    """The kernel lattice ``{x in Z^f : Z x = 0}`` in the metric of the population.

    basis: float64 ``[k][f]`` of integers, reduced. root: L with ``|x|^2 = x' L L' x``, of the inverse of S + I/12: S is
    the covariance given the public columns, 1/12 what integers have by themselves. orthogonal, triangle: ``(basis L)' =
    Q R``, the diagonal of R positive. beside: integers ``[r][f]`` with ``Z beside' = 1``, so that ``z beside`` is a
    point with the answers z.
    """

    basis: FloatArray
    root: FloatArray
    orthogonal: FloatArray
    triangle: FloatArray
    beside: fmpz_mat

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]], covariance: FloatArray) -> Kernel:
        """That of a saturated basis Z, integers ``[r][f]``, of the answers; covariance float64 ``[f, f]``, given the
        public columns. Cost: an LLL of f x f numbers, a tenth of a second for f = 100."""
        metric = np.asarray(np.linalg.inv(covariance + np.eye(len(covariance)) / 12))
        inside, outside = split_basis(rows, metric)
        turn = outside * fmpz_mat([list(row) for row in rows]).transpose()
        basis = np.array(integers(inside), dtype=np.float64).reshape(inside.nrows(), len(metric))
        root = np.asarray(np.linalg.cholesky((metric + metric.T) / 2))
        return cls(basis, root, *_triangular(basis, root), quotient(turn, outside))

    def in_basis(self, transform: AnyArray) -> Kernel:
        """The same lattice, its basis multiplied by a unimodular matrix ``[k, k]``."""
        basis = np.asarray(transform @ self.basis, dtype=np.float64)
        return Kernel(basis, self.root, *_triangular(basis, self.root), self.beside)

    def centres(self, towards: FloatArray) -> FloatArray:
        """The real combinations of the basis that lead nearest to vectors ``[rows, f]``, float64 ``[rows, k]``."""
        found = np.linalg.solve(self.triangle, self.orthogonal.T @ self.root.T @ towards.T).T
        return np.ascontiguousarray(found)


def kernel_of(question: Question) -> Kernel:
    """The kernel lattice of all scores, reduced."""
    return Kernel.of(question.Z, question.prior.given_public())


def _triangular(basis: FloatArray, root: FloatArray) -> tuple[FloatArray, FloatArray]:
    orthogonal, triangle = np.linalg.qr((basis @ root).T)
    signs = np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return orthogonal * signs, triangle * signs[:, None]


def split_basis(rows: Sequence[Sequence[int]], metric: FloatArray) -> tuple[fmpz_mat, fmpz_mat]:
    """A basis of ``{x : rows x = 0}``, integers ``[f - r][f]``, reduced by LLL in the metric ``|x|^2 = x' metric x``,
    and r vectors ``[r][f]`` that make it one of Z^f.

    One reduction of Z^f in the metric ``x' metric x + N |rows x|^2``: for N as large, the first vectors lie in the
    kernel and are a basis of it.
    """
    forms = fmpz_mat([list(row) for row in rows])
    scale = 2.0**_METRIC_BITS / float(np.abs(metric).max())
    gram = fmpz_mat([[round(value * scale) for value in row] for row in ((metric + metric.T) / 2).tolist()])
    heavy = 1 << (2 * _METRIC_BITS + len(metric))
    _, transform = (gram + heavy * (forms.transpose() * forms)).lll(True, DELTA, 0.51, "gram")
    whole = transform.tolist()
    answers = (transform * forms.transpose()).tolist()
    inside = [row for row, values in zip(whole, answers, strict=True) if not any(values)]
    outside = [row for row, values in zip(whole, answers, strict=True) if any(values)]
    if len(outside) != len(rows):
        raise ArithmeticError("the kernel of independent rows was not found")
    return fmpz_mat(inside) if inside else fmpz_mat(0, len(metric)), fmpz_mat(outside)


@dataclass(frozen=True, eq=False)
class Box:
    """Where records lie: float64 ``[f]`` bounds of the free coordinates, and which of them are bits of which at most
    one is set, as ``(first, end)``."""

    low: FloatArray
    high: FloatArray
    bits: list[tuple[int, int]]


def box_of(blocks: Blocks, free: Free) -> Box:
    """That of a schema's records."""
    low, high = (np.asarray(bound[free.positions], dtype=np.float64) for bound in (blocks.schema.lo, blocks.schema.hi))
    return Box(low, high, [(p.start, p.stop) for p in free.places.values() if free.base[p.start] >= 0])


def means_given_public(prior: Prior, free: Free, x: IntArray) -> FloatArray:
    """The mean of the free coordinates given the public ones of each row, as of a Gaussian: float64 ``[rows, f]``."""
    blocks, places = prior.blocks, free.positions
    mean = np.zeros(blocks.schema.n)
    for part, codes, mass in zip(blocks.slices, blocks.codes, prior.marginals, strict=True):
        mean[part] = mass @ codes
    parts = [
        np.arange(part.start, part.stop) for part, known in zip(blocks.slices, blocks.public, strict=True) if known
    ]
    public = np.concatenate([np.zeros(0, dtype=np.int64), *parts])
    covariance = prior.covariance
    across = covariance[np.ix_(public, places)]
    slopes = np.linalg.pinv(covariance[np.ix_(public, public)], hermitian=True) @ across if parts else across
    return np.asarray(mean[places] + (x[:, public] - mean[public]) @ slopes)
