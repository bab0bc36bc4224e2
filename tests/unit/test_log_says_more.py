"""What a log says besides keys and refusals: requests that do not fit, keys handed out again, keys that it has lost,
and a clock that was ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import (
    AuditError,
    AuthorityError,
    DecodeError,
    Function,
    KeyAuthority,
    KeyExpiredError,
    KeyMismatchError,
    OutOfRangeError,
    ParameterError,
    PolicyDeniedError,
    PyfeError,
    UnsupportedModelError,
)
from pyfe.audit import AuditLog, Checkpoint, Frontier, verify
from pyfe.authority.auditing import audited
from pyfe.authority.entries import (
    ClockWasWrong,
    Dismissed,
    EpochRevoked,
    KeyReleased,
    PassphraseChanged,
    decode_entry,
    encode_entry,
)
from pyfe.authority.exporting import state_of
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.policy_rules import loosened
from pyfe.authority.state import LogState
from pyfe.identity import Approval, IdentitySecret, Revocation
from pyfe.keys import RevocationList
from pyfe.wire.signature import SigningKey
from tests.unit.engines import FREE, NOW, Clock, dense, schema, unit
from tests.unit.people import DAY, secret
from tests.unit.test_consent import Case, yaml

SMALL = schema(4)


def authority(clock: Clock | None = None) -> KeyAuthority:
    return KeyAuthority.create(SMALL, policy=FREE, weight_bits=8, clock=clock or Clock())


def entries(of: KeyAuthority, since: int = 0) -> list[Any]:
    return [decode_entry(entry) for entry in of.log().entries[since:]]


# -- requests that do not fit --


def too_wide() -> Function:
    return Function.from_integers(SMALL, [5000, 1, 1, 1])


def elsewhere() -> Function:
    return Function.from_integers(schema(5), [1, 2, 3, 4, 5])


def quadratic() -> Function:
    return Function.from_forms(SMALL, pyfe.forms.MatrixForms.dense([np.eye(5, dtype=np.int64).tolist()]))


@pytest.mark.parametrize("asked", ["issue", "check"])
@pytest.mark.parametrize(
    ("make", "error"),
    [(too_wide, OutOfRangeError), (elsewhere, KeyMismatchError), (quadratic, UnsupportedModelError)],
)
def test_who_asks_for_what_does_not_fit_stands_in_the_log(make: Any, error: Any, asked: str) -> None:
    made, function = authority(), make()
    for _ in range(2):  # the same again says nothing new
        with pytest.raises(error) as caught:
            getattr(made, asked)(function, purpose="triage", recipient="centre")
    [entry] = entries(made, 2)
    assert isinstance(entry, Dismissed) and entry.error == error.__name__ and entry.says == str(caught.value)
    wanted = entry.function_id, entry.purpose, entry.recipient, entry.asked, entry.signer
    assert wanted == (function.id, "triage", "centre", asked, None)
    assert not made.issued and audited(made.log()).size == 3


def test_what_was_asked_for_is_not_kept_in_full() -> None:
    wide = schema(400)
    made = KeyAuthority.create(wide, policy=FREE, weight_bits=8, clock=Clock())
    function = Function.from_integers(wide, np.full((40, 400), 5000).tolist())
    with pytest.raises(OutOfRangeError):
        made.issue(function, purpose="p")
    assert len(made.log().entries[-1]) < 2000 < len(function.to_bytes())


def test_an_epoch_that_is_not_there_and_an_end_that_is_past() -> None:
    made, function = authority(), unit(SMALL, 0)
    with pytest.raises(ParameterError, match="there is no epoch 7"):
        made.issue(function, purpose="p", epoch=7)
    with pytest.raises(ParameterError, match="would have ended already"):
        made.issue(function, purpose="p", not_after=NOW - 1)
    first, second = entries(made, 2)
    assert (first.epoch, first.function_id) == (1, function.id) and "no epoch 7" in first.says
    assert "would have ended" in second.says and not made.issued


def test_a_signed_request_that_cannot_be_read_names_its_signer() -> None:
    case = Case()
    size = len(case.authority.log())
    made = [{"function": b"no function"}, {"function": dense(schema(5)).to_bytes()}, {"epoch": 9}]
    strange, other, later = (replace(case.request(), **changed).signed_by(secret("ada")) for changed in made)
    for request, error in ((strange, DecodeError), (other, KeyMismatchError), (later, ParameterError)):
        with pytest.raises(error):
            case.authority.issue_signed(request)
    found = entries(case.authority, size)
    assert [entry.request_id for entry in found] == [strange.id, other.id, later.id]
    assert {entry.signer for entry in found} == {secret("ada").identity.ed25519}
    assert {(entry.recipient, entry.purpose, entry.epoch) for entry in found} == {("ada", "triage", 1)}


# -- keys that are handed out again --


def test_a_key_that_is_handed_out_again_or_sealed_is_an_entry() -> None:
    made, clock = None, Clock()
    made = authority(clock)
    key = made.issue(unit(SMALL, 0), purpose="p", recipient="ben")
    size = len(made.log())
    clock.now += 60
    assert made.issue(unit(SMALL, 0), purpose="p", recipient="ben").to_bytes() == key.to_bytes()
    made.seal(key, secret("ben").identity)
    made.check(unit(SMALL, 0), purpose="p", recipient="ben")  # hands out nothing
    again, sealed = [entry for entry in entries(made, size) if isinstance(entry, KeyReleased)]
    assert (again.key, again.recipient, again.at, again.sealed_for) == (1, "ben", NOW + 60, None)
    assert (sealed.key, sealed.sealed_for) == (1, secret("ben").identity.ed25519)
    assert len(made.issued) == made.epochs[0].keys == 1 and audited(made.log()).issued[0].row.sequence == 1


def test_a_key_is_handed_out_as_often_as_it_is_asked_for_and_once_a_day_in_the_log() -> None:
    """However often: by day, and by whom it is sealed for."""
    clock = Clock()
    clock.now = 86_400 * (NOW // 86_400)
    made = authority(clock)
    key, size = made.issue(unit(SMALL, 0), purpose="p", recipient="ben"), len(made.log())

    def asked_all_day() -> None:
        for _ in range(5):
            clock.now += 60
            assert made.issue(unit(SMALL, 0), purpose="p", recipient="ben").to_bytes() == key.to_bytes()
            made.seal(key, secret("ben").identity)

    asked_all_day()
    assert [entry.sealed_for for entry in entries(made, size)] == [None, secret("ben").identity.ed25519]
    made.seal(key, IdentitySecret.generate("ben").identity)
    assert len(entries(made, size)) == 3, "another identity of the name is another recipient"
    clock.now += 86_400
    asked_all_day()
    assert [entry.at // 86_400 - NOW // 86_400 for entry in entries(made, size)] == [0, 0, 0, 1, 1]
    assert [entry.kind for entry in entries(made, size)] == ["released"] * 5
    clock.now -= 3600  # an entry of today does not make up for a clock that is behind
    with pytest.raises(AuthorityError, match="before the newest entry"):
        made.issue(unit(SMALL, 0), purpose="p", recipient="ben")


def test_a_day_begins_although_nothing_else_was_recorded() -> None:
    """The newest entry is of the day before: what was decided then is not what the clock says."""
    clock = Clock()
    clock.now = 86_400 * (NOW // 86_400) + 86_399
    made = authority(clock)
    size = len([made.issue(unit(SMALL, 0), purpose="p") for _ in range(2)] and made.log())
    clock.now += 1
    made.issue(unit(SMALL, 0), purpose="p")
    assert [entry.at for entry in entries(made, size)] == [clock.now]


def test_who_wants_a_key_sealed_for_somebody_else_is_an_entry() -> None:
    made, mallory = authority(), secret("mallory").identity
    for _ in range(2):
        with pytest.raises(PolicyDeniedError, match="is for 'ben', and the identity is that of 'mallory'"):
            made.require_sealable(unit(SMALL, 0), mallory, purpose="p", recipient="ben")
    (entry,) = entries(made, 2)
    assert (entry.kind, entry.error, entry.recipient, entry.purpose) == ("dismissed", "PolicyDeniedError", "ben", "p")
    assert "mallory" in entry.says and entry.function_id == unit(SMALL, 0).id
    key = made.issue(unit(SMALL, 0), purpose="p", recipient="ben")
    size = len(made.log())
    with pytest.raises(PolicyDeniedError):
        made.seal(key, secret("cleo").identity)
    (entry,) = entries(made, size)
    assert (entry.kind, entry.request_id) == ("dismissed", entries(made, 3)[0].request_id) and "cleo" in entry.says
    made.require_sealable(unit(SMALL, 0), secret("ben").identity, purpose="p", recipient="ben")
    with pytest.raises(ParameterError, match="by a function or a signed request"):
        made.require_sealable(5, mallory)  # type: ignore[arg-type]
    assert len(made.log()) == size + 1 and audited(made.log()).size == size + 1


def test_a_signed_request_for_somebody_elses_identity_is_an_entry_of_who_signed_it() -> None:
    case = Case()
    request, size = case.request(), len(case.authority.log())
    for wanted in (request, case.request(by="mallory")):
        with pytest.raises(PolicyDeniedError, match="identity"):
            case.authority.require_sealable(wanted, secret("eve").identity)
    (entry,) = entries(case.authority, size)  # of a stranger's nothing is kept
    assert (entry.kind, entry.request_id, entry.signer) == ("dismissed", request.id, secret("ada").identity.ed25519)


def test_where_nothing_can_be_recorded_no_key_is_handed_out_again() -> None:
    clock = Clock()
    made = authority(clock)
    made.issue(unit(SMALL, 0), purpose="p")
    clock.now -= 60
    with pytest.raises(AuthorityError, match="before the newest entry"):
        made.issue(unit(SMALL, 0), purpose="p")


def test_an_entry_of_a_key_that_is_not_there_or_of_another_request() -> None:
    made = authority()
    made.issue(unit(SMALL, 0), purpose="p")
    state, issued = state_of(made.log()), entries(made)[-1]
    good = KeyReleased(at=NOW, key=1, request_id=issued.request_id, recipient=None)
    assert state.followed_by([good]).size == state.size + 1
    for wrong in (replace(good, key=2), replace(good, request_id=bytes(32)), replace(good, recipient="x")):
        with pytest.raises(DecodeError, match="key #"):
            state.followed_by([wrong])


def test_a_recipient_can_have_a_key_and_one_without_is_named() -> None:
    plain = PolicyFile.from_yaml(yaml())
    assert plain.keyless == ("centre",) and "centre (a name without a key)" in plain.explain()
    line = f"  centre: {{roles: [recipient], ed25519: {secret('centre').identity.ed25519.hex()}}}\nrequests:"
    keyed = PolicyFile.from_yaml(yaml(version=2, **{"requests:": line}))
    assert keyed.keyless == () and "people" in loosened(plain, keyed)
    assert PolicyFile.from_dict(keyed.to_dict()) == keyed


# -- keys that the log has lost --


def restored() -> KeyAuthority:
    """A log that lost two keys of its first epoch, which is retired."""
    made = authority()
    made.issue(unit(SMALL, 0), purpose="p")
    made.retire(1, reason="restored")
    made.rotate(reason="after the restore")
    return made


def read(made: KeyAuthority) -> RevocationList:
    listed = RevocationList.from_bytes(made.revocation_list().to_bytes(), public_key=made.public_key)
    assert listed == made.revocation_list()
    return listed


def test_a_key_that_the_log_does_not_know_is_revoked_by_epoch_and_number() -> None:
    made = restored()
    first, second = (made.public_key_of(number).id for number in (1, 2))
    for _ in range(2):  # the same again changes nothing
        made.revoke_epoch(1, [2, 5], reason="lost in the fire", by="the officer")
    [entry] = [entry for entry in entries(made) if isinstance(entry, EpochRevoked)]
    assert (entry.epoch, entry.keys, entry.reason, entry.by) == (1, (2, 5), "lost in the fire", "the officer")
    listed = read(made)
    assert listed.keys == () and listed.lost == ((first, 2), (first, 5))
    assert len(listed.info()["keys_not_in_the_log"]) == 2
    for number in (2, 5):
        with pytest.raises(KeyExpiredError, match=f"#{number} was revoked"):
            listed.require_not_listed(number, first)
        listed.require_not_listed(number, second)  # the same number of another epoch is another key
    listed.require_not_listed(1, first)
    made.issue(unit(SMALL, 1), purpose="q", epoch=2)  # takes number 2
    read(made).require_not_listed(2, second)


def test_a_whole_epoch_is_revoked_and_retired() -> None:
    made = authority()
    key = made.issue(unit(SMALL, 0), purpose="p")
    batch = made.public_key.encrypt(np.zeros((1, 4)))
    for _ in range(2):
        made.revoke_epoch(1, reason="stolen")
    assert [entry.kind for entry in entries(made, 3)] == ["revoked", "epoch retired", "epoch revoked"]
    listed = read(made)
    assert listed.keys == (1,) and listed.epochs == (made.public_key.id,)
    for number in (1, 77):
        with pytest.raises(KeyExpiredError, match="with every other of its epoch"):
            listed.require_not_listed(number, made.public_key.id)
    with pytest.raises(KeyExpiredError):
        key.decrypt(batch, revoked=listed)
    assert audited(made.log()).epoch(1).revoked


def test_what_is_not_revoked_so() -> None:
    made = restored()
    size = len(made.log())
    for epoch, keys, words in (
        (2, [9], "epoch 2 is open, and may give these numbers yet"),
        (1, [1], "key #1 is in the log: revoke it by its number alone"),
        (1, [0], "1 is the first number"),
        (1, [2**60], "1 is the first number"),
        (9, [1], "there is no epoch 9"),
        (9, [], "there is no epoch 9"),
    ):
        with pytest.raises(ParameterError, match=words):
            made.revoke_epoch(epoch, keys, reason="r")
    for no_number in ("1", None, 1.0, True, [1], 0, 2**60):
        for keys in ([], [9]):
            with pytest.raises(ParameterError, match="the epoch that is revoked must be an integer from 1"):
                made.revoke_epoch(no_number, keys, reason="r")  # type: ignore[arg-type]
    for reason in ("", None):
        with pytest.raises(ParameterError, match="reason"):
            made.revoke_epoch(1, [2], reason=reason)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="restored log has lost is named with its epoch"):
        made.revoke([5], reason="r")
    assert len(made.log()) == size


def test_entries_of_lost_keys_stand_where_they_may() -> None:
    state = state_of(restored().log())
    good = EpochRevoked(at=NOW, epoch=1, keys=(4,), reason="r")
    assert state.followed_by([good]).epoch(1).lost == (4,)
    for wrong, words in (
        (replace(good, epoch=2), "is open"),
        (replace(good, keys=(1,)), "that the log knows"),
        (replace(good, epoch=3), "no epoch 3"),
    ):
        with pytest.raises(DecodeError, match=words):
            state.followed_by([wrong])


def test_people_revoke_whole_epochs_and_lost_keys_by_a_signed_word() -> None:
    case = Case()

    def said(by: str, **what: Any) -> Revocation:
        return Revocation(authority=case.id, reason="stolen", at=NOW, **what).signed_by(secret(by))

    case.authority.revoke_signed(said("ben", epoch=1))
    case.authority.rotate(reason="r")
    with pytest.raises(PolicyDeniedError, match="nobody who may revoke"):
        case.authority.revoke_signed(said("ada", epoch=1, keys=(3,)))
    word = said("cleo", epoch=1, keys=(3,))
    assert Revocation.from_bytes(word.to_bytes()) == word
    case.authority.revoke_signed(word)
    listed = read(case.authority)
    assert listed.epochs == (case.authority.public_key_of(1).id,)
    assert listed.lost == ((case.authority.public_key_of(1).id, 3),)
    assert audited(case.authority.log()).epoch(1).lost == (3,)


@pytest.mark.parametrize(
    "wrong",
    [{"epochs": [bytes(32)]}, {"lost": [(bytes(32), 1)]}, {"epochs": [bytes(31)]}],
)
def test_a_list_names_the_epochs_of_what_it_revokes(wrong: dict[str, Any]) -> None:
    key, one = SigningKey.generate(), b"\1" * 32
    listed = RevocationList.signed([one], [1], NOW, 3, key, **wrong)
    with pytest.raises(DecodeError, match="an epoch that it does not name"):
        RevocationList.from_bytes(listed.to_bytes())
    plain = RevocationList.signed([one], [1], NOW, 3, key)
    assert b"epochs" not in plain.to_bytes() and b"lost" not in plain.to_bytes()


# -- a clock that was ahead --


def ahead() -> tuple[KeyAuthority, Clock]:
    """An authority that issued a key by a clock three years ahead, which is right by now."""
    clock = Clock()
    made = authority(clock)
    clock.now = NOW + 1000 * DAY
    made.issue(unit(SMALL, 0), purpose="p")
    clock.now = NOW + 60
    return made, clock


def test_time_goes_on_after_a_clock_that_was_ahead() -> None:
    made, _ = ahead()
    with pytest.raises(AuthorityError, match="--clock-was-wrong"):
        made.issue(unit(SMALL, 1), purpose="q")
    kept = made.head
    made.clock_was_wrong(reason="the time server was wrong")
    key = made.issue(unit(SMALL, 1), purpose="q")
    assert key.issued_at == NOW + 60
    [entry] = [entry for entry in entries(made) if isinstance(entry, ClockWasWrong)]
    assert (entry.at, entry.newest, entry.reason) == (NOW + 60, NOW + 1000 * DAY, "the time server was wrong")
    assert verify(made.log(), saved=[kept]).confirmed == 3 and audited(made.log()).setbacks == 1
    assert made.epoch_table().at == NOW + 60


def test_a_clock_that_is_not_behind_is_not_set_right() -> None:
    made, clock = ahead()
    clock.now = NOW + 1000 * DAY
    with pytest.raises(ParameterError, match="nothing to set right"):
        made.clock_was_wrong(reason="r")
    clock.now = NOW
    for reason in ("", None):
        with pytest.raises(ParameterError, match="reason"):
            made.clock_was_wrong(reason=reason)  # type: ignore[arg-type]
    assert not [entry for entry in entries(made) if isinstance(entry, ClockWasWrong)]


def test_no_other_entry_goes_back_and_this_one_only_from_the_newest() -> None:
    made, _ = ahead()
    state = state_of(made.log())
    good = ClockWasWrong(at=NOW, newest=state.at, reason="r")
    after = state.followed_by([good])
    assert (after.at, after.setbacks) == (NOW, 1)
    for wrong in (replace(good, newest=NOW), replace(good, at=state.at), replace(good, at=state.at + 1)):
        with pytest.raises(DecodeError, match="the clock is set back"):
            state.followed_by([wrong])
    with pytest.raises(DecodeError, match="older than the one before"):
        state.followed_by([Dismissed(
            at=NOW, epoch=1, request_id=bytes(32), function_id=bytes(32), purpose="p", recipient=None, asked="issue",
            error="e", says="s",
        )])  # fmt: skip


def guarded() -> tuple[Case, Revocation]:
    """Under a policy file, an entry of a clock that was ahead."""
    case = Case()
    case.clock.now = NOW + 1000 * DAY
    case.authority.rotate(reason="ahead")
    case.clock.now = NOW + 60
    return case, Revocation(authority=case.id, epoch=1, reason="r", at=NOW)


def words(case: Case, names: Sequence[str], **changed: Any) -> list[Approval]:
    """Approvals of the decision about the clock."""
    approval = case.authority.clock_decision().approval(NOW + DAY)
    return [replace(approval, **changed).signed_by(secret(name)) for name in names]


def test_under_a_policy_file_two_people_say_that_the_clock_was_wrong() -> None:
    case, _ = guarded()
    given = words(case, ["ben", "cleo"])
    case.authority.clock_was_wrong(reason="the time server", approvals=given)
    *kept, entry = entries(case.authority)[-3:]
    assert entry.by == ("ben", "cleo") and {each.signed for each in kept} == {each.to_bytes() for each in given}
    assert audited(case.authority.log()).setbacks == 1
    case.clock.now = NOW + 1000 * DAY + 5
    case.authority.retire(1, reason="ahead again")
    case.clock.now = NOW + 120
    with pytest.raises(PolicyDeniedError, match="another day of the clock"):
        case.authority.clock_was_wrong(reason="again", approvals=given)  # these were of another one


@pytest.mark.parametrize(
    ("names", "changed", "said"),
    [
        ([], {}, "0 of 2 approvals"),
        (["ben"], {}, "1 of 2 approvals"),
        (["ben", "ben"], {}, "has approved already"),
        (["ben", "ada"], {}, "nobody who may approve"),
        (["ben", "cleo"], {"not_after": NOW}, "its time is over"),
        (["ben", "cleo"], {"decision": bytes(32)}, "another day of the clock"),
        (["ben", "cleo"], {"policy": bytes(32)}, "another day of the clock"),
        (["ben", "cleo"], {"authority": bytes(16)}, "for another authority"),
    ],
)
def test_who_cannot_say_so(names: list[str], changed: dict[str, Any], said: str) -> None:
    case, _ = guarded()
    size = len(case.authority.log())
    with pytest.raises(PolicyDeniedError, match=said):
        case.authority.clock_was_wrong(reason="r", approvals=words(case, names, **changed))
    [refused] = entries(case.authority, size)
    assert (refused.kind, refused.what) == ("change refused", "clock") and said in refused.says
    with pytest.raises(AuthorityError, match="before the newest entry"):
        case.authority.retire(1, reason="r")


@pytest.mark.parametrize(("day", "fine"), [(-11, False), (-1, False), (0, True), (7, True), (8, False), (400, False)])
def test_the_clock_is_set_to_the_day_that_was_agreed_to(day: int, fine: bool) -> None:
    """Days from the one that the decision names; approvals that live long."""
    case, _ = guarded()
    case.clock.now = NOW + 20 * DAY
    given = words(case, ["ben", "cleo"], not_after=NOW + 900 * DAY)
    case.clock.now += day * DAY
    if not fine:
        with pytest.raises(PolicyDeniedError, match="another day of the clock"):
            case.authority.clock_was_wrong(reason="r", approvals=given)
        return
    case.authority.clock_was_wrong(reason="r", approvals=given)
    assert audited(case.authority.log()).setbacks == 1


def test_no_clock_is_set_before_the_beginning() -> None:
    made, clock = ahead()
    clock.now = NOW - 1
    with pytest.raises(ParameterError, match="the authority began at"):
        made.clock_was_wrong(reason="r")
    state = LogState().followed_by(map(decode_entry, made.log().entries))
    with pytest.raises(DecodeError, match="the clock is set back"):
        state.followed_by([ClockWasWrong(at=NOW - 1, newest=state.at, reason="r")])


def test_nobody_is_named_who_signed_nothing() -> None:
    """Nothing of a request that was altered, is for another authority, or is by nobody known, comes into the log."""
    case = Case()
    size = len(case.authority.log())
    genuine = replace(case.request(), function=b"junk").signed_by(secret("ada"))
    wrong = [
        replace(genuine, purpose="framed"),
        replace(genuine, authority=bytes(16)).signed_by(secret("ada")),
        genuine.signed_by(IdentitySecret.generate("mallory")),
    ]
    for request in wrong:
        with pytest.raises(PyfeError):
            case.authority.issue_signed(request, [])
    assert len(case.authority.log()) == size
    with pytest.raises(PyfeError):
        case.authority.issue_signed(genuine, [])
    assert [entry.kind for entry in entries(case.authority, size)] == ["dismissed"]


def test_an_auditor_misses_the_words_of_people() -> None:
    """Whoever holds the signing key can write such an entry; not so that it passes."""
    case, _ = guarded()
    log, key = case.authority.log(), SigningKey.generate()
    forged = [*log.entries, encode_entry(ClockWasWrong(at=NOW, newest=NOW + 1000 * DAY, reason="r"))]
    first = decode_entry(forged[0])
    forged[0] = encode_entry(replace(first, verification_key=key.public))
    tree = Frontier().followed_by(forged)
    signed = AuditLog(tuple(forged), Checkpoint.of(key.public, tree.size, tree.root).signed(key), key.public)
    verify(signed)
    with pytest.raises(AuditError, match="the clock was set back: approvals: 0 of 2"):
        audited(signed)


def test_without_a_policy_file_nobody_has_to_sign() -> None:
    made, _ = ahead()
    with pytest.raises(ParameterError, match="nobody has to agree"):
        made.clock_decision()


def test_every_new_entry_is_read_as_it_is_written() -> None:
    for entry in (
        ClockWasWrong(at=1, newest=2, reason="r", by=("a",)),
        EpochRevoked(at=1, epoch=1, keys=(), reason="r", by="x", signed=b"s"),
        KeyReleased(at=1, key=1, request_id=bytes(32), recipient="r", sealed_for=bytes(32)),
        PassphraseChanged(at=1),
    ):
        assert decode_entry(encode_entry(entry)) == entry
