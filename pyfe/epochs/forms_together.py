"""Quadratic forms over epochs: judged as those of one epoch where the schema is one, by their columns where not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import numpy as np

from pyfe.epochs.could_cancel import could_live_on_few
from pyfe.epochs.table import Epoch
from pyfe.errors import ParameterError
from pyfe.forms import Forms
from pyfe.function import LinearMap
from pyfe.leakage import FORM_RULES, Blind, Finding, FormQuestion, Free, Limits, QuadraticAccount, Reference, judged
from pyfe.leakage.form_rules import certain, modulus, structure
from pyfe.schema.cells import same_name

__all__ = ["forms_apart", "forms_findings"]

_SUMMED = ("certain", "room", "countable", "structure", "modulus", "rank", "budget")


def forms_findings(
    epochs: Sequence[Epoch], limits: Limits, secret: bytes, *, drawn: bool
) -> tuple[list[Finding], bool]:
    """What the forms of epochs of one schema open together, by rules 2 and 2m; and, where the schema publishes a
    population and nothing else refuses (``drawn``), by the rules that need one. Whether it does."""
    schema = epochs[0].schema
    nothing = QuadraticAccount(schema)
    account = nothing
    for epoch in epochs:
        for part in (*epoch.forms, *_as_forms(epoch)):
            account = account.with_forms(part)
    population = Reference.of_schema(schema)
    question = FormQuestion(nothing, account, population or Blind(schema), limits, secret)
    found = judged(question, [certain.certain, structure.structure, modulus.modulus])
    if not found and drawn and population is not None:
        found = judged(question, [rule for rule in FORM_RULES if rule.__name__ not in _SUMMED])
    return found, population is not None


def forms_apart(epochs: Sequence[Epoch]) -> Iterator[Finding]:
    """Epochs of different schemas, one of them with forms: every column that two of them say something of counts as one
    of which nobody can say what cancels (:mod:`.could_cancel`)."""
    listed = {epoch.number: _by_columns(epoch) for epoch in epochs}
    told = [frozenset().union(*(owners for row in rows for owners, _ in row.values())) for rows in listed.values()]
    shared = frozenset(name for own in told for name in own if sum(name in other for other in told) > 1)
    if not shared:
        return
    owners = {(n, key): cell[0] for n, rows in listed.items() for row in rows for key, cell in row.items()}
    places = {key: at for at, key in enumerate(owners)}
    dense = {n: [_dense(n, row, places) for row in rows] for n, rows in listed.items()}
    few = could_live_on_few(dense, list(owners.values()), shared)
    if few is not None:
        note = "as far as can be said of forms of different schemas"
        yield Finding("group", tuple(sorted(few)), rule="2", note=note)


_Sparse: TypeAlias = "dict[object, tuple[frozenset[str], int]]"
"""A row: of each monomial or coordinate, the columns that it says something about, and its coefficient."""


def _by_columns(epoch: Epoch) -> list[_Sparse]:
    """What the keys of an epoch say, by the columns that it is about."""
    names = [same_name(name) for name, _, _ in epoch.schema.parts]
    if not epoch.forms:
        own = [same_name(name) for name, _, column in epoch.schema.parts if column.in_table]
        owners = [frozenset({own[block]}) for block in Free(epoch.schema).owner.tolist()]
        return [{at: (owners[at], value) for at, value in enumerate(row) if value} for row in epoch.rows]
    account = QuadraticAccount(epoch.schema)
    for part in epoch.forms:
        account = account.with_forms(part)
    if account.too_large:
        raise ParameterError(f"the forms of {epoch.name} are too many to be looked at")
    rows = account.rows(multiplied=account.multiplied)
    about = {key: frozenset(names[i] for i in account.reader.owners(key)) for row in rows for key in row}
    return [{key: (about[key], value) for key, value in row.items()} for row in rows]


def _dense(number: int, row: _Sparse, places: Mapping[tuple[int, object], int]) -> list[int]:
    dense = [0] * len(places)
    for key, (_, value) in row.items():
        dense[places[number, key]] = value
    return dense


def _as_forms(epoch: Epoch) -> list[Forms]:
    """Linear rows as forms."""
    if not epoch.rows:
        return []
    free = Free(epoch.schema)
    return [LinearMap(np.array([free.lift(row) for row in epoch.rows], dtype=np.int64)).forms]
