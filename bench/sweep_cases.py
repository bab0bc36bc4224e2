"""The curves of bench/sweep.py: what is called at each size, and the formula of its cost."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from bench.dlog_targets import Targets, points_of
from bench.growth import Sweep
from bench.ipfe import Case
from bench.measure import require
from pyfe import _core
from pyfe.forms import MatrixForms
from pyfe.schemes import ipfe_ddh, ipfe_rlwe

SEED = 1010
ROWS = 64
SLOTS = ipfe_rlwe.BLOCK_ROWS

COORDINATES = (32, 64, 128, 256, 512, 1024)
LANES = (64, 128, 256, 512, 1024, 2048)
"""Rows of a batch; below some 25 other tables serve (docs/adr/0013)."""

UNPACKED = (48, 96, 192, 384, 768, 1536)
"""Where what is done once a slot of a ciphertext is less than half."""

FUNCTIONS = (32, 64, 128, 256, 512, 1024)
BLOCKS = (1, 2, 4, 8, 16, 32)
"""Ciphertexts of all slots."""

FORMS = (6, 12, 24, 48, 96, 192)
MASKED = (8, 16, 32, 64, 128, 256)
FEW_ROWS = (8, 16, 32, 64, 128, 256)
WIDTHS = tuple(2**bits for bits in range(34, 41))
"""Of the interval of a result: 34 to 40 bits, where the search is longer than a look into its table."""

ROW = 50
"""What the key of a form costs a row beside its coefficients (a sum is reduced, and multiplied by the row's mask), in
products with a coefficient."""

PAIR, ADDITION, READING = 43.0, 0.107, 39.0
"""Of a pairing in a product, a mixed addition, and decoding a point of each group, in microseconds: their proportions
are what the formula of a quadratic decryption needs (docs/explanation/performance.md)."""


def ddh_encrypt(n: int, rows: int) -> Callable[[], object]:
    """int64 rows to wire bytes."""
    return Case(n, 8, rows).encrypt


def ddh_decrypt(n: int, rows: int) -> Callable[[], object]:
    """Wire bytes to scores."""
    case = Case(n, 8, rows)
    require(np.array_equal(case.decrypt(), case.expected), f"n={n}: a wrong inner product")
    return case.decrypt


def ddh_keygen(n: int, functions: int) -> Callable[[], object]:
    """So many keys in one call."""
    random = np.random.default_rng([SEED, n, functions])
    _, msk = ipfe_ddh.setup(ipfe_ddh.Parameters(n, x_bound=255, y_bound=127))
    y = random.integers(-127, 128, (functions, n))
    return lambda: ipfe_ddh.keygen(msk, y)


class Ring:
    """Keys of n coordinates and full ciphertexts; weights of 16 bits, which makes the modulus one of three primes at
    every n of the sweep."""

    def __init__(self, n: int) -> None:
        self.n, self.random = n, np.random.default_rng([SEED, n])
        bound = 2**15 - 1
        parameters = ipfe_rlwe.Parameters(n, x_lo=[0] * n, x_hi=[255] * n, y_bound=bound)
        require(len(parameters.primes) == 3, f"n={n}: a modulus of {len(parameters.primes)} primes")
        self.mpk, self.msk = ipfe_rlwe.setup(parameters)
        self.y = self.random.integers(-bound, bound + 1, n)

    def encrypt(self, blocks: int) -> Callable[[], object]:
        """Rows to ciphertexts."""
        x = self.random.integers(0, 256, (blocks * SLOTS, self.n))
        return lambda: ipfe_rlwe.encrypt(self.mpk, x)

    def decrypt(self, blocks: int) -> Callable[[], object]:
        """Ciphertexts in memory to scores."""
        x = self.random.integers(0, 256, (blocks * SLOTS, self.n))
        key = ipfe_rlwe.keygen(self.msk, self.y)
        batch = ipfe_rlwe.CiphertextBatch.from_bytes(ipfe_rlwe.encrypt(self.mpk, x).to_bytes())
        require(np.array_equal(ipfe_rlwe.decrypt(key, batch), x @ self.y), f"n={self.n}: a wrong score")
        return lambda: ipfe_rlwe.decrypt(key, batch)

    def keygen(self, functions: int) -> Callable[[], object]:
        """So many keys in one call."""
        y = np.tile(self.y, (functions, 1))
        return lambda: ipfe_rlwe.keygen(self.msk, y)


class Quadratic:
    """Keys of n coordinates of six bits, and one dense form of them; masks of dimension k."""

    def __init__(self, k: int, n: int) -> None:
        self.n, self.random = n, np.random.default_rng([SEED, k, n])
        self.mpk, self.msk = _core.qfe.setup(_core.qfe.Parameters(k, np.full(n, -32), np.full(n, 31), 31))
        self.form = MatrixForms.dense(self.random.integers(-31, 32, (n, n)))

    def rows(self, rows: int) -> Any:
        """int64 rows; the tables of the public key are made."""
        x = self.random.integers(-32, 32, (rows, self.n))
        _core.qfe.encrypt(self.mpk, x[:1])
        return x

    def native(self) -> Any:
        """The form as the core has it."""
        form = self.form
        return _core.qfe.Forms.matrices(*form.shape, form.output, form.row, form.column, form.value)

    def encrypt(self, rows: int) -> Callable[[], object]:
        """Rows to wire bytes."""
        x = self.rows(rows)
        return lambda: _core.qfe.encrypt(self.mpk, x).to_bytes()

    def decrypt(self, rows: int) -> Callable[[], object]:
        """Wire bytes to results."""
        x, key = self.rows(rows), _core.qfe.keygen(self.msk, self.native())
        wire = bytes(_core.qfe.encrypt(self.mpk, x).to_bytes())

        def call() -> Any:
            return _core.qfe.decrypt(key, _core.qfe.CiphertextBatch.from_bytes(wire))

        require(np.array_equal(call(), self.form.evaluate(x)), f"n={self.n}: a wrong result")
        return call

    def keygen(self) -> Callable[[], object]:
        """The key of the form."""
        native = self.native()
        return lambda: _core.qfe.keygen(self.msk, native)


def quadratic_work(k: int, n: int) -> float:
    """Of a decryption from wire bytes: pairings, additions, points to decode."""
    return PAIR * ((k + 1) * n + 2) + ADDITION * (k + 1) * n * n + READING * ((k + 1) * n + 1)


def worst_search(width: int) -> Callable[[], object]:
    """Logarithms at the lower end of an interval of so many, a power of 2."""
    _core.dlog.prepare(width)
    bits = width.bit_length() - 1
    targets = Targets(bits)
    points = points_of(targets.lowest)
    require(np.array_equal(targets.search(points), targets.lowest), f"a wrong logarithm in 2^{bits}")
    return partial(targets.search, points)


def itself(size: int) -> float:
    """Work that is proportional to the size."""
    return float(size)


def _quadratic(name: str, k: int) -> tuple[Sweep, ...]:
    return (
        Sweep(f"{name}.encrypt.n", MASKED, lambda n: Quadratic(k, n).encrypt(8), itself),
        Sweep(f"{name}.decrypt.n", FORMS, lambda n: Quadratic(k, n).decrypt(8), partial(quadratic_work, k)),
        Sweep(f"{name}.keygen.n", COORDINATES, lambda n: Quadratic(k, n).keygen(), lambda n: float(n * (n + ROW))),
        Sweep(f"{name}.encrypt.batch", FEW_ROWS, Quadratic(k, 8).encrypt, itself),
        Sweep(f"{name}.decrypt.batch", FEW_ROWS, Quadratic(k, 8).decrypt, itself),
    )


SWEEPS = (
    Sweep("ipfe_ddh.encrypt.n", COORDINATES, lambda n: ddh_encrypt(n, ROWS), itself),
    Sweep("ipfe_ddh.decrypt.n", COORDINATES, lambda n: ddh_decrypt(n, ROWS), itself),
    Sweep("ipfe_ddh.keygen.n", COORDINATES, lambda n: ddh_keygen(n, 64), itself),
    Sweep("ipfe_ddh.encrypt.batch", LANES, lambda rows: ddh_encrypt(30, rows), itself),
    Sweep("ipfe_ddh.decrypt.batch", LANES, lambda rows: ddh_decrypt(30, rows), itself),
    Sweep("ipfe_ddh.keygen.batch", FUNCTIONS, lambda functions: ddh_keygen(256, functions), itself),
    Sweep("ipfe_rlwe.encrypt.n", COORDINATES, lambda n: Ring(n).encrypt(1), itself),
    Sweep("ipfe_rlwe.decrypt.n", UNPACKED, lambda n: Ring(n).decrypt(1), itself, repeat=4),
    Sweep("ipfe_rlwe.keygen.n", COORDINATES, lambda n: Ring(n).keygen(1), itself),
    Sweep("ipfe_rlwe.encrypt.batch", BLOCKS, lambda blocks: Ring(30).encrypt(blocks), itself),
    Sweep("ipfe_rlwe.decrypt.batch", BLOCKS, lambda blocks: Ring(30).decrypt(blocks), itself, repeat=4),
    Sweep("ipfe_rlwe.keygen.batch", FUNCTIONS, lambda functions: Ring(30).keygen(functions), itself),
    *_quadratic("qfe_ggm", 1),
    *_quadratic("qfe_sxdh", 3),
    Sweep("dlog.worst.bits", WIDTHS, worst_search, itself),
)
