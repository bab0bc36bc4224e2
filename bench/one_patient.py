"""What does one patient cost, a row of a table to bytes and bytes to a score, in libsodium's multiplications of a base?

This is what a hospital's service does all day, so the whole path is measured: the table is read and encoded, the
ciphertext framed; its bytes are decoded, checked and searched. The peer's time is that of a number of multiplications
of the base point that stands in the id's entry: a ratio of 1 or more says that we take no longer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import pyfe
from bench import peers
from bench.measure import Measurement, Settings, Task, against, interleaved, portable, require, threads
from pyfe.schema import number
from pyfe.schemes import ipfe_ddh

SEED = 30
ROUNDS = 40
REPEAT = 5
MULTIPLICATIONS = {"encrypt": 40, "encrypt.dict": 40, "decrypt": 13}


class Patient:
    """Keys for 30 coordinates of 28 columns, 8 bits; one row of them as a DataFrame, as a mapping, and as bytes."""

    def __init__(self) -> None:
        import pandas

        random = np.random.default_rng(SEED)
        self.schema = pyfe.Schema.from_ranges(columns(), bits=8)
        weights = random.integers(-127, 128, self.schema.n).astype(np.float64)
        authority = pyfe.KeyAuthority.create(self.schema, policy=pyfe.Policy.unrestricted(reason="benchmark"))
        self.function = pyfe.compile(pyfe.Linear(weights), self.schema, weight_bits=8)
        self.public_key = authority.public_key
        self.key = authority.issue(self.function, purpose="benchmark")
        self.cells: dict[str, Any] = {name: float(random.uniform(1, 99)) for name in columns()}
        self.cells |= {"sex": "f", "smoker": "former", "ph": 7.31}
        self.row = pandas.DataFrame({name: [cell] for name, cell in self.cells.items()})
        self.bytes = self.encrypt()
        require(self.decrypt() == self.function.evaluate(self.row)[0], "one patient: a wrong score")
        require(self.encrypt_dict() != self.bytes, "one patient: two ciphertexts are the same")

    def encrypt(self) -> bytes:
        """DataFrame of one row -> wire bytes."""
        return self.public_key.encrypt(self.row).to_bytes()

    def encrypt_dict(self) -> bytes:
        """Mapping of cells -> wire bytes."""
        return self.public_key.encrypt(self.cells).to_bytes()

    def decrypt(self) -> int:
        """Wire bytes -> the score."""
        return int(self.key.decrypt(pyfe.CiphertextBatch.from_bytes(self.bytes))[0])


def columns() -> dict[str, Any]:
    """Ranges of 26 numbers, one on the scale of its logarithm, and two categories: 30 coordinates."""
    numbers: dict[str, Any] = {f"value {i}": (0, 100 + i) for i in range(24)}
    others = {"sex": ["f", "m"], "smoker": ["no", "former", "yes"], "ph": (6.8, 7.8)}
    return numbers | others | {"crp": number(0.1, 500, transform="log")}


def run(settings: Settings) -> Iterator[Measurement]:
    """One thread."""
    with threads(1):
        yield from measure(settings)


def measure(settings: Settings) -> Iterator[Measurement]:
    """Ours and the peer's in turn."""
    patient, sodium = Patient(), peers.sodium()
    runs = {"encrypt": patient.encrypt, "encrypt.dict": patient.encrypt_dict, "decrypt": patient.decrypt}
    scalar = bytes(range(31)) + b"\0"
    for verb, run in runs.items():
        tasks = [Task(run, repeat=REPEAT), Task(portable(run), repeat=REPEAT)]
        portable(run)()
        if sodium is not None:
            multiply, count = sodium.module.crypto_scalarmult_ristretto255_base, MULTIPLICATIONS[verb]
            tasks.append(Task(lambda: [multiply(scalar) for _ in range(count)], repeat=REPEAT))  # noqa: B023
        times = [1e6 * time for time in interleaved(tasks, settings.rounds(ROUNDS))]
        peer = None if sodium is None else sodium.name
        yield against(f"ipfe_ddh.one_patient.{verb}", times[0], peer, times[-1])
        yield against(f"ipfe_ddh.one_patient.{verb}.portable", times[1], peer, times[-1])
    native = patient.public_key.native
    assert isinstance(native, ipfe_ddh.MasterPublicKey)
    yield Measurement("ipfe_ddh.one_patient.tables", native.table_bytes)
