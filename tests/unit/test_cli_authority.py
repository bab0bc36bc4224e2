"""``pyfe authority``, ``identity``, ``audit``, ``check`` and ``ledger``: the people of an authority, step by step."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe.audit import AuditLog
from pyfe.cli import main
from pyfe.epochs import EpochTable
from pyfe.identity import Identity
from pyfe.wire import sealing
from tests.unit.engines import dense, schema

WIDE = schema()
PASS = ["--passphrase-file", "pass"]
NAMES = ("ada", "ben", "cleo", "dan")


class Desk:
    """A folder with the files of an authority and its people; runs commands in it."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys
        Path("pass").write_text("correct horse battery")
        Path("schema").write_bytes(WIDE.to_bytes())
        for factor in (1, 2, 3):
            Path(f"f{factor}").write_bytes(dense(WIDE, factor=factor).to_bytes())

    def run(self, *arguments: str) -> dict[str, Any]:
        """What a command says; it must succeed."""
        code, said = self.tried(*arguments)
        assert code == 0, said
        return said

    def tried(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        code = main([*arguments, "--json"])
        return code, json.loads(self._capsys.readouterr().out.splitlines()[-1])

    def fails(self, words: str, *arguments: str) -> None:
        code, said = self.tried(*arguments)
        assert code == 1 and words in said["error"]["message"], said

    def keygen(self, *more: str) -> None:
        self.run("authority", "init", "-s", "schema", "-a", "authority", "-p", "public", *more, *PASS)

    def people(self) -> None:
        for name in NAMES:
            self.run("identity", "init", name, "-o", f"{name}.secret", "-p", f"{name}.public", *PASS)
        Path("policy.yaml").write_text(policy())

    def request(self, name: str = "ada", file: str = "f1", output: str = "request", *more: str) -> dict[str, Any]:
        fixed = ["-i", f"{name}.secret", "-p", "public", "-o", output, "--purpose", "triage", *more, *PASS]
        return self.run("authority", "request", file, *fixed)

    def approve(self, name: str, what: str = "request", decision: str = "decision") -> str:
        output = f"approval-{name}"
        fixed = ["-i", f"{name}.secret", "-p", "public", "-o", output, "--force", *PASS]
        self.run("authority", "approve", what, decision, *fixed)
        return output


def policy(version: int = 1, keys: int = 4) -> str:
    def key(name: str) -> str:
        return Identity.from_bytes(Path(f"{name}.public").read_bytes()).ed25519.hex()

    return f"""\
version: {version}
people:
  ada: {{roles: [requester], ed25519: {key("ada")}}}
  ben: {{roles: [approver], ed25519: {key("ben")}}}
  cleo: {{roles: [approver, owner], ed25519: {key("cleo")}}}
requests: {{purposes: [triage]}}
columns: {{allowed: [{", ".join(WIDE.columns)}]}}
budgets: {{keys: {keys}}}
"""


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    return Desk(capsys)


def test_a_key_by_two_approvals_sealed_for_its_recipient(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    asked = desk.request()
    decided = desk.run("check", "request", "-a", "authority", "-o", "decision", *PASS)
    assert decided["request"] == asked["request"] and decided["approvals_needed"] == 2
    desk.fails(
        "approvals", "issue", "request", "-a", "authority", "-o", "key", "--approval", desk.approve("ben"), *PASS
    )
    given = [word for name in ("ben", "cleo") for word in ("--approval", desk.approve(name))]
    issued = desk.run("issue", "request", "-a", "authority", "-o", "sealed", "--seal-for", "ada.public", *given, *PASS)
    assert issued["sealed_for"] == "ada" and issued["sequence"] == 1
    opening = ["identity", "open", "sealed", "-p", "public", "-o", "key", *PASS]
    desk.fails("another recipient", *opening, "-i", "ben.secret")
    assert desk.run(*opening, "-i", "ada.secret")["recipient"] == "ada"
    public = pyfe.PublicKey.from_bytes(Path("public").read_bytes())
    assert pyfe.FunctionKey.from_bytes(Path("key").read_bytes(), public_key=public).verified
    listed = desk.run("ledger", "authority")["keys"]
    assert [(row["recipient"], row["approved_by"], row["revoked"]) for row in listed] == [
        ("ada", ["ben", "cleo"], None)
    ]


def test_nobody_gets_a_key_of_their_own_or_for_another_file(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    desk.fails("signed requests only", "issue", "f1", "-a", "authority", "-o", "key", "--purpose", "triage", *PASS)
    desk.request()
    desk.request("ada", "f2", "other")
    desk.run("check", "request", "-a", "authority", "-o", "decision", *PASS)
    wrong = ["authority", "approve", "other", "decision", "-p", "public", "-i", "ben.secret", "-o", "approval", *PASS]
    desk.fails("about another request", *wrong)
    desk.request("dan", "f1", "foreign")
    desk.fails("requester", "check", "foreign", "-a", "authority", *PASS)
    own = [word for name in ("ben", "ada") for word in ("--approval", desk.approve(name))]
    desk.fails("approver", "issue", "request", "-a", "authority", "-o", "key", *own, *PASS)
    text = Path("decision").read_text()
    approve = ["authority", "approve", "request", "decision", "-p", "public", "-i", "ben.secret", "-o", "a", *PASS]
    for old, new, words in (
        ("triage", "research", "signature"),
        ("nothing that a rule refuses", "looked at twice", "signature"),
        ('{"pyfe"', '{ "pyfe"', "edited"),
    ):
        Path("decision").write_text(text.replace(old, new, 1))
        desk.fails(words, *approve)
    for option in ("--purpose", "--recipient"):
        desk.fails("says this itself", "issue", "request", "-a", "authority", "-o", "key", option, "triage", *PASS)


def test_a_looser_policy_needs_two(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    Path("next.yaml").write_text(policy(2, keys=9))
    change = ["authority", "policy", "authority", "next.yaml"]
    desk.fails("budgets.keys", *change, *PASS)
    assert desk.run(*change, "-o", "decision", *PASS)["allows_more"] == ["budgets.keys"]
    given = [word for name in ("ben", "cleo") for word in ("--approval", desk.approve(name, "next.yaml"))]
    desk.run(*change, *given, *PASS)
    assert desk.run("authority", "policy", "authority")["version"] == 2
    assert "version 2" in desk.run("authority", "status", "authority")["policy_file"]
    Path("tight.yaml").write_text(policy(3, keys=1))
    desk.run("authority", "policy", "authority", "tight.yaml", *PASS)
    log = desk.run("audit", "export", "authority", "-o", "log") and desk.run("audit", "show", "log")["entries"]
    assert [entry["kind"] for entry in log[2:]] == [
        "policy set", "change refused", "approved", "approved", "policy set", "policy set",
    ]  # fmt: skip


def test_without_a_policy_file_it_is_asked_in_person(desk: Desk) -> None:
    desk.keygen()
    said = desk.run("check", "f1", "-a", "authority", *PASS)
    assert said["issued"].startswith("yes")
    desk.run("issue", "f1", "-a", "authority", "-o", "key", "--purpose", "p", "--not-after", "90d", *PASS)
    bent = ["check", "f1", "-a", "authority", "-o", "decision", *PASS]
    desk.fails("signed request", *bent)
    Path("bent").write_bytes(dense(WIDE, change=1).to_bytes())
    code, said = desk.tried("check", "bent", "-a", "authority", *PASS)
    assert code == 1 and said["issued"] == "no" and said["findings"][0].startswith("rule 2")
    desk.fails("--purpose says", "issue", "f2", "-a", "authority", "-o", "key2", *PASS)
    desk.fails(
        "a day is written", "issue", "f2", "-a", "authority", "-o", "k", "--purpose", "p", "--not-after", "soon", *PASS
    )


def test_epochs_revocations_and_what_they_are_written_to(desk: Desk) -> None:
    desk.keygen()
    desk.run("issue", "f1", "-a", "authority", "-o", "key", "--purpose", "p", *PASS)
    rotated = desk.run("authority", "rotate", "authority", "-p", "public2", "--reason", "v2", *PASS)
    assert rotated["epoch"] == 2
    desk.run("issue", "f2", "-a", "authority", "-o", "key2", "--purpose", "p", *PASS)
    desk.run("authority", "retire", "authority", "--epoch", "1", "--reason", "old", *PASS)
    desk.run("authority", "epochs", "authority", "-o", "epochs", *PASS)
    public = pyfe.PublicKey.from_bytes(Path("public2").read_bytes())
    table = EpochTable.from_bytes(Path("epochs").read_bytes(), verification_key=public.verification_key)
    assert [(epoch.state, epoch.keys, epoch.rank) for epoch in table.epochs] == [("retired", 1, 1), ("open", 1, 1)]
    desk.fails("give --key", "authority", "revoke", "authority", *PASS)
    said = desk.run("authority", "revoke", "authority", "--key", "1", "--reason", "lost", "-o", "revoked", *PASS)
    assert said["keys"] == [1]
    listed = pyfe.RevocationList.from_bytes(Path("revoked").read_bytes(), public_key=public)
    assert listed.keys == (1,)
    status = desk.run("authority", "status", "authority")
    assert status["keys_revoked"] == 1 and set(status["epochs"]) == {"epoch 1", "epoch 2"}


def test_an_authority_moves_to_another_scheme(desk: Desk) -> None:
    desk.keygen()
    moved = ["authority", "rotate", "authority", "--reason", "post-quantum", *PASS]
    desk.fails("unknown scheme 'rsa'", *moved, "-p", "public2", "--scheme", "rsa")
    desk.run(*moved, "-p", "public2", "--scheme", "ipfe-rlwe")
    assert pyfe.PublicKey.from_bytes(Path("public2").read_bytes()).weight_bits == 8
    desk.run(*moved, "-p", "public3", "--weight-bits", "9")
    public = pyfe.PublicKey.from_bytes(Path("public3").read_bytes())
    assert (public.scheme, public.weight_bits) == ("ipfe-rlwe", 9)


def test_people_revoke_by_a_signed_word(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    asked = desk.request()
    fixed = ["-p", "public", "--reason", "not needed", *PASS]
    desk.run("identity", "revoke", "-i", "ada.secret", "-o", "word", "--request", "request", *fixed)
    desk.run("check", "request", "-a", "authority", *PASS)
    desk.run("authority", "revoke", "authority", "--statement", "word", *PASS)
    desk.fails("withdrawn", "check", "request", "-a", "authority", *PASS)
    assert len(asked["request"]) == 64
    desk.run("identity", "revoke", "-i", "ada.secret", "-o", "other", "--epoch", "1", *fixed)
    desk.fails("nobody who may revoke", "authority", "revoke", "authority", "--statement", "other", *PASS)
    desk.run("identity", "revoke", "-i", "cleo.secret", "-o", "owners", "--epoch", "1", *fixed)
    desk.run("authority", "revoke", "authority", "--statement", "owners", *PASS)
    assert desk.run("authority", "status", "authority")["epochs"]["epoch 1"]["state"].startswith("retired")


def test_an_auditor_needs_no_passphrase(desk: Desk) -> None:
    desk.keygen()
    desk.run("audit", "head", "authority", "-o", "head")
    desk.run("audit", "export", "authority", "-o", "early")
    desk.run("issue", "f1", "-a", "authority", "-o", "key", "--purpose", "p", *PASS)
    desk.run("audit", "export", "authority", "-o", "log")
    found = desk.run("audit", "verify", "log", "--authority", "public", "--saved", "head", "--saved", "early")
    assert found["pinned"] and (found["entries"], found["confirmed_by_saved_heads"]) == (3, 2)
    desk.run("audit", "head", "authority", "-o", "newer")
    desk.fails("signed and kept elsewhere", "audit", "verify", "early", "--saved", "newer")
    desk.fails("not of", "audit", "verify", "log", "--authority", "00" * 16)
    log = AuditLog.from_bytes(Path("log").read_bytes())
    Path("cut").write_bytes(AuditLog(log.entries[:-1], log.checkpoint, log.verification_key).to_bytes())
    desk.fails("audit log", "audit", "verify", "cut")
    shown = desk.run("audit", "show", "log", "--kind", "issued")["entries"]
    assert [entry["row"]["purpose"] for entry in shown] == ["p"]
    assert main(["audit", "show", "log"]) == 0 and main(["ledger", "authority"]) == 0


def test_backup_drill_and_restore(desk: Desk) -> None:
    desk.keygen()
    desk.run("authority", "backup", "authority", "backup")
    desk.run("audit", "head", "authority", "-o", "head")
    drilled = desk.run("authority", "restore", "backup", "--drill", "--saved", "head", *PASS)
    assert drilled["current"].startswith("as far as") and drilled["lost"] == 0
    desk.fails("--drill alone", "authority", "restore", "backup", *PASS)
    said = desk.run("authority", "restore", "backup", "again", "--reason", "the disk died", *PASS)
    assert not said["epochs_go_on"]
    desk.fails("borne out", "authority", "restore", "backup", "more", "--reason", "r", "--nothing-followed", *PASS)
    whole = ["authority", "restore", "backup", "whole", "--reason", "r", "--nothing-followed", "--saved", "head", *PASS]
    assert desk.run(*whole)["epochs_go_on"]
    assert desk.run("authority", "status", "again")["epochs"]["epoch 1"]["state"].startswith("retired")
