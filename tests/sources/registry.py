"""What a row of the table of sources says: who makes the model, and what it is held against."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from tests.sources.data import Data

__all__ = ["Answers", "Fitted", "REFUSED", "Refusal", "SOURCES", "Source", "refused", "source"]

Answers: TypeAlias = Callable[[pd.DataFrame], Any]
"""The model's own output for a table of decoded rows."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model and its tables.

    own: the model's own output that is compared, with ``says``: "probabilities" against ``predict_proba``, "output"
    against ``predict`` of a regression, "decision" against ``decision_function``. labels: its predicted classes, where
    it has some. columns: as for ``Schema.fit``; others than ranges of numbers. by_position: it has no column names.
    """

    model: Any
    data: Data
    own: Answers
    says: str
    labels: Answers | None = None
    schema: dict[str, Any] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)
    by_position: bool = False
    trees: bool = False
    drop: tuple[str, ...] = ()
    """Columns of the table that the model was not given."""


@dataclass(frozen=True)
class Source:
    """One row: a name, its library, the link that is expected, and who fits the model. ``quick``: also run in CI."""

    name: str
    library: str
    link: str
    make: Callable[[], Fitted]
    kind: str = "linear"
    quick: bool = False

    def fitted(self) -> Fitted:
        """The model, fitted anew; its library's warnings are not ours."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.make()


@dataclass(frozen=True)
class Refusal:
    """One model that is refused, and words of the next step that the refusal names."""

    name: str
    library: str
    step: str
    make: Callable[[], Fitted]
    quick: bool = False

    def fitted(self) -> Fitted:
        """The model, fitted anew."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return self.make()


SOURCES: dict[str, Source] = {}
REFUSED: dict[str, Refusal] = {}


def source(library: str, name: str, link: str, make: Callable[[], Fitted], **rest: Any) -> None:
    """Add a row; a name occurs once."""
    assert name not in SOURCES, name
    SOURCES[name] = Source(name, library, link, make, **rest)


def refused(library: str, name: str, step: str, make: Callable[[], Fitted], **rest: Any) -> None:
    """Add a refusal; a name occurs once."""
    assert name not in REFUSED, name
    REFUSED[name] = Refusal(name, library, step, make, **rest)


def classifier(model: Any, data: Data, **rest: Any) -> Fitted:
    """A classifier fitted on the table: its probabilities where it has some, and its labels."""
    model.fit(data.X, data.y)
    if hasattr(model, "predict_proba"):
        return Fitted(model, data, model.predict_proba, "probabilities", model.predict, **rest)
    return Fitted(model, data, getattr(model, "decision_function", model.predict), "decision", model.predict, **rest)


def regression(model: Any, data: Data, **rest: Any) -> Fitted:
    """A regression fitted on the table: its predictions."""
    model.fit(data.X, data.y)
    return Fitted(model, data, lambda rows: np.asarray(model.predict(rows)), "output", **rest)


def names(sources: Iterable[Source | Refusal], quick: bool) -> list[str]:
    """The names of the rows of a run."""
    return [one.name for one in sources if one.quick or not quick]
