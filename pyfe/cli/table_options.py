"""What a command is told of a table: how it is written, and what the columns of a training table are.

How it is written is said once, here: :func:`reads_tables` gives a command the options, and :class:`Reading` is what
they say.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from pyfe.cli.console import text_option, text_options
from pyfe.errors import ParameterError
from pyfe.io import Table, read_table
from pyfe.io.sources import Again
from pyfe.io.streams import TableStream, stream_table
from pyfe.schema import Column, noise
from pyfe.schema.cells import parse_number, same_name
from pyfe.strict import distinct

__all__ = [
    "AS_FOUND",
    "Bits",
    "Exclude",
    "Levels",
    "Margin",
    "Missing",
    "NoiseSlots",
    "Protected",
    "Public",
    "Range",
    "Reading",
    "asked_as",
    "levels_of",
    "missing_of",
    "noise_of",
    "ranges_of",
    "reads_tables",
]

_SIGNS = {"tab": "\t", "\\t": "\t"}
_WRITTEN: dict[str, Any] = {
    "delimiter": Annotated[
        str | None,
        typer.Option(
            metavar="SIGN",
            callback=text_option,
            help='Sign between the cells of a CSV file (or "tab"); found in the file if not given.',
        ),
    ],
    "decimal": Annotated[
        str | None,
        typer.Option(
            metavar="SIGN",
            callback=text_option,
            help='Decimal sign of numbers in text, "." or ","; found in a CSV file if not given.',
        ),
    ],
    "encoding": Annotated[
        str | None,
        typer.Option(callback=text_option, help="Encoding of a CSV file, such as cp1252; UTF-8 if not given."),
    ],
    "na": Annotated[
        list[str] | None,
        typer.Option(
            metavar="[COLUMN=]TEXT",
            callback=text_options,
            help="What stands for an absent value beside an empty cell, such as NA, or age=999. Repeatable.",
        ),
    ],
}
"""The options of every command that reads a table, by the fields of :class:`Reading`."""


@dataclass(frozen=True)
class Reading:
    """How the tables of a command are written, as far as that was said."""

    delimiter: str | None = None
    decimal: str | None = None
    encoding: str | None = None
    na: list[str] | None = None

    def table(self, file: Path) -> Table:
        """A table, of any kind that is read; ``-`` is standard input. How it was read (``Table.signs``) is part of a
        command's result, as nobody may have said it."""
        return read_table(file, **self._said)

    def stream(self, file: Again, **looking: Any) -> TableStream:
        """The same as a stream; ``looking``: who looks at which of its columns, as of ``stream_table``."""
        return stream_table(file, **self._said, **looking)

    @property
    def _said(self) -> dict[str, Any]:
        delimiter = _SIGNS.get(self.delimiter or "", self.delimiter)
        return {"delimiter": delimiter, "decimal": self.decimal, "encoding": self.encoding, "na": self.na or ()}


AS_FOUND = Reading()
"""Nothing was said."""


Command: TypeAlias = Callable[..., None]


def asked_as(name: str, options: Mapping[str, Any], made: Callable[..., object]) -> Callable[[Command], Command]:
    """What gives a command several options for its one parameter ``name``, which is what is ``made`` of them."""

    def given_to(command: Command) -> Command:
        own = inspect.signature(command, eval_str=True)
        keyword = inspect.Parameter.KEYWORD_ONLY
        asked_for = [
            inspect.Parameter(each, keyword, default=default, annotation=annotation)
            for each, (annotation, default) in options.items()
        ]
        parameters: list[inspect.Parameter] = []
        for each, parameter in own.parameters.items():
            parameters += asked_for if each == name else [parameter.replace(kind=keyword)]

        @functools.wraps(command)
        def asked(**given: Any) -> None:
            said = {each: given.pop(each) for each in options}
            command(**given, **{name: made(**said)})

        asked.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        asked.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
        return asked

    return given_to


reads_tables = asked_as("reading", {each: (option, None) for each, option in _WRITTEN.items()}, Reading)
"""A command whose parameter ``reading`` is asked for by the options of :class:`Reading`."""

Bits = Annotated[int, typer.Option(help="Resolution of number columns, in bits.")]
Margin = Annotated[float, typer.Option(help="How far a range goes beyond the 1 % and 99 % quantiles.")]
Exclude = Annotated[
    list[str] | None, typer.Option(callback=text_options, help="Column to leave out (a label, an id). Repeatable.")
]
Public = Annotated[
    list[str] | None, typer.Option(callback=text_options, help="Column an attacker may know. Repeatable.")
]
Protected = Annotated[
    list[str] | None, typer.Option(callback=text_options, help="Column that must stay closed. Repeatable.")
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMN=VALUE",
        callback=text_options,
        help='What an empty cell of a column stands for ("bit": it gets a coordinate). Repeatable.',
    ),
]
Levels = Annotated[
    list[str] | None,
    typer.Option(
        "--levels",
        "--category",
        metavar="COLUMN=A,B,...",
        callback=text_options,
        help="All levels of a category, where they are known. Repeatable.",
    ),
]
Range = Annotated[
    list[str] | None,
    typer.Option(
        "--range",
        metavar="COLUMN=LO:HI",
        callback=text_options,
        help="Range of a number column, where it is known: then none is taken from the table. Repeatable.",
    ),
]
NoiseSlots = Annotated[
    int, typer.Option(help="Noise slots, one for each output of each key: results are then not exact.")
]


def noise_of(slots: int) -> Column | None:
    """``--noise-slots``: so many slots, none by default."""
    return noise(slots=slots) if slots else None


def missing_of(options: list[str] | None, columns: Mapping[str, Any]) -> dict[str, float | str]:
    """``COLUMN=VALUE`` options; values are numbers where the column holds numbers, else text."""
    known = {same_name(name): cells for name, cells in columns.items()}
    found: list[tuple[str, float | str]] = []
    for option in options or ():
        name, equals, text = option.rpartition("=")
        if not equals or not name or not text:
            raise ParameterError(f"--missing is COLUMN=VALUE, not {option!r}")
        name = same_name(name)
        numeric = name in known and known[name].dtype.kind == "f" and text != "bit"
        found.append((name, _number(option, text) if numeric else text))
    return distinct(found, "--missing")


def levels_of(options: list[str] | None, columns: Mapping[str, Any]) -> dict[str, list[int | str]]:
    """``COLUMN=A,B,C`` options; levels are integers where the column holds numbers, else text."""
    known = {same_name(name): cells for name, cells in columns.items()}
    found: list[tuple[str, list[int | str]]] = []
    for option in options or ():
        name, equals, text = option.partition("=")
        if not equals or not name or not text:
            raise ParameterError(f"--levels is COLUMN=A,B,..., not {option!r}")
        if same_name(name) not in known:
            raise ParameterError(f"--levels {option}: the table has no column {name!r}")
        whole = known[same_name(name)].dtype.kind == "f"
        found.append((same_name(name), [_integer(option, level) if whole else level for level in text.split(",")]))
    return distinct(found, "--levels")


def ranges_of(options: list[str] | None) -> dict[str, tuple[float, float]]:
    """``COLUMN=LO:HI`` options, in plain decimal numbers with a point."""
    found: list[tuple[str, tuple[float, float]]] = []
    for option in options or ():
        name, equals, span = option.rpartition("=")
        low, colon, high = span.partition(":")
        lo, hi = parse_number(low), parse_number(high)
        if not (name and equals and colon) or not (math.isfinite(lo) and math.isfinite(hi)):
            raise ParameterError(f"--range is COLUMN=LO:HI, such as age=0:120, not {option!r}{_with_point(span)}")
        found.append((same_name(name), (lo, hi)))
    return distinct(found, "--range")


_MOST_DIGITS = 20


def _integer(option: str, text: str) -> int:
    if not (text.isascii() and text.removeprefix("-").isdigit() and len(text) <= _MOST_DIGITS):  # int reads 1_0 too
        raise ParameterError(f"--levels {option}: the column holds numbers, and {text!r} is no integer")
    return int(text)


def _number(option: str, text: str) -> float:
    value = parse_number(text)
    if math.isnan(value):
        raise ParameterError(f"--missing {option}: the column holds numbers, and {text!r} is none{_with_point(text)}")
    return value


def _with_point(text: str) -> str:
    """What is said of numbers that have a comma, as in a table whose decimal sign it is: options have a point."""
    pointed = text.replace(",", ".")
    plain = not any(math.isnan(parse_number(part)) for part in pointed.split(":"))
    return f"; here the decimal sign is a point: {pointed}" if pointed != text and plain else ""
