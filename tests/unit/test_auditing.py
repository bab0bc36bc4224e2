"""An auditor needs no secret to see that an authority kept to its policy: what it signed all the same is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pyfe import AuditError, KeyAuthority
from pyfe.audit import AuditLog, Checkpoint, Frontier, verify
from pyfe.authority.auditing import audited
from pyfe.authority.entries import (
    Approved,
    Entry,
    EpochRetired,
    KeyIssued,
    PolicySet,
    Requested,
    RequestWithdrawn,
    decode_entry,
    encode_entry,
)
from pyfe.authority.policy_file import PolicyFile
from pyfe.identity import Revocation
from tests.unit.engines import NOW, dense
from tests.unit.people import secret
from tests.unit.test_consent import WIDE, Case, yaml


def signed(authority: KeyAuthority, entries: list[Entry]) -> AuditLog:
    """A log that whoever holds the signing key can always make."""
    key = authority._engine._vault.signing_key
    data = tuple(map(encode_entry, entries))
    log = Frontier().followed_by(data)
    return AuditLog(data, Checkpoint.of(key.public, log.size, log.root).signed(key), key.public)


class Issued:
    """An authority whose policy file two people's approvals satisfied once, and the entries of its log."""

    def __init__(self) -> None:
        self.case = Case()
        self.request = self.case.request()
        self.approvals = self.case.agreed(self.request)
        self.case.authority.issue_signed(self.request, self.approvals)
        self.entries: list[Entry] = [decode_entry(data) for data in self.case.authority.log().entries]

    def at(self, kind: type[Entry]) -> int:
        return next(at for at, entry in enumerate(self.entries) if isinstance(entry, kind))

    def audited(self) -> Any:
        log = signed(self.case.authority, self.entries)
        verify(log)
        return audited(log)


def test_a_log_that_kept_to_its_policy() -> None:
    issued = Issued()
    assert len(issued.audited().issued) == 1
    assert len(audited(issued.case.authority.log()).issued) == 1
    tighter = PolicyFile.from_yaml(yaml(2, **{"days: 30": "days: 7"}))
    issued.case.authority.set_policy(tighter)
    said = Revocation(authority=issued.case.id, reason="lost", at=NOW, keys=(1,)).signed_by(secret("cleo"))
    issued.case.authority.revoke_signed(said)
    other = issued.case.request(dense(WIDE, factor=2))
    issued.case.authority.look(other)
    word = Revocation(authority=issued.case.id, reason="no", at=NOW, request=other.id).signed_by(secret("ada"))
    issued.case.authority.revoke_signed(word)
    audited(issued.case.authority.log())


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
