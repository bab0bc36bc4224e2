"""Explainable boosting machines of interpret, from ``bins_`` and ``term_scores_``; the library is not imported.

A term is a table of scores over the bins of one column, or of two: the first bin is that of absent entries, then come
those between the cuts (``x >= cut`` is the next one) or of the levels, and the last is that of unknown levels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from pyfe.arrays import FloatArray
from pyfe.models.sources.decision_values import DecisionFunction
from pyfe.models.sources.parts import name_of, plain_labels
from pyfe.models.sources.trees.cells import Cells, Levels, Numbers
from pyfe.models.sources.trees.forest import Forest, Leaf
from pyfe.models.sources.trees.sums import told
from pyfe.models.sources.trees.tables import Feature

__all__ = ["read"]

_LINKS = {"identity": "identity", "logit": "logit", "mlogit": "softmax", "log": "exp", "inverse": "inverse"}
_MADE_UP = re.compile(r"feature_\d{4,}")


@dataclass(frozen=True)
class Term:
    """A table over the bins of its columns. bins: of each, the cells of every bin; scores: ``[bins, ..., k]``."""

    label: str
    bins: Sequence[Sequence[Cells]]
    scores: FloatArray

    @property
    def depth(self) -> int:
        """Its columns."""
        return len(self.bins)

    def leaves(self) -> Iterator[Leaf]:
        """One a bin, or a pair of bins."""
        for place in product(*(range(len(bins)) for bins in self.bins)):
            yield [bins[i] for bins, i in zip(self.bins, place, strict=True)], self.scores[place]

    def tests(self) -> Iterator[Cells]:
        """The cells of every bin."""
        return (cells for bins in self.bins for cells in bins)


def read(model: Any, last: Any) -> Forest | None:
    """The forest; None for another kind of model."""
    if not (hasattr(last, "term_scores_") and hasattr(last, "bins_") and hasattr(last, "term_features_")):
        return None
    base = np.atleast_1d(np.asarray(last.intercept_, dtype=np.float64))
    names = [str(name) for name in last.feature_names_in_]
    named = not all(_MADE_UP.fullmatch(name) for name in names)
    features = [Feature(name if named else f"x{i}") for i, name in enumerate(names)]
    terms = [_term(last, i, features, len(base)) for i in range(len(last.term_features_))]
    return Forest(name_of(last), features, named, terms, base, _sum(last), cure="fit with interactions= of pairs")


def _sum(model: Any) -> DecisionFunction:
    name, link = name_of(model), _LINKS.get(model.link_)
    classes = plain_labels(getattr(model, "classes_", None))
    if classes is None:
        return told(model._predict_score, name, link, output=model.predict)
    return told(model.decision_function, name, link, classes, output=model.predict_proba, predict=model.predict)


def _term(model: Any, number: int, features: Sequence[Feature], outputs: int) -> Term:
    columns = model.term_features_[number]
    bins = []
    for column in columns:
        kept = model.bins_[column]
        # the bins of pairs are coarser, where there are bins of pairs at all
        bins.append(_bins(column, kept[min(len(columns), len(kept)) - 1]))
    scores = np.asarray(model.term_scores_[number], dtype=np.float64)
    scores = scores.reshape(*(len(one) for one in bins), outputs)
    return Term(f"term {' x '.join(repr(features[column].name) for column in columns)}", bins, scores)


def _bins(column: int, kept: Any) -> list[Cells]:
    """The cells of every bin of a column, from its cuts or from the numbers of its levels."""
    if isinstance(kept, dict):
        return _of_levels(column, kept)
    cuts = tuple(float(cut) for cut in kept)
    between = [_between(column, cuts[max(i - 1, 0) : i], cuts[i : i + 1]) for i in range(len(cuts) + 1)]
    return [Numbers(column, (), (False,), True), *between, Numbers(column, (), (False,), False)]


def _between(column: int, low: tuple[float, ...], high: tuple[float, ...]) -> Numbers:
    """The numbers from one cut to the next; no cut is an open end."""
    return Numbers(column, (*low, *high), (*(False for _ in low), True, *(False for _ in high)), False)


def _of_levels(column: int, numbers: dict[Any, int]) -> list[Cells]:
    """Levels of one number share a bin; unknown ones have the last, which no level of the schema should be in."""
    if all(re.fullmatch(r"0|-?[1-9]\d*", one) for one in numbers):
        # it keeps the levels as text; whole numbers are such in the table
        numbers = {int(one): number for one, number in numbers.items()}
    known, last = tuple(numbers), max(numbers.values()) + 1
    bins: list[Cells] = [
        Levels(column, known, frozenset(one for one in known if numbers[one] == number), False)
        for number in range(1, last)
    ]
    nothing = Levels(column, known, frozenset(), False)
    return [Levels(column, known, frozenset(), True), *bins, nothing]
