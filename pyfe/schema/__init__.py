"""Columns of real data -> bounded integer coordinates: the only place that knows scales.

===================  =========================================================================================
module               holds
===================  =========================================================================================
``schema``           :class:`Schema`, the agreement on columns
``encoded``          :class:`Encoded` rows
``columns``          the kinds of column, a class in a file each
``ranges``           columns from stated ranges, levels and marks
``proposal``         what :meth:`Schema.fit` makes of a column, and what it refuses
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
    Products,
    Thresholds,
    category,
    constant,
    number,
    thresholds,
)
from pyfe.schema.encoded import Encoded, Overflow
from pyfe.schema.population import Population, Shares
from pyfe.schema.schema import Schema, stacked

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
    "Population",
    "Products",
    "Schema",
    "Shares",
    "Thresholds",
    "category",
    "constant",
    "number",
    "stacked",
    "thresholds",
]
