"""A model as it is, asked about tables: by its methods and not by its name, never more than 4,096 rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from pyfe.arrays import AnyArray, FloatArray, IntArray
from pyfe.errors import PyfeError, UnsupportedModelError
from pyfe.models.fit.probing import ROWS_AT_ONCE
from pyfe.models.sources.decision_values import Ask, DecisionFunction
from pyfe.schema import Schema

__all__ = ["Ask", "BY_POSITION", "RawModel", "asked", "naming_what_fails"]

Table: TypeAlias = Callable[[Mapping[str, AnyArray]], Any]
BY_POSITION = ("rows", "reach the model by position, in the schema's order: it has no column names")


@dataclass(frozen=True)
class RawModel:
    """The model itself, asked about a table as it is: not rounded, not clipped, absent entries left to it.

    Parameters
    ----------
    function: the decision values of the model's own kind of table. table: makes that table out of columns by name.
    model: what is asked, for messages about its steps.
    predict: labels ``[m]`` of such a table, or None where it predicts none.
    output: the model's own last output, which has to be the link of its decision values: the probabilities
        ``[m, classes]`` under a link, of two classes perhaps the second column only; with the link "identity" the
        decision values themselves. None where there is none, or where no link was found.
    """

    function: DecisionFunction
    table: Table
    schema: Schema
    model: Any = None
    predict: Ask | None = None
    output: Ask | None = None

    def __call__(self, X: Any) -> FloatArray | None:
        """Decision values float64 ``[batch, k]``, or None where the model does not take these rows."""
        try:
            return self.on_columns(self.schema.as_decoded(X))
        except UnsupportedModelError:
            return None

    def on_codes(self, rows: IntArray) -> FloatArray:
        """Decision values of coordinates ``[m, n]``; raises as :meth:`on_columns`."""
        return self.on_columns(self.schema.decode_columns(rows))

    def on_columns(self, columns: Mapping[str, AnyArray]) -> FloatArray:
        """Decision values ``[m, k]`` of raw columns, 4,096 rows a call. UnsupportedModelError where the model raises,
        gives another number of rows, or NaN or infinite values."""
        values = self.in_pieces(self.function, columns)
        wrong = int((~np.isfinite(values)).any(axis=1).sum())
        if wrong:
            raise UnsupportedModelError(
                f"{self.function.name} gives NaN or infinite decision values for {wrong} of {len(values)} rows; where "
                "it takes a logarithm or a root, give that column a range above zero"
            )
        return values

    def in_pieces(self, ask: Ask, columns: Mapping[str, AnyArray]) -> AnyArray:
        """One answer per row to ``ask``, a function or a method of the model."""
        count = len(next(iter(columns.values())))
        answers = []
        for start in range(0, max(count, 1), ROWS_AT_ONCE):
            piece = {name: values[start : start + ROWS_AT_ONCE] for name, values in columns.items()}
            rows = min(ROWS_AT_ONCE, count - start)
            answers.append(_one_per_row(self.function.name, asked(self.function.name, ask, self.table(piece)), rows))
        return np.concatenate(answers)


def asked(name: str, ask: Ask, table: Any) -> AnyArray:
    """The answer of a model; whatever its code raises becomes an UnsupportedModelError that names the kind of error
    (not its text, which may hold values of the rows)."""
    try:
        return np.asarray(ask(table))
    except PyfeError:
        raise
    except Exception as error:
        raise UnsupportedModelError(f"{name} cannot be evaluated on these rows ({type(error).__name__})") from error


def _one_per_row(name: str, answer: AnyArray, rows: int) -> AnyArray:
    if answer.ndim == 0 or len(answer) != rows:
        shape = "one value" if answer.ndim == 0 else f"{len(answer)} values"
        raise UnsupportedModelError(f"{name} gives {shape} for {rows} rows; one answer per row is needed")
    return answer


@contextmanager
def naming_what_fails(model: Any) -> Iterator[None]:
    """Whatever the model's own code raises, attributes included, becomes an UnsupportedModelError."""
    try:
        yield
    except PyfeError:
        raise
    except Exception as error:
        raise UnsupportedModelError(
            f"{type(model).__name__} cannot be compiled: its own code raises {type(error).__name__} when asked (is it "
            "fitted, and complete?)"
        ) from error
