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
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from pyfe.errors import DecodeError, ParameterError
from pyfe.io.files import in_memory
from pyfe.io.kinds import byte_order_mark
from pyfe.io.sources import Source
from pyfe.schema.cells import row_for_names, same_name

__all__ = [
    "ROWS_LOOKED_AT",
    "Rows",
    "Widths",
    "could_be_thousands",
    "decimal_of",
    "delimiter_of",
    "excel_says",
    "no_cells",
    "no_header",
    "require_delimiter",
    "require_names",
    "rows_of",
    "text_of",
    "texts_of",
]

DELIMITERS = (",", ";", "\t", "|")
"""The delimiters that are looked for where none is stated."""

WITH_COMMA = re.compile(r"\s*[+-]?\d*,\d+\s*", re.ASCII)
WITH_POINT = re.compile(r"\s*[+-]?\d*\.\d+\s*", re.ASCII)
_THOUSANDS = re.compile(r"\s*[+-]?[1-9]\d{0,2}[.,]\d{3}\s*", re.ASCII)
GROUPED = re.compile(r"\s*[+-]?\d{1,3}([.,' \u00a0\u2009\u202f\u2019]\d{3})+([.,]\d+)?\s*", re.ASCII)
"""Numbers with a sign between thousands."""

_EXCEL_SAYS = re.compile(r"sep=(.)\r?\n")
_SIGN = re.compile(r"""[^"'A-Za-z0-9\r\n\x80-\U0010ffff]""")
ROWS_LOOKED_AT = 1000
"""First rows that the decimal sign is looked for in."""

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
    texts, used = texts_of(source, encoding)
    with in_memory(source.name):
        return "".join(texts), used


def texts_of(source: Source, encoding: str | None) -> tuple[Iterator[str], str]:
    """As :func:`text_of`, the text in pieces: its errors come with them, that about UTF-8 behind the last."""
    stated = None if encoding is None else _codec(encoding)
    used = stated or byte_order_mark(source.start) or "utf-8"
    return _texts(source, encoding, used, stated is not None and not stated.startswith("utf")), used.removesuffix(
        "-sig"
    )


def _texts(source: Source, encoding: str | None, used: str, could_be_utf8: bool) -> Iterator[str]:
    decoder, begun, ascii_only = codecs.getincrementaldecoder(used)(), False, True
    as_utf8 = _Utf8() if could_be_utf8 else None
    for piece in itertools.chain(source.pieces, [b""]):
        text = _decoded(decoder, piece, source.name, encoding)
        if as_utf8 is not None:
            ascii_only = ascii_only and piece.isascii()
            as_utf8.feed(piece)
        if text:
            yield text if begun else text.removeprefix(_NO_BOM)
            begun = True
    if as_utf8 is not None and as_utf8.fits and not ascii_only:
        raise ParameterError(
            f"{source.name}: it is UTF-8, whose letters {encoding} reads as several signs each; leave out --encoding"
        )


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
    require_delimiter(delimiter)
    said, before = excel_says(text, name, delimiter), 0
    if said is not None:
        text, before, delimiter = text[said.end() :], 1, delimiter or said[1]
    found = delimiter_of(lambda: io.StringIO(text, newline=""), name) if delimiter is None else delimiter
    return _parsed(name, text, found, before)


def require_delimiter(delimiter: object) -> None:
    """ParameterError for what separates no cells."""
    if delimiter is not None and not _is_sign(delimiter):
        raise ParameterError(f"a delimiter is one ASCII sign, no letter, digit or quote, not {delimiter!r}")


def excel_says(text: str, name: str, stated: str | None) -> re.Match[str] | None:
    """The first line of a text, where it is that by which Excel says the delimiter, its group. DecodeError where none
    is stated, and what the line says separates no cells."""
    said = _EXCEL_SAYS.match(text)
    if said is not None and stated is None and not _is_sign(said[1]):
        raise DecodeError(f"{name}, line 1: it says sep={said[1]!r}, which separates no cells; state --delimiter")
    return said


def _is_sign(delimiter: object) -> bool:
    """Whether cells can stand between such signs: whoever says it, an option or the file."""
    return isinstance(delimiter, str) and _SIGN.fullmatch(delimiter) is not None


def decimal_of(columns: Iterable[Sequence[str]], delimiter: str, name: str) -> str:
    """The decimal sign that columns seem to be written with: "," if the delimiter is another sign and the first 1,000
    rows hold numbers with a comma, none with a point, and not all of them could be thousands.

    DecodeError where there are numbers with a point, and all of them could be thousands: 1.027 is one of two numbers.
    """
    if delimiter == ",":
        return "."
    cells = [cell for cells in columns for cell in cells[:ROWS_LOOKED_AT]]
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


def delimiter_of(lines: Callable[[], Iterable[str]], name: str) -> str:
    """The delimiter that a text seems to be written with; a comma where nothing else does better. ``lines`` gives its
    lines from the first on."""
    best, best_score, as_good = ",", (False, 1), ""
    for sign in DELIMITERS:
        try:
            rows = list(islice(csv.reader(lines(), strict=True, delimiter=sign), _ROWS_OF_A_GUESS))
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
            raise no_header(name, 1 + before)
        start = reader.line_num
        for row in reader:
            rows.append(row)
            lines.append(start + 1 + before)
            start = reader.line_num
    except csv.Error as error:
        raise no_cells(name, reader.line_num + before, error) from error
    while len(header) > 1 and rows and not rows[-1]:  # blank lines at the end hold no row
        rows.pop(), lines.pop()
    widths = Widths(name, len(header))
    widths.look_at(rows, lines)
    widths.require_one()
    return _by_name(name, header, rows, lines, delimiter, f"{name}, line {1 + before}")


def no_header(name: str, line: int) -> DecodeError:
    """What to say where the names of the columns should be."""
    return DecodeError(f"{name}, line {line}: there is no header")


def no_cells(name: str, line: int, error: csv.Error) -> DecodeError:
    """What to say of a line that cannot be cut into cells."""
    return DecodeError(f"{name}, line {line}: {error}; if its cells are cut at another sign, state --delimiter")


class Widths:
    """The lines that have another number of fields than the header: how many, and the first of them."""

    def __init__(self, name: str, width: int) -> None:
        self._name, self._width, self._first, self.count = name, width, list[tuple[int, int]](), 0

    def look_at(self, rows: Sequence[Sequence[str]], lines: Sequence[int]) -> None:
        """Rows that follow those that were looked at, and the line where each begins."""
        wrong = [(line, len(row)) for row, line in zip(rows, lines, strict=True) if len(row) != self._width]
        self._first += wrong[: _LISTED - len(self._first)]
        self.count += len(wrong)

    def require_one(self) -> None:
        """DecodeError where there are such lines."""
        if self.count:
            listed = "; ".join(f"line {line}: {fields} fields" for line, fields in self._first)
            more = f"; and {self.count - _LISTED} more lines" if self.count > _LISTED else ""
            raise DecodeError(
                f"{self._name}: {listed}{more}, the header has {self._width}; if decimal commas or another sign "
                "between the cells make these, state --delimiter"
            )


def _by_name(name: str, header: list[str], rows: list[list[str]], lines: list[int], delimiter: str, place: str) -> Rows:
    """Rows as columns. Those without name and cells, which a delimiter at the end of every line makes, are none."""
    require_names(header, place)
    columns = {label: [row[i] for row in rows] for i, label in enumerate(header) if label}
    nameless = (i for i, label in enumerate(header) if not label)
    return Rows(columns, lines, delimiter, tuple(i + 1 for i in nameless if any(row[i].strip() for row in rows)))


def require_names(header: list[str], place: str) -> None:
    """DecodeError for a header that names no columns, or two alike. Names are told by their places alone: where there
    is no header, the first line is a patient."""
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
