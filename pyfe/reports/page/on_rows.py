"""The sections of a report that are about its rows, what clipping did to them first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pyfe.reports.page import plots
from pyfe.reports.page.drawing import bar
from pyfe.reports.page.markup import Figures, Html, joined, shown_text, tag, words
from pyfe.reports.page.parts import section, table, tiles

__all__ = ["clipping", "kept"]

_MOST_COLUMNS = 40

_NO_ROWS = "The report was made without rows, so what clipping does to scores was not measured."
_ENCODED = "The rows came encoded, so that what was clipped before is not known here."
_NONE_CLIPPED = " rows had a value outside the schema's ranges: clipping changed no score."
_WHAT = (
    "A value outside a column's range counts as the nearer end of it. By how much that moved a score is the difference "
    "to the score that the same weights give unclipped, in decision values (the score before its link). "
    "The largest figures are those of single rows."
)
_CURE = "Wider ranges in the schema take this error away; finer steps and more weight bits do not."
_HARMLESS = "The columns that were clipped have no weight in the score: wider ranges would change nothing."


def clipping(report: Figures) -> Html:
    """Where clipping changed a score, and by how much."""
    told = report.at("on_rows", "clipping")
    if told is None:
        text = _NO_ROWS if report.at("on_rows") is None else _ENCODED
        return section("clipping", "Clipping", tag("p", text, class_="lead"))
    place = "on_rows", "clipping"
    if not told["rows"]:
        none = joined("None of the ", report("count", *place, "of"), _NONE_CLIPPED)
        return section("clipping", "Clipping", tag("p", none, class_="lead"))
    lead = joined(
        tag("strong", report("count", *place, "rows"), " of ", report("count", *place, "of"), " rows"),
        " had a value outside the schema. Clipping moved their scores by ",
        report("g", *place, "typical"), " (median), at most by ", report("g", *place, "largest"),
        _classes(report, told), ".",
    )  # fmt: skip
    bound = joined(
        "For comparison: the rounding of the weights moves no score by more than ", report("g", "max_error"), ". ",
        _share(report), _CURE if told["largest"] or told["unbounded"] else _HARMLESS,
    )  # fmt: skip
    endless = joined(report("count", *place, "unbounded"), " rows have no finite score unclipped.")
    return section(
        "clipping",
        "Where clipping changed a score",
        tag("p", lead, class_="lead"),
        tag("p", bound),
        tag("p", endless) if told["unbounded"] else None,
        _clipped_columns(report, told["columns"]),
        tag("p", _WHAT, class_="faint"),
    )


def _classes(report: Figures, told: dict[str, Any]) -> Html | None:
    if told["classes_changed"] is None:
        return None
    return joined("; it changed the class of ", report("count", "on_rows", "clipping", "classes_changed"), " of them")


def _share(report: Figures) -> Html | None:
    if report.at("on_rows", "differences", "clipped_share") is None:
        return None
    share = report("percent", "on_rows", "differences", "clipped_share")
    return joined("Rows with a clipped value have ", share, " of all distance from the model on these rows. ")


def _clipped_columns(report: Figures, columns: list[dict[str, Any]]) -> Html:
    most = max((column["largest"] or 0.0 for column in columns), default=0.0) or 1.0
    head = "column", "range", "below", "above", "moved: median", "largest", ""
    rows = []
    for at, column in enumerate(columns[:_MOST_COLUMNS]):
        place = "on_rows", "clipping", "columns", at
        drawn = bar([((column["largest"] or 0) / most, "clipped")], [(column["typical"] or 0) / most])
        rows.append([
            shown_text(column["name"]), shown_text(column["range"], 40), report("count", *place, "below"),
            report("count", *place, "above"), report("g", *place, "typical"), report("g", *place, "largest"), drawn,
        ])  # fmt: skip
    listed = table("By how much each column's clipping, alone, moved scores of its clipped rows", head, rows, text=[1],
                   folds=True)  # fmt: skip
    more = len(columns) - _MOST_COLUMNS
    key = plots.legend(("clipped", "largest"), ("mark", "median"))
    return joined(listed, tag("p", f"and {more} more columns", class_="faint") if more > 0 else None, key)


def kept(report: Figures) -> Iterator[Html]:
    """What was kept of the model, and how well the scores go with the answers."""
    if report.at("on_rows") is None:
        return
    yield _kept(report)
    yield from (found for found in (_calibration(report), _agreement(report), _differences(report)) if found)
    yield from _confusions(report)


def _kept(report: Figures) -> Html:
    entries: list[tuple[str, Html, object]] = []
    if report.at("on_rows", "measure"):
        entries.append(_measure(report))
    if report.at("agreement") is not None:
        entries.append(("same class as the model", report("percent", "agreement"), "of the rows"))
    if report.at("typical_difference") is not None:
        most = joined("median; at most ", report("g", "largest_difference"), ", rounding and clipping included")
        entries.append(("off by, in decision values", report("g", "typical_difference"), most))
    bound = "derived bound of the rounding, for every row as the schema decodes it"
    entries.append(("largest error", report("g", "max_error"), bound))
    told = joined(
        report("count", "rows"), " rows. ",
        None if report.at("on_rows", "differences") else _NO_MODEL,
        None if report.at("on_rows", "measure") else "No labels or targets were given. ",
        "" if report.at("exact") else "Results have noise, and so have these figures. ",
    )  # fmt: skip
    return section("kept", "What was kept", tiles(*entries), tag("p", told, class_="faint"), _intervals(report))


_NO_MODEL = "The model itself was not at hand, so that nothing is compared with it. "


def _measure(report: Figures) -> tuple[str, Html, Html]:
    place, name = ("on_rows", "measure"), report.at("on_rows", "measure", "name")
    figure = report("f", *place, "ours")
    if report.at(*place, "theirs") is None:
        return f"{name} of the integers", figure, joined("on these rows")
    return f"{name} of the integers", figure, joined("of the model ", report("f", *place, "theirs"))


def _intervals(report: Figures) -> Html | None:
    place, told = ("on_rows", "measure"), report.at("on_rows", "measure")
    if told is None:
        return None
    if not told["ours_interval"]:
        text = "So many rows, or so few with both answers, that no interval was drawn."
        return tag("p", text, class_="faint")
    sides = [("the integers", "ours", "f"), ("the model", "theirs", "f")]
    rows = [
        [name, report("f", *place, side), report("f", *place, f"{side}_interval", 0),
         report("f", *place, f"{side}_interval", 1)]
        for name, side, _ in sides if told[side] is not None
    ]  # fmt: skip
    if told["lost_interval"]:
        ends = (report("signed", *place, "lost_interval", at) for at in (0, 1))
        rows.append(["difference", "", *ends])
    caption = joined("95 % intervals of ", report("count", *place, "drawn"), " bootstrap samples of the rows")
    return table(caption, ("", told["name"], "from", "to"), rows)


def _calibration(report: Figures) -> Html | None:
    told = report.at("on_rows", "calibration")
    if told is None:
        return None
    sides = [("ours", "the integers"), *([("theirs", "the model")] if told["theirs"] else [])]
    style = "g" if told["what"] == "value" else "share"
    drawn = tag("figure", plots.calibration(told), plots.legend(*sides))
    tables = [_groups(report, side, style, len(told[side])) for side, _ in sides]
    return section("calibration", "Calibration", tag("div", drawn, *tables, class_="pair"))


def _groups(report: Figures, side: str, style: str, count: int) -> Html:
    rows = [
        [report(style, *at, "predicted"), report("count", *at, "rows"), report(style, *at, "observed"),
         tag("span", report(style, *at, "low"), " to ", report(style, *at, "high"), class_="nowrap")]
        for at in (("on_rows", "calibration", side, number) for number in range(count))
    ]  # fmt: skip
    caption = "Groups of rows, by what " + ("the integers predict" if side == "ours" else "the model predicts")
    return table(caption, ("predicted", "rows", "observed", "95 % interval"), rows)


def _agreement(report: Figures) -> Html | None:
    told, place = report.at("on_rows", "agreement"), ("on_rows", "agreement")
    if told is None:
        return None
    rows = [
        [tag("span", report("g", *at, "low"), " to ", report("g", *at, "high"), class_="nowrap"),
         report("count", *at, "scores"),
         report("g", *at, "typical"), report("g", *at, "largest"), report("g", *at, "largest_unclipped")]
        for at in ((*place, "tenths", number) for number in range(len(told["tenths"])))
    ]  # fmt: skip
    head = "model’s value", "scores", "off by: median", "largest", "unclipped"
    listed = table("Tenths of the model's decision values", head, rows)
    key = plots.legend(("ours", "scores"), ("clipped", "with a clipped value among them"))
    drawn = tag("figure", plots.agreement(told), key)
    return section("agreement", "Agreement with the model", tag("div", drawn, listed, class_="pair"))


def _differences(report: Figures) -> Html | None:
    told, place = report.at("on_rows", "differences"), ("on_rows", "differences")
    if told is None:
        return None
    names = [
        ("rounding of the weights (bound holds)", "rounding"), ("on rows as they came", "whole"),
        ("without a clipped value", "unclipped"), ("with a clipped value", "clipped"),
    ]  # fmt: skip
    rows = [
        [name, *(report(style, *place, side, what) for style, what in _SPREAD)]
        for name, side in names if told[side] is not None
    ]  # fmt: skip
    rows.append(["derived bound", "", "", "", report("g", *place, "bound")])
    listed = table("Distances from the model's decision values", ("", "scores", "median", "95 %", "largest"), rows)
    key = plots.legend(("ours", "scores"), ("clipped", "with a clipped value"), ("bound", "derived bound"))
    drawn = tag("figure", plots.differences(told), key)
    text = (
        "The bound holds for every row that the schema can hold, measured from the row as the schema decodes it. What "
        "the schema's own steps and ranges do to a row comes on top, and is in the lower plot."
    )
    return section(
        "differences", "Error against its bound", tag("div", drawn, joined(listed), class_="pair"),
        tag("p", text, class_="faint"),
    )  # fmt: skip


_SPREAD = ("count", "scores"), ("g", "typical"), ("g", "most"), ("g", "largest")


def _confusions(report: Figures) -> Iterator[Html]:
    told = report.at("on_rows", "confusions")
    if not told:
        return
    parts = [_confusion(report, at, confusion) for at, confusion in enumerate(told)]
    yield section("classes", "Classes", tag("div", *parts, class_="pair"))


def _confusion(report: Figures, at: int, told: dict[str, Any]) -> Html:
    beside = {"model": "class by the model", "label": "label"}[told["beside"]]
    head = tag("tr", tag("th", joined(beside, " ↓, by the integers →"), scope="col"),
               *(tag("th", shown_text(name, 24), scope="col") for name in told["classes"]))  # fmt: skip
    rows = []
    for row, name in enumerate(told["classes"]):
        whole = sum(told["counts"][row]) or 1
        cells = [
            tag("td", report("count", "on_rows", "confusions", at, "counts", row, column),
                class_="same" if row == column else "other",
                style=f"--share:{told['counts'][row][column] / whole:.3f}")
            for column in range(len(told["classes"]))
        ]  # fmt: skip
        rows.append(tag("tr", tag("th", shown_text(name, 24), scope="row"), *cells))
    caption = tag("caption", words(f"Rows by their {beside}, and by the class that the integers give"))
    inner = tag("table", caption, tag("thead", head), tag("tbody", *rows), class_="confusion")
    return tag("div", inner, class_="scroll")
