"""The benchmarks keep their promises about form: ids, units, JSON, absent peers. No figure is judged here."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import peers
from bench.__main__ import main
from bench.catalogue import QUESTIONS, UNITS, entries, ids_of
from bench.curve import ANCHOR_SHAPES, SIZES, VERBS, padded_rows, terms
from bench.dlog_worker import share_of
from bench.machine import describe
from bench.measure import BenchError, Measurement, PeerGaveUp, Settings, Task, against, interleaved
from bench.runner import ask, document

SMOKE = Settings(smoke=True)
FIELDS = [
    "id", "value", "unit", "peer", "peer_value", "ratio", "median", "spread", "ratio_median", "ratio_spread", "turns",
    "yardstick",
]  # fmt: skip


def test_the_catalogue_says_what_every_figure_is() -> None:
    assert entries()
    for entry in entries().values():
        assert entry.unit in UNITS
        assert entry.question in QUESTIONS
        assert all([entry.what, entry.start, entry.end, entry.inputs])
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)+", entry.id)
        assert entry.peer is not None or entry.ratio_at_least is None
    assert {entry.question for entry in entries().values()} == set(QUESTIONS)


def test_the_catalogue_has_the_headline_ids() -> None:
    headline = {
        "ristretto255.mul_variable.batch": "us",
        "ristretto255.mul_fixed.batch": "us",
        "ipfe_ddh.encrypt.n30.b8": "us",
        "ipfe_ddh.decrypt.n30.b8": "us",
        "ipfe_ddh.decrypt.n30.b16": "us",
        "ipfe_ddh.encrypt.n1000.b8": "us",
        "ipfe_ddh.decrypt.n1000.b8": "us",
    }
    assert {name: entries()[name].unit for name in headline} == headline


def test_the_curve_holds_every_size_that_is_not_a_headline_one() -> None:
    named = {f"curve.{verb}.n{n}.b{bits}.batch{batch}" for verb in VERBS for n, bits, batch in SIZES}
    assert named == ids_of("curve")
    assert not {(n, bits) for n, bits, _ in SIZES} & set(ANCHOR_SHAPES)
    assert list(terms(17, 7, 8)) == [1, 17, 119, 8, 136, 952]
    assert [padded_rows(batch) for batch in (5, 8, 9, 4099)] == [8, 8, 16, 4104]


@pytest.fixture(scope="module")
def group_results() -> list[Measurement]:
    """The cheapest question, asked quickly."""
    return ask("group", SMOKE)


def test_a_smoke_run_produces_its_ids_and_the_agreed_json(group_results: list[Measurement]) -> None:
    whole = json.loads(json.dumps(document(describe(SMOKE), group_results)))
    assert list(whole) == ["machine", "questions", "drift", "results"]
    assert {"cpu", "cores", "memory", "backend", "peers", "quick", "smoke", "share"} <= set(whole["machine"])
    assert {result["id"] for result in whole["results"]} == ids_of("group")
    for result in whole["results"]:
        assert list(result) == FIELDS
        assert result["unit"] == entries()[result["id"]].unit
        assert result["value"] > 0
        if result["peer_value"] is not None:
            assert result["ratio"] == pytest.approx(result["peer_value"] / result["value"], rel=1e-4)
        else:
            assert result["ratio"] is None
        assert len(result["turns"]) == 2 and result["yardstick"] > 0
        assert result["value"] <= result["spread"][0] <= result["median"] <= result["spread"][1]


def test_an_absent_peer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rbcl", None)
    whole = document(describe(SMOKE), ask("group", SMOKE))
    assert {(result["peer"], result["peer_value"], result["ratio"]) for result in whole["results"]} == {(None,) * 3}
    assert whole["machine"]["peers"]["rbcl"].startswith("absent: ")


def test_the_ratio_is_peer_time_by_our_time_for_times_and_for_rates() -> None:
    assert Measurement("ristretto255.mul_fixed.batch", 2.0, "peer", 18.0).ratio() == 9
    assert Measurement("threads.python_beside.encrypting", 90.0, "alone", 100.0).ratio() == 0.9
    assert Measurement("ristretto255.mul_fixed.batch", 2.0).ratio() is None


def test_ids_other_than_the_promised_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def question(*names: str) -> types.ModuleType:
        module = types.ModuleType("bench.threads")

        def run(_settings: Settings) -> Iterator[Measurement]:
            yield from (Measurement(name, 1.0) for name in names)

        module.run = run  # type: ignore[attr-defined]
        return module

    promised = sorted(ids_of("threads"))
    for names in (promised[1:], [*promised, promised[0]], [*promised, "threads.unknown"]):
        monkeypatch.setitem(sys.modules, "bench.threads", question(*names))
        with pytest.raises(BenchError, match="not those of"):
            ask("threads", SMOKE)
    monkeypatch.setitem(sys.modules, "bench.threads", question(*promised))
    assert len(ask("threads", SMOKE)) == len(promised)


def test_tasks_take_turns_and_a_peer_may_give_up() -> None:
    calls: list[str] = []

    def give_up() -> None:
        calls.append("peer")
        raise PeerGaveUp

    tasks = [Task(lambda: calls.append("a")), Task(give_up), Task(lambda: calls.append("b"), rounds=1, repeat=2)]
    times = interleaved(tasks, 3)
    assert calls == ["a", "peer", "b", "b", "a", "a"]
    assert times[1] == math.inf
    assert all(0 <= time < 1 for time in (times[0], times[2]))
    gave_up = against("ipfe_ddh.encrypt.n30.b8", 1.0, "pymife", times[1])
    assert gave_up.to_json()["peer"] == "pymife (gave up)"
    assert gave_up.peer_value is None


def test_a_slow_peer_is_stopped() -> None:
    with pytest.raises(PeerGaveUp):
        peers.limited(0.05, lambda: time.sleep(20))()
    assert peers.limited(20, lambda: 7)() == 7


def test_memory_shares_are_added_over_the_mappings_of_the_file() -> None:
    smaps = """7f00-7f10 r--s 00000000 08:01 42 /cache/table.bin
Rss:   64 kB
Pss:   32 kB
Pss_Anon: 9 kB
7f10-7f20 rw-p 00000000 00:00 0
Pss:   100 kB
7f20-7f30 r--s 00010000 08:01 42 /cache/table.bin
Pss:   4 kB
VmFlags: rd sh
"""
    assert share_of("/cache/table.bin", smaps) == 36 * 1024


def test_the_command_writes_json_alone_on_stdout(root: Path) -> None:
    command = [sys.executable, "-m", "bench", "group", "--smoke", "--json", "-"]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert {result["id"] for result in json.loads(done.stdout)["results"]} == ids_of("group")
    assert "ristretto255.mul_fixed.batch" in done.stderr


def test_the_command_refuses_unknown_questions_and_lists_its_ids(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["weather"])
    assert "'weather' is not one of" in capsys.readouterr().err
    assert main(["--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(entries())


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_produces_its_ids(question: str) -> None:
    results = ask(question, SMOKE)
    assert all(result.value >= 0 for result in results)


@pytest.mark.slow
def test_multiply_adds_of_quadratic_forms(core_testing: types.ModuleType) -> None:
    """What stands in bench/qfe.py is what the emulated lanes count, but for masks that are drawn again."""
    from bench.qfe import BATCH, MULTIPLY_ADDS, PLANS, Case

    core_testing.set_num_threads(1)
    core_testing.set_lanes("emulated")
    try:
        case = Case(PLANS[0], BATCH, core_testing)  # the larger a batch, the cheaper its membership tests
        assert case.wire and len(case.loaded) == BATCH
        for name, run in case.names().items():
            before = core_testing.multiply_adds()
            run()
            counted = (core_testing.multiply_adds() - before) / case.batch
            assert counted == pytest.approx(MULTIPLY_ADDS[name], rel=0.01), name
    finally:
        core_testing.set_lanes("auto")
