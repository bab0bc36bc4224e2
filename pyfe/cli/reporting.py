"""``pyfe report``: what a function keeps of its model and what a key for it reveals, as a page to keep."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import typer

from pyfe import io, objects
from pyfe.authority import KeyAuthority, folder
from pyfe.cli.console import AsJson, Force, PassphraseFile, load, passphrase_from, reference_rows, show, text_option
from pyfe.cli.model_files import load_model
from pyfe.cli.policies import AskedPolicy, policy_of
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.cli.training_rows import EventColumn, TimeColumn, in_lines, outcome_of
from pyfe.errors import ParameterError
from pyfe.function import Function
from pyfe.io import Table, roles
from pyfe.keys import FunctionKey
from pyfe.models import beside_model
from pyfe.reports import report as report_of
from pyfe.schema import Schema

__all__ = ["report"]


@reads_tables
def report(
    function: Annotated[Path, typer.Argument(help="The function, or a key for one.")],
    table: Annotated[Path, typer.Argument(help="Table of rows to measure on; the report holds none of them.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the page (HTML).")],
    schema: Annotated[
        Path | None, typer.Option("--schema", "-s", help="The schema file; with --authority its own if not given.")
    ] = None,
    labels: Annotated[
        str | None, typer.Option(callback=text_option, help="Column of labels or targets, to measure the scores by.")
    ] = None,
    time: TimeColumn = None,
    event: EventColumn = None,
    model: Annotated[
        Path | None, typer.Option(help="The model that the function was compiled from, to compare the scores with.")
    ] = None,
    authority: Annotated[
        Path | None,
        typer.Option(
            "--authority",
            "-a",
            help="The folder of an authority, to be asked instead of --policy; it is in its log, as by pyfe check.",
        ),
    ] = None,
    policy: AskedPolicy = "default",
    title: Annotated[str | None, typer.Option(callback=text_option, help="The title of the page.")] = None,
    passphrase_file: PassphraseFile = None,
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a page on a function: what clipping did to scores, what was kept of the model, what a key would reveal."""
    asked = None if authority is not None else policy_of(policy)
    if schema is None and authority is None:
        raise ParameterError("--schema says what the function's columns are; with --authority its own is taken")
    kept = [function, table, schema, model, passphrase_file, *(folder.authority_files(authority) if authority else ())]
    with io.claimed(output, roles.REPORT, avoid=kept, force=force) as file, ExitStack() as open_:
        opened = None
        if authority is not None:
            passphrase = passphrase_from(passphrase_file)
            opened = open_.enter_context(KeyAuthority.open(authority, passphrase=passphrase))
        agreed = opened.schema if schema is None and opened is not None else load(schema or table, Schema.from_bytes)
        wanted = load(function, lambda data: _function(data, agreed))
        if model is not None:
            wanted = beside_model(wanted, load_model(model))
        given = reading.table(table)
        known, rows = _answers_and_rows(given, agreed, labels, time, event)
        with in_lines(given):
            found = report_of(wanted, rows, known, authority=opened, policy=asked)
        file.write(found.to_html(title=title).encode())
    values: dict[str, Any] = {"report": str(output), **found.to_dict(), "read_with": given.signs}
    words = {**dict(found.lines()), "table read with": given.signs}
    show(f"Report {output}", values, as_json=as_json, words=words, apart=file.is_standard_output)


def _function(data: bytes, schema: Schema) -> Function:
    item = objects.decode(data)
    wanted = item.function if isinstance(item, FunctionKey) else item
    if not isinstance(wanted, Function):
        raise ParameterError(f"a report is on a function or a key, not on a {type(item).__name__}")
    return Function.from_bytes(wanted.to_bytes(), schema=schema)


def _answers_and_rows(
    given: Table, schema: Schema, labels: str | None, time: str | None, event: str | None
) -> tuple[Any, dict[str, Any]]:
    """What is known of the rows' outcomes, and the columns of the schema."""
    if labels is not None and time is not None:
        raise ParameterError("answers are --labels COLUMN, or --time COLUMN and --event COLUMN together")
    known = outcome_of(given, labels, time, event)
    return known, reference_rows(given, schema)
