"""Encrypted rows in DuckDB: a function of SQL from ``ct`` to a score."""

from __future__ import annotations

from typing import Any

from pyfe.cohorts.batches import BatchScorer
from pyfe.errors import UnsupportedError

__all__ = ["register"]

_OF_ARROW = {"int64": "BIGINT", "double": "DOUBLE", "string": "VARCHAR", "bool": "BOOLEAN"}


def register(connection: Any, scorer: BatchScorer, name: str = "pyfe_score", column: str = "score") -> None:
    """Add the function ``name(ct)`` to a connection: one column of the scores (``score``, ``decision``, ``prediction``,
    ...) of every row. What is wrong with a row, DuckDB says in an error of its own, with the words of pyfe's.

    ParameterError as of :meth:`BatchScorer.column`.
    """
    of, scored = scorer.column(column)
    if str(of) not in _OF_ARROW:
        raise UnsupportedError(f"the column {column!r} is {of}, and a function of DuckDB gives {', '.join(_OF_ARROW)}")
    connection.create_function(name, scored, ["BLOB"], _OF_ARROW[str(of)], type="arrow")
