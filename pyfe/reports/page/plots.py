"""The plots of a report: calibration, agreement, and differences beside their bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from pyfe.reports.page.drawing import Frame, nice_ticks, picture, scaled
from pyfe.reports.page.markup import Html, joined, tag

__all__ = ["agreement", "calibration", "differences", "legend"]


def legend(*entries: tuple[str, str]) -> Html:
    """What the colours stand for: (class, words) pairs."""
    items = (tag("li", tag("span", class_=f"key {kind}"), " ", text) for kind, text in entries)
    return tag("ul", *items, class_="legend")


def calibration(told: Mapping[str, Any]) -> Html:
    """What was observed against what was predicted; on the diagonal both are the same."""
    groups = {side: told[side] or () for side in ("theirs", "ours")}
    ends = [value for part in groups.values() for group in part for value in _values(group)]
    low, high = (0.0, 1.0) if told["what"] != "value" else (min(ends), max(ends))
    frame, share = Frame(), scaled(low, high)
    ticks = nice_ticks(low, high)
    parts = [
        frame.axes(ticks, ticks, f"predicted {_named(told['what'])}", "observed"),
        tag("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="diagonal"),
    ]
    for side, part in groups.items():
        for group in part:
            x, y = frame.x(share(group["predicted"])), frame.y(share(group["observed"]))
            ends_at = frame.y(share(group["low"])), frame.y(share(group["high"]))
            parts.append(tag("line", x1=x, x2=x, y1=ends_at[0], y2=ends_at[1], class_=f"whisker {side}"))
            parts.append(tag("circle", cx=x, cy=y, r=4, class_=f"dot {side}"))
    words = "Groups of rows by prediction: the mean prediction across, what was observed up, with 95 % intervals"
    return picture("calibration-plot", "Calibration", words, *parts)


def _values(group: Mapping[str, float]) -> Sequence[float]:
    return group["predicted"], group["low"], group["high"]


def _named(what: str) -> str:
    return {"probability": "probability", "confidence": "probability of the predicted class"}.get(what, "value")


def agreement(told: Mapping[str, Any]) -> Html:
    """The model's decision values across, ours up, in squares that are the darker the more scores lie in them."""
    low, high, side = told["low"], told["high"], told["side"]
    frame = Frame()
    ticks = nice_ticks(low, high)
    most = max(cell["scores"] for cell in told["cells"])
    parts = [
        frame.axes(ticks, ticks, "decision value of the model", "of the integers"),
        tag("line", x1=frame.x(0), y1=frame.y(0), x2=frame.x(1), y2=frame.y(1), class_="diagonal"),
    ]
    across, up = frame.width / side, frame.height / side
    for cell in told["cells"]:
        dark = 0.35 + 0.65 * (math.log1p(cell["scores"]) / math.log1p(most))
        kind = "clipped" if cell["clipped"] else "ours"
        parts.append(
            tag(
                "rect",
                x=frame.x(cell["x"] / side),
                y=frame.y((cell["y"] + 1) / side),
                width=round(across, 2),
                height=round(up, 2),
                rx=1,
                class_=kind,
                fill_opacity=round(dark, 2),
            )
        )
    words = (
        "Every square is some scores; on the diagonal the integers say what the model says. The table has the tenths"
    )
    return picture("agreement-plot", "Agreement of the integers with the model", words, *parts)


def differences(told: Mapping[str, Any]) -> Html:
    """Two histograms on one logarithmic axis: distances that the bound holds for, and those of the rows as they came;
    the bound goes through both."""
    edges = told["edges"]
    low, high = math.log10(edges[1]), math.log10(edges[-1])
    step = (high - low) / max(1, len(edges) - 2)
    share = scaled(low - step, high)  # the first bin is that from 0
    height = 284
    upper = Frame(top=22, height=92)
    lower = Frame(top=152, height=92)
    whole = [a + b for a, b in zip(told["unclipped_counts"], told["clipped_counts"], strict=True)]
    ticks = [(share(power), _power(power)) for power in range(math.ceil(low), math.floor(high) + 1)]
    every = max(1, math.ceil(len(ticks) / 7))
    ticks = ticks[::every]
    bound = share(math.log10(told["bound"])) if told["bound"] > 0 else None
    parts = [
        _heading(upper, "from the row as the schema decodes it"),
        _bars(upper, told["rounding_counts"], [("ours", told["rounding_counts"])], share, low, step),
        upper.axes(ticks, _counts(told["rounding_counts"]), "", "scores"),
        _heading(lower, "from the row as it came"),
        _bars(lower, whole, [("clipped", whole), ("ours", told["unclipped_counts"])], share, low, step),
        lower.axes(ticks, _counts(whole), "distance in decision values", "scores"),
    ]
    if bound is not None:
        at = upper.x(bound)
        parts.append(tag("line", x1=at, x2=at, y1=upper.top, y2=lower.top + lower.height, class_="bound"))
        anchor = "end" if bound > 0.7 else "start"
        shift = -4 if anchor == "end" else 4
        parts.append(tag("text", "bound", x=at + shift, y=upper.top + 10, text_anchor=anchor, class_="bound-name"))
    words = "How many scores lie how far from the model's, on a logarithmic axis, and the derived bound as a line"
    return picture("differences-plot", "Distances from the model", words, *parts, height=height)


def _heading(frame: Frame, text: str) -> Html:
    return tag("text", text, x=frame.left, y=frame.top - 6, class_="heading")


def _bars(
    frame: Frame, whole: Sequence[int], layers: Sequence[tuple[str, Sequence[int]]], share: Any, low: float, step: float
) -> Html:
    """Bars of each bin over each other, the highest layer first."""
    most = max(*whole, 1)
    parts = []
    for kind, counts in layers:
        for place, count in enumerate(counts):
            if count:
                left = frame.x(share(low + (place - 1) * step))
                right = frame.x(share(low + place * step))
                top = frame.y(count / most)
                parts.append(
                    tag(
                        "rect",
                        x=left + 0.5,
                        y=top,
                        width=round(max(1.0, right - left - 1), 2),
                        height=round(frame.y(0) - top, 2),
                        class_=kind,
                    )
                )
    return joined(*parts)


def _counts(whole: Sequence[int]) -> list[tuple[float, str]]:
    most = max(*whole, 1)
    return [(0.0, "0"), (1.0, f"{most:,}")]


def _power(power: int) -> str:
    plain = {-3: "0.001", -2: "0.01", -1: "0.1", 0: "1", 1: "10", 2: "100", 3: "1000"}
    return plain.get(power, f"1e{power}".replace("-", "−"))
