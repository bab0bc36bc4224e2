"""Keys that are built to read columns are refused, each by the rule that is there for it, and by it alone."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd
import pytest

from pyfe.leakage import RULES, Reference, judged
from pyfe.schema import Schema, category, number
from tests.unit.hostile_keys import Attack, answers, dense, numbers, question_of, refusing, rules_without

CD4 = {"cd4": number(0, 255, step=1, protected=True)}
WARDS = {f"ward{i}": category(list("abcd")) for i in range(3)}
DISTINCT = {6: [11, 17, 20, 22, 23, 24], 7: [20, 31, 37, 40, 42, 43, 44]}
"""Weights all of whose sums differ, as small and as alike as they can be (Conway and Guy)."""
ODD_ONES = [31, 37, 43, 57, 59, 61, 62]
"""The same, but that no number from 2 to 16 divides two of them."""


def times(factor: int, count: int, seed: int, widest: int = 30) -> list[int]:
    """Multiples of one number."""
    return [factor * v for v in dense(count, widest, seed)]


def plus(row: list[int], added: list[int]) -> list[int]:
    return [a + b for a, b in zip(row, added + [0] * len(row), strict=False)]


def mixed(one: list[int], two: list[int], a: int, b: int) -> list[int]:
    return [a * x + b * y for x, y in zip(one, two, strict=True)]


def padded(row: list[int], size: int) -> list[int]:
    return row + [0] * (size - len(row))


def modulo(number_: int, special: list[int], coefficients: list[int], size: int, seed: int) -> list[list[int]]:
    """Rows that look like any: the first one and multiples of the others sum to ``special`` modulo a number."""
    half = number_ // 2
    others = np.random.default_rng(seed).integers(-half, half + 1, (len(coefficients), size))
    first = np.array(padded(special, size)) - np.array(coefficients) @ others
    return [((first + half) % number_ - half).tolist(), *others.tolist()]


def centred(row: list[int], used: int, seed: int, widest: int = 1) -> list[list[int]]:
    """Two rows, of which twice the first and the second are ``row``: as a basis they are as short as can be."""
    away = np.array([0] * used + dense(len(row) - used, widest, seed))
    first = np.array(row) // 2 + away
    return [first.tolist(), (np.array(row) - 2 * first).tolist()]


def summed(weight: int, size: int, rows: int, seed: int) -> list[list[int]]:
    """Rows whose sum is so much of the first column, and 1 or -1 of three others."""
    random = np.random.default_rng(seed)
    others = random.integers(-2, 3, (rows - 1, size - 1))
    dust = np.zeros(size - 1, dtype=np.int64)
    dust[random.permutation(size - 1)[:3]] = random.choice([-1, 1], 3)
    parts = [weight // rows] * (rows - 1)
    last = [weight - sum(parts), *(dust - others.sum(axis=0)).tolist()]
    return [*([part, *row.tolist()] for part, row in zip(parts, others, strict=True)), last]


# ---------------------------------------------------------------------------------------------------------------
# Populations that an authority knows


@lru_cache(maxsize=1)
def people() -> Reference:
    """1,500 people: x1 follows x0, total is a + b + c, the role decides the department; weight and site are public, and
    the private dose and unit are the same; answers are independent."""
    random = np.random.default_rng(7)
    size = 1500
    x = np.clip(np.rint(random.normal(128, 40, size)), 0, 255)
    parts = random.integers(0, 64, (size, 3))
    role = random.integers(0, 9, size)
    weight = np.clip(np.rint(random.normal(30, 10, size)), 0, 63)
    rare = random.random(size) < 0.004
    site = random.integers(0, 8, size)
    table = {
        "x0": x,
        "x1": np.clip(x + random.integers(-1, 2, size), 0, 255),
        "a": parts[:, 0],
        "b": parts[:, 1],
        "c": parts[:, 2],
        "total": parts.sum(axis=1),
        "role": [f"role {r}" for r in role],
        "department": [f"department {r % 3}" for r in role],
        "weight": weight,
        "dose": weight,
        "rare": np.where(rare, "yes", "no"),
        "site": site,
        "unit": site,
    }
    table |= {f"q{i}": np.where(random.random(size) < 0.5, "yes", "no") for i in range(8)}
    table |= {f"y{i}": random.integers(0, 32, size) for i in range(8)}
    return Reference.from_table(pd.DataFrame(table), Schema(PEOPLE))


PEOPLE = {
    "x0": number(0, 255, step=1),
    "x1": number(0, 255, step=1),
    **{name: number(0, 63, step=1) for name in "abc"},
    "total": number(0, 189, step=1),
    "role": category([f"role {r}" for r in range(9)]),
    "department": category([f"department {d}" for d in range(3)]),
    "weight": number(0, 63, step=1, public=True),
    "dose": number(0, 63, step=1),
    "rare": category(["no", "yes"]),
    "site": number(0, 7, step=1, public=True),
    "unit": number(0, 7, step=1),
    **answers(8),
    **numbers(8, 32, "y"),
}
PLACES = {name: place for place, name in enumerate(
    ["x0", "x1", "a", "b", "c", "total", *(f"role {r}" for r in range(9)), *(f"department {d}" for d in range(3)),
     "weight", "dose", "rare", "site", "unit", *(f"q{i}" for i in range(8)), *(f"y{i}" for i in range(8))]
)}  # fmt: skip


def of_people(**weights: int) -> list[int]:
    """A row on :data:`PEOPLE`; "role_3" is a level."""
    row = [0] * len(PLACES)
    for name, weight in weights.items():
        row[PLACES[name.replace("_", " ")]] = weight
    return row


def all_even() -> list[int]:
    """2 or -2 on every number y and every answer."""
    places = [*(f"y{i}" for i in range(8)), *(f"q{i}" for i in range(8))]
    return of_people(**dict(zip(places, times(2, len(places), 31, 1), strict=True)))


FIRST = dense(37, 8, 11)
ODD_PAIR = [1, *[2 * v for v in np.random.default_rng(12).integers(-1, 2, 36).tolist()]]
LEADING = padded([0, 0, 0, 20, 0, 2, 0, -3], 37)
MARKED = {name: category(["no", "yes"], protected=True) for name in ("hiv", "hbv")}

ATTACKS = [
    Attack("parity", "of a protected number", CD4 | numbers(20), [[1, *times(2, 20, 1)]], ("2m",)),
    Attack("parity", "of two numbers, one protected", CD4 | numbers(20), [[1, 3, *times(2, 19, 2)]], ("2m",)),
    Attack("parity", "of two answers together", answers(2) | numbers(20), [[1, 1, *times(2, 20, 3)]], ("2m",)),
    Attack("parity", "of a rare answer", PEOPLE, [plus(all_even(), of_people(rare=1))], ("2m",), reference=people),
    Attack(
        "residue",
        "12 levels modulo 3",
        {"stage": number(0, 11, step=1)} | numbers(20),
        [[1, *times(3, 20, 4)]],
        ("2m",),
    ),
    Attack(
        "residue",
        "16 levels modulo 3",
        {"stage": number(0, 15, step=1)} | numbers(20),
        [[2, *times(3, 20, 5)]],
        ("2m",),
    ),
    Attack(
        "residue",
        "20 levels modulo 4",
        {"stage": number(0, 19, step=1)} | numbers(20),
        [[1, *times(4, 20, 6)]],
        ("2m",),
    ),
    Attack("residue", "a protected number modulo 7", CD4 | numbers(20), [[5, *times(7, 20, 7, 9)]], ("2m",)),
    Attack(
        "combination",
        "two protected answers in two scores modulo 17",
        MARKED | numbers(28, 32),
        modulo(17, [1, 3], [3], 30, 7),
        ("2m",),
    ),
    Attack(
        "combination",
        "five answers in two scores modulo 37",
        answers(5) | numbers(26, 16),
        modulo(37, [1, 2, 4, 8, 16], [5], 31, 3),
        ("2m",),
    ),
    Attack(
        "combination",
        "eight answers in two scores modulo 257",
        answers(8) | numbers(26, 16),
        modulo(257, [1, 2, 4, 8, 16, 32, 64, 128], [5], 34, 3),
        ("2m",),
    ),
    Attack(
        "combination",
        "two answers in five scores modulo 11",
        answers(2) | numbers(40, 8),
        modulo(11, [1, 3], [3, 4, 5, 2], 42, 3),
        ("2m",),
    ),
    Attack(
        "combination",
        "a later key is what two answers miss modulo 19",
        answers(2) | numbers(40, 32),
        modulo(19, [1, 3], [4], 42, 3)[:1],
        ("2m",),
        modulo(19, [1, 3], [4], 42, 3)[1:],
    ),
    Attack(
        "combination",
        "a number and dust in twice one score and another",
        numbers(31, 32),
        centred(padded([40, 3, 2, -3, 1], 31), 5, 2, 2),
        ("2e",),
    ),
    Attack("carry", "three digits that overlap", numbers(24), [padded([1, 7, 40], 24)], ("2e",)),
    Attack("carry", "one column far above 23 others", numbers(24), [[42, *dense(23, 2, 8)]], ("2e",)),
    Attack("carry", "one column above four", numbers(24), [padded([16, 3, -3, 2, 1], 24)], ("2e",)),
    Attack("pair", "odd at a protected number", CD4 | numbers(36), [plus(FIRST, ODD_PAIR)], ("2m",), [FIRST]),
    Attack("pair", "a difference of one column and dust", numbers(37), [plus(FIRST, LEADING)], ("2e",), [FIRST]),
    Attack(
        "pair", "a difference whose sums all differ", answers(7) | numbers(30), [plus(FIRST, ODD_ONES)], ("5",), [FIRST]
    ),
    Attack(
        "bad basis",
        "of a pair odd at a protected number",
        CD4 | numbers(36),
        [mixed(FIRST, plus(FIRST, ODD_PAIR), 89, 55), mixed(FIRST, plus(FIRST, ODD_PAIR), 144, 89)],
        ("2m",),
    ),
    Attack(
        "bad basis",
        "sum and difference with one column and dust",
        numbers(37),
        [mixed(FIRST, LEADING, 1, -1)],
        ("2e",),
        [mixed(FIRST, LEADING, 1, 1)],
    ),
    Attack(
        "bad basis",
        "of a difference whose sums all differ",
        answers(7) | numbers(30),
        [mixed(FIRST, plus(FIRST, ODD_ONES), 5, 3), mixed(FIRST, plus(FIRST, ODD_ONES), 8, 5)],
        ("5",),
    ),
    Attack("super-increasing", "7 of 23 answers", answers(23), [padded(DISTINCT[7], 23)], ("5",)),
    Attack("super-increasing", "6 of 20 answers", answers(20), [padded(DISTINCT[6], 20)], ("5",)),
    Attack("super-increasing", "7 of 24 answers, odd ones", answers(24), [padded(ODD_ONES, 24)], ("5",)),
    Attack(
        "one-hot",
        "odd at one of 12 levels",
        {"ward": category([f"ward {i}" for i in range(12)])} | numbers(20),
        [[1, *times(2, 31, 9)]],
        ("2m",),
    ),
    Attack(
        "one-hot",
        "a column of levels far above the rest",
        {"ward": category(list("abcdefghij"))} | numbers(20),
        [[*range(0, 33000, 3300), *dense(20, 9, 10)]],
        ("2e",),
    ),
    Attack(
        "one-hot",
        "three columns whose sums all differ",
        WARDS | numbers(5),
        [padded([0, 3, 29, 32, 0, 4, 55, 59, 0, 2, 10, 44], 17)],
        ("5",),
    ),
    Attack("few values", "one answer above three", answers(24), [padded([8, 1, 1, 1], 24)], ("2e",)),
    Attack("few values", "one answer above two", answers(24), [padded([7, 1, 1], 24)], ("2e",)),
    Attack(
        "few values",
        "three levels above two answers",
        {"s": number(0, 2, step=1)} | answers(23),
        [padded([5, 1, 1], 24)],
        ("2e",),
    ),
    Attack(
        "dependent",
        "a column less its double",
        PEOPLE,
        [of_people(x0=3, x1=-3, y0=4, y1=1, y2=1)],
        ("2e",),
        reference=people,
    ),
    Attack(
        "dependent",
        "a total less its parts",
        PEOPLE,
        [of_people(total=3, a=-3, b=-3, c=-3, y0=4, y1=1, y2=1)],
        ("2e",),
        reference=people,
    ),
    Attack(
        "dependent",
        "a department less that of the role",
        PEOPLE,
        [
            plus(
                of_people(department_1=20, department_2=40, y0=6, y1=1),
                of_people(**{f"role_{r}": -20 * (r % 3) for r in range(9)}),
            )
        ],
        ("2e",),
        reference=people,
    ),
    Attack(
        "gate",
        "a double of a public column hides a number",
        PEOPLE,
        [of_people(dose=2, y0=4, y1=1)],
        ("2e",),
        reference=people,
    ),
    Attack(
        "gate",
        "a double of a public column hides another",
        PEOPLE,
        [of_people(dose=3, y2=5, y3=1, y4=1)],
        ("2e",),
        reference=people,
    ),
    Attack(
        "gate",
        "what every site has hides a number",
        PEOPLE,
        [of_people(unit=9, y5=4, y6=1)],
        ("2e",),
        reference=people,
    ),
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda one: one.id)
def test_a_hostile_key_is_refused_by_the_rule_that_is_there_for_it_alone(attack: Attack) -> None:
    question = question_of(attack)
    assert refusing(question) == attack.rules
    (number_,) = attack.rules
    assert {one.rule for one in judged(question, RULES)} == {number_}
    assert judged(question, rules_without(number_)) == []


TWICE_REFUSED = [
    Attack("combination", "a number in the sum of three", numbers(24, 16), summed(16, 24, 3, 3), ("2e", "5")),
    Attack("combination", "a number in the sum of four", numbers(40, 8), summed(16, 40, 4, 2), ("2e", "5")),
    *(
        Attack(
            "combination",
            f"sums all differ in twice one score and another, {widest}",
            answers(7) | numbers(30, 32),
            centred(padded(ODD_ONES, 37), 7, 30 + widest, widest),
            ("2m", "5"),
        )
        for widest in (1, 2, 3)
    ),
]


@pytest.mark.parametrize("attack", TWICE_REFUSED, ids=lambda one: one.id)
def test_what_scores_hide_together_is_refused_for_what_it_is_and_for_what_it_says(attack: Attack) -> None:
    """The combination is looked at by rules that know how it is made, and counted: by either it is refused."""
    question = question_of(attack)
    assert refusing(question) == attack.rules
    for number_ in attack.rules:
        others = [one for one in attack.rules if one != number_]
        assert {one.rule for one in judged(question, rules_without(number_))} == set(others)
