"""What is wrong with a table, all of it in one error: counted, the first named by place, and how it is cured.

The cure ends the message: the options of the commands that read tables. Cells are never shown, but for the signs that
programs write for absent values.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self

from pyfe.arrays import IntArray
from pyfe.errors import OutOfRangeError
from pyfe.io.cells import Spelling
from pyfe.io.csv_text import GROUPED, WITH_COMMA, WITH_POINT
from pyfe.schema.cells import SIGNS_OF_ABSENCE, cure_of_absent, listed, na_options, parse_number, same_name
from pyfe.text import shell_word

__all__ = ["Found", "Misfits", "Places", "absent_columns", "beside_numbers", "like_thousands", "with_places"]

_LISTED = 8
_MOST_OFFENDING = 10_000
"""Rows of a column that an error about a table in pieces names to programs."""


class Places(Protocol):
    """A table, as far as an error about its cells needs it."""

    @property
    def path(self) -> str:
        """What the table is called."""

    @property
    def unit(self) -> str:
        """What its rows are called: lines, or rows."""

    @property
    def lines(self) -> Sequence[int]:
        """The number of every row."""

    @property
    def columns(self) -> Mapping[str, list[str]]:
        """The cells as text, by name."""

    def spelling(self, name: str) -> Spelling:
        """How the cells of a column are read."""


def absent_columns(path: str, absent: Sequence[str], wanted: int, there: Sequence[str]) -> str:
    """What to say of columns that a table lacks: how many, which, and what is there instead."""
    close = {_letters(name): name for name in there}
    alike = [f"{close[_letters(name)]!r} for {name!r}" for name in absent if _letters(name) in close]
    hint = f" (it has {', '.join(alike[:_LISTED])}: names are compared letter by letter)" if alike else ""
    headless = "; if its first line is a row of values, put a line with the columns' names before it"
    return (
        f"{path}: {len(absent)} of the {wanted} columns of the schema are missing: {listed(absent, _LISTED)}{hint}; if "
        "the file has them, it was read with the wrong --delimiter or --encoding"
        f"{headless if len(absent) == wanted else ''}"
    )


def _letters(name: str) -> str:
    return "".join(filter(str.isalnum, same_name(name).casefold()))


@dataclass
class Found:
    """Cells of one column: how many, and the numbers of the first of their lines or rows."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, table: Places, rows: Sequence[int]) -> Self:
        """Rows of a table, or of the piece of one that follows."""
        self.first += [table.lines[row] for row in rows[: _LISTED - len(self.first)]]
        self.count += len(rows)
        return self


def beside_numbers(table: Places, mixed: Mapping[str, Sequence[int]]) -> str:
    """What to say of text beside numbers with a decimal comma: by column, the rows."""
    words, columns = _Words(), table.columns
    for name, rows in mixed.items():
        words.look_at([columns[name][row] for row in rows], table.spelling(name), number=True)
    first = next(iter(mixed))
    cures = "; ".join([*words.cures(), f"if it is no feature, --exclude {shell_word(first)}"])
    count = sum(map(len, mixed.values()))
    what = "1 cell is no number" if count == 1 else f"{count} cells are no numbers"
    found = {name: Found().add(table, rows) for name, rows in mixed.items()}
    return f"{table.path}: {what} beside numbers with a decimal comma: {_listed(table.unit, found)}. {cures}"


def like_thousands(path: str, unit: str, sign: str, found: Mapping[str, Found]) -> str:
    """What to say of numbers that all have three digits behind their sign: by column, the cells."""
    return (
        f"{path}: {_listed(unit, found)}: all numbers of the column with {sign!r} have three digits behind it, "
        f"so that it could be a sign between thousands; if it is the decimal sign, --decimal {sign}; else write them "
        "without it"
    )


def with_places(table: Places, error: OutOfRangeError) -> OutOfRangeError:
    """The error with the places of a file instead of rows, and with the options that cure it."""
    if not error.offending:
        return OutOfRangeError(f"{table.path}: {error}")
    words = _Words()
    for name, rows in error.offending.items():
        if (number := _number_due(error.reasons[name])) is not None:
            words.look_at_refused(table, name, rows, number=number)
    found = {name: Found().add(table, rows) for name, rows in error.offending.items()}
    message = _misfits(table.path, table.unit, found, error.reasons, words)
    return OutOfRangeError(message, offending=error.offending, reasons=error.reasons)


class Misfits:
    """Cells that do not fit a schema, of a table that comes in pieces: what :func:`with_places` says of the whole."""

    def __init__(self) -> None:
        self._found: dict[str, Found] = {}
        self._rows: dict[str, list[int]] = {}
        self._reasons: dict[str, dict[str, bool]] = {}
        self._words: dict[str, dict[bool, _Words]] = {}

    def add(self, piece: Places, refused: Mapping[str, Mapping[str, IntArray]], before: int) -> None:
        """By column and reason the rows of a piece (:meth:`pyfe.Schema.refused`), before which there are so many."""
        for name, reasons in refused.items():
            rows = sorted({int(row) for found in reasons.values() for row in found})
            if not rows:
                continue
            met = self._reasons.setdefault(name, dict.fromkeys(reasons, False))
            met.update({reason: True for reason, found in reasons.items() if len(found)})
            self._found.setdefault(name, Found()).add(piece, rows)
            for number, words in self._words.setdefault(name, {True: _Words(), False: _Words()}).items():
                words.look_at_refused(piece, name, rows, number=number)  # the last piece shows what is due
            listed = self._rows.setdefault(name, [])
            listed += [before + row for row in rows[: _MOST_OFFENDING - len(listed)]]

    def require_none(self, path: str, unit: str, columns: Iterable[str]) -> None:
        """OutOfRangeError, if there are any, in the order of the ``columns``: of each the first 10,000 rows are among
        the ``offending``."""
        names = [name for name in columns if name in self._found]
        if not names:
            return
        reasons = {name: ", ".join(reason for reason, met in self._reasons[name].items() if met) for name in names}
        words = _Words()
        for name in names:
            if (number := _number_due(reasons[name])) is not None:
                words.add(self._words[name][number])
        message = _misfits(path, unit, {name: self._found[name] for name in names}, reasons, words)
        raise OutOfRangeError(message, offending={name: self._rows[name] for name in names}, reasons=reasons)


def _number_due(reason: str) -> bool | None:
    """Whether numbers are due where cells are refused for a reason, or levels; None where their text says nothing."""
    return True if "not a number" in reason else False if "not a level" in reason else None


def _misfits(path: str, unit: str, found: Mapping[str, Found], reasons: Mapping[str, str], words: _Words) -> str:
    """What to say of cells that do not fit a schema."""
    count = sum(cells.count for cells in found.values())
    what = "1 cell does" if count == 1 else f"{count} cells do"
    text = f"{path}: {what} not fit the schema: {_listed(unit, found, reasons)}"
    cures = "; ".join(_cures(reasons, words))
    return f"{text}. {cures}" if cures else text


def _listed(unit: str, cells: Mapping[str, Found], reasons: Mapping[str, str] | None = None) -> str:
    """Where cells stand: by column the first of them, eight in all, and how many more there are."""
    names = list(cells)
    each = max(1, _LISTED // min(len(names), _LISTED))
    parts = [
        f"column {name!r} in {unit} {_first(cells[name], each)}" + (f" ({reasons[name]})" if reasons else "")
        for name in names[:_LISTED]
    ]
    return "; ".join(parts) + (f"; and {len(names) - _LISTED} more columns" if len(names) > _LISTED else "")


def _first(cells: Found, most: int) -> str:
    return ", ".join(map(str, cells.first[:most])) + (f" and {cells.count - most} more" if cells.count > most else "")


def _cures(reasons: Mapping[str, str], words: _Words) -> Iterator[str]:
    yield from words.cures()
    lacking = {
        kind: [name for name, reason in reasons.items() if kind in reason]
        for kind in ("outside", "not a level", "missing")
    }
    if lacking["outside"]:
        name = shell_word(lacking["outside"][0])
        yield (
            f"A number outside its range that stands for an absent value is said with --na {name}=NUMBER; others are "
            "moved to the range's end with --on-overflow clip"
        )
    if lacking["not a level"] and not words.absent:
        name = shell_word(lacking["not a level"][0])
        yield f"Other levels need a schema that has them (pyfe schema fit --levels {name}=A,B,...)"
    if lacking["missing"]:
        yield cure_of_absent(lacking["missing"][0])


class _Words:
    """What cells look like that are neither a number nor a level where one is due."""

    def __init__(self) -> None:
        self.absent: list[str] = []
        self._sign, self._other = "", False
        self._grouped: set[str] = set()

    def add(self, other: _Words) -> None:
        """What others look like too."""
        self.absent += [word for word in other.absent if word not in self.absent]
        self._sign, self._other = self._sign or other._sign, self._other or other._other
        self._grouped |= other._grouped

    def look_at_refused(self, table: Places, name: str, rows: Sequence[int], *, number: bool) -> None:
        """The cells of a column of a schema that are refused."""
        here = {same_name(label): label for label in table.columns}
        cells = table.columns[here[same_name(name)]]
        self.look_at([cells[row] for row in rows], table.spelling(name), number=number)

    def look_at(self, cells: Sequence[str], spelling: Spelling, *, number: bool) -> None:
        """Cells of one column, ``number`` where a number is due."""
        other = WITH_COMMA if spelling.decimal == "." else WITH_POINT
        sign = "," if spelling.decimal == "." else "."
        for cell in cells:
            word = cell.strip()
            if word in SIGNS_OF_ABSENCE:
                self.absent += [word] if word not in self.absent else []
            elif number and GROUPED.fullmatch(cell):
                self._grouped.add(sign if other.fullmatch(cell) else "")
            elif number and other.fullmatch(cell):
                self._sign = sign
            elif number and math.isnan(parse_number(spelling.with_point(word))) and word:
                self._other = True

    def cures(self) -> Iterator[str]:
        """The options that read such cells."""
        if self._sign:
            yield f"Numbers with this decimal sign are read with --decimal {self._sign}"
        elif self._grouped:
            signs = "".join(f"; if it is the decimal sign, --decimal {sign}" for sign in self._grouped if sign)
            yield f"Numbers are written without a sign between thousands{signs}"
        if self.absent:
            yield f"For what stands for an absent value, {na_options(self.absent)}"
        if self._other and not self.absent:
            yield "If other text stands for an absent value, --na TEXT"
