"""What a policy file's people change by signed words: the policy, keys and epochs that are revoked, requests that are
withdrawn. Pure decisions on values; what is refused is an entry too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pyfe.authority.approving import change_agreed, revocation_refusals
from pyfe.authority.consent import here
from pyfe.authority.entries import (
    Approved,
    ChangeRefused,
    Entry,
    EpochRetired,
    KeysRevoked,
    PolicySet,
    RequestWithdrawn,
)
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import Refusal, loosened
from pyfe.authority.state import LogState
from pyfe.errors import DecodeError, ParameterError
from pyfe.identity import Approval, Request, Revocation

__all__ = ["Change", "epoch_refused", "policy_change", "policy_set", "revocation_change"]


@dataclass(frozen=True, eq=False)
class Change:
    """The entries by which something changes, none where it is so already. ``refused``: why it does not; then the
    entries say that."""

    entries: tuple[Entry, ...]
    refused: str | None = None


def policy_set(policy: PolicyFile, now: int, by: Sequence[str] = ()) -> PolicySet:
    """The entry by which a policy file is in force. ParameterError for what is none."""
    if not isinstance(policy, PolicyFile):
        raise ParameterError(f"policy must be a PolicyFile, not {type(policy).__name__}")
    return PolicySet(at=now, policy=policy.to_dict(), digest=policy.digest, by=tuple(by))


def epoch_refused(state: LogState, schema_id: bytes, says: str, now: int) -> Change:
    """An epoch that may not be opened."""
    return _refused(state, now, "epoch", schema_id, says)


def policy_change(state: LogState, policy: PolicyFile, approvals: Sequence[Approval], now: int) -> Change:
    """Another policy file. One that allows more than that before needs two people whom that one lets approve.

    ParameterError for one of a version that is not higher.
    """
    old, made = state.policy_file, policy_set(policy, now)
    if old is None:
        return Change((made,))
    if old.digest == policy.digest:
        return Change(())
    if policy.version <= old.version:
        raise ParameterError(f"the policy in force has version {old.version}; give the next one a higher one")
    more = loosened(old, policy)
    if not more:
        return Change((made,))
    number = state.epochs[-1].number
    agreed = change_agreed(old, policy, approvals, here(state, number, now, approvals))
    if not agreed.enough:
        words = f"the policy would allow more ({', '.join(more)}): {_listed(agreed.refusals)}"
        return _refused(state, now, "policy", policy.digest, words)
    kept = [
        Approved(at=now, epoch=number, request_id=policy.digest, signed=each.to_bytes()) for each in agreed.approvals
    ]
    return Change((*kept, replace(made, by=agreed.by)))


def revocation_change(state: LogState, revocation: Revocation, now: int) -> Change:
    """What somebody revokes whom the policy file lets revoke: keys, an epoch with all its keys, which is retired too,
    or a request that has no key yet. One word is enough.

    ParameterError where there is no policy file, or nothing of the number.
    """
    policy = state.policy_file
    if policy is None:
        raise ParameterError("this authority has no policy file, which would say who may revoke by a signed word")
    refused = revocation_refusals(
        policy, revocation, here(state, state.epochs[-1].number, now), _asked(state, revocation)
    )
    if refused:
        return _refused(state, now, "revocation", revocation.id, _listed(refused))
    person = policy.person(revocation.signer)
    by = None if person is None else person.name
    if revocation.request is not None:
        return _withdrawn(state, revocation, revocation.request, now, by)
    entries, numbers = list[Entry](), revocation.keys
    if revocation.epoch is not None:
        try:
            epoch = state.epoch(revocation.epoch)
        except DecodeError as error:
            raise ParameterError(str(error)) from error
        numbers = tuple(each.row.sequence for each in state.issued if each.epoch == epoch.number)
        if epoch.retired_at is None:
            entries.append(EpochRetired(at=now, epoch=epoch.number, reason=revocation.reason))
    if numbers and numbers[-1] > len(state.issued):
        raise ParameterError(f"keys are revoked by their numbers, 1 to {len(state.issued)}")
    left = tuple(number for number in numbers if state.revoked.get(number) is None)
    if left:
        signed = revocation.to_bytes()
        entries.insert(0, KeysRevoked(at=now, keys=left, reason=revocation.reason, by=by, signed=signed))
    return Change(tuple(entries))


def _withdrawn(state: LogState, revocation: Revocation, request: bytes, now: int, by: str | None) -> Change:
    had = state.answered.get(request)
    if had is not None:
        raise ParameterError(f"the request has its key already; revoke key #{had}")
    if state.withdrawn.get(request):
        return Change(())
    signed = revocation.to_bytes()
    return Change((RequestWithdrawn(at=now, request_id=request, reason=revocation.reason, by=by, signed=signed),))


def _asked(state: LogState, revocation: Revocation) -> Request | None:
    """The request that is withdrawn, where the log has it."""
    signed = None if revocation.request is None else state.asked.get(revocation.request)
    return Request.from_bytes(signed) if signed else None


def _refused(state: LogState, now: int, what: str, subject: bytes, says: str) -> Change:
    """A refusal; the same one again is not recorded again."""
    if state.changes_refused.get(subject) == says:
        return Change((), says)
    return Change((ChangeRefused(at=now, what=what, subject=subject, says=says),), says)


def _listed(refusals: Sequence[Refusal]) -> str:
    return "; ".join(map(str, refusals))
