"""``pyfe schema publish``: a schema that carries coarse figures of its population."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyfe import io
from pyfe.cli.console import AsJson, Force, load, reference_rows
from pyfe.cli.schema_compile import show_schema
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.io import roles
from pyfe.leakage import published
from pyfe.schema import Schema

__all__ = ["publish"]


@reads_tables
def publish(
    schema: Annotated[Path, typer.Argument(help="The schema file.")],
    table: Annotated[Path, typer.Argument(help="Table of 100 rows or more of the population; no row is kept.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the schema with the figures.")],
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Let a schema say of its population what keys are measured against: shares of 10 rows or more, rounded to 1 %.

    Everybody who has the schema or a public key can read them. An authority that has the table (keygen --reference)
    needs no such schema, and refuses less.
    """
    with io.claimed(output, roles.SCHEMA, avoid=[schema, table], force=force) as file:
        agreed = load(schema, Schema.from_bytes)
        given = reading.table(table)
        made = published(reference_rows(given, agreed), agreed)
        file.write(made.to_bytes())
    show_schema(output, made, given.signs, as_json=as_json, apart=file.is_standard_output)
