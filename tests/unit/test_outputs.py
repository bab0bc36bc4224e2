"""Where commands write: what is refused, what is replaced, and what is left behind."""

from __future__ import annotations

import csv
import fcntl
import os
import shutil
import stat
import threading
import tty
from collections.abc import Callable
from pathlib import Path

import pytest

import pyfe
from pyfe import CiphertextBatch, Function, FunctionKey, KeyAuthority, ParameterError, PublicKey, Schema, io
from pyfe.cli import main
from pyfe.io import outputs, replacement, roles
from pyfe.io.scores import scores_header
from pyfe.wire import sealing
from tests.unit import objects, old_files
from tests.unit.objects import PASSPHRASE

TABLE = "a,b\n1,1\n2,0\n"
OTHERS = ["table.csv", "model.json", "schema", "function", "public", "key", "cts", "scores.csv", "notes.txt", "empty"]
"""One file of every kind, and two of none."""

WRITES = {
    "schema": ["schema", "fit", "rows.csv", "-o"],
    "function": ["compile", "model.json", "-s", "schema", "--weight-bits", "4", "-o"],
    "public": ["public-key", "auth", "--passphrase-file", "pass", "-o"],
    "key": ["issue", "function", "-a", "auth", "--purpose", "p", "--passphrase-file", "pass", "-o"],
    "cts": ["encrypt", "table.csv", "-p", "public", "-o"],
    "scores.csv": ["evaluate", "cts", "-k", "key", "-p", "public", "-o"],
    "joined": ["concat", "cts", "cts", "--allow-duplicates", "-o"],
}
"""Commands with one output, by the file of the folder that is of its kind and role."""

INPUTS = {
    "schema": ["rows.csv"],
    "function": ["model.json", "schema"],
    "public": ["auth/master.sealed", "pass"],
    "key": ["function", "auth/master.sealed", "pass"],
    "cts": ["table.csv", "public"],
    "scores.csv": ["cts", "key", "public"],
    "joined": ["cts"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with everything that the commands read, and one file of every kind."""
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setattr(sealing, "LOG_COST", 10)
        schema = objects.small_schema()
        policy = pyfe.Policy.unrestricted(reason="a test")
        with KeyAuthority.create(schema, policy=policy, path="auth", passphrase=PASSPHRASE) as authority:
            pass
        Path("pass").write_text(PASSPHRASE)
        Path("table.csv").write_text(TABLE)
        Path("rows.csv").write_text("a,b\n" + "".join(f"{i % 4},{i % 7}\n" for i in range(70)))
        Path("model.json").write_text(pyfe.Linear({"a": 1.0, "b": -2.0}).to_json())
        Path("notes.txt").write_text("mine")
        Path("empty").touch()
        Path("schema").write_bytes(schema.to_bytes())
        Path("public").write_bytes(authority.public_key.to_bytes())
        assert main([*WRITES["function"], "function"]) == 0
        for name in ("key", "cts", "scores.csv", "joined"):
            assert main([*WRITES[name], name]) == 0
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it, to stand in."""
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def contents() -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path().rglob("*")) if path.is_file()}


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str], match: str) -> None:
    """One line, exit code 1, and no file is made, changed or left."""
    before = contents()
    capsys.readouterr()
    assert main(arguments) == 1, arguments
    assert match in capsys.readouterr().err, arguments
    assert contents() == before, arguments


@pytest.mark.parametrize("command", WRITES)
def test_a_file_of_its_kind_and_role_is_replaced(folder: Path, command: str) -> None:
    assert main([*WRITES[command], command]) == 0


@pytest.mark.parametrize("command", WRITES)
def test_a_file_of_another_role_is_replaced_only_by_force(
    folder: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for other in set(OTHERS) - {command, *INPUTS[command]}:
        refused([*WRITES[command], other], capsys, "--force")
        data = Path(other).read_bytes()
        Path("copy").write_bytes(data)
        assert main([*WRITES[command], "copy", "--force"]) == 0
        assert Path("copy").read_bytes() != data
        Path("copy").unlink()


@pytest.mark.parametrize("command", WRITES)
def test_an_input_is_never_written(folder: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("sub").mkdir()
    for name in INPUTS[command]:
        Path("link").symlink_to(name)
        Path("hard").hardlink_to(name)
        for alias in (name, f"./{name}", f"sub/../{name}", str(folder / name), "link", "hard"):
            refused([*WRITES[command], alias, "--force"], capsys, "reads or keeps")
        Path("link").unlink()
        Path("hard").unlink()


@pytest.mark.parametrize("command", WRITES)
def test_an_authority_is_never_written(folder: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither one that the command has nothing to do with, nor its copy, damaged or cut, nor a file of before."""
    with KeyAuthority.create(objects.small_schema(), path="other", passphrase=PASSPHRASE) as other:
        Path("before").write_bytes(old_files.sealed(other, sealing.SealingKey.fresh(PASSPHRASE)))
    data = Path("other/master.sealed").read_bytes()
    Path("copy").write_bytes(data[:-7] + b"1234567")
    Path("cut").write_bytes(data[:50])
    Path("link").symlink_to("other/authority.db")
    Path("hard").hardlink_to("other/master.sealed")
    for name in ("other/authority.db", "other/master.sealed", "before", "copy", "cut", "link", "hard"):
        refused([*WRITES[command], name, "--force"], capsys, "is a file of a key authority")
    refused([*WRITES[command], "other", "--force"], capsys, "is a folder")


def test_the_log_of_the_own_authority_is_no_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("public", "key"):
        for name in ("auth/authority.db", "auth/authority.db-wal", "auth/master.sealed"):
            refused([*WRITES[command], name, "--force"], capsys, "reads or keeps")


def keygen(authority: str = "new", public_key: str = "new-public", *more: str) -> list[str]:
    return ["keygen", "-s", "schema", "-a", authority, "-p", public_key, "--passphrase-file", "pass", *more]


def test_keygen_writes_over_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("schema", "pass", "new", "./new", str(folder / "new")):
        refused(keygen("new", name, "--force"), capsys, "reads or keeps")
    for name in OTHERS:
        if name != "schema":
            refused(keygen("new", name), capsys, "--force")
            refused(keygen(name), capsys, "exists already")
    refused(keygen("auth", "new-public", "--force"), capsys, "never overwritten")
    refused(keygen("new", "auth/master.sealed", "--force"), capsys, "is a file of a key authority")


@pytest.mark.parametrize("place", ["missing/public", "schema/public", "."])
def test_keygen_leaves_nothing_without_its_public_key(
    folder: Path, place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused(keygen("new", place), capsys, "cannot write")


def test_keygen_takes_its_authority_back(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk that is full only when the authority stands."""

    def full(*_: object) -> None:
        assert Path("new").exists()
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(replacement.Replacement, "take", full)
    refused(keygen(), capsys, "No space left")


@pytest.mark.parametrize("kind", [KeyboardInterrupt(), OSError(5, "Input/output error")])
def test_keygen_keeps_an_authority_whose_public_key_stands(
    folder: Path, kind: BaseException, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails when the public key has its name: who encrypts under it must find an authority."""

    def fails(_: Path) -> None:
        raise kind

    monkeypatch.setattr(replacement, "sync_folder", fails)
    assert main(keygen()) != 0
    said = capsys.readouterr().err
    assert "the authority new stays" in said and ("is written, but" in said) == isinstance(kind, OSError)
    opened = KeyAuthority.open("new", passphrase=PASSPHRASE)
    assert Path("new-public").read_bytes() == opened.public_key.to_bytes()


def test_keygen_keeps_an_authority_whose_public_key_went_into_a_pipe(folder: Path) -> None:
    """A reader that had all of it, and went away: the last flush fails, or does not."""
    os.mkfifo("pipe")
    reader = threading.Thread(target=lambda: os.close(os.open("pipe", os.O_RDONLY)))
    reader.start()
    main(keygen("new", "pipe"))
    reader.join(20)
    assert Path("new").exists()


def test_what_is_written_is_not_said_to_be_missing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_: Path) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(replacement, "sync_folder", fails)
    for command in ("key", "scores.csv"):
        before = Path(command).stat().st_ino
        assert main([*WRITES[command], command]) == 1
        said = capsys.readouterr().err
        assert f"{command} is written, but" in said and "issue it again" not in said
        assert Path(command).stat().st_ino != before


def test_the_public_key_of_an_authority_is_exported(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*WRITES["public"], "again"]) == 0
    assert Path("again").read_bytes() == Path("public").read_bytes()
    assert main(keygen()) == 0
    refused([*WRITES["public"], "new-public"], capsys, "is not a public key of this authority")
    assert main([*WRITES["public"], "new-public", "--force"]) == 0
    assert Path("new-public").read_bytes() == Path("public").read_bytes()


def test_a_key_for_another_function_or_authority_is_another_role(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("second").write_bytes(Function.from_integers(objects.small_schema(), [1, 1]).to_bytes())
    command = [*WRITES["key"], "key"]
    command[1] = "second"
    refused(command, capsys, "--force")
    assert main(keygen()) == 0
    command = [*WRITES["key"], "key"]
    command[3] = "new"
    refused(command, capsys, "--force")
    refused(["encrypt", "table.csv", "-p", "new-public", "-o", "cts"], capsys, "--force")


def test_private_files_are_their_owners(folder: Path) -> None:
    for name in ("key", "scores.csv", "auth/authority.db", "auth/master.sealed"):
        assert stat.S_IMODE(Path(name).stat().st_mode) == 0o600
    Path("scores.csv").chmod(0o644)
    assert main([*WRITES["scores.csv"], "scores.csv"]) == 0
    assert stat.S_IMODE(Path("scores.csv").stat().st_mode) == 0o600
    Path("schema").chmod(0o640)
    assert main([*WRITES["schema"], "schema"]) == 0
    assert stat.S_IMODE(Path("schema").stat().st_mode) == 0o640


# ---------------------------------------------------------------------------------------------------------------
# Tables of scores

USERS_TABLES = {
    "another column": "row,score_date,patient,remark\n1,2026-01-02,Anna,the only copy\n",
    "a remark beside": "row,score,decision,prediction,clinician's remark\n0,5,0.1,1,call back\n",
    "text": "row,scored by hand over two weeks\n",
    "a decision in words": "row,score,decision\n0,7,surgery\n",
    "other rows": "row,score,decision\n17,7,0.5\n",
    "a remark in a later row": "row,score,decision\n0,7,0.5\n1,8,0.6,call back\n",
    "one probability": "row,score,decision,probability[1],prediction\n0,7,0.5,0.6,1\n",
    "another order": "row,score,prediction,decision\n0,7,1,0.5\n",
    "more decisions": "row,score,decision[0],decision[1]\n0,7,1,0.5\n",
    "a quote that stays open": 'row,score,decision\n0,7,"0.5\n',
    "no columns": "row,score\n",
}


@pytest.mark.parametrize("text", USERS_TABLES.values(), ids=USERS_TABLES)
def test_a_table_of_the_user_is_no_table_of_scores(text: str, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(text)
    assert not roles.SCORES.fits(tmp_path / "own.csv")


@pytest.mark.parametrize(("rows", "outputs"), [(0, 1), (5, 1), (5, 11)])
@pytest.mark.parametrize("label", [None, "plain", 'a "quoted", one', "two\nlines", "Größe]", "x" * 60_000])
def test_every_table_of_scores_is_one(rows: int, outputs: int, label: str | None, tmp_path: Path) -> None:
    """Whatever the labels are."""
    path = tmp_path / "scores.csv"
    classes = None if label is None else [f"{label}{i}" for i in range(max(2, outputs))]
    for probabilities in (True, False):
        header = scores_header(outputs, classes, probabilities=probabilities)
        filled = [[place, *[-(2**61)] * outputs, *[-1.5e-7] * outputs] for place in range(rows)]
        io.write_table(path, header, [row + ["p"] * (len(header) - len(row)) for row in filled])
        assert roles.SCORES.fits(path)
        assert not roles.SCORES.fits(_with_one_more(path, tmp_path))


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("probabilities", [False, True])
def test_a_table_of_a_link_without_classes_is_one(outputs: int, probabilities: bool, tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    header = scores_header(outputs, None, probabilities=probabilities, values=True)
    assert header[-1] == ("prediction" if outputs == 1 else "prediction[2]")
    io.write_table(path, header, [[0, *[7] * outputs, *[0.5] * (len(header) - 1 - outputs)]])
    assert roles.SCORES.fits(path)
    assert not roles.SCORES.fits(_with_one_more(path, tmp_path))


@pytest.mark.parametrize("rows", [999, 1000, 50_000])
def test_a_long_table_of_scores_is_one(rows: int, tmp_path: Path) -> None:
    """What is looked at ends within a row."""
    path = tmp_path / "scores.csv"
    io.write_table(path, scores_header(1, None, probabilities=False), [[i, 2**40 + i, i / 7] for i in range(rows)])
    assert roles.SCORES.fits(path)


def _with_one_more(path: Path, folder: Path) -> Path:
    """The table with a column of the user's, to the header only."""
    other = folder / "other.csv"
    table = list(csv.reader(path.read_text().splitlines(keepends=True)))
    io.write_table(other, [*table[0], "remark"], table[1:])
    return other


# ---------------------------------------------------------------------------------------------------------------
# Devices, pipes, links

READS: dict[str, Callable[[bytes], object]] = {
    "schema": Schema.from_bytes,
    "function": Function.from_bytes,
    "public": PublicKey.from_bytes,
    "key": FunctionKey.from_bytes,
    "cts": CiphertextBatch.from_bytes,
    "joined": CiphertextBatch.from_bytes,
    "scores.csv": lambda data: data.decode().startswith("row,score") or pytest.fail("no scores"),
}


@pytest.mark.parametrize("command", WRITES)
def test_a_pipe_is_written_to(folder: Path, command: str) -> None:
    os.mkfifo("pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(Path("pipe").read_bytes()))
    reader.start()
    assert main([*WRITES[command], "pipe"]) == 0
    reader.join(20)
    READS[command](got[0])
    assert stat.S_ISFIFO(Path("pipe").stat().st_mode)


@pytest.mark.parametrize("command", WRITES)
def test_a_device_is_written_to(folder: Path, command: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A terminal: a device that no fault of ours could replace, as it could /dev/null where root runs the tests."""
    ours, theirs = os.openpty()
    tty.setraw(theirs)
    device = os.ttyname(theirs)
    Path("link").symlink_to(device)
    for name in ("link", device):
        assert main([*WRITES[command], name]) == 0
        READS[command](os.read(ours, 1 << 16))
    assert Path("link").is_symlink() and stat.S_ISCHR(Path("link").stat().st_mode)
    os.close(ours)
    assert main([*WRITES[command], device]) == 1
    assert "cannot write" in capsys.readouterr().err
    os.close(theirs)


@pytest.mark.parametrize("command", WRITES)
def test_behind_a_link_stands_what_it_leads_to(folder: Path, command: str) -> None:
    Path("deep").mkdir()
    Path("link").symlink_to("deep/target")
    for _ in range(2):
        assert main([*WRITES[command], "link"]) == 0
        READS[command](Path("deep/target").read_bytes())
        assert Path("link").is_symlink()
    Path("loop").symlink_to("loop")
    assert main([*WRITES[command], "loop"]) == 1


@pytest.mark.parametrize("command", WRITES)
def test_standard_output_holds_the_data_alone(folder: Path, command: str, capfd: pytest.CaptureFixture[str]) -> None:
    Path("stdout").symlink_to("/proc/self/fd/1")  # as /dev/stdout is
    with Path("out").open("wb") as file:
        saved = os.dup(1)
        os.dup2(file.fileno(), 1)
        try:
            assert main([*WRITES[command], "stdout"]) == 0
        finally:
            os.dup2(saved, 1)
            os.close(saved)
    READS[command](Path("out").read_bytes())


def test_an_open_descriptor_is_no_way_to_an_input(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, what in (("table.csv", "reads or keeps"), ("auth/master.sealed", "is a file of a key authority")):
        with Path(name).open("ab") as file:
            refused([*WRITES["cts"], f"/dev/fd/{file.fileno()}", "--force"], capsys, what)


# ---------------------------------------------------------------------------------------------------------------
# What killed runs leave


def test_the_leftovers_of_dead_runs_go(tmp_path: Path) -> None:
    dead, alive = tmp_path / f".pyfe-{'0' * 16}.tmp", tmp_path / f".pyfe-{'1' * 16}.tmp"
    others = [
        tmp_path / name for name in (".pyfe-0.tmp", "pyfe.tmp", f".pyfe-{'2' * 16}.tmp.txt", ".x.0123456789abcdef.tmp")
    ]
    for path in (dead, alive, *others):
        path.write_text("half")
    (tmp_path / f".pyfe-{'3' * 16}.tmp").symlink_to(others[0])
    with alive.open("r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        outputs.write_bytes(tmp_path / "out", b"new")
        assert not dead.exists() and alive.exists() and all(path.read_text() == "half" for path in others)
    outputs.write_bytes(tmp_path / "out", b"new")
    assert not alive.exists()


def test_two_outputs_in_one_folder_at_once(tmp_path: Path) -> None:
    """The second finds the first's file beside, and leaves it."""
    with outputs.claimed(tmp_path / "a", roles.ANYTHING) as first:
        with outputs.claimed(tmp_path / "b", roles.ANYTHING) as second:
            second.write(b"b")
        first.write(b"a")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"a": b"a", "b": b"b"}


def test_what_comes_in_the_meantime_is_not_replaced(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with pytest.raises(ParameterError, match="--force"), outputs.claimed(place, roles.SCHEMA) as output:
        place.write_text("another's")
        output.write(b"mine")
    assert place.read_text() == "another's" and list(tmp_path.iterdir()) == [place]


def test_nothing_is_left_when_the_work_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), outputs.claimed(tmp_path / "out", roles.ANYTHING):
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["\0", "\ud800", "x" * 300])
def test_what_is_no_name_of_a_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(ParameterError):
        outputs.write_bytes(tmp_path / name, b"")


def test_what_writes_the_content_has_errors_of_its_own(tmp_path: Path) -> None:
    """A ValueError of it is no word about the name of the file; what says nothing but its text is told with it."""

    def wrong(file: object) -> None:
        raise ValueError("another schema")

    def unread(file: object) -> None:
        raise OSError("a part is damaged")

    with outputs.claimed(tmp_path / "x", roles.SCORES) as output:
        with pytest.raises(ValueError, match="another schema") as error:
            output.fill(wrong)
        assert not isinstance(error.value, pyfe.PyfeError)
        with pytest.raises(ParameterError, match="a part is damaged"):
            output.fill(unread)
    assert list(tmp_path.iterdir()) == []
