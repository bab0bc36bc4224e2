"""Ids from a table to its scores by commands alone; batches that are joined, grown and cut."""

from __future__ import annotations

import csv
import datetime
import fcntl
import os
import re
import stat
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pyfe import CiphertextBatch, Function, ParameterError, PublicKey
from pyfe.io import roles
from pyfe.owner import OwnerSecret
from pyfe.wire import sealing
from tests.unit import commands, engines, objects
from tests.unit.commands import run
from tests.unit.epoch_tables import Authority

PASSPHRASE = ["--passphrase-file", "pass"]
CLEAR = ["--carry-ids", "clear", "--id-column", "mrn"]
HIDDEN = ["--carry-ids", "pseudonym", "--id-column", "mrn"]
IDS = ["P-0017", "=1+1, or so", "größe"]
SCORES = ["8", "10", "13"]


@pytest.fixture(scope="module")
def authority() -> Authority:
    made = Authority(objects.small_schema(), policy=engines.FREE)
    made.engine.issue(Function.from_integers(objects.small_schema(), [3, -1], 5), purpose="p", epoch=1)
    return made


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    Path("pass").write_text("correct horse battery")
    public = authority.engine.public_key(1)
    issued = authority.engine.issue(Function.from_integers(objects.small_schema(), [3, -1], 5), purpose="p", epoch=1)
    Path("public").write_bytes(public.to_bytes())
    Path("key").write_bytes(issued.to_bytes())
    Path("epochs").write_bytes(authority.table().to_bytes())
    table("rows.csv", IDS)
    yield tmp_path


def table(name: str, ids: list[str]) -> None:
    with Path(name).open("w", newline="") as file:
        csv.writer(file).writerows([["a", "mrn", "b"], *([i + 1, one, min(i, 1)] for i, one in enumerate(ids))])


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    message = commands.fails(capsys, *arguments)
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before
    return message


def encrypt(*more: str, rows: str = "rows.csv", to: str = "cts") -> list[str]:
    return ["encrypt", rows, "-p", "public", "-o", to, *more]


def scores(capsys: pytest.CaptureFixture[str], of: str = "cts", *more: str) -> list[dict[str, str]]:
    run(capsys, "evaluate", of, "-k", "key", "-o", "scores.csv", *more)
    with Path("scores.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def names(of: str) -> list[str] | None:
    ids = CiphertextBatch.from_bytes(Path(of).read_bytes()).ids
    return None if ids is None else list(ids)


# -- from a table to scores --


def test_ids_in_the_clear(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *encrypt(*CLEAR))["ids"] == "clear"
    assert run(capsys, "info", "cts")["cts"]["ids"] == "clear"
    found = scores(capsys)
    assert list(found[0])[:4] == ["id", "row", "score", "decision"]
    assert [row["id"] for row in found] == IDS and [row["score"] for row in found] == SCORES
    assert stat.S_IMODE(Path("scores.csv").stat().st_mode) == 0o600
    assert roles.SCORES.fits(Path("scores.csv"))
    scores(capsys)  # a table of scores is replaced by one


def test_pseudonyms_of_an_owners_folder(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    hidden = [*HIDDEN, "--owner-secret", "owner", *PASSPHRASE]
    assert run(capsys, *encrypt(*hidden))["ids"] == "pseudonym"
    run(capsys, *encrypt(*hidden, to="again"))
    assert run(capsys, "info", "cts")["cts"]["ids"] == "pseudonym"
    secret = OwnerSecret.unsealed(Path("owner/owner.sealed").read_bytes(), "correct horse battery")
    found = scores(capsys)
    assert list(found[0])[:3] == ["pseudonym", "row", "score"] and [row["score"] for row in found] == SCORES
    by_hand = PublicKey.from_bytes(Path("public").read_bytes()).encrypt(
        {"a": [1, 2, 3], "b": [0, 1, 1]}, ids=IDS, carry_ids="pseudonym", owner_secret=secret
    )
    assert [row["pseudonym"] for row in found] == names("again") == list(by_hand.ids or [])
    assert roles.SCORES.fits(Path("scores.csv"))
    assert "reads or keeps" in fails(capsys, *encrypt(*hidden, to="owner/owner.sealed"), "--force")


def test_the_owner_takes_pseudonyms_back(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    run(capsys, *encrypt(*HIDDEN, "--owner-secret", "owner", *PASSPHRASE))
    table("visits.csv", [*IDS, IDS[0]])
    ask = ["owner", "pseudonyms", "owner", "visits.csv", "--id-column", "mrn", *PASSPHRASE, "-o"]
    said = run(capsys, *ask, "names.csv")
    assert (said["rows"], said["ids"]) == (4, 3)
    with Path("names.csv").open(newline="", encoding="utf-8") as file:
        names = {row["pseudonym"]: row["id"] for row in csv.DictReader(file)}
    assert [names[row["pseudonym"]] for row in scores(capsys)] == IDS
    assert stat.S_IMODE(Path("names.csv").stat().st_mode) == 0o600
    assert "--force" in fails(capsys, *ask, "names.csv") and "reads or keeps" in fails(capsys, *ask, "visits.csv")
    table("visits.csv", ["x", ""])
    assert "visits.csv: line 3: no id" in fails(capsys, *ask, "other.csv")


@pytest.mark.parametrize("na", ["NA", "mrn=NA", " NA "])
def test_a_word_for_nothing_is_no_id(na: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    table("rows.csv", ["x", " NA", "NAN"])
    ledger = ["--ledger", "owner", "--epochs", "epochs", "--id-column", "mrn", *PASSPHRASE]
    pseudonyms = ["owner", "pseudonyms", "owner", "rows.csv", "--id-column", "mrn", *PASSPHRASE, "-o", "names.csv"]
    for command in (encrypt(*CLEAR), encrypt(*ledger), pseudonyms):
        said = fails(capsys, *command, "--na", na)
        assert (
            said.startswith("ParameterError: rows.csv: line 3: the column 'mrn' of record ids")
            and "COLUMN=TEXT" in said
        )
    assert run(capsys, "owner", "status", "owner", *PASSPHRASE)["patients"] == 0
    run(capsys, *encrypt(*CLEAR, "--na", "a=NA"))
    assert names("cts") == ["x", "NA", "NAN"]


def test_a_number_for_nothing_is_no_id(capsys: pytest.CaptureFixture[str]) -> None:
    pa, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    columns = {"a": [1, 2, 3], "b": [0, 1, 1]}
    for ids in ([7, 999, 8], [7.0, 999.0, 8.0], ["7", "999", "8"]):
        parquet.write_table(pa.table({"mrn": ids, **columns}), "rows.parquet")
        said = fails(capsys, *encrypt(*CLEAR, "--na", "999", rows="rows.parquet"))
        assert said.startswith("ParameterError: rows.parquet: row 2: the column 'mrn' of record ids")
        run(capsys, *encrypt(*CLEAR, "--na", "a=999", rows="rows.parquet"))


def test_the_ledger_and_what_travels(capsys: pytest.CaptureFixture[str]) -> None:
    """One column, one secret."""
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    ledger = ["--ledger", "owner", "--epochs", "epochs", *PASSPHRASE]
    said = run(capsys, *encrypt(*HIDDEN, *ledger))
    assert (said["patients"], said["ids"]) == (3, "pseudonym")
    run(capsys, *encrypt(*HIDDEN, "--owner-secret", "owner", *PASSPHRASE, to="other"))
    assert names("cts") == names("other")
    assert "leave --owner-secret out" in fails(capsys, *encrypt(*HIDDEN, *ledger, "--owner-secret", "owner"))
    table("twice.csv", ["x", "y", "x"])
    assert "twice.csv: line 4" in fails(capsys, *encrypt(*CLEAR, *ledger, rows="twice.csv"))
    assert run(capsys, "owner", "status", "owner", *PASSPHRASE)["patients"] == 3  # nothing was recorded


def test_without_ids_all_is_as_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, *encrypt())["ids"] is None
    assert run(capsys, "info", "cts")["cts"]["ids"] is None
    assert list(scores(capsys)[0])[:3] == ["row", "score", "decision"]


WRONG: dict[str, tuple[list[str], str]] = {
    "no column": (["--carry-ids", "clear"], "--carry-ids needs --id-column"),
    "an unknown column": (["--carry-ids", "clear", "--id-column", "id"], "no column 'id'"),
    "a feature": (["--carry-ids", "clear", "--id-column", "a"], "'a' is a column of the schema"),
    "another word": (["--carry-ids", "hashed", "--id-column", "mrn"], "'clear', 'pseudonym'"),
    "no secret": (HIDDEN, "--owner-secret FOLDER"),
    "bytes as a secret": ([*HIDDEN, "--owner-secret", "rows.csv"], "noise slots"),
    "no owner": ([*HIDDEN, "--owner-secret", "."], "cannot read the owner's secret"),
    "duplicates of nothing": (["--allow-duplicates"], "give --carry-ids"),
    "a column for nothing": (["--id-column", "mrn"], "--carry-ids and --id-column"),
}


@pytest.mark.parametrize("name", WRONG)
def test_options_that_are_refused(capsys: pytest.CaptureFixture[str], name: str) -> None:
    options, words = WRONG[name]
    assert words in fails(capsys, *encrypt(*options))


def test_ids_that_are_refused_are_named_by_lines(capsys: pytest.CaptureFixture[str]) -> None:
    table("rows.csv", ["x", "", "y"])
    assert "rows.csv: line 3: no id" in fails(capsys, *encrypt(*CLEAR))
    table("rows.csv", ["x", "y\x07", "z" * 257])
    message = fails(capsys, *encrypt(*CLEAR))
    assert "line 3: an id with a control" in message and "line 4: an id of more than 256 bytes" in message
    table("rows.csv", ["x", "y", "x"])
    message = fails(capsys, *encrypt(*CLEAR))
    assert "rows.csv: line 4: the id is there a second time" in message and "--allow-duplicates" in message
    run(capsys, *encrypt(*CLEAR, "--allow-duplicates"))
    assert "row 2: the id is there a second time" in fails(capsys, "evaluate", "cts", "-k", "key", "-o", "scores.csv")
    assert [row["id"] for row in scores(capsys, "cts", "--allow-duplicates")] == ["x", "y", "x"]


def parquet(ids: Any) -> Any:
    arrow, written = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    made = arrow.table({"a": [1, 2, 3], "mrn": ids, "b": [0, 1, 1]})
    written.write_table(made, "rows.parquet")
    return made


TYPED: dict[str, list[Any]] = {
    "integers": [7, 8, 2**60 + 1],
    "floats": [7.0, 8.0, 2.0**53 - 1],
    "decimals": [Decimal(7), Decimal(8), Decimal(2**60 + 1)],
    "text": ["P-1", " 007", "gro\u0308ße "],
}


@pytest.mark.parametrize("name", TYPED)
def test_ids_of_parquet_are_those_of_python(capsys: pytest.CaptureFixture[str], name: str) -> None:
    rows = parquet(TYPED[name])
    run(capsys, *encrypt(*CLEAR, rows="rows.parquet"))
    public = PublicKey.from_bytes(Path("public").read_bytes())
    assert names("cts") == list(public.encrypt(rows, ids=rows["mrn"], carry_ids="clear").ids or [])


NO_IDS: dict[str, list[Any]] = {
    "large floats": [7.0, 2.0**53, 1e17],
    "bytes": [b"p1", b"p2", b"p3"],
    "truth": [True, False, True],
    "halves": [1.5, 2.0, 3.0],
    "absent": [1, None, 3],
}


@pytest.mark.parametrize("name", NO_IDS)
def test_what_python_takes_for_no_id_is_none_in_parquet(capsys: pytest.CaptureFixture[str], name: str) -> None:
    rows = parquet(NO_IDS[name])
    public = PublicKey.from_bytes(Path("public").read_bytes())
    with pytest.raises(ParameterError, match="no id") as refusal:
        public.encrypt(rows, ids=rows["mrn"], carry_ids="clear", allow_duplicates=True)
    said = fails(capsys, *encrypt(*CLEAR, "--allow-duplicates", rows="rows.parquet"))
    rows_named = re.findall(r"\d+", str(refusal.value).partition(": no id")[0])
    assert f"rows.parquet: row {', '.join(str(int(row) + 1) for row in rows_named)}: no id" in said


def test_lists_are_no_ids_in_parquet(capsys: pytest.CaptureFixture[str]) -> None:
    parquet([[1], [2], [3]])
    said = fails(capsys, *encrypt(*CLEAR, rows="rows.parquet"))
    assert "column 'mrn' is of type list: cells that hold several are neither numbers nor text" in said


def test_the_ledger_takes_no_other_ids_of_parquet(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    parquet([7.0, 2.0**53, 1e17])
    ledger = ["--ledger", "owner", "--epochs", "epochs", "--id-column", "mrn", *PASSPHRASE]
    assert "rows.parquet: row 2, 3: no record id" in fails(capsys, *encrypt(*ledger, rows="rows.parquet"))
    parquet([datetime.date(2026, 1, 1)] * 3)
    assert "column 'mrn' holds dates or times" in fails(capsys, *encrypt(*ledger, rows="rows.parquet"))
    assert "column 'mrn' holds dates or times" in fails(capsys, *encrypt(*CLEAR, rows="rows.parquet"))


USERS = {
    "no row numbers": "id,score,decision\nA,5,0.5\n",
    "other row numbers": "id,row,score,decision\nA,7,5,0.5\n",
    "no pseudonyms": "pseudonym,row,score,decision\nAnna,0,5,0.5\n",
    "an empty id": "id,row,score,decision\n,0,5,0.5\n",
    "a remark": "id,row,score,decision,remark\nA,0,5,0.5,call back\n",
    "another name": "patient,row,score,decision\nA,0,5,0.5\n",
}


@pytest.mark.parametrize("text", USERS.values(), ids=USERS)
def test_a_table_of_the_user_with_ids_is_no_table_of_scores(text: str) -> None:
    Path("own.csv").write_text(text)
    assert not roles.SCORES.fits(Path("own.csv"))


# -- joined, grown and cut --


@pytest.fixture
def parts(capsys: pytest.CaptureFixture[str]) -> None:
    """Three rows with ids in two files, and three without."""
    run(capsys, *encrypt(*CLEAR, to="all"))
    run(capsys, "slice", "all", "--rows", ":2", "-o", "first")
    run(capsys, "slice", "all", "--rows", "2:", "-o", "last")
    run(capsys, *encrypt(to="bare"))


@pytest.mark.usefixtures("parts")
def test_cut_and_joined_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert (names("first"), names("last")) == (IDS[:2], IDS[2:])
    said = run(capsys, "concat", "last", "first", "-o", "cts")
    assert (said["rows"], said["ids"], said["bytes"]) == (3, "clear", Path("cts").stat().st_size)
    found = scores(capsys)
    assert [row["id"] for row in found] == [IDS[2], *IDS[:2]]
    assert [row["score"] for row in found] == [SCORES[2], *SCORES[:2]]
    assert run(capsys, "slice", "all", "--rows", "1:1", "-o", "cut")["rows"] == 0
    assert run(capsys, "slice", "all", "--rows", ":", "--drop-ids", "-o", "cut")["ids"] is None
    assert run(capsys, "concat", "bare", "cut", "-o", "cts")["rows"] == 6


@pytest.mark.usefixtures("parts")
def test_a_batch_grows(capsys: pytest.CaptureFixture[str]) -> None:
    os.chmod("first", 0o640)
    said = run(capsys, "append", "first", "last")
    assert (said["rows"], said["rows_before"], said["ids"]) == (3, 2, "clear")
    assert names("first") == IDS and [row["score"] for row in scores(capsys, "first")] == SCORES
    assert stat.S_IMODE(Path("first").stat().st_mode) == 0o640
    assert "row 0 of batch 2: the id is there a second time" in fails(capsys, "append", "first", "last")
    run(capsys, "append", "first", "last", "--allow-duplicates")
    assert names("first") == [*IDS, IDS[2]]


@pytest.mark.usefixtures("parts")
def test_what_does_not_go_together(capsys: pytest.CaptureFixture[str]) -> None:
    other = objects.authority(objects.small_schema()).public_key.encrypt({"a": [1], "b": [1]})
    Path("other").write_bytes(other.to_bytes())
    for command in (["concat", "all", "other", "-o", "out"], ["append", "all", "other"]):
        assert fails(capsys, *command).startswith("KeyMismatchError: other: the batches were encrypted under different")
    for command in (["concat", "all", "bare", "-o", "out"], ["append", "all", "bare"]):
        assert "batch 2 of 2 carries no ids" in fails(capsys, *command)
    for command in (["concat", "all", "last", "-o", "out"], ["append", "all", "last"]):
        assert "row 0 of batch 2: the id is there a second time" in fails(capsys, *command)
    for command in (["concat", "all", "pass", "-o", "out"], ["append", "all", "pass"], ["append", "pass", "all"]):
        assert "pass: not an object of pyfe" in fails(capsys, *command)


@pytest.mark.usefixtures("parts")
def test_rows_that_are_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    for rows in ("0:4", "3:2", "4:"):
        assert fails(capsys, "slice", "all", "--rows", rows, "-o", "out").startswith("OutOfRangeError")
    for rows in ("1", "-1:", "a:b", "0:3:1", "٣:"):
        assert "FIRST:END" in fails(capsys, "slice", "all", "--rows", rows, "-o", "out")


@pytest.mark.usefixtures("parts")
def test_outputs_are_no_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    for command in (
        ["concat", "first", "last", "-o", "last", "--force"],
        ["slice", "all", "--rows", ":1", "-o", "all", "--force"],
        ["append", "all", "all", "--allow-duplicates"],
    ):
        assert "reads or keeps" in fails(capsys, *command)
    assert "--force" in fails(capsys, "concat", "first", "last", "-o", "pass")
    assert "no file that could be replaced" in fails(capsys, "append", "/dev/null", "all")
    assert "cannot read none" in fails(capsys, "append", "none", "all")


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("call", ["fsync", "replace", "fchmod"])
def test_an_append_that_fails_leaves_the_old_batch(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, full)
    assert "No space left on device" in fails(capsys, "append", "first", "last")
    assert names("first") == IDS[:2]


@pytest.mark.usefixtures("parts")
def test_two_appends_lose_nothing(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("first").open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another command appends to first" in fails(capsys, "append", "first", "last")
    read, first = CiphertextBatch.from_bytes, Path("first").read_bytes()

    def replaced(data: bytes) -> CiphertextBatch:
        """Somebody who knows no lock encrypts into the same place in the meantime."""
        Path("new").write_bytes(first)
        os.replace("new", "first")
        return read(data)

    monkeypatch.setattr(CiphertextBatch, "from_bytes", replaced)
    assert "was changed by something else" in fails(capsys, "append", "first", "last")
