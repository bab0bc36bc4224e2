"""The decision on linear keys: what a request would reveal, together with every key issued before."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pyfe.arrays import integer_rows
from pyfe.errors import ParameterError
from pyfe.leakage.blocks import too_fine
from pyfe.leakage.findings import Finding
from pyfe.leakage.linear_account import LinearAccount
from pyfe.leakage.prior import Blind, Prior, require_prior
from pyfe.leakage.rules import Limits, Question, judged, rules_for
from pyfe.leakage.slots import NoisyRow
from pyfe.schema import Schema

__all__ = ["check_linear", "linear_findings", "question_of"]


def check_linear(
    issued: Any,
    request: Any,
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
    issued, request: int64 ``[k, n]`` (or ``[n]``) rows; ``issued`` may be empty.
    schema: its relations (one-hot sums, constants) and public columns count as known to everybody.
    prior: what is known of the population; by default nothing (:class:`pyfe.leakage.Blind`).
    limits: the thresholds; by default those of the policy.
    secret: what samples are drawn with: whoever asks for keys must not know it.
    elsewhere: where the schema has noise slots, scores that the same patients can meet under other master keys.

    The rules and their order: :mod:`pyfe.leakage.rules`. The answer is the same for every basis and order of the rows,
    and the same whenever it is asked again. A request in the span of what was issued and is known gives the one finding
    "nothing new", which does not refuse. Cost: tens of milliseconds for a first key of 30 columns;
    :class:`LinearAccount` keeps what was issued reduced.
    """
    before = LinearAccount(schema).with_rows(issued)
    return linear_findings(before, request, prior, limits=limits, secret=secret, elsewhere=elsewhere)


def linear_findings(
    before: LinearAccount,
    request: Any,
    prior: Prior | None = None,
    *,
    limits: Limits | None = None,
    secret: bytes = bytes(32),
    elsewhere: Iterable[NoisyRow] = (),
) -> list[Finding]:
    """:func:`check_linear` beside an account of what was issued."""
    question = question_of(before, request, prior, limits=limits, secret=secret, elsewhere=elsewhere)
    return judged(question, rules_for(before.schema))


def question_of(
    before: LinearAccount,
    request: Any,
    prior: Prior | None = None,
    *,
    limits: Limits | None = None,
    secret: bytes = bytes(32),
    elsewhere: Iterable[NoisyRow] = (),
) -> Question:
    """What the rules look at: a request beside an account of what was issued; arguments as of :func:`check_linear`."""
    requested = integer_rows(request, before.schema.n)
    if not len(requested):
        raise ParameterError("a request has at least one row")
    thresholds = limits or Limits()
    if prior is not None:
        require_prior(prior)
    known = prior if prior is not None or too_fine(before.schema) else Blind(before.schema)
    if before.rank <= thresholds.most_rank:
        _ = before.lattice  # so that it is kept, and the next request grows it by its own rows alone
    return Question(before, before.with_rows(requested), requested, known, thresholds, secret, tuple(elsewhere))
