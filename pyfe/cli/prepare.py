"""``pyfe prepare``: a schema cut for a model, and the function on it, from a model and a table of training rows."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pyfe import io
from pyfe.cli.console import AsJson, Force, show
from pyfe.cli.model_files import load_model
from pyfe.cli.policies import AskedPolicy, answered, policy_of
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
    noise_of,
    reads_tables,
)
from pyfe.cli.training_rows import (
    BITS,
    MARGIN,
    EventColumn,
    OutcomeColumn,
    Ranges,
    TimeColumn,
    in_lines,
    options_of,
    outcome_of,
    rows_of_features,
    stated_by,
)
from pyfe.errors import ParameterError
from pyfe.function import Function
from pyfe.io import roles
from pyfe.models import prepare
from pyfe.reports import Report
from pyfe.reports import report as report_of
from pyfe.schema.cells import parse_number

__all__ = ["prepare_model"]


Publish = Annotated[
    bool,
    typer.Option("--publish", help="Let the schema publish coarse figures of the rows (100 or more), for everybody."),
]


@reads_tables
def prepare_model(
    model: Annotated[
        Path, typer.Argument(help="JSON or YAML of a Linear, a SquareNetwork, an ONNX file, or boosted trees.")
    ],
    table: Annotated[Path, typer.Argument(help="Table of training rows; no row is kept.")],
    schema: Annotated[Path, typer.Option("--schema", "-s", help="Where to write the schema.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function.")],
    outcome: OutcomeColumn = None,
    time: TimeColumn = None,
    event: EventColumn = None,
    precision: Annotated[
        str, typer.Option(help='"auto", "finest", or steps of the score per standard deviation.')
    ] = "auto",
    ranges: Ranges = None,
    bits: Bits = BITS,
    margin: Margin = MARGIN,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    noise_slots: NoiseSlots = 0,
    publish: Publish = False,
    policy: AskedPolicy = "none",
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
        given, loaded = reading.table(table), load_model(model)
        known = outcome_of(given, outcome, time, event)
        rows = rows_of_features(given, exclude or (), [outcome, time, event])
        if ranges is None:
            columns, wanted = options_of(rows, loaded, bits, margin, public, protected, missing, levels)
        else:
            columns, wanted = stated_by(
                ranges, rows, public=public, protected=protected, missing=missing, levels=levels
            )
        wanted |= {"precision": _precision(precision), "noise": noise_of(noise_slots), "publish": publish}
        with in_lines(rows):
            agreed, function = prepare(loaded, columns, known, **wanted)
        asked = policy_of(policy)
        report = report_of(function, columns if asked else None, policy=asked)
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
        **answered(report),
    }


def _precision(text: str) -> float | Literal["auto", "finest"]:
    if text == "auto":
        return "auto"
    number = parse_number(text)
    if text != "finest" and math.isnan(number):
        raise ParameterError(f'--precision is "auto", "finest" or a number, not {text!r}')
    return "finest" if text == "finest" else number
