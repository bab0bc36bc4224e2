"""The first demo: two models, three roles, three folders on disk.

Breast cancer: a logistic regression on the Wisconsin diagnostic data (Street, Wolberg, Mangasarian 1993, as shipped
with scikit-learn). Held-out patients are encoded by a schema that was made without them, encrypted in the hospital's
folder, and scored by a process that is given the cloud's folder only.

Framingham: the formula for the 30-year risk of cardiovascular disease of Pencina et al., Circulation 119 (2009)
3078-3084, on four invented patients. Eight coarse features under one precise key leave little to guess, and the demo
shows by how much.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pyfe.arrays import BoolArray, FloatArray, IntArray
from pyfe.authority import Policy
from pyfe.cli.demos import stage
from pyfe.errors import PyfeError
from pyfe.function import Function
from pyfe.keys import FunctionKey
from pyfe.leakage import residual
from pyfe.models import Linear, prepare
from pyfe.models import compile as compile_function
from pyfe.schema import Schema, category, number

__all__ = ["run"]


_SEED = 2026

# The published row for cardiovascular disease, in the order of the features below; the mean of the linear predictor
# and the baseline survival at 30 years belong to the same model. Source: the paper's calculator, as implemented in
# FENTEC's privacy-friendly-analyses (README; analyses-server/framingham: y1, w2, and the last value of E).
_FRAMINGHAM = {
    "male": 0.34362,
    "age": 2.63588,
    "systolic_bp": 1.8803,
    "total_cholesterol": 1.12673,
    "hdl_cholesterol": -0.90941,
    "smoker": 0.59397,
    "treated_bp": 0.5232,
    "diabetic": 0.68602,
}
_FRAMINGHAM_MEAN = 21.29326612
_FRAMINGHAM_SURVIVAL = 0.837312793
_LOGARITHMIC = ("age", "systolic_bp", "total_cholesterol", "hdl_cholesterol")
_PATIENTS: dict[str, list[Any]] = {
    "male": ["no", "yes", "yes", "no"],
    "age": [34.0, 43.0, 55.0, 58.0],
    "systolic_bp": [112.0, 120.0, 148.0, 160.0],
    "total_cholesterol": [180.0, 180.0, 240.0, 250.0],
    "hdl_cholesterol": [62.0, 66.0, 40.0, 45.0],
    "smoker": ["no", "no", "yes", "yes"],
    "treated_bp": ["no", "no", "yes", "yes"],
    "diabetic": ["no", "no", "no", "yes"],
}


@dataclass(frozen=True)
class Outcome:
    """What came back from the cloud for one cohort, and what it took."""

    scores: IntArray
    saturated: dict[str, int]
    encrypt_us: float
    score_us: float
    table_seconds: float
    bytes_per_patient: float


def run(folder: Path, *, say: stage.Say) -> dict[str, Any]:
    """Play both stories below ``folder``; returns the figures that were printed. About ten seconds."""
    start = time.perf_counter()
    stage.require_packages({"scikit-learn": "sklearn", "matplotlib": "matplotlib"})
    result: dict[str, Any] = {
        "breast_cancer": _breast_cancer(stage.open_folders(folder, "breast-cancer"), folder / "scores.png", say),
        "framingham": _framingham(stage.open_folders(folder, "framingham"), say),
    }
    result["seconds"] = time.perf_counter() - start
    say(f"\nAll of it took {result['seconds']:.1f} s. The three folders are in {folder}.")
    return result


def _play(
    roles: stage.Roles,
    function: Function,
    policy: Policy,
    bits: int,
    table: Mapping[str, Sequence[object]],
    purpose: str,
    reference: Mapping[str, Sequence[object]] | None = None,
) -> Outcome:
    """All three roles in turn, for one function and one cohort."""
    assert function.schema is not None
    stage.issue(
        roles,
        function.schema,
        {"function-key": function},
        scheme="ipfe-ddh",
        bits=bits,
        purpose=purpose,
        policy=policy,
        reference=reference,
    )
    sent = stage.hospital_encrypts(roles, table)
    got = stage.cloud_evaluates(roles)
    return Outcome(got.scores, sent.saturated, sent.encrypt_us, got.score_us, got.table_seconds, sent.row_bytes)


# ---------------------------------------------------------------------------------------------------------------
# Breast cancer


def _breast_cancer(roles: stage.Roles, picture: Path, say: stage.Say) -> dict[str, Any]:
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    names = [str(name) for name in data.feature_names]
    train, test, y_train, y_test = train_test_split(
        data.data, data.target, test_size=0.3, random_state=_SEED, stratify=data.target
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(train, y_train)
    _, function = prepare(model, train, y_train, names=names, name="breast cancer, logistic regression")

    seen, table = ({name: rows[:, i].tolist() for i, name in enumerate(names)} for rows in (train, test))
    bits = max(8, function.weight_bits)
    outcome = _play(roles, function, Policy.default(), bits, table, "triage of biopsies", reference=seen)
    _require_identical(function, test, outcome.scores)
    result = _figures(function, outcome) | _quality(function, model, test, y_test, outcome.scores)
    _draw(picture, function.decision_function(outcome.scores), y_test, [str(name) for name in data.target_names])
    result["picture"] = str(picture)
    _tell_breast_cancer(result, len(train), say)
    return result


def _require_identical(function: Function, rows: Any, scores: IntArray) -> None:
    """Every encrypted score equals the function in the clear, and a plain dot product of its weights."""
    assert function.schema is not None
    x = function.schema.encode(rows, "clip").x
    plain = function.evaluate(rows, "clip"), x @ function.weights[0] + function.intercept[0]
    if not all(np.array_equal(scores, values) for values in plain):
        raise PyfeError("an encrypted score differs from the function evaluated in the clear")


def _quality(function: Function, model: Any, rows: FloatArray, labels: Any, scores: IntArray) -> dict[str, Any]:
    """AUC of float model and encrypted scores, on all rows and on those without a saturated value."""
    from sklearn.metrics import roc_auc_score

    inside = ~_saturated_rows(function, rows)
    clear, encrypted = model.decision_function(rows), function.decision_function(scores)
    return {
        "saturated_rows": int((~inside).sum()),
        "auc_clear": float(roc_auc_score(labels, clear)),
        "auc_encrypted": float(roc_auc_score(labels, encrypted)),
        "auc_clear_unsaturated": float(roc_auc_score(labels[inside], clear[inside])),
        "auc_encrypted_unsaturated": float(roc_auc_score(labels[inside], encrypted[inside])),
        "same_class": float((model.predict(rows) == function.predict(scores)).mean()),
    }


def _saturated_rows(function: Function, rows: FloatArray) -> BoolArray:
    schema = function.schema
    assert schema is not None
    real = schema.encode_real(rows)
    tolerance = 1e-6
    outside = (real < schema.lo - tolerance) | (real > schema.hi + tolerance)
    return np.asarray(outside.any(axis=1))


def _tell_breast_cancer(result: Mapping[str, Any], trained: int, say: stage.Say) -> None:
    low, high = result["interval"]
    lines = {
        "patients": f"{result['patients']} held out; the schema and the model saw {trained} others",
        "AUC, model in the clear": f"{result['auc_clear']:.4f}",
        "AUC, encrypted": f"{result['auc_encrypted']:.4f}",
        "  without clipped rows": f"{result['auc_clear_unsaturated']:.4f} clear, "
        f"{result['auc_encrypted_unsaturated']:.4f} encrypted",
        "same class": f"{100 * result['same_class']:.1f} % of patients",
        "integer scores": "every one identical to the function in the clear and to a numpy dot product",
        "clipped": f"{result['saturated_values']} values in {result['saturated_rows']} patients",
        "encrypt": f"{result['encrypt_us']:.0f} us per patient",
        "score": f"{result['score_us']:.0f} us per patient (search table: {result['table_seconds']:.2f} s, once)",
        "ciphertext": f"{result['bytes_per_patient']:.0f} bytes per patient",
        "the key reveals": f"rank {result['rank']} of {result['coordinates']}: one integer from {low} to {high}",
        "  bits": f"{result['leaked_bits']:.1f} of a patient's {result['total_bits']:.1f}; "
        f"{result['residual_bits']:.1f} stay unknown ({result['residual_method']}, if columns were independent)",
        "picture": str(result["picture"]),
    }
    say("Breast cancer: logistic regression on 30 measurements, encrypted")
    stage.say_table(lines, say)


def _draw(path: Path, decision: FloatArray, labels: Any, names: Sequence[str]) -> None:
    """Histogram of the decision values by diagnosis."""

    def paint(figure: Any) -> None:
        axes = figure.add_subplot()
        bins = np.linspace(float(decision.min()), float(decision.max()), 41).tolist()
        for value, colour in ((0, "#b3403a"), (1, "#3a6ea5")):
            axes.hist(decision[labels == value], bins=bins, alpha=0.75, color=colour, label=f"{names[value]}")
        axes.axvline(0.0, color="black", linewidth=1, linestyle="--")
        axes.set_xlabel("decision value, from encrypted integer scores")
        axes.set_ylabel("held-out patients")
        axes.set_title("What the evaluator sees of each patient: one number")
        axes.legend(frameon=False)

    stage.draw(path, (7, 4), paint)


# ---------------------------------------------------------------------------------------------------------------
# Framingham


def _framingham(roles: stage.Roles, say: stage.Say) -> dict[str, Any]:
    function = compile_function(_framingham_model(), _framingham_schema(), weight_bits=16)
    reason = "eight coarse features under one precise, published formula: the scores nearly give the records away"
    outcome = _play(roles, function, Policy.unrestricted(reason=reason), 16, _PATIENTS, "printed example")
    _require_identical(function, _PATIENTS, outcome.scores)
    key = FunctionKey.from_bytes((roles.cloud / "function-key.pyfe").read_bytes())
    risks = function.predict_proba(outcome.scores)[:, 1]
    result = _figures(function, outcome) | {
        "policy": key.policy,
        "risks": risks.tolist(),
        "exact_risks": _exact_risks(),
        "bits_left": _bits_left(function),
    }
    _tell_framingham(result, say)
    return result


def _framingham_model() -> Linear:
    return Linear(
        _FRAMINGHAM,
        intercept=-_FRAMINGHAM_MEAN,
        link="cox",
        baseline_survival=_FRAMINGHAM_SURVIVAL,
        classes=["no event", "event"],
        name="Framingham, cardiovascular disease within 30 years",
    )


def _framingham_schema() -> Schema:
    """Eight features; the four measurements in 16 steps of their logarithm, in which the formula is linear."""
    yes_no = category(["no", "yes"])
    return Schema.from_ranges(
        {
            "male": yes_no,
            "age": number(20, 75, bits=4, transform="log"),
            "systolic_bp": number(85, 220, bits=4, transform="log"),
            "total_cholesterol": number(100, 400, bits=4, transform="log"),
            "hdl_cholesterol": number(20, 120, bits=4, transform="log"),
            "smoker": yes_no,
            "treated_bp": yes_no,
            "diabetic": yes_no,
        }
    )


def _exact_risks() -> list[float]:
    """The formula in floating point, on the patients as they are printed."""
    risks = []
    for patient in range(len(_PATIENTS["age"])):
        total = -_FRAMINGHAM_MEAN
        for name, weight in _FRAMINGHAM.items():
            value = _PATIENTS[name][patient]
            total += weight * (math.log(value) if name in _LOGARITHMIC else float(value == "yes"))
        risks.append(1.0 - _FRAMINGHAM_SURVIVAL ** math.exp(total))
    return risks


def _bits_left(function: Function) -> list[float]:
    """For every printed patient: log2 of the number of records that have the same score."""
    assert function.schema is not None
    rows = function.schema.encode(_PATIENTS).x
    return [float(residual(function.weights, function.schema, row).bits) for row in rows]


def _tell_framingham(result: Mapping[str, Any], say: stage.Say) -> None:
    say("\nFramingham: 30-year risk of cardiovascular disease, four invented patients")
    header = ["", "male", "age", "BP", "chol", "HDL", "smoker", "treated", "diabetic"]
    rows = [[*header, "encrypted", "formula", "same score"]]
    figures = zip(result["risks"], result["exact_risks"], result["bits_left"], strict=True)
    for i, (risk, exact, bits) in enumerate(figures):
        cells = [_PATIENTS[name][i] for name in _PATIENTS]
        shown = [f"{cell:.0f}" if isinstance(cell, float) else str(cell) for cell in cells]
        told = f"{100 * risk:.1f} %", f"{100 * exact:.1f} %", f"{2**bits:.0f} of {2 ** result['total_bits']:.0f}"
        rows.append([f"patient {i + 1}", *shown, *told])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        say("  " + "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))
    lines = {
        "formula": "Pencina et al., Circulation 2009; here on 16 steps a measurement, other deaths not discounted",
        "policy": result["policy"],
        "the key reveals": f"rank {result['rank']} of {result['coordinates']}, yet {result['leaked_bits']:.1f} of a "
        f"patient's {result['total_bits']:.1f} bits; {result['residual_bits']:.1f} stay unknown",
        "so": f"the score alone gives the record away to within 4 others for {100 * result['small_fraction']:.0f} % "
        f"of all records, exactly for {100 * result['unique_fraction']:.0f} %",
    }
    stage.say_table(lines, say)


# ---------------------------------------------------------------------------------------------------------------
# Helpers


def _figures(function: Function, outcome: Outcome) -> dict[str, Any]:
    """What every visitor wants to know, whatever the model."""
    assert function.schema is not None
    left = residual(function.weights, function.schema)
    return {
        "patients": len(outcome.scores),
        "saturated_values": sum(outcome.saturated.values()),
        "encrypt_us": outcome.encrypt_us,
        "score_us": outcome.score_us,
        "table_seconds": outcome.table_seconds,
        "bytes_per_patient": outcome.bytes_per_patient,
        "rank": function.map.rank,
        "coordinates": function.n,
        "interval": function.result_interval[0].tolist(),
        "total_bits": float(left.total_bits),
        "leaked_bits": float(left.total_bits - left.bits),
        "residual_bits": float(left.bits),
        "residual_method": left.method,
        "unique_fraction": left.unique_fraction,
        "small_fraction": left.small_fraction,
    }
