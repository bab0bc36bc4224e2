"""The twin's quadratic keys against brute force, its random requests, and the comparison of two files of answers."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from itertools import product
from math import log2
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.reference.leakage import joint, quadratic, quadratic_counts, quadratic_rules, sampled
from tests.reference.leakage.cases import Case
from tests.reference.leakage.compare import compare
from tests.reference.leakage.exchange import answer_to_json, read_answers, read_cases, write_cases
from tests.reference.leakage.forms import Form
from tests.reference.leakage.linear_requests import HONEST, HOSTILE, linear_case
from tests.reference.leakage.populations import TABLES, population, recipes
from tests.reference.leakage.prior import Prior
from tests.reference.leakage.quadratic import Quadratic
from tests.reference.leakage.quadratic_requests import quadratic_case
from tests.reference.leakage.question import REFUSES, Question
from tests.reference.leakage.schema import Column, Floats, Schema
from tests.reference.leakage.twin import evaluate, evaluate_forms

SCHEMA = Schema(
    (
        Column("age", 4, public=True),
        Column("ward", 3, True, values=("a", "b", "c")),
        Column("hiv", 2, protected=True),
        Column("a", 3),
        Column("b", 4),
    )
)


@pytest.fixture
def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows: what is counted matters less than that everything runs."""
    for module, name, value in (
        (sampled, "KEPT", 1 << 12),
        (quadratic_counts, "KEPT", 1 << 12),
        (quadratic_counts, "SUPPORT_ROWS", 1 << 11),
        (quadratic, "ROWS", 1 << 12),
        (quadratic, "DRAWN", 3),
        (joint, "ROWS", 1 << 12),
    ):
        monkeypatch.setattr(module, name, value)


def form(rng: np.random.Generator, n: int, products: int = 8) -> Form:
    places = {tuple(sorted(map(int, rng.integers(0, n, 2)))): int(rng.integers(-3, 4)) for _ in range(products)}
    weights = tuple(int(v) for v in rng.integers(-4, 5, n))
    return Form(weights, tuple((i, j, w) for (i, j), w in places.items()))


def everybody(age: int) -> np.ndarray[Any, np.dtype[np.int64]]:
    """All rows with one public level."""
    return np.array([(age, *row) for row in product(*(range(column.size) for column in SCHEMA.columns[1:]))])


def test_normal_form_says_what_the_form_says(rng: np.random.Generator) -> None:
    """Up to a constant, on every row, for every public level; and no other weights do."""
    question = Quadratic(Prior(SCHEMA), (), (form(rng, SCHEMA.n),))
    places = range(len(question.normal.monomials))
    for age in range(4):
        rows = everybody(age)
        values = quadratic_rules.monomial_values(question, rows, places)
        weights = np.array(question.normal.row(question.requested[0], {0: age}))
        off = question.requested[0].at(SCHEMA.coordinates(rows)) - values @ weights
        assert (off == off[0]).all()
    whole = np.c_[np.ones(len(values)), values]
    assert np.linalg.matrix_rank(whole.astype(np.float64)) == whole.shape[1]


def test_combinations_of_forms_are_those_of_their_normal_forms(rng: np.random.Generator) -> None:
    question = Quadratic(Prior(SCHEMA), (form(rng, SCHEMA.n),), (form(rng, SCHEMA.n),))
    one = question.at({0: 2})
    rows = everybody(2)
    whole = one.combine(question.values(rows))
    values = quadratic_rules.monomial_values(question, rows, range(len(question.normal.monomials)))
    for z, value in zip(one.combinations, whole.T, strict=True):
        said = values @ np.array(z)
        moved, scaled = value - value[0], said - said[0]
        assert (moved[:, None] * scaled[None, :] == scaled[:, None] * moved[None, :]).all()
        assert (moved != 0).any() == (scaled != 0).any()


def test_linear_keys_are_found_however_they_are_written() -> None:
    """Bits have no squares; the bits of a category no products, and a sum of 1."""
    prior = Prior(SCHEMA)
    bits = Form((0, 1, 2, 3, 0, 1, 2), ((4, 4, 5), (1, 2, 9), (2, 2, 1)))
    question = Quadratic(prior, (), (bits,)).linear
    assert question is not None
    assert question.projected == [[2, 2, 5, 1, 2]]
    assert Quadratic(prior, (), (Form((1,) * 7, ((0, 5, 1),)),)).linear is None
    assert Quadratic(prior, (), (Form((1,) * 7, ((5, 6, 1),)),)).linear is None
    public = Quadratic(prior, (), (Form((3, 0, 0, 0, 1, 1, 1), ((0, 0, 4),)),)).linear
    assert public is not None
    assert public.requested[0][0] == 3


def test_a_square_hides_no_parity(small: None) -> None:
    """3 x^2 + 3 x is even: the parity of the answer is that of the protected bit."""
    schema = Schema((Column("hiv", 2, protected=True), *(Column(f"x{at}", 4) for at in range(7))))
    squares = tuple((at, at, 3) for at in range(1, 8))
    question = Quadratic(Prior(schema), (), (Form((1, 3, 3, 3, 3, 3, 3, 3), squares),))
    found = quadratic_rules.moduli(question)
    assert found.word == REFUSES
    assert found.figures["own_settled"] == pytest.approx(1)
    assert found.names == ("hiv",)


def test_residues_of_products_are_exact(rng: np.random.Generator) -> None:
    """The residue modulo what other columns generate, against a count over everybody."""
    question = Quadratic(Prior(SCHEMA), (), (Form((0, 2, 4, 6, 1, 2, 2), ((4, 5, 1), (5, 6, 2))),))
    one = question.at({0: 0})
    joint_: dict[tuple[int, int], float] = defaultdict(float)
    for row in everybody(0):
        value = int(question.forms[0].at(SCHEMA.coordinates(row[None, :]))[0])
        joint_[value % 2, int(row[2])] += 1 / len(everybody(0))
    tops = [max(joint_[at, level] for level in range(2)) for at in range(2)]
    found = {told.block: told for told in quadratic_rules.own_residues(question, one)}
    assert found[2].lift == pytest.approx(sum(tops) - 0.5)


def test_entropy_of_a_form_is_counted(rng: np.random.Generator) -> None:
    question = Quadratic(Prior(SCHEMA), (), (form(rng, SCHEMA.n),))
    bits = []
    for public in question.drawn:
        values = Counter(question.forms[0].at(SCHEMA.coordinates(everybody(public[0]))).tolist())
        total = sum(values.values())
        bits.append(-sum(c / total * log2(c / total) for c in values.values()))
    assert quadratic_counts.budget(question).figures["I"] == pytest.approx(np.mean(bits), abs=0.02)


def test_explained_share_is_linear_or_by_class(rng: np.random.Generator) -> None:
    question = Quadratic(Prior(SCHEMA), (), (form(rng, SCHEMA.n),))
    rows = everybody(1)
    parabola: Floats = np.asarray((rows[:, 4] - 1.5) ** 2)
    line: Floats = np.asarray(rows[:, 4] * 3.0)
    assert quadratic_counts.explained(question, rows, parabola, 4) == pytest.approx(1)
    assert quadratic_counts.explained(question, rows, parabola, 3) == pytest.approx(0)
    assert quadratic_counts.explained(question, rows, line, 4) == pytest.approx(1)


def test_structure_of_forms(small: None) -> None:
    schema = Schema((Column("hiv", 2, protected=True), *(Column(f"x{at}", 4) for at in range(6))))
    product_alone = Form((0,) * 7, tuple((0, at, 1) for at in range(1, 7)))
    found = quadratic_rules.structures(Quadratic(Prior(schema), (), (product_alone,)))
    assert found.figures == {"on_few": 0, "on_protected": 1}
    two = Quadratic(Prior(schema), (Form((0, 1, 1, 1, 1, 1, 1), ((1, 2, 3),)),), (Form((0, 1, 1, 1, 1, 1, 1)),))
    assert quadratic_rules.structures(two).figures == {"on_few": 1, "on_protected": 0}


def test_forms_that_a_public_column_switches_off(small: None) -> None:
    """At age 0 nothing is said; the other values count."""
    gate = Form((0,) * 7, ((0, 4, 1), (0, 5, 3), (0, 6, 1)))
    answer = evaluate_forms(Quadratic(Prior(SCHEMA), (), (gate,)))
    assert answer.rank == 1
    assert [one.rule for one in answer.verdicts] == ["0", "1", "2", "2m", "2e", "3", "4", "5t"]


# --- Random requests ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", list(TABLES))
def test_populations_have_what_their_line_says(table: str) -> None:
    drawn = population(table, 0)
    text = TABLES[table][1].split()
    assert len(recipes(table)) * 2 == len(text)
    assert drawn == population(table, 0)
    assert drawn.cells != population(table, 1).cells
    assert all(len(cells) >= 100 and len(set(cells)) > 1 for cells in drawn.cells)


def test_every_kind_is_drawn_and_comes_back_from_json(tmp_path: Path) -> None:
    cases = [linear_case(3, at) for at in range(60)] + [quadratic_case(3, at) for at in range(40)]
    assert len({case.kind for case in cases}) > (len(HONEST) + len(HOSTILE)) * 0.9
    write_cases(tmp_path, cases)
    again = list(read_cases(tmp_path))
    assert [one.to_json() for one in again] == [one.to_json() for one in cases]
    for one, other in zip(again, cases, strict=True):
        assert one.prior.entropy_bits == other.prior.entropy_bits


# --- The comparison -------------------------------------------------------------------------------------------------


def answered(case: Case) -> dict[str, Any]:
    answer = evaluate(Question(case.prior, case.issued, case.requested))
    return json.loads(json.dumps(answer_to_json(case, answer, {})))  # type: ignore[no-any-return]


def test_disagreements_are_found_rule_by_rule(tmp_path: Path, small: None) -> None:
    case = Case("one", "test", False, SCHEMA, None, requested=([0, 1, 2, 3, 1, 1, 1],))
    entry = answered(case)
    (tmp_path / "answers.jsonl").write_text(json.dumps(entry) + "\n")
    ours = read_answers(tmp_path / "answers.jsonl")
    assert compare(ours, ours).disagreeing == []
    theirs = json.loads(json.dumps(ours))
    theirs["one"]["rules"]["4"]["figures"]["I"] += 0.06
    theirs["one"]["rules"]["2"]["verdict"] = "outside"
    theirs["one"]["rules"]["5"]["figures"]["gain"] += 1e-3
    del theirs["one"]["rules"]["2e"]
    report = compare(ours, theirs)
    assert [(one.rule, one.figure) for one in report.disagreeing] == [("2", "verdict"), ("4", "I"), ("5", "gain")]
    assert report.compared["2e"] == 0
    assert compare(ours, {}).missing == ["one"]


def test_a_sampled_figure_beside_its_limit_is_chance() -> None:
    limit = {"fine": 0.10}
    ours = {"5t": {"verdict": "passes", "figures": {"fine": 0.09}, "limits": limit}}
    theirs = {"5t": {"verdict": "refuses", "figures": {"fine": 0.11}, "limits": limit}}
    entries = [{"id": "a", "kind": "test", "rank": 1, "rules": rules} for rules in (ours, theirs)]
    report = compare({"a": entries[0]}, {"a": entries[1]})
    assert [one.near for one in report.found] == [True]
    assert report.disagreeing == []
    ours["5t"]["figures"]["fine"] = 0.01  # type: ignore[index]
    assert len(compare({"a": entries[0]}, {"a": entries[1]}).disagreeing) == 2
