"""What do encryption and decryption cost per patient, from and to wire bytes, beside PyMIFE?

The peer runs the same scheme (Damgard's variant of ALS16) in its default group, 1,024 bits, on the same x and y and
with the key's own interval. It is slow, so it is given a few rows and a time limit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bench import peers
from bench.measure import (
    Measurement,
    PeerGaveUp,
    Settings,
    Task,
    against,
    interleaved,
    portable,
    require,
    threads,
)
from pyfe import _core
from pyfe.schemes import ipfe_ddh

BATCH = 1024
SEED = 2015608
PEER_SECONDS = 60.0


class Case:
    """One size: x uniform in [0, 2^bits), y uniform in [-2^(bits-1), 2^(bits-1)), keys and the batch on the wire."""

    def __init__(self, n: int, bits: int, batch: int) -> None:
        random = np.random.default_rng([SEED, n, bits])
        self.n, self.bits, self.batch = n, bits, batch
        self.x = random.integers(0, 2**bits, (batch, n), dtype=np.int64)
        self.y = random.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), n, dtype=np.int64)
        lowest, highest = np.zeros(n, dtype=np.int64), np.full(n, 2**bits - 1, dtype=np.int64)
        parameters = ipfe_ddh.Parameters(n, x_lo=lowest, x_hi=highest, y_bound=2 ** (bits - 1))
        self.mpk, msk = ipfe_ddh.setup(parameters)
        self.sk = ipfe_ddh.keygen(msk, self.y)
        self.interval: tuple[int, int] = (int(self.sk.intervals[0, 0]), int(self.sk.intervals[0, 1]))
        _core.dlog.prepare(self.interval[1] - self.interval[0])

    @cached_property
    def expected(self) -> Any:
        """The inner products in the clear, int64 ``[batch]``."""
        return self.x @ self.y

    @cached_property
    def wire(self) -> bytes:
        """The batch, encrypted once; checked by decrypting it."""
        data = self.encrypt()
        found = ipfe_ddh.decrypt(self.sk, ipfe_ddh.CiphertextBatch.from_bytes(data))
        require(np.array_equal(found, self.expected), f"n={self.n}, {self.bits} bits: a wrong inner product")
        return data

    def encrypt(self) -> bytes:
        """int64 rows -> wire bytes."""
        return bytes(ipfe_ddh.encrypt(self.mpk, self.x).to_bytes())

    def decrypt(self) -> Any:
        """Wire bytes -> int64 results."""
        return ipfe_ddh.decrypt(self.sk, ipfe_ddh.CiphertextBatch.from_bytes(self.wire))

    @cached_property
    def read(self) -> Any:
        """The batch, read: its points are kept."""
        return ipfe_ddh.CiphertextBatch.from_bytes(self.wire)

    @cached_property
    def proof(self) -> Any:
        """A proof of all results; checked by verifying it."""
        proof = self.prove()
        require(ipfe_ddh.verify_scores(self.mpk, self.y, self.read, self.expected, b"", proof), "a proof that is wrong")
        return proof

    def prove(self) -> Any:
        """Results -> proof."""
        return ipfe_ddh.prove(self.sk, self.read, self.expected, b"")

    def verify_scores(self) -> bool:
        """Wire bytes, results and proof -> whether they belong together."""
        batch = ipfe_ddh.CiphertextBatch.from_bytes(self.wire)
        return ipfe_ddh.verify_scores(self.mpk, self.y, batch, self.expected, b"", self.proof)

    def name(self, verb: str) -> str:
        """The id of a verb at this size."""
        return f"ipfe_ddh.{verb}.n{self.n}.b{self.bits}"


class PeerCase:
    """The same x, y and interval in PyMIFE's scheme: keys made, one row checked."""

    def __init__(self, peer: peers.Peer, case: Case, rows: int) -> None:
        self.scheme, self.interval, self.name = peer.module.FeDamgard, case.interval, peer.name
        self.x: list[list[int]] = case.x[:rows].tolist()
        self.key = self.scheme.generate(case.n, peers.group_1024())
        self.function_key = self.scheme.keygen(case.y.tolist(), self.key)
        self.ciphertexts = self.encrypt()
        self.expected: list[int] = case.expected[:rows].tolist()
        require(self.decrypt() == self.expected, f"{peer.name}: a wrong inner product")

    def encrypt(self) -> list[Any]:
        """Encrypt each row; objects in memory, no encoding."""
        return [self.scheme.encrypt(row, self.key) for row in self.x]

    def decrypt(self) -> list[int]:
        """Decrypt each row, by the peer's own search over the same interval."""
        return [self.scheme.decrypt(c, self.key, self.function_key, self.interval) for c in self.ciphertexts]


@dataclass(frozen=True)
class Plan:
    """A size, the verbs that are reported for it, and how much of it the peer is given."""

    n: int
    bits: int
    verbs: tuple[str, ...]
    rounds: int
    peer_rows: int
    peer_rounds: int
    portable: bool = False


PLANS = (
    Plan(30, 8, ("encrypt", "decrypt"), rounds=9, peer_rows=8, peer_rounds=3, portable=True),
    Plan(30, 16, ("decrypt",), rounds=9, peer_rows=4, peer_rounds=2),
    Plan(1000, 8, ("encrypt", "decrypt"), rounds=4, peer_rows=1, peer_rounds=3),
)


def run(settings: Settings) -> Iterator[Measurement]:
    """Every size, one thread."""
    peer = peers.pymife("mife.single.damgard")
    with threads(1):
        for plan in PLANS:
            yield from measure(plan, peer, settings)


def measure(plan: Plan, peer: peers.Peer | None, settings: Settings) -> Iterator[Measurement]:
    """Ours and the peer's in turn, per patient."""
    case = Case(plan.n, plan.bits, settings.batch(BATCH))
    size = len(case.wire) / case.batch
    theirs = peer_case(plan, peer, case, settings)
    rows = len(theirs.x) if isinstance(theirs, PeerCase) else 1
    for verb in plan.verbs:
        ours = getattr(case, verb)
        tasks = [Task(ours)]
        if plan.portable:
            portable(ours)()
            tasks.append(Task(portable(ours)))
        if isinstance(theirs, PeerCase):
            call = peers.limited(PEER_SECONDS, getattr(theirs, verb))
            tasks.append(Task(call, rounds=settings.rounds(plan.peer_rounds)))
        times = interleaved(tasks, settings.rounds(plan.rounds))
        name, each = case.name(verb), [1e6 * time / case.batch for time in times]
        peer_name = None if peer is None else peer.name
        peer_each = 1e6 * times[-1] / rows if isinstance(theirs, PeerCase) else float("inf")
        yield against(name, each[0], peer_name, peer_each)
        if plan.portable:
            yield against(f"{name}.portable", each[1], peer_name, peer_each)
    if plan.portable:
        yield Measurement(case.name("ciphertext"), size)
        yield from proofs(case, settings, plan.rounds)


def proofs(case: Case, settings: Settings, rounds: int) -> Iterator[Measurement]:
    """A proof of all results of the batch, and its verification, per patient; no peer has one."""
    for verb in ("prove", "verify_scores"):
        ours = getattr(case, verb)
        portable(ours)()
        times = interleaved([Task(ours), Task(portable(ours))], settings.rounds(rounds))
        for name, time in zip((case.name(verb), f"{case.name(verb)}.portable"), times, strict=True):
            yield Measurement(name, 1e6 * time / case.batch)
    yield Measurement(case.name("score_proof"), len(case.proof.to_bytes()))


def peer_case(plan: Plan, peer: peers.Peer | None, case: Case, settings: Settings) -> PeerCase | None:
    """The peer made ready, or None when it is absent or too slow even for that."""
    if peer is None:
        return None
    made: list[PeerCase] = []
    rows = 1 if settings.smoke else plan.peer_rows
    try:
        peers.limited(PEER_SECONDS, lambda: made.append(PeerCase(peer, case, rows)))()
    except PeerGaveUp:
        return None
    return made[0]
