"""The rules for keys of which one at least is a quadratic form, in their order; the first that refuses decides.

Everything that one patient's ciphertexts can meet is judged together, linear keys too: a linear key beside a form is
never judged alone. Forms are written over integer-valued monomials (:mod:`.basis`), public columns substituted: by 12
drawn vectors of them, and by the first of these with each column at its least and its greatest level, and where a form
has a product with a public column, at each of its levels that a bit stands for. Keys that are all
linear in the private columns, whatever the public ones are, are linear keys (:mod:`pyfe.leakage.rules`).

=====  ===========  ====================================================================================
rule   function     refuses
=====  ===========  ====================================================================================
0, 2   certain      what is determined for certain: coordinates, products, factors, very few columns;
                    too many forms
3      room         more keys than any schema allows (the rest of rule 3 comes after 2e)
       countable    columns with too many levels to be counted
2      structure    what a product with a public column opens for some values of it
2m     modulus      a column that shows in a remainder
       exact        answers too wide to be counted
2e     support      an answer that is, but for a little, one column
3      rank         more independent keys than the columns allow, hidden units counted
4      budget       more than half of a row's bits, or a third where nothing is known of the population
5t     sampled      what answers say of a column by more than their meaning, in drawn rows
       one_known    without a reference: the same of protected columns, where one other column is known
6      named        rows that the answers name as a whole
=====  ===========  ====================================================================================

What is refused because it cannot be counted may be issued with a slot of noise. Where the schema has such slots
(:func:`pyfe.noise`), every combination of answers has noise of at least one of them, and what looks at the integers of
an answer (2m) has nothing to count. There :data:`FORMS_BEHIND_NOISE` applies: rules 0, 2, 2e and 3
on the data part of the keys, 4 with what noise leaves of the information, 8, 5t on answers with their noise, alone
and put together (``told``), and

=====  ===========  ====================================================================================
noise  one_slot     an answer that has not the weight 1 on one slot, or has a slot in a product
       blurred      combinations of answers without noise, or of noise alone
=====  ===========  ====================================================================================
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules import (
    behind_noise,
    certain,
    exact,
    modulus,
    named,
    one_known,
    rank,
    sampled,
    structure,
    support,
)
from pyfe.leakage.form_rules.question import FormQuestion
from pyfe.leakage.rules import budget, countable
from pyfe.schema import Schema

__all__ = ["FORMS_BEHIND_NOISE", "FORM_RULES", "FormQuestion", "FormRule", "form_rules_for"]

FormRule: TypeAlias = Callable[[FormQuestion], list[Finding]]

FORM_RULES: tuple[FormRule, ...] = (
    certain.certain,
    rank.room,
    countable.countable,
    structure.structure,
    modulus.modulus,
    exact.exact,
    support.support,
    rank.rank,
    budget.budget,
    sampled.sampled,
    one_known.one_known,
    named.named,
)

FORMS_BEHIND_NOISE: tuple[FormRule, ...] = (
    behind_noise.certain_and_noisy,
    behind_noise.one_slot,
    rank.room,
    countable.countable,
    structure.structure,
    behind_noise.blurred,
    support.support,
    rank.rank,
    budget.budget,
    behind_noise.told,
    behind_noise.correlation,
)


def form_rules_for(schema: Schema) -> tuple[FormRule, ...]:
    """:data:`FORM_RULES`, or :data:`FORMS_BEHIND_NOISE` where the schema has noise slots."""
    return FORM_RULES if schema.noise is None else FORMS_BEHIND_NOISE
