"""A table that is made in parts and wanted as one file."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain, pairwise
from typing import Any, BinaryIO, Protocol, cast

from pyfe.cohorts.manifest import Command, Counts, Manifest, Span
from pyfe.cohorts.parts import WorkFolder, parts_beside, work_folder
from pyfe.errors import ParameterError
from pyfe.io.outputs import Output

__all__ = ["TableInParts", "table_in_parts"]

_IN_MEMORY = 1 << 25
_PIECE = 1 << 20


class TableInParts(Protocol):
    """Parts of a table, each of which begins with the table's header."""

    def missing(self) -> list[Span]:
        """The parts that are to be made, in order."""
        ...

    def add(self, span: Span, write: Callable[[BinaryIO], Counts]) -> None:
        """Make a part, in the order of the rows."""
        ...

    def assemble(self, header: bytes) -> Counts:
        """Put all parts into the file, after one header; what they hold."""
        ...


@contextmanager
def table_in_parts(
    output: Output, command: Callable[[], Command], spans: list[Span], *, resume: bool, force: bool
) -> Iterator[TableInParts]:
    """Where parts of a table lie until it is whole: in a work folder beside the file, which goes when that is there.

    ``command`` is asked where there is a work folder, or else when the first part is added, so that this may come while
    it is still being found out. A table of one part needs no folder, and a pipe or a device has none: these lie in
    memory, or in a temporary file. ParameterError for ``resume`` of these, else as of :func:`work_folder`.
    """
    place = output.place
    if place is None and resume:
        raise ParameterError("--resume goes on with a file; what went into a pipe or a device cannot be gone on with")
    if place is None or (len(spans) == 1 and not parts_beside(place).exists()):
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
            yield _Spooled(output, spans, cast(BinaryIO, file))
        return
    folder = parts_beside(place)
    there = os.path.lexists(folder)
    with ExitStack() as opened:

        def begin() -> WorkFolder:
            # what another run makes there meanwhile is not gone on with: all parts were said to be missing
            work = work_folder(folder, command(), resume=resume and there, force=force, private=True, beside=True)
            return opened.enter_context(work)

        yield _InFolder(output, spans, begin, begin() if there else None)


class _InFolder:
    def __init__(
        self, output: Output, spans: list[Span], begin: Callable[[], WorkFolder], work: WorkFolder | None
    ) -> None:
        self._output, self._spans, self._begin, self._begun = output, spans, begin, work

    def missing(self) -> list[Span]:
        return self._spans if self._begun is None else self._begun.missing()

    def add(self, span: Span, write: Callable[[BinaryIO], Counts]) -> None:
        self._work.add(span, write)

    def assemble(self, header: bytes) -> Counts:
        work = self._work
        work.finish()
        made: Manifest = work.manifest

        def write(file: BinaryIO) -> None:
            file.write(header)
            file.writelines(work.pieces(after=header))

        self._output.fill(write)
        work.remove()
        return Counts(made.rows, made.saturated)

    @property
    def _work(self) -> WorkFolder:
        if self._begun is None:
            self._begun = self._begin()
        return self._begun


class _Spooled:
    def __init__(self, output: Output, spans: list[Span], file: BinaryIO) -> None:
        self._output, self._spans, self._file = output, spans, file
        self._ends: list[int] = [0]
        self._rows, self._saturated = 0, Counter[str]()

    def missing(self) -> list[Span]:
        return self._spans[len(self._ends) - 1 :]

    def add(self, span: Span, write: Callable[[BinaryIO], Counts]) -> None:
        counts = write(self._file)
        self._ends.append(self._file.tell())
        self._rows += counts.rows
        self._saturated.update(counts.saturated)

    def assemble(self, header: bytes) -> Counts:
        self._output.fill(lambda file: file.writelines(chain([header], self._pieces(len(header)))))
        return Counts(self._rows, dict(self._saturated))

    def _pieces(self, header: int) -> Iterator[Any]:
        for start, end in pairwise(self._ends):
            self._file.seek(start + header)
            left = end - start - header
            while left:
                piece = self._file.read(min(left, _PIECE))
                left -= len(piece)
                yield piece
