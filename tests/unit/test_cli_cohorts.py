"""``pyfe evaluate`` on cohorts: a stream of chunks into scores, gone on with where it ended."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe.cli import main
from pyfe.cohorts import Chunk, evaluating, open_cohort, places, write_part
from pyfe.cohorts.manifest import Command
from pyfe.cohorts.parts import read_manifest, work_folder
from pyfe.cohorts.rows import Rows
from pyfe.identity import IdentitySecret
from tests.unit import commands, objects
from tests.unit.cohort_rows import public_of
from tests.unit.commands import run

ROWS, ROWS_A_CHUNK = 90, 16
EVALUATE = ["evaluate", "rows.parquet", "-k", "key", "-o", "scores.csv"]


@cache
def owner() -> IdentitySecret:
    return IdentitySecret.generate("the hospital")


@cache
def keys() -> tuple[pyfe.PublicKey, pyfe.FunctionKey, pyfe.FunctionKey]:
    authority = objects.authority(objects.small_schema())
    issue = [
        authority.issue(pyfe.Function.from_integers(authority.schema, w, 5), purpose="p") for w in ([3, -2], [1, 1])
    ]
    return authority.public_key, issue[0], issue[1]


def encrypted(ids: list[str] | None = None) -> pyfe.CiphertextBatch:
    rows = {"a": [j % 4 for j in range(ROWS)], "b": [j // 3 % 2 for j in range(ROWS)]}
    return keys()[0].encrypt(rows, ids=ids or [f"P-{j}" for j in range(ROWS)], carry_ids="clear")


def chunks_of(batch: pyfe.CiphertextBatch, *, public: bool = False, signed: bool = True) -> list[Chunk]:
    found = []
    for place, rows in places(len(batch), ROWS_A_CHUNK):
        span = range(place.first_row, place.first_row + rows)
        chunk = Chunk(place, batch[span.start : span.stop], public_of(span) if public else {})
        found.append(chunk.signed(owner()) if signed else chunk)
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what an evaluator has; a part is two chunks."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluating, "CHUNKS_A_PART", 2)
    public, key, other = keys()
    Path("public").write_bytes(public.to_bytes())
    Path("key").write_bytes(key.to_bytes())
    Path("other").write_bytes(other.to_bytes())
    Path("owner").write_bytes(owner().identity.to_bytes())
    Path("stranger").write_bytes(IdentitySecret.generate("a stranger").identity.to_bytes())
    batch = encrypted()
    Path("batch").write_bytes(batch.to_bytes())
    write_part("rows.parquet", chunks_of(batch))
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    """Kind and message of a command that is refused; the table of scores is as it was."""
    before = Path("scores.csv").read_bytes() if Path("scores.csv").exists() else None
    found = commands.refused(capsys, *arguments)
    assert before == (Path("scores.csv").read_bytes() if Path("scores.csv").exists() else None)
    return found


@pytest.fixture
def decrypted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The lengths of the batches that are decrypted."""
    done: list[int] = []
    decrypt = pyfe.FunctionKey.uncounted

    def noted(self: pyfe.FunctionKey, batch: pyfe.CiphertextBatch, **options: Any) -> Any:
        scores = decrypt(self, batch, **options)
        done.append(len(batch))
        return scores

    monkeypatch.setattr(pyfe.FunctionKey, "uncounted", noted)
    return done


def ends_after(monkeypatch: pytest.MonkeyPatch, chunks: int, error: BaseException) -> None:
    """Let a run end by an error when it has decrypted so many chunks, and its folder says what it is of."""
    decrypt, left = pyfe.FunctionKey.uncounted, iter(range(chunks))

    def ends(self: pyfe.FunctionKey, batch: pyfe.CiphertextBatch, **options: Any) -> Any:
        if next(left, None) is None:
            deadline = time.monotonic() + 20
            while not Path("scores.csv.parts", "manifest.json").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            raise error
        return decrypt(self, batch, **options)

    monkeypatch.setattr(pyfe.FunctionKey, "uncounted", ends)


def whole(capsys: pytest.CaptureFixture[str]) -> bytes:
    """The scores of the one batch."""
    run(capsys, "evaluate", "batch", "-k", "key", "-o", "whole.csv")
    return Path("whole.csv").read_bytes()


def test_a_cohort_has_the_scores_of_the_batch(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = run(capsys, *EVALUATE, "-p", "public", "--signed-by", "owner")
    assert (said["rows"], said["ids"], said["signed_by"], said["key_verified"]) == (ROWS, "clear", "the hospital", True)
    assert Path("scores.csv").read_bytes() == whole(capsys)
    assert Path("scores.csv").stat().st_mode & 0o777 == 0o600
    assert {path.name for path in folder.iterdir()} & {"scores.csv.parts", "whole.csv.parts"} == set()
    assert run(capsys, *EVALUATE)["rows"] == ROWS  # a table of scores is replaced


def test_public_columns_follow_the_id(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = whole(capsys).decode().splitlines()
    write_part("rows.parquet", chunks_of(encrypted(), public=True))
    run(capsys, *EVALUATE)
    lines = Path("scores.csv").read_text().splitlines()
    assert lines[0] == "id,ward,visits,dose,smoker,row,score,decision"
    assert lines[1] == 'P-0,"Ward 0, größe",1099511627776,0.0,True,' + expected[1].split(",", 1)[1]
    assert lines[2].startswith('P-1,"Ward 1, größe",1099511627777,,,1,')
    assert "--force to replace it" in refused(capsys, *EVALUATE)[1]  # anybody may have added such columns to it
    run(capsys, *EVALUATE, "--drop-columns", "--force")
    assert Path("scores.csv").read_text().splitlines() == expected


@pytest.mark.parametrize("chunks", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("source", ["rows.parquet", "batch"])
def test_a_run_that_ended_is_gone_on_with(
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    decrypted: list[int],
    chunks: int,
    source: str,
) -> None:
    expected = whole(capsys)
    command = ["evaluate", source, "-k", "key", "-o", "scores.csv"]
    monkeypatch.setattr("pyfe.cohorts.rows.ROWS_A_CHUNK", ROWS_A_CHUNK)
    with monkeypatch.context() as patch:
        ends_after(patch, chunks, KeyboardInterrupt())
        assert main(command) == 130
    said_last = capsys.readouterr().err.splitlines()[-1]
    kept = len(list(Path("scores.csv.parts").glob("part-*")))
    more = "; what is finished is kept, and --resume goes on with it" if kept else ""
    assert said_last == f"pyfe: Interrupted: interrupted{more}"
    assert not Path("scores.csv").exists() and kept <= chunks // 2
    assert "finished parts of a run that did not end; go on with --resume" in refused(capsys, *command)[1]
    assert "function key was" in refused(capsys, "evaluate", source, "-k", "other", "-o", "scores.csv", "--resume")[1]
    decrypted.clear()
    said = run(capsys, *command, "--resume")
    assert Path("scores.csv").read_bytes() == expected and sum(decrypted) == ROWS - kept * 2 * ROWS_A_CHUNK
    assert said.get("rows_found_scored", 0) == kept * 2 * ROWS_A_CHUNK
    assert not Path("scores.csv.parts").exists()
    assert run(capsys, *command, "--resume")["rows"] == ROWS  # nothing to go on with: it begins


def test_force_begins_anew(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, decrypted: list[int]
) -> None:
    with monkeypatch.context() as patch:
        ends_after(patch, 4, KeyboardInterrupt())
        assert main(EVALUATE) == 130
    capsys.readouterr()
    decrypted.clear()
    run(capsys, *EVALUATE, "--force")
    assert sum(decrypted) == ROWS and Path("scores.csv").read_bytes() == whole(capsys)


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Files are hashed when this is set."""
    digests, may = Rows.digests, threading.Event()

    def held(rows: Rows) -> dict[str, Any]:
        assert may.wait(20), "nobody scored a chunk meanwhile"
        return digests(rows)

    monkeypatch.setattr(Rows, "digests", held)
    return may


def test_chunks_are_scored_while_files_are_hashed(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hashing: threading.Event
) -> None:
    expected, decrypt = whole(capsys), pyfe.FunctionKey.uncounted
    left = iter(range(5, 0, -1))

    def noted(self: pyfe.FunctionKey, batch: pyfe.CiphertextBatch, **options: Any) -> Any:
        assert not Path("scores.csv.parts").exists() or hashing.is_set()  # it could not say what it is of
        if next(left, None) is None:
            hashing.set()
        return decrypt(self, batch, **options)

    monkeypatch.setattr(pyfe.FunctionKey, "uncounted", noted)
    run(capsys, *EVALUATE)
    assert hashing.is_set() and Path("scores.csv").read_bytes() == expected


def test_an_end_does_not_wait_for_the_hashing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hashing: threading.Event
) -> None:
    decrypt, left = pyfe.FunctionKey.uncounted, iter(range(3))

    def ends(self: pyfe.FunctionKey, batch: pyfe.CiphertextBatch, **options: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return decrypt(self, batch, **options)

    monkeypatch.setattr(pyfe.FunctionKey, "uncounted", ends)
    assert main(EVALUATE) == 130 and not hashing.is_set()
    assert not Path("scores.csv.parts").exists() and not Path("scores.csv").exists()
    hashing.set()


def test_what_another_run_makes_meanwhile_is_not_gone_on_with(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hashing: threading.Event
) -> None:
    decrypt, left = pyfe.FunctionKey.uncounted, iter(range(3))

    def other(self: pyfe.FunctionKey, batch: pyfe.CiphertextBatch, **options: Any) -> Any:
        if next(left, None) is None and not hashing.is_set():
            made = Command("scores", {}, 6, 2, ".csv")
            with work_folder(Path("scores.csv.parts"), made):
                pass
            hashing.set()
        return decrypt(self, batch, **options)

    monkeypatch.setattr(pyfe.FunctionKey, "uncounted", other)
    assert "scores.csv.parts holds 0 finished parts of a run" in refused(capsys, *EVALUATE, "--resume")[1]


def test_the_core_works_in_one_thread(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two calls at the same time would share the cores badly, and Ctrl-C ends the thread that was started only."""
    seen: list[tuple[str, str]] = []
    of = type(keys()[1].adapter)

    def noting(name: str) -> None:
        work = getattr(of, name)

        def noted(*given: Any) -> Any:
            seen.append((name, threading.current_thread().name))
            return work(*given)

        monkeypatch.setattr(of, name, noted)

    noting("read_batch")
    noting("decrypt")
    run(capsys, *EVALUATE)
    assert set(seen) == {("read_batch", "MainThread"), ("decrypt", "MainThread")} and len(seen) >= 12


def test_another_input_is_not_gone_on_with(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        ends_after(patch, 4, KeyboardInterrupt())
        assert main(EVALUATE) == 130
    capsys.readouterr()
    assert "signed by was not given" in refused(capsys, *EVALUATE, "--resume", "--signed-by", "owner")[1]
    write_part("rows.parquet", chunks_of(encrypted()))
    assert "cohort was" in refused(capsys, *EVALUATE, "--resume")[1]


def test_an_id_of_two_chunks_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, decrypted: list[int]
) -> None:
    ids = [f"P-{j}" for j in range(ROWS)]
    ids[70], ids[89] = ids[3], ids[20]
    parts = [keys()[0].encrypt({"a": [1], "b": [1]}, ids=[each], carry_ids="clear") for each in ids]
    batch = pyfe.CiphertextBatch.concat(parts, allow_duplicates=True)
    write_part("rows.parquet", chunks_of(batch))
    kind, message = refused(capsys, *EVALUATE)
    assert kind == "ParameterError" and message.startswith("row 70, 89: the id is there a second time")
    monkeypatch.setattr(evaluating, "CHUNKS_A_PART", 6)
    decrypted.clear()
    assert refused(capsys, *EVALUATE, "--force")[1] == message and not decrypted  # of a short table before it is scored
    monkeypatch.setattr(evaluating, "CHUNKS_A_PART", 2)
    assert run(capsys, *EVALUATE, "--allow-duplicates", "--force")["rows"] == ROWS


def test_scores_are_of_signed_rows_only(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kind, message = refused(capsys, *EVALUATE, "--signed-by", "stranger")
    assert kind == "SignatureError" and "chunk 0 of 6" in message and "not by 'a stranger'" in message
    signed, other = chunks_of(encrypted()), chunks_of(encrypted(), signed=False)
    rows, ids = signed[5].batch, signed[5].batch.ids
    assert ids is not None
    swapped = rows.with_ids(ids.take([1, 0, *range(2, len(ids))]))
    for name, forged in (("other rows", other[5].batch), ("two ids swapped", swapped)):
        write_part("rows.parquet", [*signed[:5], Chunk(signed[5].place, forged, {}, signed[5].signature)])
        kind, message = refused(capsys, *EVALUATE, "--signed-by", "owner")
        assert kind == "SignatureError" and "chunk 5 of 6" in message, name
        assert len(list(Path("scores.csv.parts").glob("part-*"))) <= 2  # what came before was signed, and is kept
        Path("scores.csv.parts", "manifest.json").unlink()
        for path in Path("scores.csv.parts").iterdir():
            path.unlink()
    write_part("rows.parquet", other)
    assert "chunk 0 of 6 (rows 0 and on) is not signed" in refused(capsys, *EVALUATE, "--signed-by", "owner")[1]


def test_a_cohort_that_is_not_whole_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], decrypted: list[int]
) -> None:
    chunks = chunks_of(encrypted())
    Path("rows").mkdir()
    write_part("rows/a.parquet", chunks[:3])
    write_part("rows/b.parquet", chunks[4:])
    assert "rows 48 to 63 are missing" in refused(capsys, "evaluate", "rows", "-k", "key", "-o", "scores.csv")[1]
    write_part("rows/b.parquet", chunks[3:])
    run(capsys, "evaluate", "rows", "-k", "key", "-o", "scores.csv")
    assert Path("scores.csv").read_bytes() == whole(capsys) and decrypted


def test_no_part_of_a_cohort_is_overwritten(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows").mkdir()
    Path("rows.parquet").rename("rows/a.parquet")
    before = Path("rows/a.parquet").read_bytes()
    words = refused(capsys, "evaluate", "rows", "-k", "key", "-o", "rows/a.parquet", "--force")[1]
    assert "is a file that this command reads" in words and Path("rows/a.parquet").read_bytes() == before


def test_a_file_that_changes_while_it_is_read_gives_no_scores(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    decrypt = pyfe.FunctionKey.uncounted

    def touched(*given: Any, **options: Any) -> Any:
        os.utime("rows.parquet", ns=(1, 1))
        return decrypt(*given, **options)

    monkeypatch.setattr(pyfe.FunctionKey, "uncounted", touched)
    assert "was changed while it was read" in refused(capsys, *EVALUATE)[1]


def test_scores_go_into_a_pipe_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = whole(capsys)
    os.mkfifo("pipe")
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(Path("pipe").read_bytes()))
    reader.start()
    run(capsys, *EVALUATE[:-1], "pipe")
    reader.join(20)
    assert got == [expected]
    os.mkfifo("other-pipe")
    assert "cannot be gone on with" in refused(capsys, *EVALUATE[:-1], "other-pipe", "--resume")[1]


def test_a_pipe_in_a_folder_is_not_waited_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("rows.parquet", "manifest.json"):
        place = f"of {name}"
        Path(place).mkdir()
        os.mkfifo(f"{place}/{name}")
        for command in (["evaluate", place, *EVALUATE[2:]], ["verify-cohort", place]):
            assert f"{name}: it is no file" in refused(capsys, *command)[1]
        assert main(["info", place]) == 1 and f"{name}: it is no file" in "".join(capsys.readouterr())


def test_ciphertexts_come_through_a_pipe(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whether they are Parquet is not asked of a pipe: what was taken from it would be gone."""
    data = encrypted().to_bytes()
    os.mkfifo("pipe")
    writer = threading.Thread(target=Path("pipe").write_bytes, args=(data,), daemon=True)
    writer.start()
    run(capsys, "evaluate", "pipe", *EVALUATE[2:])
    writer.join()


def test_what_is_unfinished_is_neither_scored_nor_taken_for_scores(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        ends_after(patch, 4, KeyboardInterrupt())
        assert main(EVALUATE) == 130
    capsys.readouterr()
    words = "holds parts of scores, not of ciphertexts"
    assert words in refused(capsys, "evaluate", "scores.csv.parts", "-k", "key", "-o", "scores.csv")[1]
    assert read_manifest(Path("scores.csv.parts")).finished is None
    said = run(capsys, "info", "scores.csv.parts")["scores.csv.parts"]
    assert said["object"] == "scores in parts" and said["parts"] + said["parts_missing"] == 3
    assert said["made_from"]["rows"] == ROWS and said["state"].startswith("not finished")


def test_the_ids_alone_are_those_of_the_chunks(folder: Path) -> None:
    cohort = open_cohort("rows.parquet")
    assert [each for ids in cohort.row_ids() for each in ids] == [f"P-{j}" for j in range(ROWS)]
    assert [each for ids in cohort.row_ids(50) for each in ids] == [f"P-{j}" for j in range(50, ROWS)]
    assert [cohort.first_row(number) for number in (0, 1, 5, 6)] == [0, 16, 80, 90]


def test_scores_need_no_pandas(folder: Path) -> None:
    """pyarrow imports it on some ways to numpy, for half a second."""
    program = (
        f"import sys; from pyfe.cli import main; code = main({EVALUATE!r}); sys.exit(code or 'pandas' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(pyfe.__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
