"""``pyfe suggest``: what could be asked for where a key is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pyfe.cli.console import AsJson, say, say_json, text_option
from pyfe.cli.model_files import load_model
from pyfe.cli.prepare import of_kind, options_of, outcome_of
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
from pyfe.reports import suggest as suggestions_for

__all__ = ["suggest"]


@reads_tables
def suggest(
    model: Annotated[Path, typer.Argument(help="JSON of a Linear or a SquareNetwork, an ONNX file, or boosted trees.")],
    table: Annotated[Path, typer.Argument(help="Table of training rows; no row is kept.")],
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
    everything: Annotated[bool, typer.Option("--all", help="Go on after the first that the rules grant.")] = False,
    bits: Bits = 8,
    margin: Margin = 0.1,
    exclude: Exclude = None,
    public: Public = None,
    protected: Protected = None,
    missing: Missing = None,
    levels: Levels = None,
    reading: Reading = AS_FOUND,
    as_json: AsJson = False,
) -> None:
    """Say what could be asked for where a key is refused, what each costs, and what the rules say to it."""
    given = reading.table(table)
    known = outcome_of(given, outcome, time, event)
    rows = given.without([*(exclude or ()), *(name for name in (outcome, time, event) if name is not None)])
    wanted = options_of(rows, bits, margin, public, protected, missing, levels)
    taken = load_model(model)
    found = suggestions_for(taken, rows.guessed(), known, everything=everything, **of_kind(taken, wanted))
    if as_json:
        say_json({**found.to_dict(), "read_with": given.signs})
    else:
        say(str(found))
