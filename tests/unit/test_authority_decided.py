"""What approvers read before they sign: a decision as a file, and what it says in words."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, Function, KeyAuthority, ParameterError, PolicyDeniedError, SignatureError
from pyfe.authority import decision_file
from pyfe.authority.about import about_change, about_request, weights_of
from pyfe.authority.approving import change_digest, clock_digest
from pyfe.authority.decision_file import Decision
from pyfe.authority.policy_file import PolicyFile
from pyfe.authority.stating import stated
from pyfe.forms import MatrixForms
from pyfe.leakage import Finding
from pyfe.wire.signature import SigningKey
from tests.unit.engines import NOW, create, dense, schema
from tests.unit.people import DAY, secret
from tests.unit.test_consent import WIDE, Case, yaml


def decided(case: Case) -> Decision:
    return case.authority.decision(case.request(conditions=("one ward", "one year")))


# -- a request --


def test_a_decision_says_who_asks_for_what_and_what_a_key_would_say() -> None:
    case, function = Case(), dense(WIDE)
    request = case.request(function, conditions=("one ward",))
    decision, looked = case.authority.decision(request), case.authority.look(request)
    assert (decision.authority, decision.epoch, decision.request) == (case.id.hex(), 1, request.id.hex())
    assert (decision.decision, decision.policy) == (looked.decision.hex(), case.policy.digest.hex())
    assert decision.conditions == ("one ward",)
    about = decision.about
    assert (about["asked_by"], about["recipient"], about["purpose"]) == ("ada", "ada", "triage")
    assert about["function"] == {"name": function.name, "id": function.id.hex(), "kind": "linear", "outputs": 1}
    assert about["weights"] == dict(zip(WIDE.columns, function.weights[0].tolist(), strict=True))
    assert about["findings"] == ["nothing that a rule refuses"]
    assert not case.authority.issued
    case.authority.issue_signed(request, case.agreed(request))
    (line,) = case.authority.epoch_table().epochs
    after = about["with_all_keys_of_the_epoch"]
    assert after == {
        "keys": 1,
        "independent_scores": 1,
        "bits_said": round(line.said / 1000, 1),
        "bits_of_a_row": 72.0,  # of 24 columns, for somebody who knows the schema alone
    }
    assert 0 < after["bits_said"] < 72


def test_a_decision_counts_the_keys_that_there_are_and_says_what_is_known_already() -> None:
    case, function = Case(), dense(WIDE)
    request = case.request(function)
    case.authority.issue_signed(request, case.agreed(request))
    again = case.request(function, purpose="research", recipient="centre")
    about = case.authority.decision(again).about
    assert (about["recipient"], about["with_all_keys_of_the_epoch"]["keys"]) == ("centre", 2)
    assert about["with_all_keys_of_the_epoch"]["independent_scores"] == 1
    (known,) = about["findings"]
    assert known == f"rule 0: {Finding('nothing new')}"
    assert case.authority.decision(case.request(function, by="dan")).about["findings"] == [
        "nothing that a rule refuses"
    ]
    same = case.authority.decision(request)  # it has its key: what was decided then
    assert same.decision == case.authority.ledger[0].decision.hex()


def test_what_is_refused_whoever_agrees_is_no_decision() -> None:
    case = Case()
    with pytest.raises(PolicyDeniedError, match="purpose"):
        case.authority.decision(case.request(purpose="curiosity"))
    assert case.last().kind == "refused"


def test_approvals_of_a_decision_as_a_file_count() -> None:
    case = Case()
    request = case.request(conditions=("one ward",))
    key = case.authority.public_key.verification_key
    read = Decision.from_text(case.authority.decision(request).to_text(), key)
    given = [read.approval(NOW + DAY).signed_by(secret(name)) for name in ("ben", "cleo")]
    assert (given[0].request, given[0].conditions, given[0].not_after) == (request.id, ("one ward",), NOW + DAY)
    assert case.authority.issue_signed(request, given).sequence == 1


def test_without_a_policy_file_nobody_is_named() -> None:
    engine, function = create(), dense(schema())
    (line,) = engine.epoch_table().epochs
    request = Case().request(function, recipient="ward 3")
    about = about_request(engine.state, request, function, line, [Finding("constant", rule="1", note="why")])
    assert (about["asked_by"], about["recipient"]) == ("nobody whom the policy names", "ward 3")
    (finding,) = about["findings"]
    assert finding.startswith("rule 1: ") and finding.endswith("(why)")
    case = Case()
    stranger = about_request(case.authority._engine.state, case.request(by="mallory"), function, line, [])
    mallory = secret("mallory").identity.ed25519.hex()
    assert (stranger["asked_by"], stranger["recipient"]) == ("nobody whom the policy names", mallory)


def test_a_line_of_the_table_with_a_function_that_has_no_key_yet() -> None:
    engine, function = create(), dense(schema())
    epoch = engine.state.epochs[0]
    secrets = engine._vault.secrets(1, epoch.terms)
    without, after = stated(engine.state, epoch, secrets), stated(engine.state, epoch, secrets, function)
    assert (without.keys, without.rank, after.keys, after.rank) == (0, 0, 1, 1)
    assert (without.state, without.expires) == ("open", None)
    engine.issue(function, purpose="p", not_after=NOW + 5)
    engine.issue(dense(schema(), factor=2), purpose="p", not_after=NOW + 9)
    assert engine.epoch_table().epochs[0].expires == NOW + 9
    engine.issue(dense(schema(), factor=3), purpose="p")
    assert engine.epoch_table().epochs[0].expires is None
    engine.retire(1, reason="old")
    assert engine.epoch_table().epochs[0].state == "retired"


# -- weights --


@pytest.mark.parametrize(("n", "more"), [(199, None), (200, None), (201, "and 1 more"), (203, "and 3 more")])
def test_two_hundred_weights_are_listed(n: int, more: str | None) -> None:
    wide = schema(n)
    listed = weights_of(Function.from_integers(wide, np.arange(1, n + 1)), wide)
    assert listed.pop("...", None) == more
    assert listed == {f"x{at}": at + 1 for at in range(min(n, 200))}


def test_what_weighs_nothing_is_not_listed_and_several_outputs_are_a_list() -> None:
    three = schema(3)
    assert weights_of(Function.from_integers(three, [0, -5, 0]), three) == {"x1": -5}
    two = Function.from_integers(three, [[1, 0, 2], [3, 0, 0]])
    assert weights_of(two, three) == {"x0": [1, 3], "x2": [2, 0]}


def test_of_a_quadratic_function_the_columns_are_listed() -> None:
    three = schema(3)
    form = np.zeros((4, 4), dtype=np.int64)
    form[1, 3] = form[3, 1] = 2
    function = Function.from_forms(three, MatrixForms.dense([form.tolist()]))
    assert weights_of(function, three) == {"columns": ["x0", "x2"]}


# -- a change of the policy, and a clock --


def test_a_change_says_what_it_allows_more_and_what_holds_then() -> None:
    case = Case()
    looser = PolicyFile.from_yaml(yaml(2, **{"days: 30": "days: 60"}))
    decision = case.authority.change(looser)
    assert (decision.request, decision.policy) == (looser.digest.hex(), case.policy.digest.hex())
    assert decision.decision == change_digest(case.policy, looser).hex() and decision.conditions == ()
    assert (decision.epoch, decision.authority) == (1, case.id.hex())
    assert decision.about["policy"] == "version 1 to version 2" and decision.about["allows_more"] == ["expiry.days"]
    assert decision.about["then_holds"] == looser.explain().split("\n")
    given = [decision.approval(NOW + DAY).signed_by(secret(name)) for name in ("ben", "cleo")]
    case.authority.set_policy(looser, given)
    assert case.authority.policy_file == looser
    tighter = PolicyFile.from_yaml(yaml(3, **{"days: 30": "days: 7"}))
    assert about_change(looser, tighter)["allows_more"] == ["nothing: it needs no approval"]


def test_the_first_policy_needs_no_decision() -> None:
    with pytest.raises(ParameterError, match="no policy file yet: the first one needs no approval"):
        KeyAuthority.create(WIDE).change(PolicyFile.from_yaml(yaml()))


def test_a_clock_that_was_ahead_in_words() -> None:
    case = Case()
    case.clock.now = NOW + 100
    case.authority.retire(1, reason="ahead")
    case.clock.now = NOW + 3
    decision = case.authority.clock_decision()
    wanted = {"clock": "was ahead", "newest_entry": NOW + 100, "clock_says": NOW + 3, "set_right_before": 0}
    assert decision.about == wanted
    assert decision.request == decision.decision == clock_digest(NOW + 100, 0, NOW + 3).hex()
    assert decision.policy == case.policy.digest.hex() and decision.conditions == ()


# -- the file --


def test_a_decision_comes_back_from_its_one_line() -> None:
    case = Case()
    decision, key = decided(case), case.authority.public_key.verification_key
    text = decision.to_text()
    assert Decision.from_text(text, key) == decision and text.endswith("}\n") and text.count("\n") == 1
    approval = decision.approval(5)
    assert (approval.authority, approval.epoch, approval.not_after) == (case.id, 1, 5)
    assert (approval.request.hex(), approval.decision.hex()) == (decision.request, decision.decision)
    assert (approval.policy.hex(), approval.conditions) == (decision.policy, ("one ward", "one year"))


CHANGED: dict[str, Any] = {
    "epoch": 2, "request": "00" * 32, "decision": "00" * 32, "policy": "00" * 32, "authority": "00" * 16,
    "conditions": ["one ward"], "about": {}, "signature": "00" * 64,
}  # fmt: skip


@pytest.mark.parametrize("field", CHANGED)
def test_every_field_is_signed(field: str) -> None:
    case = Case()
    said = json.loads(decided(case).to_text())
    said[field] = CHANGED[field]
    with pytest.raises(SignatureError, match="decision: the signature is not valid"):
        Decision.from_text(json.dumps(said) + "\n", case.authority.public_key.verification_key)


def test_a_decision_of_another_authority_is_not_its_own() -> None:
    with pytest.raises(SignatureError):
        Decision.from_text(decided(Case()).to_text(), SigningKey.generate().public)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no digest": ({"request": "no hex"}, "not a decision: "),
    "a short digest": ({"request": "00"}, "not a decision: "),
    "a signature that is no hex": ({"signature": "xyz"}, "not a decision: "),
    "conditions that are a number": ({"conditions": 5}, "not a decision: "),
    "words that are a number": ({"about": 5}, "not a decision: "),
    "another object": ({"pyfe": "request"}, "not a decision: it has other fields"),
    "a further field": ({"more": 1}, "not a decision: it has other fields than about, authority, conditions"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_no_decision(wrong: str) -> None:
    case = Case()
    changed, words = WRONG[wrong]
    said = json.loads(decided(case).to_text()) | changed
    with pytest.raises((DecodeError, ParameterError), match=words):
        Decision.from_text(json.dumps(said) + "\n", case.authority.public_key.verification_key)


def test_a_text_that_is_laid_out_anew_was_edited() -> None:
    case = Case()
    text, key = decided(case).to_text(), case.authority.public_key.verification_key
    for edited in (text.rstrip("\n"), text + "\n", text.replace('", "', '","', 1), text.replace('"epoch"', ' "epoch"')):
        with pytest.raises(DecodeError, match="not a decision as it was written: it was edited"):
            Decision.from_text(edited, key)
    for other in ("[1]", "5", "null"):
        with pytest.raises(DecodeError, match="it has other fields"):
            Decision.from_text(other, key)
    without = {name: value for name, value in json.loads(text).items() if name != "about"}
    with pytest.raises(DecodeError, match="it has other fields"):
        Decision.from_text(json.dumps(without) + "\n", key)


def test_the_longest_decision(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case()
    text, key = decided(case).to_text(), case.authority.public_key.verification_key
    monkeypatch.setattr(decision_file, "MOST_CHARACTERS", len(text))
    assert Decision.from_text(text, key).to_text() == text
    monkeypatch.setattr(decision_file, "MOST_CHARACTERS", len(text) - 1)
    with pytest.raises(DecodeError, match=f"at most {len(text) - 1} characters, not {len(text)}"):
        Decision.from_text(text, key)
    for wrong in (b"{}", None):
        with pytest.raises(ParameterError, match="a decision must be str"):
            Decision.from_text(wrong, key)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="a verification key is 32 bytes"):
        Decision.from_text(text, b"short")


def test_signing_changes_the_signature_alone() -> None:
    decision, key = decided(Case()), SigningKey.generate()
    signed = decision.signed(key)
    assert signed != decision and replace(signed, signature=decision.signature) == decision
    assert Decision.from_text(signed.to_text(), key.public) == signed
