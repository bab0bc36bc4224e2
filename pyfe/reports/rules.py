"""The rules of a policy as a table: what each found, beside its limit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pyfe.leakage import Finding, Limits, Narrowing

__all__ = ["RuleLine", "rule_lines"]

_ABOUT = {
    "0": "a score that is the same for every row",
    "1": "weights so wide that they read several columns from one number",
    "noise": "an output without a noise slot of its own, combinations free of noise",
    "2": "what comes open for certain: coordinates, protected columns, very few columns",
    "2m": "a column that shows in a remainder",
    "2e": "a score that is, but for a little, one column",
    "3": "independent scores",
    "4": "bits of a row that all answers say",
    "5": "what answers say of a column beyond their tenths",
    "5t": "the same in drawn rows",
    "6": "rows that the answers name",
    "7": "rows that lattice reduction finds",
    "8": "protected columns that the answers predict",
}
_LINEAR = ("0", "1", "2", "2m", "2e", "3", "4", "5", "5t", "6", "7", "8")
_NOISY = ("0", "noise", "2", "2e", "3", "4", "5", "5t", "8")
_FORMS = ("0", "2", "2m", "2e", "3", "4", "5t", "6")


@dataclass(frozen=True, kw_only=True)
class RuleLine:
    """A rule: its number, what it is ``about``, its ``figure`` and ``limit`` where there are any, and what it ``says``:
    "nothing", "refuses", "would refuse" (under an unrestricted policy), "nothing new", or "not asked", as an earlier
    one decided; ``note``: what it found, in words."""

    rule: str
    about: str
    figure: float | None
    limit: float | None
    says: str
    note: str


def rule_lines(
    findings: tuple[Finding, ...],
    together: Narrowing | None,
    *,
    weight_bits: int,
    quadratic: bool,
    noisy: bool,
    private: int,
    refuses: bool,
) -> tuple[RuleLine, ...]:
    """The rules in the order in which they are asked: what was found by ``findings``, the figures that ``together``
    has of those that found nothing.

    weight_bits: of the function. quadratic, noisy: which rules there are. private: columns. refuses: the policy does.
    """
    order = _FORMS if quadratic else _NOISY if noisy else _LINEAR
    by_rule = {finding.rule: finding for finding in findings}
    decided = next((rule for rule in order if rule in by_rule), None)
    known = {} if together is None else dict(_figures(together, weight_bits, private))
    lines, over = [], False
    for rule in order:
        finding = by_rule.get(rule)
        figure, limit = known.get(rule, (None, None))
        if finding is not None:
            figure = figure if finding.figure is None else finding.figure
            limit = limit if finding.limit is None else finding.limit
        says = "not asked" if over else "nothing" if finding is None else _says(finding, refuses)
        lines.append(RuleLine(
            rule=rule, about=_ABOUT[rule], figure=None if over else figure, limit=None if over else limit, says=says,
            note="" if finding is None else str(finding),
        ))  # fmt: skip
        over = over or rule == decided
    others = [finding for finding in findings if finding.rule not in order]
    lines += [
        RuleLine(rule=one.rule, about="", figure=one.figure, limit=one.limit, says=_says(one, refuses), note=str(one))
        for one in others
    ]
    return tuple(lines)


def _says(finding: Finding, refuses: bool) -> str:
    if not finding.refuses:
        return finding.kind
    return "refuses" if refuses else "would refuse"


def _figures(together: Narrowing, weight_bits: int, private: int) -> Iterator[tuple[str, tuple[float, float]]]:
    """What the rules look at, of answers for which they found nothing."""
    limits = Limits()
    yield "1", (float(weight_bits), float(limits.widest.bit_length()))
    most = max(0, min(limits.most_rank, max(1, private // limits.columns_a_rank), private - limits.unknown_columns))
    yield "3", (float(together.rank), float(most))
    yield "4", (together.bits, together.budget_bits)
    open_ = [column.excess for column in together.columns if not column.protected]
    if open_ and not together.uncounted:
        yield "5" if together.blind else "5t", (max(open_), limits.excess if together.blind else limits.excess_sampled)
