"""The sections of a report that need no rows: weights, cost, identifiers, remarks."""

from __future__ import annotations

from typing import Any

from pyfe.reports.page.drawing import bar
from pyfe.reports.page.markup import Figures, Html, joined, shown_text, tag
from pyfe.reports.page.parts import facts, section, table

__all__ = ["function_line", "identifiers", "numbers", "remarks", "weights"]

_MOST_COLUMNS, _MOST_COORDINATES, _MOST_OUTPUTS = 80, 12, 6


def function_line(report: Figures) -> Html:
    """What function it is, in a line."""
    shape = f"{report.at('kind')} function, link {report.at('link')}: "
    outputs = joined(report("count", "outputs"), " output" if report.at("outputs") == 1 else " outputs")
    return tag("p", shape, outputs, " of ", report("count", "coordinates"), " coordinates")


def weights(report: Figures) -> Html | None:
    """Which column has which weight."""
    told = report.at("weights")
    if not told:
        return None
    most = max((column["reach"] or 0.0 for column in told), default=0.0) or 1.0
    rows = [_row(report, at, column, most) for at, column in enumerate(told[:_MOST_COLUMNS])]
    outputs = report.at("outputs")
    linear = report.at("kind") == "linear"
    name = "weight" if outputs == 1 else f"weights, {min(outputs, _MOST_OUTPUTS)} of {outputs} outputs"
    head = "column", "values", "levels", name, "moves a score by at most", ""
    text = (
        "Weights are integers, for one step of a column or for one of its bits. The last columns say how far the "
        "column alone can move a decision value, from its one end to the other."
        if linear
        else "The weights are those of the linear terms; products of columns, and squares, come on top: "
    )
    more = len(told) - _MOST_COLUMNS
    return section(
        "weights",
        "Columns and weights",
        tag("p", text, None if linear else joined(report("count", "monomials"), " monomials in all.")),
        table("The columns of the schema", head, rows, text=[1], folds=True),
        tag("p", f"and {more} more columns", class_="faint") if more > 0 else None,
    )


def _row(report: Figures, at: int, column: dict[str, Any], most: float) -> list[Html | str]:
    place = "weights", at
    marks = [mark for mark in ("public", "protected") if column[mark]]
    name = joined(shown_text(column["name"]), tag("span", f" {', '.join(marks)}", class_="marks") if marks else None)
    lines = []
    for number, coordinate in enumerate(column["coordinates"][:_MOST_COORDINATES]):
        outputs = range(min(len(column["weights"][number]), _MOST_OUTPUTS))
        values = [report("count", *place, "weights", number, output) for output in outputs]
        apart = [part for value in values for part in (", ", value)][1:]
        label = f"{_short(coordinate, column['name'])}: " if len(column["coordinates"]) > 1 else ""
        lines.append(tag("span", shown_text(label, 30), joined(*apart), class_="nowrap"))
    others = len(column["coordinates"]) - _MOST_COORDINATES
    lines += [tag("span", f"and {others} more")] if others > 0 else []
    shown = joined(*[part for line in lines for part in (tag("br"), line)][1:])
    reach = column["reach"]
    drawn: Html | str = "" if reach is None else bar([(reach / most, "ours")])
    return [
        name, shown_text(column["values"], 40), report("count", *place, "levels"), shown,
        report("g", *place, "reach"), drawn,
    ]  # fmt: skip


def _short(coordinate: str, column: str) -> str:
    """A coordinate's name without that of its column in front."""
    rest = coordinate.removeprefix(column)
    return rest.strip(" =[]") or coordinate


def numbers(report: Figures) -> Html:
    """Range, size and price."""
    return section(
        "numbers",
        "Range and cost",
        facts(
            ("weights", joined(report("count", "weight_bits"), " bits")),
            ("largest error", joined(report("g", "max_error"), ", for every row as the schema decodes it")),
            ("results", joined("of 2", tag("sup", report("bits", "width_bits")), " values, to be searched")),
            ("scheme", report.at("scheme")),
            ("ciphertext", joined(report("count", "ciphertext_bytes"), " bytes for a row")),
            ("a key reveals", joined(
                report("count", "outputs"), " integer" if report.at("outputs") == 1 else " integers", " for a row, ",
                report("count", "rank"), " independent",
            )),
            ("results are", "exact" if report.at("exact") else joined(
                "not exact: noise of standard deviation ", report("count", "noise_sd"), " in every result")),
        ),
    )  # fmt: skip


def identifiers(report: Figures) -> Html:
    """What this report is about, for whoever compares it with a key."""
    found = report.at("identifiers") or {}
    entries = ((name, tag("span", value, class_="id")) for name, value in found.items())
    text = "SHA-256 of the canonical bytes. A key names the same function and schema (pyfe info)."
    return section("identifiers", "Identifiers", facts(*entries), tag("p", text, class_="faint"))


def remarks(report: Figures) -> Html | None:
    """What compile has to say."""
    told = report.at("remarks")
    if not told:
        return None
    return section("remarks", "Remarks", facts(*told.items()))
