"""Every command on every kind of bad file and option: exit code 1 or 2, one line, and nothing written."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import pyfe
from pyfe import KeyAuthority, Policy
from pyfe.cli import main
from pyfe.wire import sealing
from tests.unit import objects
from tests.unit.objects import PASSPHRASE

COMMANDS = [
    "schema fit rows.csv -o out",
    "schema from schema -o out",
    "compile model.json -s schema --reference rows.csv -o out",
    "compile model.onnx -s schema -o out",
    "prepare model.json rows.csv -s out2 -o out",
    "keygen -s schema -a new -p out --passphrase-file pass",
    "public-key auth -o out --passphrase-file pass",
    "issue function -a auth -o out --purpose p --passphrase-file pass",
    "encrypt rows.csv -p public -o out",
    "evaluate cts -k key -p public -o out",
    "concat cts -o out",
    "info schema -p public",
]
INPUTS = ["rows.csv", "model.json", "model.onnx", "schema", "pass", "auth", "function", "public", "cts", "key"]


def sparse(path: Path) -> None:
    path.write_bytes(b"")
    os.truncate(path, 1 << 40)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-11])  # in the middle of a row: a table less some whole rows is a table


def longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\n\xff\n")


def linked(target: str) -> Callable[[Path], None]:
    def link(path: Path) -> None:
        path.unlink()
        path.symlink_to(target)

    return link


def missing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def writing(data: bytes) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        path.write_bytes(data)

    return write


SPOILED: dict[str, Callable[[Path], None]] = {
    "missing": missing,
    "empty": writing(b""),
    "binary": writing(bytes(range(256)) * 40),
    "utf-16": writing("a,b\n1,2\n".encode("utf-16")),
    "deep": writing(b"[" * 100_000),
    "long number": writing(b'{"weights": ' + b"9" * 5000 + b"}"),
    "html": writing(b"<html><body>404</body></html>\n"),
    "pickle": writing(b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x07pickled\x94."),
    "folder": folder,
    "terabyte": sparse,
    "cut": cut,
    "longer": longer,
    "zeros without end": linked("/dev/zero"),
    "noise without end": linked("/dev/urandom"),
    "nothing": linked("/dev/null"),
    "dangling link": linked("nowhere"),
    "loop": linked("rows.csv/x"),
}


@pytest.fixture(autouse=True)
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    schema = objects.small_schema()
    authority = KeyAuthority.create(schema, policy=Policy.unrestricted(reason="x"), path="auth", passphrase=PASSPHRASE)
    function = pyfe.Function.from_integers(schema, [1, 2])
    key = authority.issue(function, purpose="p")
    batch = authority.public_key.encrypt({"a": [1.0], "b": [0.0]})
    authority.close()
    for name, item in {
        "schema": schema,
        "function": function,
        "public": authority.public_key,
        "key": key,
        "cts": batch,
    }.items():
        Path(name).write_bytes(item.to_bytes())
    Path("pass").write_text(PASSPHRASE)
    Path("rows.csv").write_text("a,b\n" + "".join(f"{i % 4},{i % 2}\n" for i in range(60)))
    Path("model.json").write_text(pyfe.Linear({"a": 1.0, "b": -2.0}).to_json())
    Path("model.onnx").write_bytes(b"no graph")


def one_line(arguments: list[str], capsys: pytest.CaptureFixture[str], code: int = 1) -> str:
    before = set(os.listdir())
    capsys.readouterr()
    assert main(arguments) == code, arguments
    out, err = capsys.readouterr()
    assert err.startswith("pyfe: ") and err.count("\n") == 1 and err.endswith("\n"), err
    assert not out or arguments[0] == "info"
    assert set(os.listdir()) <= before
    return err


def files_of(words: list[str]) -> set[str]:
    """The files that a command reads; an authority's are in its folder."""
    named = set(words[1:]) & set(INPUTS)
    return named - {"auth"} | ({"auth/master.sealed", "auth/authority.db"} if "auth" in named else set())


@pytest.mark.parametrize("how", SPOILED)
@pytest.mark.parametrize("command", COMMANDS)
def test_a_spoiled_file(command: str, how: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()
    for name in files_of(words):
        if name == "pass" and words[0] == "keygen" and how in ("long number", "cut", "html"):
            continue  # one line of text is a passphrase
        if name == "auth/authority.db" and how in ("cut", "longer", "sparse"):
            continue  # pages without anything that is read
        kept = Path(name).read_bytes()
        SPOILED[how](Path(name))
        one_line(words, capsys)
        if Path(name).is_dir():
            Path(name).rmdir()
        Path(name).unlink(missing_ok=True)
        Path(name).write_bytes(kept)


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_file_that_may_not_be_read(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = command.split()
    for name in files_of(words):
        Path(name).chmod(0)
        assert "Permission denied" in one_line(words, capsys)
        Path(name).chmod(0o600)


@pytest.mark.parametrize("command", COMMANDS[:-1])
def test_an_output_that_cannot_be(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("folder").mkdir()
    into_folder = command.startswith("encrypt")  # a cohort in parts
    for place in (*(() if into_folder else ("folder",)), "none/out", "rows.csv/out", "x" * 300, ""):
        assert "cannot write" in one_line([place if word == "out" else word for word in command.split()], capsys)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ("schema fit rows.csv -o out --bits many", 2),
        ("schema fit rows.csv -o out --bits 0", 1),
        ("schema fit rows.csv -o out --bits 1000000000000000000000000", 1),
        ("schema fit rows.csv -o out --margin nan", 1),
        ("schema fit rows.csv -o out --margin 1e999", 1),
        ("schema fit rows.csv -o out --exclude c", 1),
        ("schema fit rows.csv -o out --exclude a --exclude b", 1),
        ("schema fit rows.csv -o out --public c", 1),
        ("schema fit rows.csv -o out --range a", 1),
        ("schema fit rows.csv -o out --range a=1:0", 1),
        ("schema fit rows.csv -o out --missing a", 1),
        ("schema fit rows.csv -o out --missing a=x", 1),
        ("schema fit rows.csv -o out --missing a=nan", 1),
        ("schema fit rows.csv -o out --missing a=1e999", 1),
        ("compile model.json -s schema -o out --weight-bits ٣", 1),
        ("compile model.json -s schema -o out --weight-bits 0", 1),
        ("compile model.json -s schema -o out --weight-bits -4", 1),
        ("compile model.json -s schema -o out --weight-bits " + "9" * 6000, 1),
        ("compile model.json -s schema -o out --scheme rsa", 1),
        ("keygen -s schema -a new -p out --passphrase-file pass --scheme rsa", 1),
        ("keygen -s schema -a new -p out --passphrase-file pass --weight-bits 99", 1),
        ("keygen -s schema -a new -p out --passphrase-file pass --weight-bits -1", 1),
        ("issue function -a auth -o out --passphrase-file pass --purpose " + "x" * 5000, 1),
        ("encrypt rows.csv -p public -o out --on-overflow wrap", 1),
        ("encrypt rows.csv -p public -o out --fingerprint é", 1),
        ("demo nonsense", 2),
        ("demo --size 9 digits", 1),
        ("demo --folder rows.csv", 1),
        ("demo --folder rows.csv/x", 1),
        ("info", 2),
    ],
)
def test_a_bad_option(arguments: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    one_line(arguments.split(), capsys, code)


@pytest.mark.parametrize("purpose", ["", " "])
def test_an_empty_purpose(purpose: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["issue", "function", "-a", "auth", "-o", "out", "--passphrase-file", "pass", "--purpose"]
    one_line([*words, purpose], capsys)


@pytest.mark.parametrize("stdin", [None, io.StringIO(PASSPHRASE)])
def test_no_terminal_for_a_passphrase(
    stdin: io.StringIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    given = " --passphrase-file pass"
    asking = [command.removesuffix(given) for command in COMMANDS if command.endswith(given)]
    assert len(asking) == 3
    for command in asking:
        assert "--passphrase-file" in one_line(command.split(), capsys)


def test_memory_that_does_not_suffice(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(pyfe.Schema, "fit", no_room)
    assert "memory" in one_line(COMMANDS[0].split(), capsys)


def test_a_demo_keeps_to_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    """A story's place that is a link leads out of it."""
    Path("mine").mkdir()
    Path("demo").mkdir()
    Path("demo/.pyfe-demo").touch()
    Path("demo/breast-cancer").symlink_to("../mine")
    assert "leads elsewhere" in one_line(["demo", "--folder", "demo"], capsys)
    assert os.listdir("mine") == []


def test_a_warning_is_one_line_without_source(tmp_path: Path) -> None:
    rows = "".join(f"{i + 100},{i % 7}\n" for i in range(60))
    (tmp_path / "t.csv").write_text(f"number,v\n{rows}")
    command = [sys.executable, "-m", "pyfe", "schema", "fit", str(tmp_path / "t.csv"), "-o", str(tmp_path / "s")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert (
        done.stderr.startswith("pyfe: UserWarning: column 'number' holds consecutive") and done.stderr.count("\n") == 1
    )
