"""Sections, tables and tiles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pyfe.reports.page.markup import Html, joined, tag

__all__ = ["Cell", "facts", "section", "table", "tiles"]

Cell = Html | str
"""What stands in a cell; text is escaped."""


def section(name: str, title: str, *parts: object) -> Html:
    """A section with its heading; ``name`` is its id."""
    return tag("section", tag("h2", title, id=f"{name}-heading"), *parts, id=name, aria_labelledby=f"{name}-heading")


def table(
    caption: Cell, head: Sequence[str], rows: Iterable[Sequence[Cell]], *,
    text: Sequence[int] = (), block: Sequence[int] = (), folds: bool = False,
) -> Html:  # fmt: skip
    """A table whose first column names the rows.

    text: places of columns that are words, and stand left. folds: on a narrow page every row becomes its name and,
    below it, the other cells with the names of their columns, those of ``block`` on lines of their own, without.
    """
    names = (tag("th", name, scope="col", class_="text" if at in text else None) for at, name in enumerate(head))
    lines = [
        tag(
            "tr",
            tag("th", row[0], scope="row"),
            *(_cell(at, head[at], row[at], text, block) for at in range(1, len(row))),
        )
        for row in rows
    ]
    parts = tag("caption", caption), tag("thead", tag("tr", *names)), tag("tbody", *lines)
    return tag(
        "div", tag("table", *parts, class_="folds" if folds else None), class_="scroll" if folds else "scroll narrow"
    )


def _cell(at: int, head: str, value: Cell, text: Sequence[int], block: Sequence[int]) -> Html:
    bars = isinstance(value, Html) and value.startswith("<svg")
    marks = [name for name, places in (("text", text), ("block", block)) if at in places]
    kind = "bars" if bars else " ".join(marks) or None
    return tag("td", value if bars else tag("span", value), class_=kind, data_head=head)


def tiles(*entries: tuple[str, Html, object]) -> Html:
    """Figures that are to be seen first: (what, figure, what there is to say of it)."""
    return tag(
        "div",
        *(
            tag("dl", tag("dt", what), tag("dd", figure), tag("dd", more, class_="small"), class_="tile")
            for what, figure, more in entries
        ),
        class_="tiles",
    )


def facts(*entries: tuple[str, object]) -> Html:
    """A list of names with what they stand for."""
    return tag("dl", joined(*(joined(tag("dt", what), tag("dd", value)) for what, value in entries)), class_="facts")
