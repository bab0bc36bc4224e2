"""Rule 3 for forms: how many independent ones a patient may meet, linear keys and hidden units counted."""

from __future__ import annotations

from pyfe.leakage.findings import Finding
from pyfe.leakage.form_rules.question import FormQuestion
from pyfe.leakage.rules.rank import most_scores, too_many

__all__ = ["rank", "room"]


def room(question: FormQuestion) -> list[Finding]:
    """Rule 3's bound for every schema, asked before the lattices are: rules that look at them are not made for more."""
    found = len(question.after.rows(multiplied=question.after.multiplied))
    return too_many(question, found, question.limits.most_rank)


def rank(question: FormQuestion) -> list[Finding]:
    """Rule 3: at most :func:`~pyfe.leakage.rules.rank.most_scores` independent keys for every value of the public
    columns. The linear forms that factored forms count as, and hidden units that the keys single out, are keys too.

    That the forms of second degree are at most ``max(1, n_b / 8)``, :func:`~pyfe.leakage.form_rules.certain.certain`
    asks. A factor test is no protection: ``K <w, x>^2 + x y`` has no factors. What such a form says, rule 5t counts.
    """
    after = question.after
    hidden = max(after.known(prime, multiplied=after.multiplied).rank() for prime in after.primes)
    return too_many(question, max(hidden, question.most_keys), most_scores(question))
