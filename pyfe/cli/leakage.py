"""``pyfe leakage``: what keys for functions would say of every column, and how far the attacks get."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from pyfe import objects
from pyfe.arrays import AnyArray
from pyfe.cli.console import AsJson, load, reference_rows, say, say_json, show
from pyfe.cli.table_options import AS_FOUND, Reading, reads_tables
from pyfe.errors import ParameterError
from pyfe.function import Function
from pyfe.keys import FunctionKey
from pyfe.leakage import attack
from pyfe.leakage.prior import Reference
from pyfe.reports.without_authority import answers, known_of
from pyfe.schema import Schema

__all__ = ["leakage"]

_ATTACKED = 200
"""Rows that are attacked, at most."""

_FEWEST = 100


@reads_tables
def leakage(
    functions: Annotated[
        list[Path], typer.Argument(help="Functions, or keys, in the order in which they are asked for.")
    ],
    schema: Annotated[Path, typer.Option("--schema", "-s", help="The schema file.")],
    data: Annotated[
        Path | None,
        typer.Option(help="Table of 100 rows or more of the population, which the answers are measured against."),
    ] = None,
    tried: Annotated[
        bool,
        typer.Option("--attack", help="Attack half of the rows of --data too, knowing the population by the others."),
    ] = False,
    reading: Reading = AS_FOUND,
    as_json: AsJson = False,
) -> None:
    """Say what keys would tell of every column, each alone and with all before it, and what the default rules say."""
    if tried and data is None:
        raise ParameterError("--attack needs the rows of --data")
    agreed = load(schema, Schema.from_bytes)
    asked = {str(file): load(file, lambda read: _function(read)) for file in functions}
    rows = None if data is None else reference_rows(reading.table(data), agreed)
    found = dict(zip(asked, answers(list(asked.values()), agreed, known_of(agreed, rows)), strict=True))
    attacked = _attacked(list(asked.values()), agreed, rows) if tried and rows is not None else None
    if as_json:
        told = {file: answer.to_dict() for file, answer in found.items()}
        say_json({"functions": told, **({} if attacked is None else {"attack": attacked})})
        return
    for file, answer in found.items():
        show(file, {}, as_json=False, words=dict([*answer.first_lines(), *answer.lines()[1:3]]))
        say(f"\n{answer.table()}\n")
    if attacked is not None:
        show("Attack on all of them together", attacked, as_json=False)


def _function(data: bytes) -> Function:
    item = objects.decode(data)
    if isinstance(item, FunctionKey):
        return item.function
    if not isinstance(item, Function):
        raise ParameterError(f"what keys say is counted of functions and keys, not of a {type(item).__name__}")
    return item


def _attacked(functions: list[Function], schema: Schema, rows: dict[str, AnyArray]) -> dict[str, Any]:
    """Of how many rows that the attacker has not seen the strongest attack is right."""
    order = np.random.default_rng(0).permutation(len(next(iter(rows.values()))))
    cut = max(len(order) // 2, _FEWEST)
    known, others = ({name: values[part] for name, values in rows.items()} for part in (order[:cut], order[cut:]))
    if not len(order[cut:]):
        raise ParameterError(f"--attack needs more than {_FEWEST} rows: {_FEWEST} to know the population by")
    prior = Reference.from_table(known, schema)
    levels = prior.blocks.levels(schema.encode(others, "clip").x[:_ATTACKED])
    told = attack.Told.of(prior, np.concatenate([function.weights for function in functions]), levels)
    name, guess, baseline = attack.strongest(told)
    right = attack.opened(guess, prior, levels)
    tenth = None if baseline is None else attack.opened(baseline, prior, levels)
    return {
        "attack": name,
        "rows": len(levels),
        "records_opened": right.records,
        "records_opened_by_tenths": None if tenth is None else tenth.records,
        "classes_right": float(right.classes.mean()),
        "classes_right_by_tenths": None if tenth is None else float(tenth.classes.mean()),
    }
