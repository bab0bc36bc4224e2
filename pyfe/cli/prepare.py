"""``pyfe prepare`` and ``pyfe suggest``: a schema cut for a model, and what else could be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pyfe import io
from pyfe.arrays import AnyArray
from pyfe.cli.columns import Bits, Exclude, Levels, Margin, Missing, Protected, Public, fit_options
from pyfe.cli.console import AsJson, Decimal, Delimiter, Force, read_csv, say, say_json, show, text_option
from pyfe.cli.model_file import ModelFile, model_of
from pyfe.errors import ParameterError
from pyfe.io import Table, roles
from pyfe.keys import described_columns
from pyfe.models import prepare as prepare_function
from pyfe.reports import report as report_of
from pyfe.reports import suggest as suggestions_for
from pyfe.schema.cells import parse_number, same_name

__all__ = ["prepare", "suggest"]

Rows = Annotated[Path, typer.Argument(help="CSV of reference rows, your training data; none of them is kept.")]
Outcome = Annotated[
    str | None,
    typer.Option(
        callback=text_option,
        help="Column of labels or targets, or with --event of times: what the loss is measured with. Never encrypted.",
    ),
]
Event = Annotated[
    str | None, typer.Option(callback=text_option, help="Column that is 1 where the outcome is the time of an event.")
]
Precision = Annotated[
    str, typer.Option(help='Steps of the score per standard deviation: a number, "auto", or "finest".')
]


def prepare(
    model: ModelFile,
    table: Rows,
    schema: Annotated[Path, typer.Option("--schema", "-s", help="Where to write the schema.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function.")],
    outcome: Outcome = None,
    event: Event = None,
    precision: Precision = "auto",
    bits: Bits = 8,
    margin: Margin = 0.1,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Cut a schema for a model, as coarse as its answers allow, and compile the model on it for a key."""
    with (
        io.claimed(schema, roles.SCHEMA, avoid=[model, table], force=force) as schema_file,
        io.claimed(output, roles.FUNCTION, avoid=[model, table, schema], force=force) as file,
    ):
        given = _Given.of(read_csv(table, delimiter, decimal), outcome, event, exclude)
        chosen = fit_options(
            given.columns, bits=bits, margin=margin, public=public, protected=protected, missing=missing, levels=levels
        )
        agreed, function = prepare_function(
            model_of(model), given.columns, given.outcome, precision=_precision(precision), **chosen
        )
        report = report_of(function)
        schema_file.write(agreed.to_bytes())
        file.write(function.to_bytes())
    remarks = dict(function.remarks)
    values: dict[str, Any] = {
        "schema": str(schema),
        "schema_id": agreed.id.hex(),
        "function": str(output),
        "id": function.id.hex(),
        "columns": described_columns(agreed),
        "step": remarks["step of the score"],
        "loss": remarks["loss"],
        "interval": function.result_interval.tolist(),
        "scheme": report.scheme,
        "bytes_per_row": report.ciphertext_bytes,
        "read_with": given.signs,
    }
    words = {**dict(report.lines()), "columns": described_columns(agreed), "table read with": given.signs}
    apart = schema_file.is_standard_output or file.is_standard_output
    show(f"Schema {schema} and function {output}", values, as_json=as_json, words=words, apart=apart)


def suggest(
    model: ModelFile,
    table: Rows,
    outcome: Outcome = None,
    event: Event = None,
    everything: Annotated[bool, typer.Option("--all", help="Go on after the first that the rules grant.")] = False,
    bits: Bits = 8,
    margin: Margin = 0.1,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    as_json: AsJson = False,
) -> None:
    """Say what could be asked for where a key is refused, what each costs, and what the rules say to it."""
    given = _Given.of(read_csv(table, delimiter, decimal), outcome, event, exclude)
    chosen = fit_options(
        given.columns, bits=bits, margin=margin, public=public, protected=protected, missing=missing, levels=levels
    )
    found = suggestions_for(model_of(model), given.columns, given.outcome, everything=everything, **chosen)
    if as_json:
        say_json({**found.to_dict(), "read_with": given.signs})
    else:
        say(str(found))


@dataclass(frozen=True)
class _Given:
    """The rows of a table, their outcomes (labels, targets, or times and events), and how it was read."""

    columns: Mapping[str, AnyArray]
    outcome: Any
    signs: str

    @classmethod
    def of(cls, table: Table, outcome: str | None, event: str | None, exclude: list[str] | None) -> _Given:
        if event is not None and outcome is None:
            raise ParameterError("--event goes with --outcome, the column of times")
        apart = [name for name in (outcome, event) if name is not None]
        columns = table.without([*(exclude or []), *apart]).guessed()
        guessed = {same_name(name): values for name, values in table.guessed().items()}
        told: Any = None if outcome is None else guessed[same_name(outcome)]
        if event is not None:
            told = (told, _events(event, guessed[same_name(event)]))
        return cls(columns, told, table.signs)


def _events(name: str, values: AnyArray) -> AnyArray:
    if values.dtype.kind != "f" or not np.isin(values, (0, 1)).all():
        raise ParameterError(f"--event {name}: the column holds other values than 0 and 1")
    return np.asarray(values == 1)


def _precision(text: str) -> Any:
    number = parse_number(text)
    return text if np.isnan(number) else number
