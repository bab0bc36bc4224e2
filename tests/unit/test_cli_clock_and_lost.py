"""``pyfe authority clock``, ``revoke --unknown`` and ``--epoch``, and what the log says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pyfe import Function, KeyAuthority
from pyfe.cli import main
from pyfe.keys import RevocationList
from pyfe.wire import sealing
from tests.unit.engines import schema
from tests.unit.people import DAY
from tests.unit.test_cli_authority import PASS, Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    return Desk(capsys)


def in_the_future(days: int) -> None:
    """Entries of a clock that is ahead."""
    import time

    with KeyAuthority.open(
        "authority", passphrase="correct horse battery", clock=lambda: time.time() + days * DAY
    ) as a:
        a.rotate(reason="ahead")


def log(desk: Desk) -> list[dict[str, Any]]:
    desk.run("audit", "export", "authority", "-o", "log", "--force")
    return desk.run("audit", "show", "log")["entries"]  # type: ignore[no-any-return]


def test_lost_keys_and_whole_epochs(desk: Desk) -> None:
    desk.keygen()
    revoke = ["authority", "revoke", "authority", *PASS]
    desk.fails("--unknown goes with --key and --epoch", *revoke, "--key", "7", "--epoch", "1", "--reason", "r")
    desk.fails("--unknown goes with --key and --epoch", *revoke, "--key", "7", "--unknown", "--reason", "r")
    desk.fails("--key or --epoch, and --reason", *revoke, "--epoch", "1")
    desk.fails("is open, and may", *revoke, "--key", "7", "--epoch", "1", "--unknown", "--reason", "r")
    said = desk.run(*revoke, "--epoch", "1", "--reason", "stolen", "-o", "revoked")
    assert len(said["epochs_whole"]) == 1
    said = desk.run(*revoke, "--key", "7", "--epoch", "1", "--unknown", "--reason", "lost", "-o", "revoked")
    assert said["keys_not_in_the_log"][0].startswith("#7 under ")
    assert len(RevocationList.from_bytes(Path("revoked").read_bytes()).lost) == 1
    assert desk.run("info", "revoked")["revoked"]["epochs_whole"] == said["epochs_whole"]
    assert [entry["kind"] for entry in log(desk)[2:]] == ["epoch retired", "epoch revoked", "epoch revoked"]


def test_a_signed_word_about_lost_keys(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    word = ["identity", "revoke", "-i", "cleo.secret", "-p", "public", "-o", "word", "--force", *PASS]
    desk.fails("--unknown goes with", *word, "--key", "7", "--epoch", "1", "--reason", "r")
    desk.run("authority", "retire", "authority", "--epoch", "1", "--reason", "restored", *PASS)
    desk.run(*word, "--key", "7", "--epoch", "1", "--unknown", "--reason", "lost")
    said = desk.run("authority", "revoke", "authority", "--statement", "word", *PASS)
    assert len(said["keys_not_in_the_log"]) == 1


def test_a_clock_that_was_ahead(desk: Desk) -> None:
    desk.keygen()
    clock = ["authority", "clock", "authority", *PASS]
    desk.fails("nothing to set right", *clock, "--clock-was-wrong", "--reason", "r")
    in_the_future(400)
    desk.fails("--clock-was-wrong", "authority", "retire", "authority", "--epoch", "1", "--reason", "r", *PASS)
    for wrong in ([], ["--clock-was-wrong"], ["--reason", "r"], ["--clock-was-wrong", "--reason", "r", "-o", "x"]):
        desk.fails("give --clock-was-wrong and --reason, or --output", *clock, *wrong)
    desk.fails("nobody has to agree", *clock, "-o", "decision")
    desk.run(*clock, "--clock-was-wrong", "--reason", "the time server")
    desk.run("authority", "retire", "authority", "--epoch", "1", "--reason", "r", *PASS)
    assert [entry["kind"] for entry in log(desk)[-2:]] == ["clock was wrong", "epoch retired"]


def test_two_people_say_that_the_clock_was_ahead(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    in_the_future(400)
    clock = ["authority", "clock", "authority", *PASS]
    desk.fails("0 of 2 approvals", *clock, "--clock-was-wrong", "--reason", "r")
    assert desk.run(*clock, "-o", "decision")["clock"] == "was ahead"
    given = [part for name in ("ben", "cleo") for part in ("--approval", desk.approve(name, "clock"))]
    desk.run(*clock, "--clock-was-wrong", "--reason", "r", *given)
    log(desk)
    desk.run("audit", "verify", "log", "--authority", "public")


def test_a_decision_about_something_else_is_about_no_clock(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    desk.request()
    desk.run("check", "request", "-a", "authority", "-o", "decision", *PASS)
    fixed = ["-i", "ben.secret", "-p", "public", "-o", "yes", *PASS]
    desk.fails("is about no clock", "authority", "approve", "clock", "decision", *fixed)


def test_a_request_that_does_not_fit_is_refused_and_stands_in_the_log(desk: Desk) -> None:
    desk.people()
    desk.keygen("--policy", "policy.yaml")
    Path("other").write_bytes(Function.from_integers(schema(3), [1, 2, 3]).to_bytes())
    desk.request(file="other")
    desk.fails("another schema", "issue", "request", "-a", "authority", "-o", "key", *PASS)
    [entry] = [entry for entry in log(desk) if entry["kind"] == "dismissed"]
    assert (entry["error"], entry["signed_by"], entry["purpose"]) == ("KeyMismatchError", "ada", "triage")
    assert not Path("key").exists()


def test_a_recipient_without_a_key_is_a_note(desk: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.people()
    text = Path("policy.yaml").read_text()
    Path("policy.yaml").write_text(text.replace("[triage]}", "[triage], recipients: [centre]}"))
    arguments = ["authority", "init", "-s", "schema", "-a", "authority", "-p", "public", "--policy", "policy.yaml"]
    assert main([*arguments, *PASS]) == 0
    assert "the recipient 'centre' is a name without a key" in capsys.readouterr().err
