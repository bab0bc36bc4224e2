"""Encrypted rows in, a table of scores out, chunk by chunk: one thread reads and decodes ahead, the core decrypts, and
another thread writes."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from types import MappingProxyType
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np

from pyfe.arrays import IntArray
from pyfe.ciphertext import CiphertextBatch
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.rows import Piece, Rows
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.function import Readout
from pyfe.io.ahead import ahead, behind
from pyfe.io.scores import scores_header
from pyfe.keys import FunctionKey, RevocationList
from pyfe.row_ids import Carriage

__all__ = ["ScoreColumns", "Scores", "score_parts"]

_PLAIN = re.compile(r"[^\",\r\n]*")

Add: TypeAlias = Callable[[Span, Callable[[BinaryIO], Counts]], None]


class _Scored(NamedTuple):
    piece: Piece
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

    def cells(
        self,
        batch: CiphertextBatch,
        scores: IntArray,
        *,
        first_row: int = 0,
        public: Mapping[str, Sequence[Any]] = MappingProxyType({}),
        text: Callable[[Sequence[Any]], list[Any]] = list,
    ) -> list[list[Any]]:
        """The cells of some rows by column; what is no number goes through ``text``."""
        readout, rows = self._readout, len(scores)
        cells: list[list[Any]] = [] if batch.ids is None else [text(batch.ids.texts())]
        cells += [text(public[name]) for name in self._columns]
        cells.append(list(range(first_row, first_row + rows)))
        cells += _by_column(scores, rows, readout.k)
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


class Scores:
    """The table of scores of some rows under a key: its header, and its lines, a chunk at a time.

    columns: whether public columns that travel follow the id; keep: whether all scores are held, in ``kept``. Other
    options as of :meth:`pyfe.FunctionKey.decrypt`.
    """

    def __init__(
        self,
        key: FunctionKey,
        rows: Rows,
        *,
        largest_weight_sum: int = 1,
        revoked: RevocationList | None = None,
        columns: bool = True,
        keep: bool = False,
    ) -> None:
        """KeyMismatchError and KeyExpiredError for a key that opens none of the rows. ParameterError for public columns
        that are called as columns of scores are. Reads the first chunk, whose errors come at once."""
        self.key, self._rows = key, rows
        self._options: dict[str, Any] = {"largest_weight_sum": largest_weight_sum, "revoked": revoked}
        first = next(rows.read(0, 1))
        key.require_match(first.batch)
        key.require_usable(revoked=revoked)
        (rows.batch or first.batch).require_weight_sums(largest_weight_sum)
        self._combined = first.batch.combined
        self._table = ScoreColumns(
            key.readout, ids=rows.ids, combined=self._combined, columns=rows.columns if columns else ()
        )
        self.kept: list[IntArray] | None = [] if keep else None

    @property
    def header(self) -> bytes:
        """The first line."""
        return (",".join(_texts(self._table.names)) + "\n").encode()

    def decrypt(self, piece: Piece) -> IntArray:
        """The scores of a chunk; errors as of :meth:`pyfe.FunctionKey.decrypt`, naming where the chunk begins."""
        try:
            scores: IntArray = self.key.decrypt(piece.batch, **self._options)
        except OutOfRangeError as error:
            if self._rows.chunks == 1:
                raise
            raise OutOfRangeError(f"among the rows from row {piece.first_row} on: {error}") from error
        if self.kept is not None:
            self.kept.append(scores)
        return scores

    def lines(self, piece: Piece, scores: IntArray) -> bytes:
        """The lines of a chunk. DecodeError for combined rows among others."""
        if piece.batch.combined != self._combined:
            raise DecodeError(f"chunk {piece.number}: combined rows and others do not go together")
        public = {name: column.cells for name, column in piece.public.items()}
        cells = self._table.cells(piece.batch, scores, first_row=piece.first_row, public=public, text=_texts)
        line = ",".join(["%s"] * len(cells)) + "\n"
        return "".join([line % row for row in zip(*cells, strict=True)]).encode()


def score_parts(scores: Scores, rows: Rows, spans: list[Span], add: Add, advance: Callable[[int], None]) -> None:
    """Make parts of the table of scores, each with its header; ``add`` puts one of them in its place.

    ``advance`` is told how many rows more are done. The core works in the thread that calls, so that Ctrl-C ends it.
    Memory: four chunks, decoded or scored.
    """

    def pieces() -> Iterator[Piece]:
        for span in spans:
            yield from rows.read(span.first_chunk, span.first_chunk + span.chunks)

    def put(scored: Iterator[_Scored]) -> None:
        for span in spans:
            add(span, partial(_write, scores, islice(scored, span.chunks)))

    with closing(ahead(pieces(), depth=1)) as read, behind(put) as hand_over:
        for piece in read:
            hand_over(_Scored(piece, scores.decrypt(piece)))
            advance(len(piece.batch))


def _write(scores: Scores, scored: Iterator[_Scored], file: BinaryIO) -> Counts:
    rows, saturated = 0, Counter[str]()
    file.write(scores.header)
    for piece, values in scored:
        file.write(scores.lines(piece, values))
        rows += len(values)
        saturated.update(piece.saturated)
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
