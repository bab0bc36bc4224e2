"""A quadratic classifier on encrypted patients.

Breast cancer (Street, Wolberg, Mangasarian 1993, as shipped with scikit-learn): standardisation, the first five
principal components, and quadratic discriminant analysis, compiled as they are into one quadratic form on the thirty
measurements. A third of the patients is held out; the hospital encrypts their measurements and needs no part of the
model; the cloud gets one integer a patient.
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
from pyfe.function import Function
from pyfe.models import compile as compile_function
from pyfe.schema import Schema

__all__ = ["run"]


_SEED = 2026
_COLUMN_BITS = 8
_WEIGHT_BITS = 16
"""With 8-bit columns the results span less than 2^30 values, a search of
microseconds."""

_COLOURS = {0: "#b3403a", 1: "#3a6ea5"}


@dataclass(frozen=True)
class Study:
    """The fitted pipeline and the patients it has not seen."""

    model: Any
    function: Function
    trained: int
    rows: FloatArray
    labels: IntArray
    columns: list[str]
    classes: list[str]


def run(folder: Path, *, say: stage.Say) -> dict[str, Any]:
    """Play the story below ``folder``; returns the figures that were printed. A few seconds."""
    start = time.perf_counter()
    stage.require_packages({"scikit-learn": "sklearn"})
    study = _study()
    function = study.function
    assert function.schema is not None
    roles = stage.open_folders(folder, "qda")
    keys = {"function-key": function}
    findings = stage.issue(
        roles,
        function.schema,
        keys,
        scheme="qfe-ggm",
        bits=function.weight_bits,
        purpose="triage of biopsies",
        policy=stage.FINE,
    )
    table = {name: study.rows[:, i].tolist() for i, name in enumerate(study.columns)}
    sent = stage.hospital_encrypts(roles, table)
    got = stage.cloud_evaluates(roles)
    stage.require_form(function, study.rows, got.scores)
    result = {
        "patients": len(got.scores),
        "trained": study.trained,
        "saturated_values": sum(sent.saturated.values()),
        **_quality(study, got.scores),
        **stage.cost(sent, [got]),
        **stage.revealed(function.schema, [function], findings),
        "policy": got.policy,
        "picture": stage.draw(folder / "qda.png", (9, 3.6), lambda figure: _paint(figure, study, got.scores)),
    }
    result["seconds"] = time.perf_counter() - start
    _tell(result, say)
    return result


def _study() -> Study:
    from sklearn.datasets import load_breast_cancer
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    columns = [str(name) for name in data.feature_names]
    train, test, y_train, y_test = train_test_split(
        data.data, data.target, test_size=1 / 3, random_state=_SEED, stratify=data.target
    )
    model = make_pipeline(StandardScaler(), PCA(5, random_state=0), QuadraticDiscriminantAnalysis())
    model.fit(train, y_train)
    schema = Schema.fit(train, bits=_COLUMN_BITS, names=columns)
    function = compile_function(model, schema, weight_bits=_WEIGHT_BITS, reference=train, name="PCA(5) and QDA")
    classes = [str(name) for name in data.target_names]
    return Study(model, function, len(train), test, np.asarray(y_test, dtype=np.int64), columns, classes)


def _quality(study: Study, scores: IntArray) -> dict[str, Any]:
    from sklearn.metrics import roc_auc_score

    function = study.function
    clear, encrypted = study.model.decision_function(study.rows), function.decision_function(scores)
    ours = function.predict(scores)
    return {
        "auc_clear": float(roc_auc_score(study.labels, clear)),
        "auc_encrypted": float(roc_auc_score(study.labels, encrypted)),
        "same_class": float((study.model.predict(study.rows) == ours).mean()),
        "accuracy": float((study.labels == ours).mean()),
        "median_error": float(np.median(np.abs(encrypted - clear))),
        "median_decision": float(np.median(np.abs(clear))),
    }


def _tell(result: Mapping[str, Any], say: stage.Say) -> None:
    say("Breast cancer: standardisation, 5 principal components and QDA as one quadratic form, encrypted")
    (low, high), *_ = result["intervals"].values()
    (width, *_) = result["width_bits"].values()
    lines = {
        "patients": f"{result['patients']} held out; the schema and the model saw {result['trained']} others",
        "AUC, model in the clear": f"{result['auc_clear']:.4f}",
        "AUC, encrypted": f"{result['auc_encrypted']:.4f}",
        "same class": f"{100 * result['same_class']:.1f} % of patients ({100 * result['accuracy']:.1f} % are right)",
        "integer scores": "every one identical to the function in the clear and to z^T F z in numpy",
        "decision values": f"median {result['median_decision']:.1f}, off by {result['median_error']:.3f}",
        "clipped": f"{result['saturated_values']} values",
        **stage.cost_lines(result, "patient"),
        "results": f"from {low} to {high}, 2^{width:.1f} values to search",
        **stage.closing_lines(result, "patient"),
    }
    stage.say_table(lines, say)


def _paint(figure: Any, study: Study, scores: IntArray) -> None:
    """Left: encrypted against clear decision values. Right: both ROC curves, one on the other."""
    from sklearn.metrics import roc_curve

    clear, encrypted = study.model.decision_function(study.rows), study.function.decision_function(scores)
    left, right = figure.subplots(1, 2)
    for value, colour in _COLOURS.items():
        mask = study.labels == value
        left.plot(clear[mask], encrypted[mask], ".", color=colour, label=study.classes[value])
    ends = [float(clear.min()), float(clear.max())]
    left.plot(ends, ends, color="black", linewidth=0.8)
    left.set_xscale("symlog", linthresh=10)
    left.set_yscale("symlog", linthresh=10)
    left.set_xlabel("decision value, scikit-learn on raw values")
    left.set_ylabel("decision value, encrypted")
    left.legend(frameon=False)
    for values, style, name in ((clear, "-", "in the clear"), (encrypted, "--", "encrypted")):
        false, true, _ = roc_curve(study.labels, values)
        right.plot(false, true, style, linewidth=2, label=name)
    right.set_xlabel("malignant called benign")
    right.set_ylabel("benign called benign")
    right.legend(frameon=False)
