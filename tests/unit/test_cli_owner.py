"""``pyfe owner``, and ``pyfe encrypt`` with a ledger."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe import CiphertextBatch
from pyfe.cli import main
from pyfe.wire import sealing
from tests.unit import engines
from tests.unit.epoch_tables import Authority

PASSPHRASE = ["--passphrase-file", "pass"]
BY_LEDGER = ["--ledger", "owner", "--id-column", "id", *PASSPHRASE]


@pytest.fixture(scope="module")
def authority() -> Authority:
    """The same key in two epochs, whose bits are too many together."""
    schema = pyfe.Schema.from_ranges({f"x{i}": (0, 15) for i in range(9)}, bits=4)
    made = Authority(schema, policy=engines.FREE)
    made.rotate(schema)
    for epoch in (1, 2):
        made.engine.issue(engines.dense(schema), purpose="p", epoch=epoch)
    return made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    Path("pass").write_text("correct horse battery")
    for epoch in (1, 2):
        Path(f"public{epoch}").write_bytes(authority.engine.public_key(epoch).to_bytes())
    Path("epochs").write_bytes(authority.table().to_bytes())
    table("rows.csv", ["a", "b", "a"])
    yield tmp_path


def table(name: str, ids: list[str]) -> None:
    header = ",".join(["id", *(f"x{i}" for i in range(9))])
    Path(name).write_text("\n".join([header, *(",".join([one, *"123456789"]) for one in ids)]) + "\n")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def encrypt(epoch: int, *more: str, rows: str = "rows.csv") -> list[str]:
    return ["encrypt", rows, "-p", f"public{epoch}", "-o", f"batch{epoch}", *more]


def test_an_owner_and_two_epochs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "owner", "init", "owner", *PASSPHRASE)[0] == 0
    code, said = run(capsys, *encrypt(1, "--epochs", "epochs", *BY_LEDGER))
    assert code == 0 and (said["rows"], said["patients"], said["patients_of_several_epochs"]) == (3, 2, 0)
    table("next.csv", ["c", "a", "d"])
    code, said = run(capsys, *encrypt(2, *BY_LEDGER, rows="next.csv"))
    assert code == 1 and said["error"]["kind"] == "RowsDeniedError"
    assert "next.csv: line 3" in said["error"]["message"] and "rule 4" in said["error"]["message"]
    assert not Path("batch2").exists()
    code, said = run(capsys, *encrypt(2, "--leave-out", "--carry-ids", "clear", *BY_LEDGER, rows="next.csv"))
    assert code == 0 and said["rows"] == 2 and said["lines_left_out"] == [3]
    assert said["not_counted_across_epochs"] == []
    batch = CiphertextBatch.from_bytes(Path("batch2").read_bytes())
    assert len(batch) == 2 and list(batch.ids or []) == ["c", "d"]  # who is left out takes the id along


@pytest.mark.parametrize("to", ["batch", "batch.parquet"])
def test_left_out_rows_of_a_file_without_lines_are_rows(to: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In Parquet nothing is a line: the name says what the numbers count."""
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    assert run(capsys, "owner", "init", "owner", *PASSPHRASE)[0] == 0
    assert run(capsys, *encrypt(1, "--epochs", "epochs", *BY_LEDGER))[0] == 0
    columns = {"id": ["c", "a", "d"], **{f"x{i}": [i + 1] * 3 for i in range(9)}}
    pq.write_table(pa.table(columns), "next.parquet")
    refused = ["encrypt", "next.parquet", "-p", "public2", "-o", to, *BY_LEDGER]
    assert "next.parquet: row 2" in run(capsys, *refused)[1]["error"]["message"]
    code, said = run(capsys, *refused, "--leave-out")
    assert code == 0 and said["rows_left_out"] == [2] and "lines_left_out" not in said
    code, said = run(capsys, "owner", "status", "owner", "--epochs", "epochs", *PASSPHRASE)
    assert code == 0 and said["patients"] == 4 and sorted(said["met"].values()) == [2, 2]


def test_a_table_of_two_epochs_needs_a_ledger_or_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = run(capsys, *encrypt(1, "--epochs", "epochs"))
    assert code == 1 and "--no-ledger" in said["error"]["message"] and not Path("batch1").exists()
    assert run(capsys, *encrypt(1, "--epochs", "epochs", "--no-ledger"))[0] == 0
    assert run(capsys, *encrypt(1))[0] == 0  # nobody knows of other epochs


WRONG: dict[str, tuple[list[str], str]] = {
    "a ledger without a column": (["--ledger", "owner"], "go together"),
    "a column without a ledger": (["--id-column", "id"], "go together"),
    "a ledger, and none": ([*BY_LEDGER, "--no-ledger"], "--no-ledger"),
    "rows left out by nobody": (["--leave-out"], "--ledger"),
    "no owner": (BY_LEDGER, "cannot read the owner's secret"),
    "a table that is none": (["--epochs", "pass"], "not an object"),
}


@pytest.mark.parametrize("name", WRONG)
def test_options_that_are_refused(capsys: pytest.CaptureFixture[str], name: str) -> None:
    options, says = WRONG[name]
    code, said = run(capsys, *encrypt(1, *options))
    assert code == 1 and says in said["error"]["message"] and not Path("batch1").exists()


def test_ids_and_tables_that_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    assert "exists already" in run(capsys, "owner", "init", "owner", *PASSPHRASE)[1]["error"]["message"]
    assert "no table" in run(capsys, *encrypt(1, *BY_LEDGER))[1]["error"]["message"]
    options = ["--epochs", "epochs", "--ledger", "owner", "--id-column", "mrn", *PASSPHRASE]
    assert "'mrn'" in run(capsys, *encrypt(1, *options))[1]["error"]["message"]
    table("gap.csv", ["a", "", "b"])
    code, said = run(capsys, *encrypt(1, "--epochs", "epochs", *BY_LEDGER, rows="gap.csv"))
    assert code == 1 and said["error"]["message"].startswith("gap.csv: line 3: no record id")


def test_rows_of_a_file_without_lines_are_called_rows(capsys: pytest.CaptureFixture[str]) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")

    def columns(*ids: str) -> str:
        parquet.write_table(pa.table({"id": ids, **{f"x{i}": [i + 1] * len(ids) for i in range(9)}}), "rows.parquet")
        return "rows.parquet"

    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    assert run(capsys, *encrypt(1, "--epochs", "epochs", *BY_LEDGER, rows=columns("a", "b", "a")))[0] == 0
    code, said = run(capsys, *encrypt(2, *BY_LEDGER, rows=columns("c", "a", "d")))
    assert code == 1 and said["error"]["message"].startswith("rows.parquet: row 2: these patients may not be encrypted")
    code, said = run(capsys, *encrypt(2, *BY_LEDGER, rows=columns("c", "d", "")))
    assert code == 1 and said["error"]["message"].startswith("rows.parquet: row 3: no record id")


def test_the_ledger_is_no_output(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    for file in ("owner/ledger.db", "owner/owner.sealed", "epochs"):
        code, said = run(
            capsys, "encrypt", "rows.csv", "-p", "public1", "-o", file, "--force", "--epochs", "epochs", *BY_LEDGER
        )
        assert code == 1 and "reads or keeps" in said["error"]["message"]


def test_info_says_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    code, said = run(capsys, "info", "epochs", "owner/owner.sealed")
    assert code == 0 and said["epochs"]["object"] == "epoch table" and "epoch 2" in said["epochs"]["epochs"]
    assert said["owner/owner.sealed"]["object"] == "sealed owner"


def killed(folder: Path, count: int, seed: int, *bug: str) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.unit.killing_owner", str(folder), str(count), str(seed), *bug],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    print(found)
    return found


def test_no_ciphertext_leaves_whose_patient_is_not_recorded(folder: Path, seed: int) -> None:
    assert sum(killed(folder, 6, seed).values()) == 6


@pytest.mark.slow
def test_a_hundred_kills(folder: Path, seed: int) -> None:
    found = killed(folder, 100, seed)
    assert sum(found.values()) == 100 and found["old, recorded"] > 0


@pytest.mark.slow
def test_a_ledger_that_records_nothing_is_caught(folder: Path, seed: int) -> None:
    with pytest.raises(AssertionError, match="not recorded|made no batch"):
        killed(folder, 100, seed, "unrecorded")
