"""The kinds of column: how raw values become integer coordinates, and what everybody knows about these.

===============  =============================================================================================
module           holds
===============  =============================================================================================
``base``         :class:`Column`: every question that can be asked of a column
``number``       an interval in equal steps, on the scale of a transform
``category``     one of several levels, as bits
``thresholds``   which of some cuts a number reaches, as bits
``constant``     the same for every patient
``noise``        what the data owner adds to every answer
``optional``     one of the others whose entries may be absent, with a bit that says so
``kinds``        the kinds by name, for reading
===============  =============================================================================================
"""

from __future__ import annotations

from pyfe.schema.columns.base import (
    MAX_BITS,
    MAX_COORDINATES,
    Code,
    Codes,
    Column,
    Encoder,
    Level,
    Products,
    Slots,
    is_column,
)
from pyfe.schema.columns.category import Category, category
from pyfe.schema.columns.constant import Constant, constant
from pyfe.schema.columns.kinds import KINDS, column_from_dict
from pyfe.schema.columns.noise import LOUDNESS, Noise, noise
from pyfe.schema.columns.number import TRANSFORMS, Number, checked_bits, number
from pyfe.schema.columns.optional import Optional, optional, with_missing
from pyfe.schema.columns.thresholds import Thresholds, thresholds

__all__ = [
    "KINDS",
    "LOUDNESS",
    "MAX_BITS",
    "MAX_COORDINATES",
    "TRANSFORMS",
    "Category",
    "Code",
    "Codes",
    "Column",
    "Constant",
    "Encoder",
    "Level",
    "Noise",
    "Number",
    "Optional",
    "Products",
    "Slots",
    "Thresholds",
    "category",
    "checked_bits",
    "column_from_dict",
    "constant",
    "is_column",
    "noise",
    "number",
    "optional",
    "thresholds",
    "with_missing",
]
