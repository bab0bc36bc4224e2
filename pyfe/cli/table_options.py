"""What a command is told of the columns of a training table: the options, and what they mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from pyfe.cli.console import text_options
from pyfe.errors import ParameterError
from pyfe.schema import Column, noise
from pyfe.schema.cells import parse_number, same_name
from pyfe.strict import distinct

__all__ = [
    "Bits",
    "Exclude",
    "Levels",
    "Margin",
    "Missing",
    "NoiseSlots",
    "Protected",
    "Public",
    "Range",
    "levels_of",
    "missing_of",
    "noise_of",
    "ranges_of",
]

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
            raise ParameterError(f"--range is COLUMN=LO:HI, such as age=0:120, not {option!r}")
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
        raise ParameterError(f"--missing {option}: the column holds numbers, and {text!r} is none")
    return value
