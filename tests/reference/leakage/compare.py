"""Another implementation's figures beside the twin's: where they disagree, rule by rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import isclose, isnan
from typing import Any

BITS = 0.05
"""I and H agree within this."""

SAMPLED = {"5t": 0.03, "6": 0.10, "7": 0.10}
"""Rules that count drawn rows: how far two draws of one population may lie apart."""

GRANTED = {"issued", "free"}
"""Decisions that are no refusal."""

EXACT = 1e-6
"""Every other figure, absolute or relative."""

FORMS = {"2m": 0.03, "2e": 0.03, "4": 0.30, "5t": 0.05}
"""The same for quadratic keys, whose rules count drawn rows."""


@dataclass(frozen=True)
class Difference:
    """One disagreement. `near`: verdicts differ, and a sampled figure lies so near its limit that chance decides."""

    request: str
    kind: str
    rule: str
    figure: str
    ours: object
    theirs: object
    near: bool = False


def tolerance(rule: str, figure: str, forms: bool) -> float:
    if forms and rule in FORMS:
        return FORMS[rule]
    return BITS if figure in ("I", "H") else SAMPLED.get(rule, EXACT)


def agree(rule: str, figure: str, ours: float, theirs: float, forms: bool) -> bool:
    if isnan(theirs):
        return False
    allowed = tolerance(rule, figure, forms)
    return abs(ours - theirs) <= allowed or ours == theirs or isclose(ours, theirs, rel_tol=EXACT)


def near_a_limit(rule: str, entry: Mapping[str, Any], forms: bool) -> bool:
    """Whether what decides is a figure of ours that is drawn, and lies within the tolerance of its limit."""
    if rule != "4" and rule not in (FORMS if forms else SAMPLED):
        return False
    over = {name: entry["figures"][name] - limit for name, limit in entry["limits"].items()}
    clear = any(value > tolerance(rule, name, forms) for name, value in over.items())
    return not clear and any(abs(value) <= tolerance(rule, name, forms) for name, value in over.items())


def differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Difference]:
    """Of one request. Rules and figures that the other has not evaluated are no difference."""
    request, kind = ours["id"], ours["kind"]
    forms = bool(ours.get("forms"))
    if "rank" in theirs and ours["rank"] != theirs["rank"]:
        yield Difference(request, kind, "rank", "rank", ours["rank"], theirs["rank"])
    for rule, mine in ours["rules"].items():
        other = theirs["rules"].get(rule)
        if other is None:
            continue
        if mine["verdict"] != other["verdict"]:
            near = near_a_limit(rule, mine, forms)
            yield Difference(request, kind, rule, "verdict", mine["verdict"], other["verdict"], near)
        for figure, value in mine["figures"].items():
            their = other.get("figures", {}).get(figure)
            if their is not None and not agree(rule, figure, value, their, forms):
                yield Difference(request, kind, rule, figure, value, their)
    words = [theirs["rules"].get(rule, mine)["verdict"] == mine["verdict"] for rule, mine in ours["rules"].items()]
    decisions = {ours.get("decision"), theirs.get("decision")}
    if all(words) and len(decisions) > 1 and decisions & GRANTED:
        yield Difference(request, kind, "all", "decision", ours.get("decision"), theirs.get("decision"))


@dataclass(frozen=True)
class Report:
    """All disagreements of two files of answers, and how often each rule was compared."""

    compared: Counter[str]
    missing: list[str]
    found: list[Difference]

    @property
    def disagreeing(self) -> list[Difference]:
        """Without those that chance decides."""
        return [one for one in self.found if not one.near]

    def table(self) -> str:
        """One line a rule: compared, verdicts that differ (near a limit), figures that differ, by name."""
        lines = [f"{'rule':6} {'compared':>8} {'verdicts':>8} {'(near)':>6}  figures"]
        for rule in [*self.compared, "rank", "all"]:
            mine = [one for one in self.found if one.rule == rule]
            verdicts = [one for one in mine if one.figure == "verdict"]
            figures = Counter(one.figure for one in mine if one.figure != "verdict")
            near = sum(one.near for one in verdicts)
            words = ", ".join(f"{name} {count}" for name, count in figures.items())
            lines.append(f"{rule:6} {self.compared[rule]:8} {len(verdicts) - near:8} {near:6}  {words}")
        return "\n".join([*lines, f"requests without an answer: {len(self.missing)}"])


def compare(ours: Mapping[str, Mapping[str, Any]], theirs: Mapping[str, Mapping[str, Any]]) -> Report:
    """Request by request, rule by rule."""
    compared: Counter[str] = Counter()
    found: list[Difference] = []
    for request, mine in ours.items():
        if request in theirs:
            compared.update(rule for rule in mine["rules"] if rule in theirs[request]["rules"])
            found += differences(mine, theirs[request])
    return Report(compared, [request for request in ours if request not in theirs], found)
