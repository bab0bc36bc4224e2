"""HTML that cannot be broken into: text is escaped where it enters, and figures come from the report by their place."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Mapping
from typing import Any

from pyfe.text import printable

__all__ = ["Figures", "Html", "joined", "shown_text", "tag", "words"]


class Html(str):
    """Text that is markup already; any other text is escaped when it becomes a child or an attribute."""

    __slots__ = ()


def words(text: object) -> Html:
    """Text as markup: what does not print stands as its number, and no sign of it means anything to HTML."""
    return Html(html.escape(printable(str(text)), quote=True))


def shown_text(text: object, most: int = 60) -> Html:
    """The same, cut where it is long."""
    plain = printable(str(text))
    return words(plain if len(plain) <= most else plain[: most - 1] + "…")


def joined(*parts: object) -> Html:
    """Parts one after the other; None is left out."""
    return Html("".join(part if isinstance(part, Html) else words(part) for part in parts if part is not None))


_VOID = ("meta", "br", "hr")


def tag(_name: str, *children: object, **attributes: object) -> Html:
    """An element. ``attributes``: ``class_`` is class, ``_`` in a name is ``-``; None leaves one out."""
    named = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{words(value)}"'
        for name, value in attributes.items()
        if value is not None
    )
    if _name in _VOID:
        return Html(f"<{_name}{named}>")
    return Html(f"<{_name}{named}>{joined(*children)}</{_name}>")


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %"


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", "−")


_STYLES: dict[str, Callable[[Any], str]] = {
    "g": lambda value: f"{value:.3g}".replace("-", "−"),
    "f": lambda value: f"{value:.4f}",
    "signed": _signed,
    "percent": _percent,
    "whole percent": lambda value: f"{round(100 * value)} %",
    "bits": lambda value: f"{value:.1f}",
    "share": lambda value: f"{value:.3f}",
    "count": lambda value: f"{value:,}".replace("-", "−"),
}


class Figures:
    """The figures of a report, by their place in its plain types (a JSON pointer, RFC 6901)."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._data = data

    def at(self, *place: str | int) -> Any:
        """What stands there; None where a part of the way is not there."""
        value: Any = self._data
        for step in place:
            if value is None:
                return None
            value = value[step]
        return value

    def __call__(self, style: str, *place: str | int) -> Html:
        """A figure as people read it, in an element that says its place and its whole value."""
        value = self.at(*place)
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return tag("span", "–", class_="none")
        pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)
        return tag("data", _STYLES[style](value), value=repr(value), data_of=printable(pointer))
