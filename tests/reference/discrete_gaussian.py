"""Discrete Gaussians on the integers, centre 0: P(z) ~ exp(-z^2 / 2 sigma^2). Slow, exact, not constant-time.

Two things that share nothing:

- :func:`draw`: the exact sampler of Canonne, Kamath and Steinke, "The Discrete Gaussian for Differential Privacy"
  (NeurIPS 2020, arXiv 2004.00010), algorithms 1 to 3, on rationals. It knows no table, no width bound, no random
  format: what it draws has the distribution and nothing else.
- :func:`stream`: docs/math/discrete-gaussian.md by definition. Where the core has tables and fixed-point numbers there
  are real numbers of 300 bits here, so that both part only where a random coin falls within the core's error of a
  threshold: never.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from random import Random

import gmpy2
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import ChaCha20
from gmpy2 import mpfr

BITS = 104
"""Of the uniform number that picks x, and of the coin (of which the last is 0)."""

gmpy2.get_context().precision = 300


# -- the exact sampler of Canonne, Kamath and Steinke --------------------------------------------------------


def bernoulli(p: Fraction, random: Random) -> bool:
    """True with probability p."""
    return random.randrange(p.denominator) < p.numerator


def bernoulli_exp(gamma: Fraction, random: Random) -> bool:
    """Algorithm 1: true with probability exp(-gamma)."""
    while gamma > 1:
        if not bernoulli_exp(Fraction(1), random):
            return False
        gamma -= 1
    k = 1
    while bernoulli(gamma / k, random):
        k += 1
    return k % 2 == 1


def laplace(t: int, random: Random) -> int:
    """Algorithm 2 with s = 1: P(x) ~ exp(-abs(x) / t)."""
    while True:
        u = random.randrange(t)
        if not bernoulli_exp(Fraction(u, t), random):
            continue
        v = 0
        while bernoulli_exp(Fraction(1), random):
            v += 1
        x, negative = u + t * v, bernoulli(Fraction(1, 2), random)
        if not (negative and x == 0):
            return -x if negative else x


def draw(sigma2: Fraction, random: Random) -> int:
    """Algorithm 3: one draw, sigma^2 a rational."""
    t = int(gmpy2.isqrt(int(sigma2))) + 1
    while True:
        y = laplace(t, random)
        if bernoulli_exp((abs(y) - sigma2 / t) ** 2 / (2 * sigma2), random):
            return y


# -- the construction of docs/math/discrete-gaussian.md, over the reals --------------------------------------


VALUES = {6: 14, 4: 17, 3: 20, 2: 24}
"""j: how many values of x are drawn of P(x) ~ exp(-x^2 j / 16)."""


class Shape:
    """What a standard deviation sigma / 256 is drawn by: sixteenths j, digits m, and the number of values of x."""

    def __init__(self, sigma: int) -> None:
        """The narrowest sqrt(8/j) 2^m that is at least sigma / 256."""
        self.sigma2 = Fraction(sigma * sigma, 2**16)
        self.m, self.j = next((m, j) for m in range(49) for j in (6, 4, 3, 2) if self.sigma2 * j <= 8 * 4**m)
        self.values = VALUES[self.j]

    def tails(self) -> list[mpfr]:
        """P(x > i) for i = 0, 1, ... of P(x) ~ exp(-x^2 j / 16), x >= 0."""
        weights = [gmpy2.exp(-mpfr(x * x * self.j) / 16) for x in range(80)]
        total = sum(weights)
        return [sum(weights[i + 1 :]) / total for i in range(self.values - 1)]

    def acceptance(self, x: int, y: int) -> mpfr:
        """exp(-(z^2 / 2 sigma^2 - x^2 j / 16)), z = 2^m x + y."""
        z = (x << self.m) + y
        exponent = Fraction(z * z) / (2 * self.sigma2) - Fraction(x * x * self.j, 16)
        return gmpy2.exp(-mpfr(gmpy2.mpq(exponent)))


def key_stream(seed: bytes) -> Iterator[bytes]:
    """256 bytes at a time of ChaCha20's stream, nonce 0 (RFC 8439)."""
    encryptor = Cipher(ChaCha20(seed, bytes(16)), mode=None).encryptor()
    while True:
        yield encryptor.update(bytes(256))


def candidates(group: bytes) -> Iterator[tuple[int, int, int, bool]]:
    """(uniform number of 104 bits for x, 48 bits for y, coin of 104 bits, minus?) of each of eight candidates."""
    words = [int.from_bytes(group[8 * i : 8 * i + 8], "little") for i in range(32)]
    for lane in range(8):
        w = words[lane::8]
        upper = [word >> 12 for word in w]
        y = sum((word & 0xFFF) << (12 * i) for i, word in enumerate(w))
        yield upper[0] << 52 | upper[1], y, upper[2] << 52 | (upper[3] >> 1) << 1, bool(w[3] >> 12 & 1)


def stream(seed: bytes, sigma: int) -> Iterator[int]:
    """The draws of a seed, in order, for the standard deviation sigma / 256."""
    shape = Shape(sigma)
    tails = [tail * 2**BITS for tail in shape.tails()]
    for group in key_stream(seed):
        for uniform, bits, coin, minus in candidates(group):
            x, y = sum(uniform < tail for tail in tails), bits >> (48 - shape.m)
            z = (x << shape.m) + y
            if coin < shape.acceptance(x, y) * 2**BITS and not (minus and z == 0):
                yield -z if minus else z
