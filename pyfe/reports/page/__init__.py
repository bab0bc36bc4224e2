"""A report as a page of HTML: one file, without a script, without anything from elsewhere.

=================  ==========================================================================
``markup``         elements; text is escaped where it enters, figures come by their place
``style``          how it looks
``parts``          sections, tables, tiles
``drawing``        axes and bars in SVG; ``plots``: the plots
``on_rows``        what was measured on rows, clipping first
``answer``         what the key reveals
``of_function``    weights, cost, identifiers, remarks
=================  ==========================================================================

Every figure stands in a ``data`` element that says where it comes from (``data-of``, a JSON pointer into
``report.to_dict()``) and its whole ``value``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pyfe.reports.page import of_function, on_rows
from pyfe.reports.page.answer import answer
from pyfe.reports.page.markup import Figures, Html, joined, tag
from pyfe.reports.page.style import STYLE

__all__ = ["page"]

_START = "<!DOCTYPE html><!-- pyfe report -->"
"""By which :mod:`pyfe.io.roles` knows a report, which another one may replace."""

_NOTHING_FROM_ELSEWHERE = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(report: Mapping[str, Any], title: str) -> str:
    """The page of a report in plain types (:meth:`pyfe.Report.to_dict`)."""
    figures = Figures(report)
    sections = [
        on_rows.clipping(figures),
        *on_rows.kept(figures),
        of_function.weights(figures),
        answer(figures),
        of_function.numbers(figures),
        of_function.identifiers(figures),
        of_function.remarks(figures),
    ]
    found = [section for section in sections if section is not None]
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_NOTHING_FROM_ELSEWHERE),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Html(STYLE)),
    )
    top = tag("header", tag("h1", title), of_function.function_line(figures), _contents(found))
    foot = tag("footer", tag("p", _FOOT, class_="faint"))
    body = tag("body", top, tag("main", *found), foot)
    return f"{_START}\n{tag('html', head, body, lang='en')}\n"


_FOOT = "Made by pyfe. Figures are of all rows together, and no row is listed; the largest are those of single rows."


def _contents(sections: list[Html]) -> Html:
    """Links to the sections, by their headings."""
    heads = (
        re.match(r'<section id="([a-z]+)"|<section aria-labelledby="[^"]*" id="([a-z]+)"', one) for one in sections
    )
    links = [
        tag("li", tag("a", Html(heading[1]), href=f"#{found[1] or found[2]}"))
        for one, found in zip(sections, heads, strict=True)
        if found and (heading := re.search(r"<h2[^>]*>(.*?)</h2>", one))
    ]
    return tag("nav", tag("ul", joined(*links)), aria_label="Contents")
