"""The attack on one exact score, against everybody in tables of a few columns."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from pyfe.arrays import FloatArray, IntArray
from pyfe.leakage import Reference
from pyfe.schema import Schema, category, number
from tests.attack_one_score import CERTAIN, OneScore

WEIGHTS = np.array([2, 1, -3, 2, 0, 5, 4])


def reference() -> Reference:
    random = np.random.default_rng(2)
    sick = random.standard_normal(400)
    table = pd.DataFrame(
        {
            "age": np.clip(np.rint(5 + 2 * sick + random.standard_normal(400)), 0, 9),
            "crp": np.clip(np.rint(2 + sick), 0, 4),
            "stage": np.array(["I", "II", "III"])[np.digitize(sick + random.standard_normal(400), [-0.5, 1.0])],
            "hiv": np.where(random.random(400) < 0.3, "yes", "no"),
            "sex": random.choice(["f", "m"], 400),
        }
    )
    columns = {
        "age": number(0, 9, step=1),
        "crp": number(0, 4, step=1),
        "stage": category(["I", "II", "III"]),
        "hiv": category(["no", "yes"]),
        "sex": category(["f", "m"], public=True),
    }
    return Reference.from_table(table, Schema(columns))


KNOWN = reference()


def likelihoods(known: Reference) -> dict[tuple[int, ...], float]:
    """Everybody, by the tables of the tree."""
    kept = known.kept
    masses = [np.bincount(of, weights=p) for of, p in zip(kept.classes, kept.marginals, strict=True)]
    below = {child for _, child in kept.edges}
    found = {}
    for levels in itertools.product(*(range(size) for size in known.blocks.sizes)):
        of = [int(classes[level]) for classes, level in zip(kept.classes, levels, strict=True)]
        chance = float(np.prod([masses[b][of[b]] for b in range(len(of)) if b not in below]))
        for (parent, child), table in zip(kept.edges, kept.tables, strict=True):
            chance *= table[of[parent], of[child]] / table[of[parent]].sum()
        within = [p[level] / masses[b][of[b]] for b, (p, level) in enumerate(zip(kept.marginals, levels, strict=True))]
        found[levels] = chance * float(np.prod(within))
    return found


def scores(known: Reference, everybody: dict[tuple[int, ...], float]) -> IntArray:
    return np.asarray(known.blocks.rows(np.array(list(everybody))) @ WEIGHTS)


def tenths(values: IntArray, chances: FloatArray) -> IntArray:
    """The tenth of a distribution that each value lies in."""
    masses = np.bincount(values - values.min(), weights=chances / chances.sum())
    return np.minimum(np.floor(10 * (np.cumsum(masses) - masses / 2) + 1e-9), 9).astype(np.int64)[values - values.min()]


@pytest.mark.parametrize("seed", range(6))
def test_what_a_score_says_is_what_everybody_with_that_score_says(seed: int) -> None:
    everybody = likelihoods(KNOWN)
    people, chances, values = np.array(list(everybody)), np.array(list(everybody.values())), scores(KNOWN, everybody)
    assert np.isclose(chances.sum(), 1.0)
    target = int(np.random.default_rng(seed).choice(len(people), p=chances))
    found = OneScore(KNOWN, WEIGHTS).learned(people[target])
    alike = people[:, 4] == people[target, 4]
    tenth, of_all = tenths(values, np.where(alike, chances, 0.0)), tenths(values, chances)
    for same, opened, certain in (
        (values == values[target], found.opened, found.certain),
        (tenth == tenth[target], found.opened_by_tenth, found.certain_by_tenth),
        (of_all == of_all[target], found.opened_by_tenth_of_all, found.certain_by_tenth_of_all),
    ):
        left = np.where(same & alike, chances, 0.0)
        best = left >= left.max() * (1 - 1e-9)
        assert opened == pytest.approx(best[target] / best.sum())
        for block, told in zip(KNOWN.blocks.private, certain, strict=True):
            of = KNOWN.kept.classes[block]
            shares = np.bincount(of[people[:, block]], weights=left) / left.sum()
            own = of[people[target, block]]
            assert told == float(shares.argmax() == own and shares.max() >= CERTAIN)
