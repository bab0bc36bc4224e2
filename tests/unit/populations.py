"""Tables of made-up patients whose columns depend on each other, with a schema of every kind of column."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pyfe.schema import Schema, category, constant, number, thresholds

__all__ = ["mixed", "mixed_schema"]

WARDS = [f"ward {i}" for i in range(12)]


def mixed(rows: int, seed: int) -> pd.DataFrame:
    """Two public columns, numbers with and without gaps, categories of two, three and twelve levels, thresholds."""
    rng = np.random.default_rng(seed)
    age = rng.uniform(20, 90, rows)
    sick = (age - 55) / 20 + rng.standard_normal(rows)
    crp = np.exp(1 + 0.8 * sick + 0.5 * rng.standard_normal(rows))
    ward = np.minimum(rng.geometric(0.3, rows) - 1, 11)
    return pd.DataFrame(
        {
            "age": age,
            "sex": rng.choice(["f", "m"], rows),
            "crp": np.where(rng.random(rows) < 0.2, np.nan, crp),
            "stage": np.array(["I", "II", "III"])[np.digitize(sick, [-0.5, 1.0])],
            "ward": np.array(WARDS)[ward],
            "psa": np.exp(sick + rng.standard_normal(rows)),
            "hiv": np.where(rng.random(rows) < 0.05, "yes", "no"),
            "bmi": 25 + 2 * sick + 3 * rng.standard_normal(rows),
        }
    )


def mixed_schema() -> Schema:
    """The schema of :func:`mixed`, with a constant besides."""
    return Schema(
        {
            "age": number(0, 127, bits=7, public=True),
            "sex": category(["f", "m"], public=True),
            "crp": number(0, 255, bits=6, missing="bit"),
            "one": constant(3),
            "stage": category(["I", "II", "III"]),
            "ward": category(WARDS),
            "psa": thresholds([0.5, 1.0, 4.0, 10.0]),
            "hiv": category(["no", "yes"], protected=True),
            "bmi": number(10, 45, bits=8),
        }
    )
