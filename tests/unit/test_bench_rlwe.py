"""The suite of cohorts under Ring-LWE keeps its promises: what it times is right, and what its ratios say."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import rlwe, rlwe_peer
from bench.catalogue import QUESTIONS, entries, ids_of
from bench.measure import BenchError, Measurement, Settings
from bench.report import row
from bench.rlwe_case import Case
from bench.rlwe_cohort import Cohort
from pyfe import _core

SMOKE = Settings(smoke=True)


@pytest.fixture(scope="module")
def case() -> Case:
    return Case(2, 64)


def test_the_headline_ids_and_their_bars() -> None:
    bars = {
        "ring.ntt.8192": ("us", None, 12, None),
        "ipfe_rlwe.score.n30.memory": ("per_s", 1 / 100, None, 35e6),
        "ipfe_rlwe.score.n30.parquet": ("per_s", 1 / 290, None, 12e6),
        "ipfe_rlwe.encrypt.n30": ("us", 1 / 2800, 0.8, None),
        "ipfe_rlwe.score.n30.memory.portable": ("per_s", None, None, 5e6),
        "ipfe_rlwe.cohort.n30": ("bytes", None, 175, None),
    }
    assert "rlwe" in QUESTIONS and set(bars) <= ids_of("rlwe")
    for name, (unit, ratio, most, least) in bars.items():
        entry = entries()[name]
        assert (entry.unit, entry.at_most, entry.at_least) == (unit, most, least)
        assert entry.ratio_at_least == (None if ratio is None else pytest.approx(ratio, rel=1e-2))


def test_a_ratio_is_patients_in_the_time_of_a_multiply_add() -> None:
    times = rlwe.Times([2e-3], [4e-3], 1e-9)
    fast, slow = times.rates("ipfe_rlwe.score.n30.memory", 100_000)
    assert (fast.value, slow.value) == (pytest.approx(50e6), pytest.approx(25e6))
    assert (fast.ratio(), slow.ratio()) == (pytest.approx(0.05), pytest.approx(0.025))
    fast, slow = times.each("ipfe_rlwe.encrypt.n30", 10_000)
    assert (fast.value, fast.ratio()) == (pytest.approx(0.2), pytest.approx(0.005))
    assert slow.id == "ipfe_rlwe.encrypt.n30.portable" and slow.ratio() == pytest.approx(0.0025)


def test_without_the_loop_there_is_no_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rlwe, "multiply_adds", lambda _: None)
    times = rlwe.timed([lambda: None], 2)
    assert times.multiply_add is None and len(times.lanes) == len(times.plain) == 1
    for result in times.rates("ipfe_rlwe.score.n30.memory", 1):
        assert (result.peer, result.peer_value, result.ratio()) == (None, None, None)


def test_a_rate_below_its_bar_is_said_to_be() -> None:
    name = "ipfe_rlwe.score.n30.memory.portable"
    assert ["met" in row(Measurement(name, value), judge=True)[6] for value in (5.1e6, 4.9e6)] == [True, False]
    assert ">= 5,000,000 per_s missed" in row(Measurement(name, 4.9e6), judge=True)[6]
    both = row(Measurement("ipfe_rlwe.score.n30.memory", 36e6, "loop", 4e9), judge=True)[6]
    assert both.endswith("missed")  # fast enough here, not for such a processor


def test_both_backends_are_timed(case: Case) -> None:
    used: list[str] = []
    rlwe.timed([lambda: used.append(_core.backend())], 2)
    assert used == [_core.backend(), "portable"] * 2
    assert len(case.x) == 128 and len(case.one) == 64 and len(case.encrypt()) == 64
    assert case.parameters.b == 40 and case.verify()


def test_a_wrong_score_is_not_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Case, "score", lambda self: self.x @ self.y + 1)
    with pytest.raises(BenchError, match="wrong score"):
        Case(1, 3)


def test_an_absent_peer_is_said_to_be(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tenseal", None)
    results = list(rlwe_peer.run(case, SMOKE))
    assert {(result.peer, result.peer_value, result.ratio()) for result in results} == {(None,) * 3}
    assert {result.id for result in results} == {name for name in ids_of("rlwe") if "against_ckks" in name}
    assert all(result.value > 0 for result in results)


class NoCipher:
    """What of tenseal the suite uses, in the clear: a vector that is off by ``error``."""

    class SCHEME_TYPE:
        CKKS = 1

    def __init__(self, error: float = 0.0) -> None:
        self.error = error

    def context(self, *_: Any, **__: Any) -> Any:
        return type("Context", (), {"generate_galois_keys": lambda self: None})()

    def ckks_vector(self, _context: Any, values: Any) -> Any:
        return Vector(np.array(values, dtype=float) + self.error)


class Vector:
    def __init__(self, values: Any) -> None:
        self.values = values

    def dot(self, weights: list[int]) -> Vector:
        return Vector(np.array([self.values @ np.array(weights)]))

    def __mul__(self, weight: int) -> Vector:
        return Vector(self.values * weight)

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.values + other.values)

    def decrypt(self) -> list[float]:
        return list(self.values)

    def serialize(self) -> bytes:
        return bytes(1000)


@pytest.mark.parametrize("form", [rlwe_peer.Dot, rlwe_peer.Packed])
def test_the_peer_answers_the_same_question(form: type, case: Case) -> None:
    made = form(NoCipher(1e-5), case)
    assert made.patients == (rlwe_peer.PATIENTS if form is rlwe_peer.Dot else 4096)
    assert made.bytes_a_patient == (1000 if form is rlwe_peer.Dot else 30 * 1000 / 4096)
    with pytest.raises(BenchError, match="wrong product"):
        form(NoCipher(1.0 if case.y.sum() else 1e9), case)


def test_a_cohort_is_read_and_scored_whole(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    cohort = Cohort(tmp_path, 8200, signed=True)
    assert cohort.score() == cohort.read() == 8200
    assert [len(chunk) for chunk in cohort.chunks()] == [8192, 8]
    assert all(chunk.signature is not None for chunk in cohort.chunks())
    assert math.isclose(cohort.bytes_a_patient, cohort.path.stat().st_size / 8200)
    cohort.some = cohort.some[::-1]
    with pytest.raises(BenchError, match="wrong score"):
        cohort.check()
