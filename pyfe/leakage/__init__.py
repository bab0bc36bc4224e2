"""What a set of function keys reveals: pure functions on integer rows; no keys, no files, no state.

``check_linear`` applies the exact span rules (what the keys determine for certain, by linear algebra),
``check_quadratic`` the same over the monomials of quadratic forms; ``check_budget`` wants half of a record's bits
unknown after quadratic keys; ``residual``, ``residual_bits`` and
``residual_forms`` estimate what they leave unknown of a record (bounded integers run out of possibilities long before
linear algebra opens them). The unit of accounting is one public key and *all* keys ever issued under it, whoever holds
them: holders can pool their keys.

=====================  =======================================================================================
module                 holds
=====================  =======================================================================================
``linear_account``     the exact rules for linear functions
``quadratic_account``  those for quadratic forms: what was issued, and the question what a request adds
``quadratic_rules``    each of the rules for quadratic forms
``implied``            what forms determine: span, factors, products
``linear_content``     how wide the linear weights of a quadratic form are
``factors``            the two linear forms whose product a form is; ``hidden_products`` in spans of several
``rows``               forms as rows, over units or ``monomials`` in normal form; ``span`` is their linear algebra
``residual_of_rows``   bits of a record that linear functions leave unknown
``residual_of_forms``  the same for quadratic ones, and the budget
``blocks``             a record as levels; ``prior``: what is known of the population that records come from
``findings``           what a rule says; ``limits``: how much work they may take
=====================  =======================================================================================
"""

from __future__ import annotations

from pyfe.leakage.findings import Finding
from pyfe.leakage.limits import LINEAR_WEIGHT_BITS
from pyfe.leakage.linear_account import LinearAccount, check_linear
from pyfe.leakage.prior import Blind, Prior, Reference, prior_for, published
from pyfe.leakage.quadratic_account import QuadraticAccount, check_quadratic
from pyfe.leakage.quadratic_rules import most_forms
from pyfe.leakage.residual_of_forms import budget_findings, check_budget, residual_account, residual_forms
from pyfe.leakage.residual_of_rows import Residual, residual, residual_bits
from pyfe.leakage.span import CHECK_PRIME, GROUP_ORDER, Span

__all__ = [
    "CHECK_PRIME",
    "GROUP_ORDER",
    "LINEAR_WEIGHT_BITS",
    "Blind",
    "Finding",
    "LinearAccount",
    "Prior",
    "QuadraticAccount",
    "Reference",
    "Residual",
    "Span",
    "budget_findings",
    "check_budget",
    "check_linear",
    "check_quadratic",
    "most_forms",
    "prior_for",
    "published",
    "residual",
    "residual_account",
    "residual_bits",
    "residual_forms",
]
