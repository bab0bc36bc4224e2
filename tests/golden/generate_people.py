"""Writes a golden set of an authority whose people sign: python -m tests.golden.generate_people FOLDER, run on the
version whose objects are to be kept. A set is written once; a changed format gets a new folder."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

import pyfe
from pyfe import Function, KeyAuthority, PyfeError, Schema
from pyfe.audit import authority_id
from pyfe.authority import change_passphrase
from pyfe.authority.entries import decode_entry
from pyfe.authority.policy_file import PolicyFile
from pyfe.identity import Approval, IdentitySecret, Request, Revocation

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000
DAY = 86_400
NAMES = ("ada", "ben", "cleo")
TIME = [NOW]


def schema() -> Schema:
    """Columns enough for the default rules."""
    return Schema.from_ranges({f"x{i}": (0, 255) for i in range(16)})


def function(factor: int = 1) -> Function:
    """One score that the default rules grant, whatever its factor."""
    return Function.from_integers(schema(), [factor * (-1) ** i * (3 + i) for i in range(16)])


def policy(people: dict[str, IdentitySecret], roles: dict[str, str], version: int = 1) -> str:
    """Two approvers, one recipient that is no person."""
    lines = [f"  {n}: {{roles: [{roles[n]}], ed25519: {people[n].identity.ed25519.hex()}}}" for n in people]
    return "\n".join(
        [
            f"version: {version}",
            "people:",
            *lines,
            "requests: {purposes: [triage], recipients: [centre]}",
            f"columns: {{allowed: [{', '.join(schema().columns)}]}}",
            "approvals: {count: 2}",
            "",
        ]
    )


class Story:
    """What happens to an authority, entry by entry."""

    def __init__(self, authority: KeyAuthority) -> None:
        self.authority = authority
        self.people = {name: IdentitySecret.generate(name) for name in NAMES}
        self.id = authority_id(authority.public_key.verification_key)

    def request(self, of: Function, **changed: Any) -> Request:
        own = {"authority": self.id, "public_key": self.authority.public_key.id, "epoch": 1, "purpose": "triage"}
        own |= {"function": of.to_bytes(), "not_after": NOW + DAY}
        return Request(**{**own, **changed}).signed_by(self.people["ada"])

    def approvals(self, request: Request) -> list[Approval]:
        looked = self.authority.look(request)
        said = {"decision": looked.decision, "policy": looked.policy, "not_after": NOW + DAY}
        return [Approval.of(request, **said).signed_by(self.people[name]) for name in ("ben", "cleo")]

    def revocation(self, **what: Any) -> Revocation:
        said = {"authority": self.id, "reason": "a laptop was stolen", "at": NOW}
        return Revocation(**{**said, **what}).signed_by(self.people["cleo"])

    def tell(self) -> None:
        """Everything that versions before could write."""
        authority, roles = self.authority, {"ada": "requester", "ben": "approver", "cleo": "approver, owner"}
        authority.issue(function(), purpose="before", recipient="centre")
        authority.set_policy(PolicyFile.from_yaml(policy(self.people, roles)))
        for factor in (2, 3):
            asked = self.request(function(factor))
            authority.issue_signed(asked, self.approvals(asked))
        for refused in (self.request(function(4), purpose="sale"), self.request(function(5))):
            with contextlib.suppress(PyfeError):
                authority.issue_signed(refused)
        authority.revoke_signed(self.revocation(keys=(2,)))
        authority.revoke_signed(self.revocation(request=refused.id))
        with contextlib.suppress(PyfeError):
            authority.set_policy(PolicyFile.from_yaml(policy(self.people, roles | {"ada": "approver"}, version=2)))
        authority.rotate(reason="another version")
        authority.revoke_signed(self.revocation(epoch=1))
        if hasattr(authority, "revoke_epoch"):  # what versions write since the set people-1
            authority.revoke_epoch(1, [8], reason="lost in the fire")
            with contextlib.suppress(PyfeError):
                authority.look(self.request(function(6), epoch=7))


def after(authority: KeyAuthority, story: Story) -> None:
    """A key that is handed out twice and sealed, and a clock that was ahead."""
    asked = story.request(function(7), public_key=authority.public_key.id, epoch=2)
    issued = [authority.issue_signed(asked, story.approvals(asked)) for _ in range(2)]
    authority.seal(issued[0], story.people["ada"].identity)
    TIME[0] += 1000 * DAY
    authority.retire(2, reason="ahead")
    TIME[0] -= 1000 * DAY - 60
    agreed = [authority.clock_decision().approval(NOW + DAY).signed_by(story.people[name]) for name in ("ben", "cleo")]
    authority.clock_was_wrong(reason="the time server", approvals=agreed)


def main(folder: Path) -> None:
    """The folder ``authority``, its log and its list, and in people.json what they say."""
    folder.mkdir(parents=True)
    given: dict[str, Any] = {"path": folder / "authority", "passphrase": PASSPHRASE, "clock": lambda: TIME[0]}
    with KeyAuthority.create(schema(), **given) as authority:
        story = Story(authority)
        story.tell()
        if hasattr(authority, "clock_was_wrong"):
            after(authority, story)
        change_passphrase(given["path"], passphrase=PASSPHRASE, new=PASSPHRASE, clock=given["clock"])
        log, listed, table = authority.log(), authority.revocation_list(), authority.epoch_table()
        said = {
            "head": authority.head,
            "kinds": [decode_entry(entry).kind for entry in log.entries],
            "revoked": list(listed.keys),
            "epochs and lost": [len(getattr(listed, "epochs", ())), len(getattr(listed, "lost", ()))],
            "version": pyfe.__version__,
        }
        for name, each in {"log": log, "list": listed, "table": table, "public": authority.public_key_of(1)}.items():
            (folder / f"{name}.pyfe").write_bytes(each.to_bytes())
    (folder / "people.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
