"""AUC and C, against pairs counted one by one, scikit-learn, lifelines and scikit-survival; and the outcomes read."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

from pyfe.errors import ParameterError
from pyfe.function.accuracy import Survival, require_one_index, truth_of
from pyfe.function.ranking import area_under_curve, concordance_index

Case = tuple[Any, Any, Any]


def cases(seed: int) -> list[Case]:
    """Scores, times and events with few and with many ties, short and long."""
    rng, found = np.random.default_rng(seed), []
    for rows, values, times in itertools.product((2, 3, 17, 64), (1, 3, 1000), (2, 7, 1000)):
        scores, time = rng.integers(0, values, rows), rng.integers(1, times, rows).astype(float)
        found.append((scores, time, rng.random(rows) < 0.6))
    return found


def counted(scores: Any, time: Any, event: Any) -> float:
    """C from its definition."""
    good, pairs = 0.0, 0
    for i, j in itertools.permutations(range(len(scores)), 2):
        earlier = time[i] < time[j] or (time[i] == time[j] and not event[j])
        if event[i] and earlier:
            pairs += 1
            good += 1.0 if scores[i] > scores[j] else 0.5 if scores[i] == scores[j] else 0.0
    return good / pairs if pairs else math.nan


def same(left: float, right: float) -> bool:
    """Equal, or both undefined."""
    return (math.isnan(left) and math.isnan(right)) or abs(left - right) < 1e-12


def test_concordance_is_what_its_definition_says(seed: int) -> None:
    for scores, time, event in cases(seed):
        assert same(concordance_index(scores, time, event), counted(scores, time, event))


def test_concordance_of_lifelines_and_scikit_survival(seed: int) -> None:
    lifelines = pytest.importorskip("lifelines.utils").concordance_index
    for scores, time, event in cases(seed):
        expected = concordance_index(scores, time, event)
        if not math.isnan(expected):
            assert same(expected, lifelines(time, -scores, event))
    sksurv = pytest.importorskip("sksurv.metrics").concordance_index_censored
    for scores, time, event in cases(seed):
        expected = concordance_index(scores, time, event)
        if not math.isnan(expected) and event.any():
            assert same(expected, sksurv(event, time, scores.astype(float))[0])


def test_area_of_scikit_learn(seed: int) -> None:
    from sklearn.metrics import roc_auc_score

    for scores, _, positive in cases(seed):
        ours = area_under_curve(scores, positive)
        if positive.all() or not positive.any():
            assert math.isnan(ours)
        else:
            assert same(ours, roc_auc_score(positive, scores))


def test_area_under_probabilities_is_the_ratio_of_expected_pairs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    for scores, _, _ in cases(seed):
        p = rng.random(len(scores))
        pairs = np.outer(p, 1 - p)
        np.fill_diagonal(pairs, 0.0)
        ordered = (scores[:, None] > scores) + 0.5 * (scores[:, None] == scores)
        assert same(area_under_curve(scores, p), float((ordered * pairs).sum() / pairs.sum()))


def test_area_under_certain_probabilities_is_that_of_labels(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, positive = rng.integers(0, 9, 50), rng.random(50) < 0.4
    assert area_under_curve(scores, positive) == area_under_curve(scores, positive.astype(float))


def test_a_monotone_map_changes_neither(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, time, event = rng.normal(size=80), rng.random(80), rng.random(80) < 0.5
    assert concordance_index(scores, time, event) == concordance_index(np.exp(scores), time, event)
    assert same(concordance_index(-scores, time, event), 1 - concordance_index(scores, time, event))


# ---------------------------------------------------------------------------------------------------------------
# Outcomes


def test_times_and_events_in_every_form() -> None:
    time, event = [3.0, 1.0, 2.0], [True, False, True]
    structured = np.array(list(zip(event, time, strict=True)), dtype=[("event", bool), ("time", float)])
    for y in ((time, event), (np.array(time), np.array(event, dtype=int)), structured):
        truth = truth_of(None, y, 3)
        assert isinstance(truth, Survival)
        assert truth.time.tolist() == time and truth.event.tolist() == event


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (([1.0, 2.0], [1, 0, 1]), "2 times, X 3 rows"),
        (([1.0, 2.0, 3.0], [1, 0, 2]), "no finite time with an event"),
        (([1.0, math.nan, 3.0], [1, 0, 1]), "row 1"),
        (np.zeros(3, dtype=[("a", float), ("b", float)]), "truth values"),
    ],
)
def test_wrong_times_and_events(y: Any, words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        truth_of(None, y, 3)


def test_both_parts_of_an_outcome_have_the_index_of_the_rows() -> None:
    import pandas as pd

    X, time, event = pd.DataFrame({"a": [1, 2]}), pd.Series([1.0, 2.0]), pd.Series([1, 0], index=[5, 6])
    require_one_index(X, (time, time))
    with pytest.raises(ParameterError, match="different indexes"):
        require_one_index(X, (time, event))
