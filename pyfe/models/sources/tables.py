"""The table that a model is given: a DataFrame by its names, or an array in the order of the schema."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from pyfe.arrays import AnyArray
from pyfe.errors import ParameterError
from pyfe.schema import Schema, stacked
from pyfe.schema.cells import by_same_name, same_name

__all__ = ["Intake", "Seen", "feature_table", "require_distinct"]


_LEAST_SHARE = 1 / 8
"""Of a column's range: values that the model saw in less of it are taken for those of another scale."""


@dataclass(frozen=True)
class Seen:
    """Of a column that a model was given under its name: from where to where nine tenths of the values were. ``what``
    it was to the model."""

    name: str
    what: str
    low: float
    high: float

    def require_in(self, schema: Schema) -> None:
        """ParameterError where the schema's column has other values: the model saw a function of it, perhaps."""
        column = next(name for name in schema.input_columns if same_name(name) == same_name(self.name))
        ends = schema.decode_columns(np.stack([schema.lo, schema.hi]))[column]
        least, most = sorted(float(end) for end in ends)
        if least <= self.low and self.high <= most and self.high - self.low >= _LEAST_SHARE * (most - least):
            return
        raise ParameterError(
            f"the model was fitted with {self.what}= {self.name!r} from {self.low:.3g} to {self.high:.3g} (in nine of "
            f"ten rows), and the schema has this column from {least:.3g} to {most:.3g}: if that was its logarithm, fit "
            "with exposure= the column itself, or give the logarithm a column of its own; else give the column the "
            "range of its data"
        )


@dataclass(frozen=True)
class Intake:
    """What a model is given. ``names``: its columns, or None where it has no names and takes ``count`` columns (None:
    as many as there are) in the order of the schema. ``constant``: where a column of one value is put in, and which.
    ``seen``: values of one of the columns, which the schema's are held against.
    """

    names: tuple[str, ...] | None
    count: int | None = None
    constant: tuple[int, float] | None = None
    constant_name: str = "const"
    seen: Seen | None = None

    def require(self, schema: Schema) -> None:
        """ParameterError where the schema does not have the columns that the model was fitted on."""
        given = schema.input_columns
        if self.names is not None:
            known = set(map(same_name, given))
            absent = [name for name in self.names if same_name(name) not in known]
            if absent:
                raise ParameterError(
                    f"the model was fitted on {', '.join(map(repr, absent))}, not in the schema; rows are given to it "
                    "by these names, so call the schema's columns like them"
                )
            if self.seen is not None:
                self.seen.require_in(schema)
        elif self.count is not None and self.count != len(given):
            raise ParameterError(f"the model takes {self.count} features, the schema has {len(given)} columns")

    def table(self, columns: Mapping[str, AnyArray]) -> Any:
        """The model's own kind of table: a DataFrame in its order, or an array."""
        if self.names is not None:
            table = feature_table(columns, list(self.names))
            if self.constant is not None:
                table.insert(self.constant[0], self.constant_name, self.constant[1])
            return table
        rows = stacked(columns)
        return rows if self.constant is None else np.insert(rows, self.constant[0], self.constant[1], axis=1)


def require_distinct(names: Iterable[str]) -> None:
    """ParameterError, by the name, where a model was fitted on two columns that are called the same."""
    seen: set[str] = set()
    for name in names:
        if same_name(name) in seen:
            raise ParameterError(
                f"the model was fitted on two columns that are called {name!r}, and a row has one of a name; call the "
                "columns apart and fit it again"
            )
        seen.add(same_name(name))


def feature_table(columns: Mapping[str, AnyArray], names: list[str]) -> Any:
    """A DataFrame of the named columns, in that order; imports pandas, which such a model was fitted with."""
    import pandas

    here = by_same_name(columns, "the columns")
    return pandas.DataFrame({name: here[same_name(name)] for name in names})
