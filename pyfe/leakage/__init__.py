"""What a set of function keys reveals: pure functions on integer rows; no keys, no files, no state.

``check_linear`` applies the rules for linear keys (:mod:`pyfe.leakage.rules`): what the keys determine for certain,
what shows in remainders, how many bits they say of what is known of the population (:mod:`pyfe.leakage.prior`).
``check_quadratic`` applies those for keys of which one is a quadratic form (:mod:`pyfe.leakage.form_rules`).
``residual``, ``residual_bits`` and ``residual_forms`` estimate what keys leave unknown of a record. The unit of
accounting is one public key and *all* keys ever issued under it, whoever holds them: holders can pool their keys.

=====================  =======================================================================================
module                 holds
=====================  =======================================================================================
``linear``             the decision on linear keys
``at_once``            what the rules will refuse, seen without asking them
``narrowed_columns``   what they say of every column, in figures
``attack``             the attacks that they were measured with
``rules``              each of the rules for them, in their order
``linear_account``     what linear keys determine by linear algebra: spans, and the ``lattice`` of integer forms
``counts``             what answers say about columns, counted by the core
``quadratic``          the decision on quadratic keys
``form_rules``         each of the rules for them, in their order
``quadratic_account``  the forms that were issued, reduced, and ``quadratic_rules``: what they open for certain
``implied``            what forms determine: span, factors, products
``linear_content``     how wide the linear weights of a quadratic form are
``factors``            the two linear forms whose product a form is; ``hidden_products`` in spans of several
``rows``               forms as rows, over units or ``monomials`` in normal form; ``span`` is their linear algebra
``residual_of_rows``   bits of a record that linear functions leave unknown
``residual_of_forms``  the same for quadratic ones
``blocks``             a record as levels; ``prior``: what is known of the population that records come from
``slots``              what combinations of scores behind noise are free of it
``findings``           what a rule says; ``limits``: how much work they may take
=====================  =======================================================================================
"""

from __future__ import annotations

from pyfe.leakage.at_once import refused_at_once
from pyfe.leakage.blocks import Blocks, too_fine
from pyfe.leakage.counts import Counted, Drawn, Matched, Score, residue_posterior
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules import FORM_RULES, FormQuestion
from pyfe.leakage.lattice import Free, Lattice
from pyfe.leakage.limits import LINEAR_WEIGHT_BITS
from pyfe.leakage.linear import check_linear, linear_findings, question_of
from pyfe.leakage.linear_account import LinearAccount
from pyfe.leakage.narrowed_columns import Column, Narrowing, narrowing
from pyfe.leakage.prior import Blind, Prior, Reference, prior_for, published
from pyfe.leakage.quadratic import check_quadratic, quadratic_findings
from pyfe.leakage.quadratic_account import QuadraticAccount
from pyfe.leakage.quadratic_rules import most_forms
from pyfe.leakage.residual_of_forms import residual_account, residual_forms
from pyfe.leakage.residual_of_rows import Residual, residual, residual_bits
from pyfe.leakage.rules import BEHIND_NOISE, RULES, Limits, Question, judged, rules_for
from pyfe.leakage.slots import Meets, NoisyRow, Slot, meets, noisy_rows
from pyfe.leakage.span import CHECK_PRIME, GROUP_ORDER, Span

__all__ = [
    "BEHIND_NOISE",
    "CHECK_PRIME",
    "FORM_RULES",
    "GROUP_ORDER",
    "LINEAR_WEIGHT_BITS",
    "RULES",
    "Blind",
    "Blocks",
    "Column",
    "Counted",
    "Drawn",
    "Finding",
    "FormQuestion",
    "Free",
    "Lattice",
    "Limits",
    "LinearAccount",
    "Matched",
    "Meets",
    "Narrowing",
    "NoisyRow",
    "Prior",
    "QuadraticAccount",
    "Question",
    "Reference",
    "Residual",
    "Score",
    "Slot",
    "Span",
    "check_linear",
    "check_quadratic",
    "judged",
    "linear_findings",
    "meets",
    "most_forms",
    "narrowing",
    "noisy_rows",
    "prior_for",
    "published",
    "quadratic_findings",
    "question_of",
    "refused_at_once",
    "residual",
    "residual_account",
    "residual_bits",
    "residual_forms",
    "residue_posterior",
    "rules_for",
    "too_fine",
]
