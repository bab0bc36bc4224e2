"""The rule for parameters of inner products from Ring-LWE, from docs/explanation/lattice-parameters.md.

Integers and fractions, each formula as it stands there: a square root is the least multiple of the unit whose square
is large enough, a logarithm is a series of 300 bits. Every refusal is a ValueError.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from hashlib import sha256
from math import isqrt, prod

import gmpy2

SIGMA = Fraction(7, 2)
KAPPA, GUARD, TAIL = 128, 16, Fraction(21, 2)
Weights = tuple[int, int, int]
"""w+, w-, W2."""
ONE: Weights = (1, 0, 1)


def root_up(square: Fraction | int, unit: int = 1) -> Fraction:
    """The least multiple of 1/unit that is at least the square root."""
    scaled = Fraction(square) * unit**2
    r = isqrt(scaled.numerator // scaled.denominator)
    return Fraction(r if r * r >= scaled else r + 1, unit)


def up(value: Fraction, unit: int) -> Fraction:
    """The least multiple of 1/unit that is at least the value."""
    return Fraction(-((-value * unit).numerator // (value * unit).denominator), unit)


# Logarithms


BITS = 300


@cache
def log2(value: Fraction | int) -> Fraction:
    """To far more than 250 bits: ln(v) / ln(2), each by 2 artanh((v - 1) / (v + 1)) of a v in [1, 2]."""
    v, whole = Fraction(value), 0
    while v >= 2:
        v, whole = v / 2, whole + 1
    while v < 1:
        v, whole = v * 2, whole - 1
    return whole + Fraction(natural(v), natural(Fraction(2)))


@cache
def natural(v: Fraction) -> int:
    """ln v times 2^300."""
    z = (v - 1) / (v + 1)
    term, square = (z.numerator << BITS) // z.denominator, z * z
    total, i = 0, 1
    while term:
        total += term // i
        term, i = term * square.numerator // square.denominator, i + 2
    return 2 * total


@cache
def pi() -> Fraction:
    """Machin: 16 arctan(1/5) - 4 arctan(1/239)."""

    def arctan(x: int) -> int:
        term, total, i = (1 << BITS) // x, 0, 1
        while term:
            total += term // i if i % 4 == 1 else -(term // i)
            term, i = term // (x * x), i + 2
        return total

    return Fraction(16 * arctan(5) - 4 * arctan(239), 1 << BITS)


@cache
def log2_e() -> Fraction:
    return Fraction(1 << BITS, natural(Fraction(2)))


# The estimate: logarithms are integers in units of 2^-200


def rounded(v: Fraction) -> int:
    return round(v * 2**200)


def gain(N: int, log_q: int, beta: int, m: int) -> int:
    """d times the logarithm of delta^(2 beta - d - 1) q^(m/d) / (sigma sqrt(beta))."""
    d = m + N + 1
    return d * (2 * beta - d - 1) * delta(beta) + m * log_q - d * width(beta)


def works(N: int, log_q: int, beta: int, m: int) -> bool:
    return gain(N, log_q, beta, m) >= 0


@cache
def width(beta: int) -> int:
    return rounded(log2(SIGMA) + log2(beta) / 2)


@cache
def delta(beta: int) -> int:
    """log2 of ((pi beta)^(1/beta) beta / (2 pi e))^(1/(2 (beta - 1)))."""
    log_pi = log2(pi())
    return rounded(((log_pi + log2(beta)) / beta + log2(beta) - 1 - log_pi - log2_e()) / (2 * (beta - 1)))


def best_samples(N: int, log_q: int, beta: int) -> int:
    """The m from 1 to 2N that gains most: the gain rises and then falls."""
    return least(lambda m: gain(N, log_q, beta, m + 1) <= gain(N, log_q, beta, m), 1, 2 * N)


def least(condition: Callable[[int], bool], low: int, high: int) -> int:
    """The first number from which on it holds; the last one where it never does."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if condition(middle) else (middle + 1, high)
    return low


def block_size(N: int, q: int) -> int:
    log_q = rounded(log2(q))
    return least(lambda beta: works(N, log_q, beta, best_samples(N, log_q, beta)), 60, 4000)


# The rule


def generic_K(K0: int) -> int:
    """K0 -> (K0 + floor(K0 * 0x9E3779B97F4A7C15 / 2^68)) | 1, until no six equal digits stand in a row."""
    K = K0
    while True:
        K = (K + K * 0x9E3779B97F4A7C15 // 2**68) | 1
        if "0" * 6 not in f"{K:b}" and "1" * 6 not in f"{K:b}":
            return K


def rounding_bound(l1: int, l2_squared: int, k: int, weights: Weights = ONE) -> Fraction:
    """R in units of 2^-16, every term rounded up."""
    W1, W2, step = weights[0] + weights[1], weights[2], Fraction(k, 2**GUARD)
    likely = root_up(TAIL**2 * W2 * l2_squared / 12, 2**GUARD) + Fraction(1, 2) + step * W1 * l1
    return min(likely, (1 + 2 * step) * (W1 * l1 + 1) / 2)


@dataclass(frozen=True)
class Parameters:
    lo: tuple[int, ...]
    hi: tuple[int, ...]
    Y: int
    sum_w: int
    context: bytes
    sigma: tuple[Fraction, Fraction, Fraction]
    K: int
    b: int
    primes: tuple[int, ...]
    beta: int

    @property
    def q(self) -> int:
        return prod(self.primes)

    def to_bytes(self) -> bytes:
        def u(*values: int, size: int) -> bytes:
            return b"".join(v.to_bytes(size, "little") for v in values)

        agreed = u(len(self.lo), size=4) + b"".join(v.to_bytes(8, "little", signed=True) for v in self.lo + self.hi)
        agreed += u(self.Y, self.sum_w, size=8) + self.context
        follows = u(8192, size=4) + u(int(SIGMA * 256), KAPPA, size=2) + u(GUARD, size=1)
        follows += u(*(int(s * 256) for s in self.sigma), size=8) + u(self.K, size=16)
        return agreed + follows + u(self.b, len(self.primes), size=1) + u(*self.primes, size=8)

    @property
    def id(self) -> bytes:
        tag = b"PYFE-V1-ipfe-rlwe-parameters"
        return sha256(len(tag).to_bytes(4, "little") + tag + self.to_bytes()).digest()


def widths(n: int, l2_squared: int, N: int) -> tuple[Fraction, Fraction, Fraction]:
    sigma1 = root_up(2 * SIGMA**2 * l2_squared, 256)
    sigma2 = root_up(2 * (n + 2) * KAPPA * (N * SIGMA * sigma1) ** 2, 256)
    return sigma1, sigma2, root_up(2 * sigma2**2, 256)


def least_q(n: int, Y: int, sum_w: int, K: int, sigma: Sequence[Fraction], N: int) -> int:
    """The least integer above the bound."""
    sigma1, sigma2, sigma3 = sigma
    noise = root_up(TAIL**2 * Y**2 * n * (2 * N * sigma1**2 * sigma2**2 + sigma3**2), 2**16)
    bound = max(2 * K * 256 * sum_w * noise, Fraction(4 * K**2))
    return bound.numerator // bound.denominator + 1


def primes_above(bound: int, count: int, N: int) -> tuple[int, ...]:
    found: list[int] = []
    candidate = bound + 1 + -bound % (2 * N)  # the least above that is 1 modulo 2N
    while len(found) < count:
        if gmpy2.is_prime(candidate):
            found.append(candidate)
        candidate += 2 * N
    return tuple(found)


def modulus(n: int, Y: int, sum_w: int, K: int, q_min: int, N: int) -> tuple[int, tuple[int, ...]]:
    """b, and the primes: as few as fit the words."""
    for k in range(1, 9):
        R = rounding_bound(n * Y, n * Y * Y, k, (sum_w, 0, sum_w**2))
        b = next(b for b in range(0, 1024, 4) if 2**b >= 2 * K * R * 30)
        root, exact = gmpy2.iroot(gmpy2.mpz(q_min), k)
        bound = max(int(root) + (not exact), 2**27)
        if bound.bit_length() > 50:
            continue
        primes = primes_above(bound, k, N)
        longest = primes[-1].bit_length()
        if longest <= 50 and b + GUARD + longest <= 128:
            return b, primes
    return b, ()


def parameters(
    lo: Sequence[int], hi: Sequence[int], Y: int, sum_w: int = 1, context: bytes = bytes(32), N: int = 8192
) -> Parameters:
    if any(low > high for low, high in zip(lo, hi, strict=True)) or list(lo) == list(hi):
        raise ValueError("no ranges")
    n = len(lo)
    wide = [high - low for low, high in zip(lo, hi, strict=True)]
    sigma = widths(n, sum(v * v for v in wide), N)
    K = generic_K(2 * Y * sum(wide) * sum_w + 1)
    q_min = least_q(n, Y, sum_w, K, sigma, N)
    b, primes = modulus(n, Y, sum_w, K, q_min, N)
    beta = block_size(N, prod(primes) if primes else q_min)
    if Fraction(2563, 10000) * beta < 128:
        raise ValueError("security")
    if not primes or K.bit_length() + b > 126:
        raise ValueError("words")
    if 14 * sigma[2] > 2**52:
        raise ValueError("sampler")
    return Parameters(tuple(lo), tuple(hi), Y, sum_w, context, sigma, K, b, primes, beta)


# Keys


def interval(p: Parameters, y: Sequence[int], weights: Weights = ONE) -> tuple[int, int]:
    ends = [sorted((v * a, v * b)) for v, a, b in zip(y, p.lo, p.hi, strict=True)]
    L, U = sum(e[0] for e in ends), sum(e[1] for e in ends)
    plus, minus, _ = weights
    if plus + minus > p.sum_w:
        raise ValueError("sum_w")
    low, high = plus * L - minus * U, plus * U - minus * L
    if max(abs(low), abs(high)) > 2**62:
        raise ValueError("reach")
    return low, high


def noise_margin(p: Parameters, y: Sequence[int], error_squared: int, key_squared: int, weights: Weights) -> Fraction:
    """B', every term rounded up to a multiple of 2^-16."""
    l1, l2_squared = sum(map(abs, y)), sum(v * v for v in y)
    W1, W2, unit, k = weights[0] + weights[1], weights[2], 2**GUARD, len(p.primes)
    reach = max(map(abs, interval(p, y, weights)))
    B_squared = TAIL**2 * W2 * (p.sigma[1] ** 2 * (error_squared + key_squared) + p.sigma[2] ** 2 * l2_squared)
    A_squared = up(B_squared * Fraction(2**p.b, p.q) ** 2, unit**2)
    C = up(Fraction(max(p.K, 2 * reach) * 2**p.b, 2 * p.q), unit)
    step = Fraction(k, unit)
    likely = root_up(A_squared + TAIL**2 * W2 * l2_squared / 12, unit) + Fraction(1, 2) + step * W1 * l1
    sure = root_up(A_squared, unit) + (1 + 2 * step) * (W1 * l1 + 1) / 2
    return min(likely, sure) + C


def too_noisy(p: Parameters, margin: Fraction) -> bool:
    return Fraction(11, 10) * margin >= Fraction(2 ** (p.b - 1), p.K)
