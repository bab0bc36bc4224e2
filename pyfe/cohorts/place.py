"""Where a chunk stands in its cohort: known for every chunk before the first is encrypted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pyfe.arguments import require_count
from pyfe.errors import ParameterError

__all__ = ["COHORT_ID_SIZE", "MOST_CHUNKS", "MOST_ROWS", "Place", "fresh_cohort_id", "places"]

COHORT_ID_SIZE = 16
MOST_CHUNKS = 2**30
MOST_ROWS = 2**48


@dataclass(frozen=True)
class Place:
    """A chunk's place.

    ``cohort``: 16 bytes that are drawn once a cohort, and are the same in all its chunks; ``number``: of the chunk,
    counted from 0; ``chunks``: how many chunks the cohort has; ``first_row``: how many of its rows come before this
    chunk; ``rows``: how many it has in all. ParameterError for values that are no place.
    """

    cohort: bytes
    number: int
    chunks: int
    first_row: int
    rows: int

    def __post_init__(self) -> None:
        if type(self.cohort) is not bytes or len(self.cohort) != COHORT_ID_SIZE:
            raise ParameterError(f"the id of a cohort is {COHORT_ID_SIZE} bytes")
        require_count(self.chunks, 1, MOST_CHUNKS, "the number of a cohort's chunks")
        require_count(self.number, 0, self.chunks - 1, f"the number of a chunk, of {self.chunks},")
        require_count(self.rows, 1, MOST_ROWS, "the number of a cohort's rows")
        require_count(self.first_row, 0, self.rows - 1, f"the first row of a chunk, of {self.rows} rows,")

    def require_rows(self, rows: int) -> None:
        """ParameterError unless a chunk of so many rows can stand here: every chunk has a row or more, the first
        begins with the first row, and the last ends with the last."""
        fits = 1 <= rows <= self.rows - self.first_row
        first, last = self.number == 0, self.number == self.chunks - 1
        if not fits or first != (self.first_row == 0) or last != (self.first_row + rows == self.rows):
            raise ParameterError(
                f"chunk {self.number} of {self.chunks} cannot be {rows} rows from row {self.first_row} of {self.rows}"
            )

    def to_dict(self) -> dict[str, Any]:
        """The same in plain types."""
        return {
            "chunks": self.chunks,
            "cohort": self.cohort,
            "first_row": self.first_row,
            "number": self.number,
            "rows": self.rows,
        }

    def __str__(self) -> str:
        return f"chunk {self.number} of {self.chunks} (rows {self.first_row} and on)"


def fresh_cohort_id() -> bytes:
    """16 bytes of the operating system's randomness: no two cohorts are the same."""
    return os.urandom(COHORT_ID_SIZE)


def places(rows: int, rows_a_chunk: int, cohort: bytes | None = None) -> Iterator[tuple[Place, int]]:
    """The places of a cohort of so many rows with the number of rows in each: ``rows_a_chunk``, and in the last what is
    left. A fresh id of the cohort unless one is given."""
    require_count(rows, 1, MOST_ROWS, "the number of a cohort's rows")
    require_count(rows_a_chunk, 1, MOST_ROWS, "the number of a chunk's rows")
    chosen, chunks = fresh_cohort_id() if cohort is None else cohort, -(-rows // rows_a_chunk)
    for number in range(chunks):
        first = number * rows_a_chunk
        yield Place(chosen, number, chunks, first, rows), min(rows_a_chunk, rows - first)
