"""The figures of a run as pictures: ratios to the peers, how cost grows, and the roofline. From the JSON alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bench.report import described
from bench.roofline import points, roof

OURS, LINE = "#4c72b0", "#b04c4c"
COLUMNS = 4


def draw(whole: Mapping[str, Any], folder: Path) -> list[Path]:
    """PNGs into a folder, which is made: those for which the run has figures. Which they are."""
    import matplotlib

    matplotlib.use("Agg")
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, picture in (("ratios", ratios), ("growth", growth), ("roofline", roofline)):
        figure = picture(whole)
        if figure is not None:
            figure.savefig(folder / f"{name}.png", dpi=110, metadata={"Software": None})
            drawn.append(folder / f"{name}.png")
    matplotlib.pyplot.close("all")
    return drawn


def caption(machine: Mapping[str, Any]) -> str:
    """The machine, its load, and how thorough the run was."""
    return f"{described(machine)}, load {machine['load_1min']}{', quick' if machine['quick'] else ''}"


def ratios(whole: Mapping[str, Any]) -> Any:
    """Each ratio to a peer with its spread, logarithmic; bars as ticks."""
    from matplotlib import pyplot

    from bench.catalogue import entries

    rated = [result for result in reversed(whole["results"]) if result["ratio"]]
    if not rated:
        return None
    figure, axes = pyplot.subplots(figsize=(9, 1.2 + 0.24 * len(rated)), layout="constrained")
    axes.barh([result["id"] for result in rated], [result["ratio"] for result in rated], color=OURS, height=0.6)
    for y, result in enumerate(rated):
        if result["ratio_spread"]:
            axes.plot(result["ratio_spread"], [y, y], color="black", linewidth=1)
        bar = entries()[result["id"]].ratio_at_least
        if bar is not None:
            axes.plot([bar], [y], "|", color=LINE, markersize=12)
    axes.axvline(1, color="gray", linewidth=0.8)
    axes.set_xscale("log")
    axes.set_xlabel("peer's time / ours; line: 90 % of the turns; red tick: the bar")
    axes.set_title(caption(whole["machine"]), fontsize="small")
    axes.tick_params(labelsize="x-small")
    return figure


def growth(whole: Mapping[str, Any]) -> Any:
    """One panel a curve: times on logarithmic axes, the formula with its fixed cost, both slopes."""
    from matplotlib import pyplot

    curves = [result for result in whole["results"] if result.get("curve")]
    if not curves:
        return None
    rows = -(-len(curves) // COLUMNS)
    figure, grid = pyplot.subplots(
        rows, COLUMNS, figsize=(3.2 * COLUMNS, 2.6 * rows), layout="constrained", squeeze=False
    )
    for axes in grid.flat[len(curves) :]:
        axes.set_axis_off()
    for axes, result in zip(grid.flat, curves, strict=False):
        panel(axes, result)
    figure.suptitle(f"seconds against size; line: the cost formula with one fixed cost. {caption(whole['machine'])}")
    return figure


def panel(axes: Any, result: Mapping[str, Any]) -> None:
    """One curve; sizes at which the fixed cost is over half are hollow."""
    curve = result["curve"]
    axes.loglog(curve["sizes"], curve["predicted"], color=LINE, linewidth=1)
    for size, seconds, full in zip(curve["sizes"], curve["seconds"], curve["over_half"], strict=True):
        axes.loglog([size], [seconds], "o", color=OURS, markersize=4, fillstyle="full" if full else "none")
    for size, turns in zip(curve["sizes"], curve["turns"], strict=True):
        axes.loglog([size] * len(turns), turns, "_", color=OURS, markersize=4, alpha=0.4)
    axes.set_title(result["id"].removeprefix("sweep."), fontsize="small")
    slopes = (
        "" if result["peer_value"] is None else f": {result['value']:.2f}, by the formula {result['peer_value']:.2f}"
    )
    axes.set_xlabel(f"{curve['axis']}; slope{slopes}", fontsize="x-small")
    axes.tick_params(labelsize="x-small")
    axes.grid(True, which="major", linewidth=0.3)


def roofline(whole: Mapping[str, Any]) -> Any:
    """The roof that the run measured, and our kernels below it."""
    from matplotlib import pyplot

    limits, kernels = roof(whole["results"]), points(whole["results"])
    if limits is None:
        return None
    bandwidth, most = limits
    ridge = most / bandwidth
    ends = [x for _, x, _ in kernels] + [ridge]
    x = [min(ends) / 4, ridge, max(ends) * 4]
    figure, axes = pyplot.subplots(figsize=(8, 5), layout="constrained")
    axes.loglog(x, [min(most, bandwidth * at) for at in x], color="black")
    for index, (name, intensity, rate) in enumerate(kernels):
        share = rate / min(most, bandwidth * intensity)
        axes.loglog([intensity], [rate], "o", color=f"C{index}", label=f"{name}: {share:.0%} of the roof")
    axes.set_xlabel("multiply-adds of eight lanes a byte of memory")
    axes.set_ylabel("multiply-adds a second")
    gigabytes, billions = bandwidth / 1e9, most / 1e9
    axes.set_title(
        f"{caption(whole['machine'])}; {gigabytes:.1f} GB/s, {billions:.2f} billion multiply-adds a second, one core",
        fontsize="small",
    )
    if kernels:
        axes.legend(fontsize="x-small", loc="lower right")
    return figure
