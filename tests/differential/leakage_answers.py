"""pyfe's answers to the requests of the leakage twin, every rule evaluated whatever the others say.

    python -m tests.differential.leakage_answers FOLDER     # requests.jsonl -> pyfe.jsonl; goes on where it stopped
    python -m tests.reference.leakage compare FOLDER FOLDER/pyfe.jsonl

The verdicts are those of the rules themselves, the figures of what they count with; linear requests only. Of several
scores the combinations are those of the text alone: what pyfe looks at besides only adds refusals.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import pandas as pd

from pyfe.arrays import IntArray
from pyfe.leakage import Blind, Finding, LinearAccount, Prior, Question, Reference, judged
from pyfe.leakage.counts import Counted
from pyfe.leakage.rules import RULES
from pyfe.leakage.rules.correlation import increases
from pyfe.leakage.rules.covariance import covariance_of
from pyfe.leakage.rules.joint import told as told_together
from pyfe.leakage.rules.kernel import is_asked
from pyfe.leakage.rules.least_squares import opened
from pyfe.leakage.rules.residues import Residue
from pyfe.leakage.rules.rounding_off import success
from pyfe.leakage.rules.sampled import judged_by
from pyfe.leakage.rules.sampled import told as told_in_rows
from pyfe.leakage.rules.shape import shape
from pyfe.leakage.rules.support import explained
from pyfe.leakage.rules.variables import score_of, told_by
from pyfe.schema import Column, Number, Schema, category
from tests.leakage_rules import NUMBERS
from tests.reference.leakage.cases import Case
from tests.reference.leakage.exchange import read_answers, read_cases
from tests.reference.leakage.question import FIRST, Secret
from tests.reference.leakage.question import Question as TwinQuestion
from tests.reference.leakage.sampled import DRAWN
from tests.reference.leakage.sampler import extremes, public_vectors
from tests.reference.leakage.schema import Column as Plain

__all__ = ["answered"]

ANSWERS = "pyfe.jsonl"
PASSES, REFUSES, OUTSIDE = "passes", "refuses", "outside"

Figures = dict[str, float]


def column(one: Plain) -> Column:
    """The same column in pyfe."""
    if one.category:
        return category(list(one.values), public=one.public, protected=one.protected)
    top = one.low + one.step * (one.size - 1)
    return Number(lo=one.low, hi=top, steps=one.size - 1, public=one.public, protected=one.protected)


@lru_cache(maxsize=8)
def prior_of(columns: tuple[Plain, ...], cells: tuple[tuple[Any, ...], ...] | None) -> Prior:
    """What pyfe knows of the case's population."""
    schema = Schema({one.name: column(one) for one in columns})
    if cells is None:
        return Blind(schema)
    table = pd.DataFrame({one.name: list(raw) for one, raw in zip(columns, cells, strict=True)})
    return Reference.from_table(table, schema)


class AsWritten(Question):
    """Rows of Z, sums and differences of two; no other combinations."""

    @property
    def hidden(self) -> list[Residue]:
        """None of them."""
        return []

    @property
    def singled_out(self) -> list[list[int]]:
        """None of them."""
        return []

    @property
    def small(self) -> list[list[int]]:
        """None of them."""
        return []

    @property
    def best_shares(self) -> dict[int, float]:
        """None of them."""
        return {}


def question_of(case: Case, secret: Secret = FIRST) -> Question:
    """What the rules look at; its draws depend on the secret of rows."""
    cells = tuple(map(tuple, case.population.cells)) if case.population else None
    prior = prior_of(case.schema.columns, cells)
    before = LinearAccount(prior.blocks.schema)
    if case.issued:
        before = before.with_rows(list(case.issued))
    after = before.with_rows(list(case.requested))
    drawn_with = sha256(secret.rows.encode()).digest() if secret.rows else bytes(32)
    return AsWritten(before, after, after.given[before.count :], prior, secret=drawn_with)


# ---------------------------------------------------------------------------------------------------------------
# Figures: what a rule says nothing of where it passes


def bits(question: Question) -> Figures:
    """Rule 4."""
    return {"I": question.information.bits, "H": question.prior.entropy_bits}


def shares_explained(question: Question) -> Figures:
    """Rule 2e."""
    found = list(explained(question, covariance_of(question.prior), question.combined()))
    few = [share for used, _, share in found if 2 * used < len(question.private)]
    dense = [share for used, _, share in found if 2 * used >= len(question.private)]
    return {"dense": max(dense, default=0.0), "narrow": max(few, default=0.0)}


def excesses(question: Question, counted: list[tuple[list[int], Counted]]) -> Figures:
    """Rules 5 and 5t."""
    every = [(block, one, at) for blocks, one in counted for at, block in enumerate(blocks)]
    marked = [entry for entry in every if question.blocks.protected[entry[0]]]
    return {
        "sure": max((float(one.excess_sure[at]) for _, one, at in every), default=0.0),
        "gain": max((float(one.excess_gain[at]) for _, one, at in every), default=0.0),
        "protected_other": max((float(one.rare[at]) for _, one, at in marked), default=0.0),
        "protected_sure": max((float(one.excess_sure[at]) for _, one, at in marked), default=0.0),
        "protected_gain": max((float(one.excess_gain[at]) for _, one, at in marked), default=0.0),
        "protected_absolute": max((float(one.gain[at]) for _, one, at in marked), default=0.0),
    }


def counted_exactly(question: Question) -> Figures:
    """Rule 5; no figures of what is too fine."""
    scores = [score_of(question, row) for row in question.combinations]
    if not all(score.countable for _, score in scores):
        return {}
    return excesses(question, [(used, told_by(question, used, score)) for used, score in scores])


def counted_in_rows(question: Question, case: Case, secret: Secret = FIRST) -> tuple[list[Finding], Figures]:
    """Rule 5t, at the public values that the twin draws with the same secret: which ones they are moves figures more
    than all else. Rows are of each one's own drawing."""
    twin = TwinQuestion(case.prior, case.issued, case.requested, secret)
    vectors = public_vectors(case.prior, DRAWN, twin.public_seed)
    drawn = [levels_of(case, vector) for vector in vectors]
    extreme = [levels_of(case, vector) for vector in extremes(case.prior, vectors[0])]
    found = told_in_rows(question, drawn, extreme)
    figures = excesses(question, [(list(question.private), one) for one in found])
    return judged_by(question, found), figures | {"fine": max(one.thin for one in found)}


def levels_of(case: Case, vector: Mapping[int, int]) -> IntArray | None:
    """Public levels in the order of the columns."""
    return np.array([vector[block] for block in case.schema.public], dtype=np.int64) if case.schema.public else None


def named(question: Question) -> Figures:
    """Rule 6."""
    records, certain = told_together(question)
    return {"records": records, "certain": float(certain.max())}


def attacked(question: Question) -> Figures:
    """Rule 7."""
    return {"babai": success(question), "opened": opened(question)}


def increase(question: Question) -> Figures:
    """Rule 8."""
    marked = [block for block in question.private if question.blocks.protected[block]]
    return {"increase": max((figure for block in marked for figure in increases(question, block)), default=0.0)}


FIGURES: Mapping[str, Callable[[Question], Figures]] = {
    "2e": shares_explained, "4": bits, "5": counted_exactly, "6": named, "7": attacked, "8": increase,
}  # fmt: skip


def is_inside(question: Question, rule: str) -> bool:
    """Whether the question lies in the range of a rule."""
    blind = question.prior.blind
    if rule == "5t":
        return not blind
    if rule == "6":
        return question.rank > 1 and question.information.bits <= question.limits.counted_bits
    if rule == "7":
        return is_asked(question)
    return rule != "8" or (not blind and any(question.blocks.protected[block] for block in question.private))


# ---------------------------------------------------------------------------------------------------------------
# Answers


def verdicts(
    question: Question, case: Case, seconds: dict[str, float], without: Collection[str], secret: Secret
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rule -> verdict, figures, names."""
    for number in dict.fromkeys(NUMBERS.values()):
        if number in without:
            continue
        if not is_inside(question, number):
            yield number, {"verdict": OUTSIDE, "figures": {}, "names": []}
            continue
        start = process_time()
        if number == "5t":
            found, figures = counted_in_rows(question, case, secret)
        else:
            rules = [rule for rule in RULES if NUMBERS[rule.__name__] == number]
            found = [finding for rule in rules for finding in rule(question) if finding.refuses]
            figures = FIGURES[number](question) if number in FIGURES else {}
        seconds[number] = round(process_time() - start, 3)
        names = sorted({name for finding in found for name in finding.names})
        yield number, {"verdict": REFUSES if found else PASSES, "figures": figures, "names": names}


def decision(question: Question, without: Collection[str]) -> str:
    """As the twin puts it: "free", "issued", or the rule that refuses."""
    found = judged(question, [rule for rule in RULES if NUMBERS[rule.__name__] not in without])
    if not found:
        return "issued"
    return found[0].rule if found[0].refuses else "free"


def answered(
    case: Case, without: Collection[str] = (), secret: Secret = FIRST, *, decided: bool = True
) -> dict[str, Any]:
    """One answer, as tests/reference/leakage/exchange.py has them. Some rules may be left out, and the rows drawn with
    another secret; what is not decided saves the time of it."""
    question, seconds = question_of(case, secret), dict[str, float]()
    first = shape(question)
    refused = any(finding.refuses for finding in first)
    entry = {"id": case.id, "kind": case.kind, "decision": decision(question, without) if decided else None}
    if refused or not question.rank:
        rule = {"verdict": REFUSES if refused else PASSES, "figures": {}}
        return entry | {"rank": 0, "Z": [], "seconds": {}, "rules": {"0": rule}}
    rules = dict(verdicts(question, case, seconds, without, secret))
    return entry | {"rank": question.rank, "Z": question.Z, "seconds": seconds, "rules": rules}


def main(folder: Path) -> None:
    """Answer what has no answer yet."""
    path = folder / ANSWERS
    done = read_answers(path) if path.exists() else {}
    with path.open("a") as lines:
        for case in read_cases(folder):
            if case.id not in done and not case.requested_forms:
                lines.write(json.dumps(answered(case)) + "\n")
                lines.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
