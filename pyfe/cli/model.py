"""``pyfe schema fit`` and ``pyfe compile``: the model owner's commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pyfe import io
from pyfe.cli.console import AsJson, show
from pyfe.errors import ParameterError
from pyfe.models import Linear
from pyfe.models import compile as compile_function
from pyfe.schema import Schema

__all__ = ["compile_model", "fit"]


def fit(
    table: Annotated[Path, typer.Argument(help="CSV file of training rows; the schema keeps none of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the schema.")],
    bits: Annotated[int, typer.Option(help="Resolution of number columns, in bits.")] = 8,
    margin: Annotated[float, typer.Option(help="How far a range goes beyond the 1 % and 99 % quantiles.")] = 0.1,
    exclude: Annotated[list[str] | None, typer.Option(help="Column to leave out (a label, an id). Repeatable.")] = None,
    public: Annotated[list[str] | None, typer.Option(help="Column an attacker may know. Repeatable.")] = None,
    protected: Annotated[list[str] | None, typer.Option(help="Column that must stay closed. Repeatable.")] = None,
    as_json: AsJson = False,
) -> None:
    """Propose a schema from a table: look at the ranges before you use it; clinical ranges are better."""
    columns = io.read_table(table).without(exclude or []).guessed()
    schema = Schema.fit(columns, bits=bits, margin=margin, public=public or (), protected=protected or ())
    io.write_bytes(output, schema.to_bytes())
    described = {name: str(column) for name, column in schema.columns.items()}
    if as_json:
        show("", {"schema": str(output), "id": schema.id.hex(), "columns": described, **_size(schema)}, as_json=True)
        return
    show(f"Schema {output}", {**described, **_size(schema)}, as_json=False)


def compile_model(
    model: Annotated[Path, typer.Argument(help="JSON of names, weights, intercept, link (see Linear.to_json).")],
    schema: Annotated[Path, typer.Option("--schema", "-s", help="The schema file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function.")],
    weight_bits: Annotated[str, typer.Option(help='Bits of the weights: a number, "auto", or "exact".')] = "auto",
    reference: Annotated[Path | None, typer.Option(help='CSV of rows to judge "auto" on; none are kept.')] = None,
    as_json: AsJson = False,
) -> None:
    """Turn a model into the exact integer function that a key is issued for."""
    agreed = Schema.from_bytes(io.read_bytes(schema))
    rows = None if reference is None else io.read_table(reference).for_schema(agreed)
    function = compile_function(
        Linear.from_json(io.read_text(model)), agreed, weight_bits=_bits(weight_bits), reference=rows
    )
    io.write_bytes(output, function.to_bytes())
    report = dict(function.report().lines())
    if as_json:
        values: dict[str, Any] = {
            "function": str(output),
            "id": function.id.hex(),
            "weight_bits": function.weight_bits,
            "max_error": float(function.max_error.max()),
            "interval": function.result_interval.tolist(),
            "width_bits": function.width_bits,
        }
        show("", values, as_json=True)
        return
    show(f"Function {output}", report, as_json=False)


def _bits(text: str) -> int | Literal["auto"] | None:
    if text == "auto":
        return "auto"
    if text == "exact":
        return None
    if not text.isdecimal():
        raise ParameterError(f'--weight-bits is a number, "auto" or "exact", not {text!r}')
    return int(text)


def _size(schema: Schema) -> dict[str, Any]:
    return {"coordinates": schema.n, "bytes_per_row": 32 * (schema.n + 2)}
