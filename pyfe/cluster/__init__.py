"""Cohorts scored by many processes, on one machine or on several; and the functions for engines that have their own.

==============  ==================================================================================
:func:`score`   a cohort into a table of scores by Dask's workers: the same bytes as one process
``spark``       encrypted rows in Spark (``mapInArrow``)
``duckdb``      encrypted rows in DuckDB (a function of SQL)
==============  ==================================================================================

Dask, Spark and DuckDB are optional packages, imported where they are used: ``pip install 'pyfe-crypto[cluster]'``.
"""

from __future__ import annotations

from pyfe.cluster.connection import TIMEOUT, Cluster, connected
from pyfe.cluster.scoring import ScoresMade, score
from pyfe.cluster.tasks import require_cohort

__all__ = ["TIMEOUT", "Cluster", "ScoresMade", "connected", "require_cohort", "score"]
