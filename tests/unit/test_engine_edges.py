"""What an engine does between its decision and its entry, and with arguments that are nearly right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyfe import AuthorityError, DecodeError, Function, ParameterError, PolicyDeniedError, Schema
from pyfe.audit import Frontier
from pyfe.authority import answers, engine
from pyfe.authority.answers import Question, row_space
from pyfe.authority.consent import rank_with
from pyfe.authority.decisions import Request
from pyfe.authority.dismissing import Unfit, dismissed
from pyfe.authority.engine import Engine, Plan
from pyfe.authority.entries import Created, KeyReleased, Refused, Requested, decode_entry, encode_entry
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.recording import signed_head
from pyfe.authority.seen import Seen, followed
from pyfe.authority.state import LogState
from pyfe.authority.storage import MemoryStorage, Stored
from pyfe.authority.vault import Vault
from pyfe.forms import MatrixForms
from pyfe.identity import Revocation
from pyfe.leakage import Reference
from pyfe.wire.signature import SigningKey
from tests.unit.engines import FREE, NOW, Clock, create, dense, schema, unit
from tests.unit.people import DAY, secret
from tests.unit.test_consent import WIDE, Case, yaml

SMALL = schema(6)
LOOSE = Plan(SMALL, policy=FREE)


def kinds(of: Engine, since: int = 0) -> list[str]:
    return [decode_entry(entry).kind for entry in of.log().entries[since:]]


class Ticking:
    """A clock that says one second after the other, and goes on with the last."""

    def __init__(self, *seconds: int) -> None:
        self.left = list(seconds)

    def __call__(self) -> float:
        return self.left.pop(0) if len(self.left) > 1 else self.left[0]


# -- words of people that end while somebody waits for the right to write --


def waiting(case: Case, *seconds: int) -> None:
    """Decided in the first two of these seconds, recorded in the last."""
    case.authority._engine._clock = Ticking(*seconds)


def test_a_request_that_ends_before_it_is_recorded_has_no_key() -> None:
    case = Case()
    request = case.request()
    given = case.agreed(request)
    waiting(case, NOW + DAY, NOW + DAY, NOW + DAY + 1)
    with pytest.raises(PolicyDeniedError, match="expired: its time is over"):
        case.authority.issue_signed(request, given)
    entry = case.last()
    assert isinstance(entry, Refused) and (entry.at, entry.rule) == (NOW + DAY + 1, "expired")
    assert not case.authority.issued


def test_an_approval_that_ends_before_it_is_recorded_does_not_count() -> None:
    case = Case()
    request = case.request(not_after=NOW + 9 * DAY)
    given = [case.approval(request, "ben"), case.approval(request, "cleo", not_after=NOW + 5)]
    waiting(case, NOW + 5, NOW + 5, NOW + 6)
    with pytest.raises(PolicyDeniedError, match="approval of 'cleo': its time is over.*1 of 2 approvals"):
        case.authority.issue_signed(request, given)
    assert case.last().kind == "refused" and case.last().at == NOW + 6 and not case.authority.issued
    waiting(case, NOW + 6)
    assert case.authority.issue_signed(request, [given[0], case.approval(request, "cleo")]).sequence == 1


def test_in_its_last_second_a_request_has_its_key() -> None:
    case = Case()
    request = case.request()
    given = case.agreed(request)
    waiting(case, NOW, NOW, NOW + DAY)
    assert case.authority.issue_signed(request, given).issued_at == NOW + DAY


# -- looking --


def test_looking_records_a_request_once_and_a_key_that_is_there_not_at_all() -> None:
    case = Case()
    request, size = case.request(), len(case.authority.log())
    first, second = case.authority.look(request), case.authority.look(request)
    assert first.decision == second.decision and first.request == request.id and first.policy == case.policy.digest
    assert kinds(case.authority._engine, size) == ["requested"]
    case.authority.issue_signed(request, case.agreed(request))
    size = len(case.authority.log())
    again = case.authority.look(request)
    assert again.decision == case.authority.ledger[0].decision and len(case.authority.log()) == size
    assert [finding.kind for finding in again.findings] == ["nothing new"]


def test_looking_at_what_is_refused_records_it_once() -> None:
    case = Case()
    request, size = case.request(purpose="curiosity"), len(case.authority.log())
    for _ in range(2):
        with pytest.raises(PolicyDeniedError, match="purpose"):
            case.authority.look(request)
    assert kinds(case.authority._engine, size) == ["refused"]
    with pytest.raises(PolicyDeniedError):
        case.authority.issue_signed(request)
    assert kinds(case.authority._engine, size) == ["refused"]


def test_a_signed_request_about_no_epoch_or_no_function_is_dismissed() -> None:
    case = Case()
    size = len(case.authority.log())
    for request, error, epoch in (
        (replace(case.request(), epoch=7).signed_by(secret("ada")), ParameterError, 1),
        (replace(case.request(), function=b"junk").signed_by(secret("ada")), DecodeError, 1),
    ):
        for _ in range(2):
            with pytest.raises(error):
                case.authority.look(request)
        assert (case.last().kind, case.last().epoch, case.last().error) == ("dismissed", epoch, error.__name__)
        assert case.last().request_id == request.id and case.last().recipient == "ada"
    assert kinds(case.authority._engine, size) == ["dismissed"] * 2
    stranger = replace(case.request(), function=b"junk").signed_by(secret("mallory"))
    with pytest.raises(DecodeError):
        case.authority.look(stranger)
    assert len(case.authority.log()) == size + 2, "of a stranger nothing is kept"


def test_what_is_dismissed_says_a_thousand_characters() -> None:
    state = create(LOOSE).state
    unfit = Unfit(b"q" * 32, b"f" * 32, "p", "ben", "check")
    (entry,) = dismissed(state, 1, unfit, ParameterError("x" * 1001), NOW)
    assert (entry.says, entry.error, entry.signer, entry.asked) == ("x" * 1000, "ParameterError", None, "check")
    assert (entry.function_id, entry.purpose, entry.recipient, entry.at) == (b"f" * 32, "p", "ben", NOW)
    after = state.followed_by([entry])
    assert dismissed(after, 1, unfit, ParameterError("x" * 1002), NOW) == []
    assert len(dismissed(after, 1, unfit, ParameterError("other"), NOW)) == 1
    case = Case()
    signed = Unfit.of_signed(case.request(by="mallory"), "mallory")
    assert dismissed(state, 1, replace(signed, signed=case.request()), ParameterError("x"), NOW) == [], "no people"
    assert dismissed(case.authority._engine.state, 1, signed, ParameterError("x"), NOW) == []


# -- what else a policy file says to a request --


def test_a_request_names_the_public_key_of_its_epoch() -> None:
    case = Case()
    case.authority.rotate(reason="another model")
    for public_key, words in (
        (case.authority.public_key_of(2).id, "epoch: it is for the public key of epoch 2, and asks epoch 1 for a key"),
        (bytes(32), "epoch: it is for the public key of no epoch, and asks epoch 1 for a key"),
    ):
        with pytest.raises(PolicyDeniedError, match=words):
            case.authority.look(case.request(public_key=public_key))
        assert (case.last().kind, case.last().rule) == ("refused", "epoch")
    case.authority.look(case.request(epoch=2))
    assert case.last().kind == "requested"


def test_independent_functions_are_counted_where_the_policy_bounds_them() -> None:
    case = Case(**{"keys: 3, keys_per_recipient: 2": "keys: 9, keys_per_recipient: 9, rank: 1"})
    for factor in (1, 2):  # say the same
        request = case.request(dense(WIDE, factor=factor))
        case.authority.issue_signed(request, case.agreed(request))
    other = Function.from_integers(WIDE, dense(WIDE).weights[0][::-1])
    with pytest.raises(PolicyDeniedError, match="rank"):
        case.authority.look(case.request(other))
    assert case.last().rule == "rank" and "(2 of 1)" in case.last().says and "(2 of 1)" not in case.last().told
    counted = case.authority._engine.state.counted(1)
    assert [rank_with(counted, function) for function in (dense(WIDE, factor=3), other)] == [1, 2]
    assert rank_with(replace(counted, issued=()), other) == 1
    entries = np.zeros((25, 25), dtype=np.int64)
    entries[1, 2] = 1
    forms = Function.from_forms(WIDE, MatrixForms.dense([entries.tolist(), (2 * entries).tolist()]))
    assert rank_with(counted, forms) == 3 and rank_with(replace(counted, issued=()), forms) == 2


def test_without_a_policy_file_nobody_revokes_by_a_signed_word() -> None:
    made = create(LOOSE)
    made.issue(unit(SMALL, 0), purpose="p")
    said = Revocation(authority=made.log().authority, reason="lost", at=NOW, keys=(1,)).signed_by(secret("ben"))
    with pytest.raises(ParameterError, match="no policy file, which would say who may revoke by a signed word"):
        made.revoke_signed(said)
    with pytest.raises(ParameterError, match="is given as a pyfe.identity.Revocation"):
        made.revoke_signed("lost")  # type: ignore[arg-type]
    assert made.state.size == 3


# -- a log that has not begun, or is another's --


def test_a_log_without_an_epoch_is_no_authority() -> None:
    vault = Vault.fresh()
    key = vault.signing_key
    entries = [encode_entry(Created(at=NOW, verification_key=key.public))]
    head = signed_head(key, Frontier().followed_by(entries))
    with pytest.raises(AuthorityError, match="the log holds no epoch; its creation did not finish"):
        Engine(MemoryStorage(key.public, entries, head), vault, Clock())
    another = [encode_entry(Created(at=NOW, verification_key=SigningKey.generate().public))]
    head = signed_head(key, Frontier().followed_by(another))
    with pytest.raises(AuthorityError, match="the log begins with the entry of another authority"):
        followed(key.public, Seen(LogState(), Frontier(), b""), Stored(tuple(another), head))


def test_master_keys_may_be_one_epoch_ahead_of_the_log_and_no_more() -> None:
    vault, storages = Vault.fresh(), list[MemoryStorage]()

    def make(*given: Any) -> MemoryStorage:
        storages.append(MemoryStorage(*given))
        return storages[0]

    Engine.create(make, vault, Clock(), LOOSE)
    for number in (2, 3):
        terms, master, _ = LOOSE.opened(NOW)
        vault.keep(number, terms.scheme, master, None)
        if number == 2:  # a process died while it opened the epoch
            assert Engine(storages[0], vault, Clock()).state.size == 2
    with pytest.raises(AuthorityError, match="the master keys are of 3 epochs, the log knows 1: it is an older copy"):
        Engine(storages[0], vault, Clock())


def test_who_sees_less_than_another_thread_goes_on_from_what_that_one_saw() -> None:
    made = create(LOOSE)
    before = made._seen
    made.issue(unit(SMALL, 0), purpose="p")
    after = made._seen
    assert after.state.size == before.state.size + 1
    assert made._see(before) is before and made._seen is after
    assert made._see(after) is after and made._seen is after
    assert repr(made) == f"Engine(1 epochs, {after.state.size} entries)"


# -- arguments --


def test_an_epoch_is_retired_by_its_number() -> None:
    made = create(LOOSE)
    for wrong in ("1", True, 1.0, None):
        with pytest.raises(ParameterError, match="an epoch is retired by its number, not by"):
            made.retire(wrong, reason="old")  # type: ignore[arg-type]
    for number in (0, 2):
        with pytest.raises(ParameterError, match=f"there is no epoch {number}; the newest is 1"):
            made.retire(number, reason="old")
    assert made.state.size == 2
    made.retire(1, reason="old")
    assert made.state.epochs[0].retired_at == NOW


def test_the_end_of_a_key_is_a_second() -> None:
    made, function = create(LOOSE), unit(SMALL, 0)
    for wrong in (-1, 2**32 + 1, 1.5, True, "2030"):
        with pytest.raises(ParameterError, match="not_after is a second since 1970, 0 to 4294967296, not"):
            made.issue(function, purpose="p", not_after=wrong)  # type: ignore[arg-type]
    assert made.state.size == 2
    with pytest.raises(ParameterError, match="would have ended already, or after the year 2106, at 0"):
        made.issue(function, purpose="p", not_after=0)
    assert made.issue(function, purpose="p", not_after=NOW).not_after == NOW
    assert made.issue(function, purpose="q", not_after=2**32).not_after == 2**32


def test_a_rotation_has_a_reason_or_none() -> None:
    made = create(LOOSE)
    with pytest.raises(ParameterError, match="reason must be str"):
        made.rotate(SMALL, reason=None)  # type: ignore[arg-type]
    assert made.rotate(SMALL) == 2 and made.rotate(SMALL, reason="another model") == 3
    assert [decode_entry(entry).reason for entry in made.log().entries[2:]] == ["", "another model"]  # type: ignore[union-attr]
    assert [epoch.terms.policy for epoch in made.state.epochs] == [FREE] * 3


def test_an_epoch_like_the_newest_is_of_a_schema() -> None:
    made = create(LOOSE)
    with pytest.raises(ParameterError, match="an authority is created for a Schema, not for str"):
        made.rotate("schema")  # type: ignore[arg-type]
    assert made.state.size == 2


def test_a_clock_is_set_right_as_far_as_the_beginning() -> None:
    clock = Clock()
    made = create(LOOSE, clock)
    clock.now = NOW + 100
    made.retire(1, reason="ahead")
    clock.now = NOW
    for wrong in ("ben", [5], None):
        with pytest.raises(ParameterError, match="is given as a pyfe.identity.Approval, several as a list"):
            made.clock_was_wrong(reason="r", approvals=wrong)  # type: ignore[arg-type]
    made.clock_was_wrong(reason="the time server")
    assert (made.state.at, made.state.setbacks, kinds(made)[-1]) == (NOW, 1, "clock was wrong")


def test_a_reference_goes_on_where_the_schema_is_the_same() -> None:
    rows = np.random.default_rng(5).integers(0, 256, (300, 6))
    made = create(replace(LOOSE, reference={f"x{at}": rows[:, at] for at in range(6)}))
    made.rotate(SMALL)
    made.rotate(schema(7))
    known = [made.view(epoch=number).given for number in (1, 2, 3)]
    assert isinstance(known[0], Reference) and isinstance(known[1], Reference) and known[2] is None


def test_a_key_is_sealed_once_a_day_for_somebody() -> None:
    made = create(LOOSE)
    made.issue(unit(SMALL, 0), purpose="p")
    for _ in range(2):
        made.sealing(1, b"k" * 32)
    made.sealing(1, b"l" * 32)
    assert kinds(made, 3) == ["released"] * 2
    entry = decode_entry(made.log().entries[-1])
    assert isinstance(entry, KeyReleased) and (entry.key, entry.sealed_for) == (1, b"l" * 32)


def test_what_a_request_would_be_asked_of() -> None:
    made = create(LOOSE)
    made.rotate(schema(7))
    asked = Request(unit(SMALL, 0), "p", "ben")
    assert [made.question(asked, epoch).epoch for epoch in (None, 1, 2, 9)] == [1, 1, 2, 1]
    question = made.question(asked, None)
    assert question.wanted == (1, unit(SMALL, 0).id, "p", "ben") and question.asked == "issue"
    assert question.id == question.issued_id != Question(asked, 1, "check").id
    assert Question(asked, 1, "check").issued_id == question.id != Question(asked, 1, not_after=5).id


# -- what is told again --


def test_of_refusals_long_ago_the_words_are_told_again_and_the_findings_of_the_newest(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "_MOST_TOLD", 1)
    made = create(Plan(SMALL))

    def denied(at: int) -> list[str]:
        with pytest.raises(PolicyDeniedError, match=f"'x{at}'") as refused:
            made.issue(unit(SMALL, at), purpose="p", recipient="ada")
        return [finding.kind for finding in refused.value.findings]  # type: ignore[attr-defined]

    first, second = denied(0), denied(1)
    assert first == second and "refused" not in first
    assert denied(1) == second, "the newest is kept"
    assert denied(0) == ["refused"], "its words alone, which the log has"
    assert kinds(made, 2) == ["refused"] * 2


def test_row_spaces_are_of_what_functions_say() -> None:
    same = [dense(SMALL), dense(SMALL, factor=-3), Function.from_integers(SMALL, [dense(SMALL).weights[0]] * 2)]
    assert len({row_space(each.map) for each in same}) == 1
    assert row_space(dense(SMALL, 1).map) != row_space(dense(SMALL).map)
    swapped = Function.from_integers(SMALL, [dense(SMALL, 1).weights[0], dense(SMALL).weights[0]])
    both = Function.from_integers(SMALL, [dense(SMALL).weights[0], unit(SMALL, 0).weights[0]])
    assert row_space(swapped.map) == row_space(both.map)

    def form(value: int) -> Function:
        entries = np.zeros((7, 7), dtype=np.int64)
        entries[1, 2] = value
        return Function.from_forms(SMALL, MatrixForms.dense([entries.tolist()]))

    spaces: list[Callable[[], bytes]] = [lambda value=value: row_space(form(value).map) for value in (1, 2, 1)]  # type: ignore[misc]
    one, two, again = (space() for space in spaces)
    assert one == again != two and two not in {row_space(each.map) for each in same}


# -- a population whose columns a policy protects --


def test_a_policy_protects_columns_of_a_reference_too() -> None:
    ages = Schema.from_ranges({name: (0, 100) for name in ("age", "bmi", "crp", "hb", "ldl", "tsh")})
    rows = np.random.default_rng(7).integers(0, 101, (300, 6))
    reference = {name: rows[:, at] for at, name in enumerate(ages.columns)}
    made = create(Plan(ages, reference=reference))
    allowed = f"allowed: [{', '.join(WIDE.columns)}]"

    def policy(protected: str) -> PolicyFile:
        return PolicyFile.from_yaml(yaml(**{allowed: f"allowed: [{', '.join(ages.columns)}]{protected}"}))

    view = made.view()
    assert isinstance(view.known, Reference) and view.tightened is None
    assert view.under(policy("")) is view
    tight = view.under(policy("\n  protected: [age]"))
    assert tight.tightened is not None and tight.tightened.columns["age"].protected
    assert tight.tightened.id != ages.id and not tight.tightened.columns["bmi"].protected
    assert isinstance(tight.known, Reference) and tight.known.to_dict()["schema"] == tight.tightened.id.hex()
    assert tight.given is view.given
    absent = view.under(policy("\n  protected: [age, smoker]"))
    assert absent is view, "its rules refuse whatever is asked for"


def test_findings_that_may_be_told_are_those_of_who_asks() -> None:
    made = create(LOOSE)
    made.issue(unit(SMALL, 0), purpose="p", recipient="ada")
    state, view = made.state, made.view()
    for recipient, kinds_told in (("ada", ["nothing new"]), ("ben", [])):
        question = made.question(Request(unit(SMALL, 0), "q", recipient), None)
        answer = answers.answer(state, question, view, NOW)
        assert isinstance(answer, answers.Granted)
        told = [finding.kind for finding in answers.tellable(state, view, question, answer)]
        assert told[: len(kinds_told)] == kinds_told and (recipient == "ada") == ("nothing new" in told)
    entry = answers.looked_at(state, made.question(Request(unit(SMALL, 3), "q"), None), NOW)
    assert [type(each) for each in entry] == [Requested] and entry[0].at == NOW
    assert answers.looked_at(state.followed_by(entry), made.question(Request(unit(SMALL, 3), "q"), None), NOW) == []
