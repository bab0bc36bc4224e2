"""The figures for people: a table on the terminal, and what has to be said beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.catalogue import entries
from bench.machine import busy
from bench.measure import Measurement
from bench.turns import middle, spread, turns_of

DECADES = 1.5
"""That a curve has to span, where it grows, before its slope says anything."""

DRIFT = 0.05
"""Of the yardstick, from which on it is said."""


def show(whole: Mapping[str, Any], results: Sequence[Measurement], console: Console) -> None:
    """Print the machine, one line a figure, the peers, and what each question took. Bars are for a quiet core with
    AVX-512 IFMA."""
    machine = whole["machine"]
    title = f"{described(machine)}, load {machine['load_1min']}"
    table = Table("id", title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("value", "median, 90 % of turns", "peer's", "ratio", "90 % of turns"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("bar", no_wrap=True)
    table.add_column("peer", overflow="fold")
    for result in results:
        table.add_row(*row(result, judge=not machine["smoke"]))
    console.print(table)
    for line in remarks(whole):
        console.print(line, highlight=False)


def described(machine: Mapping[str, Any]) -> str:
    """The processor and what the core makes of it."""
    return f"{machine['cpu']}, {machine['cores']} cores, {machine['backend']}"


def remarks(whole: Mapping[str, Any]) -> list[str]:
    """What has to be said beside the figures: peers, present or absent; drift; time and memory; whether to quote."""
    machine, out = whole["machine"], []
    out += [f"peer {package}: {status}" for package, status in machine["peers"].items()]
    for name, took in whole["questions"].items():
        out.append(f"{name}: {took['seconds']:.0f} s, at most {took['peak_memory'] / 1e6:,.0f} MB")
    if whole["drift"] is not None and whole["drift"] > DRIFT:
        out.append(
            f"the yardstick was {whole['drift']:.0%} slower in one question than in another: the clock drifted, or "
            "others were at work; only ratios of one question can be trusted"
        )
    if machine["smoke"]:
        out.append("a smoke run: tiny batches, two rounds; these figures are not to be quoted")
    elif busy(machine):
        out.append(f"the machine was busy (load {machine['load_1min']}): not to be quoted without saying so")
    return out


def row(result: Measurement, judge: bool) -> list[str]:
    """The cells of one figure; ``judge``: say whether its bar is met."""
    entry = entries()[result.id]
    turns, ratios = turns_of(result.value), result.ratios()
    return [
        result.id,
        f"{_short(result.value)} {entry.unit}",
        f"{_short(middle(turns))} ({_between(turns)})" if turns else "",
        _short(result.peer_value),
        _short(result.ratio()),
        _between(ratios),
        f"{entry.bar()} {_mark(result) if judge else ''}".strip(),
        result.peer or ("absent" if entry.peer else ""),
    ]


def _between(turns: Sequence[float]) -> str:
    """Where 90 % of the turns lie."""
    return " to ".join(map(_short, spread(turns))) if turns else ""


def _mark(result: Measurement) -> str:
    """Whether the bar is met; nothing where there is none or where the peer is absent."""
    entry, ratio = entries()[result.id], result.ratio()
    verdicts = []
    if entry.ratio_at_least is not None and ratio is not None:
        verdicts.append(ratio >= entry.ratio_at_least)
    if entry.at_most is not None:
        verdicts.append(result.value <= entry.at_most)
    if entry.at_least is not None:
        verdicts.append(result.value >= entry.at_least)
    if entry.within is not None and result.peer_value is not None:
        wide = result.curve is None or result.curve["decades"] >= DECADES
        verdicts.append(wide and abs(result.value - result.peer_value) <= entry.within)
    if not verdicts:
        return ""
    return "met" if all(verdicts) else "missed"


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
