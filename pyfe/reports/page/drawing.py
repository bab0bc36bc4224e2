"""Pictures in SVG: axes, marks and bars, in colours that the page's style names."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pyfe.reports.page.markup import Html, joined, tag

__all__ = ["HEIGHT", "WIDTH", "Frame", "bar", "nice_ticks", "picture", "scaled"]

WIDTH, HEIGHT = 360, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 12, 10, 40


@dataclass(frozen=True)
class Frame:
    """The rectangle of a plot, and where values lie in it: ``x`` and ``y`` from 0 to 1, y upwards."""

    left: float = _LEFT
    top: float = _TOP
    width: float = WIDTH - _LEFT - _RIGHT
    height: float = HEIGHT - _TOP - _BOTTOM

    def x(self, share: float) -> float:
        """Where a share of the width lies."""
        return round(self.left + share * self.width, 2)

    def y(self, share: float) -> float:
        """Where a share of the height lies."""
        return round(self.top + (1 - share) * self.height, 2)

    def axes(
        self, across: Sequence[tuple[float, str]], up: Sequence[tuple[float, str]], x_name: str, y_name: str
    ) -> Html:
        """Lines and words of both axes; ticks are (share, word) pairs."""
        parts = [tag("rect", x=self.left, y=self.top, width=self.width, height=self.height, class_="frame")]
        for share, word in across:
            at = self.x(share)
            parts.append(tag("line", x1=at, x2=at, y1=self.y(0), y2=self.y(1), class_="grid"))
            parts.append(tag("text", word, x=at, y=self.y(0) + 13, text_anchor="middle"))
        for share, word in up:
            at = self.y(share)
            parts.append(tag("line", x1=self.x(0), x2=self.x(1), y1=at, y2=at, class_="grid"))
            parts.append(tag("text", word, x=self.left - 5, y=at + 3.5, text_anchor="end"))
        middle = self.top + self.height / 2
        parts.append(tag("text", x_name, x=self.x(0.5), y=self.y(0) + 29, text_anchor="middle", class_="name"))
        turned = f"rotate(-90 10 {middle:g})"
        parts.append(tag("text", y_name, x=10, y=middle, text_anchor="middle", transform=turned, class_="name"))
        return joined(*parts)


def picture(name: str, title: str, told: str, *parts: Html, height: int = HEIGHT) -> Html:
    """A drawing with its words for whoever does not see it; ``name`` makes its ids."""
    ids = f"{name}-title {name}-told"
    head = tag("title", title, id=f"{name}-title"), tag("desc", told, id=f"{name}-told")
    box = f"0 0 {WIDTH} {height}"
    return tag("svg", *head, *parts, viewBox=box, role="img", aria_labelledby=ids, class_="plot")


def nice_ticks(low: float, high: float, about: int = 5) -> list[tuple[float, str]]:
    """Round values between two ends: where each lies, from 0 to 1, and its word."""
    if not (math.isfinite(low) and math.isfinite(high) and high > low):
        return []
    rough = (high - low) / about
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * one for one in (1, 2, 5, 10) if power * one >= rough * 0.999)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [((at * step - low) / (high - low), f"{at * step:.4g}".replace("-", "−")) for at in range(first, last + 1)]


def bar(shares: Iterable[tuple[float, str]], marks: Iterable[float] = ()) -> Html:
    """Bars over each other from 0, in classes, the longest first, and upright marks: for a cell of a table, which says
    the same in figures."""
    parts = [
        tag("rect", x=0, y=2, width=round(100 * min(1.0, max(0.0, share)), 2), height=8, class_=kind)
        for share, kind in shares
    ]
    parts += [tag("rect", x=round(100 * at - 0.6, 2), y=0, width=1.2, height=12, class_="mark") for at in marks]
    return tag("svg", *parts, viewBox="0 0 100 12", preserveAspectRatio="none", class_="bar", aria_hidden="true")


def scaled(low: float, high: float) -> Callable[[float], float]:
    """From values to shares of the way between two ends."""
    return lambda value: min(1.0, max(0.0, (value - low) / (high - low))) if high > low else 0.5
