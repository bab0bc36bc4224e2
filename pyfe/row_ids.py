"""The ids of rows that travel beside them: in the clear, or as pseudonyms under their owner's secret.

They are for whoever gets the scores, who joins them to his own table. They are never a feature, and nobody vouches for
them: a batch proves nothing about who made it, nor about which row is whose.
"""

from __future__ import annotations

import base64
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from decimal import Decimal
from typing import Any, Literal, Protocol, Self, TypeAlias, cast, get_args, overload

import numpy as np
import numpy.typing as npt

from pyfe.arguments import listed
from pyfe.errors import DecodeError, ParameterError
from pyfe.schema.cells import is_integer, plain
from pyfe.schema.frames import as_column

__all__ = [
    "PSEUDONYM_SIZE",
    "Carriage",
    "RowIds",
    "RowPseudonyms",
    "called_rows",
    "canonical_text",
    "cells_of",
    "require_one_column",
    "require_carriage",
    "require_none_repeated",
]

Carriage: TypeAlias = Literal["clear", "pseudonym"]
"""How ids travel."""

PSEUDONYM_SIZE = 16
"""Bytes of a pseudonym: two of 2^40 ids have the same one with a probability of 2^-49."""

_TEXT_SIZE = -(-8 * PSEUDONYM_SIZE // 5)
"""Letters and digits of a pseudonym as text."""

MOST_ID_BYTES = 256
"""Longest id that travels, in UTF-8."""

MOST_IDS_BYTES = 16 * 10**6
"""Bytes that all ids of a batch take, a line end each or as pseudonyms: metadata have 2^24 in all."""

_BASE32 = np.frombuffer(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", np.uint8)
_MOST_BITS = 1024
"""Of an integer that is an id."""

_EXACT = 2**53
_LISTED = 8
_UNPRINTED = re.compile(rb"[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]")
"""Control characters and the two line separators of Unicode, in UTF-8."""


class RowPseudonyms(Protocol):
    """As :class:`pyfe.owner.OwnerSecret` gives them."""

    def row_pseudonyms(self, ids: Iterable[bytes]) -> Iterator[bytes]:
        """The pseudonym (16 bytes) of each id in its canonical form."""
        ...


class RowIds(Sequence[str]):
    """One id for every row of a batch, in the rows' order. Immutable; as a sequence and as a numpy array it is text.

    ``carriage`` is "clear" or "pseudonym". An id in the clear is text of 1 to 256 bytes in UTF-8 without control
    characters; a pseudonym is 16 bytes, as text 26 letters and digits (base32). All ids of a batch take 16,000,000
    bytes at most. Memory: the bytes of the ids, and 5 more an id in the clear.
    """

    __slots__ = ("_data", "_ends")

    def __init__(self, data: bytes, ends: npt.NDArray[np.uint32] | None) -> None:
        """Not for direct use: see :meth:`clear`, :meth:`pseudonyms` and :meth:`from_field`.

        ``data``: the ids, each followed by a line end, which no id holds; ``ends`` where each of them is over. Without
        ``ends`` it is pseudonyms.
        """
        self._data, self._ends = data, ends

    @classmethod
    def clear(
        cls, ids: Any, *, allow_duplicates: bool = False, called: Callable[[Sequence[int]], str] | None = None
    ) -> Self:
        """Ids to be carried as they are: text in Unicode's normal form C without blanks around it, or integers.

        ``called``: what to call rows in errors. ParameterError naming them where an id is absent, too long, holds a
        control character, or is there twice and that is not allowed; and where all together are too long.
        """
        return cls._of_field(*_canonical(ids, called or called_rows))._checked(allow_duplicates, called)

    @classmethod
    def pseudonyms(
        cls,
        ids: Any,
        secret: RowPseudonyms,
        *,
        allow_duplicates: bool = False,
        called: Callable[[Sequence[int]], str] | None = None,
    ) -> Self:
        """Pseudonyms of ids under an owner's secret: the same of the same id, in all batches of that owner. Else as
        :meth:`clear`. Cost: 3 microseconds an id."""
        clear = cls(*_canonical(ids, called or called_rows))
        return cls._of_field(_joined(secret.row_pseudonyms(clear._raws())), None)._checked(allow_duplicates, called)

    def _checked(self, allow_duplicates: bool, called: Callable[[Sequence[int]], str] | None) -> Self:
        if not allow_duplicates:
            self.require_distinct(called)
        return self

    @classmethod
    def _of_field(cls, data: bytes, ends: npt.NDArray[np.uint32] | None) -> Self:
        if len(data) > MOST_IDS_BYTES:
            raise ParameterError(
                f"the ids of one batch take {MOST_IDS_BYTES} bytes at most, and these take {len(data)}: make several "
                "batches of the table, or carry pseudonyms, which take 16 bytes each (--carry-ids pseudonym)"
            )
        return cls(data, ends)

    # -- what it is --

    @property
    def carriage(self) -> Carriage:
        """How they travel: "clear" or "pseudonym"."""
        return "pseudonym" if self._ends is None else "clear"

    @property
    def nbytes(self) -> int:
        """Bytes that they take in a batch."""
        return len(self._data)

    def __len__(self) -> int:
        return len(self._data) // PSEUDONYM_SIZE if self._ends is None else len(self._ends)

    @overload
    def __getitem__(self, rows: int) -> str: ...
    @overload
    def __getitem__(self, rows: slice) -> RowIds: ...
    def __getitem__(self, rows: int | slice) -> str | RowIds:
        """The id of a row as text, or the ids of some rows. IndexError past the end."""
        if isinstance(rows, slice):
            start, stop, step = rows.indices(len(self))
            return self._between(start, max(start, stop)) if step == 1 else self.take(range(start, stop, step))
        if not is_integer(rows):
            raise ParameterError(f"the id of a row is asked for by an integer or a slice, not by {rows!r}")
        position = int(rows) + len(self) if rows < 0 else int(rows)
        if not 0 <= position < len(self):
            raise IndexError(f"row {rows} of {len(self)}")
        return self._text(self._raw(position))

    def __iter__(self) -> Iterator[str]:
        return map(self._text, self._raws())

    def take(self, rows: Iterable[int]) -> RowIds:
        """The ids of these rows, in this order. ParameterError for what is no row, counted from 0."""
        raws = (self._raw(self._position(row)) for row in listed(rows, "rows"))
        if self._ends is None:
            return RowIds(_joined(raws), None)
        data = _joined(raw + b"\n" for raw in raws)
        return RowIds._of_field(data, _line_ends(data))

    @classmethod
    def join(cls, parts: Sequence[RowIds]) -> RowIds:
        """The ids of all parts (one or more) in order. ParameterError where some are in the clear and some are not,
        and where together they are too long."""
        if len({part.carriage for part in parts}) > 1:
            raise ParameterError(
                "some of the batches carry ids in the clear, others pseudonyms: they do not go together"
            )
        data = b"".join([part._data for part in parts])
        return cls._of_field(data, None if parts[0]._ends is None else _line_ends(data))

    def repeated(self) -> list[int]:
        """The rows whose id an earlier row has. Cost: a fraction of a microsecond and 24 bytes an id."""
        hashes = np.fromiter(map(hash, self._raws()), np.int64, len(self))
        order = np.argsort(hashes, kind="stable")
        same = hashes[order[1:]] == hashes[order[:-1]]
        among = np.unique(np.concatenate([order[1:][same], order[:-1][same]]))  # few, if any
        seen, rows = set[bytes](), list[int]()
        for row in map(int, among):
            raw = self._raw(row)
            if raw in seen:
                rows.append(row)
            seen.add(raw)
        return rows

    def require_distinct(self, called: Callable[[Sequence[int]], str] | None = None) -> None:
        """ParameterError naming the rows whose id an earlier row has."""
        require_none_repeated(self.repeated(), called)

    def texts(self) -> list[str]:
        """All ids as text, at once."""
        if self._ends is not None:
            return self._data.decode().split("\n")[:-1]
        bits = np.unpackbits(np.frombuffer(self._data, np.uint8).reshape(-1, PSEUDONYM_SIZE), axis=1)
        fives = np.pad(bits, ((0, 0), (0, -bits.shape[1] % 5))).reshape(len(self), _TEXT_SIZE, 5)
        signs = _BASE32[fives @ np.array([16, 8, 4, 2, 1], np.uint8)]
        texts: list[str] = signs.view(f"S{_TEXT_SIZE}").ravel().astype(str).tolist()
        return texts

    def raws(self) -> list[bytes]:
        """The bytes of all ids, at once: in UTF-8, or of the pseudonym."""
        return list(self._raws()) if self._ends is None else self._data.split(b"\n")[:-1]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Text as objects, for an index of pandas."""
        column = np.empty(len(self), dtype=object)
        column[:] = self.texts()
        return column if dtype is None else column.astype(dtype)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RowIds) and (self.carriage, self._data) == (other.carriage, other._data)

    def __hash__(self) -> int:
        return hash((self.carriage, self._data))

    def __repr__(self) -> str:
        return f"RowIds({len(self)} {'in the clear' if self.carriage == 'clear' else 'pseudonyms'})"

    # -- bytes --

    def to_field(self) -> str | bytes:
        """What a batch's metadata hold: text of ids in the clear, each followed by a line end; bytes of pseudonyms."""
        return self._data if self._ends is None else self._data.decode()

    @classmethod
    def from_field(cls, field: object, rows: int, name: str) -> Self:
        """The inverse of :meth:`to_field`, for so many rows. DecodeError for anything else: each id has one form."""
        if not isinstance(field, str | bytes):
            raise DecodeError(f"{name}: ids are text or pseudonyms, not a {type(field).__name__}")
        data = field.encode() if isinstance(field, str) else field
        count, over = (data.count(b"\n"), 0) if isinstance(field, str) else divmod(len(data), PSEUDONYM_SIZE)
        if len(data) > MOST_IDS_BYTES:
            raise DecodeError(f"{name}: its ids take {len(data)} bytes, at most {MOST_IDS_BYTES}")
        if count != rows or over:
            raise DecodeError(f"{name}: there are {count} ids{' and a cut one' * bool(over)} for {rows} rows")
        ids = cls(data, _line_ends(data) if isinstance(field, str) else None)
        fault = None if ids._ends is None else _fault_of_lines(data, ids._ends)
        if fault is not None:
            raise DecodeError(f"{name}: its ids {fault}")
        return ids

    # -- within --

    def _between(self, start: int, stop: int) -> RowIds:
        if self._ends is None:
            return RowIds(self._data[start * PSEUDONYM_SIZE : stop * PSEUDONYM_SIZE], None)
        first, last = self._start(start), self._start(stop)
        return RowIds(self._data[first:last], self._ends[start:stop] - np.uint32(first))

    def _position(self, row: object) -> int:
        if not is_integer(row) or not 0 <= int(cast(int, row)) < len(self):
            raise ParameterError(f"there are {len(self)} ids: rows to take are integers from 0, and below that")
        return int(cast(int, row))

    def _start(self, row: int) -> int:
        return int(cast(npt.NDArray[np.uint32], self._ends)[row - 1]) if row else 0

    def _raw(self, row: int) -> bytes:
        if self._ends is None:
            return self._data[row * PSEUDONYM_SIZE : (row + 1) * PSEUDONYM_SIZE]
        return self._data[self._start(row) : int(self._ends[row]) - 1]

    def _raws(self) -> Iterator[bytes]:
        """The bytes of each id, one after another, none kept."""
        start = 0
        if self._ends is None:
            for start in range(0, len(self._data), PSEUDONYM_SIZE):
                yield self._data[start : start + PSEUDONYM_SIZE]
            return
        for end in map(int, self._ends):
            yield self._data[start : end - 1]
            start = end

    def _text(self, raw: bytes) -> str:
        return raw.decode() if self._ends is not None else base64.b32encode(raw).decode().rstrip("=")


def require_none_repeated(repeated: Sequence[int], called: Callable[[Sequence[int]], str] | None = None) -> None:
    """ParameterError naming the rows whose id an earlier row has, where there are any."""
    if repeated:
        raise ParameterError(
            f"{(called or called_rows)(repeated)}: the id is there a second time, so that a score could not be "
            "told from another; if that is meant, allow it (--allow-duplicates, allow_duplicates=True)"
        )


def require_carriage(given: object) -> Carriage:
    """How ids are to travel. ParameterError for anything but "clear" and "pseudonym"."""
    for choice in get_args(Carriage):
        if given == choice:
            return cast(Carriage, choice)
    raise ParameterError(
        f"ids are carried in the clear or as pseudonyms (carry_ids 'clear', 'pseudonym'), not {given!r}"
    )


def called_rows(rows: Sequence[int], what: str = "row") -> str:
    """Rows, or lines of a file, in words."""
    listed = ", ".join(map(str, rows[:_LISTED]))
    return f"{what} {listed}" + (f" and {len(rows) - _LISTED} more" if len(rows) > _LISTED else "")


def require_one_column(ids: Any) -> None:
    """ParameterError for ids in a table, a mapping or a set, whose parts are not one id for every row."""
    kind = type(ids)
    if hasattr(kind, "columns") or hasattr(kind, "column_names") or len(getattr(ids, "shape", ())) > 1:
        what = "is a table: give its column of ids (ids=X['id'])"
    elif isinstance(ids, Mapping):
        what = "has names: give the ids alone (ids=X['id'], or list(X.values()))"
    elif isinstance(ids, Set):
        what = "has no order: give the ids in the order of the rows"
    else:
        return
    raise ParameterError(f"ids are a list, with one id for every row, and a {kind.__name__} {what}")


def cells_of(ids: Any) -> list[Any]:
    """The cells of a column of ids, of whatever library, as plain values; dates stay what they are.

    ParameterError for what is no list: of a whole table the names of its columns would be taken.
    """
    require_one_column(ids)
    if not hasattr(ids, "dtype") and not hasattr(ids, "type"):
        return listed(ids, "ids")
    column = as_column(ids)
    cells: list[Any] = list(column) if column.dtype.kind in "mM" else column.tolist()  # some would become integers
    return cells


def canonical_text(cell: Any) -> str | None:
    """An id as text: in Unicode's normal form C, without blanks around it; of an integer its decimal digits.

    None for what is neither text nor an integer, of whatever type of numbers, and for a float too large to tell two
    integers apart; text that is blank gives the empty one. So 7, "7" and " 7" are one id, and "007" is another.
    """
    if type(cell) is str:
        return (cell if cell.isascii() else unicodedata.normalize("NFC", cell)).strip()
    if type(cell) is int:
        return str(cell) if cell.bit_length() <= _MOST_BITS else None
    value = plain(cell)
    if type(value) is int:
        return canonical_text(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < _MOST_BITS:  # before it is spelled out
        return canonical_text(int(value)) if value == value.to_integral_value() else None
    return canonical_text(str(value)) if isinstance(value, str) else None


def _canonical(ids: Any, called: Callable[[Sequence[int]], str]) -> tuple[bytes, npt.NDArray[np.uint32]]:
    """The ids in UTF-8, a line end after each, and where each is over. ParameterError naming the rows of what cannot
    travel; values are not repeated."""
    require_one_column(ids)
    if isinstance(ids, str | bytes) or not hasattr(ids, "__iter__"):
        raise ParameterError("ids are a list, with one id for every row")
    wrong = defaultdict[str, list[int]](list)

    def lines() -> Iterator[bytes]:
        for row, text in enumerate(map(canonical_text, cells_of(ids))):
            raw, fault = _encoded(text)
            if fault is not None:
                wrong[fault].append(row)
            yield raw + b"\n"

    data = _joined(lines())
    if wrong:
        listed = "; ".join(f"{called(rows)}: {fault}" for fault, rows in wrong.items())
        raise ParameterError(
            f"{listed}; an id that travels is text of 1 to {MOST_ID_BYTES} bytes in UTF-8, or an integer: give every "
            "row one, or carry no ids (without --carry-ids, carry_ids)"
        )
    return data, _line_ends(data)


def _joined(parts: Iterable[bytes]) -> bytes:
    """All parts together, never as a list: a million small objects are many times as large as their bytes."""
    data = bytearray()
    for part in parts:
        data += part
    return bytes(data)


def _encoded(text: str | None) -> tuple[bytes, str | None]:
    """An id in UTF-8, and what is wrong with it."""
    if not text:
        return b"", "no id"
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return b"", "an id that is no text (half of a pair)"
    if len(raw) > MOST_ID_BYTES:
        return b"", f"an id of more than {MOST_ID_BYTES} bytes"
    return raw, "an id with a control character" if _UNPRINTED.search(raw) else None


def _line_ends(data: bytes) -> npt.NDArray[np.uint32]:
    """Behind every line end of ``data``."""
    ends = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.uint32)
    ends += np.uint32(1)
    return ends


def _fault_of_lines(data: bytes, ends: npt.NDArray[np.uint32]) -> str | None:
    """What keeps text from being ids with a line end each."""
    if data and not data.endswith(b"\n"):
        return "end within one"
    lengths = np.diff(ends, prepend=np.uint32(0))  # with its line end each
    if len(lengths) and lengths.min() < 2:
        return "hold an empty one"
    if len(lengths) and lengths.max() > MOST_ID_BYTES + 1:
        return f"hold one of more than {MOST_ID_BYTES} bytes"
    # LF is what ends each; every other control character is refused.
    if _UNPRINTED.search(data.replace(b"\n", b"")):
        return "hold a control character"
    return _fault_of_form(data.decode())


def _fault_of_form(text: str) -> str | None:
    """What keeps lines without control characters from being ids in their one form, without which 7 and " 7" would be
    two."""
    blanks = [" "] if text.isascii() else [each for each in set(text) if each.isspace() and each != "\n"]
    if any(text.startswith(each) or f"\n{each}" in text or f"{each}\n" in text for each in blanks):
        return "hold one with a blank around it"
    # A line end composes with nothing: all lines are in the normal form if the whole is.
    return None if unicodedata.is_normalized("NFC", text) else "hold one that is not in normal form C"
