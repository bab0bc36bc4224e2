"""What is wrong with a table, all of it in one error: counted, the first named by place, and how it is cured.

The cure ends the message: the options of the commands that read tables. Cells are never shown, but for the signs that
programs write for absent values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from pyfe.errors import OutOfRangeError
from pyfe.io.cells import Spelling
from pyfe.io.csv_text import GROUPED, WITH_COMMA, WITH_POINT
from pyfe.schema.cells import SIGNS_OF_ABSENCE, cure_of_absent, listed, na_options, parse_number, same_name

__all__ = ["Places", "absent_columns", "beside_numbers", "like_thousands", "with_places"]

_LISTED = 8


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


def beside_numbers(table: Places, mixed: Mapping[str, Sequence[int]]) -> str:
    """What to say of text beside numbers with a decimal comma: by column, the rows."""
    words, columns = _Words(), table.columns
    for name, rows in mixed.items():
        words.look_at([columns[name][row] for row in rows], table.spelling(name), number=True)
    first = next(iter(mixed))
    cures = "; ".join([*words.cures(), f"if it is no feature, --exclude {first}"])
    count = sum(map(len, mixed.values()))
    what = "1 cell is no number" if count == 1 else f"{count} cells are no numbers"
    return f"{table.path}: {what} beside numbers with a decimal comma: {_listed(table, mixed)}. {cures}"


def like_thousands(table: Places, found: Mapping[str, Sequence[int]]) -> str:
    """What to say of numbers that all have three digits behind their sign: by column, the rows."""
    sign = table.spelling(next(iter(found))).decimal
    return (
        f"{table.path}: {_listed(table, found)}: all numbers of the column with {sign!r} have three digits behind it, "
        f"so that it could be a sign between thousands; if it is the decimal sign, --decimal {sign}; else write them "
        "without it"
    )


def with_places(table: Places, error: OutOfRangeError) -> OutOfRangeError:
    """The error with the places of a file instead of rows, and with the options that cure it."""
    if not error.offending:
        return OutOfRangeError(f"{table.path}: {error}")
    count = sum(map(len, error.offending.values()))
    cures = "; ".join(_cures(table, error))
    text = f"{table.path}: {_counted(count)} not fit the schema: {_listed(table, error.offending, error.reasons)}"
    message = f"{text}. {cures}" if cures else text
    return OutOfRangeError(message, offending=error.offending, reasons=error.reasons)


def _listed(table: Places, cells: Mapping[str, Sequence[int]], reasons: Mapping[str, str] | None = None) -> str:
    """Where cells stand: by column the first of them, eight in all, and how many more there are."""
    names = list(cells)
    each = max(1, _LISTED // min(len(names), _LISTED))
    parts = [
        f"column {name!r} in {table.unit} {_first(table, cells[name], each)}"
        + (f" ({reasons[name]})" if reasons else "")
        for name in names[:_LISTED]
    ]
    return "; ".join(parts) + (f"; and {len(names) - _LISTED} more columns" if len(names) > _LISTED else "")


def _counted(count: int) -> str:
    return "1 cell does" if count == 1 else f"{count} cells do"


def _first(table: Places, rows: Sequence[int], most: int) -> str:
    places = ", ".join(str(table.lines[row]) for row in rows[:most])
    return places + (f" and {len(rows) - most} more" if len(rows) > most else "")


def _cures(table: Places, error: OutOfRangeError) -> Iterator[str]:
    words = _Words()
    for name, rows in error.offending.items():
        reason = error.reasons[name]
        if "not a number" in reason or "not a level" in reason:
            here = {same_name(label): label for label in table.columns}
            cells = table.columns[here[same_name(name)]]
            words.look_at([cells[row] for row in rows], table.spelling(name), number="not a number" in reason)
    yield from words.cures()
    lacking = {
        kind: [name for name, reason in error.reasons.items() if kind in reason]
        for kind in ("outside", "not a level", "missing")
    }
    if lacking["outside"]:
        name = lacking["outside"][0]
        yield (
            f"A number outside its range that stands for an absent value is said with --na {name}=NUMBER; others are "
            "moved to the range's end with --on-overflow clip"
        )
    if lacking["not a level"] and not words.absent:
        yield f"Other levels need a schema that has them (pyfe schema fit --levels {lacking['not a level'][0]}=A,B,...)"
    if lacking["missing"]:
        yield cure_of_absent(lacking["missing"][0])


class _Words:
    """What cells look like that are neither a number nor a level where one is due."""

    def __init__(self) -> None:
        self.absent: list[str] = []
        self._sign, self._other = "", False
        self._grouped: set[str] = set()

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
