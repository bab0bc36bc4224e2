"""The entries of an authority's log as bytes, and the lists and maps that states share."""

from __future__ import annotations

import functools
import random
from typing import Any

import cbor2
import numpy as np
import pytest

from pyfe.authority.entries import (
    KINDS,
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
    decode_entry,
    encode_entry,
)
from pyfe.authority.growing import Growing, GrowingMap
from pyfe.authority.records import Issued
from pyfe.errors import DecodeError
from pyfe.function import LinearMap
from tests.unit.engines import NOW, create, schema

MAP = LinearMap(np.array([[1, -2, 0]], dtype=np.int64))
ROW = Issued(1, NOW, "p", None, "default", bytes(32), MAP, ("found",))
ASKED: dict[str, Any] = {
    "epoch": 1,
    "request_id": bytes(32),
    "function_id": bytes(32),
    "purpose": "p",
    "recipient": None,
}
DIGESTS: dict[str, Any] = {"span": bytes(32), "row_space": b"r" * 32, "policy_digest": b"p" * 32}


@functools.cache
def samples() -> list[Entry]:
    terms = create().state.epochs[0].terms
    return [
        Created(at=NOW, verification_key=b"k" * 32),
        EpochOpened(at=NOW, epoch=1, terms=terms),
        EpochRetired(at=NOW, epoch=1, reason="r"),
        PolicySet(at=NOW, policy={"version": 1}, digest=b"d" * 32, by=("ada", "ben")),
        Requested(at=NOW, **ASKED, asked="check"),
        Requested(at=NOW, **ASKED, asked="issue", signed=b"file"),
        Refused(
            at=NOW, **ASKED, **DIGESTS, asked="issue", map=MAP, rule="2", figure="1.5", limit=None,
            scope="function", says="all", told="some",
        ),
        Approved(at=NOW, epoch=1, request_id=bytes(32), signed=b"file"),
        KeyIssued(
            at=NOW, epoch=1, row=ROW, request_id=bytes(32), policy_digest=bytes(32), decision=bytes(32),
            says_something=True, not_after=NOW + 1, approvals=(b"n" * 32,),
        ),
        KeysRevoked(at=NOW, keys=(1, 3), reason="lost", by="ada"),
        RequestWithdrawn(at=NOW, request_id=bytes(32), reason="not needed", by=None, signed=b"file"),
        ChangeRefused(at=NOW, what="policy", subject=b"d" * 32, says="too few"),
        Migrated(at=NOW, digest=bytes(32), keys=4),
        Restored(at=NOW, head="head", reason="a disk", whole=False),
        Dismissed(at=NOW, **ASKED, asked="check", error="ParameterError", says="it is wide", signer=b"k" * 32),
        KeyReleased(at=NOW, key=1, request_id=bytes(32), recipient="ben", sealed_for=b"k" * 32),
        EpochRevoked(at=NOW, epoch=1, keys=(1, 3), reason="lost", by="ada", signed=b"file"),
        ClockWasWrong(at=NOW, newest=NOW + 9, reason="the time server", by=("ada", "ben")),
        PassphraseChanged(at=NOW),
    ]  # fmt: skip


def test_every_kind_of_entry_comes_back_as_it_was() -> None:
    kinds = set()
    for entry in samples():
        data = encode_entry(entry)
        again = decode_entry(data)
        assert encode_entry(again) == data and type(again) is type(entry)
        assert cbor2.loads(data) == {"at": NOW, "kind": entry.kind, **entry.fields()}
        kinds.add(entry.kind)
    assert kinds == set(KINDS) and len(kinds) == 18


def test_what_is_not_exactly_an_entry_is_refused() -> None:
    for entry in samples():
        values = cbor2.loads(encode_entry(entry))
        for name in values:
            without = {key: value for key, value in values.items() if key != name}
            for wrong in (without, {**values, name: 1.5}, {**values, name: [[]]}, {**values, "unknown": 1}):
                if wrong != values:
                    with pytest.raises(DecodeError):
                        decode_entry(cbor2.dumps(wrong, canonical=True))
    issued = cbor2.loads(encode_entry(samples()[8]))
    revoked = cbor2.loads(encode_entry(samples()[9]))
    for wrong in (
        {**issued, "at": NOW - 1},
        {**issued, "not_after": 2**33},
        {**issued, "epoch": 0},
        {**issued, "approvals": ["text"]},
        *({**revoked, "keys": keys} for keys in ([], [0], [2, 1], [1, 1], [True])),
    ):
        with pytest.raises(DecodeError):
            decode_entry(cbor2.dumps(wrong, canonical=True))


def changed(kind: str, /, **fields: Any) -> bytes:
    """A sample of the kind with other fields."""
    (entry,) = [each for each in samples() if each.kind == kind][-1:]
    return cbor2.dumps({**cbor2.loads(encode_entry(entry)), **fields}, canonical=True)


FAULTS: list[tuple[str, dict[str, Any], str]] = [
    ("approved", {"kind": "forgotten"}, "log entry: unknown kind 'forgotten'"),
    ("approved", {"at": 2**32 + 1}, "field 'at' is 4294967297, must be 0 to 4294967296"),
    ("approved", {"at": -1}, "field 'at' is -1"),
    ("approved", {"epoch": 2**53}, "field 'epoch'"),
    ("change refused", {"what": "key"}, "a change is one of clock, epoch, policy, revocation"),
    ("refused", {"scope": "epoch"}, "no refusal holds for a 'epoch'"),
    ("refused", {"asked": "look"}, "nothing is asked by 'look'"),
    ("clock was wrong", {"newest": 2**32 + 1}, "field 'newest'"),
    ("clock was wrong", {"by": ["ada", 5]}, "field 'by' is not a list of texts"),
    ("clock was wrong", {"by": "ada"}, "field 'by' is not a list"),
    ("released", {"key": 0}, "field 'key' is 0, must be 1 to"),
    ("revoked", {"keys": []}, "it revokes no key"),
    ("revoked", {"keys": [2, 1]}, "revoked keys are their numbers, ascending"),
    ("epoch revoked", {"keys": [0, 1]}, "revoked keys are their numbers, ascending"),
    ("epoch revoked", {"keys": [3, 3]}, "revoked keys are their numbers, ascending"),
    ("migrated", {"keys": -1}, "field 'keys'"),
    ("issued", {"not_after": 2**32 + 1}, "the last second of a key is 4294967297"),
    ("issued", {"not_after": -1}, "the last second of a key is -1"),
    ("issued", {"approvals": [b"n" * 31]}, "an approval is named by its id, 32 bytes"),
    ("issued", {"at": NOW - 1}, "a key was issued later than it was recorded"),
    ("passphrase changed", {"by": "ada"}, "unknown field 'by'"),
]


@pytest.mark.parametrize(("kind", "fields", "words"), FAULTS)
def test_what_an_entry_cannot_say(kind: str, fields: dict[str, Any], words: str) -> None:
    assert decode_entry(changed(kind))
    with pytest.raises(DecodeError, match=words):
        decode_entry(changed(kind, **fields))


GOOD: list[tuple[str, dict[str, Any]]] = [
    ("approved", {"at": 0}),
    ("approved", {"at": 2**32}),
    ("approved", {"epoch": 2**53 - 1}),
    ("clock was wrong", {"newest": 0}),
    ("clock was wrong", {"newest": 2**32}),
    ("epoch revoked", {"keys": []}),
    ("revoked", {"keys": [1]}),
    ("released", {"key": 2**53 - 1, "sealed_for": None}),
    ("issued", {"not_after": 0}),
    ("issued", {"not_after": 2**32}),
    ("issued", {"at": NOW + 1}),
    ("issued", {"approvals": []}),
]


@pytest.mark.parametrize(("kind", "fields"), GOOD)
def test_what_it_can_say_at_the_edge(kind: str, fields: dict[str, Any]) -> None:
    data = changed(kind, **fields)
    assert encode_entry(decode_entry(data)) == data


def test_what_is_read_is_what_would_be_written() -> None:
    """A finding that is a number is read as its text, which is written otherwise."""
    issued = cbor2.loads(changed("issued"))
    with pytest.raises(DecodeError, match="not written as this version writes it"):
        decode_entry(changed("issued", row={**issued["row"], "findings": [5]}))
    assert decode_entry(changed("issued", decision=b"d" * 32)).adopted is False  # type: ignore[union-attr]
    assert decode_entry(changed("issued", decision=bytes(32))).adopted is True  # type: ignore[union-attr]


def test_lists_and_maps_that_grow_keep_what_they_were() -> None:
    draw = random.Random(3)
    lists: list[tuple[Growing[int], list[int]]] = [(Growing(), [])]
    maps: list[tuple[GrowingMap[int, int], dict[int, int]]] = [(GrowingMap(), {})]
    for value in range(300):  # often the newest is followed, sometimes an older one
        back = draw.choice((1, 1, 1, min(9, len(lists))))
        grown, plain = lists[-back]
        lists.append((grown.plus(value), [*plain, value]))
        map_, dict_ = maps[-back]
        key = draw.randrange(20)
        maps.append((map_.plus(key, value), {**dict_, key: value}))
    for grown, plain in lists:
        assert list(grown) == plain and len(grown) == len(plain) and grown[-3:] == plain[-3:]
        assert not plain or (grown[0], grown[-1]) == (plain[0], plain[-1])
        with pytest.raises(IndexError):
            grown[len(plain)]
    for map_, dict_ in maps:
        assert {key: map_.get(key) for key in range(20)} == {key: dict_.get(key) for key in range(20)}


def test_a_schema_of_many_columns_is_one_entry() -> None:
    terms = create().state.epochs[0].terms
    assert decode_entry(encode_entry(EpochOpened(at=NOW, epoch=1, terms=terms))).terms.schema.id == schema().id  # type: ignore[union-attr]
