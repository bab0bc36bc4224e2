"""``pyfe evaluate --prove`` and ``pyfe verify-scores``: from an evaluator's files to somebody who has no key."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from pyfe import CiphertextBatch, Function
from pyfe.io import roles
from tests.unit import objects
from tests.unit.commands import fails, run

EVALUATE = ["evaluate", "cts", "-k", "key", "-p", "public", "-o", "scores.csv", "--prove", "proof"]
VERIFY = ["verify-scores", "scores.csv", "--proof", "proof", "-c", "cts", "--function", "function", "-p", "public"]


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Of an authority: nothing of it is secret but the key."""
    authority = objects.authority(objects.small_schema())
    function = Function.from_integers(objects.small_schema(), [3, -1], 5, 0.25, link="logit", classes=("no", "yes"))
    batch = authority.public_key.encrypt({"a": [0, 3, 1], "b": [1, 0, 1]}, ids=["P1", "P2", "ü"], carry_ids="clear")
    return {
        "public": authority.public_key.to_bytes(),
        "function": function.to_bytes(),
        "key": authority.issue(function, purpose="p").to_bytes(),
        "cts": batch.to_bytes(),
        "mean": batch.weighted_sum([1, 1, 1]).to_bytes(),
    }


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, files: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name, data in files.items():
        Path(name).write_bytes(data)
    yield tmp_path


def edited(line: int, column: str, cell: str) -> None:
    """The table of scores with another cell."""
    with Path("scores.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    rows[line][rows[0].index(column)] = cell
    with Path("scores.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def test_from_file_to_file(capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *EVALUATE)
    assert said["proof"] == "proof" and said["proof_seconds"] > 0
    Path("key").unlink()  # the verifier has none
    checked = run(capsys, *VERIFY)
    assert (checked["verified"], checked["rows"], checked["ids"]) == (True, 3, "clear")
    info = run(capsys, "info", "proof")["proof"]
    assert (info["object"], info["rows"], info["id"]) == ("score proof", 3, checked["proof_id"])
    assert roles.SCORE_PROOF.fits(Path("proof")) and Path("proof").stat().st_mode & 0o077 == 0


def test_every_column_is_held_against_the_scores(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *EVALUATE)
    written = Path("scores.csv").read_bytes()
    changed = {
        "score": ("6", "ProofError: the proof does not show"),
        "decision": ("1.0", "ProofError: scores.csv: line 3, decision: "),
        "probability[yes]": ("0.5", "ProofError: scores.csv: line 3, probability[yes]: "),
        "prediction": ("no", "ProofError: scores.csv: line 3, prediction: "),
        "id": ("P1", "ProofError: scores.csv: line 3, id: "),
        "row": ("7", "ProofError: scores.csv: line 3, row: "),
    }
    for column, (cell, message) in changed.items():
        edited(2, column, cell)
        assert fails(capsys, *VERIFY).startswith(message), column
        Path("scores.csv").write_bytes(written)
    for cell in ("6.0", "06", str(2**63)):
        edited(2, "score", cell)
        assert fails(capsys, *VERIFY) == (
            "DecodeError: scores.csv: line 3: a score is an integer of 64 bits, and there is none"
        )
        Path("scores.csv").write_bytes(written)
    for line, cells in ((0, 8), (1, 6)):
        lines = written.decode().splitlines()
        lines[line] = f"{lines[line]},None" if cells == 8 else lines[line].rpartition(",")[0]
        Path("scores.csv").write_text("\n".join(lines) + "\n")
        assert f"line {line + 1}: there are {cells} cells, and 7 belong there" in fails(capsys, *VERIFY)
    Path("scores.csv").write_bytes(written + written.splitlines(keepends=True)[-1])
    assert "scores of 4 rows for 3 ciphertexts" in fails(capsys, *VERIFY)
    Path("scores.csv").write_text("a,b\n1,2\n")
    assert fails(capsys, *VERIFY).endswith("it is no table of scores of 1 output(s): there is no column score")
    Path("scores.csv").write_bytes(written)
    run(capsys, *VERIFY)


def test_last_digits_of_another_machine(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *EVALUATE)
    with Path("scores.csv").open(newline="", encoding="utf-8") as file:
        likely = float(list(csv.DictReader(file))[1]["probability[yes]"])
    edited(2, "probability[yes]", repr(likely * (1 + 1e-14)))
    run(capsys, *VERIFY)
    edited(2, "probability[yes]", repr(likely * (1 + 1e-6)))
    assert "probability[yes]" in fails(capsys, *VERIFY)


def test_a_cell_is_written_as_we_write_it(capsys: pytest.CaptureFixture[str]) -> None:
    """Text that Python reads as the number, and other programs as another or as none."""
    run(capsys, *EVALUATE)
    written = Path("scores.csv").read_bytes()
    with Path("scores.csv").open(newline="", encoding="utf-8") as file:
        row = list(csv.DictReader(file))[1]
    for column in ("decision", "probability[yes]"):
        cell = row[column]
        eastern = cell.translate({ord(str(digit)): chr(0x660 + digit) for digit in range(10)})
        for other in (f" {cell}", f"{cell}\n", f"+{cell}", cell.replace(".", "_0.", 1), eastern, f"0{cell}", "nan"):
            edited(2, column, other)
            assert f"line 3, {column}: " in fails(capsys, *VERIFY), other
            Path("scores.csv").write_bytes(written)
    for cell in (repr(float(row["decision"]) * (1 + 1e-12)), "-" + row["decision"]):
        edited(2, "decision", cell)
        assert "line 3, decision: " in fails(capsys, *VERIFY), "what is exact is compared exactly"
        Path("scores.csv").write_bytes(written)


def test_labels_that_are_numbers_are_compared_exactly(capsys: pytest.CaptureFixture[str]) -> None:
    authority = objects.authority(objects.small_schema())
    function = Function.from_integers(objects.small_schema(), [3, -1], 5, 0.25, link="logit", classes=(0.5, 1.5))
    batch = authority.public_key.encrypt({"a": [0, 3, 1], "b": [1, 0, 1]})
    key = authority.issue(function, purpose="p")
    for name, each in {"public": authority.public_key, "function": function, "key": key, "cts": batch}.items():
        Path(name).write_bytes(each.to_bytes())
    run(capsys, *EVALUATE)
    run(capsys, *VERIFY)
    edited(2, "prediction", "1.50000000001")
    assert "line 3, prediction: " in fails(capsys, *VERIFY)


@pytest.mark.parametrize("link", ["exp", "square"])
def test_values_behind_a_link(capsys: pytest.CaptureFixture[str], link: str) -> None:
    authority = objects.authority(objects.small_schema())
    function = Function.from_integers(objects.small_schema(), [3, -1], 5, 0.25, link=link)
    batch = authority.public_key.encrypt({"a": [0, 3, 1], "b": [1, 0, 1]})
    made = {"public": authority.public_key, "function": function, "cts": batch}
    made["key"] = authority.issue(function, purpose="p")
    for name, item in made.items():
        Path(name).write_bytes(item.to_bytes())
    run(capsys, *EVALUATE)
    assert run(capsys, *VERIFY)["verified"] is True
    with Path("scores.csv").open(newline="") as file:
        value = float(list(csv.DictReader(file))[1]["prediction"])
    edited(2, "prediction", repr(value * (1 + 1e-6)))
    assert "line 3, prediction" in fails(capsys, *VERIFY)
    edited(2, "prediction", repr(value * (1 + 1e-14)))
    if link == "exp":  # the last digits of an exponential are a machine's own
        assert run(capsys, *VERIFY)["verified"] is True
    else:
        assert "line 3, prediction" in fails(capsys, *VERIFY)


def test_a_context(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *EVALUATE, "--context", "study 12")
    run(capsys, *VERIFY, "--context", "study 12")
    assert "the context is another" in fails(capsys, *VERIFY)
    assert "--context is what a proof is bound to" in fails(capsys, *EVALUATE[:-2], "--context", "x")


def test_other_ciphertexts(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, *EVALUATE)
    batch = CiphertextBatch.from_bytes(Path("cts").read_bytes())
    Path("cts").write_bytes(CiphertextBatch.concat([batch[1], batch[0], batch[2]]).to_bytes())
    assert fails(capsys, *VERIFY).startswith("ProofError: the proof does not show")


def test_combined_rows(capsys: pytest.CaptureFixture[str]) -> None:
    several = ["--largest-weight-sum", "3"]
    run(capsys, "evaluate", "mean", *EVALUATE[2:], *several)
    run(capsys, *VERIFY[:4], "-c", "mean", *VERIFY[6:])


def test_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert "is a file that this command reads or keeps" in fails(capsys, *EVALUATE[:-1], "cts")
    assert "is a file that this command reads or keeps" in fails(capsys, *EVALUATE[:-1], "scores.csv")
    Path("notes").write_text("mine")
    assert "is not a proof of scores" in fails(capsys, *EVALUATE[:-1], "notes")
    assert not Path("scores.csv").exists()


def test_a_scheme_without_proofs(capsys: pytest.CaptureFixture[str]) -> None:
    authority = objects.authority(objects.small_schema(), scheme="qfe-ggm")
    key = authority.issue(Function.from_integers(objects.small_schema(), [3, -1], 5), purpose="p")
    Path("public").write_bytes(authority.public_key.to_bytes())
    Path("key").write_bytes(key.to_bytes())
    Path("cts").write_bytes(authority.public_key.encrypt({"a": [2], "b": [1]}).to_bytes())
    assert fails(capsys, *EVALUATE).startswith("UnsupportedError: qfe-ggm has no proofs of scores")
    assert not Path("scores.csv").exists() and not Path("proof").exists()
