"""``pyfe recommend``: which scheme fits a schema and so many patients, and why."""

from __future__ import annotations

from typing import Annotated

import typer

from pyfe.cli.console import AsJson, say, say_json
from pyfe.cli.schemas import SchemaFile, schema_of
from pyfe.reports import recommend as recommendation

__all__ = ["recommend"]


def recommend(
    schema: SchemaFile,
    patients: Annotated[int, typer.Option("--patients", help="How many patients there are in all.")],
    at_a_time: Annotated[
        int | None, typer.Option("--at-a-time", help="How many are encrypted together; all, if not given.")
    ] = None,
    quadratic: Annotated[bool, typer.Option("--quadratic", help="For quadratic functions.")] = False,
    weight_bits: Annotated[
        int | None, typer.Option("--weight-bits", help="Bits of the functions' weights; each scheme's, if not given.")
    ] = None,
    sums: Annotated[bool, typer.Option("--sums", help="Encrypted rows are to be added.")] = False,
    proofs: Annotated[bool, typer.Option("--proofs", help="Scores are to be proven.")] = False,
    post_quantum: Annotated[
        bool, typer.Option("--post-quantum", help="It has to stay secret when there are quantum computers.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say which scheme fits a schema and so many patients, and why; for keygen --scheme."""
    found = recommendation(
        schema_of(schema),
        patients=patients,
        at_a_time=at_a_time,
        kind="quadratic" if quadratic else "linear",
        weight_bits=weight_bits,
        sums=sums,
        proofs=proofs,
        post_quantum=post_quantum,
    )
    if as_json:
        say_json({"schema": str(schema), **found.to_dict()})
    else:
        say(str(found))
