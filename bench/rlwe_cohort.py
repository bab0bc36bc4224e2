"""A cohort in a Parquet file, as `pyfe encrypt` writes it: encrypted once, then read and scored as often as asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from bench.measure import portable, require
from pyfe.cohorts import Chunk, open_cohort, places, write_part
from pyfe.identity import IdentitySecret
from pyfe.schemes import ipfe_rlwe

COLUMNS = 30
SEED = 162


class Cohort:
    """Keys of 30 columns of 0 to 255, weights of 8 bits, and ``rows`` patients in a file; one ciphertext a chunk.

    ``signed``: by the owner; the signature of each chunk is then verified whenever it is read.
    """

    def __init__(self, folder: Path, rows: int, *, signed: bool) -> None:
        random = np.random.default_rng(SEED)
        schema = pyfe.Schema.from_ranges({f"value {i}": (0, 255) for i in range(COLUMNS)}, bits=8)
        policy = pyfe.Policy.unrestricted(reason="benchmark")
        authority = pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe", weight_bits=8, policy=policy)
        weights = random.integers(-127, 128, COLUMNS).astype(np.float64)
        self.function = pyfe.compile(pyfe.Linear(weights), schema, weight_bits=8)
        self.public_key, self.key = authority.public_key, authority.issue(self.function, purpose="benchmark")
        self.evaluator = pyfe.Evaluator(self.key)
        self.some = random.integers(0, 256, (ipfe_rlwe.BLOCK_ROWS, COLUMNS)).astype(np.float64)
        self.rows, self.path = rows, folder / ("signed.parquet" if signed else "rows.parquet")
        self.owner = IdentitySecret.generate("a hospital") if signed else None
        write_part(self.path, self.encrypted())
        self.bytes_a_patient = self.path.stat().st_size / rows
        self.check()

    def encrypted(self) -> Iterator[Chunk]:
        """The chunks; the same patients in all of them, each time under other randomness."""
        for place, count in places(self.rows, ipfe_rlwe.BLOCK_ROWS):
            chunk = Chunk(place, self.public_key.encrypt(self.some[:count]))
            yield chunk if self.owner is None else chunk.signed(self.owner)

    def score(self, path: Path | None = None) -> int:
        """Score all chunks: read, held against their heads and against any signature, decoded, decrypted; of the file,
        or of another one with the same rows."""
        return sum(len(self.opened(chunk)) for chunk in self.chunks(path))

    def opened(self, chunk: Chunk) -> Any:
        """The scores of a chunk; where nobody signed it, for whoever keeps them and a refusal to himself."""
        signed_by = None if self.owner is None else self.owner.identity
        return self.evaluator.decrypt(chunk.batch, signed_by=signed_by, unsigned=signed_by is None)

    def read(self) -> int:
        """The same without decrypting."""
        return sum(len(chunk) for chunk in self.chunks())

    def chunks(self, path: Path | None = None) -> Iterator[Chunk]:
        """All of them, by the owner where there is one."""
        signed_by = None if self.owner is None else self.owner.identity
        return open_cohort(path or self.path).chunks(signed_by=signed_by)

    def objects(self) -> dict[str, bytes]:
        """What a command reads besides a cohort that is signed, by the names of files."""
        assert self.owner is not None
        public, owner = self.public_key.to_bytes(), self.owner.identity.to_bytes()
        return {"key": self.key.to_bytes(), "public": public, "owner": owner}

    def check(self) -> None:
        """BenchError for a wrong score on either backend."""
        expected = self.function.evaluate(self.some)
        for chunk in self.chunks():
            run = partial(self.opened, chunk)
            for found in (run(), portable(run)()):
                require(np.array_equal(found, expected[: len(chunk)]), "a cohort: a wrong score")
        require(self.score() == self.read() == self.rows, "a cohort: rows are missing")
