"""What a log comes to: which entries may stand after which, to the second and to the number; and what they change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pyfe import DecodeError, KeyAuthority
from pyfe.authority.engine import Engine, Plan
from pyfe.authority.entries import (
    Approved,
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
)
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.state import LogState, day_of, refusal_keys
from tests.unit.engines import FREE, NOW, Clock, create, dense, schema, unit
from tests.unit.test_consent import WIDE, Case, yaml

SMALL = schema(6)
ASKED: dict[str, Any] = {
    "epoch": 1, "request_id": b"q" * 32, "function_id": b"f" * 32, "purpose": "p", "recipient": None, "asked": "issue",
}  # fmt: skip


def made() -> Engine:
    """An authority with two keys."""
    clock = Clock()
    engine = create(Plan(SMALL, policy=FREE), clock)
    clock.now += 10
    for at in range(2):
        engine.issue(unit(SMALL, at), purpose="p", recipient="ada")
    return engine


def entries(engine: Engine) -> list[Any]:
    return [decode_entry(data) for data in engine.log().entries]


ENGINE = made()
CREATED, OPENED, FIRST, SECOND = entries(ENGINE)
STATE = ENGINE.state
AT = NOW + 10
OTHER = create(Plan(SMALL, policy=FREE)).state.epochs[0].terms


def third(**fields: Any) -> KeyIssued:
    """A good next key, or one that is not."""
    row = {"sequence": 3, **fields.pop("row", {})}
    issued = replace(SECOND, request_id=b"3" * 32, row=replace(SECOND.row, **row), **fields)
    assert isinstance(issued, KeyIssued)
    return issued


def refused(state: LogState, entry: Entry, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        state.followed_by([entry])


# -- the beginning and the order --


def test_a_log_begins_once() -> None:
    state = LogState().followed_by([CREATED])
    assert (state.size, state.at, state.began, state.verification_key) == (1, NOW, NOW, CREATED.verification_key)
    refused(LogState(), OPENED, "entry 0 of the log is of kind 'epoch opened'")
    refused(state, CREATED, "entry 1 of the log is of kind 'created'")
    assert LogState().followed_by([CREATED, OPENED, FIRST, SECOND]).size == STATE.size == 4


def test_no_entry_is_older_than_the_one_before() -> None:
    refused(STATE, EpochRetired(at=AT - 1, epoch=1, reason="r"), "entry 4 of the log is older than the one before")
    after = STATE.followed_by([EpochRetired(at=AT, epoch=1, reason="r")])
    assert (after.at, after.size, after.epochs[0].retired_at) == (AT, 5, AT)
    assert STATE.epochs[0].retired_at is None, "a state never changes"


def test_epochs_are_opened_in_order_each_with_a_key_of_its_own() -> None:
    opened = EpochOpened(at=AT, epoch=2, terms=OTHER)
    assert STATE.followed_by([opened]).epochs[1].terms is OTHER
    for number in (1, 3):
        refused(STATE, replace(opened, epoch=number), f"epoch {number} follows epoch 1")
    refused(STATE, replace(opened, terms=OPENED.terms), "epoch 2 has the public key of an epoch before")


def test_an_epoch_is_retired_once() -> None:
    retired = EpochRetired(at=AT, epoch=1, reason="r")
    refused(STATE.followed_by([retired]), retired, "epoch 1 was retired already")
    for number in (0, 2):
        refused(STATE, replace(retired, epoch=number), f"there is no epoch {number}; the newest is 1")


# -- keys --


def test_a_key_follows_the_one_before_it() -> None:
    after = STATE.followed_by([third()])
    assert [entry.row.sequence for entry in after.issued] == [1, 2, 3] and after.epochs[0].keys == 3
    assert after.answered.get(b"3" * 32) == 3 and after.recipients.get((1, "ada")) == 3
    assert len(after.epochs[0].counted) == 3 and after.epochs[0].span != STATE.epochs[0].span
    assert after.counted(1).total == 3 and after.counted(1).newest == AT
    nothing = STATE.followed_by([third(says_something=False)])
    assert nothing.epochs[0].counted == STATE.epochs[0].counted and nothing.epochs[0].span == STATE.epochs[0].span
    assert nothing.epochs[0].keys == 3


WRONG_KEYS: dict[str, tuple[KeyIssued, str]] = {
    "a number again": (third(row={"sequence": 2}), "key #2 follows 2 keys: rows are missing"),
    "a number left out": (third(row={"sequence": 4}), "key #4 follows 2 keys"),
    "of another schema": (third(row={"map": dense(schema(7)).map}), "key #3 is of 7 coordinates, its schema has 6"),
    "of another second": (third(at=AT + 1), "key #3 was issued at another time"),
    "of no epoch": (third(epoch=2), "no epoch 2"),
    "that ended": (third(not_after=AT - 1), "key #3 ended before it was issued"),
    "taken over": (third(decision=bytes(32)), "key #3 was taken over, and nothing is taken over here"),
    "of a request with a key": (replace(third(), request_id=FIRST.request_id), "key #3 is of a request that has its"),
    "by an approval used twice": (third(approvals=(b"a" * 32, b"a" * 32)), "key #3 was issued by an approval that was"),
}


@pytest.mark.parametrize("wrong", WRONG_KEYS)
def test_keys_that_no_authority_issues(wrong: str) -> None:
    refused(STATE, *WRONG_KEYS[wrong])


def test_a_key_may_end_in_the_second_of_its_issue() -> None:
    assert STATE.followed_by([third(not_after=AT)]).issued[2].not_after == AT


def test_no_key_of_a_retired_epoch_a_withdrawn_request_or_what_was_revoked() -> None:
    retired = STATE.followed_by([EpochRetired(at=AT, epoch=1, reason="r")])
    refused(retired, third(), "key #3 is of epoch 1, which was retired before")
    withdrawn = STATE.followed_by([RequestWithdrawn(at=AT, request_id=b"3" * 32, reason="r", by=None, signed=b"s")])
    refused(withdrawn, third(), "key #3 is of a request that was withdrawn")
    assert withdrawn.followed_by([replace(third(), request_id=b"4" * 32)]).epochs[0].keys == 3
    revoked = STATE.followed_by([KeysRevoked(at=AT, keys=(2,), reason="r")])
    refused(revoked, third(), "key #3 was revoked for this recipient and purpose before")
    assert revoked.followed_by([third(row={"purpose": "another"})]).epochs[0].keys == 3
    assert revoked.followed_by([third(row={"recipient": "ben"})]).recipients.get((1, "ben")) == 1


def test_an_approval_is_used_once() -> None:
    after = STATE.followed_by([third(approvals=(b"a" * 32, b"b" * 32))])
    assert after.approvals.get(b"a" * 32) and after.approvals.get(b"b" * 32) and not after.approvals.get(b"c" * 32)
    fourth = replace(third(row={"sequence": 4}), request_id=b"4" * 32)
    refused(after, replace(fourth, approvals=(b"c" * 32, b"b" * 32)), "key #4 was issued by an approval")
    assert len(after.followed_by([replace(fourth, approvals=(b"c" * 32,))]).issued) == 4


# -- keys that are taken over --


def adopted(number: int, **fields: Any) -> KeyIssued:
    issued = replace(third(row={"sequence": number, "issued_at": NOW - 500}), decision=bytes(32), **fields)
    assert isinstance(issued, KeyIssued)
    return issued


def test_keys_are_taken_over_at_the_beginning_and_all_of_them() -> None:
    begun = LogState().followed_by([CREATED, OPENED])
    migrated = Migrated(at=AT, digest=bytes(32), keys=2)
    adopting = begun.followed_by([migrated])
    assert adopting.adopting == 2
    refused(adopting, EpochRetired(at=AT, epoch=1, reason="r"), "entry 3 of the log is no key, and 2 are to be taken")
    refused(adopting, third(row={"sequence": 1}), "nothing is taken over here; or it was not, and had to be")
    one = adopting.followed_by([adopted(1)])
    assert one.adopting == 1
    whole = one.followed_by([adopted(2)])  # the same request again: earlier versions answered it anew
    assert whole.adopting == 0 and whole.epochs[0].keys == 2
    refused(whole, replace(third(), decision=bytes(32)), "nothing is taken over here")
    refused(whole, adopted(3), "key #3 was issued at another time than it was recorded")
    assert whole.followed_by([EpochRetired(at=AT, epoch=1, reason="r")]).epochs[0].retired_at == AT
    two = begun.followed_by([EpochOpened(at=AT, epoch=2, terms=OTHER)])
    for state in (STATE, two, LogState().followed_by([CREATED])):
        refused(state, migrated, "keys are taken over at the beginning of a log")
    assert begun.followed_by([replace(migrated, keys=0)]).adopting == 0


# -- looking up --


def test_epochs_and_keys_by_their_numbers() -> None:
    assert STATE.epoch(1).number == 1
    assert [STATE.key(number).request_id for number in (1, 2)] == [FIRST.request_id, SECOND.request_id]
    for number in (0, -1, 2):
        with pytest.raises(DecodeError, match=f"there is no epoch {number}; the newest is 1"):
            STATE.epoch(number)
    for number in (0, -1, 3):
        with pytest.raises(DecodeError, match=f"there is no key #{number}; 2 were issued"):
            STATE.key(number)


def test_the_epoch_that_is_asked() -> None:
    engine = create(Plan(SMALL, policy=FREE))
    for wider in (schema(7), SMALL, schema(8)):
        engine.rotate(Plan(wider, policy=FREE))
    state = engine.state
    assert [state.epoch_for(unit(schema(n), 0)).number for n in (6, 7, 8)] == [3, 2, 4]
    for nothing in (unit(schema(9), 0), None, "no function"):
        assert state.epoch_for(nothing).number == 4, "the newest, which says what does not fit"
    fitting = unit(schema(7), 0)
    assert [state.nearest(number, fitting).number for number in (1, 3, 4)] == [1, 3, 4]
    for nothing in (0, 5, -1, None, "1", 1.0, True):
        assert state.nearest(nothing, fitting).number == 2, "that of the function"


# -- refusals, requests and what is said of them --


def refusal(**fields: Any) -> Refused:
    own: dict[str, Any] = {
        "at": AT, "map": FIRST.row.map, "rule": "2", "figure": None, "limit": None, "span": bytes(32),
        "row_space": b"r" * 32, "policy_digest": b"p" * 32, "scope": "row space", "says": "all", "told": "some",
    }  # fmt: skip
    return Refused(**{**ASKED, **own, **fields})


@pytest.mark.parametrize(("scope", "held"), [("request", 0), ("function", 1), ("row space", 2)])
def test_how_far_a_refusal_holds(scope: Any, held: int) -> None:
    entry = refusal(scope=scope)
    after = STATE.followed_by([entry])
    keys = refusal_keys(1, b"f" * 32, b"r" * 32, b"p" * 32)
    assert keys == [(1, b"f" * 32, b"p" * 32), (1, b"r" * 32, b"p" * 32)]
    assert [after.refusals.get(key) == entry for key in keys] == [True] * held + [False] * (2 - held)
    assert after.told.get(b"q" * 32) == entry and after.asked.get(b"q" * 32) == b""
    refused(STATE, replace(entry, epoch=2), "no epoch 2")


def test_who_signed_a_request_is_not_forgotten() -> None:
    signed, unsigned = Requested(at=AT, **ASKED, signed=b"file"), Requested(at=AT, **ASKED)
    assert STATE.followed_by([unsigned]).asked.get(b"q" * 32) == b""
    assert STATE.followed_by([signed, unsigned]).asked.get(b"q" * 32) == b"file"
    assert STATE.followed_by([unsigned, signed]).asked.get(b"q" * 32) == b"file"
    assert STATE.followed_by([signed, replace(signed, signed=b"other")]).asked.get(b"q" * 32) == b"other"
    for entry in (signed, Approved(at=AT, epoch=1, request_id=bytes(32), signed=b"s")):
        refused(STATE, replace(entry, epoch=2), "no epoch 2")


def test_what_was_not_looked_at() -> None:
    entry = Dismissed(at=AT, **ASKED, error="ParameterError", says="it is wide")
    assert STATE.followed_by([entry]).dismissed.get(b"q" * 32) == "it is wide"
    refused(STATE, replace(entry, epoch=2), "no epoch 2")


def test_entries_that_change_nothing_but_the_size() -> None:
    for entry in (PassphraseChanged(at=AT), Approved(at=AT, epoch=1, request_id=bytes(32), signed=b"s")):
        after = STATE.followed_by([entry])
        assert (after.size, after.at) == (STATE.size + 1, AT)
        for name in ("epochs", "issued", "told", "asked", "approvals", "answered", "refusals"):
            assert getattr(after, name) is getattr(STATE, name)


# -- releases, revocations, restores, clocks --


def test_a_key_is_handed_out_by_its_own_request() -> None:
    good = KeyReleased(at=86_400 * (AT // 86_400 + 1), key=2, request_id=SECOND.request_id, recipient="ada")
    after = STATE.followed_by([good, replace(good, at=good.at + 86_399, sealed_for=b"k" * 32)])
    assert after.released.get((2, None)) == after.released.get((2, b"k" * 32)) == good.at // 86_400
    assert (day_of(86_399), day_of(86_400)) == (0, 1)
    for wrong in (replace(good, request_id=FIRST.request_id), replace(good, recipient=None)):
        refused(STATE, wrong, "key #2 was handed out for another request than its own")
    for number in (0, 3):
        refused(STATE, replace(good, key=number), f"there is no key #{number}")


def test_revoked_keys_and_what_was_wanted_by_them() -> None:
    entry = KeysRevoked(at=AT, keys=(1, 2), reason="r")
    after = STATE.followed_by([entry])
    assert [after.revoked.get(number) for number in (1, 2)] == [entry, entry]
    assert after.revoked_wanted.get((1, FIRST.row.function_id, "p", "ada")) == 1
    assert after.revoked_wanted.get((1, SECOND.row.function_id, "p", "ada")) == 2
    assert len(after.epochs[0].counted) == 2, "they count as before"
    refused(STATE, replace(entry, keys=(2, 3)), "there is no key #3")


def test_epochs_are_revoked_whole_or_by_numbers_that_the_log_has_not() -> None:
    whole = EpochRevoked(at=AT, epoch=1, keys=(), reason="r")
    refused(STATE, whole, "epoch 1 is open, and gives such numbers yet")
    retired = STATE.followed_by([EpochRetired(at=AT, epoch=1, reason="r")])
    after = retired.followed_by([whole])
    assert after.epochs[0].revoked and after.epochs[0].lost == () and not retired.epochs[0].revoked
    after = retired.followed_by([replace(whole, keys=(5, 9)), replace(whole, keys=(3, 9))])
    assert after.epochs[0].lost == (3, 5, 9) and not after.epochs[0].revoked
    for known in (1, 2):
        refused(retired, replace(whole, keys=(known, 7)), f"key #{known} is a key of epoch 1 that the log knows")
    opened = retired.followed_by([EpochOpened(at=AT, epoch=2, terms=OTHER), third(epoch=2)])
    assert opened.followed_by([replace(whole, keys=(3,))]).epochs[0].lost == (3,), "#3 is of another epoch"
    assert opened.epochs[1].keys == 1 and opened.epochs[0].keys == 2


def test_a_backup_that_goes_on_is_doubted_unless_it_is_whole() -> None:
    restored = Restored(at=AT, head="h", reason="r", whole=False)
    assert STATE.followed_by([restored]).epochs[0].doubtful
    assert not STATE.followed_by([replace(restored, whole=True)]).epochs[0].doubtful


def test_a_clock_goes_back_to_the_beginning_at_most() -> None:
    back = ClockWasWrong(at=NOW, newest=AT, reason="r")
    after = STATE.followed_by([back])
    assert (after.at, after.setbacks, after.began) == (NOW, 1, NOW)
    again = after.followed_by([EpochRetired(at=AT, epoch=1, reason="r"), replace(back, at=NOW + 1)])
    assert again.setbacks == 2
    wrong = {"at": (NOW - 1, AT, AT + 1), "newest": (AT - 1, AT + 1)}
    for name, values in wrong.items():
        for value in values:
            refused(STATE, replace(back, **{name: value}), "the clock is set back from")
    assert STATE.followed_by([replace(back, at=AT - 1)]).at == AT - 1


# -- policies --


def test_a_policy_follows_one_of_a_lower_version() -> None:
    def entry(version: int) -> PolicySet:
        policy = PolicyFile.from_yaml(yaml(version))
        return PolicySet(at=AT, policy=policy.to_dict(), digest=policy.digest)

    state = STATE.followed_by([entry(3)])
    assert state.policy == entry(3) and state.policy_file == PolicyFile.from_yaml(yaml(3))
    for version in (2, 3):
        refused(state, entry(version), f"version {version} of the policy follows version 3")
    assert state.followed_by([entry(4)]).policy_file == PolicyFile.from_yaml(yaml(4))
    refused(STATE, replace(entry(1), digest=bytes(32)), "a policy was set under another digest than its own")


def test_a_log_of_people_folds_to_what_the_authority_says() -> None:
    """Every kind of entry of theirs, in one log that another process reads."""
    case = Case()
    request = case.request()
    key = case.authority.issue_signed(request, case.agreed(request))
    state = LogState().followed_by(decode_entry(data) for data in case.authority.log().entries)
    assert state.asked.get(request.id) == request.to_bytes() and state.answered.get(request.id) == key.sequence
    assert all(state.approvals.get(each) for each in case.authority.ledger[0].approvals)
    assert (state.recipients.get((1, "ada")), state.recipients.get((1, "ben"))) == (1, None)
    assert state.policy_file == case.policy and state.size == len(case.authority.log())


def test_a_new_authority_and_its_log() -> None:
    authority = KeyAuthority.create(WIDE, clock=Clock())
    kinds: list[Callable[..., Any]] = [type(decode_entry(data)) for data in authority.log().entries]
    assert kinds == [Created, EpochOpened]
