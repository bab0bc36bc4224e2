#!/usr/bin/env python
"""Whether the default policy issues a key for a quadratic model, and what the key opens, on tables of real patients.

    python scripts/measure_forms.py [--splits 3] [--tables NAME ...] [--file build/forms.jsonl]

Four models of a table: discriminant analysis (QDA), naive Bayes, logistic regression on products, a network of squares.
Each is cut by pyfe.prepare on the grids that suit quadratic models, coarse ones first, until one that loses at most
0.005 of AUC on the reference is issued; then it is tried behind noise. The reference is the 60 % that the model is
fitted on, and harm is counted on the others.

Whatever was decided, the exact attack runs where a schema has at most 3 million private records: all of them are
enumerated, weighed by the reference's tree, the public columns known. What is taken off is what the tenth of the answer
says, among records with the same public columns. Of a refused model it is the first grid that is attacked: a refusal is
harmless where that opens no more than a grant may (10 points of records, 25 of a column).

One line of JSON a (table, split, model) is added to the file, and what stands there is not done again.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import pyfe
from pyfe.arrays import FloatArray
from pyfe.errors import PyfeError, UnsupportedModelError
from pyfe.function import Function
from pyfe.function.ranking import area_under_curve
from pyfe.leakage import Reference, check_quadratic
from pyfe.leakage.attack import MOST_RECORDS, enumeration, opened
from pyfe.schema import Schema
from tests.cohorts import COHORTS, Cohort
from tests.real_tables import Table, design

Entry = dict[str, Any]
Model = Callable[[Any], FloatArray]

TEN = ("pima", "biopsy", "birthwt", "gbsg2", "flchain", "nafld1", "rotterdam", "colon", "whas500", "mgus2")
GRIDS = (32, 24, 16, 48, 64, 96, 128)
MOST_LOSS = 0.005
RECORDS, COLUMN = 0.10, 0.25
"""What a grant may open beyond the tenth: of records, and of one column."""

TARGETS = 120
SECRET = bytes(range(32))


@dataclass(frozen=True, eq=False)
class Asked:
    """A grid, the key's function, and what the rules answer: the finding that refuses, or nothing."""

    grid: str
    schema: Schema
    function: Function
    reference: Reference
    loss: float
    refusal: str


# ---------------------------------------------------------------------------------------------------------------
# Models


def fit_qda(table: Table) -> Any:
    """Quadratic discriminant analysis, a tenth of each covariance made round."""
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    return _behind_design(table, QuadraticDiscriminantAnalysis(reg_param=0.1))


def fit_bayes(table: Table) -> Any:
    """Gaussian naive Bayes."""
    from sklearn.naive_bayes import GaussianNB

    return _behind_design(table, GaussianNB(var_smoothing=1e-2))


def fit_products(table: Table) -> Any:
    """Logistic regression on all products of two columns."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import PolynomialFeatures

    return _behind_design(table, PolynomialFeatures(2, include_bias=False), LogisticRegression(C=0.05, max_iter=5000))


def _behind_design(table: Table, *steps: Any) -> Any:
    from sklearn.pipeline import make_pipeline

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of columns that depend on each other
        return make_pipeline(design(table), *steps).fit(table.X, table.outcome)


def fit_squares(table: Table, units: int = 4, penalty: float = 0.02) -> Any:
    """A network with one hidden layer of squares, by its logistic loss: log odds of rows."""
    import pandas as pd
    from scipy.optimize import minimize

    transformer, columns, types = design(table).fit(table.X), list(table.X), table.X.dtypes.to_dict()
    x = np.column_stack([transformer.transform(table.X), np.ones(len(table.X))])
    sign = np.where(np.asarray(table.outcome, dtype=bool), 1.0, -1.0)
    shape = units, x.shape[1]

    def unpacked(flat: FloatArray) -> tuple[FloatArray, FloatArray, float]:
        return flat[: math.prod(shape)].reshape(shape), flat[math.prod(shape) : -1], float(flat[-1])

    def loss(flat: FloatArray) -> tuple[float, FloatArray]:
        hidden, out, shift = unpacked(flat)
        inner = x @ hidden.T
        margin = sign * (inner**2 @ out + shift)
        slope = -sign / (1 + np.exp(np.clip(margin, -50, 50))) / len(x)
        by_hidden = 2 * ((slope[:, None] * inner) * out).T @ x
        gradient = np.concatenate([by_hidden.ravel(), inner.T**2 @ slope, [slope.sum()]])
        return float(np.logaddexp(0, -margin).mean() + penalty * (flat @ flat)), gradient + 2 * penalty * flat

    start = np.random.default_rng(0).normal(0, 0.3, math.prod(shape) + units + 1)
    hidden, out, shift = unpacked(minimize(loss, start, jac=True, method="L-BFGS-B").x)

    def log_odds(rows: Any) -> FloatArray:
        raw = pd.DataFrame(rows, columns=columns).astype(types)
        inner = np.column_stack([transformer.transform(raw), np.ones(len(raw))]) @ hidden.T
        return np.asarray(inner**2 @ out + shift)

    return log_odds


MODELS: dict[str, Callable[[Table], Any]] = {
    "QDA": fit_qda, "naive Bayes": fit_bayes, "products": fit_products, "squares": fit_squares,
}  # fmt: skip


def values_of(model: Any, X: Any) -> FloatArray:
    """Log odds of rows."""
    if hasattr(model, "decision_function"):
        return np.asarray(model.decision_function(X))
    if hasattr(model, "predict_log_proba"):
        return np.asarray(model.predict_log_proba(X) @ np.array([-1.0, 1.0]))
    return np.asarray(model(X))


# ---------------------------------------------------------------------------------------------------------------
# One model of one table


def entry_of(cohort: Cohort, table: Table, split: int, name: str) -> Entry:
    """One line of the file."""
    start = perf_counter()
    ours, others = table.halves(split)
    model = MODELS[name](ours)
    tried = list(attempts(cohort, table, ours, model))
    issued = next((one for one in tried if not one.refusal), None)
    entry: Entry = {
        "table": cohort.name, "split": split, "model": name, "issued": issued is not None,
        "grids": [f"{one.grid}: {one.refusal or 'issued'}" for one in tried],
        "AUC": auc(values_of(model, others.X), others),
        "noise": behind_noise(cohort, table, (ours, others), model, split),
    }  # fmt: skip
    if tried:
        attacked = issued or tried[0]
        entry |= {"grid": attacked.grid, "loss": attacked.loss, **harm(attacked, others, split)}
        entry["held out"] = entry["AUC"] - auc(scores(attacked, others), others)
    return entry | {"seconds": round(perf_counter() - start, 1)}


def attempts(cohort: Cohort, table: Table, ours: Table, model: Any) -> Iterator[Asked]:
    """Grids in order, those that lose too much passed over, until one is issued."""
    best = auc(values_of(model, ours.X), ours)
    for grid in GRIDS:
        try:
            schema, function = prepared(cohort, table, ours, model, precision=grid)
        except UnsupportedModelError as error:
            print(f"{cohort.name}, sd/{grid}: {error}", file=sys.stderr)
            continue
        reference = Reference.from_table(ours.X, schema)
        found = check_quadratic([], function.forms, schema, prior=reference, secret=SECRET)
        refusal = next((f"rule {one.rule}, {one}" for one in found if one.refuses), "")
        asked = Asked(f"sd/{grid}", schema, function, reference, 0.0, refusal)
        loss = best - auc(scores(asked, ours), ours)
        if loss <= MOST_LOSS:
            yield Asked(asked.grid, schema, function, reference, loss, refusal)
            if not refusal:
                return


def prepared(cohort: Cohort, table: Table, ours: Table, model: Any, **options: Any) -> tuple[Schema, Function]:
    """The schema that is cut, and the function on it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return pyfe.prepare(model, ours.X, ours.outcome, levels=table.levels, public=cohort.public.split(), **options)


def behind_noise(cohort: Cohort, table: Table, halves: tuple[Table, Table], model: Any, split: int) -> Entry:
    """What the rules answer to the model behind noise, and what that opens."""
    ours, others = halves
    try:
        schema, function = prepared(cohort, table, ours, model, noise=pyfe.noise(slots=1))
        reference = Reference.from_table(ours.X, schema)
        found = check_quadratic([], function.forms, schema, prior=reference, secret=SECRET)
    except PyfeError as error:
        return {"issued": False, "answer": f"refused: {error}"}
    refusal = next((f"rule {one.rule}, {one}" for one in found if one.refuses), "")
    sd = function.readout.noise_sd
    asked = Asked("noise", schema, function, reference, 0.0, refusal)
    drawn = np.random.default_rng(split).normal(0, sd, len(others.X))
    held = auc(values_of(model, others.X), others) - auc(scores(asked, others) + drawn, others)
    return {"issued": not refusal, "answer": refusal or "issued", "held out": held, **harm(asked, others, split, sd)}


def scores(asked: Asked, table: Table) -> FloatArray:
    """The key's results."""
    x = asked.schema.encode(table.X, "clip").x
    return np.asarray(asked.function.map.evaluate(x).reshape(len(x), -1)[:, 0], dtype=np.float64)


def auc(values: FloatArray, table: Table) -> float:
    return area_under_curve(np.asarray(values), np.asarray(table.outcome, dtype=np.bool_))


def harm(asked: Asked, others: Table, split: int, noise_sd: int = 0) -> Entry:
    """What the exact attack opens of held-out rows beyond the tenth; nothing where there are too many records."""
    blocks = asked.reference.blocks
    if math.prod(blocks.sizes[b] for b in blocks.private) > MOST_RECORDS:
        return {"attacked": False}
    rows = np.random.default_rng(split).permutation(len(others.X))[:TARGETS]
    x = asked.schema.encode(others.X.iloc[rows], "clip").x
    levels = blocks.levels(x)

    def evaluate(coordinates: Any) -> Any:
        return asked.function.map.evaluate(coordinates).reshape(len(coordinates), -1)

    answers, known, public = evaluate(x), asked.reference, levels[:, blocks.public]
    drawn = np.rint(np.random.default_rng(split).normal(0, noise_sd, answers.shape)).astype(np.int64)
    guesses = (
        enumeration(evaluate, answers + drawn, known, public, noise_sd=noise_sd),
        enumeration(evaluate, answers, known, public, by_tenth=True),
    )
    told, by_tenth = (opened(guess, known, levels) for guess in guesses)
    excess = told.certain - by_tenth.certain
    worst = int(excess.argmax())
    return {
        "attacked": True, "records": told.records, "records by tenth": by_tenth.records,
        "certain": float(told.certain[worst]), "certain by tenth": float(by_tenth.certain[worst]),
        "column": blocks.names[blocks.private[worst]],
    }  # fmt: skip


# ---------------------------------------------------------------------------------------------------------------
# The file, and what is printed of it


def excesses(one: Entry) -> tuple[float, float]:
    """Of records, and of the column that is opened most."""
    return one["records"] - one["records by tenth"], one["certain"] - one["certain by tenth"]


def is_harmful(one: Entry) -> bool:
    records, column = excesses(one)
    return records > RECORDS or column > COLUMN


def printed(entries: Sequence[Entry]) -> str:
    """All of them line by line, then counts."""
    harm_of = ("records: answer - tenth", "column: answer - tenth", "held out")
    head = ("table", "split", "model", "answer", *harm_of, "noise", *harm_of)
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|", *map(one_line, entries)]
    lines += ["", f"on grids: {counts(entries)}", f"behind noise: {counts([one['noise'] for one in entries])}"]
    either = sum(one["issued"] or one["noise"]["issued"] for one in entries)
    return "\n".join([*lines, f"one way or the other: {either} of {len(entries)}"])


def counts(entries: Sequence[Entry]) -> str:
    """Grants and refusals, and how they were attacked."""
    known = [one for one in entries if one.get("attacked")]
    granted, refused = ([one for one in known if one["issued"] is issued] for issued in (True, False))
    harmful = sum(map(is_harmful, granted))
    harmless = sum(not is_harmful(one) for one in refused)
    words = [
        f"granted {sum(one['issued'] for one in entries)} of {len(entries)}",
        f"attacked exactly {len(granted)}, of which {harmful} open more than a grant may",
        f"refused and attacked exactly {len(refused)}, of which {harmless} harmless",
    ]
    if granted:
        most = [100 * max(found) for found in zip(*map(excesses, granted), strict=True)]
        words.append(f"most that a grant opens beyond the tenth: records {most[0]:+.0f}, a column {most[1]:+.0f}")
    return "; ".join(words)


def one_line(one: Entry) -> str:
    """A table, split and model."""
    answer = (
        f"issued, {one['grid']}" if one["issued"] else ", ".join(g.split(",")[0] for g in one["grids"]) or "no grid"
    )
    noise = one["noise"]
    cells = [one["table"], str(one["split"]), one["model"], answer, *figures(one)]
    return f"| {' | '.join([*cells, noise['answer'].split(',')[0][:60], *figures(noise)])} |"


def figures(one: Entry) -> list[str]:
    """What was opened beyond the tenth, and what is lost on held-out rows."""
    held = f"{one['held out']:+.4f}" if "held out" in one else ""
    if not one.get("attacked"):
        return ["not attacked", "", held]
    shares = [f"{100 * one[n]:.0f} - {100 * one[f'{n} by tenth']:.0f} %" for n in ("records", "certain")]
    return [shares[0], f"{shares[1]} {one['column']}", held]


def read(path: Path) -> list[Entry]:
    """The lines there are."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what is not done yet, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--splits", type=int, nargs="*", default=[3])
    parser.add_argument("--tables", nargs="*", default=list(TEN))
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--file", type=Path, default=Path("build/forms.jsonl"))
    options = parser.parse_args(arguments)
    done = {(one["table"], one["split"], one["model"]) for one in read(options.file)}
    options.file.parent.mkdir(parents=True, exist_ok=True)
    for cohort in (one for one in COHORTS if one.name in options.tables):
        if not cohort.installed:
            print(f"{cohort.name}: {cohort.package} is not installed", file=sys.stderr)
            continue
        table = cohort.load()
        for split, name in ((split, name) for split in options.splits for name in options.models):
            if (cohort.name, split, name) not in done:
                entry = entry_of(cohort, table, split, name)
                with options.file.open("a") as lines:
                    lines.write(json.dumps(entry) + "\n")
    print(printed(read(options.file)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
