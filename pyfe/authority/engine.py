"""The decisions of an authority: pure functions on values, without files, clock or secrets."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pyfe.authority.policy import Policy
from pyfe.errors import KeyMismatchError, OutOfRangeError, ParameterError, PolicyDeniedError
from pyfe.function import MAX_WIDTH, Function, exact_interval
from pyfe.leakage import Finding, check_linear
from pyfe.schema import Schema
from pyfe.wire.public_keys import weight_bound

__all__ = ["Issued", "State", "admit", "findings", "record"]

IntArray: TypeAlias = npt.NDArray[np.int64]

MAX_TEXT = 500
"""Longest purpose and recipient, in characters."""

MAX_SAFE_WEIGHT_BITS = 16
"""Widest weights under the default policy (8 is the default): wider ones read several coordinates from one integer."""


@dataclass(frozen=True, eq=False)
class Issued:
    """One row of the ledger: a key that was issued, or is about to be."""

    sequence: int
    issued_at: int
    purpose: str
    recipient: str | None
    policy: str
    function_id: bytes
    weights: IntArray
    findings: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class State:
    """What an authority has agreed to and issued so far; no secrets."""

    scheme: str
    schema: Schema
    weight_bits: int
    policy: Policy
    created_at: int
    issued: tuple[Issued, ...] = ()

    @property
    def rows(self) -> IntArray:
        """All weights issued so far, int64 ``[m, n]``."""
        return np.concatenate([np.zeros((0, self.schema.n), dtype=np.int64), *(row.weights for row in self.issued)])


def require_bits(weight_bits: int, policy: Policy, most: int) -> int:
    """``weight_bits`` if an authority may allow weights so wide. ParameterError otherwise."""
    if isinstance(weight_bits, bool) or not isinstance(weight_bits, int | np.integer):
        raise ParameterError(f"weight_bits must be an integer, not {weight_bits!r}")
    limit = MAX_SAFE_WEIGHT_BITS if policy.refuses else most
    if not 2 <= weight_bits <= limit:
        raise ParameterError(f"weight_bits must be 2 to {limit} under this policy, not {weight_bits}")
    return int(weight_bits)


def findings(state: State, function: Function) -> list[Finding]:
    """What the function would open together with everything issued so far."""
    return list(check_linear(state.rows, function.weights, state.schema))


def admit(state: State, function: Function) -> list[Finding]:
    """The findings of a request that may be granted.

    Raises KeyMismatchError for a function of another schema, OutOfRangeError for weights wider than the authority's
    or a result interval beyond 2^44, PolicyDeniedError when the policy refuses; the message says what would open.
    """
    _require_fit(state, function)
    found = findings(state, function)
    refusing = [finding for finding in found if finding.refuses]
    if refusing and state.policy.refuses:
        listed = "; ".join(str(finding) for finding in refusing[:3])
        more = f"; and {len(refusing) - 3} more" if len(refusing) > 3 else ""
        raise PolicyDeniedError(f"{listed}{more} (counted with the {len(state.issued)} key(s) issued before)")
    return found


def record(
    state: State, function: Function, found: list[Finding], *, purpose: str, recipient: str | None, now: int
) -> tuple[State, Issued]:
    """The state with one ledger row more, and that row. Raises ParameterError for an empty or overlong text."""
    row = Issued(
        sequence=len(state.issued) + 1,
        issued_at=now,
        purpose=_text("purpose", purpose),
        recipient=None if recipient is None else _text("recipient", recipient),
        policy=state.policy.line,
        function_id=function.id,
        weights=function.weights,
        findings=tuple(str(finding) for finding in found),
    )
    return replace(state, issued=(*state.issued, row)), row


def _require_fit(state: State, function: Function) -> None:
    if not isinstance(function, Function):
        raise ParameterError(f"a key is issued for a Function (see pyfe.compile), not for {type(function).__name__}")
    if function.schema_id != state.schema.id:
        raise KeyMismatchError("the function was compiled for another schema than this authority's")
    if function.weights.shape[1] != state.schema.n:
        raise ParameterError(f"the function has {function.weights.shape[1]} weights, the schema {state.schema.n}")
    widest, allowed = int(np.abs(function.weights).max()), weight_bound(state.weight_bits)
    if widest > allowed:
        raise OutOfRangeError(
            f"the function has a weight of {widest}, this authority allows up to {allowed} ({state.weight_bits} bits, "
            f"fixed when it was created); compile it with weight_bits={state.weight_bits}"
        )
    interval = exact_interval(function.weights, state.schema.lo, state.schema.hi)
    if not np.array_equal(interval, function.interval):
        raise ParameterError("the function states another result interval than its weights have under this schema")
    if int((interval[:, 1] - interval[:, 0]).max()) > MAX_WIDTH:
        raise OutOfRangeError("the results span more than 2^44 values; use fewer bits, or the scheme ipfe-rlwe")


def _text(what: str, value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= MAX_TEXT:
        raise ParameterError(f"{what} must be a text of 1 to {MAX_TEXT} characters")
    return value
