"""The sampler of discrete Gaussians beside real numbers: its distance from the ideal is computed here, not sampled.

A candidate is z = 2^m x + y with a probability of acceptance. Every threshold of x is found to be the nearest integer
to its real value, and the probability of acceptance is shown to be within the bound of docs/math/discrete-gaussian.md
of its real value: for every x and y where they are few, for many where they are not.
"""

from __future__ import annotations

from itertools import islice
from types import ModuleType

import gmpy2
import numpy as np
import pytest
from gmpy2 import mpfr

from pyfe import _core
from tests.differential.conftest import supported
from tests.reference.discrete_gaussian import BITS, Shape, key_stream, stream

NARROW = (256, 257, 295, 300, 362, 400, 418, 512, 513, 1000, 1254, 2048, 2317, 4000, 31 * 256)
WIDE = (128 * 256, 2**35 + 1, 2**40 - 1, 2**55 + 12345, 2**56, 2**57)
LOW52 = 2**52 - 1
UNIT = mpfr(2) ** -BITS

Candidate = tuple[int, int, int, bool]


def packed(shape: Shape, candidates: list[Candidate], junk: np.random.Generator) -> bytes:
    """(uniform, y, coin, minus) of each as random words; bits of y that are not used are junk."""
    padded = candidates + candidates[-1:] * (-len(candidates) % 8)
    rows = []
    for uniform, y, coin, minus in padded:
        bits = y << (48 - shape.m) | int(junk.integers(2 ** (48 - shape.m)))
        lower = [(bits >> (12 * i)) & 0xFFF for i in range(4)]
        lower[3] |= minus << 12
        upper = [uniform >> 52, uniform & LOW52, coin >> 52, coin & LOW52 & ~1]
        rows.append([u << 12 | v for u, v in zip(upper, lower, strict=True)])
    array = np.array(rows, dtype=np.uint64).reshape(-1, 8, 4)
    return np.ascontiguousarray(array.transpose(0, 2, 1)).tobytes()


class Machine:
    """What a backend makes of candidates."""

    def __init__(self, core: ModuleType, backend: str, sigma: int, seed: int) -> None:
        """The kernel of one backend, for the standard deviation sigma / 256."""
        self._core, self._backend, self._sigma = core, backend, sigma
        self.shape = Shape(sigma)
        self._junk = np.random.default_rng(seed)

    def __call__(self, candidates: list[Candidate]) -> tuple[list[int], list[bool]]:
        """Z of each, and whether it is accepted."""
        z, accepted = self._core.gaussian_candidates(
            self._backend, self._sigma, packed(self.shape, candidates, self._junk)
        )
        bits = np.unpackbits(np.frombuffer(accepted, np.uint8), bitorder="little")[: len(candidates)]
        return np.frombuffer(z, np.int64)[: len(candidates)].tolist(), bits.astype(bool).tolist()


@pytest.fixture(params=("portable", "ifma"))
def backend(request: pytest.FixtureRequest, core_testing: ModuleType) -> str:
    """Both backends, where the CPU has both."""
    name: str = request.param
    if not supported(core_testing, name):
        pytest.skip(f"this CPU cannot run the {name} lanes")
    return name


def nearest(value: mpfr) -> int:
    return int(gmpy2.rint(value * 2**BITS))


def uniforms(shape: Shape) -> list[int]:
    """A number for each x that picks it: in the middle between its thresholds."""
    marks = [2**BITS, *map(nearest, shape.tails()), 0]
    return [(a + b) // 2 for a, b in zip(marks[1:], marks, strict=False)]


def slack(x: int, probability: mpfr) -> mpfr:
    """How far the core's probability of acceptance may be off, in units of 2^-104: the bound of the docs."""
    return probability * (14 + mpfr("0.7") * (mpfr("1.1") * x * x + mpfr("4.1") * x + mpfr("3.2"))) + 2


def some_y(shape: Shape, seed: int) -> list[int]:
    """All of them, or both ends and many in between."""
    if shape.m <= 4:
        return list(range(2**shape.m))
    drawn = np.random.default_rng(seed).integers(2**shape.m, size=40).tolist()
    return [0, 1, 2**shape.m // 2, 2**shape.m - 1, *drawn]


@pytest.mark.parametrize("sigma", NARROW + WIDE)
def test_every_threshold_of_x_is_the_nearest_integer(
    core_testing: ModuleType, backend: str, seed: int, sigma: int
) -> None:
    machine = Machine(core_testing, backend, sigma, seed)
    marks = list(map(nearest, machine.shape.tails()))
    assert min(marks) > 0, "a value of x that no number picks"
    z, _ = machine([(mark - below, 0, 0, False) for mark in marks for below in (1, 0)])
    expected = [x << machine.shape.m for i in range(len(marks)) for x in (i + 1, i)]
    assert z == expected
    ends, _ = machine([(0, 0, 0, False), (2**BITS - 1, 0, 0, False)])
    assert ends == [(machine.shape.values - 1) << machine.shape.m, 0]


@pytest.mark.parametrize("sigma", NARROW + WIDE)
def test_acceptance_is_within_the_bound(core_testing: ModuleType, backend: str, seed: int, sigma: int) -> None:
    """Of two coins around the real probability, as far away as the bound says, one is accepted and one is not."""
    machine = Machine(core_testing, backend, sigma, seed)
    shape = machine.shape
    cases: list[Candidate] = []
    wanted: list[tuple[int, bool]] = []
    for x, uniform in enumerate(uniforms(shape)):
        for y in some_y(shape, seed + x):
            probability = shape.acceptance(x, y)
            low, high = (int(gmpy2.floor(probability * 2**BITS + sign * slack(x, probability))) for sign in (-1, 1))
            minus = bool(y & 1)
            z = (x << shape.m) + y
            for coin, accepted in ((low - 1, True), (high + 2, False)):
                if 0 <= coin < 2**BITS:
                    cases.append((uniform, y, coin, minus))
                    wanted.append((-z if minus else z, accepted))
    z, accepted = machine(cases)
    assert list(zip(z, accepted, strict=True)) == wanted


@pytest.mark.parametrize("sigma", [256, 512, 1254, 128 * 256, 2**57])
def test_zero_is_counted_once(core_testing: ModuleType, backend: str, seed: int, sigma: int) -> None:
    machine = Machine(core_testing, backend, sigma, seed)
    uniform = uniforms(machine.shape)[0]
    z, accepted = machine([(uniform, 0, 0, False), (uniform, 0, 0, True), (0, 0, 0, True)])
    assert z[:2] == [0, 0]
    assert z[2] < 0
    assert accepted == [True, False, True]


# -- all random words, by their counts ---------------------------------------------------------------------------------


def coins(machine: Machine) -> dict[tuple[int, int], int]:
    """(x, y) -> how many of 2^104 coins accept it: the machine itself is asked, a bit of the number at a time.

    It accepts every coin below that number and none from there on, so that the random words need not be replayed one
    by one: 2^104 of them at each of the 2^104 uniform numbers.
    """
    shape = machine.shape
    places = [(x, y) for x in range(shape.values) for y in range(2**shape.m)]
    middle, found = uniforms(shape), [0] * len(places)
    for bit in reversed(range(1, BITS + 1)):  # the last bit of a coin is 0
        tried = [low | 1 << bit for low in found]
        asked = [(middle[x], y, min(coin, 2**BITS) - 2, False) for (x, y), coin in zip(places, tried, strict=True)]
        _, accepted = machine(asked)
        for i, coin in enumerate(tried):
            if accepted[i] and coin <= 2**BITS:
                found[i] = coin
    return dict(zip(places, found, strict=True))


def picked(machine: Machine) -> list[int]:
    """How many of 2^104 uniform numbers pick each x, asked of the machine likewise."""
    shape, marks = machine.shape, []
    for x in range(1, shape.values):
        low = 0  # of numbers below this one all pick x or more
        for bit in reversed(range(BITS)):
            z, _ = machine([((low | 1 << bit) - 1, 0, 0, False)])
            low |= (z[0] >> shape.m >= x) << bit
        marks.append(low)
    return [a - b for a, b in zip([2**BITS, *marks], [*marks, 0], strict=True)]


def law(sigma: int, picks: list[int], accepting: dict[tuple[int, int], int], zero: int = 1) -> dict[int, int]:
    """z -> how many words give it, of equally likely ones; 0 as often as it is counted."""
    m = Shape(sigma).m
    ways = {(x << m) + y: picks[x] * coin for (x, y), coin in accepting.items()}
    return {z * sign: n * (zero if z == 0 else 1) for z, n in ways.items() for sign in (1, -1)}


def far(ways: dict[int, int], sigma: mpfr) -> float:
    """log2 of the statistical distance from the ideal one, computed."""
    ideal = {z: gmpy2.exp(-mpfr(z * z) / (2 * sigma**2)) for z in range(-40 * int(sigma + 1), 40 * int(sigma + 1) + 1)}
    total, all_ways = sum(ideal.values()), sum(ways.values())
    off = sum(abs(mpfr(ways.get(z, 0)) / all_ways - weight / total) for z, weight in ideal.items())
    return float(gmpy2.log2(off / 2))


@pytest.mark.parametrize("sigma", [256, 486, 819, 1254, 2317])
def test_the_law_of_a_draw_is_enumerated(core_testing: ModuleType, backend: str, seed: int, sigma: int) -> None:
    """Every z with its exact probability, at widths of few (x, y); and what is wrong with a plant is as large as it
    should be."""
    machine = Machine(core_testing, backend, sigma, seed)
    assert machine.shape.m <= 4
    picks, accepting = picked(machine), coins(machine)
    assert sum(picks) == 2**BITS
    right, real = law(sigma, picks, accepting), mpfr(sigma) / 256
    assert far(right, real) < -98
    assert far(law(sigma, picks, accepting, zero=2), real) > -8  # zero twice
    assert far(right, real * mpfr("1.003")) > -12
    stuck = {z | 1: right[z] + right.get(z | 1, 0) for z in right if not z & 1}
    assert far(stuck, real) > -4  # the low bit
    if sigma == 486:  # 1.9: a table of 14 entries
        assert machine.shape.values == 24
        assert far(law(sigma, picks, {place: coin for place, coin in accepting.items() if place[0] < 14}), real) > -41
    if sigma == 819:  # 3.2: a rounded normal, 2^-9 away; at 9.05 it would be 2^-12, which no sample tells
        rounded = {z: int(2**80 * (cdf((z + 0.5) / real) - cdf((z - 0.5) / real))) for z in right}
        assert far(rounded, real) > -12


def cdf(v: mpfr) -> mpfr:
    return (1 + gmpy2.erf(v / gmpy2.sqrt(mpfr(2)))) / 2


def distance(shape: Shape, values: int | None = None) -> float:
    """A bound on log2 of the statistical distance of one draw, from what the two tests above show.

    Sum over x of the error of its probability plus that of the acceptance, over the probability that a candidate is
    accepted; ``values``: of a table that ends there.
    """
    values = shape.values if values is None else values
    weights = [gmpy2.exp(-mpfr(x * x * shape.j) / 16) for x in range(80)]
    total = sum(weights)
    marks = [2**BITS, *map(nearest, shape.tails()[: values - 1])] + [0] * 80
    table = sum(abs(w / total - (a - b) * UNIT) for w, a, b in zip(weights, marks, marks[1:], strict=False))
    # E[probability * ...] <= E[...] with the largest probability of each x, that of y = 0
    acceptance = sum(weights[x] / total * slack(x, shape.acceptance(x, 0)) * UNIT for x in range(values))
    sigma = gmpy2.sqrt(mpfr(gmpy2.mpq(shape.sigma2)))
    accepted = gmpy2.sqrt(2 * gmpy2.const_pi()) * sigma / 2 / (2**shape.m * total)  # sum of exp over Z: at least this
    return float(gmpy2.log2((table + acceptance) / accepted))


def test_distance_of_a_draw() -> None:
    """Every base distribution, at the least and the greatest standard deviation that it serves."""
    edges = [256, 295, 296, 362, 363, 418, 419, 512, 513]
    widths = [*edges, 128 * 256, 2**57, *(edge << 48 for edge in edges[1:8]), (256 << 48) + 1]
    assert {Shape(sigma).j for sigma in widths} == {2, 3, 4, 6}
    assert max(distance(Shape(sigma)) for sigma in widths) < -98
    assert distance(Shape(512), values=20) > -73, "a table of 20 entries at s = 2 is too short, and this shows it"
    assert distance(Shape(int(1.9 * 256)), values=14) > -60


@pytest.mark.parametrize("sigma", (256, 333, 1254, 128 * 256, 2**40 + 7, 2**57))
def test_draws_are_those_of_real_numbers(seed: int, sigma: int) -> None:
    """Seeds of this run: the same draws as the definition gives with 300 bits."""
    seeds = np.random.default_rng([seed, sigma]).integers(0, 256, (3, 32), dtype=np.uint8)
    drawn = _core.discrete_gaussian(sigma, seeds, 50)
    for row, one in zip(drawn.tolist(), seeds, strict=True):
        assert row == list(islice(stream(one.tobytes(), sigma), 50))


def test_key_stream(core_testing: ModuleType, seed: int) -> None:
    """Another library's ChaCha20, whatever the sizes of the pieces."""
    rng = np.random.default_rng(seed)
    key = rng.bytes(32)
    expected = b"".join(islice(key_stream(key), 40))
    sizes = [0, 1, 63, 64, 65, 1000, *rng.integers(0, 300, 30).tolist()]
    made = core_testing.chacha20(key, sizes)
    assert len(made) == sum(sizes) <= len(expected)
    assert made == expected[: len(made)]
