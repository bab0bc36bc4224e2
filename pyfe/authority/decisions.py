"""The decisions of an authority: state and request -> verdict and row. Pure functions on values.

No files, no clock, no keys: what time it is and what estimates are drawn with is passed in.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from pyfe.adapters import adapter, require_searchable, require_served, weight_bound
from pyfe.arrays import IntArray
from pyfe.authority.leakage_accounts import blind_prior, linear_account, quadratic_account
from pyfe.authority.policy import Policy
from pyfe.authority.records import Issued, State, Terms
from pyfe.errors import AuthorityError, KeyMismatchError, OutOfRangeError, ParameterError, PolicyDeniedError
from pyfe.function import Function, IntegerMap, LinearMap
from pyfe.leakage import (
    Finding,
    Narrowing,
    Prior,
    Residual,
    linear_findings,
    narrowing,
    quadratic_findings,
    question_of,
    residual,
    residual_account,
)
from pyfe.schema import Schema
from pyfe.text import time_text
from pyfe.wire.texts import require_text

__all__ = [
    "DEFAULT_SCHEME",
    "ROTATE",
    "Request",
    "Verdict",
    "advice",
    "decide",
    "findings",
    "judged",
    "narrowing_by",
    "require_bits",
    "require_clock",
    "require_fit",
    "require_second",
    "require_time",
    "residual_uncertainty",
    "row_for",
]


FIRST_SECOND, LAST_SECOND = 0, 2**32
"""Times that a ledger records, in seconds since 1970: a clock that says a year after 2106 is broken."""

DEFAULT_SCHEME = "ipfe-ddh"

_SUGGEST = "; pyfe.suggest(model, X, outcome) (pyfe suggest MODEL TABLE -s SCHEMA -o FUNCTION) tries what else there is"

ROTATE = "; rotate(schema=...) opens an epoch in which nothing counts yet, for rows that are encrypted from then on"

_ADVICE = {
    "keys": ". Every output of a key counts: ask for fewer, such as one class against the rest",
    "weights": ". Compile it with fewer weight bits, or on coarser columns",
    "checked in part": ". What cannot be looked at is not issued: fewer columns, units or outputs can be",
}


@dataclass(frozen=True, eq=False)
class Request:
    """A key that somebody asks for. ParameterError for a purpose or recipient that ledger and keys cannot hold."""

    function: Function
    purpose: str
    recipient: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "purpose", require_text("purpose", self.purpose))
        if self.recipient is not None:
            object.__setattr__(self, "recipient", require_text("recipient", self.recipient))


@dataclass(frozen=True, eq=False)
class Verdict:
    """What a request would open, and why the policy refuses it, if it does."""

    findings: tuple[Finding, ...]
    refusal: str | None

    def require_granted(self) -> None:
        """PolicyDeniedError, which says what would open, where the policy refuses."""
        if self.refusal is not None:
            raise PolicyDeniedError(self.refusal, tuple(finding for finding in self.findings if finding.refuses))


def require_bits(weight_bits: int | None, scheme: str, policy: Policy, most: int) -> int:
    """``weight_bits``, by default those of the scheme, if an authority may allow weights so wide. ParameterError
    otherwise."""
    facts = adapter(scheme)
    if weight_bits is None:
        return facts.default_weight_bits
    if isinstance(weight_bits, bool) or not isinstance(weight_bits, int | np.integer):
        raise ParameterError(f"weight_bits must be an integer, not {weight_bits!r}")
    limit = max(facts.safe_weight_bits.values()) if policy.refuses else most
    if not 2 <= weight_bits <= limit:
        raise ParameterError(f"weight_bits must be 2 to {limit} under this policy, not {weight_bits}")
    return int(weight_bits)


def findings(state: State, function: Function, seed: bytes, reference: Prior | None = None) -> list[Finding]:
    """What the function would open together with everything issued so far.

    By the rules of :mod:`pyfe.leakage.rules`, where the scheme serves quadratic functions by those of
    :mod:`pyfe.leakage.form_rules`; the first that refuses is said. Against the reference of the population, or what
    everybody knows. ``seed`` is a secret of the authority: samples are drawn with it.
    """
    schema, modulus = state.terms.schema, adapter(state.terms.scheme).modulus
    known = reference or blind_prior(schema)
    if "quadratic" in state.terms.serves:
        forms = quadratic_account(schema, state.issued, modulus)
        return quadratic_findings(forms, function.forms, known, secret=seed)
    return linear_findings(linear_account(schema, state.issued, modulus), function.weights, known, secret=seed)


def narrowing_by(
    state: State, function: Function, seed: bytes, reference: Prior | None = None, *, alone: bool = False
) -> Narrowing | None:
    """What the function, with everything issued so far or ``alone``, says of every private column; None where that is
    not counted: under authorities for quadratic functions. Arguments as for :func:`findings`."""
    if "quadratic" in state.terms.serves:
        return None
    schema, issued = state.terms.schema, () if alone else state.issued
    before = linear_account(schema, issued, adapter(state.terms.scheme).modulus)
    return narrowing(question_of(before, function.weights, reference or blind_prior(schema), secret=seed))


def residual_uncertainty(state: State, function: Function | None, seed: bytes) -> Residual:
    """What everything issued so far, and the function, leave unknown of a row."""
    maps = state.maps if function is None else [*state.maps, function.map]
    if all(isinstance(terms, LinearMap) for terms in maps):
        return residual(_weights(maps, state.terms.schema), state.terms.schema)
    account = quadratic_account(state.terms.schema, state.issued, adapter(state.terms.scheme).modulus)
    return residual_account(account if function is None else account.with_forms(function.forms), seed)


def _weights(maps: Sequence[IntegerMap], schema: Schema) -> IntArray:
    """The weights of all linear maps, int64 ``[m, n]``."""
    rows = [terms.weights for terms in maps if isinstance(terms, LinearMap)]
    return np.concatenate([np.zeros((0, schema.n), dtype=np.int64), *rows])


def decide(state: State, function: Function, seed: bytes, reference: Prior | None = None) -> Verdict:
    """The verdict on a request for a key; ``seed`` and ``reference`` as for :func:`findings`. Errors: those of
    :func:`require_fit`."""
    require_fit(state.terms, function)
    return judged(state, function, seed, reference)


def judged(state: State, function: Function, seed: bytes, reference: Prior | None = None) -> Verdict:
    """The same for a function that is known to fit, where the schema counts more columns as protected than the terms
    say."""
    found = findings(state, function, seed, reference)
    refusing = [finding for finding in found if finding.refuses]
    refused = bool(refusing) and state.terms.policy.refuses
    return Verdict(tuple(found), _refusal(refusing, state, function) if refused else None)


def _refusal(refusing: list[Finding], state: State, function: Function) -> str:
    """What would open, in terms of the ledger's keys, and what could be asked for instead."""
    names = [
        _row_name(f"key #{row.sequence} ({row.purpose})", i, row.map.k)
        for row in state.issued
        for i in range(row.map.k)
    ]
    names += [_row_name("this request", i, function.k) for i in range(function.k)]
    listed = "; ".join(f"{_by_rule(finding)}{finding.in_terms_of(names)}" for finding in refusing[:3])
    more = f"; and {len(refusing) - 3} more" if len(refusing) > 3 else ""
    counted = f"(counted with the {len(state.issued)} key(s) issued before)"
    return f"{listed}{more} {counted}{advice(refusing)}{_SUGGEST}{ROTATE if state.issued else ''}"


def _by_rule(finding: Finding) -> str:
    return f"rule {finding.rule}: " if finding.rule else ""


def advice(refusing: Sequence[Finding]) -> str:
    """What could be asked for instead, by the first finding that has advice."""
    stated = next((f". {finding.advice}" for finding in refusing if finding.advice), "")
    return stated or next((_ADVICE[finding.kind] for finding in refusing if finding.kind in _ADVICE), "")


def row_for(state: State, request: Request, verdict: Verdict, now: object) -> Issued:
    """The ledger row by which a request is granted, at a clock's answer ``now``.

    Raises PolicyDeniedError where the verdict refuses, AuthorityError where no row may follow the last one now.
    """
    verdict.require_granted()
    return Issued(
        sequence=state.next_sequence,
        issued_at=require_time(state, now),
        purpose=request.purpose,
        recipient=request.recipient,
        policy=state.terms.policy_line,
        function_id=request.function.id,
        map=request.function.map,
        findings=tuple(str(finding) for finding in verdict.findings),
    )


def require_clock(clock: Callable[[], float]) -> Callable[[], float]:
    """The clock. ParameterError for what cannot be asked."""
    if not callable(clock):
        raise ParameterError(f"clock must be a function without arguments, such as time.time, not {clock!r}")
    return clock


def require_second(now: object) -> int:
    """The whole second of a clock's answer. AuthorityError for one that is no time at all."""
    try:
        second = math.floor(now)  # type: ignore[call-overload]
    except (TypeError, ValueError, OverflowError):
        raise AuthorityError(f"the clock says {now!r}, which is no time; nothing was issued") from None
    if not FIRST_SECOND <= second <= LAST_SECOND:
        raise AuthorityError(f"the clock says {second} seconds since 1970, which cannot be; nothing was issued")
    return int(second)


def require_time(state: State, now: object) -> int:
    """The whole second of a clock's answer, if a row may follow the last one then. AuthorityError otherwise."""
    second = require_second(now)
    last = state.newest_time
    if second < last:
        raise AuthorityError(
            f"the clock says {time_text(second)}, before the newest row of the ledger ({time_text(last)}); nothing "
            "was issued. Set the clock of this machine"
        )
    return second


def require_fit(terms: Terms, function: Function) -> None:
    """Whether a key for the function can be asked for at all, whatever the policy says.

    Raises KeyMismatchError for a function of another schema, UnsupportedModelError for a kind that the scheme does not
    serve, OutOfRangeError for weights wider than the authority's or results that the scheme cannot find, ParameterError
    for weights of which the scheme cannot make a key that stays secret.
    """
    if not isinstance(function, Function):
        raise ParameterError(f"a key is issued for a Function (see pyfe.compile), not for {type(function).__name__}")
    if function.schema_id != terms.schema.id:
        raise KeyMismatchError("the function was compiled for another schema than this authority's")
    if function.n != terms.schema.n:
        raise ParameterError(f"the function has {function.n} weights, the schema {terms.schema.n}")
    require_served(adapter(terms.scheme), function.kind)
    _require_narrow(terms, function)
    interval = function.map.interval(terms.schema.lo, terms.schema.hi)
    if not np.array_equal(interval, function.interval):
        raise ParameterError("the function states another result interval than its weights have under this schema")
    require_searchable(interval, [adapter(terms.scheme)])
    adapter(terms.scheme).require_sound(terms.schema, terms.weight_bits, function.map)


def _require_narrow(terms: Terms, function: Function) -> None:
    widest, allowed = function.map.largest, weight_bound(terms.weight_bits)
    safe = adapter(terms.scheme).safe_weight_bits[function.kind]
    if widest > allowed:
        served = not terms.policy.refuses or function.weight_bits <= safe
        wider = f"create the authority with weight_bits={function.weight_bits} (pyfe keygen --weight-bits)"
        other = wider if served else "on coarser columns"
        raise OutOfRangeError(
            f"the function has a weight of {widest}, this authority allows up to {allowed} ({terms.weight_bits} bits, "
            f"fixed when it was created); compile it with weight_bits={terms.weight_bits} (pyfe compile --weight-bits "
            f"{terms.weight_bits}), or {other}"
        )
    if terms.policy.refuses and widest > weight_bound(safe):
        raise OutOfRangeError(
            f"the function has a weight of {widest}; under this policy a {function.kind} function has weights of at "
            f"most {safe} bits, whatever the authority allows for others"
        )


def _row_name(name: str, index: int, outputs: int) -> str:
    return name if outputs == 1 else f"output {index} of {name}"
