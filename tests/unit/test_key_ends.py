"""Keys that end: their last second, lists of revoked keys, and what earlier keys say of it."""

from __future__ import annotations

import math
import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pyfe import (
    DecodeError,
    Function,
    FunctionKey,
    KeyAuthority,
    KeyExpiredError,
    KeyMismatchError,
    ParameterError,
    RevocationList,
    SignatureError,
)
from pyfe.authority.entries import decode_entry
from pyfe.objects import decode
from pyfe.text import iso_time, time_text
from pyfe.wire.envelope import NO_ID, Envelope, Kind, pack, signed_part, unpack
from tests.unit import objects
from tests.unit.objects import secrets_of

NOW = 1_700_000_000


@pytest.fixture(scope="module")
def authority() -> KeyAuthority:
    return objects.authority(objects.small_schema())


def function(authority: KeyAuthority, *weights: int) -> Function:
    return Function.from_integers(authority.schema, list(weights), link="logit", classes=("no", "yes"))


ROWS = {"a": [1, 2, 3], "b": [0, 1, 0]}

OPENING: dict[str, Callable[..., Any]] = {
    "decrypt": FunctionKey.decrypt,
    "decision_function": FunctionKey.decision_function,
    "predict_proba": FunctionKey.predict_proba,
    "predict": FunctionKey.predict,
}


@pytest.mark.parametrize("opening", OPENING)
def test_a_key_past_its_last_second_is_refused(authority: KeyAuthority, opening: str) -> None:
    key = authority.issue(function(authority, 3, -1), purpose="ends", not_after=NOW + 10)
    batch = authority.public_key.encrypt(ROWS)
    read = FunctionKey.from_bytes(key.to_bytes(), public_key=authority.public_key)
    assert (read.not_after, read.epoch) == (NOW + 10, 1) and read == key
    for late in (False, True):
        for now in (NOW, NOW + 10, NOW + 10.9) if not late else (NOW + 11, NOW + 1e9):
            if late:
                with pytest.raises(KeyExpiredError, match=r"ended at 2023-11-14T22:13:30.*the clock says"):
                    OPENING[opening](read, batch, clock=lambda now=now: now)
            else:
                assert len(OPENING[opening](read, batch, clock=lambda now=now: now)) == 3
    with pytest.raises(KeyExpiredError):  # by default by the clock of the machine
        OPENING[opening](read, batch)


def test_a_key_without_an_end_asks_no_clock(authority: KeyAuthority) -> None:
    key = authority.issue(function(authority, 3, -1), purpose="for ever")
    assert key.not_after is None and key.info()["not_after"] is None and key.info()["epoch"] == 1

    def never() -> float:
        raise AssertionError

    assert len(key.decrypt(authority.public_key.encrypt(ROWS), clock=never)) == 3


@pytest.mark.parametrize("now", [math.nan, math.inf, "noon", None])
def test_a_clock_that_tells_no_time_opens_nothing(authority: KeyAuthority, now: Any) -> None:
    key = authority.issue(function(authority, 3, -1), purpose="ends", not_after=NOW + 10)
    with pytest.raises(ParameterError, match="tells no time"):
        key.require_usable(lambda: now)


@pytest.mark.parametrize("end", [-1, 2**32 + 1, 1.5, "noon", True])
def test_ends_that_are_none(authority: KeyAuthority, end: Any) -> None:
    with pytest.raises(ParameterError, match="not_after is a second since 1970"):
        authority.issue(function(authority, 3, -1), purpose="p", not_after=end)


def test_a_key_that_would_have_ended_is_no_key_and_the_log_says_who_asked(authority: KeyAuthority) -> None:
    size = len(authority.log())
    with pytest.raises(ParameterError, match="would have ended"):
        authority.issue(function(authority, 3, -1), purpose="p", not_after=NOW - 1)
    assert [decode_entry(entry).kind for entry in authority.log().entries[size:]] == ["dismissed"]


def test_another_end_is_another_key(authority: KeyAuthority) -> None:
    first, again, later = (
        authority.issue(function(authority, 2, 1), purpose="end", not_after=NOW + more) for more in (5, 5, 6)
    )
    assert first == again and later.sequence == first.sequence + 1


def test_keys_of_earlier_versions_have_neither_and_are_written_as_they_were(authority: KeyAuthority) -> None:
    key = authority.issue(function(authority, 3, -1), purpose="ends", not_after=NOW + 10)
    sign = secrets_of(authority).signing_key.sign
    unsigned = replace(key, epoch=None, not_after=None)
    earlier = replace(unsigned, signature=sign(signed_part(unsigned.to_bytes()))).to_bytes()
    assert b"not_after" not in earlier and b"epoch" not in earlier
    read = FunctionKey.from_bytes(earlier, public_key=authority.public_key)
    assert read.to_bytes() == earlier and (read.epoch, read.not_after) == (None, None)
    assert len(read.decrypt(authority.public_key.encrypt(ROWS))) == 3 and "epoch" not in read.info()


@pytest.mark.parametrize(
    "change",
    [{"epoch": 0}, {"epoch": 2**53}, {"epoch": None}, {"not_after": -1}, {"not_after": 2**41}, {"not_after": "soon"}],
)
def test_other_epochs_and_ends_are_not_read(authority: KeyAuthority, change: dict[str, Any]) -> None:
    envelope = unpack(authority.issue(function(authority, 3, -1), purpose="ends", not_after=NOW + 10).to_bytes())
    with pytest.raises(DecodeError):
        FunctionKey.from_bytes(pack(replace(envelope, metadata={**envelope.metadata, **change})))
    for missing in ("epoch", "not_after"):
        left = {name: value for name, value in envelope.metadata.items() if name != missing}
        with pytest.raises(DecodeError):
            FunctionKey.from_bytes(pack(replace(envelope, metadata=left)))


@pytest.mark.parametrize("name", ["issued_at", "not_after"])
def test_seconds_that_no_calendar_knows_are_shown_as_seconds(authority: KeyAuthority, name: str) -> None:
    envelope = unpack(authority.issue(function(authority, 3, -1), purpose="ends", not_after=NOW + 10).to_bytes())
    key = FunctionKey.from_bytes(pack(replace(envelope, metadata={**envelope.metadata, name: 2**40})))
    assert key.info()[name] == f"second {2**40}"
    with pytest.raises(KeyExpiredError, match=f"the clock says second {2**40}"):
        replace(key, not_after=0).require_usable(clock=lambda: 2.0**40)
    assert iso_time(253_402_300_799) == "9999-12-31T23:59:59+00:00" and iso_time(253_402_300_800).startswith("second ")
    assert time_text(-62_135_596_800) == "0001-01-01 00:00:00 UTC" and time_text(-(2**70)) == f"second {-(2**70)}"


# -- lists of revoked keys --


@pytest.fixture
def revoking() -> KeyAuthority:
    authority = objects.authority(objects.small_schema())
    for at in range(3):
        authority.issue(function(authority, 1, at + 1), purpose="p")
    authority.revoke([2], reason="lost")
    return authority


def test_a_key_on_the_list_is_refused(revoking: KeyAuthority) -> None:
    keys = [revoking.issue(function(revoking, 1, at + 1), purpose="p") for at in (0, 2)]
    lost = revoking.issue(function(revoking, 1, 2), purpose="another purpose")
    revoking.revoke([lost.sequence], reason="lost too")
    public = revoking.public_key
    listed = RevocationList.from_bytes(revoking.revocation_list().to_bytes(), public_key=public)
    assert listed.keys == (2, 4) and listed.verified and listed.size == len(revoking.log()) and listed.at == NOW
    batch = public.encrypt(ROWS)
    for key in keys:
        assert len(key.decrypt(batch, revoked=listed)) == 3
    with pytest.raises(KeyExpiredError, match="key #4 was revoked by its authority"):
        lost.decrypt(batch, revoked=listed)
    for opening in OPENING.values():
        with pytest.raises(KeyExpiredError):
            opening(lost, batch, revoked=listed)
    assert len(lost.decrypt(batch)) == 3  # whoever does not look


def test_a_list_is_for_keys_of_its_authority_and_verified(revoking: KeyAuthority, authority: KeyAuthority) -> None:
    key = revoking.issue(function(revoking, 1, 1), purpose="p")
    batch = revoking.public_key.encrypt(ROWS)
    data = revoking.revocation_list().to_bytes()
    unverified = RevocationList.from_bytes(data)
    assert "UNVERIFIED" in repr(unverified) and pickle.loads(pickle.dumps(unverified)) == unverified
    with pytest.raises(ParameterError, match="is not verified"):
        key.decrypt(batch, revoked=unverified)
    assert unverified.verify(revoking.public_key).keys == (2,)
    with pytest.raises(KeyMismatchError, match="another authority"):
        RevocationList.from_bytes(data, public_key=authority.public_key)
    with pytest.raises(KeyMismatchError, match="of another authority than the key"):
        key.decrypt(batch, revoked=authority.revocation_list())
    forged = replace(unverified, keys=())
    with pytest.raises(SignatureError):
        forged.verify(revoking.public_key)
    with pytest.raises(ParameterError, match="public_key is a"):
        unverified.verify(key)  # type: ignore[arg-type]


def test_a_list_covers_all_epochs(revoking: KeyAuthority) -> None:
    old, before = revoking.public_key, revoking.revocation_list()
    revoking.rotate()
    key = revoking.issue(function(revoking, 1, 2), purpose="p")
    with pytest.raises(KeyMismatchError, match="older than the key's epoch"):
        key.require_usable(revoked=before)
    newest = RevocationList.from_bytes(revoking.revocation_list().to_bytes(), public_key=old)
    key.require_usable(revoked=newest)
    assert set(newest.public_keys) == {old.id, revoking.public_key.id}


def test_a_list_is_one_encoding(revoking: KeyAuthority) -> None:
    listed = revoking.revocation_list()
    data = listed.to_bytes()
    again = decode(data)
    assert isinstance(again, RevocationList) and again.to_bytes() == data and again.info()["keys"] == [2]
    envelope = unpack(data)
    changes: list[dict[str, Any]] = [
        {"keys": [2, 1]}, {"keys": [2, 2]}, {"keys": [0]}, {"keys": ["2"]}, {"keys": [2**53]}, {"keys": 2},
        {"public_keys": []}, {"public_keys": [b"short"]}, {"public_keys": [bytes(32)] * 2}, {"at": -1}, {"at": 2**33},
        {"size": 0}, {"verification_key": b"x"}, {"more": 1},
    ]  # fmt: skip
    for change in changes:
        with pytest.raises(DecodeError):
            RevocationList.from_bytes(pack(replace(envelope, metadata={**envelope.metadata, **change})))
    for wrong in (
        replace(envelope, signature=b""),
        replace(envelope, payload=b"x"),
        replace(envelope, scheme=1),
        Envelope(Kind.REVOCATION, 0, NO_ID, NO_ID, b"", envelope.metadata, envelope.signature),
    ):
        with pytest.raises(DecodeError):
            RevocationList.from_bytes(pack(wrong))


def test_the_default_clock_is_that_of_the_machine(authority: KeyAuthority) -> None:
    future = int(time.time()) + 1000
    key = authority.issue(function(authority, 1, 3), purpose="future", not_after=future)
    key.require_usable()
