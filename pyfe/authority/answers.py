"""What an authority answers to a request, as entries of its log: pure decisions on values.

A request is granted, refused, or had before: the same one again by the same recipient is the same key and costs
nothing. A refusal is remembered, under this function and mostly under all that say the same; what depends on the keys
of others is told without any figure of it, since figures could be bisected until they tell of another's weights.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq_mat, fmpz_mat

from pyfe.authority import decisions
from pyfe.authority.decisions import Request, Verdict
from pyfe.authority.entries import Asked, KeyIssued, Refused, Requested, Scope
from pyfe.authority.policy import Policy
from pyfe.authority.records import State as Counted
from pyfe.authority.state import LogState, Wanted, refusal_keys
from pyfe.errors import ParameterError, PolicyDeniedError
from pyfe.function import Function, IntegerMap, LinearMap
from pyfe.leakage import Finding, Prior
from pyfe.leakage.prior import Reference
from pyfe.wire import cbor
from pyfe.wire.hashing import tagged_hash

__all__ = [
    "Again",
    "Answer",
    "Denied",
    "Granted",
    "Question",
    "View",
    "answer",
    "policy_digest_of",
    "request_id",
    "row_space",
    "tellable",
]

_OF_THE_FUNCTION = frozenset(
    ("width", "modulus", "weights", "constant", "too fine", "checked in part", "slot", "support")
)
"""Findings that another function of the same row space may not have."""


@dataclass(frozen=True, eq=False)
class Question:
    """A request to one epoch, for a key or as a check. ``signed_id``: of the signed request, if there is one."""

    request: Request
    epoch: int
    asked: Asked = "issue"
    not_after: int | None = None
    signed_id: bytes | None = None

    @property
    def wanted(self) -> Wanted:
        """What makes it the same request as another."""
        return self.epoch, self.request.function.id, self.request.purpose, self.request.recipient

    @property
    def id(self) -> bytes:
        """What the log calls it by."""
        return self.signed_id or request_id(self.asked, self.wanted, self.not_after)


@dataclass(frozen=True, eq=False)
class View:
    """What a decision is made of beside the request: the keys that count, a secret to draw with, and what is known of
    the population (``given``: of that, what the authority was given)."""

    counted: Counted
    seed: bytes
    known: Prior | None
    given: Reference | None = None

    def of(self, recipient: str | None) -> View:
        """The same, with the recipient's own keys alone."""
        mine = tuple(row for row in self.counted.issued if row.recipient == recipient)
        return replace(self, counted=Counted(self.counted.terms, mine))

    def decide(self, function: Function) -> Verdict:
        """The verdict on a function. Errors: those of :func:`pyfe.authority.decisions.require_fit`."""
        return decisions.decide(self.counted, function, self.seed, self.known)


@dataclass(frozen=True, eq=False)
class Again:
    """The key is there already."""

    key: KeyIssued


@dataclass(frozen=True, eq=False)
class Granted:
    """Nothing speaks against it."""

    verdict: Verdict


@dataclass(frozen=True, eq=False)
class Denied:
    """It is refused. ``findings`` are those that may be told, one at least; ``entry`` lacks its time only;
    ``recorded``: whether the log has this very refusal already."""

    entry: Refused
    findings: tuple[Finding, ...]
    recorded: bool

    def error(self) -> PolicyDeniedError:
        """What whoever asked is told."""
        return PolicyDeniedError(self.entry.told, self.findings)


Answer = Again | Granted | Denied


def answer(state: LogState, question: Question, view: View) -> Answer:
    """The answer on a state of the log. Errors: those of :func:`pyfe.authority.decisions.require_fit`.

    Cost: a decision; a second one on the recipient's own keys where it refuses; none where it was decided before.
    """
    function = question.request.function
    decisions.require_fit(view.counted.terms, function)
    had = _had(state, question)
    if had is not None:
        return had
    space = row_space(function.map)
    found = _remembered(state, question, space)
    if found is not None:
        return found
    verdict = view.decide(function)
    if verdict.refusal is None:
        return Granted(verdict)
    return _denied(state, question, space, verdict, view.of(question.request.recipient).decide(function))


def tellable(view: View, question: Question, answer: Again | Granted) -> tuple[Finding, ...]:
    """What may be told to whom a key would be issued: what it opens with the recipient's own keys.

    Cost: none where no others count; else another decision.
    """
    own = view.of(question.request.recipient)
    if isinstance(answer, Granted) and len(own.counted.issued) == len(view.counted.issued):
        return answer.verdict.findings
    return own.decide(question.request.function).findings


def grant(state: LogState, question: Question, verdict: Verdict, now: object) -> KeyIssued:
    """The entry by which a request is granted, at a clock's answer ``now``. AuthorityError where none may follow."""
    if question.not_after is not None and question.not_after < decisions.require_second(now):
        raise ParameterError(f"the key would have ended at {question.not_after} already; nothing was issued")
    row = decisions.row_for(state.counted(question.epoch), question.request, verdict, now)
    return KeyIssued(
        at=row.issued_at,
        epoch=question.epoch,
        row=row,
        request_id=question.id,
        policy_digest=policy_digest(state, question.epoch),
        decision=decision_digest(state, question, verdict),
        says_something=all(finding.kind != "nothing new" for finding in verdict.findings),
        not_after=question.not_after,
    )


def looked_at(state: LogState, question: Question, now: int) -> list[Requested]:
    """The entry of a check that found nothing; none where the log has it."""
    if state.asked.get(question.id):
        return []
    epoch, function_id, purpose, recipient = question.wanted
    entry = Requested(
        at=now,
        epoch=epoch,
        request_id=question.id,
        function_id=function_id,
        purpose=purpose,
        recipient=recipient,
        asked=question.asked,
    )
    return [entry]


def request_id(asked: Asked, wanted: Wanted, not_after: int | None) -> bytes:
    """What a log calls a request by that nobody signed."""
    epoch, function_id, purpose, recipient = wanted
    said = {
        "asked": asked,
        "epoch": epoch,
        "function_id": function_id,
        "not_after": not_after,
        "purpose": purpose,
        "recipient": recipient,
    }
    return tagged_hash(b"PYFE-V1-asked", cbor.dumps(said))


def policy_digest(state: LogState, number: int) -> bytes:
    """Of the policy file in force, else of the epoch's own policy."""
    if state.policy is not None:
        return state.policy.digest
    return policy_digest_of(state.epoch(number).terms.policy)


def policy_digest_of(policy: Policy) -> bytes:
    """Of an epoch's own policy."""
    return tagged_hash(b"PYFE-V1-policy", cbor.dumps(policy.to_dict()))


def decision_digest(state: LogState, question: Question, verdict: Verdict) -> bytes:
    """Of what was decided, by which policy, and with which keys it was counted."""
    said = {
        "findings": [[each.kind, each.rule, repr(each.figure), repr(each.limit)] for each in verdict.findings],
        "function_id": question.request.function.id,
        "policy": policy_digest(state, question.epoch),
        "span": state.epoch(question.epoch).span,
    }
    return tagged_hash(b"PYFE-V1-decision", cbor.dumps(said))


def row_space(form: IntegerMap) -> bytes:
    """Digest of everything that linear functions say the same as these: of their reduced echelon form over the
    rationals. Of quadratic functions: of themselves."""
    if not isinstance(form, LinearMap):
        return tagged_hash(b"PYFE-V1-row-space", cbor.dumps({"forms": form.forms.to_dict()}))
    rows = np.atleast_2d(form.weights).tolist()
    reduced, rank = fmpq_mat(fmpz_mat(rows)).rref()
    text = ";".join(",".join(map(str, row)) for row in reduced.tolist()[:rank])
    return tagged_hash(b"PYFE-V1-row-space", text.encode())


def _had(state: LogState, question: Question) -> Answer | None:
    """What was answered to the same request, if it was granted; and what cannot be issued whatever it says."""
    sequence = state.wanted.get(question.wanted)
    key = None if sequence is None else state.key(sequence)
    if key is not None and state.revoked.get(key.row.sequence) is not None:
        told = f"key #{key.row.sequence} of this function was revoked for this recipient and purpose"
        return _flatly(state, question, "revoked", told)
    if key is not None and key.not_after == question.not_after:
        return Again(key)
    if state.epoch(question.epoch).retired_at is not None:
        told = f"epoch {question.epoch} is retired: it has no new keys. Encrypt under the newest epoch and ask there"
        return _flatly(state, question, "retired", told)
    return None


def _remembered(state: LogState, question: Question, space: bytes) -> Denied | None:
    """A refusal that holds still: keys were added since at most. Who asked the same before is told the same; others,
    that it was refused."""
    own = state.told.get(question.id)
    policy = policy_digest(state, question.epoch)
    if own is not None and own.scope != "request" and own.policy_digest == policy:
        return Denied(own, _untold(own), recorded=True)
    keys = refusal_keys(question.epoch, question.request.function.id, space, policy)
    found = next(filter(None, map(state.refusals.get, keys)), None)
    if found is None:
        return None
    told = f"rule {found.rule}: this, or what says the same, was refused in this epoch before"
    if found.recipient == question.request.recipient:
        told = found.told
    entry = _entry(state, question, found.rule, told)
    entry = replace(entry, row_space=space, scope="function", says=f"as before: {found.says}")
    return Denied(replace(entry, figure=found.figure, limit=found.limit), _untold(entry), recorded=False)


def _denied(state: LogState, question: Question, space: bytes, verdict: Verdict, own: Verdict) -> Denied:
    refusing = [finding for finding in verdict.findings if finding.refuses]
    first = refusing[0]
    rule, instead = first.rule or first.kind, decisions.advice(refusing) + decisions.ROTATE
    told = own.refusal or (
        f"rule {rule}: together with keys that were issued to others it would open more than is allowed. By how much "
        f"is not said, since that would tell of these keys; the log holds it for auditors{instead}"
    )
    scope: Scope = "function" if first.kind in _OF_THE_FUNCTION else "row space"
    entry = replace(
        _entry(state, question, rule, told),
        figure=None if first.figure is None else repr(first.figure),
        limit=None if first.limit is None else repr(first.limit),
        row_space=space,
        scope=scope,
        says=verdict.refusal or told,
    )
    findings = tuple(finding for finding in own.findings if finding.refuses) if own.refusal else _untold(entry)
    return Denied(entry, findings, recorded=False)


def _flatly(state: LogState, question: Question, rule: str, told: str) -> Denied:
    before = state.told.get(question.id)
    recorded = before is not None and before.rule == rule
    entry = _entry(state, question, rule, told)
    return Denied(entry, _untold(entry), recorded)


def _untold(entry: Refused) -> tuple[Finding, ...]:
    """A finding that says what was told, and no figure."""
    return (Finding("refused", rule=entry.rule, note=entry.told),)


def _entry(state: LogState, question: Question, rule: str, told: str) -> Refused:
    epoch, function_id, purpose, recipient = question.wanted
    return Refused(
        at=0,
        epoch=epoch,
        request_id=question.id,
        function_id=function_id,
        purpose=purpose,
        recipient=recipient,
        asked=question.asked,
        map=question.request.function.map,
        rule=rule,
        figure=None,
        limit=None,
        span=state.epoch(epoch).span,
        row_space=bytes(32),
        policy_digest=policy_digest(state, epoch),
        scope="request",
        says=told,
        told=told,
    )
