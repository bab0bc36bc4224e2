"""What do quadratic forms cost per ciphertext, from and to wire bytes, and how much of it is the multiplier?

No peer that installs runs a quadratic scheme at this security level; the figures of GoFE on another machine are in the
documentation. Beside each time stand the counts of what was computed, and the share of the time that its multiply-adds
alone would take: they are counted on the emulated lanes, which run the same templates (``MULTIPLY_ADDS``; a test counts
them again), and timed as the CPU's own floor in the same run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from bench.measure import Measurement, Settings, Task, exactly, interleaved, require, threads
from pyfe import _core
from pyfe.forms import FactoredForms, Forms, MatrixForms

BATCH = 16
SEED = 2017151
FLOOR = 20_000  # multiplications in one timing of the floor
IN_ONE = 256  # multiply-adds of each

MULTIPLY_ADDS = {
    "qfe_ggm.decrypt.n64.dense": 27_204_927,
    "qfe_ggm.decrypt.n64.dense.loaded": 19_218_106,
    "qfe_ggm.encrypt.n64": 12_089_857,
    "qfe_sxdh.decrypt.n64.dense": 51_959_825,
    "qfe_sxdh.decrypt.n64.dense.loaded": 37_943_518,
    "qfe_sxdh.encrypt.n64": 54_742_012,
    "qfe_network.64x16x10": 28_472_327,
    "qfe_network.64x16x10.loaded": 13_328_172,
    "qfe_network.784x40x10": 232_739_060,
    "qfe_network.784x40x10.loaded": 56_788_305,
    "qfe_ggm.encrypt.n785": 144_539_518,
}
"""Multiply-adds of eight lanes per ciphertext."""


@dataclass(frozen=True)
class Plan:
    """A size: the dimension of the masks, x uniform in ``[lo, hi]``, what is asked, and its forms."""

    name: str
    k: int
    n: int
    lo: int
    hi: int
    forms: Callable[[np.random.Generator, int], Forms]
    rounds: int
    encrypts: bool = True

    @property
    def scheme(self) -> str:
        """The first word of the ids."""
        return "qfe_ggm" if self.k == 1 else "qfe_sxdh"


def dense(random: np.random.Generator, n: int) -> Forms:
    """One form, all coefficients of six bits with their sign."""
    return MatrixForms.dense(random.integers(-32, 32, (n, n)))


def network(hidden: int, classes: int, bits: int) -> Callable[[np.random.Generator, int], Forms]:
    """A layer of squares and the scores of all classes; the first coordinate is the constant one."""
    top = 2 ** (bits - 1)

    def forms(random: np.random.Generator, n: int) -> Forms:
        P = random.integers(-top + 1, top, (hidden, n))
        return FactoredForms.squares(P, random.integers(-127, 128, (classes, hidden)))

    return forms


PLANS = (
    Plan("n64.dense", 1, 64, -32, 31, dense, rounds=9),
    Plan("n64.dense", 3, 64, -32, 31, dense, rounds=7),
    Plan("64x16x10", 1, 65, 0, 16, network(16, 10, 5), rounds=9, encrypts=False),
    Plan("784x40x10", 1, 785, 0, 15, network(40, 10, 3), rounds=4),
)


class Case:
    """Keys and a batch of one plan; ``core`` is the extension module that does the work."""

    def __init__(self, plan: Plan, batch: int, core: ModuleType = _core) -> None:
        random = np.random.default_rng([SEED, plan.k, plan.n])
        self.core, self.plan, self.batch = core.qfe, plan, batch
        self.x = random.integers(plan.lo, plan.hi + 1, (batch, plan.n))
        self.forms = plan.forms(random, plan.n)
        low, high = np.full(plan.n, plan.lo), np.full(plan.n, plan.hi)
        self.mpk, msk = self.core.setup(self.core.Parameters(plan.k, low, high, 127))
        self.sk = self.core.keygen(msk, self._native(self.forms))
        self.core.encrypt(self.mpk, self.x[:1])  # makes the tables

    def _native(self, forms: Forms) -> Any:
        if isinstance(forms, FactoredForms):
            return self.core.Forms.factored(forms.U, None, forms.Q)
        return self.core.Forms.matrices(*forms.shape, forms.output, forms.row, forms.column, forms.value)

    @cached_property
    def wire(self) -> bytes:
        """The batch, encrypted once; checked by decrypting it."""
        data = self.encrypt()
        found = self.core.decrypt(self.sk, self.core.CiphertextBatch.from_bytes(data))
        require(np.array_equal(found, self.forms.evaluate(self.x)), f"{self.plan.name}: a wrong result")
        return data

    @cached_property
    def loaded(self) -> Any:
        """The batch in memory, decoded and checked."""
        return self.core.CiphertextBatch.from_bytes(self.wire)

    def encrypt(self) -> bytes:
        """int64 rows -> wire bytes."""
        return bytes(self.core.encrypt(self.mpk, self.x).to_bytes())

    def decrypt(self) -> Any:
        """Wire bytes -> int64 results."""
        return self.core.decrypt(self.sk, self.core.CiphertextBatch.from_bytes(self.wire))

    def read(self) -> Any:
        """Wire bytes -> a batch in memory."""
        return self.core.CiphertextBatch.from_bytes(self.wire)

    def decrypt_loaded(self) -> Any:
        """A batch in memory -> int64 results."""
        return self.core.decrypt(self.sk, self.loaded)

    def names(self) -> dict[str, Callable[[], Any]]:
        """Ids and what they time."""
        plan = self.plan
        if isinstance(self.forms, FactoredForms):
            out = {f"qfe_network.{plan.name}": self.decrypt}
        else:
            out = {f"{plan.scheme}.decrypt.{plan.name}": self.decrypt}
        (name,) = out
        out[f"{name}.loaded"] = self.decrypt_loaded
        if plan.encrypts:
            out[f"{plan.scheme}.encrypt.n{plan.n}"] = self.encrypt
        return out

    def counts(self) -> dict[str, int]:
        """Pairings, additions in the sums before them (one a coefficient, before any sharing), and logarithms."""
        sides, forms = self.plan.k + 1, self.forms
        if isinstance(forms, FactoredForms):
            terms = int((forms.U != 0).sum() + (forms.V != 0).sum())
            return {"pairings": sides * forms.units + 2 * forms.k, "additions": sides * terms, "logs": forms.k}
        columns = len(np.unique(forms.column))
        return {"pairings": sides * columns + 2, "additions": sides * len(forms.value), "logs": forms.k}


def run(settings: Settings) -> Iterator[Measurement]:
    """Every plan, one thread."""
    with threads(1):
        for plan in PLANS:
            yield from measure(Case(plan, settings.batch(BATCH)), settings)


def measure(case: Case, settings: Settings) -> Iterator[Measurement]:
    """Times per ciphertext in turn with the multiplier's floor, then counts and the size."""
    require(len(case.wire) > 0 and len(case.loaded) == case.batch, "no batch")
    names = case.names()
    tasks = [Task(run) for run in names.values()]
    tasks.append(Task(lambda: _core.bls12_381.multiplier_floor(FLOOR)))
    *times, floor = interleaved(tasks, settings.rounds(case.plan.rounds))
    read, exact = interleaved([Task(case.read), Task(exactly(case.read))], settings.rounds(case.plan.rounds))
    (decrypt, *_) = names
    yield Measurement(
        f"{decrypt}.read", 1e3 * read / case.batch, "the exact test of every point", 1e3 * exact / case.batch
    )
    for name, time in zip(names, times, strict=True):
        yield Measurement(name, 1e3 * time / case.batch)
        least = MULTIPLY_ADDS[name] * floor / (FLOOR * IN_ONE)
        yield Measurement(f"{name}.at_floor", least * case.batch / time)
    for what, count in case.counts().items():
        yield Measurement(f"{decrypt}.{what}", count)
    yield Measurement(f"{decrypt}.bytes", len(case.wire) / case.batch)
