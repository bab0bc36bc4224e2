"""Sets of parameters of inner products from Ring-LWE, with what is recorded of each."""

from __future__ import annotations

from typing import NamedTuple


class Row(NamedTuple):
    """A set, and what is recorded of it."""

    lo: list[int]
    hi: list[int]
    Y: int
    log_K: float
    log_sigma: tuple[float, float, float]
    log_q: float
    primes: int
    prime_bits: int
    b: int
    bytes_a_row: float
    beta: int


def around(bound: int, n: int) -> tuple[list[int], list[int]]:
    return [-bound] * n, [bound] * n


TABLE = {
    "n30": Row([0] * 30, [255] * 30, 127, 20.9, (12.8, 34.1, 34.6), 96.6, 2, 49, 40, 162.2, 1024),
    "n30 signed": Row(*around(255, 30), 127, 21.9, (13.8, 35.1, 35.6), 99.6, 2, 50, 40, 162.5, 983),
    "bits": Row([0] * 30, [1] * 29 + [65535], 127, 24.1, (18.3, 39.6, 40.1), 110.9, 3, 37, 44, 178.9, 853),
    "R1": Row(*around(2**10, 64), 2**10, 28.1, (16.3, 38.1, 38.6), 114.9, 3, 39, 52, 430.6, 813),
    "R2": Row(*around(2**12, 128), 2**12, 33.1, (18.8, 41.1, 41.6), 127.9, 3, 43, 60, 976.1, 703),
    "R3": Row(*around(2**15, 256), 2**15, 40.1, (22.3, 45.1, 45.6), 145.9, 4, 37, 68, 2194.5, 587),
    "R3 narrow": Row(*around(2**20, 32), 2**12, 39.1, (25.8, 47.2, 47.7), 145.9, 4, 37, 64, 274.5, 587),
    "R4": Row([0] * 785, [4] * 785, 16, 16.7, (9.1, 32.7, 33.2), 86.7, 2, 44, 36, 3543.5, 1179),
    "genome": Row([0] * 20000, [2] * 20000, 127, 23.3, (10.5, 36.4, 36.9), 103.7, 3, 35, 48, 120013, 932),
}
