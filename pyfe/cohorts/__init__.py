"""Cohorts: encrypted rows of any number, in chunks, in Parquet files; and long work in parts, gone on with later."""

from __future__ import annotations

from pyfe.cohorts.chunk import Chunk
from pyfe.cohorts.columns import ColumnKind, PublicColumn
from pyfe.cohorts.place import Place, fresh_cohort_id, places
from pyfe.cohorts.reading import Cohort, is_parquet, open_cohort
from pyfe.cohorts.writing import PartWritten, write_part
from pyfe.wire.signature import Signature

__all__ = [
    "Chunk",
    "Cohort",
    "ColumnKind",
    "PartWritten",
    "Place",
    "PublicColumn",
    "Signature",
    "fresh_cohort_id",
    "is_parquet",
    "open_cohort",
    "places",
    "write_part",
]
