"""Draws of discrete Gaussians: frozen answers, refusals, and whether they look like what they should.

Samples only confirm: tests/differential/test_discrete_gaussian.py computes the distance. Seeds are fixed, so no test
here can fail by chance. What the tests can see is tested too, on distributions with a planted fault.
"""

from __future__ import annotations

import json
import math
from fractions import Fraction
from pathlib import Path
from random import Random
from statistics import NormalDist

import gmpy2
import numpy as np
import pytest
from numpy.typing import NDArray

import pyfe
from pyfe import _core
from tests.reference import discrete_gaussian as twin

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "discrete_gaussian.json").read_text())["cases"]
COUNTS = (10**5, pytest.param(10**7, marks=pytest.mark.slow))
NARROW = (256, 819, 1254, 2317, 128 * 256)  # 256 sigma: 1, 3.2, 4.9, 9.05, 128
WIDE = (2**28, 51 * 2**37, 2**56, 2**57)
REJECTED = 1e-6
Z = NDArray[np.int64]


def draws(sigma: int, count: int, label: int = 0) -> Z:
    """So many of a fixed seed."""
    seed = np.full((1, 32), label, dtype=np.uint8)
    return _core.discrete_gaussian(sigma, seed, count)[0]


def p_value(counts: NDArray[np.int64], probabilities: NDArray[np.float64]) -> float:
    """Of Pearson's chi-square, by Wilson and Hilferty's approximation; bins with fewer than 20 expected are joined."""
    total, bins = int(counts.sum()), [[0.0, 0.0]]
    for seen, expected in zip(counts.tolist(), (total * probabilities).tolist(), strict=True):
        if bins[-1][1] >= 20:
            bins.append([0.0, 0.0])
        bins[-1][0] += seen
        bins[-1][1] += expected
    if bins[-1][1] < 20:
        last = bins.pop()
        bins[-1] = [a + b for a, b in zip(bins[-1], last, strict=True)]
    assert len(bins) >= 2
    statistic = sum((seen - expected) ** 2 / expected for seen, expected in bins)
    degrees = len(bins) - 1
    spread = 2 / (9 * degrees)
    return NormalDist().cdf((1 - spread - math.cbrt(statistic / degrees)) / math.sqrt(spread))


def exact(sigma: int, scale: float = 1.0) -> tuple[Z, NDArray[np.float64]]:
    """Values from -14 to 14 standard deviations, and their probabilities."""
    end = 14 * sigma // 256 + 14
    z = np.arange(-end, end + 1)
    weights = np.exp(-((256 * z / (sigma * scale)) ** 2) / 2)
    return z, weights / weights.sum()


def counted(z: Z, values: Z) -> NDArray[np.int64]:
    """How often each value was drawn."""
    return np.bincount(z - values[0], minlength=len(values))


def below(sigma: int, edges: list[float]) -> list[float]:
    """P(z <= edge) for edges in standard deviations, of a wide Gaussian."""
    normal = NormalDist()
    return [normal.cdf((math.floor(edge * sigma / 256) + 0.5) * 256 / sigma) for edge in edges]


EQUAL = [NormalDist().inv_cdf(k / 64) for k in range(1, 64)]
TAILS = [-4.5, -4.0, -3.5, -3.0, 3.0, 3.5, 4.0, 4.5]


def binned(z: NDArray[np.float64], sigma: int, edges: list[float]) -> float:
    """The p-value of a wide Gaussian's counts between edges."""
    places = np.searchsorted([math.floor(edge * sigma / 256) for edge in edges], z, side="left")
    probabilities = np.diff([0.0, *below(sigma, edges), 1.0])
    return p_value(np.bincount(places, minlength=len(edges) + 1), probabilities)


def of_bytes(z: Z) -> float:
    """The p-value of the last byte being uniform."""
    return p_value(np.bincount(z % 256, minlength=256), np.full(256, 1 / 256))


# -- frozen answers, and what is refused ---------------------------------------------------------------------


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: f"{case['sigma_256']}-{case['seed'][:4]}")
def test_known_answers(case: dict[str, object]) -> None:
    seed = np.frombuffer(bytes.fromhex(str(case["seed"])), np.uint8).reshape(1, 32)
    expected = case["draws"]
    assert isinstance(expected, list)
    assert _core.discrete_gaussian(case["sigma_256"], seed, len(expected)).tolist() == [expected]
    assert _core.discrete_gaussian(case["sigma_256"], seed).tolist() == [expected[:1]]


def test_rows_are_their_seeds() -> None:
    seeds = np.random.default_rng(5).integers(0, 256, (300, 32), dtype=np.uint8)
    seeds[7] = seeds[200]
    rows = _core.discrete_gaussian(128 * 256, seeds, 4)
    assert rows.shape == (300, 4)
    assert rows.dtype == np.int64
    assert len({tuple(row) for row in rows.tolist()}) == 299
    assert np.array_equal(rows[::-1], _core.discrete_gaussian(128 * 256, np.ascontiguousarray(seeds[::-1]), 4))
    assert _core.discrete_gaussian(256, seeds[:0], 4).shape == (0, 4)


@pytest.mark.parametrize(
    ("sigma", "columns", "words"),
    [
        (255, 1, "255/256 is not from 1 to 2\\^49"),
        (-1, 1, "-1 is negative"),
        (2**57 + 1, 1, "is not from 1 to 2\\^49"),
        (256, 0, "columns 0 is not from 1"),
        (256, 2**32 + 1, "is not from 1 to 2\\^32"),
    ],
)
def test_refusals(sigma: int, columns: int, words: str) -> None:
    with pytest.raises(pyfe.ParameterError, match=words):
        _core.discrete_gaussian(sigma, np.zeros((1, 32), np.uint8), columns)


def test_wrong_seeds_are_not_printed() -> None:
    with pytest.raises(pyfe.ParameterError, match=r"seeds: must be a uint8 array \[N, 32\]"):
        _core.discrete_gaussian(256, np.zeros((1, 31), np.uint8))
    with pytest.raises(TypeError) as caught:
        _core.discrete_gaussian(256, b"secret" * 6)
    assert "secret" not in str(caught.value)


# -- does a sample look right? -------------------------------------------------------------------------------


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("sigma", NARROW)
def test_narrow(sigma: int, count: int) -> None:
    values, probabilities = exact(sigma)
    z = draws(sigma, count)
    assert p_value(counted(z, values), probabilities) > REJECTED
    assert p_value(np.array([(z < 0).sum(), (z == 0).sum(), (z > 0).sum()]), shares(probabilities)) > REJECTED


def shares(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of negative numbers, of zero, of positive ones."""
    middle = len(probabilities) // 2
    side = (1 - probabilities[middle]) / 2
    return np.array([side, probabilities[middle], side])


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("sigma", WIDE)
def test_wide(sigma: int, count: int) -> None:
    z = draws(sigma, count)
    assert binned(z, sigma, EQUAL) > REJECTED
    assert binned(z, sigma, TAILS) > REJECTED
    assert of_bytes(z) > REJECTED
    q = 2**48 + 1
    while not gmpy2.is_prime(q):
        q += 2**14
    assert of_bytes(z % q) > REJECTED


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("sigma", [128 * 256, 2**43, 2**57])
def test_moments_and_independence(sigma: int, count: int) -> None:
    """Within 5 standard errors: mean, variance, skewness, kurtosis; correlation with the next sixteen."""
    u = draws(sigma, count, label=1) * 256.0 / sigma
    error = 5 / math.sqrt(count)
    assert abs(u.mean()) < error
    assert abs((u**2).mean() - 1) < error * math.sqrt(2)
    assert abs((u**3).mean()) < error * math.sqrt(15)
    assert abs((u**4).mean() - 3) < error * math.sqrt(96)
    for lag in range(1, 17):
        assert abs((u[lag:] * u[:-lag]).mean()) < error
        assert abs((np.sign(u[lag:]) * np.sign(u[:-lag])).mean()) < error


@pytest.mark.parametrize("sigma", [819, 128 * 256])
def test_beside_the_exact_sampler(sigma: int) -> None:
    """Two samples of one distribution: ours, and the twin's, which shares no idea with it."""
    random = Random(sigma)
    theirs = np.array([twin.draw(Fraction(sigma**2, 2**16), random) for _ in range(10000)])
    width = max(1, sigma // 256 // 3)
    ours, both = (np.bincount((z + 2000) // width, minlength=4000) for z in (draws(sigma, 10**6), theirs))
    assert p_value(both, ours / ours.sum()) > REJECTED


# -- can these tests fail? -----------------------------------------------------------------------------------


def planted(probabilities: NDArray[np.float64]) -> NDArray[np.int64]:
    """Counts of ten million draws of another distribution."""
    return np.random.default_rng(11).multinomial(10**7, probabilities / probabilities.sum())


def test_planted_faults_of_narrow_ones_are_seen() -> None:
    z, ideal = exact(2317)
    assert p_value(planted(ideal), ideal) > REJECTED
    zero_twice = np.where(z == 0, 2 * ideal, ideal)
    assert p_value(planted(zero_twice), ideal) < REJECTED
    assert p_value(planted(exact(2317, 1.003)[1]), ideal) < REJECTED
    z, ideal = exact(819)
    normal = NormalDist(sigma=819 / 256)
    rounded = np.array([normal.cdf(k + 0.5) - normal.cdf(k - 0.5) for k in z.tolist()])
    assert p_value(planted(rounded), ideal) < REJECTED


def test_planted_faults_of_wide_ones_are_seen() -> None:
    sigma = 2**43
    z = draws(sigma, 10**6)
    assert of_bytes(z | 1) < REJECTED
    assert binned(z * 1.01, sigma, EQUAL) < REJECTED
    bins, wider = (np.diff([0.0, *below(sigma, [edge / scale for edge in EQUAL]), 1.0]) for scale in (1.0, 1.003))
    assert p_value(planted(bins), bins) > REJECTED
    assert p_value(planted(wider), bins) < REJECTED
    tails = np.diff([0.0, *below(sigma, TAILS), 1.0])
    assert p_value(planted(tails), tails) > REJECTED
    cut = np.where(abs(np.arange(9) - 4) >= 3, 0.0, tails)  # nothing beyond 4 sigma, where 633 are expected
    assert p_value(planted(cut), tails) < REJECTED


@pytest.mark.slow
def test_a_width_off_by_three_thousandths_is_seen() -> None:
    sigma = 2**43
    z = draws(sigma, 10**7)
    assert binned(z * 1.003, sigma, EQUAL) < REJECTED
