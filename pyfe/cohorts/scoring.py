"""Encrypted rows in, a table of scores out, chunk by chunk: one thread reads ahead, the core decodes and decrypts, and
another thread writes; or all of it in turn, where other processes have the other cores."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple, Self, TypeAlias

import numpy as np

from pyfe.arrays import IntArray
from pyfe.cohorts.columns import PublicColumn
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.rows import Piece, Rows
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, PyfeError, RefusedError, UnsupportedModelError
from pyfe.function import Readout
from pyfe.io.ahead import ahead, behind
from pyfe.io.scores import scores_header
from pyfe.keys import FunctionKey, RevocationList
from pyfe.row_ids import Carriage, RowIds

__all__ = ["Add", "Engine", "ScoreColumns", "Scores", "TableForm", "score_in_turn", "score_parts"]

_PLAIN = re.compile(r"[^\",\r\n]*")

Add: TypeAlias = Callable[[Span, Callable[[BinaryIO], Counts]], None]


_SCORED_AHEAD = 32
"""Chunks that are scored before they are written: it takes a while until it is known what the command is (all files
are hashed), and nothing is written before."""


class _Scored(NamedTuple):
    """What is written of a chunk: nothing that is encrypted."""

    first_row: int
    ids: RowIds | None
    public: Mapping[str, PublicColumn]
    saturated: Mapping[str, int]
    scores: IntArray


class ScoreColumns:
    """The columns of a table of scores: ids where they travel, public columns, the row, scores, decision values;
    probabilities and predictions where there are any.

    ids: how ids travel, or None; combined: whether the rows are combinations; columns: the public columns.
    """

    def __init__(self, readout: Readout, *, ids: Carriage | None, combined: bool, columns: Sequence[str] = ()) -> None:
        """ParameterError for public columns that are called as columns of scores are."""
        self._readout, self._ids, self._combined, self._columns = readout, ids, combined, columns
        self.names = self._names()

    @property
    def of_scores(self) -> list[str]:
        """The names of those that follow from the scores alone: all behind the row."""
        return self.names[self.names.index("row") + 1 :]

    def cells(
        self,
        ids: RowIds | None,
        scores: IntArray,
        *,
        first_row: int = 0,
        public: Mapping[str, Sequence[Any]] = MappingProxyType({}),
        text: Callable[[Sequence[Any]], list[Any]] = list,
    ) -> list[list[Any]]:
        """The cells of some rows by column; what is no number goes through ``text``."""
        cells: list[list[Any]] = [] if ids is None else [text(ids.texts())]
        cells += [text(public[name]) for name in self._columns]
        cells.append(list(range(first_row, first_row + len(scores))))
        return cells + self.cells_of_scores(scores, text)

    def cells_of_scores(self, scores: IntArray, text: Callable[[Sequence[Any]], list[Any]] = list) -> list[list[Any]]:
        """The cells of the columns :attr:`of_scores`."""
        readout, rows = self._readout, len(scores)
        cells = _by_column(scores, rows, readout.k)
        cells += _by_column(readout.decision_function(scores), rows, readout.k)
        if self._combined or (readout.classes is None and readout.link == "identity"):
            return cells
        probabilities = self._probabilities(scores)
        if probabilities is not None:
            cells += _by_column(probabilities, rows, probabilities.shape[1])
        predicted = np.asarray(readout.predict(scores))
        if readout.classes is None:
            return cells + _by_column(predicted, rows, readout.k)
        return [*cells, text(predicted.tolist())]

    def _names(self) -> list[str]:
        readout = self._readout
        classes = None if self._combined else readout.classes
        nothing = np.zeros((0, readout.k) if readout.k > 1 else 0, np.int64)
        values = not self._combined and classes is None and readout.link != "identity"
        probabilities = (values or classes is not None) and self._probabilities(nothing) is not None
        names = scores_header(readout.k, classes, probabilities=probabilities, ids=self._ids, values=values)
        taken = [name for name in self._columns if name in names]
        if taken:
            raise ParameterError(
                f"the public column {taken[0]!r} is called as a column of scores; leave public columns out "
                "(--drop-columns)"
            )
        at = 0 if self._ids is None else 1
        return [*names[:at], *self._columns, *names[at:]]

    def _probabilities(self, scores: IntArray) -> Any:
        try:
            return self._readout.predict_proba(scores)
        except UnsupportedModelError:
            return None


class TableForm(NamedTuple):
    """What a table of scores follows from, beside rows and key: how ids travel, the public columns that follow them,
    whether the rows are combinations, what the weights of one may sum to, and whether there are several chunks."""

    ids: Carriage | None
    columns: tuple[str, ...]
    combined: bool
    largest_weight_sum: int = 1
    several: bool = True


class Scores:
    """The table of scores of some rows under a key: its header, and its lines, a chunk at a time.

    keep: whether all scores are held, in ``kept``; revoked: as of :meth:`pyfe.FunctionKey.decrypt`.
    """

    def __init__(
        self, key: FunctionKey, form: TableForm, *, revoked: RevocationList | None = None, keep: bool = False
    ) -> None:
        """ParameterError for public columns that are called as columns of scores are."""
        self.key, self.form = key, form
        self._options: dict[str, Any] = {"largest_weight_sum": form.largest_weight_sum, "revoked": revoked}
        self._table = ScoreColumns(key.readout, ids=form.ids, combined=form.combined, columns=form.columns)
        self.kept: list[IntArray] | None = [] if keep else None

    @classmethod
    def of_rows(
        cls,
        key: FunctionKey,
        rows: Rows,
        *,
        largest_weight_sum: int = 1,
        revoked: RevocationList | None = None,
        columns: bool = True,
        keep: bool = False,
    ) -> Self:
        """The table of some rows; columns: whether public columns that travel follow the id.

        KeyMismatchError and KeyExpiredError for a key that opens none of the rows, else as the class itself. Reads the
        first chunk, whose errors come at once.
        """
        first = next(rows.read(0, 1))().batch
        key.require_match(first)
        key.require_usable(revoked=revoked)
        (rows.batch or first).require_weight_sums(largest_weight_sum)
        shown = rows.columns if columns else ()
        form = TableForm(rows.ids, shown, first.combined, largest_weight_sum, several=rows.chunks > 1)
        return cls(key, form, revoked=revoked, keep=keep)

    @property
    def header(self) -> bytes:
        """The first line."""
        return (",".join(_texts(self._table.names)) + "\n").encode()

    def decrypt(self, piece: Piece) -> IntArray:
        """The scores of a chunk; errors as of :meth:`pyfe.FunctionKey.decrypt`, naming where the chunk begins.
        DecodeError for combined rows among others."""
        if piece.batch.combined != self.form.combined:
            raise DecodeError(f"chunk {piece.number}: combined rows and others do not go together")
        try:
            scores = self.key.uncounted(piece.batch, **self._options)
        except OutOfRangeError as error:
            if not self.form.several:
                raise
            raise OutOfRangeError(f"among the rows from row {piece.first_row} on: {error}") from error
        if self.kept is not None:
            self.kept.append(scores)
        return scores

    def scored(self, piece: Piece, left: Iterable[Callable[[], Piece]]) -> _Scored:
        """A chunk decrypted: what is written of it. Errors as of :meth:`decrypt`. Those that are ``left`` are decrypted
        before a RefusedError is raised, so that the time tells nobody where it was; what else is wrong with one of them
        does not take its place, or whoever signed them would damage the last one, and no refusal would count."""
        try:
            scores = self.decrypt(piece)
        except RefusedError:
            with suppress(PyfeError):
                for decoded in left:
                    with suppress(RefusedError):
                        self.decrypt(decoded())
            raise
        return _Scored(piece.first_row, piece.batch.ids, piece.public, piece.saturated, scores)

    def lines(self, scored: _Scored) -> bytes:
        """The lines of a chunk."""
        public = {name: column.cells for name, column in scored.public.items()}
        cells = self._table.cells(scored.ids, scored.scores, first_row=scored.first_row, public=public, text=_texts)
        line = ",".join(["%s"] * len(cells)) + "\n"
        return "".join([line % row for row in zip(*cells, strict=True)]).encode()


def score_parts(
    scores: Scores,
    rows: Rows,
    spans: list[Span],
    add: Add,
    advance: Callable[[int], None],
    *,
    unblock: Callable[[], object] = lambda: None,
) -> None:
    """Make parts of the table of scores, each with its header; ``add`` puts one of them in its place.

    ``advance`` is told how many rows more are done; ``unblock`` ends what ``add`` may wait for, when an error ends the
    work. The core works in the thread that calls, so that Ctrl-C ends it, and in no other: of two calls at the same
    time one has all cores and the other a single one, and the former waits for it. Memory: four chunks as bytes, two
    decoded; ids, public columns and scores of some thirty more.
    """

    def pieces() -> Iterator[Callable[[], Piece]]:
        for span in spans:
            yield from rows.read(span.first_chunk, span.first_chunk + span.chunks)

    def put(scored: Iterator[_Scored]) -> None:
        for span in spans:
            add(span, partial(_write, scores, islice(scored, span.chunks)))

    with closing(ahead(pieces())) as read, behind(put, _SCORED_AHEAD, unblock=unblock) as hand_over:
        for decoded in read:
            done = scores.scored(decoded(), read)
            hand_over(done)
            advance(len(done.scores))


def score_in_turn(scores: Scores, rows: Rows, spans: list[Span], add: Add, advance: Callable[[int], None]) -> None:
    """The same by one thread: for a worker of one core among others. Memory: two chunks."""
    read = (decoded for span in spans for decoded in rows.read(span.first_chunk, span.first_chunk + span.chunks))

    def scored(span: Span) -> Iterator[_Scored]:
        for decoded in islice(read, span.chunks):
            done = scores.scored(decoded(), read)
            yield done
            advance(len(done.scores))

    for span in spans:
        add(span, partial(_write, scores, scored(span)))


Engine: TypeAlias = Callable[[Scores, Rows, list[Span], Add, Callable[[int], None]], None]
"""What makes parts as :func:`score_parts` does, wherever it does it."""


def _write(scores: Scores, chunks: Iterator[_Scored], file: BinaryIO) -> Counts:
    rows, saturated = 0, Counter[str]()
    file.write(scores.header)
    for scored in chunks:
        file.write(scores.lines(scored))
        rows += len(scored.scores)
        saturated.update(scored.saturated)
    return Counts(rows, dict(saturated))


def _by_column(values: Any, rows: int, columns: int) -> list[list[Any]]:
    array = np.asarray(values).reshape(rows, columns)
    return [array[:, at].tolist() for at in range(columns)]


def _texts(cells: Sequence[Any]) -> list[Any]:
    """Cells as CSV has them: numbers and truth values as they are, nothing for None, text in quotes where it needs
    some. The module csv takes twice the time for a table of numbers."""
    if not {str, type(None)} & set(map(type, cells)):
        return list(cells)
    texts = ["" if cell is None else str(cell) for cell in cells]
    return texts if _PLAIN.fullmatch("".join(texts)) else [_quoted(text) for text in texts]


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerow([text])
    return buffer.getvalue()[:-1]
