"""Growth, roofline, pictures, tables and the comparison of one score: what they draw their conclusions from."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench import growth, one_score, peers, roofline, sweep, tables
from bench.catalogue import entries, ids_of
from bench.growth import FEW, PREDICTED, Sweep, fit, slope, summed_up
from bench.machine import describe
from bench.measure import BenchError, Measurement, Settings, threads
from bench.report import DECADES, row
from bench.runner import ask, document
from bench.sweep_cases import SWEEPS

SMOKE = Settings(smoke=True)
SIZES = (32, 64, 128, 256, 512, 1024)


def curve(formula: Any = float, sizes: tuple[int, ...] = SIZES) -> Sweep:
    return Sweep("ipfe_ddh.encrypt.n", sizes, lambda _: lambda: None, formula)


def test_the_fit_finds_price_and_fixed_cost() -> None:
    found = fit(SIZES, [3e-6 * size + 5e-5 for size in SIZES])
    assert (found.price, found.fixed) == (pytest.approx(3e-6), pytest.approx(5e-5))
    assert found.grows(17) and not found.grows(16)
    assert fit(SIZES, [3e-6 * size - 5e-5 for size in SIZES]).fixed == 0  # nothing costs less than nothing
    flat = fit(SIZES, [1.0] * 6)
    assert flat.at(1024) == pytest.approx(1) and not flat.grows(1024)
    assert fit(SIZES, [1 / size for size in SIZES]).price == 0
    assert slope(SIZES, [size**1.5 for size in SIZES]) == pytest.approx(1.5)


def test_a_verb_that_grows_otherwise_than_its_formula_is_found() -> None:
    rng = np.random.default_rng(1)
    for power, met in ((1.0, True), (1.3, False), (0.7, False), (2.0, False)):
        times = [1e-6 * size**power * rng.uniform(1, 1.03) for size in SIZES]
        result = summed_up(curve(), SIZES, times)
        assert row(result, judge=True)[6] == f"within 0.1 {'met' if met else 'missed'}", power


def test_sizes_at_which_the_fixed_cost_is_over_half_are_left_out() -> None:
    times = [1e-6 * size + 1e-4 for size in SIZES]
    result = summed_up(curve(), SIZES, times)
    assert result.curve is not None and result.curve["over_half"] == [False, False, True, True, True, True]
    assert result.value == pytest.approx(slope(SIZES[2:], times[2:])) and result.peer == FEW
    wide = (*SIZES, 2048, 4096)
    assert summed_up(curve(sizes=wide), wide, [1e-6 * size + 1e-4 for size in wide]).peer == PREDICTED
    assert summed_up(curve(), SIZES, [1.0] * 6).curve is not None  # nothing grows: all are taken


def test_every_curve_is_promised_and_spans_enough() -> None:
    assert {one.id for one in SWEEPS} | {"sweep.ipfe_ddh.encrypt.threads"} == ids_of("sweep")
    for one in SWEEPS:
        assert math.log10(one.sizes[-1] / one.sizes[0]) >= DECADES, one.id
        assert entries()[one.id].within == 0.1
    verbs = {one.id.split(".")[1] + "." + ".".join(one.id.split(".")[2:]) for one in SWEEPS}
    for scheme in ("ipfe_ddh", "ipfe_rlwe", "qfe_ggm", "qfe_sxdh"):
        assert {f"{scheme}.{verb}.n" for verb in ("encrypt", "decrypt", "keygen")} <= verbs
        assert {f"{scheme}.{verb}.batch" for verb in ("encrypt", "decrypt")} <= verbs
    batches = [size for one in SWEEPS if one.axis == "batch" for size in one.sizes if "rlwe" not in one.id]
    assert all(size % 8 == 0 for size in batches)


def test_some_curves_measured() -> None:
    with threads(1):
        for name in ("ipfe_ddh.keygen.n", "qfe_ggm.keygen.n"):
            (one,) = [each for each in SWEEPS if each.name == name]
            result = growth.measured(one, SMOKE)
            assert result.curve is not None and result.curve["sizes"] == list(one.sizes[:3])
            assert all(len(turns) == 2 for turns in result.curve["turns"])
            assert json.loads(json.dumps(result.to_json()))["curve"]["axis"] == "n"
    assert sweep.over_threads(SMOKE).curve is not None


def test_an_answer_that_is_wrong_is_not_a_point(monkeypatch: pytest.MonkeyPatch) -> None:
    from bench.sweep_cases import Case, ddh_decrypt

    monkeypatch.setattr(Case, "decrypt", lambda self: self.expected + 1)
    with pytest.raises(BenchError, match="a wrong inner product"):
        ddh_decrypt(8, 8)


def result(name: str, value: float, peer_value: float | None = None, **more: Any) -> dict[str, Any]:
    """An entry of "results" without turns."""
    return {**Measurement(name, value, None if peer_value is None else "peer 1.0", peer_value).to_json(), **more}


def run_of(*results: Mapping[str, Any]) -> dict[str, Any]:
    machine = {**describe(SMOKE), "smoke": False, "load_1min": 0.1, "commit": "0123456789ab"}
    return json.loads(json.dumps({**document(machine, []), "results": results}))


def test_the_roof_and_what_is_below_it() -> None:
    results = ask("roofline", SMOKE)
    assert results[0].value > 1e8
    found = [
        result("roofline.bandwidth", 20e9),
        result("roofline.multiply_adds", 4e9),
        result("ipfe_rlwe.score.n30.memory", 40e6),
        result("ring.ntt.8192", 10.0),
    ]
    assert roofline.roof(found) == (20e9, 4e9) and roofline.roof(found[1:]) is None
    ring, score = roofline.points(found)
    assert ring[0] == "ring.ntt.8192" and ring[2] == pytest.approx(roofline.NEEDED / 10e-6)
    assert score == ("ipfe_rlwe.score.n30.memory", 3.75 / 150, 150e6)
    text = tables.limits(tables.Run(run_of(*found)))
    assert "reads 20.0 GB/s and does 4 billion" in text and "| 0.025 | 0.15 billion/s | 30% |" in text


def test_pictures_of_a_run(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from bench.plots import draw

    grown = summed_up(curve(), SIZES, [1e-6 * size for size in SIZES]).to_json()
    one = result("ristretto255.mul_fixed.batch", 1.0, 10.0, ratio_spread=[9.0, 11.0])
    roofs = [result("roofline.bandwidth", 20e9), result("roofline.multiply_adds", 4e9), result("ring.ntt.8192", 9.0)]
    drawn = draw(run_of(grown, one, *roofs), tmp_path / "new")
    assert [path.name for path in drawn] == ["ratios.png", "growth.png", "roofline.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in drawn)
    assert draw(run_of(), tmp_path) == []


def test_figures_are_words_that_a_person_reads() -> None:
    said = [tables.worded(*each) for each in ((0.7204, "us"), (45.23, "us"), (3210.0, "us"), (3_200_000, "us"))]
    assert said == ["0.72 us", "45.2 us", "3.21 ms", "3.2 s"]
    said = [tables.worded(*each) for each in ((7.7, "ms"), (1024, "bytes"), (18_600, "bytes"), (3_000_000, "bytes"))]
    assert said == ["7.7 ms", "1,024 bytes", "18.6 kB", "3 MB"]
    assert [tables.worded(78.3e6, "per_s"), tables.worded(71, "per_s")] == ["78.3 million/s", "71.0/s"]


def test_a_page_is_filled_between_its_marks_and_nowhere_else() -> None:
    page = "before\n\n<!-- bench:headline -->\n<!-- /bench:headline -->\n\nafter 1.4 us\n"
    whole = run_of(result("ipfe_ddh.encrypt.n30.b8", 45.0, 12_000.0), result("ipfe_ddh.encrypt.n30.b8.portable", 350.0))
    filled = tables.filled(page, whole)
    assert "| encrypt a patient | 45.0 us | 350 us | PyMIFE 12.0 ms |" in filled
    assert f"| {tables.ABSENT}" in filled  # what this run has not measured
    assert filled.startswith("before\n\n") and filled.endswith("\n\nafter 1.4 us\n")
    assert tables.filled(filled, whole) == filled
    other = run_of(result("ipfe_ddh.encrypt.n30.b8", 46.0, 12_000.0))
    assert "46.0 us" in tables.filled(filled, other) and "45.0 us" not in tables.filled(filled, other)
    with pytest.raises(KeyError):
        tables.filled("<!-- bench:weather -->\n<!-- /bench:weather -->", whole)


def test_a_busy_machine_and_a_quick_run_are_said_to_be() -> None:
    whole = run_of()
    assert "otherwise idle" in tables.machine(tables.Run(whole))
    whole["machine"].update(load_1min=9.5, quick=True, share=0.15)
    said = tables.machine(tables.Run(whole))
    assert "**other work was running beside it (load 9.5)**" in said and "a quick run at commit 0123456789ab" in said


def test_one_score_is_the_same_score_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sklearn")
    patients = one_score.Patients()
    assert patients.x.shape == (171, 30) and patients.x.min() >= 0 and patients.x.max() <= 255
    assert np.array_equal(patients.products + int(patients.function.intercept[0]), patients.scores)
    assert set(one_score.GIVES) == {id.split(".")[1] for id in ids_of("one_score")} | {"ipfe_ddh"}
    contender = one_score.ours("ipfe-ddh", patients)
    assert (contender.error, contender.patients) == (0, 171)
    for module in ("tenseal", "phe", "mife.single.damgard"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setenv(one_score.CONCRETE, "/nowhere/python")
    monkeypatch.setattr(peers, "ELSEWHERE", {})
    monkeypatch.setattr(one_score, "SCHEMES", ("ipfe-ddh",))
    found = [each for name, said, there in one_score.contenders(patients) if there is None for each in (name, said)]
    assert found == ["pymife", None, "ckks", None, "paillier", None]
    absent = list(one_score.concrete(one_score.Concrete(patients, 1), contender, SMOKE))
    assert {each.peer for each in absent} == {None}
    said = document(describe(SMOKE), absent)["machine"]["peers"]["concrete-python"]
    assert said == "absent: no environment of its own: make bench-concrete"


def test_what_a_worker_of_its_own_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The protocol, with a worker that computes in the clear; and one that ends."""
    pytest.importorskip("sklearn")
    patients = one_score.Patients()
    worker = tmp_path / "python"
    body = (
        "import json, sys; asked = json.load(sys.stdin)\n"
        "scores = [sum(a * b for a, b in zip(row, asked['y'])) for row in asked['x']]\n"
        "print(json.dumps({'name': 'concrete-python 9', 'encrypt': 1e-3, 'score': 2e-3, 'scores': scores,"
        " 'ciphertext': 7, 'key': 8, 'error': 0.0}))\n"
    )
    worker.write_text(f"#!{sys.executable}\n{body}")
    worker.chmod(0o700)
    monkeypatch.setenv(one_score.CONCRETE, str(worker))
    found = one_score.Concrete(patients, 1).found
    assert (found["name"], found["ciphertext"]) == ("concrete-python 9", 7)
    worker.write_text(f"#!{sys.executable}\nimport sys; sys.exit('no such circuit')\n")
    assert one_score.Concrete(patients, 1).found == {"absent": "no such circuit"}
    worker.write_text(f"#!{sys.executable}\n{body.replace('in asked', 'in asked', 1).replace('a * b', 'a + b')}")
    with pytest.raises(BenchError, match="a wrong product"):
        _ = one_score.Concrete(patients, 1).found
