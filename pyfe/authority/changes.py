"""What a policy file's people change by signed words: the policy, keys and epochs that are revoked, requests that are
withdrawn. Pure decisions on values; what is refused is an entry too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from pyfe.arguments import require_count
from pyfe.authority.approving import change_agreed, clock_agreed, clock_subject, revocation_refusals
from pyfe.authority.consent import here
from pyfe.authority.entries import (
    Approved,
    ChangeRefused,
    ClockWasWrong,
    Entry,
    EpochRetired,
    EpochRevoked,
    KeysRevoked,
    PolicySet,
    RequestWithdrawn,
)
from pyfe.authority.entry_parts import MOST_NUMBER
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import Refusal, loosened
from pyfe.authority.state import Epoch, LogState
from pyfe.errors import DecodeError, ParameterError
from pyfe.identity import Approval, Request, Revocation
from pyfe.wire.texts import require_text

__all__ = [
    "Change",
    "Said",
    "clock_change",
    "epoch_refused",
    "epoch_revoked",
    "keys_revoked",
    "numbers_of",
    "policy_change",
    "policy_set",
    "revocation_change",
]


@dataclass(frozen=True)
class Said:
    """Why something is revoked, and who says so; ``signed``: the file, if there is one."""

    reason: str
    by: str | None = None
    signed: bytes | None = None

    @classmethod
    def of(cls, reason: str, by: str | None) -> Said:
        """What whoever runs the authority says. ParameterError for what no log can hold."""
        return cls(require_text("reason", reason), None if by is None else require_text("who revokes", by))

    @property
    def fields(self) -> dict[str, Any]:
        """As entries have them."""
        return {"reason": self.reason, "by": self.by, "signed": self.signed}


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
    said = Said(revocation.reason, by, revocation.to_bytes())
    if revocation.epoch is not None:
        return epoch_revoked(state, revocation.epoch, revocation.keys, said, now)
    return keys_revoked(state, revocation.keys, said, now)


def keys_revoked(state: LogState, numbers: Sequence[int], said: Said, now: int) -> Change:
    """Keys that the log has are used no more. ParameterError for a number that it has not."""
    if not 1 <= numbers[0] <= numbers[-1] <= len(state.issued):
        raise ParameterError(
            f"keys are revoked by their numbers, 1 to {len(state.issued)}, not {list(numbers)[:8]}; one that a "
            "restored log has lost is named with its epoch (--unknown --epoch, revoke_epoch)"
        )
    left = tuple(number for number in numbers if state.revoked.get(number) is None)
    return Change((KeysRevoked(at=now, keys=left, **said.fields),) if left else ())


def epoch_revoked(state: LogState, number: int, keys: Sequence[int], said: Said, now: int) -> Change:
    """An epoch with every key that it ever had, which is retired too; or, by their numbers, keys of a retired epoch
    that the log does not know.

    ParameterError for what is no number of an epoch, and where there is no such epoch; for numbers of keys, where it is
    open and may yet give them, or knows one.
    """
    require_count(number, 1, MOST_NUMBER, "the epoch that is revoked")
    try:
        epoch = state.epoch(number)
    except DecodeError as error:
        raise ParameterError(str(error)) from error
    if keys:
        return _lost_revoked(state, epoch, keys, said, now)
    entries = list[Entry]()
    of_epoch = (each.row.sequence for each in state.issued if each.epoch == number)
    left = tuple(each for each in of_epoch if state.revoked.get(each) is None)
    if left:
        entries.append(KeysRevoked(at=now, keys=left, **said.fields))
    if epoch.retired_at is None:
        entries.append(EpochRetired(at=now, epoch=number, reason=said.reason))
    if not epoch.revoked:
        entries.append(EpochRevoked(at=now, epoch=number, keys=(), **said.fields))
    return Change(tuple(entries))


def _lost_revoked(state: LogState, epoch: Epoch, keys: Sequence[int], said: Said, now: int) -> Change:
    if epoch.retired_at is None:
        raise ParameterError(
            f"epoch {epoch.number} is open, and may give these numbers yet: retire it first, or revoke it whole"
        )
    known = [key for key in keys if 1 <= key <= len(state.issued) and state.key(key).epoch == epoch.number]
    if known or min(keys) < 1 or max(keys) > MOST_NUMBER:
        which = f"key #{known[0]} is in the log: revoke it by its number alone" if known else "1 is the first number"
        raise ParameterError(f"keys that the log does not know are named here, and {which}")
    left = tuple(key for key in keys if key not in epoch.lost)
    return Change((EpochRevoked(at=now, epoch=epoch.number, keys=left, **said.fields),) if left else ())


def clock_change(state: LogState, reason: str, approvals: Sequence[Approval], now: int) -> Change:
    """The clock was ahead when the newest entry was made, and time goes on from now. Under a policy file two people
    have to agree, as to a policy that allows more. ParameterError where the clock is not before that entry."""
    if now >= state.at:
        raise ParameterError(
            f"the clock says {now}, the newest entry of the log {state.at}: there is nothing to set right"
        )
    if now < state.began:
        raise ParameterError(f"the clock says {now}, and the authority began at {state.began}: set the clock right")
    policy, by, kept = state.policy_file, tuple[str, ...](), list[Entry]()
    if policy is not None:
        number, subject = state.epochs[-1].number, clock_subject(state.at, state.setbacks, approvals, now)
        agreed = clock_agreed(policy, subject, approvals, here(state, number, now, approvals))
        if not agreed.enough:
            words = f"the clock is set back under a policy file: {_listed(agreed.refusals)}"
            return _refused(state, state.at, "clock", subject, words)
        given = [each.to_bytes() for each in agreed.approvals]
        kept += [Approved(at=state.at, epoch=number, request_id=subject, signed=each) for each in given]
        by = agreed.by
    return Change((*kept, ClockWasWrong(at=now, newest=state.at, reason=reason, by=by)))


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


def numbers_of(keys: Sequence[int]) -> tuple[int, ...]:
    """Numbers of keys, ascending, each once. ParameterError for anything else."""
    given = list(keys) if isinstance(keys, list | tuple) else []
    if not given or not {int}.issuperset(map(type, given)):
        raise ParameterError(f"keys are revoked by a list of their numbers, not by {keys!r}")
    return tuple(sorted(set(given)))
