"""Several scores: the record behind their answers, by lattice reduction in the metric of the population."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import numpy as np

from pyfe._core import counting
from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import ParameterError
from pyfe.leakage.attack.guess import Guess
from pyfe.leakage.attack.told import Told, require_told
from pyfe.leakage.lattice import integers
from pyfe.leakage.rules.kernel import Kernel, box_of, means_given_public
from pyfe.leakage.rules.least_squares import NODES
from pyfe.leakage.rules.tables import free_codes

__all__ = ["can_reduce_blocks", "likeliest", "rounding_off"]

_BINARY_PLACES = 30
"""Of the shortest vector of a basis that is given to fpylll, whose lattices are of integers."""

_ROUNDS = 40
"""Times that points are moved, at most: each takes some 50 binary digits off them."""

_WIDENINGS = 4
"""Radii in which the likeliest record is looked for."""


def rounding_off(told: Told) -> Guess:
    """The record that Babai's algorithm finds (Combinatorica 6, 1986): nearest to the mean given the public columns,
    plane by plane, in a basis of the kernel lattice that LLL reduced in the metric of the inverse covariance.

    With the covariance of real patients it needs far fewer answers than the count of their bits says; rule 7 (a)
    computes from the Gram-Schmidt lengths how often it is right. A result outside the schema's bounds counts as none
    found. Cost: an LLL of f x f numbers; k^2 a record.
    """
    kernel = _kernel(told)
    points, towards = _start(told, kernel)
    return _guess(told, _rounded(kernel, points, towards))


def likeliest(told: Told, *, block_size: int = 20, nodes: int = NODES) -> Guess:
    """The record within the schema's bounds that is nearest to the mean given the public columns, in the metric of the
    inverse covariance: what rule 7 (b) asks for, of answers whose records nobody knows.

    The kernel lattice is reduced by BKZ with blocks of ``block_size`` (Schnorr and Euchner, 1994) in fpylll, and
    enumerated in the order of the same paper (Mathematical Programming 66), at most ``nodes`` a record and
    within a radius that is widened where nothing lies in it; the best record met counts.
    ParameterError without fpylll (``pip install 'pyfe-crypto[attack]'``). Cost: seconds for f = 64; up to 4 ``nodes`` a
    record, some 50 ns each.
    """
    fpylll = _fpylll()
    kernel = _block_reduced(fpylll, _kernel(told), block_size)
    points, towards = _start(told, kernel)
    near = _rounded(kernel, points, towards)
    found = np.full(near.shape, -1.0)
    left = np.arange(len(told))
    for bound in _bounds(kernel):
        origins = near[left].astype(np.float64)
        centres = kernel.centres(towards[left] - origins)
        ends, records = _searched(told, kernel, centres, origins, bound, nodes)
        met = ~np.isnan(records[:, :1]).any(axis=1)
        found[left[met]] = records[met]
        left = left[~met & (ends == 0)]
    return _guess(told, found.astype(np.int64))


def _kernel(told: Told) -> Kernel:
    require_told(told)
    if not told.basis:
        raise ParameterError("these keys tell nothing of a private column: there is no lattice of records")
    return Kernel.of(told.basis, told.prior.given_public())


def _start(told: Told, kernel: Kernel) -> tuple[AnyArray, FloatArray]:
    """Points with the answers, integers ``[m, f]``, and the means that the records are near to."""
    beside: AnyArray = np.array(integers(kernel.beside), dtype=object)
    return told.values @ beside, means_given_public(told.prior, told.free, told.known)


def _rounded(kernel: Kernel, points: AnyArray, towards: FloatArray) -> IntArray:
    """The lattice points that rounding off finds, int64 ``[m, f]``: again, until nothing moves, as numbers of many
    digits are too long for the floating point of one time."""
    basis: AnyArray = np.rint(kernel.basis).astype(np.int64).astype(np.object_)
    for _ in range(_ROUNDS):
        moves = _planes(kernel, kernel.centres(towards - points.astype(np.float64)))
        if not moves.any():
            break
        points = points + moves @ basis
    return points.astype(np.int64)


def _planes(kernel: Kernel, centres: FloatArray) -> AnyArray:
    """Integers near the centres, the last first, each given those behind it: integers ``[m, k]``."""
    triangle, found = kernel.triangle, np.zeros(centres.shape)
    for i in reversed(range(centres.shape[1])):
        behind = (found[:, i + 1 :] - centres[:, i + 1 :]) @ triangle[i, i + 1 :]
        found[:, i] = np.rint(centres[:, i] - behind / triangle[i, i])
    return np.asarray(np.frompyfunc(int, 1, 1)(found), dtype=np.object_)


def _bounds(kernel: Kernel) -> Iterator[float]:
    """Squared distances: of a Gaussian record it is k on the mean; where nothing lies within, wider ones."""
    for widening in range(_WIDENINGS):
        yield (len(kernel.basis) + 4.0) * 2.0**widening


def _searched(
    told: Told, kernel: Kernel, centres: FloatArray, origins: FloatArray, bound: float, nodes: int
) -> tuple[AnyArray, FloatArray]:
    if not len(kernel.basis):  # the answers say everything
        return np.ones(len(origins), dtype=np.uint8), origins
    box = box_of(told.prior.blocks, told.free)
    triangle, basis = np.ascontiguousarray(kernel.triangle), np.ascontiguousarray(kernel.basis)
    return counting.likeliest(triangle, basis, box.low, box.high, box.bits, centres, origins, bound, nodes)


def _guess(told: Told, x: IntArray) -> Guess:
    """Records over the free coordinates as levels; -1 for what no level has."""
    blocks = told.prior.blocks
    levels = np.full((len(x), len(blocks.private)), -1, dtype=np.int64)
    classes = np.full_like(levels, -1)
    for place, block in enumerate(blocks.private):
        codes = free_codes(blocks, told.free, block)
        of = {tuple(code): level for level, code in enumerate(codes.tolist())}
        levels[:, place] = [of.get(tuple(code), -1) for code in x[:, told.free.places[block]].tolist()]
        classes[:, place] = np.where(levels[:, place] >= 0, told.prior.classes[block][levels[:, place]], -1)
    return Guess(levels, classes, np.full(levels.shape, np.nan))


def can_reduce_blocks() -> bool:
    """Whether fpylll is there, and what it needs itself."""
    try:
        _fpylll()
    except ParameterError:
        return False
    return True


def _fpylll() -> ModuleType:
    try:
        import fpylll
    except ImportError as error:
        raise ParameterError(
            "block reduction needs the package fpylll (pip install 'pyfe-crypto[attack]'); attack.rounding_off and the "
            "rules need no more than pyfe itself"
        ) from error
    module: ModuleType = fpylll
    return module


def _block_reduced(fpylll: ModuleType, kernel: Kernel, block_size: int) -> Kernel:
    """The kernel in a basis that is reduced by BKZ."""
    size = len(kernel.basis)
    if size < 3:
        return kernel
    real = kernel.basis @ kernel.root
    scaled = np.rint(real * (2.0**_BINARY_PLACES / np.linalg.norm(real, axis=1).min())).astype(np.int64)
    transform = fpylll.IntegerMatrix.identity(size)
    gso = fpylll.GSO.Mat(fpylll.IntegerMatrix.from_matrix(scaled.tolist()), U=transform, float_type="long double")
    gso.update_gso()
    parameters = fpylll.BKZ.Param(min(block_size, size), flags=fpylll.BKZ.AUTO_ABORT)
    fpylll.BKZ.Reduction(gso, fpylll.LLL.Reduction(gso), parameters)()
    turn = np.array([[transform[i, j] for j in range(size)] for i in range(size)], dtype=np.float64)
    return kernel.in_basis(turn)
