"""Turns, spreads, and comparing with an earlier run: a planted slowdown is found, noise alone raises no alarm."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import group, machine, peers, report
from bench.__main__ import formatted, main
from bench.compare import AGAIN, Compared, Figure, compare, incomparable, judged, settled
from bench.machine import busy, describe, drift
from bench.measure import QUICK_SHARE, Measurement, Settings
from bench.runner import account, document
from bench.turns import Turns, interval_of_the_median, paired, spread, turns_of

NAME = "ristretto255.mul_fixed.batch"


def test_a_figure_takes_its_turns_along() -> None:
    time = Turns.fastest([3.0, 2.0, 4.0], 0.5)
    each = 1e3 * time / 2
    assert (each, turns_of(each)) == (1000, (1500, 1000, 2000))
    assert isinstance(each, Turns) and each.yardstick == 0.5
    assert turns_of(12 / time) == (4, 6, 3) and 12 / time == 6
    part = Turns.fastest([1.0, 1.5, 1.0])
    assert (time - part, turns_of(time - part)) == (1, (2, 0.5, 3))
    assert turns_of(time + 1) == turns_of(1 + time) == (4, 3, 5) and turns_of(5 - time) == (2, 3, 1)
    assert turns_of(time - Turns.fastest([1.0])) == () and turns_of(2.0) == turns_of(None) == ()
    assert Turns.fastest([]) == math.inf and max(time, part) is time


def test_spreads_and_paired_ratios() -> None:
    assert spread([1.0]) == (1, 1)
    assert spread(range(101)) == (5, 95)
    assert interval_of_the_median([3.0, 1.0, 2.0]) == (1, 3)
    assert paired([1, 2], [10, 30, 99], rate=False) == [10, 15]
    assert paired([1, 2], [10, 30], rate=True) == [0.1, 2 / 30]
    result = Measurement(NAME, Turns.fastest([2.0, 1.0]), "peer", Turns.fastest([20.0, 11.0])).to_json()
    assert (result["ratio"], result["ratio_median"], result["ratio_spread"]) == (11, 10.5, [10.05, 10.95])
    assert (result["median"], result["turns"]) == (1.5, [2, 1])


def slower(found: Sequence[Compared]) -> list[str]:
    return [one.id for one in found if one.verdict == "slower"]


def synthetic(rng: np.random.Generator, figures: int, slow: float = 1.0, clock: float = 1.0) -> list[dict[str, Any]]:
    """A run: times around 1 to 100, other work lengthens some turns up to three times, a clock of its own."""
    out = []
    for index in range(figures):
        true, rounds = 1 + index % 100, int(rng.integers(5, 15))
        weather = 1 + np.where(rng.random(rounds) < 0.3, rng.exponential(0.5, rounds), rng.exponential(0.02, rounds))
        turns = (true * slow * clock * weather).tolist()
        unit, stick = ("us", "per_s")[index % 2], 0.5 * clock * (1 + rng.exponential(0.005))
        turns = [1 / turn for turn in turns] if unit == "per_s" else turns
        value = max(turns) if unit == "per_s" else min(turns)
        out.append({"id": f"figure.{index}", "value": value, "unit": unit, "turns": turns, "yardstick": stick})
    return out


def test_a_planted_slowdown_of_a_fifth_is_found_and_noise_is_not_one() -> None:
    rng = np.random.default_rng(27)
    old = synthetic(rng, 300)
    for _ in range(5):
        first = synthetic(rng, 300, clock=0.8)
        found = settled(old, first, lambda names: synthetic(rng, 300, clock=0.9))
        assert not slower(found)
    slow = settled(old, synthetic(rng, 300, slow=1.2, clock=0.8), lambda names: synthetic(rng, 300, slow=1.2))
    assert len(slower(slow)) > 0.95 * len(slow)
    assert {one.verdict for one in slow} <= {"slower", "unclear"}


def test_only_suspects_are_measured_again_and_only_so_often() -> None:
    asked: list[list[str]] = []

    def result(name: str, cost: float) -> dict[str, Any]:
        return {"id": name, "value": cost, "unit": "us", "turns": [cost] * 6, "yardstick": 1.0}

    old = [result("a", 1.0), result("b", 1.0), result("gone", 1.0)]

    def again(names: list[str]) -> list[dict[str, Any]]:
        asked.append(names)
        return [result("a", 1.3), result("b", 1.0)]

    found = settled(old, [result("a", 1.3), result("b", 1.3), result("new", 9.0)], again)
    assert [one.id for one in found] == ["a", "b"] and slower(found) == ["a"]
    assert asked == [["a", "b"]] + [["a"]] * (AGAIN - 1)


def test_bytes_are_exact_and_single_figures_need_more() -> None:
    def verdict(unit: str, old: float, new: float) -> str:
        return judged("x", unit, Figure(old, ()), Figure(new, ())).verdict

    assert [verdict("bytes", 1000, new) for new in (1000, 1005, 1020)] == ["", "", "slower"]
    assert [verdict("ms", 1.0, new) for new in (1.2, 1.3)] == ["", "slower"]
    assert verdict("count", 1, 100) == ""
    wild = Figure(1.0, (1.0, 2.0, 3.0, 1.0, 2.0))
    assert judged("x", "us", wild, Figure(1.4, (1.4, 1.9, 3.0, 1.5, 2.9))).verdict == "unclear"
    rate = {"id": "x", "value": 10.0, "unit": "per_s", "turns": [10.0, 8.0], "yardstick": 1.0}
    assert compare([rate], [{**rate, "value": 5.0, "turns": [5.0, 4.0]}])[0].ratio == 0.5


def planted(run: Callable[[], Any]) -> Callable[[], Any]:
    """The same, and a third of its processor time more."""

    def slower() -> Any:
        start = time.process_time()
        answer = run()
        until = time.process_time() + (time.process_time() - start) / 3
        while time.process_time() < until:
            pass
        return answer

    return slower


@pytest.mark.slow
def test_a_slower_operation_is_found_by_a_real_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    old = tmp_path / "old.json"
    assert main(["group", "--no-peers", "--json", str(old)]) == 0
    assert main(["group", "--no-peers", "--compare", str(old)]) == 0, capsys.readouterr().out
    real = group.operations

    def operations(batch: int) -> list[group.Operation]:
        return [replace(one, ours=planted(one.ours)) if one.id == NAME else one for one in real(batch)]

    monkeypatch.setattr(group, "operations", operations)
    assert main(["group", "--no-peers", "--compare", str(old)]) == 3
    said = capsys.readouterr().out
    assert f"slower: {NAME}, {NAME}.portable\n" in said


def test_runs_that_say_nothing_about_each_other_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here = describe(Settings(smoke=True))
    assert incomparable(here, here) == []
    assert incomparable({**here, "cpu": "another"}, here) == [f"cpu: another, now {here['cpu']}"]
    other = tmp_path / "other.json"
    other.write_text(json.dumps({**document({**here, "backend": "none"}, []), "results": []}))
    assert main(["group", "--smoke", "--compare", str(other)]) == 2
    assert "cannot be compared with this run (backend: none" in " ".join(capsys.readouterr().err.split())
    for text in ("", "[]", "{}", '{"machine": {}, "results": [{}]}'):
        other.write_text(text)
        assert main(["group", "--smoke", "--compare", str(other)]) == 2
        assert "no JSON of an earlier run" in " ".join(capsys.readouterr().err.split())


def test_what_is_said_beside_the_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    smoke = describe(Settings(smoke=True))
    took = account([Measurement(NAME, Turns.fastest([1.0], 0.001))], 3.0)
    assert took["yardstick"] == 0.001 and took["peak_memory"] > 1e7
    whole = document(smoke, [], {"group": took, "ipfe": {**took, "yardstick": 0.0012}})
    said = "\n".join(report.remarks(whole))
    assert "20% slower in one question" in said and "smoke run" in said and "group: 3 s, at most" in said
    assert all(f"peer {package}: " in said for package in peers.PACKAGES.values())
    quiet = {**smoke, "smoke": False, "load_1min": 0.3}
    assert not busy(quiet) and busy({**quiet, "load_1min": 8.0})
    assert "busy" not in "\n".join(report.remarks({**whole, "machine": quiet}))
    assert "was busy (load 8.0)" in "\n".join(report.remarks({**whole, "machine": {**quiet, "load_1min": 8.0}}))
    assert drift([0.1, None]) is None
    machine.forget_peak_memory()


def test_a_figure_a_line() -> None:
    results = [Measurement(NAME, 1.0), Measurement(NAME, 2.0)]
    whole = document(describe(Settings(smoke=True)), results)
    text = formatted(whole)
    assert json.loads(text) == json.loads(json.dumps(whole))
    assert sum(line.startswith('{"id"') for line in text.splitlines()) == 2


def test_how_thorough_a_run_is() -> None:
    quick = Settings(share=QUICK_SHARE, quick=True)
    assert [quick.rounds(full) for full in (200, 9, 2)] == [30, 3, 2]
    assert [quick.batch(full) for full in (1024, 8192, 1_000_000)] == [1024, 8192, 125_000]
    assert [Settings(smoke=True).batch(full) for full in (5, 4099, 1024)] == [5, 65, 64]
