"""An auditor needs no secret to see that an authority kept to its policy: what it signed all the same is found."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pyfe import AuditError, KeyAuthority
from pyfe.audit import AuditLog, Checkpoint, Frontier, verify
from pyfe.authority.auditing import audited
from pyfe.authority.engine import Plan
from pyfe.authority.entries import (
    Approved,
    ClockWasWrong,
    Created,
    Entry,
    EpochOpened,
    EpochRetired,
    EpochRevoked,
    KeyIssued,
    KeysRevoked,
    Migrated,
    PolicySet,
    Requested,
    RequestWithdrawn,
    decode_entry,
    encode_entry,
)
from pyfe.authority.policy_file import PolicyFile
from pyfe.identity import Revocation
from pyfe.wire.signature import SigningKey
from tests.unit.engines import FREE, NOW, Clock, create, dense, schema, unit
from tests.unit.people import DAY, secret
from tests.unit.test_consent import WIDE, Case, yaml


def signed(authority: KeyAuthority, entries: list[Entry]) -> AuditLog:
    """A log that whoever holds the signing key can always make."""
    key = authority._engine._vault.signing_key
    data = tuple(map(encode_entry, entries))
    log = Frontier().followed_by(data)
    return AuditLog(data, Checkpoint.of(key.public, log.size, log.root).signed(key), key.public)


@functools.cache
def issued_once() -> tuple[Case, Any]:
    """An authority whose policy file two people's approvals satisfied once, and the request."""
    case = Case()
    request = case.request()
    case.authority.issue_signed(request, case.agreed(request))
    return case, request


class Issued:
    """That authority, which is not to be asked for more, and the entries of its log, to be changed."""

    def __init__(self) -> None:
        self.case, self.request = issued_once()
        self.entries: list[Entry] = [decode_entry(data) for data in self.case.authority.log().entries]

    def at(self, kind: type[Entry]) -> int:
        return next(at for at, entry in enumerate(self.entries) if isinstance(entry, kind))

    def audited(self) -> Any:
        log = signed(self.case.authority, self.entries)
        verify(log)
        return audited(log)


def test_a_log_that_kept_to_its_policy() -> None:
    assert len(Issued().audited().issued) == 1
    case, _ = issued_once.__wrapped__()
    assert len(audited(case.authority.log()).issued) == 1
    tighter = PolicyFile.from_yaml(yaml(2, **{"days: 30": "days: 7"}))
    case.authority.set_policy(tighter)
    said = Revocation(authority=case.id, reason="lost", at=NOW, keys=(1,)).signed_by(secret("cleo"))
    case.authority.revoke_signed(said)
    other = case.request(dense(WIDE, factor=2))
    case.authority.look(other)
    word = Revocation(authority=case.id, reason="no", at=NOW, request=other.id).signed_by(secret("ada"))
    case.authority.revoke_signed(word)
    looser = PolicyFile.from_yaml(yaml(3, **{"days: 30": "days: 60"}))
    change = case.authority.change(looser)
    case.authority.set_policy(looser, [change.approval(NOW).signed_by(secret(name)) for name in ("ben", "cleo")])
    case.authority.revoke_signed(
        Revocation(authority=case.id, reason="stolen", at=NOW, epoch=1).signed_by(secret("ben"))
    )
    case.clock.now += 1000
    case.authority.rotate(reason="ahead")
    case.clock.now -= 500
    clock = case.authority.clock_decision()
    given = [clock.approval(NOW + DAY).signed_by(secret(name)) for name in ("ben", "cleo")]
    case.authority.clock_was_wrong(reason="the time server", approvals=given)
    state = audited(case.authority.log())
    assert (state.setbacks, state.at, state.policy_file) == (1, NOW + 500, looser)
    assert state.epoch(1).revoked and state.revoked.get(1) is not None and state.withdrawn.get(other.id)


def test_a_log_without_a_policy_file_needs_nobodys_word() -> None:
    clock, small = Clock(), schema(4)
    engine = create(Plan(small, policy=FREE), clock)
    engine.issue(unit(small, 0), purpose="p")
    engine.revoke([1], reason="lost")
    engine.rotate(small)
    clock.now += 100
    engine.retire(1, reason="ahead")
    clock.now -= 50
    engine.clock_was_wrong(reason="the time server")
    log = engine.log()
    assert (audited(log).size, audited(log).setbacks) == (7, 1)
    said = Revocation(authority=log.authority, reason="lost", at=NOW, keys=(1,)).signed_by(secret("ben"))
    for entry in (
        KeysRevoked(at=NOW + 50, keys=(1,), reason="lost", signed=said.to_bytes()),
        EpochRevoked(at=NOW + 50, epoch=1, keys=(), reason="lost", signed=said.to_bytes()),
        RequestWithdrawn(at=NOW + 50, request_id=bytes(32), reason="no", by=None, signed=said.to_bytes()),
    ):
        with pytest.raises(AuditError, match="entry 7: somebody revoked by a signed word, where no policy file") as no:
            audited(AuditLog((*log.entries, encode_entry(entry)), log.checkpoint, log.verification_key))
        assert (no.value.kind, no.value.entries) == ("consent", (7, 7))
    unsigned = KeysRevoked(at=NOW + 50, keys=(1,), reason="lost")
    assert audited(AuditLog((*log.entries, encode_entry(unsigned)), log.checkpoint, log.verification_key)).size == 8


def test_a_log_that_begins_as_that_of_another_authority() -> None:
    log = create(Plan(schema(4))).log()
    first = encode_entry(Created(at=NOW, verification_key=SigningKey.generate().public))
    with pytest.raises(AuditError, match="begins with the entry of another authority") as caught:
        audited(AuditLog((first, *log.entries[1:]), log.checkpoint, log.verification_key))
    assert caught.value.kind == "authority"


def test_keys_that_were_taken_over_were_decided_on_by_nobody_here() -> None:
    issued = Issued()
    key = issued.entries[issued.at(KeyIssued)]
    assert isinstance(key, KeyIssued)
    issued.entries = [
        *issued.entries[:3],
        Migrated(at=NOW, digest=bytes(32), keys=1),
        replace(key, decision=bytes(32), approvals=()),
    ]
    assert len(issued.audited().issued) == 1


def without(kind: type[Entry]) -> Callable[[Issued], None]:
    def change(issued: Issued) -> None:
        del issued.entries[issued.at(kind)]

    return change


def changed(kind: type[Entry], **fields: Any) -> Callable[[Issued], None]:
    def change(issued: Issued) -> None:
        at = issued.at(kind)
        issued.entries[at] = replace(issued.entries[at], **fields)  # type: ignore[type-var]

    return change


def row(**fields: Any) -> Callable[[Issued], None]:
    def change(issued: Issued) -> None:
        at = issued.at(KeyIssued)
        key = issued.entries[at]
        assert isinstance(key, KeyIssued)
        issued.entries[at] = replace(key, row=replace(key.row, **fields))

    return change


def again(issued: Issued) -> None:
    """A second key of the same approvals."""
    key = issued.entries[issued.at(KeyIssued)]
    assert isinstance(key, KeyIssued)
    issued.entries.append(replace(key, row=replace(key.row, sequence=2), request_id=bytes(32)))


def loosened(issued: Issued) -> None:
    looser = PolicyFile.from_yaml(yaml(2, **{"days: 30": "days: 300"}))
    issued.entries.append(PolicySet(at=NOW, policy=looser.to_dict(), digest=looser.digest, by=("ben", "cleo")))


def withdrawn(by: str) -> Callable[[Issued], None]:
    def change(issued: Issued) -> None:
        word = Revocation(authority=issued.case.id, reason="no", at=NOW, request=bytes(32)).signed_by(secret(by))
        entry = RequestWithdrawn(at=NOW, request_id=bytes(32), reason="no", by=by, signed=word.to_bytes())
        issued.entries.append(entry)

    return change


def word(by: str, **fields: Any) -> bytes:
    own = {"authority": issued_once()[0].id, "reason": "r", "at": NOW}
    return Revocation(**{**own, **fields}).signed_by(secret(by)).to_bytes()


def appended(make: Callable[[], list[Entry]]) -> Callable[[Issued], None]:
    return lambda issued: issued.entries.extend(make())


def another_request(issued: Issued) -> None:
    at = issued.at(Requested)
    issued.entries[at] = replace(issued.entries[at], signed=issued.case.request().to_bytes())  # type: ignore[call-arg]


def one_approval_more(issued: Issued) -> None:
    at = issued.at(KeyIssued)
    key = issued.entries[at]
    assert isinstance(key, KeyIssued)
    issued.entries[at] = replace(key, approvals=(*key.approvals, b"x" * 32))


def later(issued: Issued) -> None:
    """A key issued when the time of its request, and of its approvals, was over."""
    at = issued.at(KeyIssued)
    key, over = issued.entries[at], NOW + DAY + 1
    assert isinstance(key, KeyIssued)
    issued.entries[at] = replace(key, at=over, row=replace(key.row, issued_at=over))


FORGED: dict[str, tuple[Callable[[Issued], None], str]] = {
    "no request": (without(Requested), "without a signed request"),
    "one approval": (without(Approved), "1 of 2 approvals"),
    "an approval that names no key": (changed(KeyIssued, approvals=()), "0 of 2 approvals"),
    "approvals that are not there": (changed(KeyIssued, approvals=(b"x" * 32, b"y" * 32)), "of 2 approvals"),
    "another decision": (changed(KeyIssued, decision=b"x" * 32), "what it agreed to"),
    "an unsigned request": (changed(Requested, signed=None), "without a signed request"),
    "an altered request": (changed(Requested, signed=b"rubbish"), "entry 3"),
    "another purpose": (row(purpose="research"), "not what its request asks for"),
    "another recipient": (row(recipient="dan"), "not what its request asks for"),
    "another function": (row(function_id=b"f" * 32), "not what its request asks for"),
    "ended before it began": (changed(KeyIssued, not_after=NOW - 1), "ended before"),
    "approvals used twice": (again, "used before|without a signed request"),
    "a policy loosened by nobody": (loosened, "allows more"),
    "withdrawn by a stranger": (withdrawn("mallory"), "nobody who may revoke"),
    "another request": (another_request, "entry 3: the request that was signed is another one"),
    "approvals of which one is not there": (one_approval_more, "key #1: approvals that are not in the log"),
    "a key after its request's time": (later, "key #1: expired: its time is over"),
    "keys revoked by a stranger": (
        appended(lambda: [KeysRevoked(at=NOW, keys=(1,), reason="r", signed=word("mallory", keys=(1,)))]),
        "entry 7: revoker: it is signed by nobody who may revoke",
    ),
    "an epoch revoked by a stranger": (
        appended(
            lambda: [
                EpochRetired(at=NOW, epoch=1, reason="r"),
                EpochRevoked(at=NOW, epoch=1, keys=(), reason="r", signed=word("ada", epoch=1)),
            ]
        ),
        "entry 8: revoker: it is signed by nobody who may revoke",
    ),
    "a clock set back by nobody": (
        appended(
            lambda: [
                EpochRetired(at=NOW + 100, epoch=1, reason="r"),
                ClockWasWrong(at=NOW + 50, newest=NOW + 100, reason="r", by=("ben", "cleo")),
            ]
        ),
        "entry 8: the clock was set back: approvals: 0 of 2 approvals",
    ),
    "an epoch without rules": (
        appended(lambda: [EpochOpened(at=NOW, epoch=2, terms=Plan(schema(4), policy=FREE).opened(NOW)[0])]),
        "entry 7: under a policy file an epoch was opened in which the leakage rules are off",
    ),
    "an epoch that there is none": (changed(Approved, epoch=9), "no epoch 9"),
    "a key of a retired epoch": (
        lambda issued: issued.entries.insert(3, EpochRetired(at=NOW, epoch=1, reason="r")), "retired before|retired",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_what_an_authority_signed_against_its_policy_is_found(name: str) -> None:
    change, words = FORGED[name]
    issued = Issued()
    change(issued)
    with pytest.raises(AuditError, match=words) as caught:
        issued.audited()
    assert caught.value.kind == "consent" and caught.value.entries is not None
