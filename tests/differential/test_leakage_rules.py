"""The rules for linear keys against their twin, request by request and rule by rule.

A few requests without the rules that draw rows; with --slow, PYFE_TWIN_REQUESTS of them (100 unless said otherwise)
with all rules. `python -m tests.reference.leakage` asks as many as there is time for, and goes on where it stopped.
"""

from __future__ import annotations

import os

import pytest

from tests.differential.leakage_answers import answered
from tests.reference.leakage.cases import Case
from tests.reference.leakage.compare import Difference, differences
from tests.reference.leakage.exchange import answer_to_json
from tests.reference.leakage.linear_requests import linear_case
from tests.reference.leakage.question import Question
from tests.reference.leakage.twin import RULES, evaluate

SEED = 22
DRAWING = ("5t", "6", "7")
ALL = int(os.environ.get("PYFE_TWIN_REQUESTS", "100"))


def disagreements(case: Case, without: tuple[str, ...] = ()) -> list[Difference]:
    """Of one request; what chance decides is none."""
    rules = {number: rule for number, rule in RULES.items() if number not in without}
    ours = answer_to_json(case, evaluate(Question(case.prior, case.issued, case.requested), rules=rules), {})
    return [one for one in differences(ours, answered(case, without)) if not one.near]


@pytest.mark.parametrize("at", range(20))
def test_pyfe_and_its_twin_agree_on_what_is_counted_exactly(at: int) -> None:
    assert disagreements(linear_case(SEED, at), DRAWING) == []


@pytest.mark.slow
@pytest.mark.parametrize("at", range(ALL))
def test_pyfe_and_its_twin_agree(at: int) -> None:
    assert disagreements(linear_case(SEED, at)) == []
