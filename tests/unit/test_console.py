"""What a terminal is shown: names as they are, never a sequence, in whatever encoding it has; or one line why not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe import Function, FunctionKey, KeyAuthority, ParameterError, Policy, PyfeError, Schema
from pyfe.cli import main
from pyfe.text import printable
from pyfe.wire import sealing
from tests.unit.objects import PASSPHRASE

NAMES = [
    "Stage_II",
    "coordinates",
    "bytes per row",
    "id",
    "[bold]x[/bold]",
    "[red]",
    ":smile:",
    "a  b",
    "__init__",
    "\\x1b",
    "Größe→",
    "x" * 60,
]
"""Names that are printed as they are."""

HOSTILE = [
    "\x1b[2J\x1b]0;t\x07",
    "\r",
    "\n",
    "\b",
    "\t",
    "\x7f",
    "\x9b31m",
    "\x85",
    "\u2028",
    "\u202e",
    "\u2066",
    "\u200b",
    "\ufeff",
    "\U000e0041",
]
"""Signs that would do something to a terminal or a reader: C0, DEL, C1, ends of lines, bidi, invisible ones, tags."""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)


def make(names: list[str], word: str = "") -> None:
    """One file of every kind, whose texts hold ``word``."""
    schema = Schema.from_ranges({name: (0, 9) for name in names})
    policy = Policy.unrestricted(reason=f"r{word}")
    authority = KeyAuthority.create(schema, policy=policy, path="auth", passphrase=PASSPHRASE)
    classes = (f"no{word}", f"yes{word}")
    function = Function.from_integers(schema, [1] * len(names), name=f"f{word}", link="logit", classes=classes)
    key = authority.issue(function, purpose=f"p{word}", recipient=f"c{word}")
    batch = authority.public_key.encrypt({name: [1, 2] for name in names})
    for file, item in {
        "schema": schema,
        "public": authority.public_key,
        "function": function,
        "key": key,
        "cts": batch,
    }.items():
        Path(file).write_bytes(item.to_bytes())


def shown(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0) -> str:
    """All that a command prints; of it nothing but line ends fails to print."""
    capsys.readouterr()
    assert main(list(arguments)) == code, capsys.readouterr().err
    text = "".join(capsys.readouterr())
    assert all(line.isprintable() for line in text.split("\n")), ascii(text)
    return text


def test_names_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    make(NAMES)
    for file in ("schema", "public"):
        text = shown(capsys, "info", file)
        assert all(f"\n  {name} " in text for name in NAMES)
    assert text.count("\ncoordinates") == 1
    header = ",".join(NAMES)
    Path("rows.csv").write_text(
        "\n".join([header, *(",".join(str((i + j) % 9) for j in range(len(NAMES))) for i in range(90))])
    )
    text = shown(capsys, "schema", "fit", "rows.csv", "-o", "fitted_by_me")
    assert all(f"\n  {name} " in text for name in NAMES)
    assert "Schema fitted_by_me\n" in text and "\ncoordinates" in text and "qfe-sxdh" in text
    Path("few.csv").write_text("x,y\n1,2\n")
    text = shown(capsys, "encrypt", "few.csv", "-p", "public", "-o", "out", code=1)
    assert "'Stage_II', 'coordinates'" in text


@pytest.mark.parametrize("word", HOSTILE, ids=ascii)
def test_no_text_of_a_file_is_a_sequence(word: str, capsys: pytest.CaptureFixture[str]) -> None:
    make([f"a{word}", "b"], word)
    escape = ascii(word[0])[1:-1]
    for file in ("schema", "public", "function", "key"):
        assert escape in shown(capsys, "info", file)
    described = json.loads(shown(capsys, "info", "--json", "key"))
    assert described["key"]["purpose"] == f"p{word}"
    shown(capsys, "evaluate", "cts", "-k", "key", "-o", "scores.csv")
    Path("few.csv").write_text("x,y\n1,2\n")
    for more in ([], ["--json"]):
        assert escape in shown(capsys, "encrypt", "few.csv", "-p", "public", "-o", "out", *more, code=1)
    Path("pass").write_text(PASSPHRASE)
    issue = ["issue", "function", "-a", "auth", "-o", f"key{word}", "--passphrase-file", "pass", "--purpose"]
    assert escape in shown(capsys, *issue, "again")
    assert escape in shown(capsys, "info", f"key{word}")
    assert escape in shown(capsys, "info", f"none{word}", code=1)
    shown(capsys, "doctor", f"--{word}", code=2)
    shown(capsys, f"none{word}", code=2)


@pytest.mark.parametrize("sign", HOSTILE, ids=ascii)
def test_texts_in_python_are_kept_and_never_shown(sign: str) -> None:
    word = f"a{sign}b"
    schema = Schema({f"x{word}": pyfe.number(0, 9, step=1), f"c{word}": pyfe.category(["u", word])})
    function = Function.from_integers(schema, [1, 2], name=word)
    policy = Policy.unrestricted(reason=word)
    authority = KeyAuthority.create(schema, policy=policy, path="auth", passphrase=PASSPHRASE)
    key = authority.issue(function, purpose=word, recipient=word)
    again = KeyAuthority.open("auth", passphrase=PASSPHRASE)
    assert (again.issued[0].purpose, again.issued[0].recipient, again.policy.reason) == (word, word, word)
    assert FunctionKey.from_bytes(key.to_bytes()).purpose == word
    assert authority.policy_line == key.policy == "UNRESTRICTED: a" + ascii(sign)[1:-1] + "b"
    for item in (
        again,
        again.issued[0],
        authority.policy,
        authority.policy.line,
        authority.policy_line,
        key,
        authority.public_key,
        schema,
        function,
        pyfe.report(key),
    ):
        for line in [repr(item), *str(item).split("\n")]:
            assert line.isprintable() and sign not in line, ascii(line)
    for wrong in ({"b": [1]}, {f"x{word}": [99], f"c{word}": [word]}, {f"x{word}": [1], f"c{word}": [f"none{word}"]}):
        with pytest.raises(PyfeError) as caught:
            authority.public_key.encrypt(wrong)
        assert str(caught.value).isprintable() and ascii(sign)[1:-1] in str(caught.value)


def test_printable() -> None:
    assert printable("naïve → 5 % [b] \\n") == "naïve → 5 % [b] \\n"
    assert printable("\x1b\u202e\udcff\U000e0041") == r"\x1b\u202e\udcff\U000e0041"


# ---------------------------------------------------------------------------------------------------------------
# Real streams


def command(*arguments: str | bytes, **environment: str) -> dict[str, Any]:
    return {
        "args": [sys.executable, "-m", "pyfe", *arguments],
        "env": {**os.environ, **environment},
        "stdin": subprocess.DEVNULL,
        "timeout": 60,
        "check": False,
    }


def run(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(**command(*arguments, **environment), capture_output=True)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "ascii:strict", "cp1252"])
def test_an_encoding_without_a_sign_gets_another(encoding: str) -> None:
    make(["Größe→", "b"])
    done = run("info", "schema", "none→", PYTHONIOENCODING=encoding)
    assert done.returncode == 1 and b"Traceback" not in done.stderr
    assert b"\\u2192" in done.stdout and b"none\\u2192" in done.stderr
    name = b"Gr\\xf6\\xdfe" if "ascii" in encoding else "Größe".encode("latin-1")
    assert name in done.stdout


def test_a_plain_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    make(["Größe→", "b"])
    done = run("info", "schema", LC_ALL="C", LANG="C", PYTHONCOERCECLOCALE="0", PYTHONUTF8="0")
    assert done.returncode == 0 and b"\\u2192" in done.stdout and not done.stderr


COMMANDS = [["info", "schema"], ["info", "--json", "schema"], ["--version"], ["--help"]]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("output", ["gone", "full", "closed"])
def test_an_output_that_takes_nothing_is_one_line(arguments: list[str], output: str) -> None:
    if output == "closed" and arguments == ["--help"]:
        pytest.skip("the option parser prints it, and is content with a closed output")
    make(["a", "b"])
    given = command(*arguments)
    if output == "closed":
        given["args"] = ["sh", "-c", 'exec "$@" >&-', "sh", *given["args"]]
        done = subprocess.run(**given, stderr=subprocess.PIPE)
    elif output == "full":
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(**given, stdout=full, stderr=subprocess.PIPE)
    else:
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run(**given, stdout=writer, stderr=subprocess.PIPE)
        os.close(writer)
    assert done.returncode == 1, done.stderr
    assert done.stderr.startswith(b"pyfe: ") and done.stderr.count(b"\n") == 1, done.stderr


def test_closed_streams_do_no_harm() -> None:
    """The next file that is opened would take the number of a closed stream, and what is printed would be in it."""
    make(["a", "b"])
    Path("t.csv").write_text("a,b\n1,2\n")
    given = command("encrypt", "t.csv", "-p", "public", "-o", "out")
    given["args"] = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *given["args"]]
    assert subprocess.run(**given).returncode == 1
    assert len(pyfe.CiphertextBatch.from_bytes(Path("out").read_bytes())) == 1


def test_a_failure_is_told_by_the_exit_code_where_nothing_else_can() -> None:
    given = command("info", "none", "--json")
    given["args"] = ["sh", "-c", 'exec "$@" >&- 2>&-', "sh", *given["args"]]
    assert subprocess.run(**given).returncode == 1


def test_bytes_that_are_no_text() -> None:
    """Names of files may be any bytes; texts that go into keys may not."""
    make(["a", "b"])
    Path(os.fsdecode(b"t\xff.csv")).write_text("a,b\n1,2\n")
    done = run("encrypt", b"t\xff.csv", "-p", "public", "-o", b"out\xff")
    assert done.returncode == 0 and b"out\\udcff" in done.stdout and os.path.exists(b"out\xff")
    done = run("info", b"out\xff", b"none\xff", "--json")
    assert done.returncode == 1 and b"none\\udcff" in done.stderr and json.loads(done.stdout)
    Path("pass").write_text(PASSPHRASE)
    issue = ["issue", "function", "-a", "auth", "-o", "new", "--passphrase-file", "pass"]
    for more in (["--purpose", b"p\xff"], ["--purpose", "p", "--recipient", b"r\xff"]):
        done = run(*issue, *more)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1) and b"not UTF-8 text" in done.stderr
    assert not Path("new").exists()


# ---------------------------------------------------------------------------------------------------------------
# What is said


def test_no_rows_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    make(["a", "b"])
    Path("none.csv").write_text("a,b\n")
    for more in ([], ["--json"]):
        assert "nothing was encrypted" in shown(capsys, "encrypt", "none.csv", "-p", "public", "-o", "none", *more)
        assert "nothing was scored" in shown(capsys, "evaluate", "none", "-k", "key", "-o", "scores.csv", *more)
    assert "nothing was" not in shown(capsys, "evaluate", "cts", "-k", "key", "-o", "scores.csv")


def test_the_search_table_is_explained(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pyfe.adapters.search import SearchTable
    from pyfe.cli import evaluating

    make(["a", "b"])
    text = shown(capsys, "evaluate", "cts", "-k", "key", "-o", "scores.csv")
    assert "built" not in text and "search table  " in text
    words = evaluating._table_words
    assert words(SearchTable(0.5, True, None)) == "computed in 0.5 s, for this run only"
    assert words(SearchTable(0.5, True, "/x")) == "computed in 0.5 s, kept for the next runs in /x"
    assert words(SearchTable(0.5, False, "/x")) == "found ready, read in 0.5 s"


def test_the_scheme_is_named_and_priced(capsys: pytest.CaptureFixture[str]) -> None:
    make(["a", "b"])
    Path("pass").write_text(PASSPHRASE)
    Path("m.json").write_text(pyfe.Linear({"a": 1.0, "b": 2.0}).to_json())
    compiled = ["compile", "m.json", "-s", "schema", "-o", "f", "--weight-bits", "4"]
    assert "ipfe-ddh-ristretto255" in shown(capsys, *compiled) and "128 bytes" in shown(capsys, *compiled)
    text = shown(capsys, *compiled, "--scheme", "qfe-sxdh")
    assert "qfe-sxdh-bls12381" in text and f"{144 * 13} bytes" in text and "ipfe" not in text
    assert "unknown scheme" in shown(capsys, *compiled, "--scheme", "rsa", code=1)
    made = ["keygen", "-s", "schema", "-a", "q", "-p", "qp", "--scheme", "qfe-ggm", "--passphrase-file", "pass"]
    reason = ["--unrestricted", "a test"]
    issue = ["issue", "f", "-a", "q", "-o", "qk", "--purpose", "p", "--passphrase-file", "pass"]
    for arguments in ([*made, *reason], issue, ["info", "qk"], ["info", "qp"]):
        text = shown(capsys, *arguments)
        assert "qfe-ggm-bls12381" in text and str(144 * 7) in text and "ipfe" not in text
    key = FunctionKey.from_bytes(Path("qk").read_bytes())
    report = pyfe.report(key)
    assert (report.scheme, report.ciphertext_bytes) == ("qfe-ggm-bls12381", 144 * 7) and "qfe-ggm-bls12381" in str(
        report
    )
    assert pyfe.report(key.function).scheme == "ipfe-ddh-ristretto255"
    assert pyfe.report(key.function, scheme="qfe-sxdh").ciphertext_bytes == 144 * 13
    with pytest.raises(ParameterError, match="unknown scheme"):
        pyfe.report(key.function, scheme="ipfe-none")


# ---------------------------------------------------------------------------------------------------------------
# Ctrl-C, and what is typed


@pytest.mark.parametrize("more", [[], ["--json"]], ids=["text", "json"])
def test_an_interrupted_command_says_so(
    more: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make(["a", "b"])

    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("pyfe.cli.table_options.read_table", interrupted)
    assert main(["encrypt", "few.csv", "-p", "public", "-o", "out", *more]) == 130
    output, complaint = capsys.readouterr()
    assert complaint == "pyfe: Interrupted: interrupted\n" and not Path("out").exists()
    assert json.loads(output)["error"]["kind"] == "Interrupted" if more else not output


def test_a_passphrase_that_is_no_text(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    make(["a", "b"])

    def typed(*_: Any, **__: Any) -> str:
        return b"\xff".decode()

    monkeypatch.setattr("typer.prompt", typed)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    assert "not text in the encoding" in shown(
        capsys, "issue", "function", "-a", "auth", "-o", "new", "--purpose", "p", code=1
    )


@pytest.mark.parametrize("way", ["bash_source", "zsh_complete", "source_bash", "x"])
def test_no_variable_makes_a_completion_of_a_command(
    way: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_PYFE_COMPLETE", way)
    assert shown(capsys, "--version") == f"pyfe {pyfe.__version__}\n"


def test_wrong_usage_without_a_place_to_say_so() -> None:
    given = command()
    given["args"] = ["sh", "-c", 'exec "$@" 2>&-', "sh", *given["args"]]
    assert subprocess.run(**given, stdout=subprocess.DEVNULL).returncode == 2
