"""The rules for linear keys against their twin, request by request and rule by rule.

What both know of the population agrees exactly. A few requests without the rules that draw rows; with --slow,
PYFE_TWIN_REQUESTS of them (100 unless said otherwise) with all rules, each side drawing rows of its own; where sampled
figures differ, both are drawn again (redrawn.py). `python -m tests.reference.leakage` asks as many as there is time
for, and goes on where it stopped.
"""

from __future__ import annotations

import os
from collections.abc import Set
from typing import Any

import numpy as np
import pytest

from pyfe.leakage import Reference
from tests.differential import leakage_answers
from tests.differential.leakage_answers import answered, question_of
from tests.differential.redrawn import SECRETS, Pair, confirmed
from tests.reference.leakage import copula, sampler
from tests.reference.leakage.cases import Case
from tests.reference.leakage.compare import SAMPLED, Difference, differences
from tests.reference.leakage.exchange import answer_to_json
from tests.reference.leakage.linear_requests import linear_case
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.question import FIRST, Question, Secret
from tests.reference.leakage.schema import Floats
from tests.reference.leakage.twin import RULES, evaluate

SEED = 22
DRAWING = tuple(SAMPLED)
ALL = int(os.environ.get("PYFE_TWIN_REQUESTS", "100"))
JUMPS, TREE_MATTERS, COPULA_MATTERS = 41, 12, 42
"""Requests whose figures of drawn rows jump, or depend much on what rows are drawn from."""


def answers(case: Case, without: tuple[str, ...] = (), secret: Secret = FIRST, *, decided: bool = True) -> Pair:
    """The twin's and pyfe's."""
    rules = {number: rule for number, rule in RULES.items() if number not in without}
    twin = evaluate(Question(case.prior, case.issued, case.requested, secret), rules=rules)
    return answer_to_json(case, twin, {}), answered(case, without, secret, decided=decided)


def disagreements(case: Case, without: tuple[str, ...] = ()) -> list[Difference]:
    """Of one request; what chance decides is none."""

    def again(rules: Set[str]) -> list[Pair]:
        others = tuple(rule for rule in RULES if rule not in rules)
        decided = any(one.rule == "all" for one in found)  # at public values of each one's own drawing
        secrets = [f" of secret {at}" for at in range(1, SECRETS + 1)]
        return [answers(case, others, Secret(one, one if decided else ""), decided=decided) for one in secrets]

    found = [one for one in differences(*answers(case, without)) if not one.near]
    return confirmed(found, again)


@pytest.mark.parametrize("at", range(20))
def test_pyfe_and_its_twin_agree_on_what_is_counted_exactly(at: int) -> None:
    assert disagreements(linear_case(SEED, at), DRAWING) == []


@pytest.mark.slow
@pytest.mark.parametrize("at", range(ALL))
def test_pyfe_and_its_twin_agree(at: int) -> None:
    assert disagreements(linear_case(SEED, at)) == []


# --- What is known of the population --------------------------------------------------------------------------------


def require_same_population(case: Case) -> None:
    """Marginals, classes, tree and its tables, copula: what rows are drawn from."""
    prior, theirs = case.prior, question_of(case).prior
    assert isinstance(theirs, Reference)
    blocks, kept = prior.blocks, theirs.kept
    for block, marginal, classes in zip(blocks, kept.marginals, kept.classes, strict=True):
        np.testing.assert_allclose(prior.marginals[block], marginal, atol=1e-12)
        assert prior.classes[block].tolist() == classes.tolist()
    edges = [(blocks[a], blocks[b]) for a, b in kept.edges]
    assert {tuple(sorted(edge)) for edge in edges} == {(a, b) for a, b, bits in prior.tree if bits > 0}
    for (a, b), table in zip(edges, kept.tables, strict=True):
        np.testing.assert_allclose(prior.joint(a, b), table, atol=1e-5)  # columns that decide each other scale slowly
    require_same_copula(prior, theirs)


def require_same_copula(prior: Prior, theirs: Reference) -> None:
    """Up to the sign of a category's scores: from its last level to its first one is as good."""
    orders, kept = [copula.order_of(prior, block) for block in prior.blocks], theirs.kept
    turned = [order.tolist() != one.tolist() for order, one in zip(orders, kept.orders, strict=True)]
    signs = np.where(turned, -1.0, 1.0)
    for order, one, turn in zip(orders, kept.orders, turned, strict=True):
        assert order[:: -1 if turn else 1].tolist() == one.tolist()
    np.testing.assert_allclose(copula.correlation(prior, orders) * np.outer(signs, signs), kept.scores, atol=1e-9)


@pytest.mark.parametrize("at", range(5))
def test_pyfe_and_its_twin_know_the_same_population(at: int) -> None:
    case = linear_case(SEED, at)
    if case.population is not None:
        require_same_population(case)


@pytest.mark.slow
def test_pyfe_and_its_twin_know_the_same_populations() -> None:
    for case in (linear_case(SEED, at) for at in range(ALL)):
        if case.population is not None:
            require_same_population(case)


# --- Planted faults are found, though both sides draw rows of their own -----------------------------------------------


def rules_that_differ(at: int) -> set[tuple[str, str]]:
    """(rule, figure) of what is drawn."""
    without = tuple(rule for rule in RULES if rule not in SAMPLED)
    return {(one.rule, one.figure) for one in disagreements(linear_case(SEED, at), without)}


@pytest.mark.slow
def test_rows_without_the_tree_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each column drawn by itself."""

    def alone(prior: Prior, parent: int, child: int) -> Floats:
        return np.tile(prior.class_shares(child), (len(prior.class_shares(parent)), 1))

    monkeypatch.setattr(sampler, "_given", alone)
    assert any(rule == "5t" for rule, _ in rules_that_differ(TREE_MATTERS))


@pytest.mark.slow
def test_rows_of_plain_correlations_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores of levels as if they were what was cut into levels."""
    monkeypatch.setattr(copula, "LEAST_SPREAD", 1.0)
    assert ("6", "certain") in rules_that_differ(COPULA_MATTERS)


@pytest.mark.slow
def test_a_figure_that_jumps_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sure` of this request falls to 0.10 or to 0.17 by chance; a wrong gain beside it stands."""
    plain = leakage_answers.excesses

    def higher(*arguments: Any) -> dict[str, float]:
        found = plain(*arguments)
        return found | {"gain": found["gain"] + 0.04}

    monkeypatch.setattr(leakage_answers, "excesses", higher)
    found = rules_that_differ(JUMPS)
    assert ("5t", "gain") in found and ("5t", "sure") not in found
