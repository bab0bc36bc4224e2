"""Rule 5t for forms: what answers say about every private column, in drawn rows, public columns known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from pyfe.arrays import BoolArray, IntArray
from pyfe.leakage.counts import FEW, Counted, tenths_of
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.exact import uncountable
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion, Name
from pyfe.leakage.form_rules.values import numbered
from pyfe.leakage.rules.excess import COARSER, worst_excess
from pyfe.leakage.rules.question import MOST_PAIRED

__all__ = ["sampled"]


def sampled(question: FormQuestion) -> list[Finding]:
    """Rule 5t: each row of Z, sums and differences of two up to rank 4, and all answers together, linear keys too: what
    they make certain and how well they let a class be guessed, above their tenths, guessed from one half of the rows
    and judged on the other.

    Means over the drawn public values are held to ``limits.excess_forms``; the excess at any single one, those with a
    column at its least or greatest level included, to ``limits.excess_at_one``. Answers with too few neighbours for
    more than ``limits.thin`` of the rows are too fine to count, and are refused; of a protected column, what is too
    fine to count is taken as told: rows of a class that is not the commonest, of which more are behind such answers
    than by chance, count as certain. (A product with a rare answer makes the results of its rows as fine as whoever
    asks likes, and leaves others coarse.)
    A blind prior draws uniform rows.
    """
    found: dict[Name, list[Counted]] = {}
    for one in question.everywhere:
        for name, counted in _counted(question, one):
            refused = _at_one(question, counted)
            if refused:
                return refused
            if one.drawn:
                found.setdefault(name, []).append(counted)
    drawn = sum(one.drawn for one in question.everywhere)
    for counts in found.values():
        mean = Counted.mean([*counts, *[_nothing(question)] * (drawn - len(counts))])
        refused = worst_excess(question, question.private, mean, question.limits.excess_forms, "5t", "its answers")
        if refused:
            return refused
    return []


def _counted(question: FormQuestion, one: AtPublic) -> Iterator[tuple[Name, Counted]]:
    """Of each combination at one value of the public columns, and of all answers together, what it says."""
    rows, certain, tenths = one.rows.drawn, question.limits.certain, dict[Name, IntArray]()
    for name, row in one.keys.combined(MOST_PAIRED).items():
        lifted = one.keys.lifted(row)
        tenths[name] = tenths_of(question.whole(one, name, lifted), question.cuts(lifted))
        answers = [one.combined(name)]
        yield name, _with_the_thin(question, one, answers, rows.counted(answers, [tenths[name]], certain))
    if question.most_keys > 1 and len(one.answers):
        own = [tenths[name] for name in tenths if len(name) == 1]
        answers = list(one.answers)
        yield (), _with_the_thin(question, one, answers, rows.counted(answers, own, certain))


def _with_the_thin(question: FormQuestion, one: AtPublic, answers: Sequence[IntArray], counted: Counted) -> Counted:
    """The count, with rows of protected columns behind answers that are too fine to count."""
    private = question.private
    if not counted.thin or not question.blocks.protected[list(private)].any():
        return counted
    groups, half = numbered(answers), len(one.rows.levels) // 2
    thin = np.bincount(groups[:half], minlength=int(groups.max()) + 1)[groups[half:]] < FEW
    untold = [_beyond_chance(question, one, block, thin) for block in private]
    return replace(counted, rare=counted.rare + np.array(untold))


def _beyond_chance(question: FormQuestion, one: AtPublic, block: int, rows: BoolArray) -> float:
    """Among some of the second half's rows, those of a protected column's class that are there beyond what its
    frequency puts there, ``(P(rows, c) - P(rows) P(c)) / (1 - P(c))``: the largest share of all classes but the
    commonest. Nothing for other columns."""
    if not question.blocks.protected[block]:
        return 0.0
    classes = question.prior.classes[block][one.rows.levels[:, block]]
    share = np.bincount(classes) / len(classes)
    inside = np.bincount(classes[-len(rows) :][rows], minlength=len(share)) / len(rows)
    others = np.flatnonzero((np.arange(len(share)) != share.argmax()) & (share > 0))
    beyond = (inside - rows.mean() * share)[others] / (1 - share[others])
    return float(beyond.max(initial=0.0))


def _at_one(question: FormQuestion, counted: Counted) -> list[Finding]:
    """What refuses at a single value of the public columns."""
    limits = question.limits
    if counted.thin > limits.thin:
        note = f"{100 * counted.thin:.0f} % of the rows have answers that hardly any other has"
        return [uncountable("5t", counted.thin, limits.thin, note)]
    excess = np.maximum(counted.excess_sure, counted.excess_gain)
    worst = int(excess.argmax())
    if excess[worst] <= limits.excess_at_one:
        return []
    figure, names = float(excess[worst]), question.names([question.private[worst]])
    kind = "certain" if counted.excess_sure[worst] == excess[worst] else "guessed"
    where = ", at some value of the public columns" if question.blocks.public.any() else ""
    much = f"{100 * figure:.0f} % of the rows more" if kind == "certain" else f"{100 * figure:.0f} points more often"
    note = f"by its answers{where}: {much} than by the tenth they lie in"
    return [Finding(kind, names, rule="5t", figure=figure, limit=limits.excess_at_one, note=note, advice=COARSER)]


def _nothing(question: FormQuestion) -> Counted:
    """Where a public value takes a combination away."""
    none = np.zeros(len(question.private))
    return Counted(none, none, none, none, none)
