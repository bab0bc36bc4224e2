"""What a set of function keys reveals: pure functions on integer rows; no keys, no files, no state.

``check_linear`` applies the exact span rules (what the keys determine for certain, by linear algebra),
``check_quadratic`` the same over the monomials of quadratic forms; ``check_budget`` wants half of a record's bits
unknown after quadratic keys; ``residual``, ``residual_bits`` and
``residual_forms`` estimate what they leave unknown of a record (bounded integers run out of possibilities long before
linear algebra opens them). The unit of accounting is one public key and *all* keys ever issued under it, whoever holds
them: holders can pool their keys.
"""

from __future__ import annotations

from pyfe.leakage.findings import Finding, LinearAccount, check_linear
from pyfe.leakage.quadratic import LINEAR_WEIGHT_BITS, QuadraticAccount, check_quadratic, most_forms
from pyfe.leakage.sampling import budget_findings, check_budget, residual_account, residual_forms
from pyfe.leakage.span import CHECK_PRIME, GROUP_ORDER, Span, open_coordinates, rank, small_groups
from pyfe.leakage.uncertainty import Residual, residual, residual_bits

__all__ = [
    "CHECK_PRIME",
    "GROUP_ORDER",
    "LINEAR_WEIGHT_BITS",
    "Finding",
    "LinearAccount",
    "QuadraticAccount",
    "Residual",
    "Span",
    "budget_findings",
    "check_budget",
    "check_linear",
    "check_quadratic",
    "most_forms",
    "open_coordinates",
    "rank",
    "residual",
    "residual_account",
    "residual_bits",
    "residual_forms",
    "small_groups",
]
