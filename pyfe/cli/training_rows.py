"""What ``pyfe prepare`` and ``pyfe suggest`` read of a table of training rows: the model's columns, what is said of
them, and the outcomes. What is wrong with a row is said by its line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import numpy as np
import typer

from pyfe.arrays import AnyArray
from pyfe.cli.console import load, reference_rows, text_option
from pyfe.cli.table_options import levels_of, missing_of
from pyfe.cohorts.carrying import called_lines
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.io import Table, with_places
from pyfe.models.preparing import OF_TREES
from pyfe.models.sources.inputs import columns_of
from pyfe.models.sources.trees.compiled import is_trees
from pyfe.schema import Schema
from pyfe.schema.cells import listed, missing_mask, parse_number, same_name
from pyfe.text import shell_word
from pyfe.wire.words import nearest

__all__ = [
    "BITS",
    "MARGIN",
    "EventColumn",
    "OutcomeColumn",
    "Ranges",
    "TimeColumn",
    "in_lines",
    "options_of",
    "outcome_of",
    "rows_of_features",
    "stated_by",
]

BITS, MARGIN = 8, 0.1
"""What --bits and --margin are by themselves."""

OutcomeColumn: TypeAlias = Annotated[
    str | None,
    typer.Option(callback=text_option, help="Column of labels or targets: the loss is measured with it."),
]
TimeColumn: TypeAlias = Annotated[
    str | None, typer.Option(callback=text_option, help="Column of times, of a model of survival; with --event.")
]
EventColumn: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN[=VALUE]",
        callback=text_option,
        help="Column that says whether the event was seen: by 1, not 0, or by this value.",
    ),
]

Ranges: TypeAlias = Annotated[
    Path | None, typer.Option(help="Schema of clinical ranges to cut, instead of ranges proposed from the table.")
]


def rows_of_features(table: Table, exclude: Sequence[str], asked: Sequence[str | None]) -> Table:
    """The table without the columns to leave out and those of the outcome (as --outcome, --time, --event name them)."""
    outcomes = [_label(table, option) for option in asked if option is not None]
    return table.without([*exclude, *outcomes])


def options_of(
    table: Table,
    model: Any,
    bits: int,
    margin: float,
    public: list[str] | None,
    protected: list[str] | None,
    missing: list[str] | None,
    levels: list[str] | None,
) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """The columns that a model takes of a table, and what the options say to the proposal of a schema.

    Of a model that names its columns only these are read, and those that an option names: what else a file holds (names
    of rows, dates, notes) is nobody's business here. ParameterError where steps were asked for trees, whose schema is
    that of their cuts.
    """
    columns = table.guessed(_taken(table, model, [*(public or ()), *(protected or ())], [missing, levels]))
    options = {
        "bits": bits,
        "margin": margin,
        "public": public or (),
        "protected": protected or (),
        "missing": missing_of(missing, columns),
        "levels": levels_of(levels, columns),
    }
    if not is_trees(model):
        return columns, options
    if bits != BITS or margin != MARGIN:
        raise ParameterError("trees have a schema of their cuts; leave out --bits and --margin")
    return columns, {name: value for name, value in options.items() if name in OF_TREES}


def stated_by(ranges: Path, table: Table, **options: list[str] | None) -> tuple[dict[str, AnyArray], dict[str, Any]]:
    """The columns that the schema of ``--ranges`` takes of a table, and that schema as an option of ``pyfe.prepare``.

    ParameterError where ``options`` say again what it says itself.
    """
    for name, value in options.items():
        if value:
            raise ParameterError(f"the schema of --ranges has its own {name}; leave out --{name}")
    stated = load(ranges, Schema.from_bytes)
    return reference_rows(table, stated), {"schema": stated}


def _taken(table: Table, model: Any, named: list[str], options: Sequence[list[str] | None]) -> list[str] | None:
    """Labels of the columns that are read; None for all of them."""
    taken = columns_of(model, tuple(map(same_name, table.cells)))
    if taken is None:
        return None
    told = [*named, *(option.partition("=")[0] for several in options for option in several or ())]
    wanted = taken | set(map(same_name, told))
    found = [label for label in table.cells if same_name(label) in wanted]
    return (
        found if any(same_name(label) in taken for label in found) else list(table.cells)
    )  # what is wrong is said there


def outcome_of(table: Table, outcome: str | None, time: str | None, event: str | None) -> Any:
    """What is known of the rows' outcomes: labels or targets, or times and events; None where nothing is."""
    if (time is None) != (event is None) or (outcome is not None and time is not None):
        raise ParameterError("an outcome is --outcome COLUMN, or --time COLUMN and --event COLUMN together")
    if time is not None and event is not None:
        return _column(table, time), _events(table, event)
    return None if outcome is None else _column(table, outcome)


@contextmanager
def in_lines(table: Table) -> Iterator[None]:
    """Errors about rows of the table name lines of its file, as those of every other command do."""
    try:
        yield
    except OutOfRangeError as error:
        if not error.offending:
            raise
        raise with_places(table, error) from error
    except ParameterError as error:
        if not error.rows:
            raise
        raise ParameterError(error.called(called_lines(table)(error.rows))) from error


def _events(table: Table, option: str) -> AnyArray:
    """Whether the event was seen, of every row: 1 or 0."""
    label, value = _label(table, option), _value(table, option)
    cells = _column(table, label)
    if value is None:
        known = cells.astype(np.float64) if cells.dtype.kind in "biuf" else np.full(len(cells), math.nan)
        other = np.flatnonzero(~np.isin(known, (0.0, 1.0))).tolist()
        if other:
            raise ParameterError(
                f"{called_lines(table)(other)}: the column {label!r} of events holds neither 0 nor 1; say what stands "
                f"for an event with --event {shell_word(label)}=VALUE"
            )
        return known
    number = parse_number(value)
    seen = [_is_value(cell, value, number) for cell in cells.tolist()]
    if not any(seen):
        raise ParameterError(f"{table.path}: --event {option}: no row of the column {label!r} holds {value!r}")
    return np.array(seen, dtype=np.float64)


def _is_value(cell: Any, value: str, number: float) -> bool:
    if isinstance(cell, str | bool):
        return str(cell).strip().lower() == value.strip().lower()
    return bool(cell == number)


def _label(table: Table, option: str) -> str:
    """The column of ``COLUMN`` or ``COLUMN=VALUE``; a column's own name may have the sign."""
    known = set(map(same_name, table.cells))
    return option if same_name(option) in known or "=" not in option else option.rpartition("=")[0]


def _value(table: Table, option: str) -> str | None:
    label = _label(table, option)
    return None if label == option else option[len(label) + 1 :]


def _column(table: Table, name: str) -> AnyArray:
    """One column, as numbers or as text; ParameterError where it is absent or has empty cells."""
    label = next((label for label in table.cells if same_name(label) == same_name(name)), None)
    if label is None:
        hint = nearest(name, table.cells) or f"; it has {listed(list(table.cells))}"
        raise ParameterError(f"{table.path}: there is no column {name!r}{hint}")
    values = table.guessed([label])[label]
    empty = [row for row, gone in enumerate(missing_mask(values).tolist()) if gone]
    if empty:
        raise ParameterError(
            f"{called_lines(table)(empty)}: the column {name!r} of outcomes is empty; leave such rows out"
        )
    return values
