"""The reduced bases of the ledgers seen last, so that a decision costs what is new and not the whole ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from pyfe.authority.records import Issued
from pyfe.function import LinearMap
from pyfe.leakage import Blind, LinearAccount, Prior, QuadraticAccount, too_fine
from pyfe.schema import Schema

__all__ = ["blind_prior", "linear_account", "quadratic_account"]

_Key: TypeAlias = tuple[tuple[bytes, int], tuple[bytes, ...]]
"""Id of a schema and modulus, then the functions of a ledger."""

_Account = TypeVar("_Account")

_KEPT = 8
"""Most ledgers remembered, of either kind."""

_blind: dict[bytes, Prior | None] = {}
_linear: dict[_Key, LinearAccount] = {}
_quadratic: dict[_Key, QuadraticAccount] = {}


def linear_account(schema: Schema, issued: Sequence[Issued], modulus: int) -> LinearAccount:
    """The weights of the linear functions of a ledger, for a scheme of that modulus. Cost: O(rank n) for a row that was
    not seen yet."""

    def extended(account: LinearAccount, row: Issued) -> LinearAccount:
        return account.with_rows(row.map.weights) if isinstance(row.map, LinearMap) else account

    return _remembered(_linear, LinearAccount, extended, schema, issued, modulus)


def quadratic_account(schema: Schema, issued: Sequence[Issued], modulus: int) -> QuadraticAccount:
    """The forms of all functions of a ledger, likewise. Cost: O(rank D) for a row that was not seen yet."""

    def extended(account: QuadraticAccount, row: Issued) -> QuadraticAccount:
        return account.with_forms(row.map.forms)

    return _remembered(_quadratic, QuadraticAccount, extended, schema, issued, modulus)


def blind_prior(schema: Schema) -> Prior | None:
    """What somebody knows who knows the schema alone; None where it has too many levels to be counted."""
    if schema.id in _blind:
        return _blind[schema.id]
    prior = _blind[schema.id] = None if too_fine(schema) else Blind(schema)
    for key in list(_blind)[:-_KEPT]:
        _blind.pop(key, None)
    return prior


def _remembered(
    kept: dict[_Key, _Account],
    empty: Callable[[Schema, int], _Account],
    extended: Callable[[_Account, Issued], _Account],
    schema: Schema,
    issued: Sequence[Issued],
    modulus: int,
) -> _Account:
    """The account of the longest beginning of the ledger that is remembered, extended by the rest."""
    space, ids = (schema.id, modulus), tuple(row.function_id for row in issued)
    begun = [key for key in list(kept) if key[0] == space and ids[: len(key[1])] == key[1]]
    longest = max(begun, key=lambda key: len(key[1]), default=None)
    found = None if longest is None else kept.get(longest)
    account, start = (empty(schema, modulus), 0) if found is None or longest is None else (found, len(longest[1]))
    for row in issued[start:]:
        account = extended(account, row)
    kept.pop((space, ids), None)
    kept[space, ids] = account
    for key in list(kept)[:-_KEPT]:
        kept.pop(key, None)
    return account
