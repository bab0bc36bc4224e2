"""``pyfe schema fit`` and ``pyfe compile``: the model owner's commands."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from pyfe import io
from pyfe.adapters import SCHEMES, serving
from pyfe.cli.console import AsJson, Decimal, Delimiter, Force, load, read_csv, show, text_options
from pyfe.errors import DecodeError, ParameterError
from pyfe.io import roles
from pyfe.keys import described_columns
from pyfe.models import Linear, SquareNetwork
from pyfe.models import compile as compile_function
from pyfe.reports import report as report_of
from pyfe.schema import Schema
from pyfe.schema.cells import parse_number, same_name
from pyfe.strict import distinct

__all__ = ["compile_model", "fit"]

_MOST_DIGITS = 3
_LARGEST_MODEL = 1 << 28
"""Bytes of a model's file, far beyond any that compiles: what never ends must not fill the memory."""


def fit(
    table: Annotated[Path, typer.Argument(help="CSV file of training rows; the schema keeps none of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the schema.")],
    bits: Annotated[int, typer.Option(help="Resolution of number columns, in bits.")] = 8,
    margin: Annotated[float, typer.Option(help="How far a range goes beyond the 1 % and 99 % quantiles.")] = 0.1,
    exclude: Annotated[
        list[str] | None, typer.Option(callback=text_options, help="Column to leave out (a label, an id). Repeatable.")
    ] = None,
    public: Annotated[
        list[str] | None, typer.Option(callback=text_options, help="Column an attacker may know. Repeatable.")
    ] = None,
    protected: Annotated[
        list[str] | None, typer.Option(callback=text_options, help="Column that must stay closed. Repeatable.")
    ] = None,
    missing: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            callback=text_options,
            help='What an empty cell of a column stands for ("bit": it gets a coordinate). Repeatable.',
        ),
    ] = None,
    levels: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=A,B,...",
            callback=text_options,
            help="All levels of a category, where they are known. Repeatable.",
        ),
    ] = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Propose a schema from a table: look at the ranges before you use it; clinical ranges are better."""
    with io.claimed(output, roles.SCHEMA, avoid=[table], force=force) as file:
        given = read_csv(table, delimiter, decimal)
        columns = given.without(exclude or []).guessed()
        schema = Schema.fit(
            columns,
            bits=bits,
            margin=margin,
            levels=_levels(levels or [], columns),
            public=public or (),
            protected=protected or (),
            missing=_missing(missing or [], columns),
        )
        file.write(schema.to_bytes())
    _show_schema(output, schema, given.signs, as_json=as_json, apart=file.is_standard_output)


def _show_schema(output: Path, schema: Schema, signs: str, *, as_json: bool, apart: bool) -> None:
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


def compile_model(
    model: Annotated[Path, typer.Argument(help="JSON of a Linear or a SquareNetwork (see to_json), or an ONNX file.")],
    schema: Annotated[Path, typer.Option("--schema", "-s", help="The schema file.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the function.")],
    weight_bits: Annotated[str, typer.Option(help='Bits of the weights: a number, "auto", or "exact".')] = "auto",
    reference: Annotated[Path | None, typer.Option(help='CSV of rows to judge "auto" on; none are kept.')] = None,
    delimiter: Delimiter = None,
    decimal: Decimal = None,
    scheme: Annotated[
        str | None,
        typer.Option(help="The scheme of the authority, for the report; by default the first that serves the model."),
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Turn a model into the exact integer function that a key is issued for."""
    with io.claimed(output, roles.FUNCTION, avoid=[model, schema, reference], force=force) as file:
        agreed = load(schema, Schema.from_bytes)
        given = None if reference is None else read_csv(reference, delimiter, decimal)
        rows = None if given is None else _reference(given, agreed)
        function = compile_function(_model(model), agreed, weight_bits=_bits(weight_bits), reference=rows)
        report = report_of(function, scheme=scheme)
        file.write(function.to_bytes())
    values: dict[str, Any] = {
        "function": str(output),
        "id": function.id.hex(),
        "weight_bits": function.weight_bits,
        "max_error": float(function.max_error.max()),
        "interval": function.result_interval.tolist(),
        "width_bits": function.width_bits,
        "scheme": report.scheme,
        "bytes_per_row": report.ciphertext_bytes,
    }
    words = dict(report.lines())
    if given is not None:
        values["reference_read_with"] = words["reference read with"] = given.signs
    show(f"Function {output}", values, as_json=as_json, words=words, apart=file.is_standard_output)


def _reference(table: io.Table, schema: Schema) -> dict[str, Any]:
    """The reference rows; what cannot be encoded is refused here, where file and line are known."""
    io.encode_table(table, schema, on_overflow="clip")
    return table.for_schema(schema)


def _model(file: Path) -> Any:
    """An ONNX graph by the name of the file; a JSON file says its kind in ``format``, one that does not is a Linear."""
    if file.suffix == ".onnx":
        return _graph(file)
    text = _model_text(file)
    try:
        return _kind_of(text).from_json(text)
    except DecodeError as error:
        raise DecodeError(f"{file}: {error}") from error


def _graph(file: Path) -> Any:
    try:
        import onnx
    except ImportError as error:
        raise ParameterError(
            f"{file}: reading ONNX needs the package onnx (pip install 'pyfe-crypto[models]')"
        ) from error
    data = io.read_bytes(file, most=_LARGEST_MODEL)
    try:
        return onnx.load_from_string(data)
    except Exception as error:
        raise DecodeError(f"{file}: not an ONNX graph: {' '.join(str(error).split())}") from error


def _model_text(file: Path) -> str:
    try:
        return io.read_text(file, most=_LARGEST_MODEL)
    except DecodeError as error:
        raise DecodeError(
            f"{error}; a model is JSON, as to_json writes it, and a function that Python compiled goes to pyfe issue"
        ) from error


def _kind_of(text: str) -> type[Linear] | type[SquareNetwork]:
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return Linear  # which says what is wrong with the file
    network = isinstance(data, dict) and data.get("format") == "pyfe-square-network"
    return SquareNetwork if network else Linear


def _missing(options: list[str], columns: Mapping[str, Any]) -> dict[str, float | str]:
    """``COLUMN=VALUE`` options; values are numbers where the column holds numbers, else text."""
    known = {same_name(name): cells for name, cells in columns.items()}
    found: list[tuple[str, float | str]] = []
    for option in options:
        name, equals, text = option.rpartition("=")
        if not equals or not name or not text:
            raise ParameterError(f"--missing is COLUMN=VALUE, not {option!r}")
        name = same_name(name)
        numeric = name in known and known[name].dtype.kind == "f" and text != "bit"
        found.append((name, _number(option, text) if numeric else text))
    return distinct(found, "--missing")


def _levels(options: list[str], columns: Mapping[str, Any]) -> dict[str, list[int | str]]:
    """``COLUMN=A,B,C`` options; levels are integers where the column holds numbers, else text."""
    known = {same_name(name): cells for name, cells in columns.items()}
    found: list[tuple[str, list[int | str]]] = []
    for option in options:
        name, equals, text = option.partition("=")
        if not equals or not name or not text:
            raise ParameterError(f"--levels is COLUMN=A,B,..., not {option!r}")
        if same_name(name) not in known:
            raise ParameterError(f"--levels {option}: the table has no column {name!r}")
        whole = known[same_name(name)].dtype.kind == "f"
        found.append((same_name(name), [_integer(option, level) if whole else level for level in text.split(",")]))
    return distinct(found, "--levels")


def _integer(option: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ParameterError(f"--levels {option}: the column holds numbers, and {text!r} is no integer") from None


def _number(option: str, text: str) -> float:
    value = parse_number(text)
    if math.isnan(value):
        raise ParameterError(f"--missing {option}: the column holds numbers, and {text!r} is none")
    return value


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
