"""The table of links: what each makes of decision values, how an error passes through it, and what goes with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import special, stats

from pyfe._core import schemes as core
from pyfe.errors import ParameterError, UnsupportedModelError
from pyfe.function import LINKS, Readout, link_named, link_values, probabilities
from pyfe.function.link import output_error

S0 = 0.9

VALUES: dict[str, Any] = {
    "identity": lambda d: d,
    "exp": np.exp,
    "expm1": special.expm1,
    "exp10": special.exp10,
    "square": np.square,
    "inverse": np.reciprocal,
}
POSITIVE: dict[str, Any] = {
    "logit": special.expit,
    "softmax": lambda d: special.softmax(d, axis=1),
    "ovr": lambda d: special.expit(d) / special.expit(d).sum(axis=1, keepdims=True),
    "cox": lambda d: 1 - S0 ** np.exp(d),
    "logit_each": special.expit,
    "probit": stats.norm.cdf,
    "cloglog": lambda d: 1 - np.exp(-np.exp(d)),
    "share": lambda d: np.clip((1 + d) / 2 if d.shape[1] == 1 else d, 0, 1),
}


def decisions(link: str, rows: int = 4000, spread: float = 3.0) -> np.ndarray:
    rng = np.random.default_rng(LINKS.index(link))
    k = 1 if link_named(link).outputs == "one" else 3
    return rng.normal(0, spread, (rows, k))


def readout(link: str, k: int, classes: tuple[Any, ...] | None, **rest: Any) -> Readout:
    interval = np.tile([-(10**9), 10**9], (k, 1))
    survival = S0 if link == "cox" else None
    given = {"interval": interval, "intercept": np.zeros(k, np.int64), "scale": np.full(k, 1e-6), **rest}
    return Readout(**given, link=link, classes=classes, baseline_survival=survival)


def test_every_link_is_written_twice() -> None:
    assert set(VALUES) | set(POSITIVE) == set(LINKS) and not set(VALUES) & set(POSITIVE)
    assert {link for link in LINKS if link_named(link).has_probabilities} == set(POSITIVE)


@pytest.mark.parametrize("link", LINKS)
def test_links_are_what_they_are_called(link: str) -> None:
    d = decisions(link)
    if link in VALUES:
        np.testing.assert_allclose(link_values(link, d), VALUES[link](d), rtol=1e-13)
        with pytest.raises(ParameterError, match="has no probabilities"):
            probabilities(link, d)
        return
    ours = probabilities(link, d, S0 if link == "cox" else None)
    expected = POSITIVE[link](d)
    assert ours.shape == (len(d), 2 if d.shape[1] == 1 else d.shape[1])
    np.testing.assert_allclose(ours[:, -d.shape[1] :], expected, rtol=1e-12, atol=1e-15)
    if ours.shape[1] == 2:
        np.testing.assert_allclose(ours.sum(axis=1), 1.0, rtol=1e-15)


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("size", [1e-9, 0.05, 2.0])
def test_the_bound_holds_for_every_error_within_and_is_reached(link: str, size: float) -> None:
    d = decisions(link)
    k, rng = d.shape[1], np.random.default_rng(7)
    error = size * (1 + np.arange(k))
    survival = S0 if link == "cox" else None
    bound = output_error(link, d, error, survival)
    said = (lambda at: probabilities(link, at, survival)) if link in POSITIVE else (lambda at: link_values(link, at))
    here = said(d)
    assert bound.shape == here.shape
    worst = np.zeros(bound.shape)
    corners = [np.where(np.arange(k) == j, sign, -sign) for j in range(k) for sign in (-1.0, 1.0)]
    tried = [*corners, *rng.uniform(-1, 1, (40, k))]
    for direction in tried:
        worst = np.maximum(worst, np.abs(said(d + direction * error) - here))
    assert (worst <= bound).all()
    counted = np.isfinite(bound)
    assert (bound[counted] <= 1.0001 * worst[counted] + 1e-13 * (1 + np.abs(here[counted]))).all(), "it is no looser"
    if link == "inverse":
        assert np.array_equal(~counted, np.abs(d) <= error * (1 + 1e-14))


@pytest.mark.parametrize("link", LINKS)
def test_far_decision_values_neither_overflow_in_silence_nor_warn(link: str) -> None:
    d = np.repeat(np.array([[-1e6], [-800.0], [0.0], [800.0], [1e6]]), decisions(link).shape[1], axis=1)
    with np.errstate(all="raise", under="ignore"):
        said = probabilities(link, d, S0 if link == "cox" else None) if link in POSITIVE else link_values(link, d)
        bound = output_error(link, d, np.full(d.shape[1], 0.5), S0 if link == "cox" else None)
    assert not np.isnan(said).any() and not np.isnan(bound).any()
    if link in POSITIVE:
        assert ((said >= 0) & (said <= 1)).all()


@pytest.mark.parametrize("link", LINKS)
@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("named", [False, True])
def test_python_and_the_core_refuse_the_same(link: str, k: int, named: bool) -> None:
    classes = tuple(range(max(2, k))) if named else None
    rule = link_named(link)
    sound = rule.goes_with(k) and (rule.classes == "optional" or named == (rule.classes == "needed"))
    pairs = None if classes is None else [("int", str(label)) for label in classes]
    survival = S0 if link == "cox" else None
    native = (np.zeros(k, np.int64), np.ones(k), np.zeros(k), LINKS.index(link), pairs, survival)
    if sound:
        ours = readout(link, k, classes)
        assert core.Readout(*native).link == LINKS.index(ours.link)
        assert Readout.from_native(ours.to_native(), ours.interval) == ours
        assert Readout.from_dict(ours.to_dict()) == ours
        return
    with pytest.raises(ParameterError):
        readout(link, k, classes)
    with pytest.raises(ParameterError):
        core.Readout(*native)


def test_a_regression_says_what_its_link_makes_of_the_decision_values() -> None:
    one = readout("exp", 1, None, max_error=np.array([0.01]))
    scores = np.array([-(10**6), 0, 2 * 10**6])
    assert np.allclose(one.predict(scores), np.exp([-1, 0, 2]), rtol=1e-15)
    assert np.allclose(one.decision_function(scores), [-1, 0, 2])
    assert np.allclose(one.output_error(scores), np.exp([-1, 0, 2]) * np.expm1(0.01), rtol=1e-12)
    with pytest.raises(UnsupportedModelError, match=r"no probabilities \(link exp\)"):
        one.predict_proba(scores)
    several = readout("square", 2, None)
    assert np.allclose(several.predict(np.array([[10**6, -(2 * 10**6)]])), [[1, 4]])


def test_several_labels_are_given_each_for_itself() -> None:
    labels = readout("logit_each", 3, None)
    scores = np.array([[10**6, -(10**6), 0], [-1, 1, 5]])
    assert labels.predict(scores).tolist() == [[1, 0, 0], [0, 1, 1]]
    assert labels.predict_proba(scores).sum(axis=1)[0] == pytest.approx(1.5)
    classes = readout("logit_each", 3, ("a", "b", "c"))
    assert classes.predict(scores).tolist() == ["a", "c"]


def test_classes_change_where_the_risk_is_one_half() -> None:
    survival = readout("cloglog", 1, (0, 1))
    half = int(1e6 * np.log(np.log(2)))
    assert survival.predict(np.array([half - 1, half + 1])).tolist() == [0, 1]
    assert readout("probit", 1, (0, 1)).predict(np.array([-1, 1])).tolist() == [0, 1]


def test_bounds_of_probabilities_come_in_their_shape() -> None:
    one = readout("share", 1, ("no", "yes"), max_error=np.array([0.02]))
    assert np.allclose(one.output_error(np.array([0, 10**6])), [[0.01, 0.01], [0.01, 0.01]])
    assert readout("identity", 1, None, max_error=np.array([0.5])).output_error(np.array([3, 4])).shape == (2,)


def test_texts_of_a_multinomial_model_stay_texts() -> None:
    from pyfe.models.sources.statsmodels import _label

    texts = ("007", "1e3", "1_0", "inf", "nan", "-0", " 7", "٣", "2.5")
    assert tuple(map(_label, texts)) == texts
    assert tuple(map(_label, ("0", "3.0", "-12", 4, 5.0))) == (0, 3, -12, 4, 5)
