"""How long does the policy think about a request for a linear key, beside the keys that were issued before?

Medians of 20 requests that are admitted and of 20 that the last rule refuses, each asked for the first time; the limit
on bits is lifted, so that every rule runs. What is set up once (the reference, the samples that are kept) has figures
of its own, or is not timed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from time import process_time

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from bench.measure import BenchError, Measurement, Settings, threads
from pyfe.arrays import IntArray
from pyfe.leakage import RULES, Finding, Limits, LinearAccount, Question, Reference, judged
from pyfe.leakage.rules import Rule
from pyfe.leakage.rules.budget import budget
from pyfe.leakage.rules.joint import joint
from pyfe.leakage.rules.sampled import sampled
from pyfe.leakage.rules.variables import variables
from pyfe.schema import Schema, number

COUNT, ROWS = 20, 1000
ALGEBRA: tuple[Rule, ...] = RULES[: RULES.index(budget) + 1]
COUNTS: tuple[Rule, ...] = (variables, sampled, joint)
LIFTED = Limits(budget=float("inf"), counted_bits=float("inf"))
REFUSING = {ALGEBRA: Limits(budget=0.0), COUNTS: Limits(counted_bits=float("inf"), named=-2.0)}
"""Limits beside which the last rule refuses everything, and none before it does."""
LAST = {ALGEBRA: "4", COUNTS: "6"}


@dataclass(frozen=True)
class Ledger:
    """A schema of numbers, its reference, and keys issued before."""

    reference: Reference
    before: LinearAccount
    widest: int

    def question(self, request: IntArray, limits: Limits) -> Question:
        """The request beside what was issued."""
        after = self.before.with_rows(request[None, :])
        return Question(self.before, after, request[None, :], self.reference, limits)

    def answer(self, request: IntArray, rules: tuple[Rule, ...], limits: Limits) -> list[Finding]:
        """What is timed."""
        return judged(self.question(request, limits), rules)

    def times(self, rules: tuple[Rule, ...], limits: Limits, count: int, random: np.random.Generator) -> list[float]:
        """Seconds of processor time for new requests that no rule before the last one has anything against."""
        found: list[float] = []
        expected = "" if limits is LIFTED else LAST[rules]
        for _ in range(20 * count):
            request = dense(random, self.before.schema.n, self.widest)
            start = process_time()
            answer = self.answer(request, rules, limits)
            taken = process_time() - start
            if "".join(finding.rule for finding in answer) == expected:
                found.append(taken)
            if len(found) == count:
                return found
        raise BenchError("policy: hardly a request comes to the last rule")


def dense(random: np.random.Generator, size: int, widest: int) -> IntArray:
    """Weights from -widest to widest without 0."""
    return np.asarray(random.integers(1, widest + 1, size) * random.choice([-1, 1], size))


def population(random: np.random.Generator, size: int, levels: int) -> pd.DataFrame:
    """Columns that depend on a few factors, int64 levels."""
    factors = random.standard_normal((ROWS, 4)) @ random.standard_normal((4, size)) / 2
    raw = factors + random.standard_normal((ROWS, size))
    scaled = np.clip(np.rint((raw / 6 + 0.5) * (levels - 1)), 0, levels - 1)
    return pd.DataFrame(scaled, columns=[f"value {i}" for i in range(size)])


def ledger(table: pd.DataFrame, levels: int, rank: int, keys: int, widest: int) -> Ledger:
    """``keys`` earlier keys that span ``rank`` directions."""
    random = np.random.default_rng(rank)
    schema = Schema({name: number(0, levels - 1, step=1) for name in table})
    basis = np.array([dense(random, schema.n, widest) for _ in range(rank)])
    further = random.integers(-3, 4, (keys - rank, rank)) @ basis
    before = LinearAccount(schema).with_rows(np.concatenate([basis, further]))
    _ = before.lattice
    return Ledger(Reference.from_table(table, schema), before, widest)


def run(settings: Settings) -> Iterator[Measurement]:
    """One thread; the small schema, its counts on a coarse grid, and the large one."""
    with threads(1), threadpool_limits(1):
        yield from measure("n30", 30, 256, 9, 100, 127, ALGEBRA, settings)
        size, rank = (9, 2) if settings.smoke else (30, 9)
        yield from measure("n30.counts", size, 12, rank, 100, 3, COUNTS, settings)
        yield from measure("n784", 60 if settings.smoke else 784, 16, 15, 100, 127, ALGEBRA, settings)


def measure(
    name: str, size: int, levels: int, rank: int, keys: int, widest: int, rules: tuple[Rule, ...], settings: Settings
) -> Iterator[Measurement]:
    """The reference, requests that are admitted, and requests that are refused: milliseconds of processor time."""
    random = np.random.default_rng(size)
    table = population(random, size, levels)
    start = process_time()
    asked = ledger(table, levels, rank, keys, widest)
    yield Measurement(f"policy.{name}.reference", 1e3 * (process_time() - start))
    for verdict, limits in (("admitted", LIFTED), ("refused", REFUSING[rules])):
        times = asked.times(rules, limits, settings.rounds(COUNT), random)
        yield Measurement(f"policy.{name}.{verdict}", 1e3 * median(times))
