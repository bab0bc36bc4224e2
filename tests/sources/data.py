"""The tables that sources are fitted on: a few columns each, a third of the rows held out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine

__all__ = ["Data", "cancer", "counts", "diabetes", "survival", "wine"]


@dataclass(frozen=True)
class Data:
    """Rows to fit on, their outcome, and rows that are held out."""

    X: pd.DataFrame
    y: Any
    unseen: pd.DataFrame

    def only(self, *columns: str) -> Data:
        """The same of some columns."""
        return replace(self, X=self.X[list(columns)], unseen=self.unseen[list(columns)])

    def of(self, y: Any) -> Data:
        """The same with another outcome."""
        return replace(self, y=y)


def split(X: pd.DataFrame, y: Any) -> Data:
    """Two thirds of the rows, and the others."""
    held_out = np.random.default_rng(0).permutation(len(X)) % 3 == 0
    return Data(X[~held_out].reset_index(drop=True), np.asarray(y)[~held_out], X[held_out].reset_index(drop=True))


@cache
def cancer() -> Data:
    """Two classes, five columns."""
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    return split(X.iloc[:, [0, 1, 4, 5, 8]].rename(columns=lambda name: name.replace(" ", "_")), y)


@cache
def wine() -> Data:
    """Three classes, five columns."""
    X, y = load_wine(return_X_y=True, as_frame=True)
    return split(X.iloc[:, :5], y)


@cache
def diabetes() -> Data:
    """A regression on five columns, its target above zero."""
    X, y = load_diabetes(return_X_y=True, as_frame=True, scaled=False)
    return split(X[["age", "bmi", "bp", "s3", "s5"]], y)


@cache
def counts() -> Data:
    """Counts, with a time of exposure, a category of three levels and one of two; mean exp(affine) times exposure."""
    rng = np.random.default_rng(3)
    rows = 600
    X = pd.DataFrame(
        {
            "age": rng.integers(20, 80, rows).astype(float),
            "dose": rng.uniform(0.5, 4.0, rows).round(3),
            "stage": rng.choice(["I", "II", "III"], rows),
            "smoker": rng.choice(["no", "yes"], rows),
            "years": rng.uniform(0.5, 8.0, rows).round(3),
        }
    )
    eta = -2.0 + 0.02 * X["age"] - 0.3 * X["dose"] + 0.4 * (X["stage"] == "III") + 0.3 * (X["smoker"] == "yes")
    return split(X, rng.poisson(np.exp(eta) * X["years"]))


@cache
def survival() -> Data:
    """Times and events of the table ``rossi`` of lifelines (432 rows): the outcome is the whole table."""
    from lifelines.datasets import load_rossi

    rossi = load_rossi().astype(float)
    data = split(rossi.drop(columns=["week", "arrest"]), np.arange(len(rossi)))
    return data.of(rossi.iloc[data.y][["week", "arrest"]].reset_index(drop=True))
