"""Keys that are built to read columns, as data: who asks for what, and which rules have something against it.

Each attack names all rules that refuse it by themselves; where that is one rule, nothing else stands in its way.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from pyfe.leakage import RULES, Blind, LinearAccount, Prior, Question, Reference
from pyfe.leakage.rules import Rule
from pyfe.schema import Schema, category, number
from tests.leakage_rules import NUMBERS

__all__ = ["Attack", "answers", "dense", "numbers", "question_of", "refusing", "rules_without"]

Row = list[int]


@dataclass(frozen=True)
class Attack:
    """A request for ``requested``, beside ``issued``; ``rules``: the numbers of all rules that refuse it.
    ``reference`` gives what the authority knows of its population; None is a blind one."""

    kind: str
    name: str
    columns: dict[str, Any]
    requested: list[Row]
    rules: tuple[str, ...]
    issued: list[Row] = field(default_factory=list)
    reference: Callable[[], Reference] | None = None

    @property
    def id(self) -> str:
        """For the list of tests."""
        return f"{self.kind}: {self.name}"


def question_of(attack: Attack) -> Question:
    """What the rules look at."""
    prior: Prior = Blind(Schema(attack.columns)) if attack.reference is None else attack.reference()
    before = LinearAccount(prior.blocks.schema)
    if attack.issued:
        before = before.with_rows(np.array(attack.issued))
    requested = np.array(attack.requested, dtype=np.int64)
    return Question(before, before.with_rows(requested), requested, prior)


def rules_without(*numbers: str) -> list[Rule]:
    """All rules but those of some numbers."""
    return [rule for rule in RULES if NUMBERS[rule.__name__] not in numbers]


def refusing(question: Question) -> tuple[str, ...]:
    """The numbers of all rules that refuse, in their order, each asked by itself."""
    found = [NUMBERS[rule.__name__] for rule in RULES if any(one.refuses for one in rule(question))]
    return tuple(dict.fromkeys(found))


# ---------------------------------------------------------------------------------------------------------------
# Columns and weights


def numbers(count: int, levels: int = 256, name: str = "x") -> dict[str, Any]:
    """So many numbers."""
    return {f"{name}{i}": number(0, levels - 1, step=1) for i in range(count)}


def answers(count: int, name: str = "q") -> dict[str, Any]:
    """So many columns of yes and no."""
    return {f"{name}{i}": category(["no", "yes"]) for i in range(count)}


def dense(count: int, widest: int, seed: int) -> Row:
    """Weights from -widest to widest, none of them 0."""
    random = np.random.default_rng(seed)
    return [int(v) for v in random.integers(1, widest + 1, count) * random.choice([-1, 1], count)]
