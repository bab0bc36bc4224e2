"""The two linear forms whose product a quadratic form is, if it is one.

The result of u(x) w(x) is an integer that factors, and the results of several u_h w have w as common divisor: so a
key of such a form counts as the keys of u and of w. Integers throughout.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from pyfe.leakage.monomials import Linear, Monomial

__all__ = ["factors", "primitive"]


def factors(form: Mapping[Monomial, int]) -> tuple[Linear, Linear] | None:
    """Linear forms (u, w) without constants, primitive, with ``form = c (u + a)(w + b) + d`` over the rationals.

    ``form`` maps monomials (i, j), i <= j, of augmented coordinates to coefficients. None if there is no such pair: the
    symmetric matrix S of the quadratic part must have rank 1, or rank 2 with a negative square as determinant of a
    principal minor, and the linear part must lie in the span of u and w. Cost: O(n) for most forms without
    factors, O(n^2) for the others.
    """
    matrix = _symmetric({m: v for m, v in form.items() if m[0]})
    minor = _minor(matrix)
    if minor is None:
        return None
    u, w = _split(matrix, *minor)
    if not (u and w and _is_product(matrix, u, w)):
        return None
    rest = {j: v for (i, j), v in form.items() if i == 0 and j}
    return (u, w) if _in_span(rest, u, w) else None


def primitive(form: Mapping[int, int]) -> tuple[Linear, int]:
    """``(form / content, content)``; the content takes the sign of the first coefficient. Empty forms: content 0."""
    content = math.gcd(*form.values())
    if not content:
        return {}, 0
    content = -content if form[min(form)] < 0 else content
    return {i: v // content for i, v in form.items()}, content


def _symmetric(form: Mapping[Monomial, int]) -> dict[int, Linear]:
    """Rows of S = F + F^T."""
    rows: dict[int, Linear] = {}
    for (i, j), value in form.items():
        rows.setdefault(i, {})[j] = value if i != j else 2 * value
        rows.setdefault(j, {})[i] = value if i != j else 2 * value
    return rows


def _minor(rows: Mapping[int, Linear]) -> tuple[int, int, int] | None:
    """``(i, j, t)``: a principal minor with determinant ``-t^2``, rows i, j independent; ``(i, i, 0)`` for rank 1."""
    if not rows:
        return None
    i = next((i for i, row in rows.items() if row.get(i)), min(rows))
    p = rows[i].get(i, 0)
    for j, row in rows.items():
        q, r = row.get(i, 0), row.get(j, 0)
        square = q * q - p * r
        if j != i and square:
            root = math.isqrt(max(square, 0))
            return (i, j, root) if root * root == square else None
    return (i, i, 0) if p else None


def _split(rows: Mapping[int, Linear], i: int, j: int, root: int) -> tuple[Linear, Linear]:
    """u and w from the minor ``((p, q), (q, r))``: S is a multiple of ``r a^2 - 2q ab + p b^2`` for the rows a, b."""
    a, b = rows[i], rows[j]
    if i == j:
        return primitive(a)[0], primitive(a)[0]
    p, q, r = a.get(i, 0), a.get(j, 0), b.get(j, 0)
    if r:
        return primitive(_sum(r, a, -q - root, b))[0], primitive(_sum(r, a, root - q, b))[0]
    return primitive(b)[0], primitive(_sum(-2 * q, a, p, b))[0]


def _sum(x: int, a: Linear, y: int, b: Linear) -> Linear:
    total = {i: x * a.get(i, 0) + y * b.get(i, 0) for i in {**a, **b}}
    return {i: v for i, v in total.items() if v}


def _is_product(rows: Mapping[int, Linear], u: Linear, w: Linear) -> bool:
    """Whether S is a multiple of ``u w^T + w u^T``."""

    def entry(i: int, j: int) -> int:
        return u.get(i, 0) * w.get(j, 0) + u.get(j, 0) * w.get(i, 0)

    if {*u, *w} != {*rows}:
        return False
    i = next(iter(rows))
    j, value = next(iter(rows[i].items()))
    return all(entry(i, j) * rows[a].get(b, 0) == value * entry(a, b) for a in rows for b in rows)


def _in_span(form: Linear, u: Linear, w: Linear) -> bool:
    """Whether ``form`` is a rational combination of u and w."""
    i = min(u)
    j = next((j for j in {**u, **w} if u[i] * w.get(j, 0) != u.get(j, 0) * w.get(i, 0)), None)
    if j is None:
        return all(u[i] * form.get(k, 0) == form.get(i, 0) * u.get(k, 0) for k in {**form, **u})
    det = u[i] * w.get(j, 0) - u.get(j, 0) * w.get(i, 0)
    x = form.get(i, 0) * w.get(j, 0) - form.get(j, 0) * w.get(i, 0)
    y = u[i] * form.get(j, 0) - u.get(j, 0) * form.get(i, 0)
    return all(det * form.get(k, 0) == x * u.get(k, 0) + y * w.get(k, 0) for k in {**form, **u, **w})
