"""The table that a model of trees is given: its columns by name or in order, those that no tree tests made up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.schema import stacked
from pyfe.schema.cells import same_name

__all__ = ["Feature", "table_of"]


@dataclass(frozen=True)
class Feature:
    """A column of the model. levels: those that the model knows, of a category whose levels it keeps itself; rows then
    reach it as a pandas column of these categories. filler: what the column may hold where no tree tests it."""

    name: str
    levels: tuple[str | int, ...] | None = None
    filler: float | str = 0.0


def table_of(features: Sequence[Feature], columns: Mapping[str, AnyArray], *, named: bool) -> Any:
    """The model's own table out of columns by name: a DataFrame, or an array in the order of its features."""
    count = len(next(iter(columns.values())))
    given = {same_name(name): values for name, values in columns.items()}
    filled = {feature.name: _column(feature, given.get(same_name(feature.name)), count) for feature in features}
    if not named:
        return stacked(filled)
    import pandas  # which such a model was fitted with

    return pandas.DataFrame(filled)


def _column(feature: Feature, values: AnyArray | None, count: int) -> Any:
    if feature.levels is None:
        kind = object if isinstance(feature.filler, str) else np.float64
        return np.full(count, feature.filler, dtype=kind) if values is None else values
    import pandas

    cells = np.full(count, feature.levels[0], dtype=object) if values is None else values.astype(object)
    return pandas.Categorical(cells, categories=list(feature.levels))
