"""How wide the linear weights of a quadratic form are, beyond what its products account for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from pyfe.leakage import limits
from pyfe.leakage.implied import Spanned
from pyfe.leakage.rows import Reader, Row, combination_of, is_linear, polynomial_of
from pyfe.leakage.span import Span, integer_combination
from pyfe.schema import Schema

__all__ = ["LinearContent"]


class LinearContent:
    """How wide the weights of single columns are, beyond what the products with these columns account for.

    Of ``(x - m)^T A (x - m)``, m in the range of x, the weight of x_i is at most what its products can vary by. What a
    form has besides is the share of a linear function, and may be as wide. The values of public columns are known:
    products with them are part of a weight.
    """

    def __init__(self, schema: Schema, reader: Reader, modulus: int) -> None:
        self._reader = reader
        self._modulus = modulus
        self._reach = [1, *np.maximum(np.abs(schema.lo), np.abs(schema.hi)).tolist()]
        self._columns = list(schema.columns.values())

    def wide(self, before: Sequence[Row], after: Sequence[Row]) -> dict[int, int]:
        """Columns with too wide weights, and their bits: in the rows after, combinations of two, and in what
        combinations without any product with the column have; less what the rows before, the first of them, have."""
        found: dict[int, int] = {}
        for row in _with_pairs(after, len(before)):
            for block, bits in self._bits(row).items():
                if bits > limits.LINEAR_WEIGHT_BITS:
                    found[block] = max(bits, found.get(block, 0))
        kernels = _Kernels(after, self._reader, self._modulus), _Kernels(before, self._reader, self._modulus)
        blocks = {self._reader.space.block(i) for i in self._reader.space.free} - {*found}
        for block in blocks:
            new, old = (kernel.dimension(block) for kernel in kernels)
            if (
                new > old
                and (bits := self._bits_without_products(block, new, after, kernels[0])) > limits.LINEAR_WEIGHT_BITS
            ):
                found[block] = bits
        return dict(sorted(found.items()))

    def _bits_without_products(self, block: int, dimension: int, rows: Sequence[Row], kernels: _Kernels) -> int:
        """0 if the forms without a product with the column have a basis of rows given within the bound; else the bits
        of their reduced basis."""
        listed = [row for row in rows if all(is_linear(c) or block not in self._reader.owners(c) for c in row)]
        narrow = [row for row in listed if self._bits(row).get(block, 0) <= limits.LINEAR_WEIGHT_BITS]
        if kernels.rank(narrow) == dimension:
            return 0
        return max(self._bits(row).get(block, 0) for row in kernels.basis(block))

    def _bits(self, row: Row) -> dict[int, int]:
        """For each column, the bits, with sign, of the weights that products do not account for; the form taken
        primitive. Of a category, which has no zero of its own, the least weights that say the same."""
        space, content = self._reader.space, math.gcd(*row.values()) or 1
        weights: dict[int, int] = {}
        varied: dict[int, int] = {}
        for (i, j), value in polynomial_of(row).items():
            for own, other in {(i, j), (j, i)}:
                if space.owner[own] is None:
                    continue
                size = abs(value) // content * self._reach[other]
                if other == 0:
                    weights[own] = weights.get(own, 0) + value // content
                elif space.owner[other] is None:
                    weights[own] = weights.get(own, 0) + (size if weights.get(own, 0) >= 0 else -size)
                else:
                    varied[own] = varied.get(own, 0) + size * (2 if own == other else 1)
        blocks: dict[int, list[int]] = {}
        for own in {*weights, *varied}:
            blocks.setdefault(space.block(own), []).append(own)
        return {block: self._column_bits(block, own, weights, varied) for block, own in blocks.items()}

    def _column_bits(
        self, block: int, own: Sequence[int], weights: Mapping[int, int], varied: Mapping[int, int]
    ) -> int:
        column = self._columns[block]
        if column.one_hot:
            listed = [0, *(weights.get(i, 0) for i in own)]
            beyond = (max(listed) - min(listed) + 1) // 2 - max(varied.get(i, 0) for i in own)
        else:
            beyond = max(abs(weights.get(i, 0)) - varied.get(i, 0) for i in own)
        return max(beyond, 0).bit_length() + 1


def _with_pairs(rows: Sequence[Row], first: int) -> Iterator[Row]:
    """The rows from ``first`` on; and, of the first few quadratic ones, combinations of two with one of these: sums,
    differences, and those without some product that both have."""
    yield from rows[first:]
    products = [i for i, row in enumerate(rows) if not all(map(is_linear, row))][: limits.MOST_COMBINED]
    for i, j in combinations(products, 2):
        if j < first:
            continue
        left, right = rows[i], rows[j]
        common = sorted(column for column in left if column in right and not is_linear(column))
        dropped = {common[at] for at in (0, len(common) // 2, -1)} if common else set()
        for pair in {(1, 1), (1, -1), *((right[column], -left[column]) for column in dropped)}:
            yield combination_of(pair, (left, right))


class _Kernels:
    """Of the forms in a span, those without a product with a column: no product hides its share of their values."""

    def __init__(self, rows: Sequence[Row], reader: Reader, modulus: int) -> None:
        self._modulus = modulus
        self._spanned = Spanned(rows, reader.space.free, modulus)
        self._touching: dict[int, list[int]] = {}
        for position, column in enumerate(self._spanned.columns[: self._spanned.products]):
            for block in reader.owners(column):
                self._touching.setdefault(block, []).append(position)

    def rank(self, rows: Sequence[Row]) -> int:
        """Of some of the rows."""
        return Span((self._spanned.dense(row) for row in rows), prime=self._modulus, traced=False).rank

    def dimension(self, block: int) -> int:
        """How many independent ones there are."""
        rows = self._spanned.span.rows()
        touching = self._touching.get(block, [])
        return len(rows) - Span(([row[i] for i in touching] for row in rows), prime=self._modulus, traced=False).rank

    def basis(self, block: int) -> list[Row]:
        """The reduced basis, in integers."""
        rows, prime = self._spanned.span.rows(), self._modulus
        touching = self._touching.get(block, [])
        span, kernel = Span(prime=prime), Span(prime=prime, traced=False)
        for index, row in enumerate(rows):
            _, used = span.reduce([row[i] for i in touching])
            if not span.add([row[i] for i in touching]):
                combination = {index: 1} | {j: -c for j, c in used.items()}
                kernel.add([sum(c * rows[j][i] for j, c in combination.items()) % prime for i in range(len(row))])
        return [
            {column: v for column, v in zip(self._spanned.columns, _integers(row, prime), strict=True) if v}
            for row in kernel.rows()
        ]


def _integers(row: Sequence[int], prime: int) -> list[int]:
    """The primitive integer multiple of a row modulo the prime; the residues themselves where there is no short one."""
    short = integer_combination({i: v for i, v in enumerate(row) if v}, prime)
    return list(row) if short is None else [short[0].get(i, 0) for i in range(len(row))]
