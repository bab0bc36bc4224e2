"""Cohorts scored by workers: the same bytes as one process, each part once, and every failure by its name."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import pyfe
from pyfe import cluster
from pyfe.cli import main
from pyfe.cluster import connection, tasks
from pyfe.cohorts import evaluating, open_cohort, write_part
from pyfe.cohorts.manifest import Command, Span
from pyfe.cohorts.opened_keys import KeyBytes
from pyfe.cohorts.parts import read_manifest
from pyfe.cohorts.rows import of_batch, of_cohort
from pyfe.cohorts.scoring import Scores, score_in_turn, score_parts
from pyfe.identity import IdentitySecret
from tests.unit import failing_workers
from tests.unit.cohort_rows import batch, chunks_of, encrypted, function_key, owner

parquet, distributed = pytest.importorskip("pyarrow.parquet"), pytest.importorskip("distributed")

ROWS, ROWS_A_CHUNK = 90, 5
EVALUATE = ["evaluate", "rows.parquet", "-k", "key", "-o", "scores.csv"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What an evaluator has: a cohort of two files; a part is two chunks, and a task a part."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluating, "CHUNKS_A_PART", 2)
    monkeypatch.setattr(tasks, "ROWS_A_TASK", 1)
    chunks = chunks_of(encrypted(ROWS), rows_a_chunk=ROWS_A_CHUNK)
    Path("cohort").mkdir()
    write_part("cohort/a.parquet", chunks[:7])
    write_part("cohort/b.parquet", chunks[7:])
    Path("key").write_bytes(function_key().to_bytes())
    Path("owner").write_bytes(owner().identity.to_bytes())
    return tmp_path


@pytest.fixture(scope="module")
def workers() -> Iterator[cluster.Cluster]:
    """Two workers in threads of this process: they start at once, and nobody can kill them."""
    with contextlib.ExitStack() as stack:
        made = distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0", silence_logs=50
        )
        stack.enter_context(made)
        yield stack.enter_context(cluster.connected(scheduler=made.scheduler_address, timeout=60))


def in_one_process() -> bytes:
    assert main(["evaluate", "cohort", "-k", "key", "-o", "whole.csv", "--json"]) == 0
    return Path("whole.csv").read_bytes()


def scored(workers: cluster.Cluster, **options: Any) -> cluster.ScoresMade:
    return cluster.score("cohort", function_key(), "scores.csv", cluster=workers, **options)


def clients() -> list[Any]:
    """Dask's clients in this process, those that nobody holds among them."""
    return [one for one in gc.get_objects() if isinstance(one, distributed.Client)]


def lets(monkeypatch: pytest.MonkeyPatch, work: Any) -> None:
    """Let workers do something else than their work."""
    monkeypatch.setattr(connection, "run", work)


def test_workers_of_a_command_give_the_bytes_of_one_process(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Processes of their own; the one test of them that is quick."""
    whole = in_one_process()
    capsys.readouterr()
    command = ["evaluate", "cohort", "-k", "key", "--signed-by", "owner", "-o", "scores.csv"]
    assert main([*command, "--engine", "dask", "--workers", "2", "--json", "--force"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["rows"], said["signed_by"]) == (ROWS, "the hospital")
    assert Path("scores.csv").read_bytes() == whole
    assert {path.name for path in folder.iterdir()} == {"cohort", "key", "owner", "whole.csv", "scores.csv"}


def test_workers_give_the_bytes_of_one_process(folder: Path, workers: cluster.Cluster) -> None:
    made = scored(workers, signed_by=owner().identity)
    assert made == (ROWS, ROWS, {})
    assert Path("scores.csv").read_bytes() == in_one_process()
    scored(workers, force=True, columns=False)
    assert Path("scores.csv").read_text().startswith("id,row,score,decision\n")


def test_tasks_have_rows_enough(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "ROWS_A_TASK", 25)
    rows = of_cohort(open_cohort("cohort"))
    scores = Scores.of_rows(function_key(), rows)
    spans = [span for span in Command("scores", {}, 18, 2, ".csv").spans() if span.number != 1]
    made = list(tasks.tasks_of(scores, rows, spans, KeyBytes(b""), None))
    assert [[span.number for span in task.spans] for task in made] == [[0, 2, 3], [4, 5, 6], [7, 8]]
    assert made[1].name == "parts 4 to 6 (rows 40 to 69)"
    assert [[path.name for path in task.cohort.files] for task in made] == [["a.parquet", "b.parquet"]] + [
        ["b.parquet"]
    ] * 2


def test_a_task_travels_small_and_says_no_key(folder: Path) -> None:
    rows = of_cohort(open_cohort("cohort"), signed_by=owner().identity)
    scores = Scores.of_rows(function_key(), rows)
    spans = list(Command("scores", {}, 18, 4, ".csv").spans())
    keys = KeyBytes(function_key().to_bytes())
    expected = dict[int, bytes]()

    def add(span: Any, write: Any) -> None:
        file = io.BytesIO()
        write(file)
        assert expected.setdefault(span.number, file.getvalue()) == file.getvalue()

    for engine in (score_parts, score_in_turn):
        done: list[int] = []
        engine(scores, rows, spans, add, done.append)
        assert done == [5] * 18
    for task in tasks.tasks_of(scores, rows, spans, keys, owner().identity):
        sent = pickle.dumps(task)
        assert len(sent) < len(keys.function_key) + 4000
        [made] = tasks.run(pickle.loads(sent))
        assert made.data == expected[made.span.number] and made.counts.rows == made.data.count(b"\n") - 1
        assert repr(task) == f"Task({task.name})" and keys.function_key.hex()[:16] not in repr(vars(task))


def test_some_chunks_are_read_alone(folder: Path) -> None:
    cohort = open_cohort("cohort")
    whole = [chunk.batch.to_bytes() for chunk in cohort.chunks()]
    for start, stop in ((0, 1), (5, 9), (6, 8), (7, 18), (17, 18), (3, 3)):
        part = pickle.loads(pickle.dumps(cohort.only(start, stop)))
        assert [chunk.batch.to_bytes() for chunk in part.chunks(start, stop)] == whole[start:stop]
        if stop - start > 2:
            inner = part.only(start + 1, stop - 1)
            assert [chunk.batch.to_bytes() for chunk in inner.chunks(start + 1, stop - 1)] == whole[
                start + 1 : stop - 1
            ]
    assert [path.name for path in cohort.only(6, 8).files] == ["a.parquet", "b.parquet"]
    assert cohort.only(7, 18).files == (folder / "cohort" / "b.parquet",)


def test_an_exception_is_tried_again(folder: Path, workers: cluster.Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    lets(monkeypatch, failing_workers.fails_once)
    scored(workers)
    assert Path("cohort/happened").exists() and Path("scores.csv").read_bytes() == in_one_process()


def test_what_fails_again_and_again_is_named_and_the_rest_is_kept(
    folder: Path, workers: cluster.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    lets(monkeypatch, failing_workers.fails)
    with pytest.raises(pyfe.ClusterError, match=r"part 3 \(rows 30 to 39\).* 4 times.*RuntimeError: no more") as caught:
        scored(workers)
    assert caught.value.kind == "failed" and not Path("scores.csv").exists()
    done = {part.number for part in read_manifest(Path("scores.csv.parts")).parts}
    assert done and failing_workers.POISON not in done
    monkeypatch.undo()
    monkeypatch.setattr(evaluating, "CHUNKS_A_PART", 2)
    monkeypatch.chdir(folder)
    again = scored(workers, resume=True)
    assert again.scored == ROWS - 10 * len(done)
    assert Path("scores.csv").read_bytes() == in_one_process()


def test_one_process_goes_on_with_what_workers_began(
    folder: Path, workers: cluster.Cluster, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What makes a part does not stand in the manifest."""
    whole = in_one_process()
    lets(monkeypatch, failing_workers.fails)
    with pytest.raises(pyfe.ClusterError):
        scored(workers)
    capsys.readouterr()
    assert main(["evaluate", "cohort", "-k", "key", "-o", "scores.csv", "--resume", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows_found_scored"] > 0
    assert Path("scores.csv").read_bytes() == whole


def test_workers_that_take_too_long_are_not_waited_for(
    folder: Path, workers: cluster.Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    lets(monkeypatch, failing_workers.sleeps)
    impatient = cluster.Cluster(workers._client, 1.0)
    with pytest.raises(pyfe.ClusterError, match=r"within 1 s, part 3 \(rows 30 to 39\)") as caught:
        scored(impatient)
    assert caught.value.kind == "timeout" and not Path("scores.csv").exists()
    assert len(read_manifest(Path("scores.csv.parts")).parts) >= 1


def test_errors_of_a_part_are_those_of_one_process(folder: Path, workers: cluster.Cluster) -> None:
    stranger = IdentitySecret.generate("a stranger").identity
    with pytest.raises(pyfe.SignatureError, match="chunk 0"):
        scored(workers, signed_by=stranger)  # here, before anybody is asked
    read = parquet.read_table("cohort/b.parquet")
    ids = read["id"].to_pylist()
    ids[26], ids[27] = ids[27], ids[26]  # rows 61 and 62, of chunk 12
    changed = read.set_column(read.schema.get_field_index("id"), "id", [ids])
    parquet.write_table(changed, "cohort/b.parquet")
    with pytest.raises(pyfe.SignatureError, match="chunk 12 of 18"):
        scored(workers, signed_by=owner().identity)
    assert not Path("scores.csv").exists()


def test_an_id_that_is_there_twice_gives_no_scores(folder: Path, workers: cluster.Cluster) -> None:
    ids = [f"P-{j % 80}" for j in range(ROWS)]
    write_part("cohort/a.parquet", chunks_of(encrypted(ROWS, ids=ids, carry_ids="clear", allow_duplicates=True)))
    Path("cohort/b.parquet").unlink()
    with pytest.raises(pyfe.ParameterError, match="a second time"):
        scored(workers)
    assert not Path("scores.csv").exists()
    assert scored(workers, allow_duplicates=True, force=True).rows == ROWS


def test_a_worker_of_another_version_or_without_the_files_is_refused(folder: Path) -> None:
    rows = of_cohort(open_cohort("cohort"))
    scores = Scores.of_rows(function_key(), rows)
    [task] = tasks.tasks_of(scores, rows, [Span(0, 0, 1)], KeyBytes(b""), None)
    Path("cohort").rename("elsewhere")
    with pytest.raises(pyfe.ParameterError, match=r"cohort/a.parquet.* under the paths that these have here"):
        tasks.run(replace(task, keys=KeyBytes(function_key().to_bytes())))
    with pytest.raises(pyfe.ParameterError, match="asked by 9.9"):
        tasks.run(replace(task, version="9.9"))


def test_what_cannot_be_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("batch").write_bytes(batch().to_bytes())
    with pytest.raises(pyfe.ParameterError, match="a batch"):
        tasks.require_cohort(of_batch(batch(), Path("batch")))
    for options, words in (
        (["--workers", "2"], "--workers is for workers: give --engine dask"),
        (["--engine", "spark"], "process or dask"),
        (["--engine", "dask", "--workers", "0"], "the number of workers"),
        (["--engine", "dask", "--timeout", "0"], "above 0"),
        (["--engine", "dask", "--timeout", "nan"], "above 0"),
        (["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2"], "--scheduler, --workers"),
        (["--engine", "dask", "--scheduler", "nowhere"], "no address of a scheduler"),
        (
            ["--engine", "dask", "--scheduler", "tls://127.0.0.1:9"],
            "settings name no certificates: distributed.comm.tls.ca-file",
        ),
    ):
        assert main(["evaluate", "cohort", "-k", "key", "-o", "scores.csv", *options]) == 1
        assert words in capsys.readouterr().err
    for given in ({"scheduler": 5}, {"workers": "2"}, {"timeout": True}, {"cluster": 5}):
        with pytest.raises(pyfe.ParameterError):
            cluster.score("cohort", function_key(), "scores.csv", **given)  # type: ignore[arg-type]
    assert main(["evaluate", "batch", "-k", "key", "-o", "scores.csv", "--engine", "dask"]) == 1
    assert "this is a batch" in capsys.readouterr().err


def test_a_certificate_that_is_not_there_is_named_as_such(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dask = pytest.importorskip("dask")
    settings = {"distributed.comm.tls.ca-file": "absent.pem", "distributed.comm.tls.client.cert": "absent.pem"}
    with dask.config.set(settings):
        options = ["--engine", "dask", "--scheduler", "tls://127.0.0.1:9"]
        assert main(["evaluate", "cohort", "-k", "key", "-o", "scores.csv", *options]) == 1
    assert "ParameterError: tls://127.0.0.1:9: a file of distributed.comm.tls.ca-file" in capsys.readouterr().err


def test_a_scheduler_that_is_not_there_is_not_waited_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    start = time.perf_counter()
    options = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9", "--timeout", "1"]
    assert main(["evaluate", "cohort", "-k", "key", "-o", "scores.csv", *options]) == 1
    error = capsys.readouterr().err
    assert "ClusterError" in error and "127.0.0.1:9 does not answer" in error and "\n" not in error.strip()
    assert time.perf_counter() - start < 15


@pytest.mark.parametrize("address", ["nowhere", "tcp://127.0.0.1:9"])
def test_a_client_that_cannot_be_made_leaves_no_loop(address: str) -> None:
    """Whichever thread collected it would close it: that of the next loop waited for Dask's lock of loops for ever."""
    before = {*clients(), *threading.enumerate()}
    with pytest.raises((pyfe.ClusterError, pyfe.ParameterError)), cluster.connected(scheduler=address, timeout=1):
        pass
    assert not [one for one in clients() if one not in before and one.status != "closed"]
    assert not [one for one in threading.enumerate() if one not in before and one.name == "IO loop"]


def test_a_scheduler_without_workers_is_not_waited_for(folder: Path) -> None:
    with (
        distributed.LocalCluster(n_workers=0, processes=False, dashboard_address="127.0.0.1:0") as empty,
        pytest.raises(pyfe.ClusterError, match="no worker of the scheduler was there within 0.5 s") as caught,
        cluster.connected(scheduler=empty.scheduler_address, timeout=0.5),
    ):
        pass
    assert caught.value.kind == "no workers"


def test_a_program_that_its_workers_cannot_import_is_not_waited_for(tmp_path: Path) -> None:
    """Without the guard of __main__ every worker starts workers, is refused, and ends."""
    program = tmp_path / "program.py"
    program.write_text("from pyfe import cluster\nwith cluster.connected(workers=1):\n    print('there')\n")
    start = time.perf_counter()
    done = subprocess.run([sys.executable, str(program)], capture_output=True, text=True)
    assert done.returncode == 1 and not done.stdout
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("pyfe.errors.ClusterError: a worker ended while it was started; a program of your own")
    assert '__name__ == "__main__"' in last and time.perf_counter() - start < 100  # and not the two minutes of before


def test_without_dask_it_says_what_to_install() -> None:
    """And nothing loads it before it is asked for."""
    code = (
        "import sys; import pyfe, pyfe.cli.commands, pyfe.cluster\n"
        "print([m for m in ('dask', 'distributed', 'pyarrow') if m in sys.modules])\n"
        "sys.modules['distributed'] = None\n"
        "try:\n    with pyfe.cluster.connected(): pass\n"
        "except pyfe.ParameterError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    first, second = done.stdout.splitlines()
    assert first == "[]" and "pip install 'pyfe-crypto[cluster]'" in second


class Scripted(cluster.Cluster):
    """Workers that die of some parts so many times, and note who was under way with them."""

    def __init__(self, deaths: dict[int, int]) -> None:
        super().__init__(None, 60.0)
        self.deaths, self.together = deaths, list[list[int]]()

    def _room(self) -> int:
        return 4

    def _submit(self, task: tasks.Task) -> Any:
        return object()

    def _done(self, pending: dict[Any, tasks.Task], end: float) -> set[Any]:
        self.together.append([task.spans[0].number for task in pending.values()])
        return {next(iter(pending))}

    def _result(self, future: Any, task: tasks.Task) -> Any:
        number = task.spans[0].number
        if self.deaths.get(number, 0):
            self.deaths[number] -= 1
            return connection._DIED
        return [number]


def test_what_died_beside_another_is_tried_alone(folder: Path) -> None:
    rows = of_cohort(open_cohort("cohort"))
    scores = Scores.of_rows(function_key(), rows)

    def given() -> Iterator[tasks.Task]:
        return tasks.tasks_of(scores, rows, list(Command("scores", {}, 18, 2, ".csv").spans()), KeyBytes(b""), None)

    innocent = Scripted({2: 1})
    assert list(innocent.results(given())) == [[n] for n in (0, 1, 3, 4, 5, 2, 6, 7, 8)]
    assert [2] in innocent.together and [2, 3, 4, 5] in innocent.together
    guilty, found = Scripted({2: 1, 3: 2}), list[Any]()
    with pytest.raises(pyfe.ClusterError, match=r"part 3 \(rows 30 to 39\): 4 workers died of it") as caught:
        found.extend(guilty.results(given()))
    assert caught.value.kind == "killed" and found == [[0], [1], [4], [5], [2]]


# -- workers that die: processes of their own --


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lets(monkeypatch, failing_workers.dies_once)
    made = cluster.score("cohort", function_key(), "scores.csv", workers=2, timeout=120)
    assert made.rows == made.scored == ROWS and Path("cohort/happened").exists()
    assert Path("scores.csv").read_bytes() == in_one_process()


@pytest.mark.slow
def test_a_part_that_workers_die_of_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lets(monkeypatch, failing_workers.dies)
    with pytest.raises(pyfe.ClusterError, match=r"part 3 \(rows 30 to 39\): 4 workers died of it") as caught:
        cluster.score("cohort", function_key(), "scores.csv", workers=2, timeout=120)
    assert caught.value.kind == "killed" and not Path("scores.csv").exists()
    monkeypatch.setattr(connection, "run", tasks.run)
    made = cluster.score("cohort", function_key(), "scores.csv", workers=2, timeout=120, resume=True)
    assert made.rows == ROWS and Path("scores.csv").read_bytes() == in_one_process()


COMMAND = """
import sys
from pathlib import Path
from pyfe import FunctionKey, cluster
from pyfe.cluster import connection, tasks
from pyfe.cohorts import evaluating
from tests.unit import failing_workers
if __name__ == "__main__":
    evaluating.CHUNKS_A_PART, tasks.ROWS_A_TASK, connection.run = 2, 1, failing_workers.slowly
    key = FunctionKey.from_bytes(Path("key").read_bytes())
    print(cluster.score("cohort", key, "scores.csv", workers=2, timeout=60, resume=True).scored)
"""


@pytest.mark.slow
def test_each_part_is_made_once_however_often_the_command_is_killed(folder: Path, root: Path) -> None:
    Path("command.py").write_text(COMMAND)
    call = [sys.executable, "command.py"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    work, kept, whole = Path("scores.csv.parts"), dict[str, int](), in_one_process()
    for wanted in (2, 5):
        process = subprocess.Popen(call, env=environment, start_new_session=True)
        while not (work / "manifest.json").exists() or len(read_manifest(work).parts) < wanted:
            assert process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        manifest = read_manifest(work)
        names = [manifest.command.name(part.number) for part in manifest.parts]
        now = {name: (work / name).stat().st_ino for name in names}
        assert kept.items() <= now.items() and len(now) < 9
        kept = now
    done = subprocess.run(call, env=environment, capture_output=True, text=True, check=True)
    assert int(done.stdout) == ROWS - 10 * len(kept)
    assert Path("scores.csv").read_bytes() == whole and not work.exists()


def living(group: int) -> list[int]:
    """The processes of a group that run."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            state, _, of = rest.split()[:3]
            found += [int(name.split()[0])] if int(of) == group and state not in "ZX" else []
    return found


@pytest.mark.slow
def test_ctrl_c_ends_the_command_and_its_workers(folder: Path, root: Path) -> None:
    Path("command.py").write_text(COMMAND)
    process = subprocess.Popen(
        [sys.executable, "command.py"],
        env={**os.environ, "PYTHONPATH": str(root)},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    work = Path("scores.csv.parts")
    while not (work / "manifest.json").exists() or not read_manifest(work).parts:
        assert process.poll() is None
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    said = process.communicate(timeout=60)[1]
    assert process.returncode == -signal.SIGINT and said.count("Traceback") == 1 and "Nanny" not in said
    end = time.monotonic() + 20
    while (left := living(process.pid)) and time.monotonic() < end:
        time.sleep(0.1)
    assert left == []


@pytest.mark.slow
def test_a_program_that_starts_itself_again_is_told(folder: Path, root: Path) -> None:
    unguarded = COMMAND.replace('if __name__ == "__main__":', "if True:").replace("timeout=60", "timeout=10")
    Path("command.py").write_text(unguarded)
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run([sys.executable, "command.py"], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1 and not Path("scores.csv").exists()
    assert (
        "this process is a worker itself, and starts none; a program of your own does this below if __name__"
        in done.stderr
    )
    assert "not all of 2 workers were there within 10 s" in done.stderr
