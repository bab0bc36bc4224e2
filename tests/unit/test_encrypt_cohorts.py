"""``pyfe encrypt`` into cohorts: what it says, refuses and records is that of a batch, and a killed run goes on."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import Function
from pyfe.cli import encrypting_cohorts
from pyfe.cohorts import open_cohort
from pyfe.cohorts.encrypting import TableChunks
from pyfe.cohorts.manifest import Span
from pyfe.cohorts.parts import WorkFolder
from pyfe.io import csv_stream, files, read_table, stream_table
from pyfe.io.fitting import Fitting
from pyfe.keys.owner_noise import secret_check
from pyfe.wire import sealing
from tests.unit import engines
from tests.unit.commands import fails, run
from tests.unit.epoch_tables import Authority

pytest.importorskip("pyarrow")

PASSPHRASE = ["--passphrase-file", "pass"]
BY_LEDGER = ["--ledger", "owner", "--id-column", "mrn", *PASSPHRASE]
SMALL = ["--rows-a-chunk", "4"]
ROWS = 200
"""Four parts of 64 rows at most."""


@pytest.fixture(scope="module")
def authority() -> Authority:
    """Two epochs, whose keys say too much together of who meets both; and a third with noise."""
    ranges = {f"x{i}": (0, 15) for i in range(9)}
    made = Authority(pyfe.Schema.from_ranges(ranges, bits=4), policy=engines.FREE)
    made.rotate(pyfe.Schema.from_ranges(ranges, bits=4))
    made.rotate(pyfe.Schema.from_ranges(ranges, bits=4).with_noise(pyfe.noise(slots=[9])))
    for epoch in (1, 2):
        made.engine.issue(engines.dense(made.engine.public_key(epoch).schema), purpose="p", epoch=epoch)
    return made


@pytest.fixture(params=[0, 1 << 20], ids=["read twice", "kept"])
def kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether coordinates are kept from the first look."""
    monkeypatch.setattr(encrypting_cohorts, "KEPT", request.param)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    Path("pass").write_text("correct horse battery")
    for epoch in (1, 2, 3):
        Path(f"public{epoch}").write_bytes(authority.engine.public_key(epoch).to_bytes())
    for epoch in (1, 3):
        schema = authority.engine.public_key(epoch).schema
        weights = [3, -2, 1, 0, 5, 1, -1, 2, 4, *([1] * (schema.n - 9))]
        issued = authority.engine.issue(Function.from_integers(schema, weights, 5), purpose="p", epoch=epoch)
        Path(f"key{epoch}").write_bytes(issued.to_bytes())
    Path("epochs").write_bytes(authority.table().to_bytes())
    table("rows.csv")
    yield tmp_path


def table(name: str, rows: int = ROWS, ids: list[str] | None = None, **cells: str) -> None:
    """A table with ids, a note of two lines now and then, a ward and a weight; ``cells``: of the sixth row."""
    header = ["mrn", "note", "ward", "weight", *(f"x{i}" for i in range(9))]
    made = [
        [
            f"P-{row}" if ids is None else ids[row],
            "two\nlines" if row % 50 == 7 else "-",
            ["icu", "", "2b"][row % 3],
            "" if row % 4 == 1 else str(60 + row / 2 if row > 100 else 60 + row),
            *(str((row * (i + 3)) % 16) for i in range(9)),
        ]
        for row in range(rows)
    ]
    for column, cell in cells.items():
        made[5][header.index(column)] = cell
    with Path(name).open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *made])


def encrypt(*more: str, rows: str = "rows.csv", epoch: int = 1, to: str = "out.parquet") -> list[str]:
    small = SMALL if to.endswith((".parquet", "/")) else []
    return ["encrypt", rows, "-p", f"public{epoch}", "-o", to, *small, *more]


def scores(capsys: pytest.CaptureFixture[str], of: str, *more: str, key: str = "key1") -> str:
    run(capsys, "evaluate", of, "-k", key, "-o", "scores.csv", "--force", *more)
    return Path("scores.csv").read_text()


@pytest.mark.usefixtures("kept")
def test_a_cohort_scores_as_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    """From CSV and Parquet, into a file and a folder: the ids, rows and scores of one batch."""
    import pyarrow.csv
    import pyarrow.parquet

    ids = ["--id-column", "mrn", "--carry-ids", "clear"]
    run(capsys, *encrypt(*ids, to="batch"))
    expected = scores(capsys, "batch")
    said = run(capsys, *encrypt(*ids))
    assert (said["rows"], said["chunks"], said["ids"], said["columns"]) == (ROWS, 50, "clear", [])
    assert not Path("out.parquet.parts").exists() and said["bytes"] > 0
    run(capsys, *encrypt(*ids, to="parts/"))
    assert sorted(os.listdir("parts")) == ["manifest.json", *(f"part-{n:06d}.parquet" for n in range(4))]
    pyarrow.parquet.write_table(
        pyarrow.csv.read_csv("rows.csv", parse_options=pyarrow.csv.ParseOptions(newlines_in_values=True)),
        "rows.parquet",
        row_group_size=30,
    )
    run(capsys, *encrypt(*ids, rows="rows.parquet", to="three/"))
    assert [scores(capsys, of) for of in ("out.parquet", "parts", "three")] == [expected] * 3
    assert [len(chunk) for chunk in open_cohort("out.parquet").chunks()] == [4] * 50


def test_columns_are_carried_and_chunks_signed(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "identity", "init", "Klinik", "-o", "me", "-p", "me.public", *PASSPHRASE)
    signed = ["--sign-as", "me", "--identity-passphrase-file", "pass"]
    said = run(capsys, *encrypt("--carry", "ward", "--carry", "weight", "--carry", "code", *signed, rows=with_codes()))
    assert said["signed_by"] == "Klinik" and said["columns"] == ["ward", "weight", "code"]
    assert open_cohort("out.parquet").columns == {"ward": "text", "weight": "float64", "code": "text"}
    lines = scores(capsys, "out.parquet", "--signed-by", "me.public").splitlines()
    assert lines[0].startswith("ward,weight,code,row,score") and lines[1].startswith("icu,60.0,0007,0,")
    assert lines[2].startswith(",,0007,1,")
    run(capsys, *encrypt(*signed, to="batch"))
    run(capsys, "evaluate", "batch", "-k", "key1", "-o", "s.csv", "--signed-by", "me.public")


def with_codes() -> str:
    """The table with a column of codes, which numbers would lose the zeros of."""
    with Path("rows.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    with Path("codes.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([[*rows[0], "code"], *([*row, "0007"] for row in rows[1:])])
    return "codes.csv"


@pytest.mark.usefixtures("kept")
def test_what_is_clipped_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    table("wide.csv", x0="99", x8="-1")
    wide = encrypt("--on-overflow", "clip", rows="wide.csv")
    said = run(capsys, *wide)
    assert said["saturated"] == {"x0": 1, "x8": 1}
    counts = [chunk.batch.saturated for chunk in open_cohort("out.parquet").chunks()]
    assert counts[1] == {"x0": 1, "x8": 1} and not any(counts[:1] + counts[2:])


@pytest.mark.parametrize("cell", ["NA", "17", "", "1e1000"])
def test_a_table_that_does_not_fit_is_refused_before_a_row_is_encrypted(
    cell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In the words of a batch, and nothing is left."""
    table("bad.csv", x3=cell)
    expected = fails(capsys, *encrypt(rows="bad.csv", to="batch"))
    before = sorted(os.listdir())
    for to in ("out.parquet", "parts/"):
        assert fails(capsys, *encrypt(rows="bad.csv", to=to)) == expected
    assert "line 7" in expected and sorted(os.listdir()) == before


@pytest.mark.parametrize("ids", [["--carry-ids", "clear"], ["--carry-ids", "pseudonym", "--owner-secret", "owner"]])
def test_ids_that_cannot_travel(ids: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    names = [f"P-{row}" for row in range(ROWS)]
    ids = [*ids, "--id-column", "mrn", *PASSPHRASE]
    for wrong in ({60: "P-1", 190: "P-1"}, {50: ""}, {50: "x" * 300}):
        table("twice.csv", ids=[wrong.get(row, name) for row, name in enumerate(names)])
        expected = fails(capsys, *encrypt(*ids, rows="twice.csv", to="batch"))
        assert fails(capsys, *encrypt(*ids, rows="twice.csv")) == expected and "line" in expected
    table("twice.csv", ids=["P-1"] * ROWS)
    assert run(capsys, *encrypt(*ids, "--allow-duplicates", rows="twice.csv"))["rows"] == ROWS
    for column in ("no such", "x1"):
        wrong_column = [column if word == "mrn" else word for word in ids]
        assert fails(capsys, *encrypt(*wrong_column)) == fails(capsys, *encrypt(*wrong_column, to="batch"))


@pytest.mark.usefixtures("kept")
def test_a_ledger_records_and_refuses_as_for_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    said = run(capsys, *encrypt("--epochs", "epochs", *BY_LEDGER))
    assert (said["patients"], said["patients_of_several_epochs"], said["lines_left_out"]) == (ROWS, 0, [])
    ids = [f"P-{row}" if row in (5, 66, 67, 199) else f"Q-{row}" for row in range(ROWS)]
    table("next.csv", ids=ids)
    expected = fails(capsys, *encrypt(*BY_LEDGER, rows="next.csv", epoch=2, to="batch"))
    assert fails(capsys, *encrypt(*BY_LEDGER, rows="next.csv", epoch=2, to="two.parquet")) == expected
    assert expected.startswith("RowsDeniedError: next.csv: line 7, 70, 71, 205: ") and not Path("two.parquet").exists()
    run(capsys, "owner", "init", "other", *PASSPHRASE)
    carried = ["--carry-ids", "clear", "--leave-out"]
    kept = [*BY_LEDGER, *carried]
    said = run(capsys, *encrypt(*kept, rows="next.csv", epoch=2, to="two.parquet"))
    assert said["rows"] == ROWS - 4 and said["lines_left_out"] == [7, 70, 71, 205]
    batch = run(capsys, *encrypt(*kept, rows="next.csv", epoch=2, to="batch"))
    for name in ("rows", "patients", "patients_of_several_epochs", "lines_left_out"):
        assert said[name] == batch[name]
    found = [one for chunk in open_cohort("two.parquet").chunks() for one in chunk.batch.ids or ()]
    assert found == [one for one in ids if one.startswith("Q")]


def test_noise_is_that_of_a_batch(capsys: pytest.CaptureFixture[str]) -> None:
    Path("secret").write_bytes(bytes(range(32)))
    noisy = ["--owner-secret", "secret"]
    run(capsys, *encrypt(*noisy, epoch=3, to="batch"))
    run(capsys, *encrypt(*noisy, epoch=3))
    assert scores(capsys, "out.parquet", key="key3") == scores(capsys, "batch", key="key3")
    assert fails(capsys, *encrypt(epoch=3)) == fails(capsys, *encrypt(epoch=3, to="batch"))


def test_a_run_is_not_gone_on_with_under_another_secret(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows of one cohort with the noise of two secrets would have noise that is drawn twice, and can be averaged."""
    for name, byte in (("secret", 7), ("copy", 7), ("other", 8)):
        Path(name).write_bytes(bytes([byte]) * 32)
    stopped(monkeypatch, capsys, *encrypt("--owner-secret", "secret", epoch=3))
    manifest = Path("out.parquet.parts/manifest.json").read_text()
    assert (b"\7" * 32).hex() not in manifest
    begun = sorted(Path("out.parquet.parts").iterdir())
    said = fails(capsys, *encrypt("--owner-secret", "other", "--resume", epoch=3))
    assert "is of another command: owner was" in said
    assert sorted(Path("out.parquet.parts").iterdir()) == begun
    run(capsys, *encrypt("--owner-secret", "copy", "--resume", epoch=3))


def test_what_a_secret_is_known_by(authority: Authority) -> None:
    """One public key's alone, so that nobody sees that two of them had rows of one owner."""
    plain, noisy = (authority.engine.public_key(epoch).schema for epoch in (1, 3))
    mine = secret_check(noisy, bytes(32), b"a" * 32)
    assert mine is not None and len(mine) == 32 and mine == secret_check(noisy, bytearray(32), b"a" * 32)
    assert len({mine, secret_check(noisy, bytes(32), b"b" * 32), secret_check(noisy, b"x" * 32, b"a" * 32)}) == 3
    assert secret_check(plain, None, b"a" * 32) is None
    with pytest.raises(pyfe.ParameterError, match="owner_secret has 32 bytes"):
        secret_check(noisy, b"short", b"a" * 32)


def stopped(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *command: str) -> None:
    """A run that ends when two parts are there."""
    add = WorkFolder.add

    def fail(self: WorkFolder, span: Any, write: Any) -> None:
        if span.number == 2:
            raise pyfe.ParameterError("the disk is full")
        add(self, span, write)

    with monkeypatch.context() as patch:
        patch.setattr(WorkFolder, "add", fail)
        assert "the disk is full" in fails(capsys, *command)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("to", ["out.parquet", "parts/"])
def test_a_run_that_ended_is_gone_on_with(
    to: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a ledger, which recorded all patients the first time: finished parts stay byte for byte."""
    run(capsys, "owner", "init", "owner", *PASSPHRASE)
    more = ["--epochs", "epochs", *BY_LEDGER, "--carry-ids", "pseudonym", "--carry", "ward"]
    run(capsys, *encrypt(*more, to="whole.parquet"))
    expected = scores(capsys, "whole.parquet")
    stopped(monkeypatch, capsys, *encrypt(*more, to=to))
    work = Path("out.parquet.parts" if to == "out.parquet" else "parts")
    kept = {path.name: path.read_bytes() for path in work.glob("part-*")}
    assert len(kept) == 2 and not Path("out.parquet").exists()
    assert "--resume" in fails(capsys, *encrypt(*more, to=to)) and "--force" in fails(capsys, *encrypt(*more, to=to))
    assert "columns" in fails(capsys, *encrypt(*more, "--carry", "weight", "--resume", to=to))
    (work / "part-000002.parquet").write_bytes(b"half")
    cohort = json.loads((work / "manifest.json").read_text())["settled"]["cohort"]
    said = run(capsys, *encrypt(*more, "--resume", to=to))
    assert said["rows_found_encrypted"] == 128 and said["rows"] == ROWS and said["cohort"] == cohort
    assert said["patients"] == ROWS
    if to == "parts/":
        assert {name: (work / name).read_bytes() for name in kept} == kept
    assert scores(capsys, to.rstrip("/")) == expected


def test_parts_are_joined_while_others_are_made(capsys: pytest.CaptureFixture[str]) -> None:
    """As a run does that finds some: it first writes one itself when those are being joined, and only then was the type
    of ciphertexts known."""
    run(capsys, *encrypt(to="parts/"))
    program = """
import glob
from pyfe.cohorts.writing import join_parts
def parts():
    for part in sorted(glob.glob("parts/*.parquet")):
        yield part
        import pyfe.cohorts.arrow
join_parts(parts(), "a")
"""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", program], check=True, env=environment)
    assert scores(capsys, "a") == scores(capsys, "parts")


def test_what_is_joined_is_synced_before_the_next_part(monkeypatch: pytest.MonkeyPatch) -> None:
    synced, sync = list[int](), os.fsync

    def noted(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", noted)
    parts = [Path(name) for name in ("a", "b", "c")]
    with Path("joined").open("wb") as file:
        for part in parts:
            part.write_bytes(b"a part")
        for part in encrypting_cohorts._synced(iter(parts), file):
            file.write(part.read_bytes())
    assert synced == [6, 12, 18] and all(part.read_bytes() == b"a part" for part in parts)


def test_a_table_of_parquet_needs_no_pandas() -> None:
    """pyarrow imports it on some ways to numpy, for half a second."""
    import pyarrow.csv
    import pyarrow.parquet

    read = pyarrow.csv.ConvertOptions(column_types={"x0": "float64", "x1": "float32"})
    parsed = pyarrow.csv.ParseOptions(newlines_in_values=True)
    pyarrow.parquet.write_table(pyarrow.csv.read_csv("rows.csv", None, parsed, read), "rows.parquet")
    program = (
        "import sys; from pyfe.cli import main; "
        f"code = main({encrypt(rows='rows.parquet')!r}); sys.exit(code or 'pandas' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_another_table_is_not_gone_on_with(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    stopped(monkeypatch, capsys, *encrypt())
    table("rows.csv", x1="3")
    assert "is of another command: table" in fails(capsys, *encrypt("--resume"))
    assert "rows a chunk was 4" in fails(capsys, *encrypt("--resume", "--rows-a-chunk", "5")).replace("_", " ")
    assert run(capsys, *encrypt("--force"))["rows"] == ROWS


def test_other_words_for_absent_values_are_not_gone_on_with(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many there are: people are shown eight of them."""
    words = [word for number in range(9) for word in ("--na", f"none-{number}")]
    stopped(monkeypatch, capsys, *encrypt(*words))
    said = fails(capsys, *encrypt(*words[:-1], "none-9", "--resume"))
    assert "out.parquet.parts is of another command: absent[8] was none-8, and is none-9 now" in said
    run(capsys, *encrypt(*words, "--resume"))


@pytest.mark.parametrize("piece", [600, 1 << 20])
def test_integers_that_no_double_holds_are_carried_as_they_are(
    piece: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Accession numbers: beside numbers with a point, perhaps in a later piece, or longer than 64 bits."""
    monkeypatch.setattr(csv_stream, "_BLOCK", piece)
    monkeypatch.setattr(files, "_PIECE", piece)
    for number, rows in (("12345678901234567", ROWS), ("12345678901234567890", 50)):
        table("rows.csv", rows, weight=number)
        run(capsys, *encrypt("--carry", "weight", "--force"))
        found = csv.DictReader(scores(capsys, "out.parquet").splitlines())
        assert [row["weight"] for row in found][5] == number


def test_what_no_cohort_can_be(capsys: pytest.CaptureFixture[str]) -> None:
    for option in (["--carry", "ward"], ["--resume"], SMALL):
        assert "are for cohorts" in fails(capsys, *encrypt(*option, to="batch"))
    table("none.csv", rows=0)
    assert "a cohort has one or more" in fails(capsys, *encrypt(rows="none.csv"))
    assert "--rows-a-chunk is a number of rows" in fails(capsys, *encrypt("--rows-a-chunk", "0"))
    assert "which the schema does not call public" in fails(capsys, *encrypt("--carry", "x1"))
    assert "there is no column 'nowhere'" in fails(capsys, *encrypt("--carry", "nowhere"))
    assert "named twice" in fails(capsys, *encrypt("--carry", "ward", "--carry", "ward"))
    clear = ["--carry-ids", "clear", "--id-column", "mrn"]
    assert "is the column of ids" in fails(capsys, *encrypt("--carry", "mrn", *clear))
    Path("out.parquet").write_bytes(b"something else")
    assert "is not a cohort under this public key" in fails(capsys, *encrypt())
    Path("mine").mkdir()
    Path("mine/thesis.txt").write_text("years of work")
    assert "holds other files" in fails(capsys, *encrypt(to="mine/"))
    assert os.listdir("mine") == ["thesis.txt"]


def test_what_the_command_reads_is_never_removed(capsys: pytest.CaptureFixture[str]) -> None:
    """A table whose name is that of a part, in the folder of the parts."""
    Path("mine").mkdir()
    Path("rows.csv").rename("mine/part-000000.csv")
    before = Path("mine/part-000000.csv").read_bytes()
    for rows in ("mine/part-000000.csv", "link.csv"):
        if rows == "link.csv":
            Path(rows).symlink_to("mine/part-000000.csv")
        said = fails(capsys, *encrypt("--force", rows=rows, to="mine/"))
        assert "is read by this command" in said and Path("mine/part-000000.csv").read_bytes() == before


def test_a_folder_that_is_there_is_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    Path("here").mkdir()
    said = run(capsys, "encrypt", "rows.csv", "-p", "public1", "-o", "here")
    assert said["rows"] == ROWS and Path("here/manifest.json").exists()
    assert "holds finished ciphertexts" in fails(capsys, "encrypt", "rows.csv", "-p", "public1", "-o", "here")


@pytest.mark.parametrize("keep", [0, 1 << 20])
def test_some_chunks_are_those_of_all(keep: int, authority: Authority) -> None:
    """Whatever was made before, in whatever order parts are missing, and rows that are left out."""
    schema = authority.engine.public_key(1).schema
    fitting = Fitting(schema, "raise", keep=keep)
    stream = stream_table("rows.csv", schema=schema, watchers=[fitting])
    assert (fitting.kept is not None) == bool(keep)
    for left_out in ((), (0, 3, 17, 18, 150, 199)):
        x = np.delete(schema.encode(read_table("rows.csv").for_schema(schema)).x, left_out, axis=0)
        ids = [one for row, one in enumerate(f"P-{row}" for row in range(ROWS)) if row not in left_out]
        for id_column in (None, "mrn"):
            chunks = TableChunks(stream, schema, "raise", 7, id_column, left_out=left_out, kept=fitting.kept)
            for wanted in ([0, 1, 2, 3, 4, 5], [1, 4], [5], [0, 5], []):
                spans = [Span(number, 5 * number, min(5, chunks.chunks - 5 * number)) for number in wanted]
                found = list(chunks.read(spans))
                numbers = [n for span in spans for n in range(span.first_chunk, span.first_chunk + span.chunks)]
                assert [plain.number for plain in found] == numbers
                assert sum(len(plain.encoded) for plain in found) == chunks.rows_of(spans)
                for plain in found:
                    part = slice(7 * plain.number, 7 * plain.number + 7)
                    assert np.array_equal(plain.encoded.x, x[part])
                    assert plain.ids == (None if id_column is None else ids[part])


@pytest.mark.slow
@pytest.mark.parametrize("to", ["out.parquet", "parts/"])
def test_killed_at_random_instants(to: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Ten times SIGKILL, each time gone on with: the same rows in the same order, each once, finished parts kept byte
    for byte, the same scores; and whoever reads a cohort in between is told that it is not finished."""
    table("rows.csv", rows=60_000)
    carried = ["--carry-ids", "clear", "--id-column", "mrn", "--rows-a-chunk", "256", "--resume"]
    command = [sys.executable, "-m", "pyfe", "encrypt", "rows.csv", "-p", "public1", "-o", to, *carried]
    work = Path("out.parquet.parts" if to == "out.parquet" else "parts")
    run(capsys, "encrypt", "rows.csv", "-p", "public1", "-o", "batch", *carried[:4])
    expected = scores(capsys, "batch")
    r, kept = random.Random(24), dict[str, bytes]()

    def finished() -> list[Any]:
        return json.loads(manifest.read_text())["parts"] if (manifest := work / "manifest.json").exists() else []

    for _ in range(10):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and len(finished()) == len(kept):
            time.sleep(0.002)
        time.sleep(r.uniform(0, 0.05))
        process.send_signal(signal.SIGKILL)
        process.wait()
        if not (parts := finished()):
            break  # the last run had come to its end
        now = {name: (work / name).read_bytes() for name in (f"part-{part['number']:06d}.parquet" for part in parts)}
        assert kept.items() <= now.items()
        kept = now
        if to == "parts/" and len(kept) < 15:
            assert "is not finished" in fails(capsys, "evaluate", "parts", "-k", "key1", "-o", "s.csv", "--force")
    subprocess.run(command, check=True, capture_output=True)
    assert kept and (to != "parts/" or all((work / name).read_bytes() == data for name, data in kept.items()))
    assert scores(capsys, to.rstrip("/")) == expected


def test_absent_cells_that_took_a_value_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    """Of all rows, in a batch and in a cohort; a coordinate of their own replaces nothing."""
    schema = pyfe.Schema.from_ranges({"x0": (0, 15), "weight": (0, 300), "x1": (0, 15)}, missing={"weight": 75})
    bits = pyfe.Schema.from_ranges({"x0": (0, 15), "weight": (0, 300)}, missing={"weight": "bit"})
    for name, of in (("values", schema), ("bits", bits)):
        Path(name).write_bytes(pyfe.KeyAuthority.create(of).public_key.to_bytes())
    for to in ("batch", "new.parquet"):
        small = SMALL if to.endswith(".parquet") else []
        assert run(capsys, "encrypt", "rows.csv", "-p", "values", "-o", to, *small)["replaced"] == {"weight": ROWS // 4}
        assert run(capsys, "encrypt", "rows.csv", "-p", "bits", "-o", to, "--force", *small)["replaced"] == {}
