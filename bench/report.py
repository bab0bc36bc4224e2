"""The figures for people: a table on the terminal, and a picture on request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from bench.catalogue import entries
from bench.measure import Measurement


def show(machine: dict[str, Any], results: Sequence[Measurement], console: Console) -> None:
    """Print the machine and one line a figure. A bar is for a quiet core with AVX-512 IFMA."""
    title = f"{machine['cpu']}, {machine['backend']}, load {machine['load_1min']}"
    table = Table("id", title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("value", "peer's", "ratio"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("bar", no_wrap=True)
    table.add_column("peer", overflow="fold")
    for result in results:
        table.add_row(*row(result, judge=not machine["quick"]))
    console.print(table)
    for package, status in machine["peers"].items():
        console.print(f"peer {package}: {status}", highlight=False)
    if machine["quick"]:
        console.print("a quick run: smaller batches, fewer rounds; these figures are not to be quoted")


def row(result: Measurement, judge: bool) -> list[str]:
    """The cells of one figure; ``judge``: say whether its bar is met."""
    entry = entries()[result.id]
    return [
        result.id,
        f"{_short(result.value)} {entry.unit}",
        _short(result.peer_value),
        _short(result.ratio()),
        f"{entry.bar()} {_mark(result) if judge else ''}".strip(),
        result.peer or ("absent" if entry.peer else ""),
    ]


def plot(machine: dict[str, Any], results: Sequence[Measurement], path: Path) -> None:
    """A PNG: each ratio to a peer on a logarithmic axis, the bar as a tick."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rated = [(result, ratio) for result in reversed(results) if (ratio := result.ratio()) is not None]
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.28 * max(len(rated), 1)), layout="constrained")
    axes.barh([result.id for result, _ in rated], [ratio for _, ratio in rated], color="#4c72b0", height=0.6)
    bars = [(y, entries()[result.id].ratio_at_least) for y, (result, _) in enumerate(rated)]
    marked = [(y, bar) for y, bar in bars if bar is not None]
    axes.plot([bar for _, bar in marked], [y for y, _ in marked], "|", color="black", markersize=12, label="bar")
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("peer's time / ours")
    axes.set_title(f"{machine['cpu']}, {machine['backend']}", fontsize="small")
    if marked:
        axes.legend(loc="lower right", fontsize="small")
    figure.savefig(path, dpi=120)
    pyplot.close(figure)


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
    if not verdicts:
        return ""
    return "met" if all(verdicts) else "missed"


def _short(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
