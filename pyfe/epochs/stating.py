"""What an authority states of an epoch: the span of all its keys, and its figures, from what the rules count."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from pyfe.adapters import adapter
from pyfe.arguments import listed, require_a
from pyfe.arrays import integer_rows
from pyfe.epochs.table import Epoch
from pyfe.errors import ParameterError
from pyfe.forms import FactoredForms, Forms, MatrixForms
from pyfe.leakage import (
    Blind,
    FormQuestion,
    LinearAccount,
    Prior,
    QuadraticAccount,
    Reference,
    noisy_rows,
    question_of,
    too_fine,
)
from pyfe.leakage.prior import require_prior
from pyfe.schema import Schema

__all__ = ["stated_epoch"]

_UNITS = 1000


def stated_epoch(
    number: int,
    *,
    schema: Schema,
    scheme: str,
    public_key_id: bytes,
    weights: Any = (),
    forms: Sequence[Forms] = (),
    prior: Prior | None = None,
    secret: bytes = bytes(32),
    state: str = "open",
    keys: int | None = None,
    expires: int | None = None,
) -> Epoch:
    """The line of one epoch in its authority's table.

    weights, forms: of all keys that were issued, in a scheme for linear functions or in one for quadratic ones; those
        that said nothing new when they were issued may be left out. ``keys``: how many there are, by default these.
    state: "open", "retired" or "doubtful".
    prior: the authority's reference; by default what the schema publishes, or nothing.
    secret: what samples are drawn with, that of its decisions.

    ParameterError for both weights and forms. Cost: that of counting the bits of a decision.
    """
    require_a(schema, Schema, "the schema of an epoch")
    weights, forms = listed(weights, "weights"), listed(forms, "forms")
    for part in forms:
        require_a(part, (MatrixForms, FactoredForms), "forms of an epoch")
    if prior is not None:
        require_prior(prior)
    given = integer_rows(weights, schema.n) if len(weights) else np.zeros((0, schema.n), dtype=np.int64)
    if len(given) and forms:
        raise ParameterError("the keys of an epoch are given as weights or as forms, by its scheme")
    known = prior if prior is not None else Reference.of_schema(schema) or (None if too_fine(schema) else Blind(schema))
    common: dict[str, Any] = {
        "number": number,
        "state": state,
        "public_key_id": public_key_id,
        "schema": schema,
        "scheme": scheme,
        "keys": (len(given) + sum(part.k for part in forms)) if keys is None else keys,
        "entropy": 0 if known is None else math.floor(_UNITS * known.entropy_bits),
        "blind": known is None or known.blind,
        "expires": expires,
    }
    modulus = adapter(scheme).modulus
    if not forms:
        return Epoch(**common, **_linear(LinearAccount(schema, modulus).with_rows(given), known))
    account = QuadraticAccount(schema, modulus)
    for part in forms:
        account = account.with_forms(part)
    if account.linear is not None:
        return Epoch(**common, **_linear(account.linear, known))
    return Epoch(**common, **_quadratic(QuadraticAccount(schema, modulus), account, known, secret))


def _linear(account: LinearAccount, prior: Prior | None) -> dict[str, Any]:
    """Rows, slots, rank and bits of linear keys."""
    rows, slots = _rows(account), []
    if account.schema.noise is not None:
        noisy = noisy_rows(account.given, account.schema)
        paired = dict.fromkeys(
            (tuple(row), None if one.slot is None else one.slot.id) for row, one in zip(rows, noisy, strict=True)
        )
        rows, slots = [list(row) for row, _ in paired], [slot for _, slot in paired]
    said = 0.0
    if rows and prior is not None:
        nothing = LinearAccount(account.schema)
        said = question_of(nothing, account.given, prior).information.bits
    return {
        "rows": tuple(map(tuple, rows)),
        "slots": tuple(slots),
        "rank": account.rank if account.schema.noise is not None else len(rows),
        "said": math.ceil(_UNITS * said),
    }


def _rows(account: LinearAccount) -> list[list[int]]:
    return account.lattice.reduced if account.schema.noise is None else account.free.rows(account.given)


def _quadratic(
    nothing: QuadraticAccount, account: QuadraticAccount, prior: Prior | None, secret: bytes
) -> dict[str, Any]:
    """Forms, rank and bits of keys of which one at least is a quadratic form."""
    asked = FormQuestion(nothing, account, prior, secret=secret)
    hidden = max(account.known(prime, multiplied=account.multiplied).rank() for prime in account.primes)
    return {
        "forms": account.independent,
        "rank": hidden if prior is None else max(hidden, asked.most_keys),
        "said": 0 if prior is None else math.ceil(_UNITS * asked.information.bits),
    }
