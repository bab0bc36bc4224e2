"""``pyfe suggest``: what could be asked for where a key is refused."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from pyfe import io
from pyfe.authority.decisions import DEFAULT_SCHEME
from pyfe.cli.console import AsJson, Force, say, say_json
from pyfe.cli.model_files import load_model
from pyfe.cli.table_options import (
    AS_FOUND,
    Bits,
    Exclude,
    Levels,
    Margin,
    Missing,
    Protected,
    Public,
    Reading,
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
from pyfe.errors import ParameterError, PolicyDeniedError
from pyfe.io import roles
from pyfe.io.outputs import Output
from pyfe.reports import Suggestions
from pyfe.reports import suggest as suggestions_for
from pyfe.text import shell_word

__all__ = ["suggest"]


@reads_tables
def suggest(
    model: Annotated[
        Path, typer.Argument(help="JSON or YAML of a Linear, a SquareNetwork, an ONNX file, or boosted trees.")
    ],
    table: Annotated[Path, typer.Argument(help="Table of training rows; no row is kept.")],
    schema: Annotated[
        Path | None, typer.Option("--schema", "-s", help="Where to write the schema of what is granted; with --output.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the function that is granted; with --schema.")
    ] = None,
    outcome: OutcomeColumn = None,
    time: TimeColumn = None,
    event: EventColumn = None,
    everything: Annotated[bool, typer.Option("--all", help="Go on after the first that the rules grant.")] = False,
    ranges: Ranges = None,
    bits: Bits = BITS,
    margin: Margin = MARGIN,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    reading: Reading = AS_FOUND,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Say what could be asked for where a key is refused, what each costs, and what the rules say to it."""
    if (schema is None) != (output is None):
        raise ParameterError("what is granted is a function and its schema: give --schema and --output")
    read = [model, table, ranges]
    with ExitStack() as places:
        files: list[Output] = []
        for place, role, other in ((schema, roles.SCHEMA, output), (output, roles.FUNCTION, schema)):
            if place is not None:
                files.append(places.enter_context(io.claimed(place, role, avoid=[*read, other], force=force)))
        given, loaded = reading.table(table), load_model(model)
        known = outcome_of(given, outcome, time, event)
        rows = rows_of_features(given, exclude or (), [outcome, time, event])
        if ranges is None:
            columns, wanted = options_of(rows, loaded, bits, margin, public, protected, missing, levels)
        else:
            columns, wanted = stated_by(
                ranges, rows, public=public, protected=protected, missing=missing, levels=levels
            )
        with in_lines(rows):
            found = suggestions_for(loaded, columns, known, everything=everything, **wanted)
        written = _written(found, files)
    apart = any(file.is_standard_output for file in files)
    if as_json:
        places_said = {"schema": str(schema), "function": str(output)} if written else {}
        say_json({**found.to_dict(), "written": written, **places_said, "read_with": given.signs}, apart=apart)
    else:
        say(str(found), apart=apart)
        if written:
            say(f"schema {schema} and function {output} are those that are granted first", apart=apart)
            say(f"next: {_authority_for(found, schema, table)}", apart=apart)


def _written(found: Suggestions, files: Sequence[Output]) -> bool:
    """Write the schema and the function that the rules grant first. PolicyDeniedError where they grant none."""
    if not files:
        return False
    granted = found.granted
    if granted is None or granted.schema is None or granted.function is None:
        raise PolicyDeniedError(
            f"the rules grant none of the {len(found)} suggestions, so nothing was written; without --output they are "
            "listed"
        )
    for file, made in zip(files, (granted.schema, granted.function), strict=True):
        file.write(made.to_bytes())
    return True


def _authority_for(found: Suggestions, schema: Path | None, table: Path) -> str:
    """The command that makes an authority for what is granted: of its scheme, and told of the same rows."""
    granted = found.granted
    scheme = f" --scheme {granted.scheme}" if granted is not None and granted.scheme != DEFAULT_SCHEME else ""
    rows = f" --reference {shell_word(str(table))}"
    return f"pyfe keygen -s {shell_word(str(schema))}{scheme}{rows} -a AUTHORITY -p PUBLIC_KEY"
