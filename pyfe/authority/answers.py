"""What an authority answers to a request, as entries of its log: pure decisions on values.

A request is granted, refused, or had before: the same one again by the same recipient is the same key and costs
nothing. A refusal is remembered, under this function and mostly under all that say the same; what depends on the keys
of others is told without any figure of it, since figures could be bisected until they tell of another's weights.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq_mat, fmpz_mat

from pyfe import identity
from pyfe.authority import decisions
from pyfe.authority.consent import Signed, approvals_for, policy_refusals
from pyfe.authority.decisions import Request, Verdict
from pyfe.authority.entries import Approved, Asked, KeyIssued, Refused, Requested, Scope
from pyfe.authority.policy import Policy
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import Refusal, expiry_of, tightened
from pyfe.authority.records import State as Counted
from pyfe.authority.state import LogState, Wanted, refusal_keys
from pyfe.errors import ParameterError, PolicyDeniedError
from pyfe.function import Function, IntegerMap, LinearMap
from pyfe.identity import Approval
from pyfe.leakage import Finding, Prior
from pyfe.leakage.prior import Reference
from pyfe.schema import Schema
from pyfe.schema.cells import same_name
from pyfe.wire import cbor
from pyfe.wire.hashing import tagged_hash

__all__ = [
    "Again",
    "Answer",
    "Checked",
    "Denied",
    "Granted",
    "Looked",
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
    """A request to one epoch, for a key or as a check; ``signed``: the file that asks, if there is one."""

    request: Request
    epoch: int
    asked: Asked = "issue"
    not_after: int | None = None
    signed: Signed | None = None

    @property
    def wanted(self) -> Wanted:
        """What makes it the same request as another."""
        return self.epoch, self.request.function.id, self.request.purpose, self.request.recipient

    @property
    def id(self) -> bytes:
        """What the log calls it by."""
        return self._id(self.asked)

    @property
    def issued_id(self) -> bytes:
        """What the log calls it by where it was granted; a check asks for the same as a request."""
        return self._id("issue")

    def _id(self, asked: Asked) -> bytes:
        return request_id(asked, self.wanted, self.not_after) if self.signed is None else self.signed.request.id


@dataclass(frozen=True, eq=False)
class View:
    """What a decision is made of beside the request: the keys that count, a secret to draw with, and what is known of
    the population (``given``: of that, what the authority was given); ``tightened``: the schema with the columns that a
    policy file protects beside it, which ``known`` is of then."""

    counted: Counted
    seed: bytes
    known: Prior | None
    given: Reference | None = None
    tightened: Schema | None = None

    def of(self, recipient: str | None) -> View:
        """The same, with the recipient's own keys alone."""
        mine = tuple(row for row in self.counted.issued if row.recipient == recipient)
        return replace(self, counted=Counted(self.counted.terms, mine))

    def under(self, policy: PolicyFile) -> View:
        """The same where a policy file protects further columns; where it cannot, its rules refuse before this."""
        schema = self.counted.terms.schema
        if not any(same_name(name) in policy.protected and not c.protected for name, c in schema.columns.items()):
            return self
        try:
            tight = tightened(schema, policy)
        except ParameterError:
            return self
        known = self.known
        if isinstance(known, Reference):
            known = Reference.from_dict({**known.to_dict(), "schema": tight.id.hex()}, tight)
        return replace(self, tightened=tight, known=known)

    def decide(self, function: Function) -> Verdict:
        """The verdict on a function. Errors: those of :func:`pyfe.authority.decisions.require_fit`."""
        decisions.require_fit(self.counted.terms, function)
        counted = self.counted
        if self.tightened is not None:
            counted = replace(counted, terms=replace(counted.terms, schema=self.tightened))
        return decisions.judged(counted, function, self.seed, self.known)


@dataclass(frozen=True, eq=False)
class Again:
    """The key is there already."""

    key: KeyIssued


@dataclass(frozen=True, eq=False)
class Granted:
    """Nothing speaks against it. ``decision``: digest of what was decided; ``approvals``: those that count."""

    verdict: Verdict
    decision: bytes
    approvals: tuple[Approval, ...] = ()


@dataclass(frozen=True, eq=False)
class Denied:
    """It is refused. ``findings`` are those that may be told, one at least; ``entry`` lacks its time only;
    ``recorded``: whether the log has this very refusal already; ``remembered``: whether it was decided before."""

    entry: Refused
    findings: tuple[Finding, ...]
    recorded: bool
    remembered: bool = False

    def error(self) -> PolicyDeniedError:
        """What whoever asked is told."""
        return PolicyDeniedError(self.entry.told, self.findings)


@dataclass(frozen=True, eq=False)
class Checked:
    """What :meth:`pyfe.authority.engine.Engine.check` says. ``told`` is None where a key would be issued; ``findings``
    are those that may be told: none where they depend on the keys of others."""

    findings: tuple[Finding, ...]
    told: str | None


@dataclass(frozen=True)
class Looked:
    """What was decided about a signed request, whose id ``request`` is: ``decision`` and ``policy`` are the digests
    that an approval names (:meth:`pyfe.identity.Approval.of`); ``findings``: what a key would say with the recipient's
    own."""

    request: bytes
    decision: bytes
    policy: bytes
    findings: tuple[Finding, ...] = ()


Answer = Again | Granted | Denied


def answer(state: LogState, question: Question, view: View, now: int) -> Answer:
    """The answer on a state of the log. Errors: those of :func:`pyfe.authority.decisions.require_fit`.

    Under a policy file, its rules first; then the leakage rules; last, whether enough people agreed to what they say.

    Cost: a decision; a second one on the recipient's own keys where it refuses; none where it was decided before.
    """
    function = question.request.function
    decisions.require_fit(view.counted.terms, function)
    refused = policy_refusals(state, question.wanted, question.signed, function, now)
    if refused:
        return _unconsented(state, question, refused)
    had = _had(state, question)
    if had is not None:
        return had
    space = row_space(function.map)
    found = _remembered(state, question, space)
    if found is not None:
        return found
    verdict = view.decide(function)
    if verdict.refusal is None:
        return _consented(state, question, view, verdict, now)
    return _denied(state, question, space, verdict, _own(state, question, view).decide(function))


def still(state: LogState, question: Question, answer: Answer, now: int) -> Answer:
    """The answer, later on the same state: people's words end while somebody waits for the right to write."""
    if question.signed is None or not isinstance(answer, Granted):
        return answer
    function = question.request.function
    refused = policy_refusals(state, question.wanted, question.signed, function, now)
    if refused:
        return _unconsented(state, question, refused)
    return _agreed(state, question, answer.verdict, answer.decision, now)


def _consented(state: LogState, question: Question, view: View, verdict: Verdict, now: int) -> Granted | Denied:
    return _agreed(state, question, verdict, decision_digest(state, question, verdict, view.seed), now)


def _agreed(state: LogState, question: Question, verdict: Verdict, decision: bytes, now: int) -> Granted | Denied:
    """The verdict, where enough people agreed to it; none have to who only look."""
    signed, policy = question.signed, state.policy_file
    if signed is None or policy is None or signed.looked:
        return Granted(verdict, decision)
    agreed = approvals_for(state, question.epoch, policy, signed, decision, now)
    if not agreed.enough:
        return _unconsented(state, question, agreed.refusals)
    return Granted(verdict, decision, agreed.approvals)


def _own(state: LogState, question: Question, view: View) -> View:
    """The view with the keys of whoever asks alone: those that it signed for, or, where nobody signs, those of the
    recipient. A recipient that is named by several says nothing of their keys to any of them."""
    if question.signed is None:
        return view.of(question.request.recipient)
    signer = question.signed.request.signer
    mine = tuple(row for row in view.counted.issued if _signer(state, state.key(row.sequence).request_id) == signer)
    return replace(view, counted=Counted(view.counted.terms, mine))


def _signer(state: LogState, request: bytes) -> bytes | None:
    signed = state.asked.get(request)
    return identity.Request.from_bytes(signed).signer if signed else None


def tellable(state: LogState, view: View, question: Question, answer: Again | Granted) -> tuple[Finding, ...]:
    """What may be told to whom a key would be issued: what it opens with the keys of whoever asks.

    Cost: none where no others count; else another decision.
    """
    own = _own(state, question, view)
    if isinstance(answer, Granted) and len(own.counted.issued) == len(view.counted.issued):
        return answer.verdict.findings
    return own.decide(question.request.function).findings


def grant(state: LogState, question: Question, granted: Granted, now: object) -> KeyIssued:
    """The entry by which a request is granted, at a clock's answer ``now``. AuthorityError where none may follow."""
    row = decisions.row_for(state.counted(question.epoch), question.request, granted.verdict, now)
    ends = question.not_after
    if question.signed is not None and state.policy_file is not None:
        ends = expiry_of(state.policy_file, question.signed.request, row.issued_at)
    if ends is not None and not row.issued_at <= ends <= decisions.LAST_SECOND:
        raise ParameterError(f"the key would have ended already, or after the year 2106, at {ends}; nothing was issued")
    return KeyIssued(
        at=row.issued_at,
        epoch=question.epoch,
        row=row,
        request_id=question.id,
        policy_digest=policy_digest(state, question.epoch),
        decision=granted.decision,
        says_something=all(finding.kind != "nothing new" for finding in granted.verdict.findings),
        not_after=ends,
        approvals=tuple(dict.fromkeys(each.id for each in granted.approvals)),
    )


def statements(state: LogState, question: Question, granted: Granted, now: int) -> list[Requested | Approved]:
    """The entries that keep the files by which a key is granted, before its own."""
    if question.signed is None:
        return []
    signed = [each.to_bytes() for each in granted.approvals]
    given = [Approved(at=now, epoch=question.epoch, request_id=question.id, signed=each) for each in signed]
    return [*looked_at(state, question, now), *given]


def looked_at(state: LogState, question: Question, now: int) -> list[Requested]:
    """The entry of a request that nothing speaks against yet; none where the log has it."""
    if state.asked.get(question.id) is not None:
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
        signed=None if question.signed is None else question.signed.request.to_bytes(),
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


def decision_digest(state: LogState, question: Question, verdict: Verdict, secret: bytes) -> bytes:
    """Of what was decided, by which policy, under which public key, and with which keys it was counted. Where nothing
    was found, the figures of the rules are a function of these.

    Under a secret of the authority: a plain hash would let whoever sees it try which keys others have.
    """
    epoch = state.epoch(question.epoch)
    said = {
        "doubtful": epoch.doubtful,
        "findings": [[each.kind, each.rule, repr(each.figure), repr(each.limit)] for each in verdict.findings],
        "function_id": question.request.function.id,
        "policy": policy_digest(state, question.epoch),
        "public_key": epoch.terms.public.id,
        "span": epoch.span,
    }
    return hmac.digest(secret, tagged_hash(b"PYFE-V1-decision", cbor.dumps(said)), "sha256")


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
    revoked, sequence = state.revoked_wanted.get(question.wanted), state.answered.get(question.issued_id)
    if revoked is not None:
        told = f"key #{revoked} of this function was revoked for this recipient and purpose"
        return _flatly(state, question, "revoked", told)
    if sequence is not None:
        return Again(state.key(sequence))
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
        return Denied(own, _untold(own), recorded=True, remembered=True)
    keys = refusal_keys(question.epoch, question.request.function.id, space, policy)
    found = next(filter(None, map(state.refusals.get, keys)), None)
    if found is None:
        return None
    told = f"rule {found.rule}: this, or what says the same, was refused in this epoch before"
    if found.recipient == question.request.recipient and _signer_of(found) == _asker(question):
        told = found.told
    entry = _entry(state, question, found.rule, told)
    entry = replace(entry, row_space=space, scope="function", says=f"as before: {found.says}")
    return Denied(
        replace(entry, figure=found.figure, limit=found.limit), _untold(entry), recorded=False, remembered=True
    )


def _asker(question: Question) -> bytes | None:
    return None if question.signed is None else question.signed.request.signer


def _signer_of(entry: Refused) -> bytes | None:
    return None if entry.signed is None else identity.Request.from_bytes(entry.signed).signer


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


def _unconsented(state: LogState, question: Question, refused: Sequence[Refusal]) -> Denied:
    """Refused by the policy file or its people: all of it is told, figures of what others have are for the log."""
    told = "; ".join(map(str, refused))
    listed = [f"{each}{'' if each.figure is None else f' ({each.figure} of {each.limit})'}" for each in refused]
    return _flatly(state, question, refused[0].rule, told, says="; ".join(listed))


def _flatly(state: LogState, question: Question, rule: str, told: str, says: str | None = None) -> Denied:
    before = state.told.get(question.id)
    entry = replace(_entry(state, question, rule, told), says=told if says is None else says)
    recorded = before is not None and (before.rule, before.says) == (entry.rule, entry.says)
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
        signed=None if question.signed is None else question.signed.request.to_bytes(),
    )
