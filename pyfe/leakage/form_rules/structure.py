"""Rule 2 for forms where the public columns have known values: what a gate leaves open for some of them."""

from __future__ import annotations

from collections.abc import Sequence

from pyfe.leakage.findings import Finding, group_size
from pyfe.leakage.form_rules.basis import Combination
from pyfe.leakage.form_rules.question import FormQuestion, Substituted
from pyfe.leakage.span import Span, supports

__all__ = ["structure"]

_ADVICE = "Leave the product with the public column out"


def structure(question: FormQuestion) -> list[Finding]:
    """Rule 2: for no value of the public columns that is looked at, some combination of the forms lives on very few
    columns, or has the same protected column in every monomial. Modulo two primes.

    Without products of public and private columns the forms are the same for every value, and
    :func:`~pyfe.leakage.form_rules.certain.certain` says it all.
    """
    if not question.gated:
        return []
    return next((found for keys in question.distinct if (found := _opened(question, keys))), [])


def _opened(question: FormQuestion, keys: Substituted) -> list[Finding]:
    for prime in question.after.primes:
        before, after = (_span(keys, rows, prime) for rows in (keys.earlier, keys.rows))
        for block in question.private:
            if question.blocks.protected[block] and _about(keys, after, block) > _about(keys, before, block):
                return [_finding(question, "protected", [block])]
        owners, size = dict(enumerate(keys.owners)), group_size(question.schema, None)
        old = supports(before, owners, size)
        for group, count in supports(after, owners, size).items():
            if count > old.get(group, 0):
                return [_finding(question, "variable" if len(group) == 1 else "group", sorted(group))]
    return []


def _span(keys: Substituted, rows: Sequence[Combination], prime: int) -> Span:
    return Span((keys.dense(row) for row in rows), prime=prime, traced=False)


def _about(keys: Substituted, span: Span, block: int) -> int:
    """Dimension of the forms whose every monomial depends on the block."""
    return span.living_on([at for at, blocks in enumerate(keys.owners) if block in blocks])


def _finding(question: FormQuestion, kind: str, blocks: Sequence[int]) -> Finding:
    note = "for some values of the public columns"
    return Finding(kind, question.names(blocks), rule="2", note=note, advice=_ADVICE)
