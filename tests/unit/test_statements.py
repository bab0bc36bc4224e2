"""Requests, approvals, revocations: every byte signed, one encoding, nothing but what may stand there."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import pytest

from pyfe import DecodeError, ParameterError, SignatureError
from pyfe.identity import Approval, Request, Revocation, Statement
from pyfe.objects import decode
from pyfe.wire.envelope import Envelope, Kind, pack, signed_part, unpack
from tests.unit import people
from tests.unit.people import AUTHORITY, DAY, DECISION, NOW


def revocation(by: str = "cleo", **fields: Any) -> Revocation:
    own = {"authority": AUTHORITY, "keys": (2, 7), "reason": "the laptop was lost", "at": NOW}
    return Revocation(**{**own, **fields}).signed_by(people.secret(by))


FULL = people.request(recipient="evaluation centre", conditions=("deleted after the study",), expires=NOW + 30 * DAY)
STATEMENTS: dict[str, Statement] = {
    "request": FULL,
    "short request": people.request(),
    "approval": people.approval("ben", FULL),
    "revocation": revocation(),
    "revocation of an epoch": revocation(keys=(), epoch=3),
    "revocation of keys of an epoch": revocation(epoch=3),
    "revocation of a request": revocation(keys=(), request=FULL.id),
}


@pytest.mark.parametrize("name", STATEMENTS)
def test_they_come_back(name: str) -> None:
    item = STATEMENTS[name]
    data = item.to_bytes()
    again = type(item).from_bytes(data)
    assert again == item == decode(data) and again.id == item.id and again.to_bytes() == data
    assert pickle.loads(pickle.dumps(item)) == item and hash(again) == hash(item)
    item.require_signed()
    assert item.info()["signer"] == item.signer.hex() and item.id.hex()[:12] in repr(item)


def test_no_two_are_the_same() -> None:
    assert len({people.request().id for _ in range(5)}) == 5
    assert len({people.approval("ben", FULL).nonce for _ in range(5)}) == 5
    assert len({item.id for item in STATEMENTS.values()}) == len(STATEMENTS)


def test_an_approval_repeats_what_stands_in_the_request() -> None:
    made = Approval.of(FULL, decision=DECISION, policy=people.policy().digest, not_after=NOW)
    assert (made.authority, made.epoch, made.conditions) == (FULL.authority, FULL.epoch, FULL.conditions)
    assert made.request == FULL.id


@pytest.mark.parametrize("name", STATEMENTS)
def test_an_altered_field_is_no_longer_signed(name: str) -> None:
    """Every field of every statement, and another signer."""
    item = STATEMENTS[name]
    changes: dict[str, Any] = {
        "authority": bytes(16), "signer": people.secret("eve").identity.ed25519, "epoch": 2, "function": b"g",
        "purpose": "research", "recipient": "ben", "conditions": ("none",), "expires": NOW, "not_after": NOW,
        "nonce": bytes(16), "request": bytes(32), "decision": bytes(32), "policy": bytes(32), "reason": "other",
        "at": NOW - 1, "keys": (3,),
    }  # fmt: skip
    tried = 0
    for field, value in changes.items():
        if getattr(item, field, None) is None:
            continue
        if name.startswith("revocation") and field == "keys" and item.keys == ():  # type: ignore[attr-defined]
            continue
        altered = replace(item, **{field: value})
        tried += 1
        with pytest.raises(SignatureError):
            altered.require_signed()
        with pytest.raises(SignatureError):
            type(item).from_bytes(altered.to_bytes())
    assert tried >= 5


def test_nothing_is_signed_before_it_is() -> None:
    unsigned = Request(authority=AUTHORITY, public_key=bytes(32), epoch=1, function=b"f", purpose="p", not_after=NOW)
    with pytest.raises(SignatureError, match="small order"):
        unsigned.require_signed()
    with pytest.raises(SignatureError):
        Request.from_bytes(unsigned.to_bytes())


def test_a_key_of_small_order_signs_nothing() -> None:
    """Under the key (0, 1) the signature R = 0 B, S = 0 is valid for every message, as RFC 8032 verifies."""
    one = (1).to_bytes(32, "little")
    forged = replace(people.request(), signer=one, signature=one + bytes(32))
    with pytest.raises(SignatureError):
        Request.from_bytes(forged.to_bytes())


def test_one_kind_is_not_read_as_another() -> None:
    for item in STATEMENTS.values():
        for other in {Request, Approval, Revocation} - {type(item)}:
            with pytest.raises(DecodeError, match="not a"):
                other.from_bytes(item.to_bytes())
            frame = unpack(item.to_bytes())
            data = pack(replace(frame, kind=other.kind))
            with pytest.raises((DecodeError, SignatureError)):
                other.from_bytes(data)


BAD: dict[str, tuple[type[Statement], dict[str, Any]]] = {
    "a short authority": (Request, {"authority": bytes(15)}),
    "an authority in text": (Request, {"authority": "a" * 16}),
    "epoch 0": (Request, {"epoch": 0}),
    "a true epoch": (Request, {"epoch": True}),
    "epoch 2^53": (Request, {"epoch": 2**53}),
    "no function": (Request, {"function": b""}),
    "a function in text": (Request, {"function": "f"}),
    "no purpose": (Request, {"purpose": " "}),
    "a long purpose": (Request, {"purpose": "p" * 501}),
    "half a surrogate": (Request, {"purpose": "\ud800"}),
    "no recipient": (Request, {"recipient": ""}),
    "a time before 1970": (Request, {"not_after": -1}),
    "a time after 2106": (Request, {"not_after": 2**32 + 1}),
    "a half second": (Request, {"not_after": 1.5}),
    "an end after 2106": (Request, {"expires": 2**40}),
    "a short nonce": (Request, {"nonce": bytes(15)}),
    "conditions as a list": (Request, {"conditions": ["c"]}),
    "17 conditions": (Request, {"conditions": tuple("c" * 17)}),
    "an empty condition": (Request, {"conditions": ("",)}),
    "a request in text": (Approval, {"request": "r" * 32}),
    "a short decision": (Approval, {"decision": b""}),
    "a short policy": (Approval, {"policy": bytes(33)}),
    "a condition of bytes": (Approval, {"conditions": (b"c",)}),
    "approval in epoch 0": (Approval, {"epoch": 0}),
    "approval for ever": (Approval, {"not_after": 2**33}),
    "an approval's nonce": (Approval, {"nonce": None}),
    "nothing revoked": (Revocation, {"keys": ()}),
    "an epoch and a request": (Revocation, {"keys": (), "epoch": 1, "request": bytes(32)}),
    "keys and a request": (Revocation, {"request": bytes(32)}),
    "keys in disorder": (Revocation, {"keys": (3, 2)}),
    "a key twice": (Revocation, {"keys": (2, 2)}),
    "key 0": (Revocation, {"keys": (0, 1)}),
    "a true key": (Revocation, {"keys": (True,)}),
    "too many keys": (Revocation, {"keys": tuple(range(1, 4098))}),
    "epoch 0 revoked": (Revocation, {"keys": (), "epoch": 0}),
    "a short request": (Revocation, {"keys": (), "request": bytes(31)}),
    "no reason": (Revocation, {"reason": ""}),
    "no day": (Revocation, {"at": None}),
}
GOOD: dict[type[Statement], Statement] = {
    Request: FULL, Approval: STATEMENTS["approval"], Revocation: STATEMENTS["revocation"]
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_what_no_statement_may_say(name: str) -> None:
    """Neither when it is made nor, signed by whoever made it, when it is read."""
    of, change = BAD[name]
    with pytest.raises(ParameterError):
        replace(GOOD[of], **change)
    frame = unpack(GOOD[of].to_bytes())
    listed = {k: list(v) if isinstance(v, tuple) else v for k, v in change.items()}
    if name in ("conditions as a list", "a half second", "half a surrogate", "a function in text"):
        return  # that is how a file has it, or no file can hold it
    metadata = {**frame.metadata, **{k: v for k, v in listed.items() if k != "function"}}
    payload = listed.get("function", bytes(frame.payload))
    unsigned = signed_part(pack(Envelope(frame.kind, 0, bytes(32), bytes(32), payload, metadata, bytes(64))))
    signer = {Request: "ada", Approval: "ben", Revocation: "cleo"}[of]
    with pytest.raises(DecodeError):
        of.from_bytes(unsigned + people.secret(signer).sign(unsigned))


@pytest.mark.parametrize("name", STATEMENTS)
def test_what_else_is_no_statement(name: str) -> None:
    item = STATEMENTS[name]
    frame = unpack(item.to_bytes())
    signer = next(n for n in ("ada", "ben", "cleo") if people.secret(n).identity.ed25519 == item.signer)

    def signed(**changes: Any) -> bytes:
        part = signed_part(pack(replace(frame, **changes)))
        return part + people.secret(signer).sign(part)

    assert type(item).from_bytes(signed()) == item
    missing = {k: v for k, v in frame.metadata.items() if k != "authority"}
    for changes in (
        {"scheme": 1},
        {"public_key_id": b"\1" * 32},
        {"parameter_hash": b"\1" * 32},
        {"metadata": {**frame.metadata, "more": 1}},
        {"metadata": {**frame.metadata, "signature": bytes(64)}},
        {"metadata": missing},
        *([] if item.kind is Kind.REQUEST else [{"payload": b"x"}]),
    ):
        with pytest.raises(DecodeError):
            type(item).from_bytes(signed(**changes))
    with pytest.raises(DecodeError, match="not signed"):
        type(item).from_bytes(pack(replace(frame, signature=b"")))
