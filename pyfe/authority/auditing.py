"""What an auditor checks beyond the signatures of a log: that every entry may stand where it stands, and that all for
which a policy file wants people's words has them. Needs no secret.

Whoever holds the signing key can sign any entries. This says whether they are those of an authority that kept to its
own policy: who asked, who agreed, to which decision, by which policy, in time. Whether the leakage rules were kept is
counted again by whoever has the population (:mod:`pyfe.leakage`).
"""

from __future__ import annotations

from collections.abc import Sequence

from pyfe.arguments import require_a
from pyfe.audit import AuditLog
from pyfe.authority.approving import change_agreed, clock_agreed, clock_subject, revocation_refusals
from pyfe.authority.consent import Signed, approvals_for, here, policy_refusals
from pyfe.authority.entries import (
    Approved,
    ClockWasWrong,
    Entry,
    EpochOpened,
    EpochRevoked,
    KeyIssued,
    KeysRevoked,
    PolicySet,
    Requested,
    RequestWithdrawn,
    decode_entry,
)
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import loosened, recipient_of
from pyfe.authority.state import LogState
from pyfe.errors import AuditError, PyfeError
from pyfe.function import Function
from pyfe.identity import Approval, Request, Revocation

__all__ = ["audited"]


def audited(log: AuditLog) -> LogState:
    """What a log comes to. AuditError, which names the entry, for one that cannot stand there, or for which somebody's
    word is missing. That the log is whole and whose it is, is for :func:`pyfe.audit.verify`. Cost: that of all
    signatures, about 0.2 ms each."""
    require_a(log, AuditLog, "a log")
    state, given = LogState(), dict[bytes, list[Approval]]()
    for at, data in enumerate(log.entries):
        try:
            entry = decode_entry(data)
            missing = _missing(state, entry, given)
            state = state.followed_by([entry])
        except PyfeError as error:
            raise AuditError(f"audit log: entry {at}: {error}", kind="consent", entries=(at, at)) from error
        if missing:
            raise AuditError(f"audit log: entry {at}: {missing}", kind="consent", entries=(at, at))
    if state.verification_key != log.verification_key:
        raise AuditError("audit log: it begins with the entry of another authority", kind="authority")
    return state


def _missing(state: LogState, entry: Entry, given: dict[bytes, list[Approval]]) -> str | None:
    """What an entry lacks; approvals are kept until what they are of comes."""
    match entry:
        case Approved():
            given.setdefault(entry.request_id, []).append(Approval.from_bytes(entry.signed))
        case Requested() if entry.signed is not None and Request.from_bytes(entry.signed).id != entry.request_id:
            return "the request that was signed is another one"
        case KeyIssued():
            return _of_key(state, entry, given.pop(entry.request_id, []))
        case PolicySet():
            return _of_policy(state, entry, given.pop(entry.digest, []))
        case KeysRevoked() if entry.signed is not None:
            return _of_revocation(state, Revocation.from_bytes(entry.signed), entry.at)
        case EpochRevoked() if entry.signed is not None:
            return _of_revocation(state, Revocation.from_bytes(entry.signed), entry.at)
        case ClockWasWrong():
            return _of_clock(state, entry, given)
        case RequestWithdrawn():
            return _of_revocation(state, Revocation.from_bytes(entry.signed), entry.at)
        case EpochOpened() if state.policy_file is not None and not entry.terms.policy.refuses:
            return "under a policy file an epoch was opened in which the leakage rules are off"
        case _:
            return None
    return None


def _of_key(state: LogState, entry: KeyIssued, approvals: Sequence[Approval]) -> str | None:
    policy, name = state.policy_file, f"key #{entry.row.sequence}"
    if policy is None or entry.adopted:
        return None
    signed = state.asked.get(entry.request_id)
    if not signed:
        return f"{name} was issued without a signed request"
    request = Request.from_bytes(signed)
    function = Function.from_bytes(request.function, schema=state.epoch(entry.epoch).terms.schema)
    asked = request.id, request.epoch, function.id, request.purpose, recipient_of(policy, request)
    row = entry.row
    if asked != (entry.request_id, entry.epoch, row.function_id, row.purpose, row.recipient):
        return f"{name} is not what its request asks for"
    used = [approval for approval in approvals if approval.id in entry.approvals]
    wanted = entry.epoch, row.function_id, row.purpose, row.recipient
    refused = policy_refusals(state, wanted, Signed(request), function, entry.at)
    agreed = approvals_for(state, entry.epoch, policy, Signed(request, tuple(used)), entry.decision, entry.at)
    if refused or not agreed.enough or len(used) != len(entry.approvals):
        return f"{name}: {'; '.join(map(str, refused or agreed.refusals)) or 'approvals that are not in the log'}"
    return None


def _of_policy(state: LogState, entry: PolicySet, approvals: Sequence[Approval]) -> str | None:
    old, new = state.policy_file, PolicyFile.from_dict(entry.policy)
    more = () if old is None else loosened(old, new)
    if old is None or not more:
        return None
    agreed = change_agreed(old, new, approvals, here(state, state.epochs[-1].number, entry.at, approvals))
    if agreed.enough:
        return None
    return (
        f"version {new.version} of the policy allows more ({', '.join(more)}): {'; '.join(map(str, agreed.refusals))}"
    )


def _of_clock(state: LogState, entry: ClockWasWrong, given: dict[bytes, list[Approval]]) -> str | None:
    if state.policy_file is None:
        return None
    every = [approval for kept in given.values() for approval in kept]
    subject = clock_subject(state.at, state.setbacks, every, entry.at)
    approvals = given.pop(subject, [])
    place = here(state, state.epochs[-1].number, entry.at, approvals)
    agreed = clock_agreed(state.policy_file, subject, approvals, place)
    return None if agreed.enough else f"the clock was set back: {'; '.join(map(str, agreed.refusals))}"


def _of_revocation(state: LogState, revocation: Revocation, at: int) -> str | None:
    if state.policy_file is None:
        return "somebody revoked by a signed word, where no policy file says who may"
    asked = None if revocation.request is None else state.asked.get(revocation.request)
    place = here(state, state.epochs[-1].number, at)
    refused = revocation_refusals(state.policy_file, revocation, place, Request.from_bytes(asked) if asked else None)
    return "; ".join(map(str, refused)) or None
