"""What a file is, by its first bytes: a name says nothing that the bytes do not say better.

Read are text (CSV), Parquet and Arrow, each as it is or packed by gzip or zstd; every other kind that is known is
refused by its name, with what makes a table of it that is read.
"""

from __future__ import annotations

import codecs
import re
from enum import Enum

from pyfe.errors import DecodeError

__all__ = ["LOOKED_AT", "Kind", "Packing", "byte_order_mark", "kind_of", "packing_of"]

LOOKED_AT = 4096
"""First bytes that are looked at."""


class Kind(Enum):
    """The kinds of files that hold a table; the value is what people call them."""

    TEXT = "CSV"
    PARQUET = "Parquet"
    ARROW_FILE = "Arrow"
    ARROW_STREAM = "Arrow stream"
    FEATHER_1 = "Feather"


class Packing(Enum):
    """What a file may be packed by."""

    GZIP = "gzip"
    ZSTD = "zstd"


_BINARY = rb"(?![\x20-\x7e\t\r\n])"  # a column may be called PAR1, and be the first
_KINDS = {
    re.compile(rb"PAR1" + _BINARY): Kind.PARQUET,
    re.compile(rb"ARROW1" + _BINARY): Kind.ARROW_FILE,
    re.compile(rb"\xff\xff\xff\xff"): Kind.ARROW_STREAM,
    re.compile(rb"FEA1" + _BINARY): Kind.FEATHER_1,
}
_PACKINGS = {b"\x1f\x8b": Packing.GZIP, b"\x28\xb5\x2f\xfd": Packing.ZSTD}

_BYTE_ORDER_MARKS = {  # the longer first: one of UTF-32 begins like one of UTF-16
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    codecs.BOM_UTF8: "utf-8-sig",
}

_SHEET = "save the sheet as CSV UTF-8 in the spreadsheet's own menu, or write it as Parquet (pandas.read_excel)"
_UNPACK = "unpack it first; gzip and zstd are unpacked here"
_STUDY = "export it as CSV there, or write it as Parquet ({})"

_REFUSED: tuple[tuple[re.Pattern[bytes], str, str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), name, cure)
    for pattern, name, cure in (
        (rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.spr", "an OpenDocument sheet (ods)", _SHEET),
        (rb"PK\x03\x04.{26}(\[Content_Types\]\.xml|_rels/|docProps/|xl/)", "an Excel workbook (xlsx)", _SHEET),
        (rb"PK\x03\x04.{26}[^\0]{1,80}\.npy", "arrays of numpy (npz)", "write a table with names as CSV or Parquet"),
        (rb"PK(\x03\x04|\x05\x06|\x07\x08)", "a ZIP archive", _UNPACK),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook (xls), or another file of old Office", _SHEET),
        (rb"\x09\x08.\x00\x00[\x05\x06]", "an Excel workbook (xls)", _SHEET),
        (rb"\$FL[23]", "a file of SPSS (sav)", _STUDY.format("pandas.read_spss")),
        (rb"ASCII SPSS PORT FILE|.{440,480}SPSSPORT", "a file of SPSS (por)", _STUDY.format("pandas.read_spss")),
        (rb"<stata_dta>|[\x69\x6c\x6e\x6f\x71-\x73][\x01\x02]\x01\x00", "a file of Stata (dta)",
         _STUDY.format("pandas.read_stata")),
        (rb"\x00{12}\xc2\xea\x81\x60\xb3\x14\x11\xcf", "a table of SAS (sas7bdat)", _STUDY.format("pandas.read_sas")),
        (rb"HEADER RECORD\*{7}(LIBRARY|LIBV8  ) ", "a transport file of SAS (xpt)", _STUDY.format("pandas.read_sas")),
        (rb"(RD[AX][23]\n)?[XA]\n(\x00\x00\x00|[23]\n)", "a file of R", "write.csv(x, file, row.names = FALSE) in R"),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", "write the table as Parquet (pandas.read_hdf)"),
        (rb"\s*(\{\s*[\"}]|\[\s*([\[{\"\]]|-?\d[\d.]*\s*,))", "JSON", "write it as CSV or Parquet (pandas.read_json)"),
        (rb"(?i)\s*<(!doctype|html|\?xml|table|[a-z]+:)", "HTML or XML", "ask for the table as CSV"),
        (rb"SQLite format 3\0", "a database of SQLite", "write the table as CSV (sqlite3 -header -csv)"),
        (rb".{8}DUCK.\x00{6}", "a database of DuckDB", "write the table as Parquet (COPY ... TO)"),
        (rb"\x93NUMPY", "an array of numpy (npy)", "write a table with names as CSV or Parquet"),
        (rb"\x80[\x02-\x05]", "a pickle, which is a program", "write the table as CSV or Parquet"),
        (rb"PARE" + _BINARY, "an encrypted Parquet file", "write it without encryption"),
        (rb"ORC" + _BINARY, "an ORC file", "write it as Parquet"),
        (rb"Obj\x01", "an Avro file", "write it as Parquet"),
        (rb"%PDF-", "a PDF", "ask for the table as CSV"),
        (rb"PYFE", "an object of pyfe", "pyfe info says which"),
        (rb"BZh[1-9]1AY&SY|\xfd7zXZ\x00|\x04\x22\x4d\x18|7z\xbc\xaf\x27\x1c|Rar!\x1a", "packed otherwise", _UNPACK),
    )
)  # fmt: skip


def packing_of(start: bytes) -> Packing | None:
    """What a file is packed by that begins so."""
    return next((packing for magic, packing in _PACKINGS.items() if start.startswith(magic)), None)


def kind_of(start: bytes, name: str) -> Kind:
    """The kind of a file that begins so; DecodeError, with the cure, for one that is known and not read."""
    known = next((kind for pattern, kind in _KINDS.items() if pattern.match(start)), None)
    if known is not None:
        return known
    for pattern, what, cure in _REFUSED:
        if pattern.match(start):
            raise DecodeError(f"{name}: it is {what}, which is not read here: {cure}")
    return Kind.TEXT


def byte_order_mark(start: bytes) -> str | None:
    """The encoding that a byte order mark tells."""
    return next((encoding for mark, encoding in _BYTE_ORDER_MARKS.items() if start.startswith(mark)), None)
