"""How the columns of a schema encode a table: those of one kind together, a piece of the rows after the other.

Made once a schema, and the same for one row and for a million: a row costs some ten operations of numpy a kind, and
many rows no more memory than their codes and one piece.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import numpy as np
import numpy.typing as npt

from pyfe.arrays import AnyArray, BoolArray, FloatArray, IntArray
from pyfe.errors import OutOfRangeError
from pyfe.schema.cells import cure_of_absent, listed, require_cells
from pyfe.schema.columns import Codes, Column, Encoder
from pyfe.schema.frames import naming

__all__ = ["Encoding"]

_PIECE = 2**18
"""Coordinates encoded at once: a piece and what comes between lie in the cache."""

_ROWS_LISTED = 8
_COLUMNS_LISTED = 10
_LEVELS_LISTED = 10
_LONGEST = 200


@dataclass(frozen=True)
class _Group:
    """Columns that are encoded together, and where their coordinates lie."""

    names: tuple[str, ...]
    columns: tuple[Column, ...]
    encoder: Encoder
    coordinates: slice | npt.NDArray[np.intp]


class Encoding:
    """The columns of a schema by kind, ready to encode."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._n = sum(column.width for column in columns.values())
        bounds = list(pairwise(accumulate((column.width for column in columns.values()), initial=0)))
        kinds: dict[object, list[int]] = {}
        for place, column in enumerate(columns.values()):
            kinds.setdefault(column.together, []).append(place)
        names, parts = list(columns), list(columns.values())
        self._groups = [
            _Group(
                tuple(names[place] for place in places),
                tuple(parts[place] for place in places),
                type(parts[places[0]]).encoder([parts[place] for place in places]),
                _joined([bounds[place] for place in places]),
            )
            for places in kinds.values()
        ]

    def encode(self, table: Mapping[str, AnyArray], *, clip: bool) -> tuple[IntArray, dict[str, int], dict[str, int]]:
        """Coordinates int64 ``[batch, n]`` of a table's columns; by column, how many values were moved to an end, and
        how many absent ones took the stated value. OutOfRangeError, for the whole table, as of Schema.encode."""
        x = np.empty((_rows(table), self._n), dtype=np.int64)
        refusals, clipped, replaced = _Refusals(self._columns), _Counts(), _Counts()
        for rows, group, codes in self._codes(table):
            x[rows, group.coordinates] = codes.x.T
            refusals.look_at(group, codes, rows.start, clip=clip)
            clipped.add(group, codes.beyond)
            replaced.add(group, codes.replaced)
        refusals.finish()
        return x, clipped.of(self._columns), replaced.of(self._columns)

    def looked_at(
        self, table: Mapping[str, AnyArray], *, clip: bool
    ) -> tuple[dict[str, dict[str, npt.NDArray[np.intp]]], dict[str, int]]:
        """What :meth:`encode` refuses of a table: of every such column all reasons in order, and of each the rows. And
        by column, how many absent entries it gives the stated value."""
        refusals, replaced = _Refusals(self._columns), _Counts()
        for rows, group, codes in self._codes(table):
            refusals.look_at(group, codes, rows.start, clip=clip)
            replaced.add(group, codes.replaced)
        return refusals.by_reason(), replaced.of(self._columns)

    def encode_real(self, table: Mapping[str, AnyArray]) -> FloatArray:
        """The coordinates before rounding and clipping, float64 ``[batch, n]``; errors as clipping has them."""
        x, refusals = np.empty((_rows(table), self._n)), _Refusals(self._columns)
        for rows, group, codes in self._codes(table):
            x[rows, group.coordinates] = codes.real.T
            refusals.look_at(group, codes, rows.start, clip=True)
        refusals.finish()
        return x

    def _codes(self, table: Mapping[str, AnyArray]) -> Iterator[tuple[slice, _Group, Codes]]:
        """Every group's codes of every piece."""
        for name, values in table.items():
            if values.dtype.kind not in "biufOU":
                with naming(name):
                    require_cells(values)
        batch, piece = _rows(table), max(1, _PIECE // self._n)
        for start in range(0, max(batch, 1), piece):
            rows = slice(start, min(start + piece, batch))
            nothing = np.zeros(rows.stop - rows.start)
            for group in self._groups:
                cells = [table[name][rows] if name in table else nothing for name in group.names]
                yield rows, group, group.encoder(cells)


class _Counts:
    """Entries by column."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def add(self, group: _Group, mask: BoolArray) -> None:
        if mask.any():
            for name, count in zip(group.names, mask.sum(axis=1).tolist(), strict=True):
                self._counts[name] = self._counts.get(name, 0) + count

    def of(self, columns: Mapping[str, Column]) -> dict[str, int]:
        """Those that are not 0, in the order of the columns."""
        return {name: self._counts[name] for name in columns if self._counts.get(name)}


class _Refusals:
    """Entries that do not fit the schema: by column and reason, the rows."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._reasons: dict[str | None, int] = {}
        self._rows: dict[str, dict[str | None, list[npt.NDArray[np.intp]]]] = {}

    def look_at(self, group: _Group, codes: Codes, start: int, *, clip: bool) -> None:
        """The codes of a piece, from row ``start``; what lies outside its range is no refusal where it is clipped."""
        for reason, mask in codes.refused.items():
            self._add(group, reason, mask, start)
        if not clip:
            self._add(group, None, codes.beyond, start)

    def by_reason(self) -> dict[str, dict[str, npt.NDArray[np.intp]]]:
        """Of every column that has refused entries all reasons in order, and of each the rows."""
        none = np.zeros(0, dtype=np.intp)
        found = {name: self._of(name) for name in self._columns if name in self._rows}
        return {
            name: {text + self._bound(name, text): rows.get(text, none) for text in self._ordered(name, self._reasons)}
            for name, rows in found.items()
        }

    def _add(self, group: _Group, reason: str | None, mask: BoolArray, start: int) -> None:
        """The entries of a piece, from row ``start``, for a reason; None: they lie outside their range."""
        self._reasons.setdefault(reason, len(self._reasons))
        if not mask.any():
            return
        for place in np.flatnonzero(mask.any(axis=1)):
            rows = np.flatnonzero(mask[place]) + start
            self._rows.setdefault(group.names[place], {}).setdefault(reason, []).append(rows)

    def finish(self) -> None:
        """OutOfRangeError naming every column and its first rows, if there are any."""
        if not self._rows:
            return
        found = {name: self._of(name) for name in self._columns if name in self._rows}
        lines = [
            f"column {name!r}: {reason} in {_row_list(rows)}{self._bound(name, reason)}"
            for name, reasons in found.items()
            for reason, rows in reasons.items()
        ]
        more = f"; and {len(lines) - _COLUMNS_LISTED} more columns" if len(lines) > _COLUMNS_LISTED else ""
        lacking = [name for name, reasons in found.items() if "missing" in reasons]
        cure = f". {cure_of_absent(lacking[0])}" if lacking else ""
        count = sum(len(rows) for reasons in found.values() for rows in reasons.values())
        text = "; ".join(lines[:_COLUMNS_LISTED]) + more + cure
        offending = {name: np.unique(np.concatenate(list(reasons.values()))) for name, reasons in found.items()}
        raise OutOfRangeError(
            f"{count} value(s) do not fit the schema: {text}",
            offending={name: rows.tolist() for name, rows in offending.items()},
            reasons={
                name: ", ".join(reason + self._bound(name, reason) for reason in reasons)
                for name, reasons in found.items()
            },
        )

    def _bound(self, name: str, reason: str | None) -> str:
        """What would have been a level: it stands in the schema, unlike what was met."""
        column = self._columns[name]
        levels = getattr(getattr(column, "column", column), "levels", None) if reason == "not a level" else None
        names = listed(map(str, levels or ()), _LEVELS_LISTED)
        return f" (levels: {names})" if 0 < len(names) <= _LONGEST else ""

    def _of(self, name: str) -> dict[str, npt.NDArray[np.intp]]:
        """The rows of a column by reason, the range last."""
        rows = self._rows[name]
        return {text: np.concatenate(rows[reason]) for text, reason in self._ordered(name, rows).items()}

    def _ordered(self, name: str, reasons: Iterable[str | None]) -> dict[str, str | None]:
        """Reasons of a column, by their words, the range last."""
        ordered = sorted(reasons, key=lambda reason: (reason is None, self._reasons[reason]))
        return {reason or f"outside {self._columns[name].range_text}": reason for reason in ordered}


def _rows(table: Mapping[str, AnyArray]) -> int:
    return len(next(iter(table.values())))


def _joined(bounds: Sequence[tuple[int, int]]) -> slice | npt.NDArray[np.intp]:
    """The places between these bounds: a slice where nothing lies between them."""
    if all(left[1] == right[0] for left, right in pairwise(bounds)):
        return slice(bounds[0][0], bounds[-1][1])
    return np.concatenate([np.arange(start, stop) for start, stop in bounds])


def _row_list(rows: npt.NDArray[np.intp]) -> str:
    first = ", ".join(str(row) for row in rows[:_ROWS_LISTED])
    more = f" and {len(rows) - _ROWS_LISTED} more" if len(rows) > _ROWS_LISTED else ""
    return f"row{'s' if len(rows) > 1 else ''} {first}{more}"
