"""``pyfe prepare``: a schema cut for a model, and the function on it, from a model and a table of training rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pyfe import io
from pyfe.arrays import AnyArray
from pyfe.cli.console import AsJson, Force, load, reference_rows, show, text_option
from pyfe.cli.model_files import load_model
from pyfe.cli.table_options import (
    AS_FOUND,
    Bits,
    Exclude,
    Levels,
    Margin,
    Missing,
    NoiseSlots,
    Protected,
    Public,
    Reading,
    levels_of,
    missing_of,
    noise_of,
    reads_tables,
)
from pyfe.cohorts.carrying import called_lines
from pyfe.errors import ParameterError
from pyfe.function import Function
from pyfe.io import Table, roles
from pyfe.models import prepare
from pyfe.models.preparing import OF_TREES
from pyfe.models.sources.trees.compiled import is_trees
from pyfe.reports import Report
from pyfe.reports import report as report_of
from pyfe.schema import Schema
from pyfe.schema.cells import missing_mask, parse_number, same_name

__all__ = ["of_kind", "options_of", "outcome_of", "prepare_model"]

_BITS, _MARGIN = 8, 0.1
"""What --bits and --margin are by themselves."""


Ranges = Annotated[
    Path | None, typer.Option(help="Schema of clinical ranges to cut, instead of ranges proposed from the table.")
]
Publish = Annotated[
    bool,
    typer.Option("--publish", help="Let the schema publish coarse figures of the rows (100 or more), for everybody."),
]


@reads_tables
def prepare_model(
    model: Annotated[Path, typer.Argument(help="JSON of a Linear or a SquareNetwork, an ONNX file, or boosted trees.")],
    table: Annotated[Path, typer.Argument(help="Table of training rows; no row is kept.")],
    schema: Annotated[Path, typer.Option("--schema", "-s", help="Where to write the schema.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function.")],
    outcome: Annotated[
        str | None,
        typer.Option(callback=text_option, help="Column of labels or targets: the loss is measured with it."),
    ] = None,
    time: Annotated[
        str | None, typer.Option(callback=text_option, help="Column of times, of a model of survival; with --event.")
    ] = None,
    event: Annotated[
        str | None, typer.Option(callback=text_option, help="Column that says whether the event was seen.")
    ] = None,
    precision: Annotated[
        str, typer.Option(help='"auto", "finest", or steps of the score per standard deviation.')
    ] = "auto",
    ranges: Ranges = None,
    bits: Bits = _BITS,
    margin: Margin = _MARGIN,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    noise_slots: NoiseSlots = 0,
    publish: Publish = False,
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Cut a schema for a model, no finer than its answers need, and turn the model into the exact function on it."""
    read = [model, table, ranges]
    with (
        io.claimed(schema, roles.SCHEMA, avoid=read, force=force) as schema_file,
        io.claimed(output, roles.FUNCTION, avoid=[*read, schema], force=force) as function_file,
    ):
        given = reading.table(table)
        known, taken = outcome_of(given, outcome, time, event), load_model(model)
        rows = given.without([*(exclude or ()), *(name for name in (outcome, time, event) if name is not None)])
        if ranges is None:
            columns, wanted = rows.guessed(), options_of(rows, bits, margin, public, protected, missing, levels)
            wanted = of_kind(taken, wanted)
        else:
            _require_unsaid(public=public, protected=protected, missing=missing, levels=levels)
            stated = load(ranges, Schema.from_bytes)
            columns, wanted = reference_rows(rows, stated), {"schema": stated}
        wanted |= {"precision": _precision(precision), "noise": noise_of(noise_slots), "publish": publish}
        agreed, function = prepare(taken, columns, known, **wanted)
        report = report_of(function)
        schema_file.write(agreed.to_bytes())
        function_file.write(function.to_bytes())
    described = _described(function, report)
    ranges_of = {"columns": described["columns"], "publishes": described["publishes"]}
    words = {"schema": str(schema), **ranges_of, **dict(report.lines()), "table read with": given.signs}
    values = {"schema": str(schema), "function": str(output), **described, "read_with": given.signs}
    apart = schema_file.is_standard_output or function_file.is_standard_output
    show(f"Function {output}", values, as_json=as_json, words=words, apart=apart)


def _described(function: Function, report: Report) -> dict[str, Any]:
    """What a machine wants to know of a function and of the schema that was cut for it."""
    schema, remarks = function.schema, dict(function.remarks)
    assert schema is not None
    return {
        "schema_id": schema.id.hex(),
        "id": function.id.hex(),
        "exact": function.exact,
        "columns": {name: str(column) for name, column in schema.columns.items()},
        "publishes": "nothing" if schema.population is None else "figures of the population, which everybody can read",
        "sizes": {name: column.size for name, column in schema.columns.items()},
        "weight_bits": function.weight_bits,
        "width_bits": function.width_bits,
        "step_of_the_score": remarks["step of the score"],
        "loss": remarks["loss"],
        "scheme": report.scheme,
        "bytes_per_row": report.ciphertext_bytes,
    }


def options_of(
    table: Table,
    bits: int,
    margin: float,
    public: list[str] | None,
    protected: list[str] | None,
    missing: list[str] | None,
    levels: list[str] | None,
) -> dict[str, Any]:
    """What the options say to the proposal of a schema."""
    columns = table.guessed()
    return {
        "bits": bits,
        "margin": margin,
        "public": public or (),
        "protected": protected or (),
        "missing": missing_of(missing, columns),
        "levels": levels_of(levels, columns),
    }


def of_kind(model: Any, options: dict[str, Any]) -> dict[str, Any]:
    """Those of the options that a model has use for: the schema of trees is that of their cuts, so that only what is
    said of its columns is left. ParameterError where steps were asked for."""
    if not is_trees(model):
        return options
    if options["bits"] != _BITS or options["margin"] != _MARGIN:
        raise ParameterError("trees have a schema of their cuts; leave out --bits and --margin")
    return {name: value for name, value in options.items() if name in OF_TREES}


def outcome_of(table: Table, outcome: str | None, time: str | None, event: str | None) -> Any:
    """What is known of the rows' outcomes: labels or targets, or times and events; None where nothing is."""
    if (time is None) != (event is None) or (outcome is not None and time is not None):
        raise ParameterError("an outcome is --outcome COLUMN, or --time COLUMN and --event COLUMN together")
    if time is not None and event is not None:
        return _column(table, time), _column(table, event)
    return None if outcome is None else _column(table, outcome)


def _column(table: Table, name: str) -> AnyArray:
    """One column, as numbers or as text; ParameterError where it is absent or has empty cells."""
    label = next((label for label in table.cells if same_name(label) == same_name(name)), None)
    if label is None:
        raise ParameterError(f"{table.path}: there is no column {name!r}")
    values = table.guessed([label])[label]
    empty = [row for row, gone in enumerate(missing_mask(values).tolist()) if gone]
    if empty:
        raise ParameterError(
            f"{called_lines(table)(empty)}: the column {name!r} of outcomes is empty; leave such rows out"
        )
    return values


def _precision(text: str) -> float | Literal["auto", "finest"]:
    if text == "auto":
        return "auto"
    number = parse_number(text)
    if text != "finest" and math.isnan(number):
        raise ParameterError(f'--precision is "auto", "finest" or a number, not {text!r}')
    return "finest" if text == "finest" else number


def _require_unsaid(**options: list[str] | None) -> None:
    """What the ranges say themselves cannot be said again."""
    for name, value in options.items():
        if value:
            raise ParameterError(f"the schema of --ranges has its own {name}; leave out --{name}")
