"""The rules for linear keys, in their order: cheap ones first, and the first that refuses decides.

Each is a function of a :class:`Question`, in a file of its own, and gives the findings for which it refuses; only
"nothing new" ends the questions without a refusal. They look at everything that one patient's ciphertexts can meet, by
a basis that depends on no order and no basis of the keys (:mod:`pyfe.leakage.lattice`). Rules and thresholds are this
project's own, measured on real tables and not proved.

=====  ================  ====================================================================================
rule   function          refuses
=====  ================  ====================================================================================
0      shape             a score that is the same for every row
1      width             weights beyond 16 bits
2      structure         what is determined for certain: coordinates, protected columns, very few columns
3      room              more scores than any schema allows (the rest of rule 3 comes after 2e)
       countable         columns with too many levels to be counted
2m     modulus           a column that shows in a remainder
2e     support           a score that is, but for a little, one column
3      rank              more independent scores than the columns allow
4      budget            more than half of a row's bits, or a third where nothing is known of the population
5      variables         what a score says of a column by more than its meaning, columns independent
5t     sampled           the same in rows whose columns depend on each other, public columns known
6      joint             rows that the answers to several scores name together
7      rounding_off      several scores whose answers single out rows, by lattice reduction
       least_squares     the same, by the likeliest record with the same answers
8      correlation       a protected column that the answers predict
=====  ================  ====================================================================================

Who has several scores has every combination of them. 2m looks for those that live on few columns modulo any number
(:mod:`.shared_divisors`); 2e, 5 and 5t look at sums and differences of two, and at those that say most
(:mod:`.singled_out`).

Where the schema has noise slots (:func:`pyfe.noise`), every combination of scores has noise of at least one of them, so
that 1, 2m, 6 and 7, which look at the integers of a score, have nothing to count. There :data:`BEHIND_NOISE`
applies: 0, 2, 2e, 3, 4 and 8 on the data part of the keys, 4 with what noise leaves of the information, 5 for
protected columns with the noise as one more column (``protected``), 5t for all columns with drawn noise, scores alone
and put together (``behind_noise``), and

=====  ================  ====================================================================================
noise  one_slot          an output that has not the weight 1 on one slot
       blurred           combinations of scores without noise, or of noise alone
=====  ================  ====================================================================================

2m's first part is about combinations without noise, of which ``blurred`` leaves none. What is behind noise is not
differential privacy: who knows all other columns still reads a yes/no with a large weight.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias, TypeVar

from pyfe.leakage.findings import Finding
from pyfe.leakage.rules import (
    behind_noise,
    budget,
    correlation,
    countable,
    joint,
    least_squares,
    modulus,
    protected,
    rank,
    rounding_off,
    sampled,
    shape,
    slots,
    structure,
    support,
    variables,
)
from pyfe.leakage.rules.limits import Limits
from pyfe.leakage.rules.question import Asked, Question
from pyfe.schema import Schema

__all__ = ["BEHIND_NOISE", "RULES", "Limits", "Question", "Rule", "judged", "rules_for"]

Rule: TypeAlias = Callable[[Question], list[Finding]]

_Asked = TypeVar("_Asked", bound=Asked)

RULES: tuple[Rule, ...] = (
    shape.shape,
    shape.width,
    structure.structure,
    rank.room,
    countable.countable,
    modulus.modulus,
    support.support,
    rank.rank,
    budget.budget,
    variables.variables,
    sampled.sampled,
    joint.joint,
    rounding_off.rounding_off,
    least_squares.least_squares,
    correlation.correlation,
)


BEHIND_NOISE: tuple[Rule, ...] = (
    shape.shape,
    slots.one_slot,
    structure.structure,
    rank.room,
    countable.countable,
    slots.blurred,
    support.support,
    rank.rank,
    budget.budget,
    protected.protected,
    behind_noise.behind_noise,
    correlation.correlation,
)


def rules_for(schema: Schema) -> tuple[Rule, ...]:
    """:data:`RULES`, or :data:`BEHIND_NOISE` where the schema has noise slots."""
    return RULES if schema.noise is None else BEHIND_NOISE


def judged(question: _Asked, rules: Iterable[Callable[[_Asked], list[Finding]]]) -> list[Finding]:
    """What the first rule says that says anything; nothing where all are content."""
    return next((found for rule in rules if (found := rule(question))), [])
