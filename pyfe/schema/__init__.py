"""Columns of real data -> bounded integer coordinates: the only place that knows scales.

===================  =========================================================================================
module               holds
===================  =========================================================================================
``schema``           :class:`Schema`, the agreement on columns
``encoded``          :class:`Encoded` rows
``columns``          the kinds of column, a class in a file each
``ranges``           columns from stated ranges, levels and marks
``written``          a schema as people read and write it: YAML
``facts``            what a schema says of itself, of a table, and beside another one
``proposal``         what :meth:`Schema.fit` makes of a column, and what it refuses
``frames``           tables of every kind as arrays by name
``cells``            one cell: absent or not, and which number
===================  =========================================================================================
"""

from __future__ import annotations

from pyfe.schema.columns import (
    LOUDNESS,
    MAX_BITS,
    MAX_COORDINATES,
    TRANSFORMS,
    Category,
    Column,
    Constant,
    Noise,
    Number,
    Optional,
    Products,
    Slots,
    Thresholds,
    category,
    constant,
    noise,
    number,
    thresholds,
)
from pyfe.schema.encoded import Encoded, Overflow
from pyfe.schema.facts import Cells, ColumnFacts, Difference
from pyfe.schema.population import Population, Shares
from pyfe.schema.schema import Schema, stacked

__all__ = [
    "LOUDNESS",
    "MAX_BITS",
    "MAX_COORDINATES",
    "TRANSFORMS",
    "Category",
    "Cells",
    "Column",
    "ColumnFacts",
    "Constant",
    "Difference",
    "Encoded",
    "Noise",
    "Number",
    "Optional",
    "Overflow",
    "Population",
    "Products",
    "Schema",
    "Shares",
    "Slots",
    "Thresholds",
    "category",
    "constant",
    "noise",
    "number",
    "stacked",
    "thresholds",
]
