"""The parameters of inner products from Ring-LWE: the recorded table, the edges, every refusal, the bytes."""

from __future__ import annotations

from math import log2, prod
from typing import Any

import numpy as np
import pytest

from pyfe import DecodeError, OutOfRangeError, ParameterError
from pyfe._core import ipfe_rlwe as core
from pyfe.schemes import ipfe_rlwe
from tests.unit.lattice_sets import TABLE, Row

Parameters = ipfe_rlwe.Parameters
ONE = (1, 0, 1)


def of(row: Row) -> Any:
    return Parameters(len(row.lo), x_lo=row.lo, x_hi=row.hi, y_bound=row.Y)


@pytest.mark.parametrize("name", TABLE)
def test_the_recorded_table(name: str) -> None:
    row = TABLE[name]
    p = of(row)
    bits = [q.bit_length() for q in p.primes]
    assert abs(p.block_size - row.beta) <= 1
    assert (len(bits), bits[-1], p.b) == (row.primes, row.prime_bits, row.b)
    assert (p.n * p.b + sum(bits)) / 8 == pytest.approx(row.bytes_a_row, abs=0.15)
    measured = [log2(p.K), *(log2(s / 256) for s in p.sigma_256), log2(p.q)]
    assert measured == pytest.approx([row.log_K, *row.log_sigma, row.log_q], abs=0.06)
    assert p.quantum_bits == pytest.approx(0.2563 * p.block_size) and p.classical_bits == pytest.approx(
        0.292 * p.block_size
    )


def test_the_primes_of_the_first_set() -> None:
    p = of(TABLE["n30"])
    assert p.primes == (346142338449409, 346142338662401) and p.q == prod(p.primes) and p.K == 2018157
    assert all(q % (2 * 8192) == 1 for q in p.primes) and p.ring_dimension == 8192


def test_weights_of_sixteen_bits_cost() -> None:
    p = Parameters(30, x_lo=[0] * 30, x_hi=[255] * 30, y_bound=2**15 - 1)
    assert (p.b, [q.bit_length() for q in p.primes]) == (56, [38] * 3)
    assert round((30 * p.b + 3 * 38) / 8) == 224


@pytest.mark.parametrize(("ring_dimension", "bits", "beta"), [(8192, 163, 502), (16384, 324, 501)])
def test_the_edge_of_the_estimate(ring_dimension: int, bits: int, beta: int) -> None:
    assert core.block_size(ring_dimension, 2**bits) == beta and 0.2563 * beta >= 128
    assert 0.2563 * core.block_size(ring_dimension, 2 ** (bits + 1)) < 128


def test_only_the_width_of_a_column_counts() -> None:
    a, b = (Parameters(3, x_lo=[c] * 3, x_hi=[c + 7] * 3, y_bound=5) for c in (0, 10**15))
    assert (a.K, a.primes, a.sigma_256, a.b) == (b.K, b.primes, b.sigma_256, b.b) and a.id != b.id


REFUSED: list[tuple[dict[str, Any], str]] = [
    (
        {"x_bound": 2**24, "y_bound": 2**16},
        r"N = 8192 has log2 q = 166\.0, block size 490: 125\.6 quantum bits, .* 128",
    ),
    ({"x_bound": 2**24, "y_bound": 2**16}, r"smaller y_bound .* N = 16384 .* not built yet"),
    ({"x_lo": [0], "x_hi": [2**25], "n": 1, "y_bound": 10**7}, r"log2 q = 166.*; N = 16384 is not built yet$"),
    ({"x_bound": 2**21, "y_bound": 1, "n": 60}, r"14 sigma3 exceeds 2\^52.*smaller y_bound"),
    ({"x_lo": [0], "x_hi": [1], "n": 1, "y_bound": 2**41}, r"b \+ 16 \+ \|q_j\| = 132 bits \(b = 88, .*cure"),
    ({"x_lo": [4] * 3, "x_hi": [4] * 3, "n": 3}, r"every column is constant"),
    ({"widths": "tight"}, r'"tight" are refused.*no written proof'),
    ({"widths": "loose"}, r'"loose" is not "paper"'),
    ({"ring_dimension": 4096}, r"N = 4096 is refused.*128 quantum bits"),
    ({"ring_dimension": 16384}, r"N = 16384 is not built yet"),
    ({"ring_dimension": 2048}, r"N = 2048 is refused"),
    ({"y_bound": 0}, r"y_bound must be an integer from 1"),
    ({"sum_w": 0}, r"sum_w must be an integer from 1"),
    ({"x_lo": [3], "x_hi": [2], "n": 1}, r"x_lo = 3 exceeds x_hi = 2"),
    ({"x_bound": 5, "context": b"short"}, r"context: must be 32 bytes"),
    ({"x_lo": [-(2**63)] * 9, "x_hi": [2**63 - 1] * 9, "n": 9, "y_bound": 2**62, "sum_w": 2**62}, r"quantum bits"),
]


@pytest.mark.parametrize(("given", "words"), REFUSED, ids=range(len(REFUSED)))
def test_refusals_say_what_and_what_cures(given: dict[str, Any], words: str) -> None:
    if "x_lo" not in given:
        given = {"x_bound": 255} | given
    with pytest.raises(ParameterError, match=words):
        Parameters(**{"n": 32, "y_bound": 127} | given)


def test_bytes_come_back_and_nothing_else_does() -> None:
    p = Parameters(3, x_lo=[-1, 0, 5], x_hi=[4, 0, 9], y_bound=7, sum_w=3, context=b"c" * 32)
    data = p.to_bytes()
    again = core.Parameters.from_bytes(data)
    assert again.to_bytes() == data and again.id == p.id and again.sum_w == 3 and again.x_hi.tolist() == [4, 0, 9]
    assert "n=3" in repr(p) and p.context == b"c" * 32
    for at in range(len(data)):
        changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        try:
            other = core.Parameters.from_bytes(changed)
        except DecodeError:
            continue
        assert other.to_bytes() == changed and other.id != p.id  # another agreement, and the same that follows
        assert at < 4 + 48 + 16 + 32
    for length in range(len(data)):
        with pytest.raises(DecodeError):
            core.Parameters.from_bytes(data[:length])
    with pytest.raises(DecodeError):
        core.Parameters.from_bytes(data + b"\0")


def test_what_follows_is_recomputed() -> None:
    data = bytearray(of(TABLE["n30"]).to_bytes())
    data[-8:] = (346142338662401 + 2**14 * 9).to_bytes(8, "little")
    with pytest.raises(DecodeError, match="not what the rule gives"):
        core.Parameters.from_bytes(bytes(data))


def test_the_id_is_of_everything() -> None:
    base: dict[str, Any] = {"n": 2, "x_bound": 5, "y_bound": 7}
    changes: list[dict[str, Any]] = [{}, {"n": 3}, {"x_bound": 6}, {"y_bound": 8}, {"sum_w": 2}, {"context": b"c" * 32}]
    assert len({Parameters(**base | change).id for change in changes}) == len(changes)


# Margins


def honest(p: Any, y: list[int]) -> tuple[int, int]:
    """||E||^2 and ||sk||^2 as they are on average: N coefficients of variance sigma1^2 ||y||^2."""
    square = 8192 * sum(v * v for v in y) * (p.sigma_256[0] // 256 + 1) ** 2
    return square, square


@pytest.mark.parametrize("name", TABLE)
def test_honest_keys_are_far_from_too_noisy(name: str) -> None:
    row = TABLE[name]
    p = of(row)
    y = [row.Y] * p.n
    margin, noisy, limit = core.noise_margin(p, np.array(y), *honest(p, y), ONE)
    assert not noisy and limit == p.K * margin >> 16
    assert core.rounding_bound(np.array(y), ONE, len(p.primes)) < margin < 2 ** (p.b - 1 + 16) // p.K // 25


def test_a_key_is_too_noisy_from_one_key_norm_on() -> None:
    p = of(TABLE["n30"])
    y = np.array([1] * 30)

    def noisy(square: int) -> bool:
        return bool(core.noise_margin(p, y, square, 0, ONE)[1])

    low, high = 0, 2**90
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if noisy(middle) else (middle, high)
    margin = core.noise_margin(p, y, low, 0, ONE)[0]
    assert 1.1 * margin / 2**16 == pytest.approx(2 ** (p.b - 1) / p.K)


def test_columns_far_from_zero_widen_the_margin() -> None:
    near, far = (Parameters(2, x_lo=[c] * 2, x_hi=[c + 7] * 2, y_bound=5) for c in (0, 10**15))
    y = np.array([5, 5])
    assert core.noise_margin(far, y, 0, 0, ONE)[0] > core.noise_margin(near, y, 0, 0, ONE)[0]
    assert core.interval(far, y, ONE) == (10**16, 10**16 + 70)


def test_intervals_of_sums() -> None:
    p = Parameters(2, x_lo=[-1, 2], x_hi=[3, 4], y_bound=9, sum_w=10)
    y = np.array([2, -1])
    assert core.interval(p, y, ONE) == (-6, 4)
    assert core.interval(p, y, (7, 3, 58)) == (7 * -6 - 3 * 4, 7 * 4 + 3 * 6)
    with pytest.raises(OutOfRangeError, match=r"sum \|w\| = 11 exceeds sum_w = 10"):
        core.interval(p, y, (7, 4, 65))
    with pytest.raises(OutOfRangeError, match=r"exceeds sum_w"):
        core.noise_margin(p, y, 0, 0, (11, 0, 121))
    far = Parameters(1, x_lo=[2**62 - 2], x_hi=[2**62], y_bound=5)
    assert core.interval(far, np.array([1]), ONE) == (2**62 - 2, 2**62)
    with pytest.raises(OutOfRangeError, match=r"beyond 2\^62"):
        core.interval(far, np.array([2]), ONE)
    with pytest.raises(ParameterError, match="y has 3 columns; the parameters have n = 2"):
        core.interval(p, np.array([1, 2, 3]), ONE)


# What a sum may weigh, the rule has counted with: the worst of it stays within a tenth of the half-slot.
@pytest.mark.parametrize("sum_w", [1, 7, 1000])
def test_the_largest_sum_is_not_too_noisy(sum_w: int) -> None:
    p = Parameters(30, x_lo=[0] * 30, x_hi=[255] * 30, y_bound=127, sum_w=sum_w)
    y = [127] * 30
    for weights in ((sum_w, 0, sum_w**2), (0, sum_w, sum_w)):
        margin, noisy, _ = core.noise_margin(p, np.array(y), *honest(p, y), weights)
        assert not noisy and 20 * margin < 2 ** (p.b - 1 + 16) // p.K
