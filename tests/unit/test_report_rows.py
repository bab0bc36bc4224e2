"""What a report measures on rows: what clipping did, intervals, calibration, distances beside the bound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe import Function, Schema
from pyfe.function.readout import Readout
from pyfe.reports.rows import OnRows
from pyfe.reports.rows.differences import differences_of
from pyfe.reports.rows.measures import calibration_of, confusion_of, measure_of
from pyfe.reports.rows.scores import decisions_at
from tests.unit import objects

CLIPPED: dict[str, list[Any]] = {**objects.ROWS, "age": [30, 61, 47, 130], "weight": [50.0, 20.0, 70.0, 160.0]}


def told(function: Function, rows: Any, y: Any = None) -> OnRows:
    found = pyfe.report(function, rows, y).on_rows
    assert found is not None
    return found


def test_clipping_is_said_first_and_by_column() -> None:
    function = objects.function()
    report = pyfe.report(function, CLIPPED)
    assert report.lines()[0][0] == "clipping" and "2 of 4 rows" in report.lines()[0][1]
    clipping = told(function, CLIPPED).clipping
    assert clipping is not None and (clipping.rows, clipping.cells, clipping.of, clipping.unbounded) == (2, 3, 4, 0)
    weight = {name: part for name, part, _ in function.schema.parts}["weight"]  # type: ignore[union-attr]
    per_unit = {"age": 7 * 255 / 120, "weight": int(function.weights[0, weight][0]) * 255 / 120}
    by_name = {column.name: column for column in clipping.columns}
    assert set(by_name) == {"age", "weight"}
    age, kilos = by_name["age"], by_name["weight"]
    assert (age.below, age.above, kilos.below, kilos.above) == (0, 1, 1, 1)
    assert age.largest == pytest.approx(abs(10 * per_unit["age"]) * 0.01)
    assert kilos.typical == pytest.approx(kilos.largest)
    assert kilos.largest == pytest.approx(abs(10 * per_unit["weight"]) * 0.01)
    both = 10 * per_unit["age"] + 10 * per_unit["weight"]
    assert clipping.largest == pytest.approx(max(abs(both), abs(10 * per_unit["weight"])) * 0.01)
    assert clipping.columns[0].largest == max(column.largest or 0 for column in clipping.columns)


def test_nothing_clipped_is_no_line() -> None:
    report = pyfe.report(objects.function(), objects.ROWS)
    assert report.lines()[0][0] == "function"
    clipping = told(objects.function(), objects.ROWS).clipping
    assert clipping is not None and (clipping.rows, clipping.columns, clipping.classes_changed) == (0, (), 0)
    assert pyfe.report(objects.function()).on_rows is None
    encoded = objects.schema().encode(objects.ROWS)
    assert told(objects.function(), encoded).clipping is None


def test_classes_that_clipping_changes() -> None:
    schema = Schema.from_ranges({"a": (0, 10), "b": (0, 10)})
    function = pyfe.compile(pyfe.Linear({"a": 1.0, "b": -1.0}, link="logit"), schema)
    rows = {"a": [30.0, 5.0, 12.0], "b": [10.0, 3.0, 11.0]}  # a - b: 20 -> 0, 2, 1 -> 0
    clipping = told(function, rows).clipping
    assert clipping is not None and clipping.rows == 2 and clipping.classes_changed == 2


def test_a_score_that_is_endless_unclipped() -> None:
    schema = Schema.from_ranges({"crp": pyfe.number(1, 100, transform="log"), "b": (0, 10)})
    function = pyfe.compile(pyfe.Linear({"crp": 1.0, "b": 1.0}), schema)
    clipping = told(function, {"crp": [0.0, 200.0, 5.0], "b": [1.0, 1.0, 1.0]}).clipping
    assert clipping is not None and (clipping.rows, clipping.unbounded) == (2, 1)
    assert clipping.classes_changed is None and clipping.largest == pytest.approx(np.log(2), rel=0.02)


@pytest.mark.parametrize("function", [objects.function(), objects.several(), objects.quadratic(), objects.network()])
def test_coefficients_at_real_coordinates_are_those_at_integers(function: Function) -> None:
    x = objects.schema().encode(objects.ROWS).x
    exact = function.evaluate(objects.ROWS).reshape(len(x), -1) * function.scale
    assert np.allclose(decisions_at(function, x.astype(float)), exact)


def _readout(**rest: Any) -> Readout:
    given: dict[str, Any] = {"link": "logit", "classes": ("no", "yes")} | rest
    k = 1 if given["link"] in ("logit", "identity", "cox") else 3
    interval = np.array([[-1000, 1000]] * k)
    return Readout(interval=interval, intercept=np.zeros(k, dtype=np.int64), scale=np.ones(k), **given)


def test_intervals_hold_the_measure_and_narrow_with_rows() -> None:
    rng, widths = np.random.default_rng(1), []
    for rows in (100, 1600):
        truth = rng.integers(0, 2, rows)
        theirs = truth + rng.normal(0, 1, rows)
        ours = np.rint(theirs * 4) / 4
        found = measure_of(_readout(), ours[:, None], theirs[:, None], truth)
        assert found.name == "AUC" and found.ours_interval is not None and found.lost_interval is not None
        assert found.ours_interval[0] < found.ours < found.ours_interval[1]
        assert found.lost_interval[0] <= found.ours - (found.theirs or 0) <= found.lost_interval[1]
        widths.append(found.ours_interval[1] - found.ours_interval[0])
        assert found.lost_interval[1] - found.lost_interval[0] < widths[-1] / 2, "the samples are the same for both"
    assert widths[1] < widths[0] / 2
    time, event = rng.exponential(1, 60), rng.integers(0, 2, 60) == 1
    survival = pyfe.report(
        objects.function(), {name: cells * 15 for name, cells in objects.ROWS.items()}, (time, event)
    )
    assert survival.on_rows is not None and survival.on_rows.measure is not None
    assert survival.on_rows.measure.name == "C" and survival.on_rows.calibration is None
    alone = measure_of(_readout(), np.zeros((30, 1)), None, np.zeros(30, dtype=np.int64))
    assert np.isnan(alone.ours) and alone.ours_interval is None and alone.theirs_interval is None


def test_calibration_of_probabilities_classes_and_values() -> None:
    rng = np.random.default_rng(2)
    decision = rng.normal(0, 2, (4000, 1))
    truth = (rng.random(4000) < 1 / (1 + np.exp(-decision[:, 0]))).astype(np.int64)
    found = calibration_of(_readout(), decision, None, truth)
    assert found is not None and found.what == "probability" and found.theirs is None and len(found.ours) == 10
    assert sum(group.rows for group in found.ours) == 4000
    assert sum(group.low <= group.predicted <= group.high for group in found.ours) >= 8
    assert calibration_of(_readout(), decision[:49], None, truth[:49]) is None
    plain = _readout(link="identity", classes=None)
    value = calibration_of(plain, decision, None, decision[:, 0] + 1)
    assert value is not None and value.what == "value"
    assert all(group.observed == pytest.approx(group.predicted + 1) for group in value.ours)
    assert calibration_of(_readout(link="identity"), decision, None, truth) is None, "no probabilities"
    three = rng.normal(0, 1, (300, 3))
    several = calibration_of(_readout(link="softmax", classes=("a", "b", "c")), three, three, three.argmax(axis=1))
    assert several is not None and several.what == "confidence" and all(g.observed == 1.0 for g in several.ours)
    assert several.theirs == several.ours


def test_confusion() -> None:
    ours = np.array([[1.0], [-1.0], [2.0], [-3.0]])
    found = confusion_of(_readout(), ours, np.array([1, 1, 0, 0]), "label")
    assert found is not None and found.counts == ((1, 1), (1, 1)) and found.classes == ("no", "yes")
    assert confusion_of(_readout(link="identity", classes=None), ours, np.zeros(4, dtype=np.int64), "model") is None


def test_distances_are_all_counted_and_the_bound_holds() -> None:
    rng = np.random.default_rng(3)
    rows = {f"c{i}": rng.normal(50, 10, 200) for i in range(5)}
    rows["c0"][:7] += 200
    schema = Schema.from_ranges({name: (0, 100) for name in rows}, bits=6)
    function = pyfe.compile(pyfe.Linear({name: 0.1 * (i + 1) for i, name in enumerate(rows)}), schema, weight_bits=4)
    found = told(function, rows)
    apart = found.differences
    assert apart is not None and found.agreement is not None and found.clipping is not None
    assert apart.rounding.largest <= apart.bound == pytest.approx(float(function.max_error.max()))
    assert sum(apart.rounding_counts) == apart.rounding.scores == 200
    assert (sum(apart.unclipped_counts), sum(apart.clipped_counts)) == (193, 7)
    assert apart.clipped is not None and apart.unclipped is not None
    assert apart.clipped.largest > 10 * apart.unclipped.largest and (apart.clipped_share or 0) > 0.5
    assert apart.edges[0] == 0.0 and apart.edges[-1] >= max(apart.whole.largest, apart.bound)
    cells, tenths = found.agreement.cells, found.agreement.tenths
    assert sum(cell.scores for cell in cells) == sum(tenth.scores for tenth in tenths) == 200
    assert sum(cell.clipped for cell in cells) == 7
    assert max(tenth.largest for tenth in tenths) == apart.whole.largest
    report = pyfe.report(function, rows)
    assert report.largest_difference == pytest.approx(apart.whole.largest)
    assert report.typical_difference == pytest.approx(apart.whole.typical)


def test_distances_of_nothing_apart() -> None:
    same = np.ones((5, 1))
    found = differences_of(same, same, same, same, clipped=np.zeros(5, dtype=np.bool_), bound=0.0)
    assert found.whole.largest == 0.0 and found.clipped is None and found.clipped_share is None
    assert sum(found.unclipped_counts) == 5


def test_no_rows_at_all() -> None:
    empty = {name: [] for name in objects.ROWS}
    assert pyfe.report(objects.function(), empty).on_rows == OnRows()


def test_noise_is_in_the_figures_and_not_in_the_rounding() -> None:
    rng = np.random.default_rng(4)
    rows = {f"c{i}": rng.normal(50, 10, 150) for i in range(8)}
    model = pyfe.Linear({name: 0.1 for name in rows})
    schema = Schema.from_ranges({name: (0, 100) for name in rows}).with_noise(pyfe.noise(slots=1))
    function = pyfe.compile(model, schema, reference=rows)
    apart = told(function, rows).differences
    assert apart is not None and not function.exact
    assert apart.rounding.largest < apart.whole.typical
