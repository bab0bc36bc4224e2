"""Columns of real data -> bounded integer coordinates: the only place that knows scales.

===================  =========================================================================================
module               holds
===================  =========================================================================================
``schema``           :class:`Schema`, the agreement on columns, and :class:`Encoded` rows
``columns``          the kinds of column: number, category, thresholds, constant, each with or without absent entries
``proposals``        what :meth:`Schema.fit` makes of a column, and what it refuses
``frames``           tables of every kind as arrays by name
``cells``            one cell: absent or not, and which number
===================  =========================================================================================
"""

from __future__ import annotations

from pyfe.schema.columns import (
    MAX_BITS,
    MAX_COORDINATES,
    TRANSFORMS,
    Category,
    Column,
    Constant,
    Number,
    Optional,
    Thresholds,
    category,
    constant,
    number,
    thresholds,
)
from pyfe.schema.schema import Encoded, Overflow, Schema, stacked

__all__ = [
    "MAX_BITS",
    "MAX_COORDINATES",
    "TRANSFORMS",
    "Category",
    "Column",
    "Constant",
    "Encoded",
    "Number",
    "Optional",
    "Overflow",
    "Schema",
    "Thresholds",
    "category",
    "constant",
    "number",
    "stacked",
    "thresholds",
]
