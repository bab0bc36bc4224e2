"""The rules for forms beside the twin, which was written from their text alone: drawn requests, rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pyfe.forms import MatrixForms
from pyfe.leakage import Blind, Finding, FormQuestion, Limits, Prior, QuadraticAccount, Reference
from pyfe.leakage.form_rules.certain import certain
from pyfe.leakage.form_rules.exact import exact
from pyfe.leakage.form_rules.modulus import modulus
from pyfe.leakage.form_rules.rank import rank
from pyfe.leakage.form_rules.sampled import sampled
from pyfe.leakage.form_rules.structure import structure
from pyfe.leakage.form_rules.support import support
from pyfe.schema import Schema, category, number
from tests.reference.leakage import twin
from tests.reference.leakage.cases import Case
from tests.reference.leakage.compare import near_a_limit
from tests.reference.leakage.exchange import answer_to_json
from tests.reference.leakage.forms import Form
from tests.reference.leakage.quadratic import Quadratic
from tests.reference.leakage.quadratic_requests import quadratic_case

pytestmark = pytest.mark.slow

THREE = {"keys", "rank"}
"""Kinds of findings that are rule 3."""

RULES: dict[str, Sequence[Callable[[FormQuestion], list[Finding]]]] = {
    "2": (certain, structure),
    "2m": (modulus,),
    "2e": (support,),
    "3": (certain, rank),
    "5t": (exact, sampled),
}


def question_of(case: Case) -> FormQuestion:
    """The same schema, on its levels; and what is known of the population on these."""
    columns: dict[str, Any] = {}
    for one in case.schema.columns:
        marks: dict[str, Any] = {"public": one.public, "protected": one.protected}
        columns[one.name] = category(one.values, **marks) if one.category else number(0, one.size - 1, step=1, **marks)
    schema = Schema(columns)
    before = QuadraticAccount(schema)
    for form in case.issued_forms:
        before = before.with_forms(matrix(form))
    after = before
    for form in case.requested_forms:
        after = after.with_forms(matrix(form))
    return FormQuestion(before, after, prior_of(case, schema), Limits())


def prior_of(case: Case, schema: Schema) -> Prior:
    import pandas as pd

    if case.population is None:
        return Blind(schema)
    table = {
        one.name: list(raw) if one.category else one.levels(raw).astype(float)
        for one, raw in zip(case.schema.columns, case.population.cells, strict=True)
    }
    return Reference.from_table(pd.DataFrame(table), schema)


def matrix(form: Form) -> MatrixForms:
    F: npt.NDArray[np.int64] = np.zeros((len(form.weights) + 1,) * 2, dtype=np.int64)
    F[0, 1:] = form.weights
    for i, j, weight in form.products:
        F[i + 1, j + 1] += weight
    return MatrixForms.dense(F)


def refuses(question: FormQuestion, rule: str) -> bool:
    found = [one for function in RULES[rule] for one in function(question) if one.refuses]
    return any((one.kind in THREE) == (rule == "3") for one in found)


@pytest.mark.parametrize("at", range(24))
def test_rule_by_rule(at: int) -> None:
    """Verdicts, but for figures that are drawn and lie near their limit; Z where no value of a public column matters;
    and the bits. Of rule 2 we may refuse more: the twin takes no form apart."""
    case = quadratic_case(7, at)
    theirs = Quadratic(case.prior, case.issued_forms, case.requested_forms)
    if theirs.linear is not None or twin.FORMS["0"](theirs).word == "refuses":
        pytest.skip("linear keys, or nothing to say")
    answer = twin.evaluate_forms(theirs)
    rules = answer_to_json(case, answer, {})["rules"]
    ours = question_of(case)
    if not ours.gated:
        used = [[value for value in row if value] for row in ours.distinct[0].Z]
        assert used == [[value for value in row if value] for row in answer.Z]
    for rule in RULES:
        entry = rules[rule]
        if near_a_limit(rule, entry, forms=True):
            continue
        mine, other = refuses(ours, rule), entry["verdict"] == "refuses"
        assert mine == other or (rule == "2" and mine), (case.kind, rule, entry)
    assert ours.information.bits == pytest.approx(rules["4"]["figures"]["I"], abs=0.3)
