"""Laws of policy files and approvals over random policies and statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pyfe.authority.approving import agreed
from pyfe.authority.policy_file import ROLES, Person, PolicyFile
from pyfe.authority.policy_rules import policy_findings
from tests.unit import people
from tests.unit.people import DECISION, NOW, approval, counts, here, request

NAMES = ("ada", "ben", "cleo", "dan", "eve", "no", "größe", "a: b #", "'\"", "- [&*!")
COLUMNS = ("age", "bmi", "crp", "hiv", "site", "\u00e9tat", "a,b", "{x}", "1", " ")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20).filter(str.strip)
RECIPIENTS = st.text(st.characters(categories=["Ll", "Lu", "Nd", "Zs"], max_codepoint=0x24F), min_size=1, max_size=20)


def some(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(values)).map(lambda chosen: tuple(sorted(chosen)))


@st.composite
def policies(draw: st.DrawFn) -> PolicyFile:
    """Any policy that a file can say."""
    names = draw(st.sets(st.sampled_from(NAMES), min_size=1))
    roles = {name: draw(some(ROLES)) for name in names}
    everybody = tuple(Person(n, roles[n], people.secret(n).identity.ed25519) for n in sorted(names))
    may = {role: tuple(p.name for p in everybody if role in p.roles) for role in ROLES}
    approvers = draw(some(may["approver"])) if may["approver"] else ()
    protected = draw(some(COLUMNS))
    return PolicyFile(
        version=draw(st.integers(1, 2**31 - 1)),
        people=everybody,
        requesters=draw(some(may["requester"])) if may["requester"] else (),
        purposes=tuple(sorted(draw(st.sets(TEXTS, max_size=4)))),
        recipients=tuple(sorted(draw(st.sets(RECIPIENTS.filter(str.strip), max_size=4)))),
        allowed=draw(some(COLUMNS)),
        protected=protected,
        public=tuple(sorted(set(draw(some(COLUMNS))) - set(protected))),
        keys=draw(st.integers(0, 2**31 - 1)),
        keys_per_recipient=draw(st.integers(0, 100)),
        rank=draw(st.none() | st.integers(0, 100)),
        days=draw(st.integers(1, 3660)),
        approvals=draw(st.integers(0, min(16, len(approvers)))),
        approvers=approvers,
    )


def quoted(value: Any) -> str:
    """A canonical map in YAML's flow style, every text quoted with escapes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(k)}: {quoted(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(quoted, value)) + "]"
    if isinstance(value, int):
        return str(value)
    escaped = (f"\\U{ord(sign):08x}" if not sign.isalnum() or ord(sign) > 126 else sign for sign in value)
    return '"' + "".join(escaped) + '"'


@given(policies())
def test_a_policy_comes_back_by_map_and_by_file(policy: PolicyFile) -> None:
    assert PolicyFile.from_dict(policy.to_dict()) == policy
    again = PolicyFile.from_yaml(quoted(policy.to_dict()))
    assert again == policy and again.digest == policy.digest
    assert policy.explain().isprintable() or set(policy.explain()) - {"\n"} == {
        sign for sign in policy.explain() if sign.isprintable()
    }


@given(policies(), st.sampled_from(NAMES), st.data())
def test_the_longer_the_list_the_more_is_granted(policy: PolicyFile, name: str, data: st.DataObject) -> None:
    """Nobody is let in by an entry less: every list and budget widened, what was granted stays granted."""
    asked = request(name, purpose=data.draw(st.sampled_from([*policy.purposes, "other"])))
    own = counts(
        columns=data.draw(some(COLUMNS)), known=COLUMNS, public=data.draw(some(COLUMNS)),
        keys=data.draw(st.integers(0, 3)), rank=data.draw(st.integers(0, 3)),
    )  # fmt: skip
    wide = replace(
        policy,
        requesters=tuple(p.name for p in policy.people),
        purposes=tuple(sorted({*policy.purposes, "other"})),
        allowed=COLUMNS,
        protected=(),
        public=COLUMNS,
        keys=2**31 - 1,
        keys_per_recipient=2**31 - 1,
        rank=None,
        days=3660,
    )
    narrow = {refusal.rule for refusal in policy_findings(policy, asked, own, NOW)}
    assert {refusal.rule for refusal in policy_findings(wide, asked, own, NOW)} <= narrow & {"requester"}
    nothing = replace(policy, requesters=(), purposes=(), allowed=(), keys=0)
    assert {refusal.rule for refusal in policy_findings(nothing, asked, own, NOW)} == {"requester"}
    by_all = replace(nothing, requesters=tuple(p.name for p in policy.people))
    if "requester" not in {refusal.rule for refusal in policy_findings(by_all, asked, own, NOW)}:
        assert {"purpose", "keys"} <= {refusal.rule for refusal in policy_findings(by_all, asked, own, NOW)}


@given(
    st.lists(st.tuples(st.sampled_from(["ada", "ben", "cleo", "dan", "eve", "mallory"]), st.integers(0, 7)), max_size=8)
)
def test_approvals_count_people(given_by: list[tuple[str, int]]) -> None:
    """Whatever is given in whatever order: what counts is how many different approvers gave one good approval."""
    asked = request("dan")
    spoiled = [
        {}, {}, {"decision": bytes(32)}, {"policy": bytes(32)}, {"epoch": 2}, {"authority": bytes(16)},
        {"not_after": NOW - 1}, {"request": bytes(32)},
    ]  # fmt: skip
    approvals = [approval(name, asked, **spoiled[how]) for name, how in given_by]
    found = agreed(people.policy(), asked, approvals, DECISION, here())
    good = {name for name, how in given_by if how < 2} & {"ben", "cleo"}
    assert set(found.by) == good and found.enough == (len(good) >= 2)
    assert len(found.by) == len(found.ids) == len(set(found.ids))
    assert len(found.refusals) >= len(approvals) - len(good)
