#!/usr/bin/env python
"""What pyfe.prepare makes of real tables: bits of columns and score, and the loss on the reference and beside it.

    python scripts/measure_precision.py [TABLE ...] [--seed N]

One line a model, as a table in Markdown. Tables whose packages are not installed are left out.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyfe
from tests.real_tables import TABLES, Study, Table, installed, studies

HEADER = ("table and model", "rows", "columns", "bits", "step", "score bits", "measure", "reference", "held out")


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tables", nargs="*", default=[name for name in TABLES if installed(name)])
    parser.add_argument("--seed", type=int, default=1, help="of the split in 60 and 40 %%")
    options = parser.parse_args()
    print(f"| {' | '.join(HEADER)} |\n|{'---|' * len(HEADER)}")
    for name in options.tables:
        for study in studies(name):
            print(f"| {' | '.join(line(study, options.seed))} |", flush=True)
    return 0


def line(study: Study, seed: int) -> list[str]:
    """The cells of one model."""
    ours, others = study.table.halves(seed)
    event = study.kind == "event"
    model = study.fit(ours)
    outcome = ours.outcome[1] if event else ours.outcome
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of columns that count up
        schema, function = pyfe.prepare(model, ours.X, outcome, levels=study.table.levels)
    score = function.evaluate(ours.X, "clip")
    _, counts = np.unique(score, return_counts=True, axis=0)
    share = counts / counts.sum()
    (measure, on_reference), (_, held_out) = (losses(function, part, event=event) for part in (ours, others))
    columns = list(schema.columns.values())
    return [
        study.name,
        f"{len(ours.X)} + {len(others.X)}",
        str(len(columns)),
        f"{sum(np.log2(column.size) for column in columns):.0f}",
        dict(function.remarks)["step of the score"].split(";")[0],
        f"{-(share * np.log2(share)).sum():.1f}",
        measure,
        f"{on_reference:+.4f}",
        f"{held_out:+.4f}",
    ]


def losses(function: pyfe.Function, table: Table, *, event: bool) -> tuple[str, float]:
    """The measure and what the integers have less of it than the model."""
    report = function.report(table.X, table.outcome[1] if event else table.outcome)
    if report.metric == "accuracy":
        return report.metric, float(report.metric_float or 0.0) - float(report.metric_quantised or 0.0)
    assert report.metric is not None and report.metric_float is not None and report.metric_quantised is not None
    return report.metric, report.metric_float - report.metric_quantised


if __name__ == "__main__":
    raise SystemExit(main())
