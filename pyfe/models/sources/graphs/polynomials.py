"""Arrays of polynomials of degree two, on which array operations can be carried out without expanding any.

Every entry is ``c + <l, q> + sum_p w_p A_p(q) B_p(q)``: a constant, a linear part, and a combination of products of
two affine functions that were formed on the way (:class:`Products`). Sums and constant linear maps act on the
coefficients; a product of two affine arrays forms one new product per entry, never ``n^2`` monomials.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.models.real.affine import AffineMap
from pyfe.models.real.degree_two import RealQuadratic
from pyfe.models.real.squares import RealSquares
from pyfe.models.sources.real_function import RealMap
from pyfe.schema import Schema

__all__ = ["NotPolynomial", "Polynomials", "Products"]


_MAX_COEFFICIENTS = 2**22
"""Coefficients of everything that is made of the columns, beside the columns themselves (32 MB)."""


class NotPolynomial(Exception):
    """An operation would leave the polynomials of degree two; the text says how. Never reaches a caller of pyfe."""


@dataclass
class Products:
    """All products formed so far, of affine functions over ``z = (1, q)``: rows ``[n + 1]`` each.

    ``layers``: for every set of products formed at once, how many, and whether they are the squares of one row
    of values.
    """

    n: int
    left: list[FloatArray] = field(default_factory=list)
    right: list[FloatArray] = field(default_factory=list)
    layers: list[tuple[int, bool]] = field(default_factory=list)
    coefficients: int = 0
    """Coefficients of all arrays made so far."""

    @property
    def width(self) -> int:
        """Number of coefficients of an entry."""
        return 1 + self.n + len(self.left)

    def take(self, *shape: int) -> None:
        """Before an array is made: NotPolynomial where all together would hold more coefficients than are followed."""
        self.coefficients += math.prod(shape)
        if self.coefficients > _MAX_COEFFICIENTS + 8 * (self.n + 1) ** 2:
            raise NotPolynomial("grows to more products of columns than are followed")

    def inputs(self, rows: FloatArray, shape: tuple[int, ...]) -> Polynomials:
        """Affine functions, rows ``[entries, n + 1]`` over z, in a shape."""
        return Polynomials(self, rows.reshape(*shape, self.n + 1))


@dataclass(frozen=True)
class Polynomials:
    """An array of polynomials: coefficients float64 ``[*shape, width]``, width as it was when it was made."""

    products: Products
    coefficients: FloatArray

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array itself."""
        return self.coefficients.shape[:-1]

    @property
    def padded(self) -> FloatArray:
        """Coefficients over all products there are by now."""
        missing = self.products.width - self.coefficients.shape[-1]
        if missing:
            self.products.take(*self.shape, self.products.width)
        return np.pad(self.coefficients, [(0, 0)] * len(self.shape) + [(0, missing)])

    @property
    def constant(self) -> AnyArray | None:
        """The values, if they do not depend on q."""
        return None if self.coefficients[..., 1:].any() else self.coefficients[..., 0]

    def plus(self, other: Polynomials | AnyArray) -> Polynomials:
        """Entry by entry; broadcasts as numpy."""
        if isinstance(other, Polynomials):
            self.products.take(*np.broadcast_shapes(self.shape, other.shape), self.products.width)
            return Polynomials(self.products, self.padded + other.padded)
        shape = np.broadcast_shapes(self.shape, other.shape)
        self.products.take(*shape, self.coefficients.shape[-1])
        total = np.broadcast_to(self.coefficients, (*shape, self.coefficients.shape[-1])).copy()
        total[..., 0] += other
        return Polynomials(self.products, total)

    def scaled(self, factor: AnyArray) -> Polynomials:
        """Times constants; broadcasts as numpy."""
        self.products.take(*np.broadcast_shapes(self.shape, np.shape(factor)), self.coefficients.shape[-1])
        return Polynomials(self.products, self.coefficients * np.asarray(factor, dtype=np.float64)[..., None])

    def times(self, other: Polynomials | AnyArray) -> Polynomials:
        """Entry by entry; NotPolynomial where the degree would exceed two."""
        if not isinstance(other, Polynomials):
            return self.scaled(other)
        for one, two in ((self, other), (other, self)):
            if one.constant is not None:
                return two.scaled(one.constant)
        n, pool = self.products.n, self.products
        if self.coefficients[..., n + 1 :].any() or other.coefficients[..., n + 1 :].any():
            raise NotPolynomial("multiplies something quadratic by a column again: degree three or more")
        shape = np.broadcast_shapes(self.shape, other.shape)
        entries = math.prod(shape)
        pool.take(entries, pool.width + entries)
        sides = [np.broadcast_to(p.coefficients[..., : n + 1], (*shape, n + 1)) for p in (self, other)]
        left, right = (side.reshape(-1, n + 1) for side in sides)
        before = pool.width
        pool.left.extend(left)
        pool.right.extend(right)
        one_row = len(shape) == 1 or (len(shape) == 2 and shape[0] == 1)
        pool.layers.append((len(left), one_row and np.array_equal(left, right)))
        formed = np.zeros((len(left), pool.width))
        formed[np.arange(len(left)), before + np.arange(len(left))] = 1.0
        return Polynomials(pool, formed.reshape(*shape, pool.width))

    def summed(self, axes: tuple[int, ...], *, keepdims: bool) -> Polynomials:
        """Summed over axes, counted from the front."""
        return Polynomials(self.products, self.coefficients.sum(axis=axes, keepdims=keepdims))

    def matmul(self, other: Polynomials | AnyArray, *, swapped: bool = False) -> Polynomials:
        """The matrix product ``self @ other``, or ``other @ self``; both of two or more dimensions."""
        if min(len(self.shape), len(other.shape)) < 2:
            raise NotPolynomial("is a matrix product of vectors")
        if isinstance(other, Polynomials):
            first, second = self.coefficients[..., :, :, None, :], other.coefficients[..., None, :, :, :]
            product = Polynomials(self.products, first).times(Polynomials(self.products, second))
            return product.summed((len(product.shape) - 2,), keepdims=False)
        rows, columns = (other.shape[-2], self.shape[-1]) if swapped else (self.shape[-2], other.shape[-1])
        stacks = np.broadcast_shapes(self.shape[:-2], other.shape[:-2])
        self.products.take(*stacks, rows, columns, self.coefficients.shape[-1])
        stack = np.moveaxis(self.coefficients, -1, 0)
        result = np.matmul(other, stack) if swapped else np.matmul(stack, other)
        return Polynomials(self.products, np.moveaxis(result, 0, -1))

    def taken(self, index: IntArray) -> Polynomials:
        """The entries at flat positions, in the shape of ``index``."""
        self.products.take(*index.shape, self.coefficients.shape[-1])
        return Polynomials(self.products, self.coefficients.reshape(-1, self.coefficients.shape[-1])[index])

    # -- the result --

    def as_map(self, schema: Schema) -> RealMap:
        """One output per entry, on the coordinates of a schema: affine, a network of squares, or quadratic.

        A network is what combines the squares of one row of values, formed at once, and nothing else; not the squares
        of the coordinates themselves, which are monomials.
        """
        n, rows = self.products.n, self.padded.reshape(-1, self.products.width)
        linear, weights = rows[:, : n + 1], rows[:, n + 1 :]
        used = np.flatnonzero(weights.any(axis=0))
        left, right = (np.array(side).reshape(-1, n + 1)[used] for side in (self.products.left, self.products.right))
        outputs = weights[:, used]
        if len(used) and self._one_layer_of_squares(used) and (left[:, 1:] != 0).sum(axis=1).max() > 1:
            return RealSquares.exact(left, outputs, linear, schema)
        far = np.maximum(np.abs(np.append(1, schema.lo)), np.abs(np.append(1, schema.hi)))
        reach = np.abs(outputs) @ ((np.abs(left) @ far) * (np.abs(right) @ far)) + np.abs(linear) @ far
        error = 4 * (n + len(used) + 2) * np.finfo(np.float64).eps * reach
        matrices = np.einsum("kh,ha,hb->kab", outputs, left, right, optimize=True)
        matrices[:, 0] += linear
        folded = np.triu(matrices) + np.tril(matrices, -1).transpose(0, 2, 1)
        remaining = np.abs(folded[:, 1:, 1:]) @ far[1:] @ far[1:]
        if (remaining <= error).all():  # nothing, or what cancelling products leave
            return AffineMap(folded[:, 0, 1:], folded[:, 0, 0], error + remaining)
        centre = np.zeros(n, dtype=np.int64)
        return RealQuadratic(centre, folded[:, 1:, 1:], folded[:, 0, 1:], folded[:, 0, 0], error)

    def _one_layer_of_squares(self, used: npt.NDArray[np.intp]) -> bool:
        ends = np.cumsum([count for count, _ in self.products.layers])
        layers = np.unique(np.searchsorted(ends, used, side="right"))
        return len(layers) == 1 and self.products.layers[int(layers[0])][1]
