"""``pyfe evaluate`` where a refusal is an answer, and ``pyfe evaluator``."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from pyfe import CiphertextBatch, RefusedError, SignatureError, SilencedError
from pyfe.cli import main
from pyfe.cluster import connection, score, tasks
from pyfe.cohorts import Chunk, open_cohort, places, write_part
from pyfe.cohorts.manifest import Command, Span
from pyfe.cohorts.opened_keys import KeyBytes
from pyfe.cohorts.rows import of_cohort
from pyfe.cohorts.scoring import Scores, score_in_turn, score_parts
from pyfe.evaluator import StateFile
from pyfe.incidents import IN_MEMORY, Incident
from tests.unit import cohort_rows
from tests.unit.commands import fails, run
from tests.unit.ring_envelopes import SCORES, arrived, authority, key, local, malformed, person

Capture = pytest.CaptureFixture[str]
ADA = person("ada").identity


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Keys, people, and what two of them sent."""
    monkeypatch.chdir(tmp_path)
    Path("keys").mkdir()
    Path("keys/key").write_bytes(key().to_bytes())
    Path("public").write_bytes(authority().public_key.to_bytes())
    for name in ("ada", "ben"):
        Path(name).write_bytes(person(name).identity.to_bytes())
        Path(f"good of {name}").write_bytes(arrived(local(), name).to_bytes())
    Path("bad").write_bytes(arrived(malformed()).to_bytes())
    Path("plain").write_bytes(arrived(local(), None).to_bytes())
    yield tmp_path
    IN_MEMORY._kept.clear()


def cohort(name: str, batches: list[CiphertextBatch]) -> None:
    rows = sum(map(len, batches))
    cut = zip(places(rows, len(batches[0])), batches, strict=True)
    write_part(Path(name), [Chunk(at, batch).signed(person("ada")) for (at, _), batch in cut])


def evaluate(what: str, *options: str, by: str = "ada") -> list[str]:
    return ["evaluate", what, "-k", "keys/key", "-o", "scores.csv", "--signed-by", by, "--force", *options]


def scored() -> list[int]:
    return [int(line.split(",")[1]) for line in Path("scores.csv").read_text().splitlines()[1:]]


def test_a_refusal_and_a_release(folder: Path, capsys: Capture) -> None:
    said = run(capsys, *evaluate("good of ada"))
    assert scored() == SCORES and said["state"] == str(folder / "keys" / "evaluator.state")
    Path("scores.csv").unlink()
    message = fails(capsys, *evaluate("bad"))
    assert message.startswith("RefusedError: ") and not any(word in message for word in ("slot", "row", "margin"))
    for what in ("good of ada", "bad"):
        assert fails(capsys, *evaluate(what)).startswith("SilencedError: ")
    assert not Path("scores.csv").exists()
    run(capsys, *evaluate("good of ben", by="ben"))
    assert scored() == SCORES
    shown = run(capsys, "evaluator", "show", "keys/evaluator.state")
    [incident] = shown["incidents"]
    assert shown["silenced"] == 1 and incident["signer"] == ADA.ed25519.hex() and incident["released_at"] is None
    assert incident["envelope"] == CiphertextBatch.from_bytes(Path("bad").read_bytes()).id.hex()
    released = run(capsys, "evaluator", "release", "keys/evaluator.state", "--signer", "ada", "-p", "public")
    assert released["released"] and released["released_before"] == 0
    run(capsys, *evaluate("good of ada"))
    assert fails(capsys, *evaluate("bad")).startswith("RefusedError: ")
    released = run(capsys, "evaluator", "release", "keys/evaluator.state", "--signer", ADA.ed25519.hex())
    assert released["released_before"] == 1
    assert main(["evaluator", "show", "keys/evaluator.state"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and ADA.ed25519.hex() in lines[2] and "UTC" in lines[2]
    assert "nothing silences" in fails(
        capsys, "evaluator", "release", "keys/evaluator.state", "--signer", "ada"
    ) and "nothing silences" in fails(capsys, "evaluator", "release", "keys/evaluator.state", "--signer", "ben")


def test_nobody_was_refused(folder: Path, capsys: Capture) -> None:
    assert "it is not there" in fails(capsys, "evaluator", "show", "keys/evaluator.state")
    StateFile("state")
    assert run(capsys, "evaluator", "show", "state")["incidents"] == []
    assert main(["evaluator", "show", "state"]) == 0 and "Nobody was refused" in capsys.readouterr().out


def test_a_state_elsewhere(folder: Path, capsys: Capture) -> None:
    assert fails(capsys, *evaluate("bad", "--state", "state")).startswith("RefusedError: ")
    assert fails(capsys, *evaluate("good of ada", "--state", "state")).startswith("SilencedError: ")
    run(capsys, *evaluate("good of ada"))
    os.link("state", "other")
    assert "2 names" in fails(capsys, *evaluate("good of ada", "--state", "state"))


def test_a_key_that_lies_nowhere(folder: Path, capsys: Capture) -> None:
    """Of a pipe nobody knows what is beside it."""
    os.mkfifo("pipe")
    command = ["evaluate", "good of ada", "-k", "pipe", "--signed-by", "ada", "-o", "scores.csv", "--force"]
    for options, expected in (([], "no file that a state could lie beside"), (["--state", "state"], "")):
        writer = threading.Thread(target=Path("pipe").write_bytes, args=[key().to_bytes()], daemon=True)
        writer.start()
        assert expected in fails(capsys, *command) if expected else run(capsys, *command, *options)
        writer.join(20)
    assert scored() == SCORES and not Path("evaluator.state").exists()


def test_several_public_keys_are_told_apart(folder: Path, capsys: Capture) -> None:
    state, second = StateFile("state"), 5
    for public in (authority().public_key.id, b"q" * 32):
        assert state.add([Incident(public, ADA.ed25519, b"e" * 32, second)]) is None
    assert "2 public keys" in fails(capsys, "evaluator", "release", "state", "--signer", "ada")
    run(capsys, "evaluator", "release", "state", "--signer", "ada", "-p", "public")
    assert [one.released is None for one in state.all()] == [False, True]
    message = fails(capsys, "evaluator", "release", "state", "--signer", "ada", "-p", "public")
    assert "under this key" in message


def test_whose_rows_are_scored(folder: Path, capsys: Capture) -> None:
    command = ["evaluate", "plain", "-k", "keys/key", "-o", "scores.csv"]
    message = fails(capsys, *command)
    assert message.startswith("SignatureError: ") and "--signed-by" in message and "--unsigned" in message
    assert run(capsys, *command, "--unsigned")["state"] is None
    assert scored() == SCORES and not Path("keys/evaluator.state").exists()
    assert main([*command, "--unsigned"]) == 0 and "stay with you" in capsys.readouterr().err
    assert "nobody does" in fails(capsys, *evaluate("good of ada", "--unsigned"))
    assert fails(capsys, "evaluate", "bad", *command[2:], "--unsigned").startswith("RefusedError: ")


def test_the_state_is_no_output(folder: Path, capsys: Capture) -> None:
    run(capsys, *evaluate("good of ada"))
    command = ["evaluate", "good of ada", "-k", "keys/key", "--signed-by", "ada", "--force", "-o"]
    assert "evaluator.state" in fails(capsys, *command, "keys/evaluator.state")
    StateFile("state")
    assert "state" in fails(capsys, *command, "state", "--state", "state")


def test_other_schemes_have_no_state(folder: Path, capsys: Capture) -> None:
    Path("key").write_bytes(cohort_rows.function_key().to_bytes())
    Path("rows").write_bytes(cohort_rows.batch().to_bytes())
    command = ["evaluate", "rows", "-k", "key", "-o", "scores.csv"]
    assert "state" not in run(capsys, *command)
    for options in (["--state", "state"], ["--unsigned"]):
        assert f"{options[0]} is for schemes where a refusal is an answer" in fails(capsys, *command, *options)
    assert not Path("evaluator.state").exists() and not Path("state").exists()


def test_a_cohort_has_one_answer(folder: Path, capsys: Capture) -> None:
    cohort("good.parquet", [local(), local()])
    cohort("bad.parquet", [local(), malformed(), local()])
    run(capsys, *evaluate("good.parquet"))
    assert scored() == SCORES * 2
    before = Path("scores.csv").read_bytes()
    assert fails(capsys, *evaluate("bad.parquet")).startswith("RefusedError: ")
    assert fails(capsys, *evaluate("good.parquet")).startswith("SilencedError: ")
    assert Path("scores.csv").read_bytes() == before
    [incident] = StateFile("keys/evaluator.state").all()
    assert incident.envelope == open_cohort("bad.parquet").heads


def killed(monkeypatch: pytest.MonkeyPatch, *, before: bool, command: list[str]) -> int:
    """How a child ends that is killed (SIGKILL) before, or right after, the incident is kept."""
    write = StateFile._write

    def dying(state: StateFile, incidents: Any) -> None:
        if not before:
            write(state, incidents)
        os.kill(os.getpid(), signal.SIGKILL)

    with monkeypatch.context() as patched:
        patched.setattr(StateFile, "_write", dying)
        pid = os.fork()
        if not pid:
            try:
                os._exit(main(command))
            finally:
                os._exit(99)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_killed_between_decision_and_answer(folder: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for before in (True, False):
        assert killed(monkeypatch, before=before, command=evaluate("bad")) == -signal.SIGKILL
        out, err = capfd.readouterr()
        assert "RefusedError" not in out + err and not Path("scores.csv").exists()
        assert len(StateFile("keys/evaluator.state").all()) == (0 if before else 1)
    assert main(evaluate("good of ada")) == 1 and "SilencedError" in capfd.readouterr().err


# -- every chunk is decrypted before one answer is given -------------------------------------------------------


def test_where_it_was_refused_cannot_be_told_from_the_time(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decrypted: list[int] = []
    kept: list[int] = []
    decrypt = Scores.decrypt

    def counted(scores: Scores, piece: Any) -> Any:
        decrypted.append(piece.number)
        return decrypt(scores, piece)

    def add(span: Span, write: Callable[[BinaryIO], object]) -> None:
        write(io.BytesIO())
        kept.append(span.number)

    monkeypatch.setattr(Scores, "decrypt", counted)
    for at in range(4):
        cohort("c.parquet", [malformed() if number == at else local() for number in range(4)])
        rows = of_cohort(open_cohort("c.parquet"), signed_by=ADA)
        scores = Scores.of_rows(key(), rows)
        spans = list(Command("scores", {}, 4, 2, ".csv").spans())
        for engine in (score_parts, score_in_turn):
            decrypted.clear()
            kept.clear()
            with pytest.raises(RefusedError):
                engine(scores, rows, spans, add, lambda more: None)
            assert decrypted == [0, 1, 2, 3] and kept == [0][: at // 2]


def test_workers_give_one_answer_when_all_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker gives a refusal, so that it is tried once, and whoever asked waits for the others."""
    cohort("c.parquet", [malformed(), local(), local()])
    monkeypatch.setattr(tasks, "ROWS_A_TASK", 1)
    rows = of_cohort(open_cohort("c.parquet"), signed_by=ADA)
    scores = Scores.of_rows(key(), rows)
    spans = list(Command("scores", {}, 3, 1, ".csv").spans())
    made: list[int] = []

    def results(_: Any, given: Any) -> Iterator[Any]:
        for task in given:
            found = tasks.run(task)
            made.append(isinstance(found, RefusedError))
            yield found

    monkeypatch.setattr(connection.Cluster, "results", results)
    added: list[int] = []
    engine = connection.Cluster(None, 1.0).engine(KeyBytes(key().to_bytes()), ADA)
    with pytest.raises(RefusedError):
        engine(scores, rows, spans, lambda span, write: added.append(span.number), lambda more: None)
    assert made == [True, False, False] and added == [1, 2]
    for what, error in (("c.parquet", RefusedError), ("good.parquet", SilencedError)):
        cohort("good.parquet", [local()])
        with pytest.raises(error):
            score(what, key(), "scores.csv", signed_by=ADA, state="state", cluster=connection.Cluster(None, 1.0))
    with pytest.raises(SignatureError, match="nobody answers"):
        score("good.parquet", key(), "scores.csv", cluster=connection.Cluster(None, 1.0))
    made_here = score("good.parquet", key(), "scores.csv", unsigned=True, cluster=connection.Cluster(None, 1.0))
    assert made_here.rows == len(SCORES) and scored() == SCORES
