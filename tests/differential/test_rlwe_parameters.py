"""The rule for parameters of Ring-LWE against its twin in fractions: the same bytes, or the same refusal.

Random sets of every size, and the largest n, range and bound that are accepted, found by bisection.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from math import log2
from typing import Any

import numpy as np
import pytest

from pyfe._core import ipfe_rlwe as core
from pyfe.errors import OutOfRangeError, ParameterError
from pyfe.schemes import ipfe_rlwe
from tests.reference import ipfe_rlwe_parameters as twin
from tests.unit.lattice_sets import TABLE

REASONS = {"quantum bits": "security", "sigma3": "sampler", "b + 16": "words", "|K| + b": "words"}


def ours(lo: list[int], hi: list[int], Y: int, sum_w: int = 1) -> Any:
    """The parameters, or the reason of the refusal."""
    try:
        return ipfe_rlwe.Parameters(len(lo), x_lo=lo, x_hi=hi, y_bound=Y, sum_w=sum_w)
    except ParameterError as error:
        return next(reason for words, reason in REASONS.items() if words in str(error))


def theirs(lo: list[int], hi: list[int], Y: int, sum_w: int = 1) -> Any:
    try:
        return twin.parameters(lo, hi, Y, sum_w)
    except ValueError as error:
        return str(error)


def same(lo: list[int], hi: list[int], Y: int, sum_w: int = 1) -> Any:
    """What both give; fails where they differ."""
    a, b = ours(lo, hi, Y, sum_w), theirs(lo, hi, Y, sum_w)
    if isinstance(a, str) or isinstance(b, str):
        assert a == b, (len(lo), Y, sum_w)
        return a
    assert a.to_bytes() == b.to_bytes() and a.id == b.id and a.block_size == b.beta, (lo, hi, Y, sum_w)
    return a


@pytest.mark.parametrize("name", TABLE)
def test_the_table(name: str) -> None:
    row = TABLE[name]
    assert not isinstance(same(row.lo, row.hi, row.Y), str)


def random_set(draw: random.Random) -> tuple[list[int], list[int], int, int]:
    n = draw.choice([1, 2, 3, draw.randint(1, 40), draw.randint(1, 300)])
    bits = draw.randint(0, draw.choice([1, 12, 26, 40]))
    lo = [draw.randint(-(1 << bits), 1 << bits) for _ in range(n)]
    hi = [v + draw.randint(0, 1 << draw.randint(0, bits)) for v in lo]
    hi[0] += lo == hi
    Y = draw.randint(1, 1 << draw.choice([0, 4, 7, 16, 24, 60]))
    return lo, hi, Y, draw.choice([1, 1, 1, 2, draw.randint(1, 1000), draw.randint(1, 1 << 40)])


def weights_within(draw: random.Random, sum_w: int) -> twin.Weights:
    total = draw.randint(1, sum_w)
    plus = draw.randint(0, total)
    return plus, total - plus, draw.randint(total, total * total)


def compare_margins(draw: random.Random, p: Any, q: twin.Parameters) -> None:
    """R, B' and the interval for a random function, key and weights."""
    y = [draw.randint(-p.y_bound, p.y_bound) for _ in q.lo]
    weights, array = weights_within(draw, p.sum_w), np.array(y)
    l1, l2_squared = sum(map(abs, y)), sum(v * v for v in y)
    assert core.rounding_bound(array, weights, len(q.primes)) == 2**16 * twin.rounding_bound(
        l1, l2_squared, len(q.primes), weights
    )
    try:
        expected = twin.interval(q, y, weights)
    except ValueError:
        with pytest.raises(OutOfRangeError):
            core.interval(p, array, weights)
        return
    assert core.interval(p, array, weights) == expected
    error, key = (draw.randrange(1 << draw.randint(1, 110)) for _ in range(2))
    margin = twin.noise_margin(q, y, error, key, weights)
    noisy = twin.too_noisy(q, margin)
    limit = 0 if noisy else int(margin * q.K)
    assert core.noise_margin(p, array, error, key, weights) == (2**16 * margin, noisy, limit)


def compare(cases: int, seed: int) -> dict[str, int]:
    draw, seen = random.Random(seed), dict.fromkeys(["accepted", *REASONS.values()], 0)
    for _ in range(cases):
        lo, hi, Y, sum_w = random_set(draw)
        p = same(lo, hi, Y, sum_w)
        if isinstance(p, str):
            seen[p] += 1
        else:
            seen["accepted"] += 1
            compare_margins(draw, p, twin.parameters(lo, hi, Y, sum_w))
    return seen


def test_random_sets(seed: int) -> None:
    seen = compare(300, seed)
    assert seen["accepted"] > 50 and seen["security"] > 20, seen


@pytest.mark.slow
def test_many_random_sets(seed: int) -> None:
    seen = compare(20_000, seed)
    assert all(seen.values()), seen


Sets = Callable[[int], tuple[Any, ...]]
EDGES: dict[str, tuple[Sets, str]] = {
    "columns of 18 bits": (lambda n: ([0] * n, [2**18] * n, 2**15), "sampler"),
    "columns of 8 bits, long weights": (lambda n: ([0] * n, [255] * n, 2**24), "words"),
    "range of 30 columns": (lambda X: ([0] * 30, [X] * 30, 127), "sampler"),
    "range of one column, long weights": (lambda X: ([0], [X], 2**22), "security"),
    "weights of one wide column": (lambda Y: ([-11610096], [11610097], Y), "security"),
    "weights of 30 bytes": (lambda Y: ([0] * 30, [255] * 30, Y), "words"),
    "weights of one bit": (lambda Y: ([0], [1], Y), "words"),
    "sums of 30 bytes": (lambda W: ([0] * 30, [255] * 30, 127, W), "words"),
}
"""The largest number that is accepted is looked for; what refuses the next one."""


@pytest.mark.parametrize("name", EDGES)
def test_the_largest_that_is_accepted(name: str) -> None:
    sets, reason = EDGES[name]
    low, high = 1, 2
    while not isinstance(ours(*sets(high)), str):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if isinstance(ours(*sets(middle)), str) else (middle, high)
    assert same(*sets(high)) == reason
    accepted = same(*sets(low))
    assert accepted.quantum_bits >= 128 and 14 * accepted.sigma_256[2] <= 2**60
    assert accepted.K.bit_length() + accepted.b <= 126
    assert accepted.b + 16 + accepted.primes[-1].bit_length() <= 128
    assert (log2(accepted.q) > 162) == (reason == "security") and log2(accepted.q) < 163.9
    decrypts_at_both_ends(accepted)


def decrypts_at_both_ends(p: Any) -> None:
    """What is accepted works: all weights at their bound, results at both ends, single ones and the largest sum."""
    mpk, msk = ipfe_rlwe.setup(p)
    y = np.array([[p.y_bound] * p.n, [p.y_bound * (-1) ** i for i in range(p.n)]])
    x = np.array([np.where(row * up > 0, p.x_hi, p.x_lo) for row in y for up in (1, -1)])
    sk, ct = ipfe_rlwe.keygen(msk, y), ipfe_rlwe.encrypt(mpk, x)
    assert ipfe_rlwe.verify_key(mpk, sk)
    results = x.astype(object) @ y.T.astype(object)
    assert ipfe_rlwe.decrypt(sk, ct).tolist() == results.tolist()
    for weight in {p.sum_w, -p.sum_w}:
        total = ipfe_rlwe.weighted_sum([ct], [weight])
        assert ipfe_rlwe.decrypt(sk, total).tolist() == (weight * results).tolist()


def test_the_estimate_alone(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(100):
        N, q = draw.choice([8192, 16384]), draw.randrange(2**40, 2 ** draw.randint(41, 400))
        assert core.block_size(N, q) == twin.block_size(N, q), (N, q)


@pytest.mark.parametrize("bits", [60, 97, 163, 164])
def test_every_block_size_and_every_number_of_samples(bits: int) -> None:
    """Without bisection: nothing smaller works, for any m."""
    log_q, beta = twin.rounded(twin.log2(2**bits)), core.block_size(8192, 2**bits)
    assert any(twin.works(8192, log_q, beta, m) for m in range(1, 2 * 8192 + 1))
    for smaller in [*range(60, beta - 1, 50), beta - 1]:
        assert not any(twin.works(8192, log_q, smaller, m) for m in range(1, 2 * 8192 + 1, 7)), smaller
