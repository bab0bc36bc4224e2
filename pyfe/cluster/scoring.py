"""A cohort into a table of scores, by workers."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, NamedTuple

from pyfe import io
from pyfe.arguments import require_a
from pyfe.cluster.connection import TIMEOUT, Cluster, connected
from pyfe.cohorts import Cohort, open_cohort
from pyfe.cohorts.evaluating import Asked, make_scores, said_of
from pyfe.cohorts.opened_keys import KeyBytes
from pyfe.cohorts.reading import AnyPath
from pyfe.cohorts.rows import of_cohort
from pyfe.cohorts.scoring import Scores
from pyfe.evaluator import StateFile, answers
from pyfe.identity import Identity
from pyfe.incidents import IN_MEMORY
from pyfe.io import roles
from pyfe.keys import FunctionKey, RevocationList

__all__ = ["ScoresMade", "score"]


class ScoresMade(NamedTuple):
    """A table of scores: its rows, how many of them this run scored, and the values that were moved to an end when
    they were encrypted, by column."""

    rows: int
    scored: int
    saturated: dict[str, int]


def score(
    cohort: Cohort | AnyPath | Iterable[AnyPath],
    key: FunctionKey,
    output: AnyPath,
    *,
    signed_by: Identity | None = None,
    state: AnyPath | None = None,
    unsigned: bool = False,
    largest_weight_sum: int = 1,
    revoked: RevocationList | None = None,
    allow_duplicates: bool = False,
    columns: bool = True,
    resume: bool = False,
    force: bool = False,
    scheduler: str | None = None,
    workers: int | None = None,
    timeout: float = TIMEOUT,
    cluster: Cluster | None = None,
) -> ScoresMade:
    """Score a cohort into a CSV, by Dask's workers: to the bytes, and under the checks, of ``pyfe evaluate``.

    Parts come back from the workers, and are written here, each once: durable, and in the manifest of a folder beside
    the output, before it counts. What was finished stays, whatever ends the call, and ``resume`` goes on with it, here
    or with ``pyfe evaluate --resume``; nothing but the list of revoked keys is looked at here alone.

    cohort: its files, or what :func:`pyfe.cohorts.open_cohort` gave. signed_by: who has to have signed every chunk;
    ``state``, ``unsigned``: as of :class:`pyfe.Evaluator`. columns: whether public columns follow the id.
    scheduler, workers, timeout: as of :func:`connected`; cluster: one that is connected already. Other options as of
    the command.

    Errors as of the command; ClusterError where workers do not come, die, or take longer than the timeout.
    """
    opened = cohort if isinstance(cohort, Cohort) else open_cohort(cohort)
    require_a(key, FunctionKey, "the function key")
    if cluster is not None:
        require_a(cluster, Cluster, "the cluster")
    rows = of_cohort(opened, signed_by=signed_by)
    options: dict[str, Any] = {"largest_weight_sum": largest_weight_sum, "columns": columns}
    with ExitStack() as stack:
        file = stack.enter_context(io.claimed(output, roles.SCORES, avoid=rows.files, force=force))
        counted = answers(IN_MEMORY if state is None else StateFile(state), key, rows, signed_by, unsigned=unsigned)
        scores = Scores.of_rows(key, rows, revoked=revoked, **options)
        if cluster is None:
            cluster = stack.enter_context(connected(scheduler=scheduler, workers=workers, timeout=timeout))
        engine = cluster.engine(KeyBytes(key.to_bytes()), signed_by)
        says, asked = said_of(key, rows, signed_by, options), Asked(allow_duplicates, resume, force)
        made = make_scores(file, scores, rows, says, asked, answers=counted, engine=engine)
    return ScoresMade(made.counts.rows, made.scored, dict(made.counts.saturated))
