"""The policy file: what it says, what it does not say, and where it is wrong."""

from __future__ import annotations

import dataclasses
import random

import pytest

from pyfe import DecodeError
from pyfe.authority import policy_file
from pyfe.authority.policy_file import Person, PolicyFile
from pyfe.identity import IdentitySecret
from pyfe.wire import cbor
from tests.unit import faults, people

TEXT = people.yaml()
SHORT = f"""\
version: 1
people:
  ada: {{roles: [requester], ed25519: {people.key("ada")}}}
  ben: {{roles: [approver], ed25519: {people.key("ben")}}}
  cleo: {{roles: [approver], ed25519: {people.key("cleo")}}}
requests: {{purposes: [triage]}}
columns: {{allowed: [age]}}
"""


def test_what_it_says() -> None:
    policy = PolicyFile.from_yaml(TEXT)
    assert [person.name for person in policy.people] == ["ada", "ben", "cleo", "dan", "eve"]
    assert policy.people[2] == Person("cleo", ("approver", "owner"), people.secret("cleo").identity.ed25519)
    assert policy.requesters == ("ada", "dan") and policy.approvers == ("ben", "cleo", "dan")
    assert policy.purposes == ("research: outcome after one year", "triage")
    assert policy.recipients == ("ben", "evaluation centre")
    assert (policy.allowed, policy.protected, policy.public) == (("age", "bmi", "crp", "site"), ("bmi",), ("site",))
    assert (policy.version, policy.keys, policy.keys_per_recipient, policy.rank) == (3, 8, 3, 4)
    assert (policy.days, policy.approvals) == (30, 2)
    assert policy.person(people.secret("eve").identity.ed25519) == policy.people[4]
    assert policy.person(IdentitySecret.generate("mallory").identity.ed25519) is None


def test_what_holds_where_it_says_nothing() -> None:
    """Who has a role has it, nobody else; two approvals; some keys for a year; nothing is public."""
    policy = PolicyFile.from_yaml(SHORT)
    assert (policy.requesters, policy.approvers, policy.recipients) == (("ada",), ("ben", "cleo"), ())
    assert (policy.protected, policy.public, policy.rank) == ((), (), None)
    assert (policy.keys, policy.keys_per_recipient, policy.days, policy.approvals) == (64, 16, 365, 2)


@pytest.mark.parametrize("text", [TEXT, SHORT])
def test_the_canonical_map_comes_back(text: str) -> None:
    policy = PolicyFile.from_yaml(text)
    values = cbor.loads(cbor.dumps(policy.to_dict()), "policy")
    assert PolicyFile.from_dict(values) == policy == PolicyFile.from_yaml(text.encode())
    assert PolicyFile.from_dict(values).digest == policy.digest and len(policy.digest) == 32


def test_the_digest_is_of_what_it_says() -> None:
    """Layout, order and comments change nothing of it; every word does."""
    policy = PolicyFile.from_yaml(TEXT)
    laid_out = TEXT.replace("[age, bmi, crp, site]", "\n    - site\n    - crp # why\n    - 'bmi'\n    - \"age\"")
    laid_out = laid_out.replace("by: [ben, cleo, dan]", "by: [dan, cleo, ben]").replace("count: 2", "count:   2")
    again = PolicyFile.from_yaml("---\n" + laid_out.replace("\n", "\r\n"))
    assert again == policy and again.digest == policy.digest
    changes = {
        "version: 3": "version: 4", "roles: [auditor]": "roles: [owner]", "[ada, dan]": "[ada]",
        "- triage": "- screening", "[evaluation centre, ben]": "[ben]", "crp, ": "",
        "protected: [bmi]": "protected: []", "public: [site]": "public: []", "keys: 8": "keys: 9",
        "recipient: 3": "recipient: 4", ", rank: 4": "",
        "days: 30": "days: 31", "count: 2": "count: 1", "by: [ben, cleo, dan]": "by: [ben, cleo]",
        "  eve:": "  eva:", people.key("eve"): people.key("eva"),
    }  # fmt: skip
    digests = {people.policy(**{old: new}).digest for old, new in changes.items()}
    assert len(digests) == len(changes) and policy.digest not in digests


def test_texts_are_texts() -> None:
    """YAML 1.1 would read a truth value, a number, a date and nothing."""
    odd = ["no", "on", "2026-01-01", "1e3", "0x10", "null", "~", "5"]
    policy = people.policy(**{"[age, bmi, crp, site]": f"[bmi, site, {', '.join(odd)}]"})
    assert set(odd) < set(policy.allowed)


def test_explain_says_all_of_it() -> None:
    policy = PolicyFile.from_yaml(TEXT)
    text = policy.explain()
    lines = text.splitlines()
    assert len({line.index(line[18:].lstrip()[:1], 17) for line in lines}) == 1, "two columns"
    for word in (*policy.purposes, *policy.allowed, *policy.recipients, "version 3", "8 keys", "3 for one", "30 days"):
        assert word in text
    for person in policy.people:
        assert f"{person.name}: {', '.join(person.roles)}" in text and person.ed25519.hex() in text
    assert "2 of ben, cleo, dan" in text and "at most 4 independent" in text
    strange = people.policy(**{"- triage": '- "tri\\x1b[31m\\u202eage\\nrefused"'})
    assert "\x1b" not in strange.explain() and len(strange.explain().splitlines()) == len(lines)


# -- what is wrong, and where --

OTHER_KEY = IdentitySecret.generate("x").identity.ed25519.hex()
FAULTS: dict[str, faults.Fault] = {
    "unknown word": ("purposes:", "purpose:", 13, r"'purpose' is no word of requests; did you mean 'purposes'\?"),
    "unknown word above": ("budgets:", "budget:", 21, r"did you mean 'budgets'\?"),
    "nothing near": ("budgets:", "zzz:", 21, "'zzz' is no word of the file; known are approvals, budgets"),
    "unknown word of a person": ("ed25519: " + people.key("ben"), "key: 1", 5, "'key' is no word of people.ben"),
    "unknown budget": ("rank: 4", "ranks: 4", 21, r"did you mean 'rank'\?"),
    "unknown role": ("[auditor]", "[auditer]", 10, r"'auditer' is no role; did you mean 'auditor'\?"),
    "a role twice": ("[auditor]", "[auditor, auditor]", 10, "stands twice"),
    "unknown person": ("[ada, dan]", "[ada, don]", 12, r"'don' is nobody of the people named; did you mean 'dan'\?"),
    "a person without the role": ("[ada, dan]", "[ada, eve]", 12, "'eve' has not the role 'requester'"),
    "an approver without the role": ("[ben, cleo, dan]", "[ben, cleo, ada]", 25, "'ada' has not the role 'approver'"),
    "a missing word": ("version: 3", "", 3, "the file must say 'version'"),
    "a missing purpose": ("  by: [ada, dan]\n  purposes:", "  by:", 11, "must say 'purposes'"),
    "no key": (f", ed25519: {people.key('eve')}", "", 10, "people.eve must say 'ed25519'"),
    "a name twice": ("version: 3", "version: 3\nversion: 3", 3, "'version' stands twice, first on line 2"),
    "a person twice": ("  eve:", "  ada:", 10, "'ada' stands twice, first on line 4"),
    "a purpose twice": ("- triage", "- triage\n    - triage", 15, "'triage' stands twice in requests.purposes"),
    "a column twice": ("[age, bmi,", "[age, bmi, bmi,", 18, "stands twice"),
    "a column twice in another form": ("[age, bmi,", '[age, bmi, "\\u00e9", "e\\u0301",', 18, "stands twice"),
    "a key twice": (people.key("eve"), people.key("ben"), 10, "'eve' has the key of 'ben'"),
    "two names alike": ("  eve:", "  Ben:", 10, "'Ben' and 'ben' are too much alike"),
    "two names alike in width": ("  eve:", '  "\\uff42en":', 10, "too much alike"),
    "a recipient like a person": ("[evaluation centre, ben]", "[Ben ]", 16, "'Ben' and 'ben' are too much alike"),
    "two recipients alike": ("centre, ben]", "centre, Evaluation  Centre]", 16, "too much alike"),
    "a recipient twice": ("centre, ben]", "centre, ben, ben]", 16, "'ben' stands twice in requests.recipients"),
    "a name with a sign that does not show": ("  eve:", '  "e\\u200bve":', 10, "holds a sign that does not show"),
    "a name with a letter that shows nothing": ("  eve:", '  "e\\u3164ve":', 10, "holds a sign that does not show"),
    "a name of two scripts": ("  eve:", '  "ev\\u0435":', 10, "mixes letters of cyrillic and latin scripts"),
    "a short key": (people.key("eve"), people.key("eve")[:-2], 10, "64 hexadecimal digits"),
    "a key with a blank": (people.key("eve"), people.key("eve")[:-2] + " 0", 10, "64 hexadecimal digits"),
    "a key of all": (people.key("eve"), "01" + 62 * "0", 10, "small order"),
    "a count in letters": ("count: 2", "count: two", 24, "approvals.count must be a whole number from 0 to 16"),
    "a count too large": ("count: 2", "count: 17", 24, "from 0 to 16"),
    "a huge count": ("count: 2", "count: " + 5000 * "9", 24, "from 0 to 16"),
    "a negative count": ("keys: 8", "keys: -1", 21, "budgets.keys must be a whole number"),
    "another script's digits": ("keys: 8", "keys: ٨", 21, "budgets.keys must be a whole number"),
    "no days": ("days: 30", "days: 0", 22, "expiry.days must be a whole number from 1"),
    "more approvals than approvers": ("count: 2", "count: 4", 23, "approvals needed: 4; people who may give one: 3"),
    "public and protected": ("public: [site]", "public: [bmi]", 17, "'bmi' is public and protected"),
    "a list for a map": ("{days: 30}", "[30]", 22, "expiry must be a map"),
    "a map for a list": ("[auditor]", "{auditor: 1}", 10, "people.eve.roles must be a list"),
    "a text for a list": ("[auditor]", "auditor", 10, "people.eve.roles must be a list"),
    "a list for a text": ("- triage", "- [triage]", 14, "requests.purposes.0 must be a text"),
    "a text for a map": ("{days: 30}", "30", 22, "expiry must be a map"),
    "an empty text": ("- triage", "- ''", 14, "must be a text of 1 to 500"),
    "a long text": ("- triage", "- " + 501 * "a", 14, "must be a text of 1 to 500"),
    "an empty column": ("[age, ", "[age, '', ", 18, "the name of a column"),
    "nothing": ("- triage", "-", 14, "a name or value is missing"),
    "nothing above": ("{days: 30}", "", 22, "a name or value is missing"),
    "an alias": ("[ada, dan]", "&x [ada, dan]", 12, "anchors and aliases"),
    "a use of an alias": ("- triage", "- *x", 14, "anchors and aliases"),
    "an anchored name": ("- triage", "- &x triage", 14, "anchors and aliases"),
    "a merge": ("{days: 30}", "{<<: {days: 30}}", 22, "'<<' is no word of expiry"),
    "a tag": ("version: 3", "version: !!int 3", 2, "tags"),
    "a tag of Python": ("version: 3", "version: !!python/object/apply:os.system [x]", 2, "tags"),
    "a directive": ("# who decides", "%YAML 1.1\n--- # who decides", 1, "directives"),
    "a second document": ("version: 3", "version: 3\n---", 3, "a second document begins"),
    "a map as a name": ("version: 3", "? {a: b}\n: 3", 2, "a name is a text"),
    "a tab": ("  by: [ada", "\tby: [ada", 12, "not YAML"),
    "an open quote": ("version: 3", "version: 'x", 26, "not YAML: .*begun on line 2"),
    "NUL": ("- triage", "- tri\0age", 14, "does not print"),
    "an escape beyond Unicode": ("- triage", '- "\\UFFFFFFFF"', 1, "not YAML"),
    "half a surrogate": ("- triage", '- "\\uD800"', 14, "half of a surrogate"),
    "too deep": ("- triage", "- [[[[[a]]]]]", 14, "more than 6 levels"),
    "too many": ("- triage", "- [" + 10_000 * "a," + "]", 14, "more than 10000 names and values"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_says_where_it_is(name: str) -> None:
    faults.require_said(PolicyFile.from_yaml, "policy file", TEXT, FAULTS[name])


@pytest.mark.parametrize(
    "data",
    [
        b"", b"# nothing\n", b"---\n", b"...\n", b"null", b"[]", b"{}", b"- a", b"a", b"\xff\xfe", b"\xef\xbb\xbfx: 1",
        b"version: 3\n\xff", TEXT.encode("utf-16"), "version: 3\x85",
    ],
)  # fmt: skip
def test_what_is_no_policy(data: bytes | str) -> None:
    with pytest.raises(DecodeError):
        PolicyFile.from_yaml(data)


def test_what_is_neither_text_nor_bytes() -> None:
    for item in (None, 7, ["version"], {"version": 3}):
        with pytest.raises(DecodeError, match="text or its bytes"):
            PolicyFile.from_yaml(item)  # type: ignore[arg-type]


HUGE = {
    "bytes": "#" * (policy_file.MOST_BYTES + 1),
    "nested lists": "[" * 30_000,
    "nested maps": "{a: " * 15_000,
    "nested blocks": "".join(" " * i + "a:\n" for i in range(300)),
    "items": "[" + "a," * 30_000,
    "names": "\n".join(f"n{i}: 1" for i in range(6_000)),
    "billion laughs": "a: &a [x, x]\n" + "\n".join(f"{c}: &{c} [*a, *a]" for c in "bcdefghi"),
    "one long text": "version: " + "x" * 65_000,
    "one long quoted text": 'version: "' + "\\n" * 32_000 + '"',
    "one long name": "x" * 65_000 + ": 1",
    "comments": "#\n" * 32_000,
    "blanks": " " * 65_000,
    "line ends": "\n" * 65_000,
    "question marks": "? " * 32_000,
    "dashes": "- " * 32_000,
    "flow in lines": "[\n" * 30_000,
    "block text": "version: |\n" + " x\n" * 20_000,
    "tags": "!a " * 20_000,
    "colons": "a: " * 20_000,
}


@pytest.mark.parametrize("name", HUGE)
def test_a_hostile_file_costs_little(name: str) -> None:
    faults.require_little_cost(PolicyFile.from_yaml, HUGE[name], seconds=3.0)


def test_a_map_that_is_not_canonical_is_refused() -> None:
    good = people.policy().to_dict()
    assert PolicyFile.from_dict(good) == people.policy()
    for change in (
        {"version": "3"},
        {"version": True},
        {"version": 3.0},
        {"more": 1},
        {"expiry": {}},
        {"expiry": {"days": 30, "hours": 1}},
        {"columns": {**good["columns"], "allowed": ["bmi", "age", "crp", "site"]}},
        {"people": {**good["people"], "ada": {"ed25519": people.key("ada").upper(), "roles": ["requester"]}}},
        {"people": {7: good["people"]["ada"]}},
        {"requests": None},
        {"approvals": {"by": ["cleo", "ben", "dan"], "count": 2}},
    ):
        with pytest.raises(DecodeError, match="policy file"):
            PolicyFile.from_dict({**good, **change})
    for item in (None, [], "text", {}):
        with pytest.raises(DecodeError):
            PolicyFile.from_dict(item)  # type: ignore[arg-type]
    without = {name: value for name, value in good.items() if name != "budgets"}
    with pytest.raises(DecodeError):
        PolicyFile.from_dict(without)


def test_any_text_is_a_policy_or_a_decode_error(seed: int) -> None:
    """Lines of the good file cut, doubled, exchanged and mixed with YAML's own signs."""
    rng, lines = random.Random(seed), TEXT.splitlines()
    signs = [
        "&",
        "*a",
        "!",
        "%",
        "|",
        ">",
        "'",
        '"',
        "{",
        "}",
        "[",
        "]",
        "?",
        ":",
        "-",
        "#",
        "\t",
        "@",
        "`",
        "<<",
        "---",
    ]
    read = 0
    for _ in range(300):
        text = list(lines)
        for _ in range(rng.randint(0, 2)):
            at = rng.randrange(len(text))
            choice = rng.randrange(4)
            if choice == 0:
                del text[at]
            elif choice == 1:
                text.insert(at, rng.choice(lines))
            elif choice == 2:
                cut = rng.randrange(len(text[at]) + 1)
                text[at] = text[at][:cut] + rng.choice(signs) + text[at][cut:]
            else:
                text[at] = text[at][rng.randrange(len(text[at]) + 1) :]
        try:
            policy = PolicyFile.from_yaml("\n".join(text))
        except DecodeError:
            continue
        read += 1
        assert PolicyFile.from_dict(policy.to_dict()) == policy
        assert policy.explain() and policy.approvals <= len(policy.approvers)
    assert read > 20


def test_a_policy_is_a_value() -> None:
    policy = PolicyFile.from_yaml(TEXT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        policy.keys = 99  # type: ignore[misc]
    assert hash(policy) == hash(PolicyFile.from_yaml(TEXT))
