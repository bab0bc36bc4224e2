"""Is a run slower than an earlier one, on the same machine? Noise is not an answer, and neither is another clock.

Every time is divided by the yardstick of its own turns, so that a processor that runs slower today slows nothing. A
figure is *slower* when its fastest turn and the quickest quarter of its turns are both more than :data:`TOLERANCE`
worse, and three quarters of its turns are behind the median of the earlier ones: other work on the machine lengthens
some turns, seldom all of them, while what we do worse lengthens every one. A figure of which only the fastest turn is
worse, or whose turns say less than the tolerance, is *unclear*. Whoever can (the command) measures both kinds again and
adds the turns, before the last word.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench.turns import interval_of_the_median, middle, quarter

TOLERANCE = 0.10
ALONE = 0.25
"""The tolerance of a figure without turns: one number says nothing of its noise."""

SIZES = 0.01
"""And of bytes, which have none."""

AGAIN = 2
"""How often suspects are measured again."""

MORE_IS_BETTER = ("per_s", "share")
UNJUDGED = ("count", "slope", "error")


@dataclass(frozen=True)
class Compared:
    """One id in both runs: old cost over new cost (above 1: better now), and what to say of it."""

    id: str
    ratio: float
    verdict: str
    noise: float | None = None


@dataclass(frozen=True)
class Figure:
    """An id's result, as costs in yardsticks: less is better."""

    best: float
    turns: tuple[float, ...]

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Figure:
        """Of an entry of "results"."""
        stick = result.get("yardstick") or 1.0
        turned = result["unit"] in MORE_IS_BETTER

        def cost(value: float) -> float:
            if turned:
                return 1 / (value * stick) if value else float("inf")
            return value / stick

        return cls(cost(result["value"]), tuple(map(cost, result.get("turns") or ())))

    def joined(self, other: Figure) -> Figure:
        """Both, as if it had been one run."""
        return Figure(min(self.best, other.best), self.turns + other.turns)

    def noise(self) -> float:
        """Half the width of the median's interval, relative to it."""
        low, high = interval_of_the_median(self.turns)
        return (high - low) / 2 / middle(self.turns)


def judged(name: str, unit: str, old: Figure, new: Figure) -> Compared:
    """What both say."""
    fastest = old.best / new.best if new.best else 1.0
    if unit in UNJUDGED:
        return Compared(name, fastest, "")
    if len(old.turns) < 2 or len(new.turns) < 2:
        least = SIZES if unit == "bytes" else ALONE
        return Compared(name, fastest, "slower" if fastest < 1 / (1 + least) else "")
    noise = (old.noise() ** 2 + new.noise() ** 2) ** 0.5
    if fastest >= 1 / (1 + TOLERANCE):
        return Compared(name, fastest, "", noise)
    worse = quarter(old.turns) / quarter(new.turns) < 1 / (1 + TOLERANCE)
    behind = quarter(new.turns) > middle(old.turns)
    return Compared(name, fastest, "slower" if worse and behind else "unclear", noise)


def compare(old: Sequence[Mapping[str, Any]], *runs: Sequence[Mapping[str, Any]]) -> list[Compared]:
    """The "results" of an earlier run against those of one or more later ones, whose turns are joined: the ids that
    both have in the same unit, in the order of the first later run."""
    before = {result["id"]: result for result in old}
    out = []
    for result in runs[0]:
        name = result["id"]
        if name not in before or before[name]["unit"] != result["unit"]:
            continue
        new = Figure.of(result)
        for run in runs[1:]:
            for again in run:
                if again["id"] == name:
                    new = new.joined(Figure.of(again))
        out.append(judged(name, result["unit"], Figure.of(before[name]), new))
    return out


def suspects(found: Sequence[Compared]) -> list[str]:
    """The ids that are to be measured again."""
    return [one.id for one in found if one.verdict]


def settled(
    old: Sequence[Mapping[str, Any]],
    first: Sequence[Mapping[str, Any]],
    again: Callable[[list[str]], Sequence[Mapping[str, Any]]],
) -> list[Compared]:
    """Compare, and let ``again`` measure the suspects :data:`AGAIN` times more at most; the last word."""
    runs = [first]
    found = compare(old, *runs)
    for _ in range(AGAIN):
        if not (doubtful := suspects(found)):
            break
        runs.append(again(doubtful))
        found = compare(old, *runs)
    return found


def incomparable(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What of the two machines' descriptions differs that makes a comparison say nothing."""
    named = ("cpu", "backend", "smoke", "quick")
    return [f"{name}: {old.get(name)}, now {new.get(name)}" for name in named if old.get(name) != new.get(name)]
