"""Rule 5t for forms without a reference: what answers say of a protected column to who knows one other column."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from pyfe.arrays import IntArray
from pyfe.leakage.counts import Counted, Drawn
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.question import AtPublic, FormQuestion
from pyfe.leakage.rules.excess import COARSER
from pyfe.leakage.rules.question import MOST_PAIRED

__all__ = ["one_known"]


def one_known(question: FormQuestion) -> list[Finding]:
    """Without a reference rows are uniform, and ``x + y - 2 x y`` says nothing of x where every second row has y. Of
    patients, few may have it, and then it is x. So no column is taken for a mask: of every answer, in rows where a
    column that stands in a product with a protected one is in its lowest class, or in its highest, the best guess of
    the protected column is lifted by at most ``limits.protected_gain`` and ``limits.excess_forms`` together, and a
    class other than the commonest certain for at most ``limits.excess_forms`` of these rows: more than where nothing
    is known, since one column is.

    A reference knows how frequent y is. Two columns and more that are rare together are not looked at.
    """
    if not question.prior.blind:
        return []
    first = {id(one.keys): one for one in reversed(question.everywhere)}
    return next((found for one in first.values() for found in _at(question, one)), [])


def _at(question: FormQuestion, one: AtPublic) -> Iterator[list[Finding]]:
    blocks, protected = question.blocks, [b for b in question.private if question.blocks.protected[b]]
    for block in protected:
        masks = sorted({b for owners in one.keys.owners if block in owners for b in owners} - {block})
        for name in one.keys.combined(MOST_PAIRED):
            for mask in masks:
                for counted in _in_the_end_classes(question, one, block, mask, one.combined(name)):
                    if found := _judged(question, block, blocks.names[mask], counted):
                        yield found


def _in_the_end_classes(
    question: FormQuestion, one: AtPublic, block: int, mask: int, answers: IntArray
) -> Iterator[Counted]:
    levels, classes = one.rows.levels, question.prior.classes
    of_mask = classes[mask][levels[:, mask]]
    for end in (0, int(classes[mask].max())):
        rows = np.flatnonzero(of_mask == end)
        own = answers[rows]
        yield Drawn(levels[rows], [block], [classes[block]]).counted([own], [own], question.limits.certain)


def _judged(question: FormQuestion, block: int, mask: str, counted: Counted) -> list[Finding]:
    limits, names = question.limits, question.names([block])
    for kind, figure, limit in (
        ("guessed", float(counted.gain[0]), limits.protected_gain + limits.excess_forms),
        ("certain", float(counted.rare[0]), limits.excess_forms),
    ):
        if figure > limit:
            note = f"by its answers, {100 * figure:.0f} % where {mask!r} is in an end class, as it may be for most"
            advice = f"{COARSER}, or give the authority a reference of the population"
            return [Finding(kind, names, rule="5t", figure=figure, limit=limit, note=note, advice=advice)]
    return []
