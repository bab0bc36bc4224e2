"""What attacks are told, and where they stop: columns without weights, wide remainders, which attack is fittest."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import pytest

from pyfe import ParameterError, Schema
from pyfe.leakage import Blind, Reference, attack
from pyfe.schema import category, number

SEED = bytes(32)
CHOSEN = import_module("pyfe.leakage.attack.strongest")
RESIDUES = import_module("pyfe.leakage.attack.residues")
"""The modules: the package has functions of their names."""


def whole(columns: int, top: int) -> Schema:
    """Columns of whole numbers from 0."""
    return Schema({f"c{i}": number(0, top, step=1) for i in range(columns)})


def table(count: int) -> dict[str, Any]:
    """Of "dose", 2 is the commonest level; of "sex", "m"; "lab" is even."""
    rng = np.random.default_rng(1)
    return {
        "dose": rng.choice(4, count, p=[0.1, 0.2, 0.5, 0.2]),
        "sex": rng.choice(["f", "m"], count, p=[0.2, 0.8]),
        "lab": rng.integers(0, 6, count),
    }


def known(count: int = 400) -> tuple[Reference, Any, dict[str, Any]]:
    rows = table(count)
    schema = Schema({"dose": number(0, 3, step=1), "sex": category(["f", "m"]), "lab": number(0, 5, step=1)})
    prior = Reference.from_table(rows, schema)
    return prior, prior.blocks.levels(schema.encode(rows).x), rows


def test_of_a_column_without_a_weight_the_commonest_level_is_guessed() -> None:
    prior, levels, rows = known()
    guess = attack.one_score(attack.Told.of(prior, [[0, 0, 1]], levels))
    assert np.array_equal(guess.levels[:, 2], rows["lab"]), "the score is the column"
    assert (guess.chance[:, 2] == 1.0).all()
    for place, commonest in ((0, 2), (1, 1)):
        assert set(guess.levels[:, place].tolist()) == {commonest}
        assert set(guess.classes[:, place].tolist()) == {commonest}
        assert guess.chance[:, place] == pytest.approx(prior.marginals[place][commonest])
    assert prior.marginals[0].argmax() == np.bincount(rows["dose"]).argmax() == 2


def test_answers_between_those_that_records_have() -> None:
    """All answers are even: an odd one would be no multiple of what the answers generate."""
    prior, levels, rows = known()
    told = attack.Told.of(prior, [[2, 0, 2]], levels)
    assert told.values[:, 0].tolist() == (rows["dose"] + rows["lab"]).tolist()
    odd = attack.Told(prior, [[2, 0, 2]], told.answers + 1, told.public)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="^no record has these answers$"):
        _ = odd.values


@pytest.mark.parametrize(("largest", "opened"), [(1009, 2), (1008, 0)])
def test_wider_remainders_are_not_counted(largest: int, opened: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Modulo 1009, a prime, the score lives on two columns of 16 levels, and says all of both; modulo less, on all."""
    assert RESIDUES._LARGEST == 2**20
    monkeypatch.setattr(RESIDUES, "_LARGEST", largest)
    schema = whole(8, 15)
    prior = Blind(schema)
    levels = prior.tree_rows(60, SEED)
    score = [1, 16, *(1009 * factor for factor in (1, 2, 3, 5, 7, 11))]
    right = attack.opened(attack.residues(attack.Told.of(prior, score, levels)), prior, levels)
    assert right.certain[:2].tolist() == [float(opened == 2)] * 2
    assert (right.classes[:2] == 1.0).tolist() == [opened == 2] * 2
    assert right.certain[2:].tolist() == [0.0] * 6


def test_of_several_scores_the_lattice_is_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    """More records than are enumerated, and two scores: by fpylll where it is there, by rounding off where not."""
    schema = whole(9, 7)
    prior = Blind(schema)
    rng = np.random.default_rng(2)
    told = attack.Told.of(prior, rng.integers(-99, 100, (2, 9)), prior.tree_rows(12, SEED))
    monkeypatch.setattr(CHOSEN, "can_reduce_blocks", lambda: False)
    name, guess, baseline = attack.strongest(told)
    assert (name, baseline) == ("rounding off", None)
    assert np.array_equal(guess.levels, attack.rounding_off(told).levels)
    monkeypatch.setattr(CHOSEN, "can_reduce_blocks", lambda: True)
    monkeypatch.setattr(CHOSEN, "likeliest", lambda one: ("reduced", one))
    expected: Any = ("likeliest", ("reduced", told), None)
    assert attack.strongest(told) == expected


@pytest.mark.parametrize(("columns", "enumerated"), [(3, True), (4, False)])
def test_private_records_are_enumerated_while_they_are_few(
    columns: int, enumerated: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(CHOSEN, "MOST_RECORDS", 8**3)
    schema = Schema({f"c{i}": number(0, 7, step=1) for i in range(columns)} | {"p": number(0, 9, step=1, public=True)})
    prior = Blind(schema)
    told = attack.Told.of(prior, [[*range(1, columns + 1), 5]], prior.tree_rows(5, SEED))
    name, _, baseline = attack.strongest(told)
    assert name == ("enumeration" if enumerated else "one score")
    assert baseline is not None, "tenths of the answers are counted by both"
