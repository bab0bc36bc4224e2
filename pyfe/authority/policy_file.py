"""Policy files: who may ask an authority for keys, for what, how often, and who has to agree.

A file is YAML that people read (:mod:`pyfe.wire.yaml`). What it does not name is denied; what it says comes
on top of the leakage rules and of the schema's marks, and can only narrow them. Its digest covers what it says, not how
it is laid out.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pyfe.errors import DecodeError, ParameterError
from pyfe.schema.cells import MOST_NAME_CHARACTERS, is_text, same_name
from pyfe.strict import require_same
from pyfe.text import printable
from pyfe.wire import cbor
from pyfe.wire.hashing import fingerprint_of, tagged_hash
from pyfe.wire.signature import KEY_SIZE, require_key
from pyfe.wire.words import Fault, Node, nearest
from pyfe.wire.yaml import File, parse

__all__ = ["ROLES", "Person", "PolicyFile"]

ROLES = ("approver", "auditor", "owner", "recipient", "requester")
"""What a person may be: who asks, who agrees, who reads the log, and whose data it is (who may revoke)."""

MOST_BYTES = 2**16
"""Largest policy file: the names of some thousand columns, and people beside."""

MOST_PARTS = 10000
"""Most names and values of a policy file."""

MOST_APPROVALS = 16
DEFAULT_KEYS, DEFAULT_KEYS_PER_RECIPIENT, DEFAULT_DAYS, DEFAULT_APPROVALS = 64, 16, 365, 2
"""What holds where a file says nothing of it: keys an epoch, keys a recipient, days until a key ends, approvals."""

_MOST_COUNT, _MOST_DAYS = 2**31 - 1, 3660
_TAG = b"PYFE-V1-policy-file"
_NAME = "policy file"
_FILE = File(_NAME, MOST_BYTES, MOST_PARTS)


@dataclass(frozen=True)
class Person:
    """Somebody whom a policy names: an Ed25519 key and what it may do."""

    name: str
    roles: tuple[str, ...]
    ed25519: bytes


@dataclass(frozen=True)
class PolicyFile:
    """What a policy file says, every word of it. Made by :meth:`from_yaml` or :meth:`from_dict`.

    ``people`` by name; ``requesters`` and ``approvers`` are names of them. ``recipients`` may be anybody beside the
    requester itself. A function may weigh the columns ``allowed``; ``protected`` columns come on top of the schema's,
    and a schema may call no other columns public than ``public``. Budgets count every key ever issued, revoked and
    lost ones too: ``keys`` an epoch, ``keys_per_recipient`` in it, and ``rank`` of all together (None: the leakage
    rules' own). A key ends after ``days`` at the latest. ``approvals`` different approvers have to agree.
    """

    version: int
    people: tuple[Person, ...]
    requesters: tuple[str, ...]
    purposes: tuple[str, ...]
    recipients: tuple[str, ...]
    allowed: tuple[str, ...]
    protected: tuple[str, ...]
    public: tuple[str, ...]
    keys: int
    keys_per_recipient: int
    rank: int | None
    days: int
    approvals: int
    approvers: tuple[str, ...]

    @classmethod
    def from_yaml(cls, data: bytes | str) -> PolicyFile:
        """The policy of a file. DecodeError, which names the line, and for a wrong word the nearest known one."""
        parsed = parse(data, _FILE)
        try:
            return _read(Node(parsed.value))
        except Fault as fault:
            _FILE.refuse(parsed.line_of(fault.path), fault.message)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> PolicyFile:
        """The inverse of :meth:`to_dict`; DecodeError for anything else."""
        try:
            policy = _read(Node(data))
        except Fault as fault:
            raise DecodeError(f"not a {_NAME}: {fault.message}") from None
        require_same(policy.to_dict(), data, f"a {_NAME}")
        return policy

    def to_dict(self) -> dict[str, Any]:
        """The canonical map, of plain types: every word, lists in order; the same for two files that say the same."""
        rank = {} if self.rank is None else {"rank": self.rank}
        return {
            "approvals": {"by": list(self.approvers), "count": self.approvals},
            "budgets": {"keys": self.keys, "keys_per_recipient": self.keys_per_recipient, **rank},
            "columns": {
                "allowed": list(self.allowed),
                "protected": list(self.protected),
                "public": list(self.public),
            },
            "expiry": {"days": self.days},
            "people": {p.name: {"ed25519": p.ed25519.hex(), "roles": list(p.roles)} for p in self.people},
            "requests": {
                "by": list(self.requesters),
                "purposes": list(self.purposes),
                "recipients": list(self.recipients),
            },
            "version": self.version,
        }

    @cached_property
    def digest(self) -> bytes:
        """Hash (32 bytes) of the canonical map: what an approval names."""
        return tagged_hash(_TAG, cbor.dumps(self.to_dict()))

    def person(self, ed25519: bytes) -> Person | None:
        """Whose key it is; None for a key of nobody."""
        return next((person for person in self.people if person.ed25519 == ed25519), None)

    @property
    def keyless(self) -> tuple[str, ...]:
        """Recipients that are nobody of the people: names without a key. A key can be sealed for whoever makes an
        identity of such a name."""
        known = {person.name for person in self.people}
        return tuple(name for name in self.recipients if name not in known)

    def explain(self) -> str:
        """Everything that holds under the policy as a table of two columns, a line a fact; what it does not say is
        denied."""
        rows = [("policy", f"version {self.version}"), ("digest", fingerprint_of(self.digest)), *_explained(self)]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {printable(text)}" for name, text in rows)


def _explained(policy: PolicyFile) -> list[tuple[str, str]]:
    per = f"{policy.keys_per_recipient} for one recipient"
    rank = "" if policy.rank is None else f"; together at most {policy.rank} independent functions"
    rows = [
        ("may ask", _listed(policy.requesters)),
        ("for the purposes", _listed(policy.purposes)),
        ("for a key to", _listed((*_receiving(policy), "whoever asks"))),
        ("on the columns", _listed(policy.allowed)),
        ("protected", f"{_listed(policy.protected)}, and what the schema protects"),
        ("public", f"{_listed(policy.public)}; a schema that calls another column public gets no key"),
        ("at most", f"{policy.keys} keys an epoch, {per}{rank}"),
        ("a key ends", f"after {policy.days} days at the latest"),
        ("have to agree", f"{policy.approvals} of {_listed(policy.approvers)}; nobody about a key of their own"),
    ]
    rows += [("person", f"{p.name}: {_listed(p.roles)}; Ed25519 {p.ed25519.hex()}") for p in policy.people]
    return rows


def _receiving(policy: PolicyFile) -> list[str]:
    return [f"{name} (a name without a key)" if name in policy.keyless else name for name in policy.recipients]


def _listed(texts: Sequence[str]) -> str:
    return ", ".join(texts) or "none"


# -- reading --


def _read(file: Node) -> PolicyFile:
    """The policy that plain types say, as people write them or as :meth:`PolicyFile.to_dict` does; Fault."""
    parts = file.words(("version", "people", "requests", "columns"), ("budgets", "expiry", "approvals"))
    people = _people(parts["people"])
    asked = parts["requests"].words(("purposes",), ("by", "recipients"))
    columns = parts["columns"].words(("allowed",), ("protected", "public"))
    nothing = Node({}, ())
    budgets = parts.get("budgets", nothing).words((), ("keys", "keys_per_recipient", "rank"))
    expiry = parts.get("expiry", nothing).words((), ("days",))
    agreed = parts.get("approvals", nothing).words((), ("count", "by"))
    approvers = _with_role(agreed.get("by"), people, "approver")
    policy = PolicyFile(
        version=parts["version"].count(1, _MOST_COUNT),
        people=people,
        requesters=_with_role(asked.get("by"), people, "requester"),
        purposes=asked["purposes"].texts(),
        recipients=_recipients(asked.get("recipients"), people),
        allowed=_columns(columns["allowed"]),
        protected=_columns(columns.get("protected")),
        public=_columns(columns.get("public")),
        keys=_count(budgets.get("keys"), DEFAULT_KEYS),
        keys_per_recipient=_count(budgets.get("keys_per_recipient"), DEFAULT_KEYS_PER_RECIPIENT),
        rank=budgets["rank"].count(0, _MOST_COUNT) if "rank" in budgets else None,
        days=_count(expiry.get("days"), DEFAULT_DAYS, 1, _MOST_DAYS),
        approvals=_count(agreed.get("count"), DEFAULT_APPROVALS, 0, MOST_APPROVALS),
        approvers=approvers,
    )
    if policy.approvals > len(approvers):
        at = parts.get("approvals", file)
        at.fail(f"approvals needed: {policy.approvals}; people who may give one: {len(approvers)}")
    both = next((name for name in policy.public if name in policy.protected), None)
    if both is not None:
        parts["columns"].fail(f"{both[:60]!r} is public and protected")
    return policy


def _people(node: Node) -> tuple[Person, ...]:
    """People with keys of their own: neither two names of one key, nor two names that look alike."""
    people, keys, names = [], dict[bytes, str](), dict[str, str]()
    for name, entry in node.entries().items():
        own = Node(name, entry.path).text()
        fields = entry.words(("ed25519", "roles"), ())
        key = fields["ed25519"].octets(KEY_SIZE)
        try:
            require_key(key, f"that of {own[:60]!r}")
        except ParameterError as error:
            fields["ed25519"].fail(str(error))
        if (other := keys.setdefault(key, own)) != own:
            fields["ed25519"].fail(f"{own[:60]!r} has the key of {other[:60]!r}: a person has one name")
        if (other := names.setdefault(_looks(entry, own), own)) != own:
            entry.fail(f"{own[:60]!r} and {other[:60]!r} are too much alike")
        people.append(Person(own, fields["roles"].chosen(ROLES, "role"), key))
    return tuple(sorted(people, key=lambda person: person.name))


def _recipients(node: Node | None, people: Sequence[Person]) -> tuple[str, ...]:
    """Names that keys may go to. None looks like another, or like a person's: it would have a budget of its own, and
    the person would approve keys for itself."""
    if node is None:
        return ()
    names = {_looks(node, person.name): person.name for person in people}
    for item in node.items():
        if (other := names.setdefault(_looks(item, item.text()), item.value)) != item.value:
            item.fail(f"{item.value[:60]!r} and {other[:60]!r} are too much alike")
    return node.texts()


_SCRIPTS = ("LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC")
"""Scripts with letters that look like those of another."""

_UNSEEN = "\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0"
"""Letters and marks that show nothing."""


def _looks(node: Node, name: str) -> str:
    """What names have in common that people take for one. Fault for signs that do not show, and for letters of several
    scripts whose letters look alike."""
    if any(unicodedata.category(sign) in ("Cf", "Cc", "Co", "Cn") or sign in _UNSEEN for sign in name):
        node.fail(f"{name[:60]!a} holds a sign that does not show")
    letters = [unicodedata.name(sign, "") for sign in name if sign.isalpha()]
    found = {script for script in _SCRIPTS if any(letter.startswith(script) for letter in letters)}
    if len(found) > 1:
        node.fail(f"{name[:60]!a} mixes letters of {' and '.join(sorted(found)).lower()} scripts")
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _with_role(node: Node | None, people: Sequence[Person], role: str) -> tuple[str, ...]:
    """The names listed, all of which have the role; by default everybody who has it."""
    having = tuple(person.name for person in people if role in person.roles)
    if node is None:
        return having
    known = {person.name for person in people}
    for item in node.items():
        if item.text() in known and item.value not in having:
            item.fail(f"{item.value[:60]!r} has not the role {role!r}")
        if item.value not in known:
            item.fail(f"{item.value[:60]!r} is nobody of the people named{nearest(item.value, known)}")
    return node.texts()


def _columns(node: Node | None) -> tuple[str, ...]:
    """Names of columns, in the form that names are compared in."""
    if node is None:
        return ()
    names = set()
    for item in node.items():
        if not is_text(item.value):
            item.fail(f"the name of a column is a text of 1 to {MOST_NAME_CHARACTERS} characters")
        if same_name(item.value) in names:
            item.fail(f"{item.value[:60]!r} stands twice in {node.name}")
        names.add(same_name(item.value))
    return tuple(sorted(names))


def _count(node: Node | None, default: int, lowest: int = 0, highest: int = _MOST_COUNT) -> int:
    return default if node is None else node.count(lowest, highest)
