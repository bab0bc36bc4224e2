"""What a worker is given, what it does, and what comes back: no word of the engine that carries it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, NamedTuple

from pyfe import __version__, _core
from pyfe.cohorts import Cohort
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.opened_keys import KeyBytes, opened_key
from pyfe.cohorts.rows import Rows, of_cohort
from pyfe.cohorts.scoring import Scores, TableForm, score_in_turn, score_parts
from pyfe.errors import ParameterError, RefusedError
from pyfe.identity import Identity

__all__ = ["ROWS_A_TASK", "Task", "TaskPart", "require_cohort", "run", "tasks_of"]

ROWS_A_TASK = 1 << 15
"""Rows below which parts are taken together: a task costs its engine some 10 ms, and these rows a second or so."""


@dataclass(frozen=True, repr=False)
class Task:
    """Parts of a table of scores that a worker makes at a time.

    ``spans``: which; ``cohort``: the chunks that it reads for them, by itself; ``form``, ``keys``: as for all parts;
    ``signed_by``: bytes of the identity that has to have signed every chunk; ``version``: of the program that asks.
    """

    spans: tuple[Span, ...]
    cohort: Cohort
    form: TableForm
    keys: KeyBytes
    signed_by: bytes | None
    version: str = __version__

    @property
    def name(self) -> str:
        """Which rows it scores, for people."""
        first, last = self.spans[0], self.spans[-1]
        numbers = f"part {first.number}" if first == last else f"parts {first.number} to {last.number}"
        rows = self.cohort.first_row(first.first_chunk), self.cohort.first_row(last.first_chunk + last.chunks) - 1
        return f"{numbers} (rows {rows[0]} to {rows[1]})"

    def __repr__(self) -> str:
        return f"Task({self.name})"


class TaskPart(NamedTuple):
    """A part that was made: which, what it holds, and its bytes, the header before them."""

    span: Span
    counts: Counts
    data: bytes


def require_cohort(rows: Rows) -> Cohort:
    """The cohort of some rows. ParameterError for a batch: one object is not read by many."""
    if rows.source is None:
        raise ParameterError("workers score a cohort, and this is a batch: score it here, or encrypt it as a cohort")
    return rows.source


def tasks_of(
    scores: Scores, rows: Rows, spans: Sequence[Span], keys: KeyBytes, signed_by: Identity | None
) -> Iterator[Task]:
    """The tasks that make these parts, in order, each of :data:`ROWS_A_TASK` rows or more where there are so many."""
    cohort, signer = require_cohort(rows), None if signed_by is None else signed_by.to_bytes()
    held: list[Span] = []
    for span in spans:
        held.append(span)
        if rows.rows_of(held) >= ROWS_A_TASK or span is spans[-1]:
            part = cohort.only(held[0].first_chunk, span.first_chunk + span.chunks)
            yield Task(tuple(held), part, scores.form, keys, signer)
            held = []


def run(task: Task) -> list[TaskPart] | RefusedError:
    """Make the parts of a task: a worker's work. Pure, but for the files that it reads. A refusal is given, not raised:
    nothing that was refused is tried again.

    ParameterError where the worker has another version of pyfe, or cannot read the files that whoever asks reads; else
    errors as of :func:`pyfe.cohorts.scoring.score_parts`. Memory: four chunks, and the parts.
    """
    if task.version != __version__:
        raise ParameterError(f"this worker has pyfe {__version__}, and is asked by {task.version}: install one version")
    scores = Scores(opened_key(task.keys), task.form)
    signer = None if task.signed_by is None else Identity.from_bytes(task.signed_by)
    try:
        rows = of_cohort(task.cohort, signed_by=signer)
    except ParameterError as error:
        raise ParameterError(f"{error}; workers read the files under the paths that these have here") from error
    made: list[TaskPart] = []

    def add(span: Span, write: Callable[[BinaryIO], Counts]) -> None:
        file = io.BytesIO()
        counts = write(file)
        made.append(TaskPart(span, counts, file.getvalue()))

    engine = score_parts if _core.num_threads() > 1 else score_in_turn
    try:
        engine(scores, rows, list(task.spans), add, lambda more: None)
    except RefusedError as refused:
        return refused
    return made
