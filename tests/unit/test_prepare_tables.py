"""prepare on real tables: the loss that is allowed holds on the reference rows of every one; a coarse score on the
others is close as well."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import pyfe
from tests.real_tables import TABLES, Study, installed, studies

pytest.importorskip("pandas")

_SEED = 1
_MOST = {"AUC": 0.002, "C": 0.002, "R2": 0.005}

there = pytest.mark.parametrize("name", [n for n in TABLES if installed(n)])


def prepared(study: Study) -> tuple[pyfe.Function, Any, Any]:
    """The function of a model on 60 % of a table, these rows, and the others."""
    ours, others = study.table.halves(_SEED)
    model = study.fit(ours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of whole numbers that might be counters
        _, function = pyfe.prepare(model, ours.X, known(study, ours), levels=study.table.levels)
    return function, ours, others


def known(study: Study, table: Any) -> Any:
    """What the model was fitted to."""
    return table.outcome[1] if study.kind == "event" else table.outcome


def lost(function: pyfe.Function, study: Study, table: Any) -> tuple[str, float]:
    """The measure, and how much less of it the integers have than the model on the rows as they are."""
    report = function.report(table.X, known(study, table))
    assert report.metric_float is not None and report.metric_quantised is not None
    return str(report.metric), report.metric_float - report.metric_quantised


@there
def test_the_loss_allowed_holds_on_the_reference(name: str) -> None:
    for study in studies(name):
        function, ours, others = prepared(study)
        metric, on_reference = lost(function, study, ours)
        _, held_out = lost(function, study, others)
        if metric != "accuracy":  # of more than two classes the mean AUC is what is kept
            assert on_reference <= _MOST[metric], study.name
            assert held_out <= 0.02, study.name
        words = dict(function.remarks)["loss"]
        before, _, after = words.split()[1:4]
        assert float(before) - float(after) <= _MOST[words.split()[0]] + 1e-4


@there
def test_a_score_of_a_real_table_is_coarse(name: str) -> None:
    """At most 7.5 bits; and no column is finer than Schema.fit proposes it, most are coarser."""
    for study in studies(name):
        function, ours, _ = prepared(study)
        if function.k > 1:
            continue
        _, counts = np.unique(function.evaluate(ours.X, "clip"), return_counts=True)
        share = counts / counts.sum()
        assert -(share * np.log2(share)).sum() < 7.5, study.name
        assert function.schema is not None
        fitted = pyfe.Schema.fit(ours.X, levels=study.table.levels)
        sizes = [(function.schema.columns[n].size, column.size) for n, column in fitted.columns.items()]
        assert all(ours <= theirs for ours, theirs in sizes), study.name
        fine = [(ours, theirs) for ours, theirs in sizes if theirs > 200]
        assert all(ours < theirs / 2 for ours, theirs in fine), study.name


def test_at_least_ten_tables_where_the_packages_are() -> None:
    assert len(TABLES) >= 10 and sum(installed(name) for name in TABLES) >= 3
