"""``pyfe schema show``, ``from``, ``describe`` and ``diff``: schemas that people read, edit and compare."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io
from pyfe.cli.console import AsJson, Force, say, say_json, show, show_table
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.errors import DecodeError, KeyMismatchError
from pyfe.io import roles
from pyfe.keys import PublicKey, described_columns
from pyfe.schema import ColumnFacts, Schema
from pyfe.wire.envelope import Kind, kind_of

__all__ = ["SchemaFile", "describe", "diff", "from_file", "schema_of", "show_file"]

_LARGEST = 1 << 26
"""Bytes of a public key that holds a schema, at most: what never ends must not fill the memory."""

_SHOWN = 48
"""Characters of a value in a table."""

_START = b"PYFE"

_HELD_BY = "A schema, a public key, or YAML."
SchemaFile = Annotated[Path, typer.Argument(metavar="SCHEMA", help=_HELD_BY)]


def show_file(schema: SchemaFile, as_json: AsJson = False) -> None:
    """Print a schema as YAML, to be read and edited; pyfe schema from makes a schema of it again."""
    agreed = schema_of(schema)
    if as_json:
        say_json({"schema": str(schema), "id": agreed.id.hex(), "yaml": agreed.to_yaml()})
    else:
        say(agreed.to_yaml().removesuffix("\n"))


def from_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="YAML of a schema, or a public key that holds one.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the schema.")],
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Make a schema of YAML: of what pyfe schema show prints, the same schema."""
    with io.claimed(output, roles.SCHEMA, avoid=[file], force=force) as made:
        agreed = schema_of(file)
        made.write(agreed.to_bytes())
    columns = {"coordinates": agreed.n, "columns": described_columns(agreed)}
    values = {"schema": str(output), "id": agreed.id.hex(), **columns}
    show(f"Schema {output}", values, as_json=as_json, words=columns, apart=made.is_standard_output)


@reads_tables
def describe(
    schema: SchemaFile,
    table: Annotated[
        Path | None, typer.Argument(help="Rows that the schema shall encode: a table; - is standard input.")
    ] = None,
    reading: Reading = AS_FOUND,
    as_json: AsJson = False,
) -> None:
    """Say what the columns of a schema are; with a table, how its cells fit: how many are missing, how many clipped."""
    agreed = schema_of(schema)
    given = None if table is None else reading.table(table)
    facts = agreed.describe(None if given is None else given.for_schema(agreed))
    said = agreed.to_dict()
    forms, publishes = [form["name"] for form in said["protected_forms"]], "population" in said
    if as_json:
        read = {} if given is None else {"table": str(table), "rows": len(given), "read_with": given.signs}
        whole = {"id": agreed.id.hex(), "coordinates": agreed.n, "protected_forms": forms, "publishes": publishes}
        whole |= {"sum_w": agreed.sum_w}
        say_json({"schema": str(schema), **whole, **read, "columns": [column.to_dict() for column in facts]})
        return
    told = "" if given is None else f", and {len(given)} rows of {table} ({given.signs})"
    header = ["column", "kind", "values", "levels", "bits", "absent", "marks"]
    cells = [] if given is None else ["missing", "clipped", "refused"]
    rows = [[*_row(column), *([] if given is None else _counts(column))] for column in facts]
    show_table(f"Schema {schema}: {agreed.n} coordinates{told}", [*header, *cells], rows)
    if forms:
        say(f"protected forms: {', '.join(forms)}")
    if publishes:
        say("it publishes shares of the population, which everybody can read")
    if agreed.sum_w > 1:
        say(f"sum_w: {agreed.sum_w}, what the weights of a sum of ipfe-rlwe ciphertexts may sum to")


def diff(
    first: Annotated[Path, typer.Argument(metavar="FIRST", help=_HELD_BY)],
    second: Annotated[Path, typer.Argument(metavar="SECOND", help=_HELD_BY)],
    as_json: AsJson = False,
) -> None:
    """Say what differs between two schemas; the exit code is 0 where nothing does, else 1."""
    one, other = schema_of(first), schema_of(second)
    found = one.differences(other)
    ids = {"first": {"schema": str(first), "id": one.id.hex()}, "second": {"schema": str(second), "id": other.id.hex()}}
    if as_json:
        say_json({"same": one == other, **ids, "differences": [vars(difference) for difference in found]})
    elif one == other:
        say(f"{first} and {second} are the same schema, {one.id.hex()}")
    else:
        rows = [[d.name or "-", d.what, _cut(d.first), _cut(d.second)] for d in found]
        show_table("Schemas that differ", ["column", "what", str(first), str(second)], rows)
    if one != other:
        raise typer.Exit(1)


def schema_of(file: Path) -> Schema:
    """The schema that a file holds, whatever its name; errors name the file."""
    data = io.read_bytes(file, most=_LARGEST)
    try:
        if not data.startswith(_START):
            return Schema.from_yaml(data)
        return PublicKey.from_bytes(data).schema if kind_of(data) is Kind.PUBLIC_KEY else Schema.from_bytes(data)
    except (DecodeError, KeyMismatchError) as error:
        raise type(error)(f"{file}: {error}") from error


def _row(column: ColumnFacts) -> Sequence[Any]:
    kind = column.kind if column.scale in (None, "identity") else f"{column.kind} ({column.scale})"
    marks = " ".join(mark for mark in ("public", "protected") if getattr(column, mark))
    return [column.name, kind, _cut(column.values), column.levels, column.bits, column.absent or "-", marks or "-"]


def _counts(column: ColumnFacts) -> Sequence[Any]:
    cells = column.cells
    if cells is None:
        return ["-"] * 3
    refused = ", ".join(f"{count} {reason}" for reason, count in cells.refused.items())
    return [cells.missing, f"{cells.clipped} ({100 * cells.clipped_share:.2g} %)", refused or 0]


def _cut(text: str | None) -> str:
    return "-" if text is None else text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
