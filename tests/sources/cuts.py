"""Rows at, beside and between all cuts of a schema of trees, and absent."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from pyfe.schema import Schema

__all__ = ["around_cuts", "for_the_model"]


def around_cuts(schema: Schema, seed: int = 0) -> pd.DataFrame:
    """Rows in which every column takes each cut, its neighbours in float64 and float32, values between, and is absent
    where it may be; the columns vary together, several times over."""
    rng, columns = np.random.default_rng(seed), {}
    for name, column in schema.columns.items():
        cuts = np.array(column.cut_points())
        if not len(cuts):
            columns[name] = column.decode(column.codes())
            continue
        single = cuts.astype(np.float32)
        near = [cuts, np.nextafter(cuts, np.inf), np.nextafter(cuts, -np.inf), single.astype(np.float64)]
        near += [np.nextafter(single, np.float32(end)).astype(np.float64) for end in (np.inf, -np.inf)]
        near += [cuts - 0.05, cuts + 0.05, np.array([0.0, -1e-36, 1e-36, -5.0, 1e6])]
        values = np.concatenate(near)
        columns[name] = np.append(values, [np.nan] * 5) if may_be_absent(column) else values
    count = 3 * max(map(len, columns.values()))
    return pd.DataFrame(
        {name: values[rng.permutation(np.arange(count) % len(values))] for name, values in columns.items()}
    )


def may_be_absent(column: Any) -> bool:
    return "is missing" in column.coordinate_names("x")[-1]


def for_the_model(rows: pd.DataFrame, like: pd.DataFrame) -> pd.DataFrame:
    """The columns that the model was fitted on, in its order and types."""
    full = pd.DataFrame({name: rows[name] if name in rows else like[name].iloc[0] for name in like.columns})
    return full.astype({name: like[name].dtype for name in like.columns})
