"""A table of scores of encrypted rows, whole in its place: what ``pyfe evaluate`` and :func:`pyfe.cluster.score` make.

Files are hashed, and ids of a long table compared, beside the scoring: nothing is written before the one, and nothing
handed out before the other is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple, TypeAlias

from pyfe.cohorts.manifest import Command, Counts
from pyfe.cohorts.one_file import table_in_parts
from pyfe.cohorts.rows import Rows
from pyfe.cohorts.scoring import Engine, Scores, score_parts
from pyfe.errors import DecodeError
from pyfe.identity import Identity
from pyfe.io.ahead import beside
from pyfe.io.outputs import Output
from pyfe.keys import FunctionKey

__all__ = ["Around", "Asked", "TableMade", "make_scores", "said_of"]

CHUNKS_A_PART = 16
"""Chunks between two places where a killed run can be gone on with: some 32,768 rows."""

Metered: TypeAlias = Callable[[int, int], AbstractContextManager[Callable[[int], None]]]


class Asked(NamedTuple):
    """Whether an id may be there twice, and what may be there already."""

    allow_duplicates: bool = False
    resume: bool = False
    force: bool = False


class TableMade(NamedTuple):
    """A table of scores: what it holds, and how many of its rows this run scored."""

    counts: Counts
    scored: int


def _unmetered(rows: int, done: int) -> AbstractContextManager[Callable[[int], None]]:
    return nullcontext(lambda more: None)


@dataclass(frozen=True)
class Around:
    """What else is done: ``prepare`` before the first row is scored; ``metered``, given how many rows there are and
    how many are done, is told how many more; ``finish`` when all are scored, before the table is there."""

    prepare: Callable[[], object] = lambda: None
    metered: Metered = _unmetered
    finish: Callable[[], object] = lambda: None


def said_of(key: FunctionKey, rows: Rows, owner: Identity | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """What a table of scores follows from, but for the files' digests. Not what scores it, nor where."""
    return {
        "scheme": rows.scheme,
        "public_key": rows.public_key_id.hex(),
        "schema": rows.schema_id.hex(),
        "cohort": None if rows.cohort is None else rows.cohort.hex(),
        "rows": rows.rows,
        "function_key": key.id.hex(),
        "signed_by": None if owner is None else owner.ed25519.hex(),
        **options,
    }


def make_scores(
    file: Output,
    scores: Scores,
    rows: Rows,
    says: Mapping[str, Any],
    asked: Asked,
    *,
    answers: AbstractContextManager[object],
    engine: Engine | None = None,
    around: Around | None = None,
) -> TableMade:
    """Make the table of scores in its place; ``answers``: what counts refusals while rows are decrypted
    (:func:`pyfe.evaluator.answers`); ``engine``: what scores its parts, else this process.

    ParameterError for an id that is there twice, and as of :func:`pyfe.cohorts.one_file.table_in_parts`; DecodeError
    for rows that are not those that were opened. Whatever ends it early, finished parts stay for a run that resumes.
    """
    also = Around() if around is None else around
    cut = Command("scores", says, rows.chunks, CHUNKS_A_PART, ".csv")
    digests = beside(lambda: rows.digests() if rows.chunks > CHUNKS_A_PART else {})
    distinct = beside(lambda: None if asked.allow_duplicates else rows.require_distinct())
    if rows.chunks <= CHUNKS_A_PART:
        distinct.result()
    also.prepare()

    def command() -> Command:  # of a short table it is asked where a folder is there
        return replace(cut, says={**says, **(digests.result() or rows.digests())})

    score = engine or partial(score_parts, unblock=digests.cancel)

    with table_in_parts(file, command, list(cut.spans()), resume=asked.resume, force=asked.force) as table:
        missing = table.missing()
        left = rows.rows_of(missing)
        with also.metered(rows.rows, rows.rows - left) as advance:

            def scored(more: int) -> None:
                if distinct.done():
                    distinct.result()
                advance(more)

            with answers:
                score(scores, rows, missing, table.add, scored)
        distinct.result()
        rows.require_unchanged()
        also.finish()
        counts = table.assemble(scores.header)
    if counts.rows != rows.rows:
        raise DecodeError(f"{counts.rows} rows were read, and there are {rows.rows}")
    return TableMade(counts, left)
