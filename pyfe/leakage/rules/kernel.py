"""What the answers leave open: the lattice of differences between records that give the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpz_mat

from pyfe.arrays import FloatArray
from pyfe.leakage.lattice import DELTA, integers
from pyfe.leakage.rules.question import Question

__all__ = ["Kernel", "is_asked", "kernel_basis", "kernel_of"]

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
    Q R``, the diagonal of R positive.
    """

    basis: FloatArray
    root: FloatArray
    orthogonal: FloatArray
    triangle: FloatArray


def kernel_of(question: Question) -> Kernel:
    """The kernel lattice of all scores, reduced. Cost: an LLL of f x f numbers, a tenth of a second for f = 100."""
    metric = np.asarray(np.linalg.inv(question.prior.given_public() + np.eye(len(question.free)) / 12))
    basis = np.array(integers(kernel_basis(question.Z, metric)), dtype=np.float64)
    root = np.asarray(np.linalg.cholesky((metric + metric.T) / 2))
    orthogonal, triangle = np.linalg.qr((basis @ root).T)
    signs = np.where(np.diag(triangle) < 0, -1.0, 1.0)
    return Kernel(basis, root, orthogonal * signs, triangle * signs[:, None])


def kernel_basis(rows: Sequence[Sequence[int]], metric: FloatArray) -> fmpz_mat:
    """A basis of ``{x : rows x = 0}``, integers ``[f - r][f]``, reduced by LLL in the metric ``|x|^2 = x' metric x``.

    One reduction of Z^f in the metric ``x' metric x + N |rows x|^2``: for N as large, the first vectors lie in the
    kernel and are a basis of it.
    """
    forms = fmpz_mat([list(row) for row in rows])
    scale = 2.0**_METRIC_BITS / float(np.abs(metric).max())
    gram = fmpz_mat([[round(value * scale) for value in row] for row in ((metric + metric.T) / 2).tolist()])
    heavy = 1 << (2 * _METRIC_BITS + len(metric))
    _, transform = (gram + heavy * (forms.transpose() * forms)).lll(True, DELTA, 0.51, "gram")
    answers = (transform * forms.transpose()).tolist()
    inside = [row for row, values in zip(transform.tolist(), answers, strict=True) if not any(values)]
    if len(inside) != len(metric) - len(rows):
        raise ArithmeticError("the kernel of independent rows was not found")
    return fmpz_mat(inside)
