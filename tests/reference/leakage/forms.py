"""A quadratic key as data: products of coordinates, and weights of coordinates. A linear key has no products."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.reference.leakage.schema import Ints


@dataclass(frozen=True)
class Form:
    """sum of `products`[i, j] x_i x_j (i <= j) and of `weights`[i] x_i, over the coordinates of a schema."""

    weights: tuple[int, ...]
    products: tuple[tuple[int, int, int], ...] = ()

    def at(self, x: Ints) -> Ints:
        """Values [rows] of coordinates [rows, n]."""
        columns = np.ascontiguousarray(x.T)
        value = np.array(self.weights, dtype=np.int64) @ columns
        for i, j, weight in self.products:
            value = value + weight * columns[i] * columns[j]
        return np.asarray(value)

    def to_json(self) -> dict[str, Any]:
        return {"weights": list(self.weights), "products": [list(one) for one in self.products]}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Form:
        i_j_w = tuple((int(i), int(j), int(w)) for i, j, w in entry["products"])
        return cls(tuple(map(int, entry["weights"])), i_j_w)
