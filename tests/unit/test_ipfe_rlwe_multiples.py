"""Weights of which a multiple modulo K is short: the attack on them, what is refused, what has to pass."""

from __future__ import annotations

import math
import struct
import time
from itertools import product
from typing import Any

import numpy as np
import pytest

from pyfe import Function, KeyAuthority, ParameterError, Policy, RefusedError, Schema
from pyfe._core import ipfe_rlwe as core
from pyfe.function import LinearMap, Readout
from pyfe.schema import number
from pyfe.schemes import ipfe_rlwe
from pyfe.schemes.multiples import long_multiples
from tests.unit.ring_envelopes import width_of
from tests.unit.test_ipfe_rlwe_parameters import TABLE, of

BITS = ipfe_rlwe.Parameters(5, x_lo=[0] * 5, x_hi=[1] * 5, y_bound=32767)
"""Columns of one bit and weights of sixteen: what the attack was shown on."""


def judged(p: Any, y: Any, widths: Any) -> bool:
    length = sum(abs(int(v)) * int(w) for v, w in zip(y, widths, strict=True))
    return long_multiples([int(v) for v in y], p.K, p.sigma_256[0], length)


def shortest(y: list[int], K: int) -> tuple[int, float]:
    """c and ||c y mod K|| of the shortest multiple, by trying them all."""
    c = np.arange(1, K, dtype=np.int64)
    squared = sum(((c * v + K // 2) % K - K // 2) ** 2 for v in y)
    squared[squared == 0] = np.iinfo(np.int64).max
    best = int(np.argmin(squared))
    return best + 1, math.sqrt(int(squared[best]))


def packed(values: list[int], bits: int) -> bytes:
    number = sum(v << (bits * i) for i, v in enumerate(values))
    return number.to_bytes(-(-bits * len(values) // 8), "little")


def made_ciphertext(p: Any, public_key_id: bytes, y0: int, c: int, middle: int) -> Any:
    """One tile: ct_0 = round(q c / K), and ct_1 what moves every slot into the middle of the interval."""
    q, K, b = p.q, p.K, p.b
    head = public_key_id + struct.pack("<IBBB", p.n, 13, b, len(p.primes))
    head += b"".join(struct.pack("<Q", r) for r in p.primes) + struct.pack("<QBII", 1, 0, 1, 1)
    head += struct.pack("<I", 64) + struct.pack("<III", 0, 0, 64)
    constant = (q * c + K // 2) // K
    shared = b"".join(packed([constant % r] * 8192, r.bit_length()) for r in p.primes)
    word = pow(y0, -1, 1 << b) * ((2**b * middle + K // 2) // K) % (1 << b)
    return ipfe_rlwe.CiphertextBatch.from_bytes(head + shared + packed([word] * 64, b) + bytes(8 * b * (p.n - 1)))


def secret_of(sk: Any, count: int) -> list[int]:
    """The first coefficients of sk_y, which end the key's bytes: 8,192 of one width, and the width."""
    raw = sk.to_bytes()
    width = width_of(raw)
    number = int.from_bytes(raw[-1024 * width :], "little")
    return [((number >> (width * i)) & ((1 << width) - 1)) - (1 << (width - 1)) for i in range(count)]


def test_the_attack_works_on_a_key_that_is_not_refused_by_the_core_and_is_refused_here() -> None:
    mpk, msk = ipfe_rlwe.setup(BITS)
    K, y = BITS.K, [25689, 28874]
    c, norm = shortest(y, K)
    assert math.gcd(c, K) == 1
    assert sum(y) / (BITS.sigma_256[0] / 256 * norm) > 400  # standard deviations of c sk_y in the interval
    sk = core.keygen(msk, np.array([[*y, 0, 0, 0]]))
    ct = made_ciphertext(BITS, mpk.id, y[0], c, sum(y) // 2)
    scores = ipfe_rlwe.decrypt(sk, ct).tolist()
    taken = [(sum(y) // 2 - z) * pow(c, -1, K) % K for z in scores]
    assert taken == [v % K for v in secret_of(sk, 64)]
    with pytest.raises(
        ParameterError, match=r"y\[0\]: 2 of its 5 weights.*more weights .* wider ranges, or weights of"
    ):
        ipfe_rlwe.keygen(msk, [*y, 0, 0, 0])
    with pytest.raises(ParameterError, match="may be so short"):
        ipfe_rlwe.verify_key(mpk, sk)


def test_the_function_that_is_refused_is_named() -> None:
    _, msk = ipfe_rlwe.setup(BITS)
    with pytest.raises(ParameterError, match=r"y\[1\]: 2 of its 5"):
        ipfe_rlwe.keygen(msk, [[1, 1, 1, 1, 1], [32767, 32766, 0, 0, 0]])


def test_a_key_that_passes_refuses_the_ciphertext_made_of_its_shortest_multiple() -> None:
    mpk, msk = ipfe_rlwe.setup(BITS)
    y = [32767, 20011, 1013, 29009, 7919]
    sk = ipfe_rlwe.keygen(msk, y)
    assert ipfe_rlwe.verify_key(mpk, sk)
    c, _ = shortest(y, BITS.K)
    with pytest.raises(RefusedError):
        ipfe_rlwe.decrypt(sk, made_ciphertext(BITS, mpk.id, y[0], c, sum(y) // 2))


@pytest.mark.parametrize("name", TABLE)
def test_random_weights_of_the_full_range_pass_in_every_recorded_set(name: str) -> None:
    row, rng = TABLE[name], np.random.default_rng(7)
    p, widths = of(row), np.subtract(row.hi, row.lo)
    for _ in range(5):
        assert judged(p, rng.integers(-row.Y, row.Y + 1, len(widths)), widths)
    for used in range(1, 6):  # and so do few of them, at these numbers of bits
        y = np.zeros(len(widths), dtype=np.int64)
        y[rng.choice(len(widths), used, replace=False)] = rng.integers(1, row.Y + 1, used)
        assert judged(p, y, widths)


def test_every_pair_of_eight_bits_passes_for_thirty_bytes() -> None:
    p = of(TABLE["n30"])
    assert all(judged(p, [a, -b] + [0] * 28, [255] * 30) for a, b in product(range(1, 128, 9), range(0, 128, 9)))


@pytest.mark.parametrize(
    "y", [[1, 0, 0, 0, 0], [0, 0, -1, 0, 0], [32767, 0, 0, 0, 0], [9, -9, 9, 9, 9], [1, 2, 0, 0, 0]]
)
def test_multiples_of_short_weights_pass(y: list[int]) -> None:
    """A divisor of all weights is decryption's to check; without it these are the shortest of their lattice."""
    assert judged(BITS, y, [1] * 5)
    mpk, msk = ipfe_rlwe.setup(BITS)
    assert ipfe_rlwe.verify_key(mpk, ipfe_rlwe.keygen(msk, y))


@pytest.mark.parametrize(("used", "least", "most"), [(2, 0, 40), (3, 10, 90), (4, 80, 100), (5, 99, 100)])
def test_few_large_weights_on_columns_of_one_bit(used: int, least: int, most: int) -> None:
    rng = np.random.default_rng(used)
    passed = sum(judged(BITS, [*rng.integers(1, 32768, used), *[0] * (5 - used)], [1] * 5) for _ in range(100))
    assert least <= passed <= most


def test_it_never_passes_what_trying_all_multiples_finds_short() -> None:
    """And refuses little else: at most where the shortest is within a factor of 2 of what is needed."""
    rng, K, sigma = np.random.default_rng(3), 10403, 256 * 8  # K = 101 * 103
    both = set()
    for _ in range(150):
        y = [int(v) for v in rng.integers(-300, 301, 3)]
        y[0] = int(rng.choice([0, y[0], 101, 103 * 2, y[1]]))
        if math.gcd(*y) != 1:
            continue
        length = int(rng.integers(100, 6000))
        _, norm = shortest(y, K)
        passes = long_multiples(y, K, sigma, length)
        assert not passes or 8 * norm >= length
        assert passes or 8 * norm < 2 * length
        both.add(passes)
    assert both == {True, False}


def test_a_divisor_that_K_shares_leaves_the_smaller_K() -> None:
    """Results are multiples of 9: of 9 (1, 500) modulo 9 * 1001 what (1, 500) is modulo 1001, in an interval of 1/9."""
    _, norm = shortest([1, 500], 1001)
    below, above = int(8 * norm * 0.9) * 9, int(8 * norm * 1.1) * 9
    assert long_multiples([9, 4500], 9 * 1001, 256 * 8, below)
    assert not long_multiples([9, 4500], 9 * 1001, 256 * 8, above)


def test_no_multiple_vanishes_on_the_coordinates_that_are_looked_at() -> None:
    """30 large weights divisible by a factor of K, and one small that is not: c = K / 3 leaves the small one alone."""
    rng, K = np.random.default_rng(2), 3 * 5003
    y = [3 * int(v) for v in rng.integers(900, 5003, 30)] + [1]
    _, norm = shortest(y, K)
    assert norm == K // 3
    assert long_multiples(y, K, 256, int(norm / 20))
    assert not long_multiples(y, K, 256, int(norm * 1.01))


def test_an_authority_refuses_before_it_records() -> None:
    schema = Schema({f"bit {i}": number(0, 1, bits=1) for i in range(5)})
    authority = KeyAuthority.create(
        schema, scheme="ipfe-rlwe", weight_bits=16, policy=Policy.unrestricted(reason="a test")
    )
    weights = np.array([[25689, 28874, 0, 0, 0]])
    interval = LinearMap(weights).interval(schema.lo, schema.hi)
    readout = Readout(interval=interval, intercept=np.zeros(1, dtype=np.int64), scale=np.ones(1))
    with pytest.raises(ParameterError, match="may be so short"):
        authority.issue(Function(LinearMap(weights), readout, schema.id), purpose="test")
    assert authority.issued == ()


def test_it_takes_milliseconds() -> None:
    p, rng = ipfe_rlwe.Parameters(60, x_lo=[0] * 60, x_hi=[1] * 60, y_bound=32767), np.random.default_rng(1)
    times = []
    for _ in range(5):
        start = time.process_time()
        long_multiples(
            [int(v) for v in rng.integers(1, 32768, 60)], p.K, p.sigma_256[0], 10**9
        )  # refused by both sizes
        times.append(time.process_time() - start)
    assert min(times) < 0.05
