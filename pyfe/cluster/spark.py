"""Encrypted rows in Spark: a DataFrame of a cohort's files into a DataFrame of scores."""

from __future__ import annotations

from typing import Any

from pyfe.cohorts.batches import BatchScorer
from pyfe.errors import ParameterError

__all__ = ["scored"]


def scored(frame: Any, scorer: BatchScorer) -> Any:
    """The DataFrame of the scores of a DataFrame with a column ``ct``: its other columns but ``head`` and ``chunk``,
    then those of the scores. By ``mapInArrow``: lazy, a partition a task, keys opened once a Python worker.

    ParameterError where pyspark is not installed, or as of :meth:`BatchScorer.schema`.
    """
    try:
        from pyspark.sql.pandas.types import from_arrow_schema, to_arrow_schema
    except ImportError as error:
        raise ParameterError("this takes pyspark: pip install 'pyfe-crypto[spark]', and a Java 17 runtime") from error
    schema = from_arrow_schema(scorer.schema(to_arrow_schema(frame.schema)))
    return frame.mapInArrow(scorer.score_batches, schema)
