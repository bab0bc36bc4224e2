"""What a log comes to: the fold of its entries, one state for each of its lengths.

A state never changes; the next one shares with it what both have (:mod:`pyfe.authority.growing`). So an entry costs the
same after ten entries and after ten thousand, and whoever decides on a state is not disturbed by others who append.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from pyfe.authority.entries import (
    Approved,
    ChangeRefused,
    ClockWasWrong,
    Created,
    Dismissed,
    Entry,
    EpochOpened,
    EpochRetired,
    EpochRevoked,
    KeyIssued,
    KeyReleased,
    KeysRevoked,
    Migrated,
    PassphraseChanged,
    PolicySet,
    Refused,
    Requested,
    RequestWithdrawn,
    Restored,
)
from pyfe.authority.growing import Growing, GrowingMap
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.records import Issued, Terms
from pyfe.authority.records import State as Counted
from pyfe.errors import DecodeError
from pyfe.wire.hashing import HASH_SIZE, tagged_hash

__all__ = ["Epoch", "LogState", "Wanted", "day_of", "refusal_keys"]

Wanted: TypeAlias = tuple[int, bytes, str, str | None]
"""What makes two requests the same one: epoch, function, purpose and recipient."""


@dataclass(frozen=True, eq=False)
class Epoch:
    """One master key: its terms, and what its keys say together.

    ``counted``: the keys that said something new when they were issued, revoked and lost ones too: no more than there
    are independent functions. ``span``: digest of these, in order. ``doubtful``: it is known from a backup, and may
    have keys that the log does not know. ``revoked``: every key that it ever had is; ``lost``: numbers of keys that are
    revoked and not in the log.
    """

    number: int
    terms: Terms
    counted: tuple[Issued, ...] = ()
    span: bytes = bytes(HASH_SIZE)
    keys: int = 0
    retired_at: int | None = None
    doubtful: bool = False
    revoked: bool = False
    lost: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class LogState:
    """An authority after so many entries of its log; no secrets.

    ``answered``: numbers of keys, by the ids of their requests; ``revoked_wanted``: those that were revoked, by what
    was wanted; ``dismissed``: what was said to requests that were not looked at, by their ids; ``released``:
    the newest day on which a key was handed out again, by its number and whom it was sealed for; ``asked``: the signed
    requests, by their ids, empty where nobody signed; ``approvals``: ids of those that were used; ``adopting``: how
    many keys of a sealed file of before have to follow yet; ``setbacks``: how often the clock was set right; ``began``:
    the second of the first entry.
    """

    size: int = 0
    at: int = 0
    verification_key: bytes = b""
    epochs: tuple[Epoch, ...] = ()
    issued: Growing[KeyIssued] = field(default_factory=Growing)
    answered: GrowingMap[bytes, int] = field(default_factory=GrowingMap)
    revoked_wanted: GrowingMap[Wanted, int] = field(default_factory=GrowingMap)
    refusals: GrowingMap[tuple[int, bytes, bytes], Refused] = field(default_factory=GrowingMap)
    told: GrowingMap[bytes, Refused] = field(default_factory=GrowingMap)
    dismissed: GrowingMap[bytes, str] = field(default_factory=GrowingMap)
    released: GrowingMap[tuple[int, bytes | None], int] = field(default_factory=GrowingMap)
    asked: GrowingMap[bytes, bytes] = field(default_factory=GrowingMap)
    withdrawn: GrowingMap[bytes, bool] = field(default_factory=GrowingMap)
    changes_refused: GrowingMap[bytes, str] = field(default_factory=GrowingMap)
    revoked: GrowingMap[int, KeysRevoked] = field(default_factory=GrowingMap)
    policy: PolicySet | None = None
    policy_file: PolicyFile | None = None
    approvals: GrowingMap[bytes, bool] = field(default_factory=GrowingMap)
    recipients: GrowingMap[tuple[int, str | None], int] = field(default_factory=GrowingMap)
    adopting: int = 0
    setbacks: int = 0
    began: int = 0

    def epoch(self, number: int) -> Epoch:
        """One epoch. DecodeError where there is none of the number: no entry may speak of it."""
        if not 1 <= number <= len(self.epochs):
            raise DecodeError(f"there is no epoch {number}; the newest is {len(self.epochs)}")
        return self.epochs[number - 1]

    def epoch_for(self, function: object) -> Epoch:
        """The newest epoch of a function's schema; else the newest, which says what does not fit."""
        schema_id = getattr(function, "schema_id", None)
        fitting = (epoch for epoch in reversed(self.epochs) if epoch.terms.schema.id == schema_id)
        return next(fitting, self.epochs[-1])

    def nearest(self, number: object, function: object) -> Epoch:
        """The epoch of a number, or, where there is none, the one that would be asked."""
        there = type(number) is int and 1 <= number <= len(self.epochs)
        return self.epoch(number) if there else self.epoch_for(function)  # type: ignore[arg-type]

    def counted(self, number: int) -> Counted:
        """What decisions look at."""
        epoch = self.epoch(number)
        return Counted(epoch.terms, epoch.counted, total=len(self.issued), newest=self.at)

    def key(self, number: int) -> KeyIssued:
        """A key by its number. DecodeError where there is none."""
        if not 1 <= number <= len(self.issued):
            raise DecodeError(f"there is no key #{number}; {len(self.issued)} were issued")
        return self.issued[number - 1]

    def followed_by(self, entries: Iterable[Entry]) -> LogState:
        """The state after these entries. DecodeError for one that cannot follow. Cost: constant, an entry."""
        state = self
        for entry in entries:
            if (state.size == 0) != isinstance(entry, Created):
                raise DecodeError(f"entry {state.size} of the log is of kind {entry.kind!r}")
            if state.adopting and not isinstance(entry, KeyIssued):
                raise DecodeError(f"entry {state.size} of the log is no key, and {state.adopting} are to be taken over")
            if entry.at < state.at and not isinstance(entry, ClockWasWrong):
                raise DecodeError(f"entry {state.size} of the log is older than the one before it")
            state = replace(_after(state, entry), size=state.size + 1, at=entry.at)
        return state


def refusal_keys(number: int, function_id: bytes, row_space: bytes, policy: bytes) -> list[tuple[int, bytes, bytes]]:
    """Under what a refusal is remembered: this function, and, for most rules, whatever says the same as it."""
    return [(number, function_id, policy), (number, row_space, policy)]


def _after(state: LogState, entry: Entry) -> LogState:
    match entry:
        case Created():
            return replace(state, verification_key=entry.verification_key, began=entry.at)
        case EpochOpened():
            return _opened(state, entry)
        case EpochRetired():
            epoch = state.epoch(entry.epoch)
            if epoch.retired_at is not None:
                raise DecodeError(f"epoch {entry.epoch} was retired already")
            return _with_epoch(state, replace(epoch, retired_at=entry.at))
        case Migrated():
            if len(state.epochs) != 1 or len(state.issued):
                raise DecodeError("keys are taken over at the beginning of a log, and here it is not")
            return replace(state, adopting=entry.keys)
        case PolicySet():
            return _with_policy(state, entry)
        case Refused():
            return _refused(_asked(state, entry), entry)
        case Dismissed():
            state.epoch(entry.epoch)
            return replace(state, dismissed=state.dismissed.plus(entry.request_id, entry.says))
        case KeyIssued():
            return _issued(state, entry)
        case KeyReleased():
            return _released(state, entry)
        case KeysRevoked():
            return _revoked(state, entry)
        case EpochRevoked():
            return _epoch_revoked(state, entry)
        case ClockWasWrong():
            if entry.newest != state.at or not state.began <= entry.at < state.at:
                raise DecodeError(
                    f"the clock is set back from {entry.newest} to {entry.at}, and the log is at {state.at}"
                )
            return replace(state, setbacks=state.setbacks + 1)
        case Requested():
            return _asked(state, entry)
        case RequestWithdrawn():
            return replace(state, withdrawn=state.withdrawn.plus(entry.request_id, True))
        case ChangeRefused():
            return replace(state, changes_refused=state.changes_refused.plus(entry.subject, entry.says))
        case Restored():
            return state if entry.whole else replace(state, epochs=tuple(map(_doubted, state.epochs)))
        case Approved():
            state.epoch(entry.epoch)
            return state
        case PassphraseChanged():
            return state


def _opened(state: LogState, entry: EpochOpened) -> LogState:
    if entry.epoch != len(state.epochs) + 1:
        raise DecodeError(f"epoch {entry.epoch} follows epoch {len(state.epochs)}")
    if any(epoch.terms.public.id == entry.terms.public.id for epoch in state.epochs):
        raise DecodeError(f"epoch {entry.epoch} has the public key of an epoch before")
    return replace(state, epochs=(*state.epochs, Epoch(entry.epoch, entry.terms)))


def _doubted(epoch: Epoch) -> Epoch:
    return replace(epoch, doubtful=True)


def _asked(state: LogState, entry: Requested | Refused) -> LogState:
    state.epoch(entry.epoch)
    if entry.signed is None and state.asked.get(entry.request_id) is not None:
        return state
    return replace(state, asked=state.asked.plus(entry.request_id, entry.signed or b""))


def _issued(state: LogState, entry: KeyIssued) -> LogState:
    epoch, row = state.epoch(entry.epoch), entry.row
    if row.sequence != len(state.issued) + 1:
        raise DecodeError(
            f"key #{row.sequence} follows {len(state.issued)} keys: rows are missing, doubled or out of order"
        )
    if row.map.n != epoch.terms.schema.n:
        raise DecodeError(f"key #{row.sequence} is of {row.map.n} coordinates, its schema has {epoch.terms.schema.n}")
    if row.issued_at != entry.at and not state.adopting:
        raise DecodeError(f"key #{row.sequence} was issued at another time than it was recorded")
    _require_issuable(state, entry, epoch)
    epoch = replace(epoch, keys=epoch.keys + 1)
    if entry.says_something:
        span = tagged_hash(b"PYFE-V1-span", epoch.span, row.function_id)
        epoch = replace(epoch, counted=(*epoch.counted, row), span=span)
    approvals, before = state.approvals, state.recipients.get((entry.epoch, row.recipient)) or 0
    for used in entry.approvals:
        if approvals.get(used) is not None:
            raise DecodeError(f"key #{row.sequence} was issued by an approval that was used before")
        approvals = approvals.plus(used, True)
    return replace(
        _with_epoch(state, epoch),
        issued=state.issued.plus(entry),
        answered=state.answered.plus(entry.request_id, row.sequence),
        approvals=approvals,
        recipients=state.recipients.plus((entry.epoch, row.recipient), before + 1),
        adopting=max(0, state.adopting - 1),
    )


def _wanted(entry: KeyIssued) -> Wanted:
    return entry.epoch, entry.row.function_id, entry.row.purpose, entry.row.recipient


def _require_issuable(state: LogState, entry: KeyIssued, epoch: Epoch) -> None:
    """DecodeError for a key that no authority issues."""
    name = f"key #{entry.row.sequence}"
    if epoch.retired_at is not None:
        raise DecodeError(f"{name} is of epoch {entry.epoch}, which was retired before")
    if entry.adopted != bool(state.adopting):
        raise DecodeError(f"{name} was taken over, and nothing is taken over here; or it was not, and had to be")
    if state.withdrawn.get(entry.request_id):
        raise DecodeError(f"{name} is of a request that was withdrawn")
    if state.revoked_wanted.get(_wanted(entry)) is not None and not entry.adopted:
        raise DecodeError(f"{name} was revoked for this recipient and purpose before")
    if state.answered.get(entry.request_id) is not None and not entry.adopted:
        raise DecodeError(f"{name} is of a request that has its key")
    if entry.not_after is not None and entry.not_after < entry.at:
        raise DecodeError(f"{name} ended before it was issued")


def _with_policy(state: LogState, entry: PolicySet) -> LogState:
    policy = PolicyFile.from_dict(entry.policy)
    if policy.digest != entry.digest:
        raise DecodeError("a policy was set under another digest than its own")
    if state.policy_file is not None and policy.version <= state.policy_file.version:
        raise DecodeError(f"version {policy.version} of the policy follows version {state.policy_file.version}")
    return replace(state, policy=entry, policy_file=policy)


def _refused(state: LogState, entry: Refused) -> LogState:
    state.epoch(entry.epoch)
    keys = refusal_keys(entry.epoch, entry.function_id, entry.row_space, entry.policy_digest)
    refusals = state.refusals
    for key in keys[: {"request": 0, "function": 1, "row space": 2}[entry.scope]]:
        refusals = refusals.plus(key, entry)
    return replace(state, refusals=refusals, told=state.told.plus(entry.request_id, entry))


def _revoked(state: LogState, entry: KeysRevoked) -> LogState:
    revoked, wanted = state.revoked, state.revoked_wanted
    for number in entry.keys:
        wanted = wanted.plus(_wanted(state.key(number)), number)
        revoked = revoked.plus(number, entry)
    return replace(state, revoked=revoked, revoked_wanted=wanted)


def _released(state: LogState, entry: KeyReleased) -> LogState:
    issued = state.key(entry.key)
    if (entry.request_id, entry.recipient) != (issued.request_id, issued.row.recipient):
        raise DecodeError(f"key #{entry.key} was handed out for another request than its own")
    return replace(state, released=state.released.plus((entry.key, entry.sealed_for), day_of(entry.at)))


def day_of(second: int) -> int:
    """The day (UTC) of a second since 1970."""
    return second // 86_400


def _epoch_revoked(state: LogState, entry: EpochRevoked) -> LogState:
    epoch = state.epoch(entry.epoch)
    if epoch.retired_at is None:
        raise DecodeError(f"epoch {entry.epoch} is open, and gives such numbers yet")
    if not entry.keys:
        return _with_epoch(state, replace(epoch, revoked=True))
    known = next((n for n in entry.keys if n <= len(state.issued) and state.key(n).epoch == entry.epoch), None)
    if known is not None:
        raise DecodeError(f"key #{known} is a key of epoch {entry.epoch} that the log knows")
    return _with_epoch(state, replace(epoch, lost=tuple(sorted({*epoch.lost, *entry.keys}))))


def _with_epoch(state: LogState, epoch: Epoch) -> LogState:
    at = epoch.number - 1
    return replace(state, epochs=(*state.epochs[:at], epoch, *state.epochs[at + 1 :]))
