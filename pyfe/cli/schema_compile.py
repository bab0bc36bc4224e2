"""``pyfe schema fit`` and ``pyfe compile``: the model owner's commands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pyfe import io
from pyfe.adapters import SCHEMES, serving
from pyfe.cli.console import AsJson, Force, load, reference_rows, show
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
    Range,
    Reading,
    levels_of,
    missing_of,
    noise_of,
    ranges_of,
    reads_tables,
)
from pyfe.errors import ParameterError
from pyfe.io import roles
from pyfe.keys import described_columns
from pyfe.models import compile as compile_function
from pyfe.reports import report as report_of
from pyfe.schema import Schema

__all__ = ["compile_model", "fit", "show_schema"]

_MOST_DIGITS = 3
_LARGEST_MODEL = 1 << 28
"""Bytes of a model's file, far beyond any that compiles: what never ends must not fill the memory."""


@reads_tables
def fit(
    table: Annotated[Path, typer.Argument(help="Table of training rows; the schema keeps none of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the schema.")],
    bits: Bits = 8,
    margin: Margin = 0.1,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    ranges: Range = None,
    noise_slots: NoiseSlots = 0,
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Propose a schema from a table: look at the ranges before you use it; clinical ranges are better."""
    with io.claimed(output, roles.SCHEMA, avoid=[table], force=force) as file:
        given = reading.table(table)
        columns = given.without(exclude or []).guessed()
        schema = Schema.fit(
            columns,
            bits=bits,
            margin=margin,
            levels=levels_of(levels, columns),
            ranges=ranges_of(ranges),
            public=public or (),
            protected=protected or (),
            missing=missing_of(missing, columns),
        )
        noise = noise_of(noise_slots)
        schema = schema if noise is None else schema.with_noise(noise)
        file.write(schema.to_bytes())
    show_schema(output, schema, given.signs, as_json=as_json, apart=file.is_standard_output)


def show_schema(output: Path, schema: Schema, signs: str, *, as_json: bool, apart: bool) -> None:
    """Print what a schema that was written has."""
    described = described_columns(schema)
    values = {
        "schema": str(output),
        "id": schema.id.hex(),
        **_size(schema),
        "columns": described,
        "read_with": signs,
    }
    words = {
        "coordinates": schema.n,
        "bytes per row": {entry.short: entry.row_bytes(schema.n) for entry in SCHEMES.values()},
        "table read with": signs,
        "columns": described,
    }
    show(f"Schema {output}", values, as_json=as_json, words=words, apart=apart)


@reads_tables
def compile_model(
    model: Annotated[
        Path, typer.Argument(help="JSON or YAML of a Linear, a SquareNetwork, an ONNX file, or boosted trees.")
    ],
    schema: Annotated[Path, typer.Option("--schema", "-s", help="The schema file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function.")],
    weight_bits: Annotated[str, typer.Option(help='Bits of the weights: a number, "auto", or "exact".')] = "auto",
    reference: Annotated[Path | None, typer.Option(help='Table of rows to judge "auto" on; none are kept.')] = None,
    slot: Annotated[
        list[int] | None, typer.Option(help="Noise slot of an output, in a schema that has them. Repeatable.")
    ] = None,
    reading: Reading = AS_FOUND,
    scheme: Annotated[
        str | None,
        typer.Option(help="The scheme of the authority, for the report; by default the first that serves the model."),
    ] = None,
    policy: AskedPolicy = "none",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn a model into the exact integer function that a key is issued for."""
    with io.claimed(output, roles.FUNCTION, avoid=[model, schema, reference], force=force) as file:
        agreed = load(schema, Schema.from_bytes)
        given = None if reference is None else reading.table(reference)
        rows = None if given is None else reference_rows(given, agreed)
        bits = _bits(weight_bits)
        function = compile_function(load_model(model), agreed, weight_bits=bits, reference=rows, slots=slot or None)
        asked = policy_of(policy)
        report = report_of(function, rows if asked else None, policy=asked, scheme=scheme)
        file.write(function.to_bytes())
    values: dict[str, Any] = {
        "function": str(output),
        "id": function.id.hex(),
        "exact": function.exact,
        "weight_bits": function.weight_bits,
        "max_error": float(function.max_error.max()),
        "interval": function.result_interval.tolist(),
        "width_bits": function.width_bits,
        "scheme": report.scheme,
        "bytes_per_row": report.ciphertext_bytes,
        **answered(report),
    }
    words = dict(report.lines())
    if given is not None:
        values["reference_read_with"] = words["reference read with"] = given.signs
    show(f"Function {output}", values, as_json=as_json, words=words, apart=file.is_standard_output)


def _bits(text: str) -> int | Literal["auto"] | None:
    if text == "auto":
        return "auto"
    if text == "exact":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise ParameterError(f'--weight-bits is a number, "auto" or "exact", not {text!r}')
    return int(text)


def _size(schema: Schema) -> dict[str, Any]:
    """Coordinates, and the bytes of a row under the first scheme for linear and the first for quadratic functions."""
    linear, quadratic = serving("linear")[0], serving("quadratic")[0]
    second = f"bytes_per_row_{quadratic.short.replace('-', '_')}"
    return {"coordinates": schema.n, "bytes_per_row": linear.row_bytes(schema.n), second: quadratic.row_bytes(schema.n)}
