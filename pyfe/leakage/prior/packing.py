"""What is kept of a sample as plain types, and back: strictly, whoever wrote it.

Arrays are base64 texts of little-endian doubles, so that nothing is rounded; how long each is follows from the schema,
and is checked before anything is made of it.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.errors import DecodeError
from pyfe.leakage.blocks import Blocks
from pyfe.leakage.prior.classes import MOST_CLASSES, classes_of
from pyfe.leakage.prior.dependence import Edge
from pyfe.leakage.prior.forest import class_marginals
from pyfe.leakage.prior.kept import Kept
from pyfe.strict import integers_of, require_fields

__all__ = ["edges_of", "kept_from_dict", "kept_to_dict", "order_of"]

_FIELDS = ("covariance", "edges", "entropy", "marginals", "orders", "scores", "tables")
_WHAT = "a reference"
_NEAR = 1e-6
"""By how much sums of probabilities and eigenvalues may be off, relative to what they are of."""


def kept_to_dict(kept: Kept) -> dict[str, Any]:
    """Plain JSON types."""
    lower = np.tril_indices(len(kept.covariance))
    return {
        "covariance": _packed(kept.covariance[lower]),
        "edges": [list(edge) for edge in kept.edges],
        "entropy": kept.entropy_bits.hex(),
        "marginals": [_packed(marginal) for marginal in kept.marginals],
        "orders": [order.tolist() for order in kept.orders],
        "scores": _packed(kept.scores[np.tril_indices(len(kept.scores), -1)]),
        "tables": [_packed(table) for table in kept.tables],
    }


def kept_from_dict(data: Mapping[str, Any], blocks: Blocks) -> Kept:
    """The inverse of :func:`kept_to_dict`. DecodeError for what no sample could have given, and what reading plain
    types raises (the caller names it)."""
    require_fields(data, _FIELDS, _WHAT)
    marginals = [_probabilities(text, (size,)) for text, size in _each(data["marginals"], blocks.sizes, "marginals")]
    classes = [classes_of(p, ordered) for p, ordered in zip(marginals, blocks.ordered, strict=True)]
    masses = class_marginals(marginals, classes)
    edges = edges_of(data["edges"], len(blocks))
    return Kept(
        marginals=marginals,
        classes=classes,
        edges=edges,
        tables=[_table(text, masses[p], masses[c]) for text, (p, c) in _each(data["tables"], edges, "tables")],
        covariance=_covariance(data["covariance"], blocks),
        orders=[order_of(order, size) for order, size in _each(data["orders"], blocks.sizes, "orders")],
        scores=_scores(data["scores"], len(blocks)),
        entropy_bits=_entropy(data["entropy"], len(blocks.private)),
    )


def edges_of(values: Any, blocks: int) -> list[Edge]:
    """The edges of a forest over so many blocks: nobody has two parents, and a parent comes before its children."""
    pairs = integers_of(values, 2, "edges").reshape(-1, 2) if values else np.zeros((0, 2), dtype=np.int64)
    edges: list[Edge] = [(parent, child) for parent, child in pairs.tolist()]
    met: set[int] = set()
    for parent, child in edges:
        if not (0 <= parent < blocks and 0 <= child < blocks) or child in met or parent == child:
            raise DecodeError(f"not {_WHAT}: its edges are no forest, or out of order")
        met |= {parent, child}
    return edges


def order_of(values: Any, size: int) -> IntArray:
    """All levels of a block, once each, in some order."""
    order = integers_of(values, 1, "an order")
    if not np.array_equal(np.sort(order), np.arange(size)):
        raise DecodeError(f"not {_WHAT}: an order does not have every level once")
    return order


def _each(values: Any, beside: Sequence[Any], what: str) -> list[tuple[Any, Any]]:
    if type(values) is not list or len(values) != len(beside):
        raise DecodeError(f"not {_WHAT}: its {what} are not {len(beside)}")
    return list(zip(values, beside, strict=True))


def _packed(array: FloatArray) -> str:
    return base64.b64encode(np.ascontiguousarray(array, dtype="<f8").tobytes()).decode("ascii")


def _unpacked(text: Any, shape: tuple[int, ...]) -> FloatArray:
    """Finite doubles of a shape, from the one text that says them."""
    size = 8 * math.prod(shape)
    if type(text) is not str or len(text) != (size + 2) // 3 * 4:
        raise DecodeError(f"not {_WHAT}: an array is no text, or of another length")
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode("ascii") != text or len(data) != size:
        raise DecodeError(f"not {_WHAT}: an array is not in canonical form")
    array = np.frombuffer(data, dtype="<f8").astype(np.float64).reshape(shape)
    if not np.isfinite(array).all():
        raise DecodeError(f"not {_WHAT}: an entry is no finite number")
    return array


def _probabilities(text: Any, shape: tuple[int, ...]) -> FloatArray:
    array = _unpacked(text, shape)
    if array.min() <= 0 or abs(array.sum() - 1) > _NEAR:
        raise DecodeError(f"not {_WHAT}: probabilities are positive and sum to 1")
    return array


def _table(text: Any, rows: FloatArray, columns: FloatArray) -> FloatArray:
    table = _probabilities(text, (len(rows), len(columns)))
    if np.abs(table.sum(axis=1) - rows).max() > _NEAR or np.abs(table.sum(axis=0) - columns).max() > _NEAR:
        raise DecodeError(f"not {_WHAT}: a table has other marginals than its columns")
    return table


def _covariance(text: Any, blocks: Blocks) -> FloatArray:
    n = blocks.schema.n
    found = _symmetric(_unpacked(text, (n * (n + 1) // 2,)), np.zeros((n, n)), 0)
    variance = np.diag(found)
    widest = (blocks.schema.hi - blocks.schema.lo).astype(np.float64) ** 2
    if (variance < 0).any() or (variance > widest).any():
        raise DecodeError(f"not {_WHAT}: a coordinate cannot vary so much")
    spread = np.sqrt(np.where(variance > 0, variance, 1.0))
    scaled = found / np.outer(spread, spread)
    if scaled[variance == 0].any():
        raise DecodeError(f"not {_WHAT}: what does not vary has no covariances")
    _require_root(scaled + _NEAR * n * np.eye(n), "covariances")
    return found


def _scores(text: Any, blocks: int) -> FloatArray:
    found = _symmetric(_unpacked(text, (blocks * (blocks - 1) // 2,)), np.eye(blocks), -1)
    _require_root(found, "scores")
    return found


def _require_root(matrix: FloatArray, what: str) -> None:
    """DecodeError unless the matrix is positive definite."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError as error:
        raise DecodeError(f"not {_WHAT}: its {what} are those of no rows") from error


def _symmetric(lower: FloatArray, matrix: FloatArray, diagonal: int) -> FloatArray:
    """The matrix with these entries on either side of its diagonal, from that one on: as they are, -0.0 too."""
    rows, columns = np.tril_indices(len(matrix), diagonal)
    matrix[rows, columns] = lower
    matrix[columns, rows] = lower
    return matrix


def _entropy(text: Any, private: int) -> float:
    bits = float.fromhex(text)
    if not 0 <= bits <= private * math.log2(MOST_CLASSES) * (1 + _NEAR) or bits.hex() != text:
        raise DecodeError(f"not {_WHAT}: {private} columns have no entropy of {bits} bits")
    return bits
