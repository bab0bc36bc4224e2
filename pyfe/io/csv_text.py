"""CSV as the world writes it, read strictly: what cannot be told apart for certain is refused, and an option says it.

A header of distinct names, and as many fields in every line. Delimiter and decimal sign are stated, or found in the
file; the encoding is UTF-8, what a byte order mark tells, or stated. Errors name file and line (as an editor counts
them), never a cell: it may be a patient's.
"""

from __future__ import annotations

import codecs
import csv
import io
import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from pyfe.errors import DecodeError, ParameterError
from pyfe.io.files import in_memory
from pyfe.io.kinds import byte_order_mark
from pyfe.io.sources import Source
from pyfe.schema.cells import row_for_names, same_name

__all__ = ["Rows", "could_be_thousands", "decimal_of", "rows_of", "text_of"]

DELIMITERS = (",", ";", "\t", "|")
"""The delimiters that are looked for where none is stated."""

WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*", re.ASCII)
WITH_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*", re.ASCII)
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}[.,]\d{3}\s*", re.ASCII)
GROUPED = re.compile(r"\s*[+-]?\d{1,3}([.,' \u00a0\u2009\u202f\u2019]\d{3})+([.,]\d+)?\s*", re.ASCII)
"""Numbers with a sign between thousands."""

_EXCEL_SAYS = re.compile(r"sep=(.)\r?\n")
_SIGN = re.compile(r"""[^"'A-Za-z0-9\r\n\x80-\U0010ffff]""")
_ROWS_LOOKED_AT = 1000
_ROWS_OF_A_GUESS = 50
_LISTED = 8
_NO_BOM = "\ufeff"


@dataclass(frozen=True)
class Rows:
    """The cells of a CSV file: ``columns`` by name, the line where every row begins, the delimiter; ``nameless``: the
    numbers of columns (from 1) that have cells and no name."""

    columns: dict[str, list[str]]
    lines: list[int]
    delimiter: str
    nameless: tuple[int, ...] = ()


# ---------------------------------------------------------------------------------------------------------------
# Bytes to text


def text_of(source: Source, encoding: str | None) -> tuple[str, str]:
    """The text of a file, and the encoding it was read in. DecodeError where it is none, ParameterError for an unknown
    encoding, and for one that would read UTF-8 as something else."""
    stated = None if encoding is None else _codec(encoding)
    used = stated or byte_order_mark(source.start) or "utf-8"
    decoder, parts, ascii_only = codecs.getincrementaldecoder(used)(), [], True
    as_utf8 = _Utf8() if stated is not None and not stated.startswith("utf") else None
    with in_memory(source.name):
        for piece in itertools.chain(source.pieces, [b""]):
            parts.append(_decoded(decoder, piece, source.name, encoding))
            if as_utf8 is not None:
                ascii_only = ascii_only and piece.isascii()
                as_utf8.feed(piece)
        text = "".join(parts).removeprefix(_NO_BOM)
    if as_utf8 is not None and as_utf8.fits and not ascii_only:
        raise ParameterError(
            f"{source.name}: it is UTF-8, whose letters {encoding} reads as several signs each; leave out --encoding"
        )
    return text, used.removesuffix("-sig")


def _codec(encoding: str) -> str:
    """The codec of a name; ParameterError where it is none of text."""
    try:
        io.TextIOWrapper(io.BytesIO(), encoding=encoding).close()
        return codecs.lookup(encoding).name
    except (LookupError, ValueError, TypeError) as error:
        raise ParameterError(
            f"there is no encoding {encoding!r}; usual ones are --encoding cp1252 and utf-16"
        ) from error


def _decoded(decoder: codecs.IncrementalDecoder, piece: bytes, name: str, encoding: str | None) -> str:
    try:
        text = decoder.decode(piece, final=not piece)
    except UnicodeError as error:
        if encoding is not None:
            raise DecodeError(f"{name}: not text in {encoding}; state another --encoding") from error
        raise DecodeError(
            f"{name}: not UTF-8 text; if it was written on Windows or by an old program, state its encoding, such as "
            "--encoding cp1252"
        ) from error
    if "\0" in text:
        raise DecodeError(f"{name}: not text, it has zero bytes; if it is UTF-16 without a mark, --encoding utf-16-le")
    return text


class _Utf8:
    """Whether bytes are UTF-8 too."""

    def __init__(self) -> None:
        self._decoder, self.fits = codecs.getincrementaldecoder("utf-8")(), True

    def feed(self, piece: bytes) -> None:
        if self.fits:
            try:
                self._decoder.decode(piece, final=not piece)
            except UnicodeDecodeError:
                self.fits = False


# ---------------------------------------------------------------------------------------------------------------
# Text to rows


def rows_of(text: str, name: str, delimiter: str | None) -> Rows:
    """The rows of a text. ``delimiter``: one sign; where it is not stated, the one of ``, ; tab |`` that cuts the
    header into most fields and the first rows into as many, and that a first line ``sep=;`` of Excel says.

    DecodeError for what is no table of one header and lines of as many fields.
    """
    if delimiter is not None and not _is_sign(delimiter):
        raise ParameterError(f"a delimiter is one ASCII sign, no letter, digit or quote, not {delimiter!r}")
    said, before = _EXCEL_SAYS.match(text), 0
    if said is not None and delimiter is None and not _is_sign(said[1]):
        raise DecodeError(f"{name}, line 1: it says sep={said[1]!r}, which separates no cells; state --delimiter")
    if said is not None:
        text, before, delimiter = text[said.end() :], 1, delimiter or said[1]
    return _parsed(name, text, _delimiter_of(text, name) if delimiter is None else delimiter, before)


def _is_sign(delimiter: object) -> bool:
    """Whether cells can stand between such signs: whoever says it, an option or the file."""
    return isinstance(delimiter, str) and _SIGN.fullmatch(delimiter) is not None


def decimal_of(rows: Rows, name: str) -> str:
    """The decimal sign that rows seem to be written with: "," if the delimiter is another sign and the first 1,000 rows
    hold numbers with a comma, none with a point, and not all of them could be thousands.

    DecodeError where there are numbers with a point, and all of them could be thousands: 1.027 is one of two numbers.
    """
    if rows.delimiter == ",":
        return "."
    cells = [cell for cells in rows.columns.values() for cell in cells[:_ROWS_LOOKED_AT]]
    commas = [cell for cell in cells if WITH_COMMA.fullmatch(cell)]
    points = [cell for cell in cells if WITH_POINT.fullmatch(cell)]
    if points and not commas and all(map(_THOUSANDS.fullmatch, points)):
        raise DecodeError(
            f"{name}: all its numbers with a point have three digits behind it, so that it could be a sign between "
            "thousands; if it is the decimal sign, --decimal ."
        )
    return "," if commas and not points and not all(map(_THOUSANDS.fullmatch, commas)) else "."


def could_be_thousands(cell: str) -> bool:
    """Whether a cell is a number whose one sign could stand between thousands: three digits behind it, one to three
    before it, the first not 0."""
    return _THOUSANDS.fullmatch(cell) is not None


def _delimiter_of(text: str, name: str) -> str:
    """The delimiter that a text seems to be written with; a comma where nothing else does better."""
    best, best_score, as_good = ",", (False, 1), ""
    for sign in DELIMITERS:
        try:
            rows = list(
                islice(csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=sign), _ROWS_OF_A_GUESS)
            )
        except csv.Error:
            continue
        fields = len(rows[0]) if rows else 0
        score = (all(len(row) == fields for row in rows if row), fields)
        if fields > 1 and score == best_score:
            as_good = sign
        if fields > 1 and score > best_score:
            best, best_score, as_good = sign, score, ""
    if as_good:
        raise DecodeError(f"{name}: its lines could be cut at {best!r} as well as at {as_good!r}; state --delimiter")
    return best


def _parsed(name: str, text: str, delimiter: str, before: int) -> Rows:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)
    rows: list[list[str]] = []
    lines: list[int] = []
    try:
        header = next(reader, None)
        if not header:
            raise DecodeError(f"{name}, line {1 + before}: there is no header")
        start = reader.line_num
        for row in reader:
            rows.append(row)
            lines.append(start + 1 + before)
            start = reader.line_num
    except csv.Error as error:
        raise DecodeError(
            f"{name}, line {reader.line_num + before}: {error}; if its cells are cut at another sign, state --delimiter"
        ) from error
    while len(header) > 1 and rows and not rows[-1]:  # blank lines at the end hold no row
        rows.pop(), lines.pop()
    _require_one_width(name, header, rows, lines)
    return _by_name(name, header, rows, lines, delimiter, f"{name}, line {1 + before}")


def _require_one_width(name: str, header: Sequence[str], rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
    wrong = [(line, len(row)) for row, line in zip(rows, lines, strict=True) if len(row) != len(header)]
    if wrong:
        listed = "; ".join(f"line {line}: {fields} fields" for line, fields in wrong[:_LISTED])
        more = f"; and {len(wrong) - _LISTED} more lines" if len(wrong) > _LISTED else ""
        raise DecodeError(
            f"{name}: {listed}{more}, the header has {len(header)}; if decimal commas or another sign between the "
            "cells make these, state --delimiter"
        )


def _by_name(name: str, header: list[str], rows: list[list[str]], lines: list[int], delimiter: str, place: str) -> Rows:
    """Rows as columns. Those without name and cells, which a delimiter at the end of every line makes, are none."""
    _require_names(header, place)
    columns = {label: [row[i] for row in rows] for i, label in enumerate(header) if label}
    nameless = (i for i, label in enumerate(header) if not label)
    return Rows(columns, lines, delimiter, tuple(i + 1 for i in nameless if any(row[i].strip() for row in rows)))


def _require_names(header: list[str], place: str) -> None:
    """Names are told by their places alone: where there is no header, the first line is a patient."""
    names = [same_name(label) for label in header if label]
    if not names:
        raise DecodeError(f"{place}: there is no header")
    if row_for_names(names):
        raise DecodeError(f"{place}: this looks like a row of values; put a line with the columns' names before it")
    if len(set(names)) < len(names):
        at: dict[str, list[int]] = {}
        for number, label in enumerate(header, 1):
            at.setdefault(same_name(label), []).append(number)
        twice = [numbers for name, numbers in at.items() if name and len(numbers) > 1]
        more = f", and {len(twice) - 1} more names stand twice" if len(twice) > 1 else ""
        raise DecodeError(f"{place}: columns {twice[0][0]} and {twice[0][1]} have the same name{more}; rename one")
    if len(header) == 1 and any(sign in header[0] for sign in DELIMITERS):
        raise DecodeError(
            f"{place}: there is one column, whose name holds a separator; state the delimiter (--delimiter)"
        )
