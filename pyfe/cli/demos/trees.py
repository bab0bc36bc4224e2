"""Boosted trees of depth two on encrypted patients: does breast cancer come back within a year?

The German Breast Cancer Study Group's trial 2 (Schumacher et al. 1994), 686 women, as the package lifelines (MIT
licence) carries it. Gradient boosting of 50 trees of depth two is trained on two thirds; every threshold that a tree
tests becomes a bit, and the sum of the trees one quadratic form of the bits. The hospital learns the thresholds,
because it encrypts the answers to them, and no value of a leaf; the cloud gets one integer a patient.

Whoever was last seen within the year without a recurrence has no answer and is left out, so that AUC is defined.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray, IntArray
from pyfe.cli.demos import stage
from pyfe.errors import PyfeError
from pyfe.function import Function
from pyfe.models import compile as compile_function
from pyfe.models import schema_for_trees

__all__ = ["run"]


_SEED = 2026
_HORIZON = 365
"""Days. Trees are ahead of the logistic regression at this horizon; from two years on they are not (see the page)."""

_TREES = 50
_WEIGHT_BITS = 7
"""Every bit less halves the number of results, and takes a bit from what the key reveals."""

_CODES = {
    "horTh": {"no": 0.0, "yes": 1.0},
    "menostat": {"Pre": 0.0, "Post": 1.0},
    "tgrade": {"I": 1.0, "II": 2.0, "III": 3.0},
}

_SPLITS = 20
"""Other splits into two thirds and one third on which both models are compared in the clear."""


@dataclass(frozen=True)
class Study:
    """The trees, their integers, the patients they have not seen (a DataFrame), and the rival's values for these.

    ``elsewhere``: AUC float64 ``[splits, 2]`` of trees and logistic regression, each trained anew.
    """

    model: Any
    function: Function
    trained: int
    rows: Any
    labels: IntArray
    rival: FloatArray
    elsewhere: FloatArray


def run(folder: Path, *, say: stage.Say, splits: int = _SPLITS) -> dict[str, Any]:
    """Play the story below ``folder``; returns the figures that were printed. About 10 s.

    splits: on how many other splits both models are compared in the clear, at least one.
    """
    start = time.perf_counter()
    stage.require_packages({"scikit-learn": "sklearn", "lifelines": "lifelines"})
    study = _study(splits)
    function = study.function
    assert function.schema is not None
    columns = list(function.schema.columns)
    roles = stage.open_folders(folder, "trees")
    keys = {"function-key": function}
    findings = stage.issue(
        roles,
        function.schema,
        keys,
        scheme="qfe-ggm",
        bits=function.weight_bits,
        purpose="recurrence within a year",
        policy=stage.FINE,
    )
    sent = stage.hospital_encrypts(roles, {name: study.rows[name].tolist() for name in columns})
    got = stage.cloud_evaluates(roles)
    stage.require_form(function, study.rows, got.scores)
    _require_within_bound(study, got.scores)
    result = {
        "patients": len(study.rows),
        "trained": study.trained,
        "horizon_days": _HORIZON,
        "trees": _TREES,
        "thresholds": function.schema.n,
        "columns": columns,
        "untested": sorted(set(study.rows) - set(columns)),
        **_quality(study, got.scores),
        **stage.cost(sent, [got]),
        **stage.revealed(function.schema, [function], findings),
        "policy": got.policy,
        "picture": stage.draw(folder / "trees.png", (9, 3.6), lambda figure: _paint(figure, study, got.scores)),
    }
    result["seconds"] = time.perf_counter() - start
    _tell(result, say)
    return result


def _study(splits: int) -> Study:
    rows, labels = _patients()
    train, test, y_train, y_test = _split(rows, labels, _SEED)
    model, rival = _boosted(train, y_train), _logistic(train, y_train)
    schema, name = schema_for_trees(model), f"{_TREES} trees of depth 2"
    function = compile_function(model, schema, weight_bits=_WEIGHT_BITS, reference=train, name=name)
    elsewhere = np.array([_both(rows, labels, seed) for seed in range(splits)])
    return Study(model, function, len(train), test, y_test, rival.decision_function(test), elsewhere)


def _patients() -> tuple[Any, IntArray]:
    """Eight columns at the operation, as numbers; 1 for a recurrence within the horizon, 0 for more time without."""
    from lifelines.datasets import load_gbsg2

    table = load_gbsg2()
    days, event = table["time"].to_numpy(), table["cens"].to_numpy() == 1
    known = (days > _HORIZON) | event
    coded = {name: table[name].map(codes) for name, codes in _CODES.items()}
    rows = table.assign(**coded).drop(columns=["time", "cens"]).astype(np.float64)
    return rows[known], (days <= _HORIZON)[known].astype(np.int64)


def _split(rows: Any, labels: IntArray, seed: int) -> list[Any]:
    from sklearn.model_selection import train_test_split

    parts: list[Any] = train_test_split(rows, labels, test_size=1 / 3, random_state=seed, stratify=labels)
    return parts


def _boosted(rows: Any, labels: IntArray) -> Any:
    from sklearn.ensemble import GradientBoostingClassifier

    return GradientBoostingClassifier(n_estimators=_TREES, max_depth=2, random_state=0).fit(rows, labels)


def _logistic(rows: Any, labels: IntArray) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, labels)


def _both(rows: Any, labels: IntArray, seed: int) -> list[float]:
    """AUC of trees and of logistic regression on a split's held-out part."""
    train, test, y_train, y_test = _split(rows, labels, seed)
    return [_auc(y_test, fit(train, y_train).decision_function(test)) for fit in (_boosted, _logistic)]


def _auc(labels: IntArray, values: FloatArray) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(labels, values))


def _require_within_bound(study: Study, scores: IntArray) -> None:
    """Every encrypted decision value is the trees' own, up to the bound that the compiler derived."""
    difference = np.abs(study.function.decision_function(scores) - study.model.decision_function(study.rows))
    if difference.max() > study.function.max_error[0]:
        raise PyfeError("an encrypted decision value is further from the trees' own than rounding explains")


def _quality(study: Study, scores: IntArray) -> dict[str, Any]:
    clear, encrypted = study.model.decision_function(study.rows), study.function.decision_function(scores)
    ahead = study.elsewhere[:, 0] > study.elsewhere[:, 1]
    return {
        "recurrences": int(study.labels.sum()),
        "auc_clear": _auc(study.labels, clear),
        "auc_encrypted": _auc(study.labels, encrypted),
        "auc_logistic_regression": _auc(study.labels, study.rival),
        "other_splits": len(study.elsewhere),
        "other_splits_auc": float(study.elsewhere[:, 0].mean()),
        "other_splits_auc_logistic_regression": float(study.elsewhere[:, 1].mean()),
        "other_splits_ahead": int(ahead.sum()),
        "largest_error": float(np.abs(encrypted - clear).max()),
        "max_error": float(study.function.max_error[0]),
        "same_class": float((study.model.predict(study.rows) == study.function.predict(scores)).mean()),
    }


def _tell(result: Mapping[str, Any], say: stage.Say) -> None:
    say(
        f"Breast cancer, recurrence within {result['horizon_days']} days: {result['trees']} trees of depth 2, encrypted"
    )
    (low, high), *_ = result["intervals"].values()
    (width, *_) = result["width_bits"].values()
    lines = {
        "patients": f"{result['patients']} held out, {result['recurrences']} of them with a recurrence; the models saw "
        f"{result['trained']} others",
        "the hospital learns": f"{result['thresholds']} thresholds on {len(result['columns'])} columns, no value of a "
        "leaf",
        "AUC, trees in the clear": f"{result['auc_clear']:.4f}",
        "AUC, encrypted": f"{result['auc_encrypted']:.4f}",
        "AUC, logistic regression": f"{result['auc_logistic_regression']:.4f}, on the same columns",
        "  that was one split": f"the mean of {result['other_splits']} others in the clear: trees "
        f"{result['other_splits_auc']:.3f}, logistic regression {result['other_splits_auc_logistic_regression']:.3f}; "
        f"trees ahead in {result['other_splits_ahead']}",
        "integer scores": "every one identical to the function in the clear and to z^T F z in numpy",
        "decision values": f"off by {result['largest_error']:.3f} at most (bound: {result['max_error']:.3f})",
        **stage.cost_lines(result, "patient"),
        "results": f"from {low} to {high}, 2^{width:.1f} values to search",
        **stage.closing_lines(result, "patient"),
    }
    stage.say_table(lines, say)


def _paint(figure: Any, study: Study, scores: IntArray) -> None:
    """Left: ROC curves on the one split. Right: AUC on the other splits, a point each."""
    from sklearn.metrics import roc_curve

    left, right = figure.subplots(1, 2)
    curves = {
        "trees in the clear": (study.model.decision_function(study.rows), "-", "#3a6ea5"),
        "trees, encrypted": (study.function.decision_function(scores), "--", "#b3403a"),
        "logistic regression": (study.rival, "-", "0.6"),
    }
    for name, (values, style, colour) in curves.items():
        false, true, _ = roc_curve(study.labels, values)
        left.plot(false, true, style, color=colour, linewidth=2, label=f"{name}: {_auc(study.labels, values):.3f}")
    left.set_xlabel("called back without a recurrence")
    left.set_ylabel("recurrences found")
    left.set_title("the encrypted split, ROC and AUC", fontsize=9)
    left.legend(frameon=False, fontsize=8)
    trees, logistic = study.elsewhere.T
    ends = [float(study.elsewhere.min()) - 0.02, float(study.elsewhere.max()) + 0.02]
    right.plot(ends, ends, color="black", linewidth=0.8)
    right.plot(logistic, trees, "o", color="0.6", label="other splits, in the clear")
    right.plot(logistic.mean(), trees.mean(), "D", color="black", label="their mean")
    here = (_auc(study.labels, curves[name][0]) for name in ("logistic regression", "trees, encrypted"))
    right.plot(*here, "o", color="#b3403a", label="the encrypted split")
    right.set_xlabel("AUC, logistic regression")
    right.set_ylabel("AUC, trees of depth 2")
    right.legend(frameon=False, fontsize=8, loc="lower right")
