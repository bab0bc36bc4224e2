"""Quadratic forms with integer coefficients: exact values, and exact result intervals over a box.

``f_j(x, y) = sum_ab F_j[a, b] x_a y_b`` for k forms on vectors x ``[n]`` and y ``[m]``; with one vector on both sides
(``y = x``, the square case) only ``F + F^T`` matters. Two ways to say F:

=========================  ====================================  ==========================================
:class:`MatrixForms`       the non-zero coefficients             O(entries) a row
:class:`FactoredForms`     ``F_j = sum_h Q[j, h] U_h V_h^T``     O(h (n + m)) a row: h units, then their sums
=========================  ====================================  ==========================================

Nothing here wraps: every sum is bounded in absolute value before it is formed, and refused at 2^62.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from pyfe.errors import DecodeError
from pyfe.forms.entries import LIMIT
from pyfe.forms.factored import FactoredForms
from pyfe.forms.matrix import MatrixForms

__all__ = ["LIMIT", "FactoredForms", "Forms", "MatrixForms", "forms_from_dict"]

Forms: TypeAlias = MatrixForms | FactoredForms


def forms_from_dict(data: Any) -> Forms:
    """Forms of either kind from plain types. DecodeError for anything that ``to_dict`` would not have written."""
    kind = data.get("form") if isinstance(data, Mapping) else None
    if kind not in ("matrix", "factored"):
        raise DecodeError("not forms: the kind of forms is neither matrix nor factored")
    return MatrixForms.from_dict(data) if kind == "matrix" else FactoredForms.from_dict(data)
