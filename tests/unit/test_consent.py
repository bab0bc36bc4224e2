"""Keys under a policy file: signed requests, approvals of one decision, and what people may not do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from pyfe import Function, IdentityError, KeyAuthority, ParameterError, PolicyDeniedError, Schema
from pyfe.audit import authority_id
from pyfe.authority.approving import change_digest
from pyfe.authority.entries import (
    Approved,
    ChangeRefused,
    KeyIssued,
    KeyReleased,
    Refused,
    Requested,
    RequestWithdrawn,
    decode_entry,
)
from pyfe.authority.policy_file import PolicyFile
from pyfe.identity import Approval, IdentitySecret, Request, Revocation
from tests.unit.engines import FREE, NOW, Clock, dense, schema
from tests.unit.people import DAY, key, secret

WIDE = schema()


def yaml(version: int = 1, **changes: str) -> str:
    text = f"""\
version: {version}
people:
  ada: {{roles: [requester], ed25519: {key("ada")}}}
  ben: {{roles: [approver], ed25519: {key("ben")}}}
  cleo: {{roles: [approver, owner], ed25519: {key("cleo")}}}
  dan: {{roles: [requester, approver], ed25519: {key("dan")}}}
  eve: {{roles: [auditor], ed25519: {key("eve")}}}
requests:
  purposes: [triage, research]
  recipients: [centre]
columns:
  allowed: [{", ".join(WIDE.columns)}]
budgets: {{keys: 3, keys_per_recipient: 2}}
expiry: {{days: 30}}
approvals: {{count: 2}}
"""
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


class Case:
    """An authority with a policy file, and a clock."""

    def __init__(self, **changes: str) -> None:
        self.clock = Clock()
        self.authority = KeyAuthority.create(WIDE, clock=self.clock)
        self.policy = PolicyFile.from_yaml(yaml(**changes))
        self.authority.set_policy(self.policy)
        self.id = authority_id(self.authority.public_key.verification_key)

    def request(self, function: Function | None = None, by: str = "ada", **fields: Any) -> Request:
        given = {"authority": self.id, "epoch": 1, "purpose": "triage", "not_after": NOW + DAY} | fields
        given = {"public_key": self.authority.public_key_of(given["epoch"]).id} | given
        return Request(function=(function or dense(WIDE)).to_bytes(), **given).signed_by(secret(by))

    def approval(self, request: Request, by: str, **fields: Any) -> Approval:
        looked = self.authority.look(request)
        made = Approval.of(request, decision=looked.decision, policy=looked.policy, not_after=NOW + DAY)
        return replace(made, **fields).signed_by(secret(by))

    def agreed(self, request: Request, *by: str) -> list[Approval]:
        return [self.approval(request, name) for name in by or ("ben", "cleo")]

    def use(self) -> None:
        """Issue a key by approvals, the first of which is ``used`` then."""
        first = self.request(dense(WIDE, factor=2), recipient="centre")
        approvals = self.agreed(first)
        self.used = approvals[0]
        self.authority.issue_signed(first, approvals)

    def last(self) -> Any:
        return decode_entry(self.authority.log().entries[-1])


def test_a_key_that_two_people_agreed_to(monkeypatch: pytest.MonkeyPatch) -> None:
    case = Case()
    request = case.request()
    approvals = case.agreed(request)
    issued = case.authority.issue_signed(request, approvals)
    assert (issued.recipient, issued.purpose, issued.not_after) == ("ada", "triage", NOW + 30 * DAY)
    *_, asked, first, second, entry = map(decode_entry, case.authority.log().entries)
    assert isinstance(asked, Requested) and asked.signed == request.to_bytes()
    assert isinstance(first, Approved) and {first.signed, second.signed} == {each.to_bytes() for each in approvals}
    assert isinstance(entry, KeyIssued) and set(entry.approvals) == {each.id for each in approvals}
    assert (entry.request_id, entry.policy_digest) == (request.id, case.policy.digest)
    size = len(case.authority.log())
    case.clock.now += 5
    assert case.authority.issue_signed(request).to_bytes() == issued.to_bytes()  # the same again needs nobody
    assert case.authority.issue_signed(request, approvals) == issued and len(case.authority.log()) == size + 1
    assert {type(decode_entry(entry)) for entry in case.authority.log().entries[size:]} == {KeyReleased}


def test_nobody_asks_in_person_under_a_policy_file() -> None:
    case = Case()
    with pytest.raises(PolicyDeniedError, match="signed requests only"):
        case.authority.issue(dense(WIDE), purpose="triage")
    assert [finding.kind for finding in case.authority.check(dense(WIDE))] == ["refused"]
    assert case.last().rule == "requester" and not case.authority.issued
    with pytest.raises(ParameterError, match="no policy file"):
        KeyAuthority.create(WIDE).issue_signed(case.request())


# what is wrong with a request: how it is made, and the rule that says so
REQUESTS: dict[str, tuple[Callable[[Case], Request], str]] = {
    "by nobody": (lambda case: case.request(by="mallory"), "requester"),
    "by an auditor": (lambda case: case.request(by="eve"), "requester"),
    "for another purpose": (lambda case: case.request(purpose="curiosity"), "purpose"),
    "for somebody else": (lambda case: case.request(recipient="dan"), "recipient"),
    "for another authority": (lambda case: case.request(authority=bytes(16)), "authority"),
    "over": (lambda case: case.request(not_after=NOW - 1), "expired"),
    "with too late an end": (lambda case: case.request(expires=NOW + 31 * DAY), "expiry"),
    "altered": (lambda case: replace(case.request(), purpose="research"), "altered"),
}


@pytest.mark.parametrize("wrong", REQUESTS)
def test_requests_that_are_denied_and_logged(wrong: str) -> None:
    case = Case()
    make, rule = REQUESTS[wrong]
    request = make(case)
    for ask in (case.authority.look, case.authority.issue_signed):
        with pytest.raises(PolicyDeniedError, match=rule):
            ask(request)
    entry = case.last()
    assert isinstance(entry, Refused) and rule in entry.says and entry.request_id == request.id
    assert not case.authority.issued


APPROVALS: dict[str, tuple[Callable[[Case, Approval], Approval], str, str]] = {
    "of the requester": (lambda case, a: a, "dan", "own"),
    "of an auditor": (lambda case, a: a, "eve", "approver"),
    "of nobody": (lambda case, a: a, "mallory", "approver"),
    "of the same person": (lambda case, a: a, "cleo", "twice"),
    "replayed": (lambda case, _: case.used, "ben", "replayed"),
    "for another request": (lambda case, a: replace(a, request=bytes(32)), "ben", "request"),
    "of another decision": (lambda case, a: replace(a, decision=bytes(32)), "ben", "decision"),
    "under another policy": (lambda case, a: replace(a, policy=bytes(32)), "ben", "policy"),
    "for another authority": (lambda case, a: replace(a, authority=bytes(16)), "ben", "authority"),
    "for another epoch": (lambda case, a: replace(a, epoch=2), "ben", "epoch"),
    "over": (lambda case, a: replace(a, not_after=NOW - 1), "ben", "expired"),
    "under other conditions": (lambda case, a: replace(a, conditions=("none",)), "ben", "conditions"),
}


@pytest.mark.parametrize("wrong", APPROVALS)
def test_approvals_that_do_not_count(wrong: str) -> None:
    case = Case()
    change, by, rule = APPROVALS[wrong]
    case.use()
    request = case.request(by="dan")
    good, other = case.approval(request, "cleo"), change(case, case.approval(request, by))
    keys = len(case.authority.issued)
    with pytest.raises(PolicyDeniedError, match=rf"{rule}: .*approvals: 1 of 2"):
        case.authority.issue_signed(request, [good, other.signed_by(secret(by))])
    entry = case.last()
    assert isinstance(entry, Refused) and rule in entry.says and len(case.authority.issued) == keys
    with pytest.raises(PolicyDeniedError, match="altered"):
        case.authority.issue_signed(request, [good, replace(other.signed_by(secret(by)), signature=bytes(64))])
    assert case.authority.issue_signed(request, [good, *case.agreed(request, "ben")]).recipient == "dan"


def test_two_approvals_that_are_fine_alone_never_break_a_rule_together() -> None:
    case = Case()
    first, second = case.request(), case.request(dense(WIDE, 1), by="dan")
    for_first, for_second = case.agreed(first), case.agreed(second)
    case.authority.issue_signed(first, for_first)
    with pytest.raises(PolicyDeniedError, match="rule 2: together with keys that were issued to others") as caught:
        case.authority.issue_signed(second, for_second)
    assert "#1" not in str(caught.value) and len(case.authority.issued) == 1


def test_a_key_in_between_voids_approvals_of_what_is_fine_still() -> None:
    case = Case()
    first, second = case.request(), case.request(dense(WIDE, factor=2), by="dan")
    for_first, for_second = case.agreed(first), case.agreed(second)
    case.authority.issue_signed(first, for_first)
    assert case.authority.look(second).decision != for_second[0].decision
    with pytest.raises(PolicyDeniedError, match="keys were issued since"):
        case.authority.issue_signed(second, for_second)
    assert case.authority.issue_signed(second, case.agreed(second)).sequence == 2


def test_budgets_count_every_key() -> None:
    case = Case()
    for purpose in ("triage", "research"):
        request = case.request(purpose=purpose)
        case.authority.issue_signed(request, case.agreed(request))
    case.authority.revoke([1], reason="lost")
    with pytest.raises(PolicyDeniedError, match="this recipient has 2 keys, 2 are allowed"):
        case.authority.look(case.request(dense(WIDE, factor=2)))
    request = case.request(by="dan")
    case.authority.issue_signed(request, case.agreed(request))
    with pytest.raises(PolicyDeniedError, match="as many keys as it may have, with those of others$"):
        case.authority.look(case.request(recipient="centre"))
    assert "(4 of 3)" in case.last().says


def test_columns_that_the_policy_protects_are_counted_as_protected() -> None:
    ages = Schema.from_ranges({name: (0, 100) for name in ("age", "bmi", "crp", "hb", "ldl", "tsh", "wbc", "alt")})
    weights = Function.from_integers(ages, [60, 1, 2, -1, 1, -2, 1, 1])
    allowed = f"allowed: [{', '.join(WIDE.columns)}]"
    told = {}
    for protected in ("", "\n  protected: [age]"):
        authority = KeyAuthority.create(ages, clock=Clock())
        changes = {allowed: f"allowed: [{', '.join(ages.columns)}]{protected}"}
        authority.set_policy(PolicyFile.from_yaml(yaml(**changes)))
        made = Request(
            authority=authority_id(authority.public_key.verification_key),
            public_key=authority.public_key.id,
            epoch=1, function=weights.to_bytes(), purpose="triage", not_after=NOW + DAY,
        ).signed_by(secret("ada"))  # fmt: skip
        view = authority._engine.view()
        assert (view.tightened is None) == (not protected)
        with pytest.raises(PolicyDeniedError) as caught:
            authority.look(made)
        told[protected] = str(caught.value)
    assert "age" in told["\n  protected: [age]"]


# -- changing the policy --


def test_a_policy_is_tightened_by_one_and_loosened_by_two() -> None:
    case = Case()
    tighter = PolicyFile.from_yaml(yaml(2, **{"days: 30": "days: 7"}))
    case.authority.set_policy(tighter)
    case.authority.set_policy(tighter)
    assert case.authority.policy_file == tighter and case.last().digest == tighter.digest
    with pytest.raises(ParameterError, match="has version 2"):
        case.authority.set_policy(case.policy)
    looser = PolicyFile.from_yaml(yaml(3, **{"days: 30": "days: 30", "[triage, research]": "[triage, research, all]"}))

    def approval(by: str, **fields: Any) -> Approval:
        made = Approval(authority=case.id, epoch=1, request=looser.digest, decision=change_digest(tighter, looser),
                        policy=tighter.digest, not_after=NOW + DAY)  # fmt: skip
        return replace(made, **fields).signed_by(secret(by))

    for wrong in (
        [],
        [approval("ben")],
        [approval("ben"), approval("ben")],
        [approval("ben"), approval("ada")],
        [approval("ben"), approval("cleo", not_after=NOW - 1)],
        [approval("ben"), approval("cleo", decision=bytes(32))],
        [approval("ben"), approval("cleo", policy=case.policy.digest)],
    ):
        with pytest.raises(PolicyDeniedError, match=r"requests.purposes, expiry.days\): .*of 2 approvals"):
            case.authority.set_policy(looser, wrong)
        assert isinstance(case.last(), ChangeRefused) and case.last().subject == looser.digest
    case.authority.set_policy(looser, [approval("ben"), approval("cleo")])
    assert case.authority.policy_file == looser and set(case.last().by) == {"ben", "cleo"}
    with pytest.raises(ParameterError, match="must be a PolicyFile"):
        case.authority.set_policy(case.authority.policy)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("roles: [auditor]", "roles: [auditor, owner]"),
        ("recipients: [centre]", "recipients: [centre, other]"),
        ("keys: 3", "keys: 4"),
        ("keys_per_recipient: 2", "keys_per_recipient: 3"),
        ("count: 2", "count: 1"),
        pytest.param(f"ed25519: {key('eve')}", f"ed25519: {key('mallory')}", id="a name with another key"),
        pytest.param("  eve: {roles: [auditor]", "  evelyn: {roles: [auditor]", id="a key with another name"),
        pytest.param(
            "requests:",
            f"  centre: {{roles: [auditor], ed25519: {key('mallory')}}}\nrequests:",
            id="a recipient's name",
        ),
    ],
)
def test_what_loosens_a_policy(old: str, new: str) -> None:
    case = Case()
    with pytest.raises(PolicyDeniedError, match="would allow more"):
        case.authority.set_policy(PolicyFile.from_yaml(yaml(2, **{old: new})))
    assert case.authority.policy_file == case.policy


def test_the_leakage_rules_stay_on_under_a_policy_file() -> None:
    case = Case()
    with pytest.raises(PolicyDeniedError, match="no epoch is opened in which the leakage rules are off"):
        case.authority.rotate(policy=FREE)
    assert len(case.authority.epochs) == 1 and case.authority.rotate() == 2


# -- revoking --


def test_who_may_revoke() -> None:
    case = Case()
    request = case.request()
    case.authority.issue_signed(request, case.agreed(request))

    def said(by: str, **fields: Any) -> Revocation:
        return Revocation(**{"authority": case.id, "reason": "lost", "at": NOW, "keys": (1,), **fields}).signed_by(
            secret(by)
        )

    for wrong in (said("ada"), said("mallory"), said("ben", at=NOW + DAY + 1), said("ben", authority=bytes(16))):
        with pytest.raises(PolicyDeniedError) as denied:
            case.authority.revoke_signed(wrong)
        refused, size = case.last(), len(case.authority.log())
        assert isinstance(refused, ChangeRefused) and (refused.subject, refused.says) == (wrong.id, str(denied.value))
        with pytest.raises(PolicyDeniedError):
            case.authority.revoke_signed(wrong)
        assert len(case.authority.log()) == size  # the same again is not recorded again
    with pytest.raises(ParameterError, match="1 to 1"):
        case.authority.revoke_signed(said("ben", keys=(1, 2)))
    with pytest.raises(ParameterError, match="has its key already; revoke key #1"):
        case.authority.revoke_signed(said("ben", keys=(), request=request.id))
    case.authority.revoke_signed(said("cleo"))
    assert case.last().by == "cleo" and case.authority.revocation_list().keys == (1,)
    with pytest.raises(PolicyDeniedError, match="was revoked"):
        case.authority.issue_signed(request)
    case.authority.revoke_signed(said("ben", keys=(), epoch=1))
    assert case.authority.epochs[0].retired_at == NOW


def test_a_request_is_withdrawn_by_who_asked_or_by_an_approver() -> None:
    for by in ("ada", "ben"):
        case = Case()
        request, other = case.request(), case.request(dense(WIDE, factor=2))
        approvals = case.agreed(request)
        word = {"authority": case.id, "reason": "not needed", "at": NOW}
        for wrong in ("eve", "mallory"):
            with pytest.raises(PolicyDeniedError, match="nobody who may revoke"):
                case.authority.revoke_signed(Revocation(request=other.id, **word).signed_by(secret(wrong)))
        said = Revocation(request=request.id, **word).signed_by(secret(by))
        case.authority.revoke_signed(said)
        entry = case.last()
        assert isinstance(entry, RequestWithdrawn) and (entry.by, entry.signed) == (by, said.to_bytes())
        size = len(case.authority.log())
        case.authority.revoke_signed(said)
        assert len(case.authority.log()) == size
        with pytest.raises(PolicyDeniedError, match="withdrawn"):
            case.authority.issue_signed(request, approvals)
        case.authority.issue_signed(other, case.agreed(other))


def test_a_policy_file_from_the_first_moment() -> None:
    policy = PolicyFile.from_yaml(yaml())
    authority = KeyAuthority.create(WIDE, policy_file=policy, clock=Clock())
    assert authority.policy_file == policy and len(authority.log()) == 3
    with pytest.raises(PolicyDeniedError, match="signed requests only"):
        authority.issue(dense(WIDE), purpose="triage")
    with pytest.raises(PolicyDeniedError, match="leakage rules are off"):
        KeyAuthority.create(WIDE, policy_file=policy, policy=FREE)


def test_a_key_is_sealed_for_its_recipient_only() -> None:
    case = Case()
    request = case.request()
    issued = case.authority.issue_signed(request, case.agreed(request))
    sealed = case.authority.seal(issued, secret("ada").identity)
    assert secret("ada").open(sealed) == issued.to_bytes() and sealed.number == 1
    for wrong in ("ben", "mallory"):
        with pytest.raises(PolicyDeniedError, match="identity"):
            case.authority.seal(issued, secret(wrong).identity)
    with pytest.raises(IdentityError):
        secret("ben").open(sealed)
    twin = IdentitySecret.generate("ada")  # another person of the name
    with pytest.raises(PolicyDeniedError, match="not that of 'ada'"):
        case.authority.seal(issued, twin.identity)
