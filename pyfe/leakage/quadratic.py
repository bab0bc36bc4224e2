"""The decision on quadratic keys: what a request would reveal, together with every key issued before."""

from __future__ import annotations

from collections.abc import Iterable

from pyfe.forms import Forms
from pyfe.leakage.blocks import too_fine
from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules import FormQuestion, form_rules_for
from pyfe.leakage.linear import linear_findings
from pyfe.leakage.prior import Blind, Prior, require_prior
from pyfe.leakage.quadratic_account import QuadraticAccount
from pyfe.leakage.rules import Limits, judged
from pyfe.leakage.slots import NoisyRow
from pyfe.schema import Schema

__all__ = ["check_quadratic", "quadratic_findings"]


def check_quadratic(
    issued: Iterable[Forms],
    request: Forms,
    schema: Schema,
    *,
    prior: Prior | None = None,
    limits: Limits | None = None,
    secret: bytes = bytes(32),
    elsewhere: Iterable[NoisyRow] = (),
) -> list[Finding]:
    """What ``request`` reveals together with ``issued``, by the first rule that refuses it; an empty list grants it.

    Parameters
    ----------
    issued, request: forms over the augmented coordinates ``(1, x_1, .., x_n)``; a linear function is a form whose row
        0 holds its weights, and is accounted in the same space. A constant term says nothing.
    schema: one-hot, threshold and constant relations (:mod:`pyfe.leakage.monomials`) and public columns count as known
        to everybody.
    prior, limits, secret, elsewhere: as for :func:`pyfe.leakage.check_linear`; rows of forms are over monomials.

    The rules and their order: :mod:`pyfe.leakage.form_rules`. The answer is the same for every basis and order of the
    forms, however they are written, and the same whenever it is asked again. Cost: 2 * 10^5 rows are drawn for each
    value of the public columns that is looked at, once for a prior (100 ns a level); then seconds a request.
    :class:`QuadraticAccount` keeps what was issued reduced.
    """
    account = QuadraticAccount(schema)
    for forms in issued:
        account = account.with_forms(forms)
    return quadratic_findings(account, request, prior, limits=limits, secret=secret, elsewhere=elsewhere)


def quadratic_findings(
    before: QuadraticAccount,
    request: Forms,
    prior: Prior | None = None,
    *,
    limits: Limits | None = None,
    secret: bytes = bytes(32),
    elsewhere: Iterable[NoisyRow] = (),
) -> list[Finding]:
    """:func:`check_quadratic` beside an account of what was issued."""
    after = before.with_forms(request)
    if before.linear is not None and after.linear is not None:
        rows = after.linear.given[before.linear.count :]
        return linear_findings(before.linear, rows, prior, limits=limits, secret=secret, elsewhere=elsewhere)
    if prior is not None:
        require_prior(prior)
    known = prior if prior is not None or too_fine(before.schema) else Blind(before.schema)
    question = FormQuestion(before, after, known, limits or Limits(), secret, tuple(elsewhere))
    return judged(question, form_rules_for(before.schema))
