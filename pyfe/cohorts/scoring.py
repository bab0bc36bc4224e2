"""Encrypted rows in, a table of scores out, chunk by chunk: one thread reads and decodes ahead, the core decrypts, and
another thread writes."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import islice
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import numpy as np

from pyfe.arrays import IntArray
from pyfe.cohorts.manifest import Counts, Span
from pyfe.cohorts.rows import Piece, Rows
from pyfe.errors import DecodeError, OutOfRangeError, ParameterError, UnsupportedModelError
from pyfe.io.ahead import ahead, behind
from pyfe.io.scores import scores_header
from pyfe.keys import FunctionKey, RevocationList

__all__ = ["Scores", "score_parts"]

_PLAIN = re.compile(r"[^\",\r\n]*")

Add: TypeAlias = Callable[[Span, Callable[[BinaryIO], Counts]], None]


class _Scored(NamedTuple):
    piece: Piece
    scores: IntArray


class Scores:
    """The table of scores of some rows under a key: its header, and its lines, a chunk at a time.

    columns: whether public columns that travel follow the id. Other options as of :meth:`pyfe.FunctionKey.decrypt`.
    """

    def __init__(
        self,
        key: FunctionKey,
        rows: Rows,
        *,
        largest_weight_sum: int = 1,
        revoked: RevocationList | None = None,
        columns: bool = True,
    ) -> None:
        """KeyMismatchError and KeyExpiredError for a key that opens none of the rows. ParameterError for public columns
        that are called as columns of scores are. Reads the first chunk, whose errors come at once."""
        self.key, self._rows = key, rows
        self._options: dict[str, Any] = {"largest_weight_sum": largest_weight_sum, "revoked": revoked}
        self._columns = rows.columns if columns else ()
        first = next(rows.read(0, 1))
        key.require_match(first.batch)
        key.require_usable(revoked=revoked)
        (rows.batch or first.batch).require_weight_sums(largest_weight_sum)
        self._combined = first.batch.combined
        self.names = self._names()

    @property
    def header(self) -> bytes:
        """The first line."""
        return (",".join(_texts(self.names)) + "\n").encode()

    def decrypt(self, piece: Piece) -> IntArray:
        """The scores of a chunk; errors as of :meth:`pyfe.FunctionKey.decrypt`, naming where the chunk begins."""
        try:
            return self.key.decrypt(piece.batch, **self._options)
        except OutOfRangeError as error:
            if self._rows.chunks == 1:
                raise
            raise OutOfRangeError(f"among the rows from row {piece.first_row} on: {error}") from error

    def lines(self, piece: Piece, scores: IntArray) -> bytes:
        """The lines of a chunk. DecodeError for combined rows among others."""
        if piece.batch.combined != self._combined:
            raise DecodeError(f"chunk {piece.number}: combined rows and others do not go together")
        readout, rows = self.key.readout, len(scores)
        cells: list[list[Any]] = []
        if piece.batch.ids is not None:
            cells.append(_texts(piece.batch.ids.texts()))
        cells += [_texts(piece.public[name].cells) for name in self._columns]
        cells.append(list(range(piece.first_row, piece.first_row + rows)))
        cells += _by_column(scores, rows, readout.k)
        cells += _by_column(readout.decision_function(scores), rows, readout.k)
        if not self._combined and readout.classes is not None:
            probabilities = self._probabilities(scores)
            if probabilities is not None:
                cells += _by_column(probabilities, rows, probabilities.shape[1])
            cells.append(_texts(np.asarray(readout.predict(scores)).tolist()))
        line = ",".join(["%s"] * len(cells)) + "\n"
        return "".join([line % row for row in zip(*cells, strict=True)]).encode()

    def _names(self) -> list[str]:
        readout = self.key.readout
        classes = None if self._combined else readout.classes
        nothing = np.zeros((0, readout.k) if readout.k > 1 else 0, np.int64)
        probabilities = classes is not None and self._probabilities(nothing) is not None
        names = scores_header(readout.k, classes, probabilities=probabilities, ids=self._rows.ids)
        taken = [name for name in self._columns if name in names]
        if taken:
            raise ParameterError(
                f"the public column {taken[0]!r} is called as a column of scores; leave public columns out "
                "(--drop-columns)"
            )
        at = 0 if self._rows.ids is None else 1
        return [*names[:at], *self._columns, *names[at:]]

    def _probabilities(self, scores: IntArray) -> Any:
        try:
            return self.key.readout.predict_proba(scores)
        except UnsupportedModelError:
            return None


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
