"""One table of patients as the programs of hospitals write it: each dialect the same values in other bytes.

Numbers have few digits, so that every dialect holds them exactly. Beside what a model needs stand record numbers,
dates, notes of several lines and a patient who comes twice.
"""

from __future__ import annotations

import csv
import gzip
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyfe
from pyfe import Schema

N = 40
LEVELS = ["ambulant", "station\u00e4r"]
"""What tells encodings apart; \u00e4 and \u00f6 are in cp1252, in UTF-8 they are two bytes."""


def patients() -> dict[str, list[Any]]:
    """The values: None where nothing was measured."""
    rows = [i if i != N - 1 else 3 for i in range(N)]  # the last row is the fourth again
    return {
        "fall": [f"F-{i:04d}" for i in rows],
        "aufnahme": [f"{1 + i % 28:02d}.{1 + i % 12:02d}.2024" for i in rows],
        "alter": [20 + (i * 7) % 70 for i in rows],
        "gr\u00f6\u00dfe": [round(1.5 + (i * 13 % 50) / 100, 2) for i in rows],
        "bmi": [None if i % 9 == 4 else round(18 + (i * 11 % 40) / 2, 1) for i in rows],
        "crp": [round((i * 17 % 90) / 8, 3) for i in rows],
        "geschlecht": ["mw"[i % 2] for i in rows],
        "art": [LEVELS[i % 3 == 0] for i in rows],
        "notiz": [f'Zeile "{i}"\nn\u00e4chste; Zeile, Ende' if i % 5 == 0 else "ohne" for i in rows],
    }


TEXT = ("fall", "aufnahme", "geschlecht", "art", "notiz")
NO_FEATURES = ("fall", "aufnahme", "notiz")


def schema(*, coded: bool = False) -> Schema:
    """What a model needs of them; ``coded``: sexes as 1 and 2."""
    return Schema.from_ranges(
        {
            "alter": (0, 120),
            "gr\u00f6\u00dfe": (1, 2.5),
            "bmi": pyfe.number(10, 60, missing=27.0),
            "crp": (0, 50),
            "geschlecht": pyfe.category([1, 2]) if coded else ["m", "w"],
            "art": LEVELS,
        }
    )


@dataclass(frozen=True)
class Dialect:
    """How a program writes a table, and what has to be said to read it.

    ``options``: those that the errors of pyfe name one after the other; ``by_hand``: words of these that only somebody
    who knows the table can say.
    """

    name: str
    write: Callable[[], bytes]
    options: tuple[str, ...] = ()
    by_hand: dict[str, str] = field(default_factory=dict)
    coded: bool = False
    optional: bool = False
    """Whether reading it needs pyarrow."""


def _number(value: Any, decimal: str, zero: bool) -> str:
    text = f"{value:.15g}"
    text = text.removeprefix("0") if not zero and text.startswith("0.") else text
    return text.replace(".", decimal)


def text(
    columns: Mapping[str, Sequence[Any]] | None = None,
    *,
    delimiter: str = ",",
    decimal: str = ".",
    absent: str = "",
    quoting: Any = csv.QUOTE_MINIMAL,
    end: str = "\n",
    coded: bool = False,
    row_names: bool | Sequence[str] | None = False,
    trailing: bool = False,
    zero: bool = True,
) -> str:
    """A table as text, that of :func:`patients` by default. ``coded``: m and w as 1 and 2; ``trailing``: the delimiter
    at the end of every line too; ``zero``: before a decimal sign."""
    columns = dict(patients() if columns is None else columns)
    if coded:
        columns["geschlecht"] = [{"m": 1, "w": 2}[cell] for cell in columns["geschlecht"]]
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=delimiter, quoting=quoting, lineterminator=end)
    count = len(next(iter(columns.values())))
    names = [str(number + 1) for number in range(count)] if row_names is True else row_names or ()
    first: list[Any] = [""] if names else []
    last: list[Any] = [""] if trailing else []
    writer.writerow([*first, *columns, *last])
    for number in range(count):
        cells: Sequence[Any] = [column[number] for column in columns.values()]
        shown = [Bare(absent) if cell is None else _shown(cell, decimal, zero) for cell in cells]
        writer.writerow([*names[number : number + 1], *shown, *last])
    return buffer.getvalue()


class Bare(float):
    """What is written without quotes, as numbers are."""

    def __new__(cls, word: str) -> Any:
        made = float.__new__(cls, 0.0)
        made.word = word  # type: ignore[attr-defined]
        return made

    def __str__(self) -> str:
        return self.word  # type: ignore[attr-defined,no-any-return]

    __repr__ = __str__


def _shown(cell: Any, decimal: str, zero: bool) -> Any:
    return cell if isinstance(cell, str) else Bare(_number(cell, decimal, zero))


def _arrow(write: Callable[[Any, Any], None]) -> bytes:
    import pyarrow

    buffer = io.BytesIO()
    write(pyarrow.table(patients()), buffer)
    return buffer.getvalue()


def _parquet(table: Any, file: Any) -> None:
    import pyarrow.parquet

    pyarrow.parquet.write_table(table, file)


def _feather(table: Any, file: Any) -> None:
    import pyarrow.feather

    pyarrow.feather.write_feather(table, file)


def _stream(table: Any, file: Any) -> None:
    import pyarrow

    with pyarrow.ipc.new_stream(file, table.schema) as stream:
        stream.write_table(table)


def _zstd() -> bytes:
    import pyarrow

    return bytes(pyarrow.compress(text().encode(), "zstd", asbytes=True))


_R = csv.QUOTE_NONNUMERIC
_GERMAN: dict[str, Any] = {"delimiter": ";", "decimal": ","}

DIALECTS = [
    Dialect("pandas", lambda: text().encode()),
    Dialect("pandas with its index", lambda: text(row_names=True).encode()),
    Dialect("pandas with sep and decimal", lambda: text(**_GERMAN).encode()),
    Dialect("pandas with decimal alone", lambda: text(decimal=",").encode(), ("--decimal ,",)),
    Dialect("R write.csv", lambda: text(absent="NA", quoting=_R, row_names=True).encode(), ("--na NA",)),
    Dialect("R write.csv2", lambda: text(**_GERMAN, absent="NA", quoting=_R, row_names=True).encode(), ("--na NA",)),
    Dialect("German Excel", lambda: text(**_GERMAN, end="\r\n").encode("cp1252"), ("--encoding cp1252",)),
    Dialect("German Excel, CSV UTF-8", lambda: text(**_GERMAN, end="\r\n").encode("utf-8-sig")),
    Dialect(
        "German Excel with errors of formulas",
        lambda: text(**_GERMAN, absent="#NV", end="\r\n").encode("utf-8-sig"),
        ("--na '#NV'",),
    ),
    Dialect(
        "French Excel that says its sign",
        lambda: b"sep=;\r\n" + text(**_GERMAN, end="\r\n", trailing=True).encode("cp1252"),
        ("--encoding cp1252",),
    ),
    Dialect("Excel, Unicode text", lambda: text(delimiter="\t", decimal=",", end="\r\n").encode("utf-16")),
    Dialect("SPSS", lambda: text(absent="#NULL!", zero=False).encode("utf-8-sig"), ("--na '#NULL!'",)),
    Dialect("SPSS with a blank", lambda: text(absent=" ", zero=False, coded=True).encode("utf-8-sig"), coded=True),
    Dialect(
        "SPSS with user-missing codes",
        lambda: text(absent="-99", coded=True).encode(),
        ("--na bmi=-99",),
        {"--na bmi=NUMBER": "--na bmi=-99"},
        coded=True,
    ),
    Dialect(
        "SAS",
        lambda: text(absent=".", end="\r\n").encode("latin-1"),
        ("--encoding latin-1", "--na '.'"),
        {"--encoding cp1252": "--encoding latin-1"},
    ),
    Dialect("Stata", lambda: text(delimiter="\t", coded=True).encode(), coded=True),
    Dialect(
        "a laboratory",
        lambda: gzip.compress(text(delimiter="|", decimal=",", absent="n.b.", end="\r\n").encode("cp1252")),
        ("--encoding cp1252", "--na n.b."),
        {"--na TEXT": "--na n.b."},
    ),
    Dialect("gzip in two members", lambda: gzip.compress(text().encode()[:999]) + gzip.compress(text().encode()[999:])),
    Dialect("zstd", _zstd, optional=True),
    Dialect("Parquet", lambda: _arrow(_parquet), optional=True),
    Dialect("Parquet in gzip", lambda: gzip.compress(_arrow(_parquet)), optional=True),
    Dialect("Feather", lambda: _arrow(_feather), optional=True),
    Dialect("an Arrow stream", lambda: _arrow(_stream), optional=True),
]
