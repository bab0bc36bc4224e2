"""What an authority would say to a request, rule by rule and column by column."""

from __future__ import annotations

from typing import Any

from pyfe.reports.page import plots
from pyfe.reports.page.drawing import bar
from pyfe.reports.page.markup import Figures, Html, joined, shown_text, tag
from pyfe.reports.page.parts import section, table

__all__ = ["answer"]

_MOST_COLUMNS = 60
_NOT_ASKED = (
    "No authority was asked. With authority= or policy= (pyfe report --authority, --policy) the report says what a key "
    "would tell, rule by rule, and whether it would be issued."
)
_TENTHS = (
    "Shares of the rows. Of at most eight classes of a column's values: how often the right one is guessed without any "
    "answer, by somebody who is told the tenth of the score alone, and by the answers; and for how many a class "
    "becomes certain. The tenth is what a score says by its meaning; the excess, what answers say beyond it, is "
    "what is judged."
)


def answer(report: Figures) -> Html:
    """What the key reveals with all issued before."""
    told = report.at("answer")
    title = "What the key reveals, with all issued before"
    if told is None:
        return section("answer", title, tag("p", _NOT_ASKED))
    return section(
        "answer",
        title,
        _verdict(told),
        tag("p", _bits(report, told)),
        tag("p", _BLIND, class_="faint") if told["blind"] else None,
        _rules(report, told["rules"]),
        _columns(report, told),
    )


_BLIND = (
    "The authority knows nothing of the population: columns count as independent and their levels as even, and a third "
    "of a row's bits is allowed instead of half. A reference says more."
)


_CURE = (
    "pyfe.suggest tries what else could be asked for. On a schema that is cut for the model (pyfe.prepare) a score "
    "says less of the columns."
)


def _verdict(told: dict[str, Any]) -> Html:
    word, kind = ("granted", "good") if told["granted"] else ("refused", "bad")
    found = "; ".join(told["findings"])
    verdict = tag("span", f"A request would be {word}.", class_=f"verdict {kind}")
    return joined(
        tag("p", verdict, class_="lead"),
        tag("p", "It ", found, ".") if found else None,
        None if told["granted"] else tag("p", _CURE),
        tag("p", "Policy: ", told["policy"], class_="faint"),
    )


def _bits(report: Figures, told: dict[str, Any]) -> Html:
    issued = report("count", "answer", "issued")
    parts = [joined("Keys issued before: ", issued, ". ")]
    if told["together"] is not None:
        place = "answer", "together"
        parts.append(joined(
            "All of them with this one say ", report("bits", *place, "bits"), " of the ",
            report("bits", *place, "entropy_bits"), " bits of a row, and may say ",
            report("bits", *place, "budget_bits"), ". ",
        ))  # fmt: skip
    if told["residual_bits"] is not None:
        parts.append(joined(
            "If every value is as likely, ", report("bits", "answer", "residual_bits"), " of ",
            report("bits", "answer", "total_bits"), " bits stay unknown.",
        ))  # fmt: skip
    return joined(*parts)


def _rules(report: Figures, rules: list[dict[str, Any]]) -> Html | None:
    if not rules:
        return None
    rows = []
    for at, line in enumerate(rules):
        place = "answer", "rules", at
        kind = "bad" if line["says"] in ("refuses", "would refuse") else "faint" if line["says"] == "not asked" else ""
        says = tag("span", line["says"], class_=f"nowrap {kind}".strip())
        note = joined(line["about"], tag("br") if line["about"] and line["note"] else None, line["note"] or None)
        rows.append(
            [
                f"rule {line['rule']}" if line["rule"] else "–",
                note,
                report("g", *place, "figure"),
                report("g", *place, "limit"),
                says,
            ]
        )
    return table("The rules in the order in which they are asked; the first that refuses decides",
                 ("", "about", "figure", "limit", "says"), rows, text=[1, 4], block=[1],
                 folds=True)  # fmt: skip


def _columns(report: Figures, told: dict[str, Any]) -> Html | None:
    together = told["together"]
    if together is None:
        return tag("p", "What keys for quadratic functions say of single columns is not counted.", class_="faint")
    alone, issued = told["alone"], told["issued"]
    names = sorted(together["columns"], key=lambda name: -together["columns"][name]["excess"])
    rows = [_column(report, name, alone, together, issued) for name in names[:_MOST_COLUMNS]]
    head = "column", "without", "tenth", "answer", "certain: tenth", "answer", "excess", "guessed"
    key = [("mark", "without any answer"), ("tenth", "by the tenth"), ("ours", "by this key's answer")]
    key += [("clipped", "with all keys issued before")] if issued else []
    more = len(names) - _MOST_COLUMNS
    uncounted = together["uncounted"]
    return joined(
        tag("h3", "Column by column"),
        tag("p", uncounted, class_="bad") if uncounted else None,
        table("How often a column is guessed, and for how many it becomes certain, with all keys", head, rows,
              folds=True)
        if rows else None,
        plots.legend(*key) if rows else None,
        tag("p", f"and {more} more columns, of which answers say less beyond their tenths", class_="faint")
        if more > 0 else None,
        tag("p", _TENTHS, class_="faint") if rows else None,
    )  # fmt: skip


def _column(report: Figures, name: str, alone: Any, together: Any, issued: int) -> list[Html | str]:
    place, told = ("answer", "together", "columns", name), together["columns"][name]
    own = alone["columns"].get(name, told) if alone else told
    shares = [(told["guessed"], "clipped")] if issued else []
    shares += [(own["guessed"], "ours"), (min(own["by_tenth"], own["guessed"]), "tenth")]
    label = joined(shown_text(name), tag("span", " protected", class_="marks") if told["protected"] else None)
    figures = ("known", "by_tenth", "guessed", "certain_by_tenth", "certain", "excess")
    return [label, *(report("whole percent", *place, what) for what in figures), bar(shares, [told["known"]])]
