"""Three models in three epochs, and patients who come again: the owner's client against brute force."""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import pyfe
from pyfe import Function, RowsDeniedError, Schema
from pyfe.owner import OwnerLedger
from pyfe.wire import sealing
from tests.reference.leakage import budget, modulus, structure
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import PASSES, Question
from tests.reference.leakage.schema import Column
from tests.reference.leakage.schema import Schema as SlowSchema
from tests.unit import engines
from tests.unit.epoch_tables import Authority

STEPS = {1: 1, 2: 3, 3: 1}
"""Steps of 0..15 that a step of the epoch's schema is."""

V1 = np.array([3, -2, 5, 1, -4, 2, 3, -1] * 3)
V2 = np.array([1, 4, -3, 2, 5, -1, -2, 3] * 3) + np.arange(24) % 5 + 1
V3 = V1 + np.eye(1, 24, 4, dtype=np.int64)[0] - 2 * np.eye(1, 24, 9, dtype=np.int64)[0]
"""The first model with two weights changed."""

WEIGHTS = {1: V1, 2: V2, 3: V3}


def schema(epoch: int) -> Schema:
    return Schema({f"x{i}": pyfe.number(0, 15, step=STEPS[epoch]) for i in range(24)})


@pytest.fixture(scope="module")
def authority() -> Authority:
    made = Authority(schema(1), policy=engines.FREE)
    for epoch in (2, 3):
        made.rotate(schema(epoch))
    for epoch, weights in WEIGHTS.items():
        made.engine.issue(Function.from_integers(schema(epoch), weights), purpose=f"v{epoch}", epoch=epoch)
    return made


def slow(epochs: Iterable[int], step: int | None = None) -> Question:
    """The keys over steps of 0..15 (a step of 3 says a third of what it says for each of them), or in their own."""
    size = 16 if step is None else 15 // step + 1
    prior = Prior(SlowSchema(tuple(Column(f"x{i}", size) for i in range(24))))
    return Question(prior, (), tuple(WEIGHTS[epoch].tolist() for epoch in epochs))


@cache
def refused(epochs: frozenset[int]) -> bool:
    """By the definition: bits, ranks, rules 2 and 2m, by the slow twin of the rules."""
    if len(epochs) < 2:
        return False
    alone = [slow([epoch], STEPS[epoch]) for epoch in epochs]
    said = sum(budget.information(one) for one in alone)
    least = min(one.prior.entropy_bits for one in alone)
    together = slow(sorted(epochs))
    words = {structure.structure(together).word, modulus.modulus(together).word}
    return said > least / 3 or len(epochs) > min(16, 24 // 3) or words != {PASSES}


def test_the_clients_verdict_on_every_set_is_that_of_brute_force(authority: Authority) -> None:
    from pyfe.epochs import count

    table = authority.table()
    verdicts = {
        chosen: count([table.epochs[number - 1] for number in chosen]).refused
        for size in (1, 2, 3)
        for chosen in combinations((1, 2, 3), size)
    }
    assert verdicts == {chosen: refused(frozenset(chosen)) for chosen in verdicts}
    assert verdicts[1, 3] and not verdicts[1, 2] and not verdicts[2, 3]


def test_200_of_500_patients_come_again(
    authority: Authority, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody is encrypted once; 200 come again, once or twice, the same id twice in some tables."""
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    rng = random.Random(seed)
    met: dict[int, frozenset[int]] = {}
    again = rng.sample(range(500), 200)
    visits = [*range(500), *again, *rng.sample(again, 80)]
    tables = [visits[start : start + 40] for start in range(0, len(visits), 40)]
    refusals = grants = 0
    with OwnerLedger.create(tmp_path / "owner", "correct horse battery") as ledger:
        ledger.follow(authority.table())
        for turn, patients in enumerate(tables):
            epoch = 1 + turn % 3  # whoever draws the epochs may draw hardly any that are refused together
            ids = [f"P-{patient:04d}" for patient in [*patients, *patients[:3]]]
            expected = {f"P-{p:04d}" for p in patients if refused(met.get(p, frozenset()) | {epoch})}
            public = authority.engine.public_key(epoch)
            X = {f"x{i}": np.zeros(len(ids)) for i in range(24)}
            if expected:
                with pytest.raises(RowsDeniedError) as caught:
                    public.encrypt(X, ids=ids, ledger=ledger)
                assert {ids[row] for row in caught.value.rows} == expected
                refusals += len(expected)
            kept = [id_ for id_ in ids if id_ not in expected]
            if kept:
                batch = public.encrypt({name: cells[: len(kept)] for name, cells in X.items()}, ids=kept, ledger=ledger)
                assert len(batch) == len(kept)
            for patient in patients:
                if f"P-{patient:04d}" not in expected:
                    met[patient] = met.get(patient, frozenset()) | {epoch}
                    grants += 1
        found = ledger.met(authority.engine.public_key(1), [f"P-{p:04d}" for p in range(500)])
    assert [frozenset(numbers) for numbers in found] == [met.get(p, frozenset()) for p in range(500)]
    assert refusals > 10 and grants > 500
