"""What reading a Parquet file will take, by its own footer and the headers of its pages, before a reader allocates it.

A reader believes them: it makes room for what a page says it unpacks to, and spreads a cell that a dictionary holds
once into every row that names it. Here every number is read, strictly, and held against the bytes that are there.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from pyfe.errors import DecodeError
from pyfe.io.thrift import MALFORMED, STRUCT, Compact

__all__ = ["At", "ParquetLayout", "PlainPage", "PlainPages", "parquet_layout"]

At: TypeAlias = Callable[[int, int], bytes]
"""The bytes of a file from a place on, as many as asked for, fewer at its end."""

_MAGIC = b"PAR1"
_MOST_FOOTER = 1 << 28
_MOST_HEADER = 1 << 24
_FIRST_LOOK = 1 << 9
_PADDING = 100
"""Bytes that a column may have beyond what the footer says: an old writer forgot the header of the dictionary."""

_DEEPEST = 64
_A_PART = 100
"""Bytes of a file, at least, for each column of each row group, and for each column: a reader takes some 1,000."""

_ANY_PARTS = 1 << 15
_A_PAGE = 16
"""Bytes of a file, at least, for each page: no two columns share pages."""

_ANY_PAGES = 1 << 10
_ANY_VALUES, _VALUES_A_BYTE = 1 << 20, 4
"""Values of columns that hold lists, of which a row may have any number."""

_FLAT = 8
"""Bytes of a number in memory, at most; of a text beside its own bytes."""

_BYTE_ARRAY, _FIXED = 6, 7
_WIDTHS = {0: 1, 1: 4, 4: 4}
"""Bytes in memory of truth values, and of numbers of 32 bits."""

_DATA, _INDEX, _DICTIONARY, _DATA_2 = range(4)
_COUNTED = {6: "DELTA_LENGTH_BYTE_ARRAY", 7: "DELTA_BYTE_ARRAY"}
"""Encodings of text that begin with the lengths of all cells, packed: a reader makes room for as many as they say, in
some bytes any number, and in the second cells share their beginnings. Writers use them where they are told to."""

_PLAIN = _UNCOMPRESSED = 0
_ANY_PLAIN, _A_PLAIN_PAGE = 1 << 6, 1 << 12
"""Pages of which the place is kept, at most, and bytes of a file for each beyond these."""

_TEXT, _LOGICAL_TEXT = (-1, 0), (0, 1)
"""What bytes stand for that are bytes or text; a reader keeps the dictionaries of no others."""

_GROUPED = 2


class PlainPage(NamedTuple):
    """Cells that lie one behind the other: the row of the first, where it lies, how many bytes they are, and the CRC-32
    of these, -1 where the file has none."""

    row: int
    place: int
    size: int
    crc: int


@dataclass
class PlainPages:
    """A column whose cells all have ``width`` bytes, none of them packed or missing: its pages, and its rows."""

    width: int
    pages: list[PlainPage] = field(default_factory=list)
    rows: int = 0


@dataclass
class ParquetLayout:
    """What a file holds, and takes.

    rows: of all row groups. widths: bytes of a cell of a column, at most, where every row has its own in memory. held:
    bytes of the pages that are in memory at a time, one of every column with its dictionary, in the largest row group.
    spread: bytes of all cells together. plain: the columns that can be read as they lie.
    """

    rows: int = 0
    widths: Counter[str] = field(default_factory=Counter)
    held: int = 0
    spread: int = 0
    plain: dict[str, PlainPages] = field(default_factory=dict)

    def rows_at_once(self, most: int, room: int, columns: Iterable[str] | None = None) -> int:
        """How many rows of some columns, or of all, are read at a time: ``most``, or as many as have room in memory."""
        widths = self.widths.values() if columns is None else map(self.widths.__getitem__, columns)
        return max(1, min(most, room // max(1, sum(widths))))


class _Leaf(NamedTuple):
    """A column of the schema: its name, and that of what it is part of; its type; bytes of a cell in memory, without
    its text; whether a row has several cells; whether a reader spreads its dictionary over the rows, as it does with
    bytes that stand for something else: decimal numbers, say; whether it is bytes of one width in every row."""

    name: str
    root: str
    type: int
    width: int
    repeated: bool
    spread: bool
    plain: bool


class _Column(NamedTuple):
    """A column of a row group: where it lies, how many values it has, and how they are packed."""

    start: int
    end: int
    values: int
    codec: int


class _Page(NamedTuple):
    type: int
    unpacked: int
    packed: int
    values: int
    encoding: int
    crc: int


def parquet_layout(at: At, size: int) -> ParquetLayout:
    """The layout of a file of so many bytes. DecodeError where it is damaged, and for what no reader can bound.

    Cost: the footer, and a look at every page's header.
    """
    try:
        return _Walk(at, size).walked()
    except (*MALFORMED, struct.error) as error:
        raise DecodeError("damaged Parquet, or cut; get the file again") from error


@dataclass
class _Open:
    """A group of the schema: children that are still to come, whether it or one above is a list, and the name of the
    one above all."""

    missing: int
    repeated: bool = False
    root: str = ""


@dataclass
class _Group:
    """Sums over the columns of a row group."""

    held: int = 0
    spread: int = 0


@dataclass
class _Walk:
    """One walk through a file."""

    at: At
    size: int
    layout: ParquetLayout = field(default_factory=ParquetLayout)
    leaves: list[_Leaf] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)
    parts: int = 0
    pages: int = 0
    values: int = 0

    def walked(self) -> ParquetLayout:
        footer = Compact(self._footer())
        rows, seen = -1, 0
        for number, kind in footer.fields():
            seen += number in (2, 4)
            if number == 2:
                self._schema(footer, kind)
            elif number == 3:
                rows = footer.integer(kind, 64)
            elif number == 4:
                for _ in footer.elements(kind, STRUCT):
                    self._row_group(footer)
            elif number == 5:
                self._metadata(footer, kind)
            else:
                footer.skip(kind)
        if seen != 2 or rows != self.layout.rows:
            raise ValueError("a footer that does not agree with itself")
        for leaf, width in zip(self.leaves, self.widths, strict=True):
            self.layout.widths[leaf.root] += width
        return self.layout

    def _footer(self) -> bytes:
        length = int.from_bytes(self.at(self.size - 8, 4), "little")
        if self.size < 12 or self.at(self.size - 4, 4) != _MAGIC or not 0 < length <= min(_MOST_FOOTER, self.size - 12):
            raise ValueError("no footer")
        return self.at(self.size - 8 - length, length)

    # -- the footer --

    def _schema(self, footer: Compact, kind: int) -> None:
        """The columns, from the elements of the tree that they are the leaves of."""
        open_groups: list[_Open] = []
        for place in footer.elements(kind, STRUCT):
            self._count_part()
            leaf, children = _element(footer)
            if place == 0:
                open_groups.append(_Open(children or 0))
                continue
            while open_groups and open_groups[-1].missing == 0:
                open_groups.pop()
            if not open_groups:
                raise ValueError("an element that belongs to none")
            above = open_groups[-1]
            above.missing -= 1
            root, repeated = above.root or leaf.name, leaf.repeated or above.repeated
            if children is None:
                plain = leaf.plain and not (above.root or repeated)
                self.leaves.append(leaf._replace(root=root, repeated=repeated, plain=plain))
                self.widths.append(leaf.width)
                continue
            open_groups.append(_Open(children, repeated, root))
            if len(open_groups) > _DEEPEST:
                raise ValueError("groups within groups, without end")
        if any(each.missing for each in open_groups):
            raise ValueError("elements are missing")
        named = Counter(leaf.root for leaf in self.leaves)
        alone = (leaf for leaf in self.leaves if leaf.plain and named[leaf.root] == 1)
        self.layout.plain = {leaf.root: PlainPages(leaf.width) for leaf in alone}

    def _metadata(self, footer: Compact, kind: int) -> None:
        for _ in footer.elements(kind, STRUCT):
            self._count_part()
            footer.skip(STRUCT)

    def _row_group(self, footer: Compact) -> None:
        group, columns, rows = _Group(), 0, 0
        for number, kind in footer.fields():
            if number == 1:
                for place in footer.elements(kind, STRUCT):
                    self._count_part()
                    self._column(place, _column(footer), group)
                    columns += 1
            elif number == 3:
                rows = footer.integer(kind, 64)
            else:
                footer.skip(kind)
        if columns != len(self.leaves) or rows < 0:
            raise ValueError("a row group of other columns")
        layout = self.layout
        layout.rows += rows
        layout.held = max(layout.held, group.held)
        layout.spread += group.spread
        layout.plain = {name: pages for name, pages in layout.plain.items() if pages.rows == layout.rows}

    def _count_part(self) -> None:
        self.parts += 1
        if self.parts > max(_ANY_PARTS, self.size // _A_PART):
            raise DecodeError(f"it tells of more than {self.parts - 1} columns of row groups in {self.size} bytes")

    # -- pages --

    def _column(self, place: int, column: _Column, group: _Group) -> None:
        """Add what a column of a row group takes."""
        leaf, width = self.leaves[place], self.leaves[place].width
        largest = dictionary = texts = 0
        for page, at in self._pages(column):
            self._require_readable(leaf, page)
            if leaf.plain:
                self._note_plain(leaf, column, page, at)
            if page.type == _DICTIONARY:
                dictionary = max(dictionary, page.unpacked)
                width = max(width, dictionary if leaf.spread else 0)
            else:
                largest = max(largest, page.unpacked)
                own = -(-page.unpacked // max(page.values, 1)) if leaf.type == _BYTE_ARRAY else 0
                width = max(width, leaf.width + own)
            texts += page.unpacked if leaf.type == _BYTE_ARRAY else 0
        self.widths[place] = max(self.widths[place], width)
        group.held += largest + dictionary
        group.spread += texts + (width if leaf.spread else leaf.width) * column.values

    def _note_plain(self, leaf: _Leaf, column: _Column, page: _Page, at: int) -> None:
        """Note where a page of a column lies, as long as all of it can be read as it lies."""
        noted = self.layout.plain.get(leaf.root)
        if noted is None:
            return
        as_it_lies = (page.type, page.encoding, column.codec) == (_DATA, _PLAIN, _UNCOMPRESSED)
        whole = page.unpacked == page.packed == page.values * leaf.width
        if as_it_lies and whole and len(noted.pages) < max(_ANY_PLAIN, self.size // _A_PLAIN_PAGE):
            noted.pages.append(PlainPage(noted.rows, at, page.packed, page.crc))
            noted.rows += page.values
        else:
            del self.layout.plain[leaf.root]

    def _pages(self, column: _Column) -> Iterator[tuple[_Page, int]]:
        """The pages of a column, each with where what it holds begins, as far as a reader reads them: until they have
        its values."""
        place, values = column.start, 0
        while values < column.values and place < column.end:
            self.pages += 1
            if self.pages > max(_ANY_PAGES, self.size // _A_PAGE):
                raise ValueError("more pages than there are bytes for")
            page, place = self._page(place, column.end)
            yield page, place - page.packed
            values += page.values if page.type in (_DATA, _DATA_2) else 0

    def _page(self, place: int, end: int) -> tuple[_Page, int]:
        """The page at a place, and where the next one begins."""
        look, most = _FIRST_LOOK, min(_MOST_HEADER, end - place)
        while True:
            header = Compact(self.at(place, min(look, most)))
            try:
                page = _page(header)
                break
            except IndexError:
                if look >= most:
                    raise
                look *= 16
        following = place + header.at + page.packed
        if following > end:
            raise ValueError("a page that ends outside of its column")
        return page, following

    def _require_readable(self, leaf: _Leaf, page: _Page) -> None:
        """DecodeError for pages of which nobody can say what their cells take; ValueError for those that lie."""
        if page.type == _DICTIONARY and 4 * page.values > page.unpacked and leaf.type != _FIXED:
            raise ValueError("a dictionary of more values than it has bytes for")
        if page.encoding in _COUNTED:
            raise DecodeError(
                f"column {leaf.root[:60]!r}: it is encoded as {_COUNTED[page.encoding]}, which can fill a memory from "
                "a few bytes; write it as writers do by default (DuckDB and Spark: version v1 of Parquet), or as CSV"
            )
        if leaf.repeated and page.type in (_DATA, _DATA_2):
            self.values += page.values
            if self.values > max(_ANY_VALUES, _VALUES_A_BYTE * self.size):
                raise DecodeError(
                    f"column {leaf.root[:60]!r}: its cells are lists, of more values than {self.size} bytes may stand "
                    "for; leave it out of the file"
                )


def _element(footer: Compact) -> tuple[_Leaf, int | None]:
    """An element of the schema, and how many children it has, None for a column."""
    kinds = {"type": -1, "width": 0, "repetition": 0, "children": -1, "converted": -1}
    places = {1: "type", 2: "width", 3: "repetition", 5: "children", 6: "converted"}
    name, logical = "", 0
    for number, kind in footer.fields():
        if number in places:
            kinds[places[number]] = footer.integer(kind, 32)
        elif number == 4:
            name = footer.text(kind)
        elif number == 10:
            logical = _union(footer, kind)
        else:
            footer.skip(kind)
    of, width, children = kinds["type"], kinds["width"], kinds["children"]
    if (of < 0) == (children < 0) and not (of < 0 and children < 0):
        raise ValueError("an element that is a column and a group")
    spread = of == _BYTE_ARRAY and (kinds["converted"] not in _TEXT or logical not in _LOGICAL_TEXT)
    plain = of == _FIXED and (kinds["repetition"], kinds["converted"], logical) == (0, -1, 0)
    if of > _FIXED or (of == _FIXED and width < 1):
        raise ValueError("an unknown type")
    leaf = _Leaf(
        name, "", of, width if of == _FIXED else _WIDTHS.get(of, _FLAT), kinds["repetition"] == _GROUPED, spread, plain
    )
    return leaf, (None if of >= 0 else max(children, 0))


def _union(footer: Compact, kind: int) -> int:
    """Which of several a value is."""
    footer.require(kind, STRUCT)
    found = 0
    for number, inner in footer.fields():
        found = number
        footer.skip(inner)
    return found


def _column(footer: Compact) -> _Column:
    """A column of a row group."""
    found = None
    for number, kind in footer.fields():
        if number == 3:
            footer.require(kind, STRUCT)
            found = _column_metadata(footer)
        else:
            footer.skip(kind)
    if found is None:
        raise ValueError("a column that says nothing, or that is encrypted")
    return found


_COUNTS = {5: "values", 7: "size", 9: "data", 11: "dictionary"}
_FEW = {2: 64, 3: _DEEPEST, 8: 64, 13: 64}
"""Elements of the lists of a column, at most: encodings, names, metadata, statistics of encodings."""


def _column_metadata(footer: Compact) -> _Column:
    found = {"values": -1, "size": -1, "data": -1, "dictionary": 0}
    codec = _UNCOMPRESSED + 1
    for number, kind in footer.fields():
        if number == 4:
            codec = footer.integer(kind, 32)
        elif number in _COUNTS:
            found[_COUNTS[number]] = footer.integer(kind, 64)
        elif number in _FEW:
            footer.skip_few(kind, _FEW[number])
        else:
            footer.skip(kind)
    start = found["data"]
    if 0 < found["dictionary"] < start:
        start = found["dictionary"]
    if min(found.values()) < 0:
        raise ValueError("a column without its places")
    return _Column(start, start + found["size"] + _PADDING, found["values"], codec)


_HEADERS = {5: _DATA, 6: _INDEX, 7: _DICTIONARY, 8: _DATA_2}
_ENCODING = {_DATA: 2, _DICTIONARY: 2, _DATA_2: 4}


def _page(header: Compact) -> _Page:
    numbers, crc = {1: -1, 2: -1, 3: -1}, -1
    said: dict[int, tuple[int, int]] = {}
    for number, kind in header.fields():
        if number in numbers:
            numbers[number] = header.integer(kind, 32)
        elif number == 4:
            crc = header.integer(kind, 32) & 0xFFFFFFFF
        elif number in _HEADERS:
            header.require(kind, STRUCT)
            said[_HEADERS[number]] = _values(header, _ENCODING.get(_HEADERS[number], 0))
        else:
            header.skip(kind)
    if min(numbers.values()) < 0:
        raise ValueError("a page without its sizes")
    of, unpacked, packed = numbers.values()
    values, encoding = said.get(of, (0, 0))
    if of in (_DATA, _DICTIONARY, _DATA_2) and of not in said:
        raise ValueError("a page without its header")
    return _Page(of, unpacked, packed, values, encoding, crc)


def _values(header: Compact, encoding_at: int) -> tuple[int, int]:
    """How many values a page says it has, and its encoding."""
    values = encoding = 0
    for number, kind in header.fields():
        if number == 1 and encoding_at:
            values = header.integer(kind, 32)
        elif number == encoding_at and encoding_at:
            encoding = header.integer(kind, 32)
        else:
            header.skip(kind)
    if values < 0:
        raise ValueError("fewer values than none")
    return values, encoding
