"""Every rule of a policy file refuses once and grants once; every way around an approval is closed by name."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import pyfe
from pyfe import Function, ParameterError, Schema
from pyfe.authority import policy_rules
from pyfe.authority.approving import agreed, request_refusals, revocation_refusals
from pyfe.authority.policy_rules import (
    Counts,
    Refusal,
    expiry_of,
    policy_findings,
    recipient_of,
    tightened,
    weighed_columns,
)
from pyfe.forms import MatrixForms
from pyfe.identity import Approval, Request, Revocation
from tests.unit import people
from tests.unit.people import AUTHORITY, DAY, DECISION, NOW, approval, counts, here, policy, request


def rules(found: tuple[Refusal, ...]) -> set[str]:
    return {refusal.rule for refusal in found}


# -- what a policy file says --

# name: rule, (request, counts) that it refuses, (request, counts) nearest to it that is granted
Asked = tuple[Request, Counts]
FULL = counts(keys=8, of_recipient=3)
RULES: dict[str, tuple[str, Asked, Asked]] = {
    "nobody": ("requester", (request("mallory"), counts()), (request("ada"), counts())),
    "an auditor": ("requester", (request("eve"), counts()), (request("dan"), counts())),
    "a purpose": ("purpose", (request(purpose="triage "), counts()), (request(purpose="triage"), counts())),
    "a recipient": ("recipient", (request(recipient="dan"), counts()), (request("dan", recipient="dan"), counts())),
    "another recipient": ("recipient", (request(recipient="Ben"), counts()), (request(recipient="ben"), counts())),
    "a column": ("columns", (request(), counts(columns={"age", "hiv"})), (request(), counts(columns={"age", "crp"}))),
    "an unknown column": (
        "protected",
        (request(), counts(known={"age", "site"}, columns={"age"})),
        (request(), counts(known={"age", "site", "bmi"}, columns={"age"})),
    ),
    "a protected column that is public": (
        "protected",
        (request(), counts(public={"bmi", "site"})),
        (request(), counts(public={"site"})),
    ),
    "a public column": ("public", (request(), counts(public={"site", "age"})), (request(), counts(public=set()))),
    "keys": ("keys", (request(), counts(keys=8)), (request(), counts(keys=7))),
    "keys again": ("keys", (request(), counts(keys=9)), (request(), replace(FULL, again=True))),
    "keys of a recipient": (
        "keys of a recipient",
        (request(), counts(of_recipient=3)),
        (request(), counts(of_recipient=2)),
    ),
    "rank": ("rank", (request(), counts(rank=5)), (request(), counts(rank=4))),
    "a late end": (
        "expiry",
        (request(expires=NOW + 30 * DAY + 1), counts()),
        (request(expires=NOW + 30 * DAY), counts()),
    ),
    "an end that has passed": ("expiry", (request(expires=NOW), counts()), (request(expires=NOW + 1), counts())),
}


@pytest.mark.parametrize("name", RULES)
def test_every_rule_refuses_once_and_grants_once(name: str) -> None:
    rule, refused, granted = RULES[name]
    assert rules(policy_findings(policy(), *refused, NOW)) == {rule}
    assert policy_findings(policy(), *granted, NOW) == ()


def test_every_rule_has_a_row() -> None:
    source = inspect.getsource(policy_rules)
    named = {line.split('Refusal("')[1].split('"')[0] for line in source.splitlines() if 'Refusal("' in line}
    assert named == {rule for rule, _, _ in RULES.values()}


def test_everything_wrong_is_said_at_once() -> None:
    asked = request("ada", purpose="x", recipient="x", expires=NOW)
    found = policy_findings(policy(), asked, FULL, NOW)
    assert rules(found) == {"purpose", "recipient", "keys", "keys of a recipient", "expiry"}
    stranger = request("eve", purpose="x", recipient="x", expires=NOW)
    assert rules(policy_findings(policy(), stranger, FULL, NOW)) == {"requester"}  # and is told nothing of the budgets
    assert all(str(refusal).startswith(refusal.rule + ": ") for refusal in found)


def test_figures_of_others_are_for_the_log_only() -> None:
    for wrong, figure, limit in ((counts(keys=8), 9, 8), (counts(rank=77), 77, 4)):
        (found,) = policy_findings(policy(), request(), wrong, NOW)
        assert (found.figure, found.limit) == (figure, limit)
        assert not set(found.message) & set("0123456789") and "others" in found.message


def test_a_purpose_names_the_nearest() -> None:
    (found,) = policy_findings(policy(), request(purpose="triag"), counts(), NOW)
    assert "did you mean 'triage'" in found.message


def test_who_a_key_is_for_and_when_it_ends() -> None:
    assert recipient_of(policy(), request()) == "ada" == recipient_of(policy(), request(recipient="ada"))
    assert recipient_of(policy(), request(recipient="evaluation centre")) == "evaluation centre"
    assert recipient_of(policy(), request("mallory")) == people.key("mallory")
    assert expiry_of(policy(), request(), NOW) == NOW + 30 * DAY
    assert expiry_of(policy(), request(expires=NOW + 5), NOW) == NOW + 5


# -- against a schema --


def table() -> Schema:
    columns = {
        "age": (0, 120), "bmi": (10, 60), "sex": ["f", "m"], "stage": ["a", "b", "c"], "one": pyfe.constant(1),
        "site": ["x", "y"], "e\u0301tat": (0, 9),
    }  # fmt: skip
    return Schema.from_ranges(
        columns, public=["site"], protected=["sex"], protected_forms={"gap": {"age": 1, "bmi": -1}}
    )


def test_what_a_function_weighs() -> None:
    schema = table()
    assert schema.n == 9
    linear = Function.from_integers(schema, [[1, 0, 0, 0, 0, 0, 3, 0, 0], [0, 0, 0, 0, 2, 0, 1, 0, 0]])
    assert weighed_columns(linear, schema) == {"age", "stage"}
    forms = MatrixForms((1, 10, 10), [0, 0], [0, 2], [9, 3], [1, 1])  # 1 x etat, bmi x sex
    assert weighed_columns(Function.from_forms(schema, forms), schema) == {"\u00e9tat", "bmi", "sex"}
    known = Counts.of(linear, schema, keys=1, of_recipient=2, rank=3)
    assert known.known >= {"\u00e9tat", "one"} and known.public == {"site"}
    assert (known.keys, known.of_recipient, known.rank, known.again) == (1, 2, 3, False)


def test_a_policy_only_tightens_the_marks() -> None:
    schema = table()
    protecting = policy(**{"protected: [bmi]": 'protected: ["\\u00e9tat", bmi]'})
    tight = tightened(schema, protecting)
    marks = {name for name, column in tight.columns.items() if column.protected}
    assert marks == {"sex", "bmi", "e\u0301tat"}
    assert {name for name, column in tight.columns.items() if column.public} == {"site"}
    assert tight.to_dict()["protected_forms"] == schema.to_dict()["protected_forms"]
    assert tight.n == schema.n and tight.id != schema.id
    assert tightened(schema, policy(**{"protected: [bmi]": "protected: [sex]"})).id == schema.id
    with pytest.raises(ParameterError, match="no column 'bmj'"):
        tightened(schema, policy(**{"protected: [bmi]": "protected: [bmj]"}))
    with pytest.raises(ParameterError, match="public and protected"):
        tightened(schema, policy(**{"protected: [bmi]": "protected: [site]", "public: [site]": "public: []"}))


# -- requests --

ASKED = request()
OTHER = request(conditions=("deleted after a year",))
TAMPERED: dict[str, tuple[Request, Any, str]] = {
    "altered": (replace(request(), purpose="research"), here(), "altered"),
    "signed by another": (replace(request(), signer=people.secret("dan").identity.ed25519), here(), "altered"),
    "another authority": (request(authority=bytes(16)), here(), "authority"),
    "another epoch": (request(epoch=2), here(), "epoch"),
    "expired": (request(not_after=NOW - 1), here(), "expired"),
    "replayed": (OTHER, here(used={OTHER.id}), "replayed"),
}


@pytest.mark.parametrize("name", TAMPERED)
def test_a_request_that_is_not_looked_at(name: str) -> None:
    asked, place, rule = TAMPERED[name]
    assert rules(request_refusals(asked, place)) == {rule}


def test_a_request_that_is_looked_at() -> None:
    assert request_refusals(request(not_after=NOW), here(used={bytes(32)})) == ()


# -- approvals --


REPLAYED = approval("ben", ASKED)


def made(by: str = "ben", of: Request = ASKED, **fields: Any) -> Callable[[], Approval]:
    return lambda: approval(by, of, **fields)


BYPASSES: dict[str, tuple[Callable[[], Approval], dict[str, Any], set[str]]] = {
    "altered": (lambda: replace(approval("ben", ASKED), not_after=NOW + 9 * DAY), {}, {"altered"}),
    "signed by somebody else": (
        lambda: replace(approval("ben", ASKED), signer=people.secret("cleo").identity.ed25519), {}, {"altered"},
    ),
    "transplanted to another request": (made(of=OTHER, conditions=()), {}, {"request"}),
    "of the request before it was altered": (
        lambda: approval("ben", replace(ASKED, purpose="research: outcome after one year")), {}, {"request"},
    ),
    "transplanted to another authority": (made(authority=bytes(16)), {}, {"authority"}),
    "transplanted to another epoch": (made(epoch=2), {}, {"epoch"}),
    "another decision": (made(decision=bytes(32)), {}, {"decision"}),
    "another policy": (
        lambda: approval("ben", ASKED, policy=policy(**{"version: 3": "version: 4"}).digest), {}, {"policy"},
    ),
    "the same version, other words": (
        lambda: approval("ben", ASKED, policy=policy(**{"keys: 8": "keys: 80"}).digest), {}, {"policy"},
    ),
    "other conditions": (made(conditions=("none",)), {}, {"conditions"}),
    "expired": (made(not_after=NOW - 1), {}, {"expired"}),
    "replayed": (lambda: REPLAYED, {"used": {REPLAYED.id}}, {"replayed"}),
    "by nobody": (made("mallory"), {}, {"approver"}),
    "by an auditor": (made("eve"), {}, {"approver"}),
    "of its own": (made("ada"), {}, {"approver", "own"}),
}  # fmt: skip


@pytest.mark.parametrize("name", BYPASSES)
def test_an_approval_that_does_not_count(name: str) -> None:
    """Alone, and beside a good one, which counts all the same."""
    make, place, rule = BYPASSES[name]
    bad, good = make(), approval("cleo", ASKED)
    for approvals in ([bad, good], [good, bad]):
        found = agreed(policy(), ASKED, approvals, DECISION, here(**place))
        assert found.by == ("cleo",) and found.ids == (good.id,) and not found.enough
        assert rules(found.refusals) == {*rule, "approvals"}
    alone = agreed(policy(**{"count: 2": "count: 1"}), ASKED, [bad], DECISION, here(**place))
    assert not alone.enough and alone.by == ()


def test_an_approver_never_approves_its_own_request() -> None:
    """Neither who asked nor who is to receive the key, whatever else they are."""
    one = policy(**{"count: 2": "count: 1"})
    for asked, by in (
        (request("dan"), "dan"),
        (request(recipient="ben"), "ben"),
        (request("dan", recipient="dan"), "dan"),
        (request("dan", recipient="evaluation centre"), "dan"),
    ):
        found = agreed(one, asked, [approval(by, asked, policy=one.digest)], DECISION, here())
        assert rules(found.refusals) == {"own", "approvals"} and not found.enough
        other = agreed(one, asked, [approval("cleo", asked, policy=one.digest)], DECISION, here())
        assert other.enough and other.by == ("cleo",) and other.refusals == ()


def test_a_role_is_not_enough_where_the_file_lists_who_may() -> None:
    """Dan may ask and approve by his roles; a file that lists others denies him both."""
    short = policy(**{"count: 2": "count: 1", "by: [ben, cleo, dan]": "by: [ben, cleo]", "by: [ada, dan]": "by: [ada]"})
    found = agreed(short, ASKED, [approval("dan", ASKED, policy=short.digest)], DECISION, here())
    assert rules(found.refusals) == {"approver", "approvals"}
    assert rules(policy_findings(short, request("dan"), counts(), NOW)) == {"requester"}
    assert policy_findings(short, request("ada"), counts(), NOW) == ()


def test_two_people_are_two() -> None:
    """One person twice is one, by two files or by one file given twice; three are more than enough."""
    first, again = approval("ben", ASKED), approval("ben", ASKED)
    for approvals in ([first, again], [first, first], [first] * 5):
        found = agreed(policy(), ASKED, approvals, DECISION, here())
        assert not found.enough and found.by == ("ben",) and rules(found.refusals) == {"twice", "approvals"}
    three = [approval(name, ASKED) for name in ("ben", "cleo", "dan")]
    for approvals in itertools.permutations(three, 2):
        found = agreed(policy(), ASKED, list(approvals), DECISION, here())
        assert found.enough and found.refusals == () and len(set(found.by)) == 2
    assert agreed(policy(), ASKED, three, DECISION, here()).ids == tuple(a.id for a in three)


def test_too_few() -> None:
    for approvals in ([], [approval("ben", ASKED)]):
        found = agreed(policy(), ASKED, approvals, DECISION, here())
        assert not found.enough
        assert (found.refusals[-1].rule, found.refusals[-1].figure) == ("approvals", len(approvals))
        assert found.refusals[-1].limit == 2
    nobody = policy(**{"count: 2": "count: 0"})
    assert agreed(nobody, ASKED, [], DECISION, here()).enough


def test_approvals_of_two_requests_do_not_mix() -> None:
    """What two approvers give to two requests adds up for neither."""
    given = [approval("ben", ASKED), approval("cleo", OTHER)]
    for asked in (ASKED, OTHER):
        assert not agreed(policy(), asked, given, DECISION, here()).enough


# -- revocations --


def revocation(by: str, **fields: Any) -> Revocation:
    own = {"authority": AUTHORITY, "keys": (1,), "reason": "lost", "at": NOW}
    return Revocation(**{**own, **fields}).signed_by(people.secret(by))


REVOKED: dict[str, tuple[Callable[[], Revocation], set[str]]] = {
    "by an approver": (lambda: revocation("ben"), set()),
    "by an owner": (lambda: revocation("cleo", keys=(), epoch=1), set()),
    "of a request by an approver": (lambda: revocation("dan", keys=(), request=ASKED.id), set()),
    "of its own request": (lambda: revocation("ada", keys=(), request=ASKED.id), set()),
    "of another's request": (lambda: revocation("ada", keys=(), request=OTHER.id), {"revoker"}),
    "of a key by who asked for it": (lambda: revocation("ada"), {"revoker"}),
    "by an auditor": (lambda: revocation("eve"), {"revoker"}),
    "by nobody": (lambda: revocation("mallory"), {"revoker"}),
    "of a later day": (lambda: revocation("ben", at=NOW + DAY + 1), {"time"}),
    "by a fast clock": (lambda: revocation("ben", at=NOW + DAY), set()),
    "for another authority": (lambda: revocation("ben", authority=bytes(16)), {"authority"}),
    "altered": (lambda: replace(revocation("ben"), keys=(1, 2)), {"altered"}),
}


@pytest.mark.parametrize("name", REVOKED)
def test_one_person_revokes(name: str) -> None:
    make, rule = REVOKED[name]
    assert rules(revocation_refusals(policy(), make(), here(), ASKED)) == rule


def test_a_stranger_withdraws_no_request_of_a_key_of_nobody() -> None:
    """A requester withdraws its own request even after the policy has stopped to name it, and only its own."""
    gone = request("mallory")
    assert revocation_refusals(policy(), revocation("mallory", keys=(), request=gone.id), here(), gone) == ()
    assert rules(revocation_refusals(policy(), revocation("mallory", keys=(), request=gone.id), here())) == {"revoker"}
