"""The set n30 of bench/rlwe.py: its keys, its patients, and the verbs on them that are timed."""

from __future__ import annotations

from typing import Any

import numpy as np

from bench.measure import portable, require
from pyfe.schemes import ipfe_rlwe

N, X, Y = 30, 255, 127
SEED = 2021046
KEYS = 8


class Case:
    """The set n30, x in [0, 255], y in [-127, 127], uniform: keys, ``ciphertexts`` times ``rows`` patients."""

    def __init__(self, ciphertexts: int, rows: int) -> None:
        random = np.random.default_rng(SEED)
        self.parameters = ipfe_rlwe.Parameters(N, x_lo=[0] * N, x_hi=[X] * N, y_bound=Y)
        self.mpk, self.msk = ipfe_rlwe.setup(self.parameters)
        self.y = random.integers(-Y, Y + 1, N)
        self.x = random.integers(0, X + 1, (ciphertexts * rows, N))
        self.one = self.x[:rows]
        self.sk = ipfe_rlwe.keygen(self.msk, self.y)
        data = ipfe_rlwe.encrypt(self.mpk, self.x).to_bytes()
        self.batch = ipfe_rlwe.CiphertextBatch.from_bytes(data)
        self.bytes_a_patient = len(data) / len(self.x)
        for both in (self.score, portable(self.score)):
            require(np.array_equal(both(), self.x @ self.y), "ipfe_rlwe: a wrong score")
        self.keys = [ipfe_rlwe.keygen(self.msk, y) for y in random.integers(-Y, Y + 1, (KEYS, N))]
        for both in (self.score_together, portable(self.score_together)):
            found, expected = both(), self.score_one_by_one()
            require(all(map(np.array_equal, found, expected)), "ipfe_rlwe: another score of keys together")
        for both in (self.verify, portable(self.verify)):
            require(both(), "ipfe_rlwe: a key that is refused")

    def setup(self) -> Any:
        """A key pair."""
        return ipfe_rlwe.setup(self.parameters)

    def keygen(self) -> Any:
        """The key of one model."""
        return ipfe_rlwe.keygen(self.msk, self.y)

    def verify(self) -> bool:
        """Whether it is one."""
        return ipfe_rlwe.verify_key(self.mpk, self.sk)

    def encrypt(self) -> Any:
        """One ciphertext."""
        return ipfe_rlwe.encrypt(self.mpk, self.one)

    def score(self) -> Any:
        """All ciphertexts: every word unpacked, margin and interval of every slot checked."""
        return ipfe_rlwe.decrypt(self.sk, self.batch)

    def score_together(self) -> list[Any]:
        """The same under eight keys, in one pass."""
        return ipfe_rlwe.decrypt_together(self.keys, self.batch)

    def score_one_by_one(self) -> list[Any]:
        """The same in a pass of each."""
        return [ipfe_rlwe.decrypt(key, self.batch) for key in self.keys]
