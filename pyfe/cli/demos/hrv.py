"""Heart-rate variability from encrypted intervals between heartbeats.

An hour of a real heart: the sample series of the package pyhrv 0.5 (Gomes, Margaritoff, da Silva 2019; BSD licence),
4,684 RR intervals in milliseconds. Its windows of 64 intervals are encrypted; the cloud has one key for RMSSD^2 and one
for SDNN^2. Both are quadratic forms with integer coefficients over the common denominators ``n - 1`` and ``n (n - 1)``,
so the curves are exact. The windows do not overlap, on purpose: those of two that are one interval apart give away a
difference of two single squares.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path
from typing import Any

import numpy as np

from pyfe import quadratic
from pyfe.arrays import FloatArray, IntArray
from pyfe.cli.demos import stage
from pyfe.errors import ParameterError, PyfeError
from pyfe.function import Function
from pyfe.schema import Schema, number

__all__ = ["WINDOW", "run", "schema"]


WINDOW = 64
"""Intervals in a window, about a minute."""

_SHORTEST, _LONGEST = 300, 1500
"""Milliseconds: 200 to 40 beats a minute."""

_INSTALL = "pip install --no-deps pyhrv==0.5"
_SERIES = "SampleNNISeriesLong.npy"
_CURVES = {"rmssd2": "RMSSD^2", "sdnn2": "SDNN^2"}


def run(folder: Path, *, say: stage.Say, intervals: IntArray | None = None) -> dict[str, Any]:
    """Play the story below ``folder``; returns the figures that were printed. A few seconds.

    intervals: int64 milliseconds in the order of the beats, instead of pyhrv's series; a rest that does not fill a
    window is left out. ParameterError for an interval beyond the schema or for less than one window.
    """
    start = time.perf_counter()
    windows = _windows(_sample_series() if intervals is None else intervals)
    columns = schema()
    functions = {"rmssd2": quadratic.rmssd2(columns), "sdnn2": quadratic.sdnn2(columns)}
    roles = stage.open_folders(folder, "hrv")
    bits = max(function.weight_bits for function in functions.values())
    findings = stage.issue(
        roles, columns, functions, scheme="qfe-ggm", bits=bits, purpose="heart-rate variability", policy=stage.FINE
    )
    sent = stage.hospital_encrypts(roles, {name: windows[:, i].tolist() for i, name in enumerate(columns.columns)})
    got = {name: stage.cloud_evaluates(roles, name, f"{name}.csv") for name in functions}
    curves = {name: functions[name].decision_function(each.scores) for name, each in got.items()}
    _require_identical(functions, windows, {name: each.scores for name, each in got.items()})
    result = {
        "windows": len(windows),
        "heartbeats": int(windows.size),
        "minutes": float(windows.sum() / 60_000),
        "denominators": {"rmssd2": WINDOW - 1, "sdnn2": WINDOW * (WINDOW - 1)},
        "scores": {name: each.scores.tolist() for name, each in got.items()},
        "rmssd_ms": [float(value) for value in np.sqrt(curves["rmssd2"])],
        "sdnn_ms": [float(value) for value in np.sqrt(curves["sdnn2"])],
        **stage.cost(sent, list(got.values())),
        **stage.revealed(columns, list(functions.values()), findings),
        "policy": got["sdnn2"].policy,
        "picture": stage.draw(folder / "hrv.png", (7.5, 3.8), lambda figure: _paint(figure, windows, curves)),
    }
    result["seconds"] = time.perf_counter() - start
    _tell(result, say)
    return result


def schema() -> Schema:
    """One column an interval of the window, whole milliseconds."""
    return Schema.from_ranges({f"rr{i:02d}": number(_SHORTEST, _LONGEST, step=1) for i in range(WINDOW)})


def _sample_series() -> IntArray:
    """pyhrv's long series. Read from the installed files: its import would need packages that this does not."""
    try:
        found = [file for file in files("pyhrv") or [] if file.name == _SERIES]
    except PackageNotFoundError:
        found = []
    if not found:
        raise ParameterError(f"the demo hrv takes its heartbeats from the package pyhrv: {_INSTALL}")
    series = np.load(str(found[0].locate()), allow_pickle=False)
    return np.asarray(np.rint(series), dtype=np.int64)


def _windows(intervals: IntArray) -> IntArray:
    """int64 ``[windows, WINDOW]``, one after the other."""
    count = len(intervals) // WINDOW
    if not count:
        raise ParameterError(f"{len(intervals)} intervals do not fill a window of {WINDOW}")
    if intervals.min() < _SHORTEST or intervals.max() > _LONGEST:
        raise ParameterError(f"intervals lie within {_SHORTEST} to {_LONGEST} ms; these do not")
    return intervals[: count * WINDOW].reshape(count, WINDOW)


def _plain(windows: IntArray) -> dict[str, IntArray]:
    """The integers as numpy computes them from the milliseconds."""
    rmssd2 = (np.diff(windows, axis=1) ** 2).sum(axis=1)
    sdnn2 = WINDOW * (windows**2).sum(axis=1) - windows.sum(axis=1) ** 2
    return {"rmssd2": rmssd2, "sdnn2": sdnn2}


def _require_identical(functions: Mapping[str, Function], windows: IntArray, scores: Mapping[str, IntArray]) -> None:
    """Every encrypted integer equals the function in the clear and numpy on the milliseconds themselves."""
    plain = _plain(windows)
    for name, function in functions.items():
        clear = function.evaluate(windows.astype(np.float64))
        if not (np.array_equal(scores[name], clear) and np.array_equal(scores[name], plain[name])):
            raise PyfeError(f"an encrypted {_CURVES[name]} differs from the one computed in the clear")


def _tell(result: Mapping[str, Any], say: stage.Say) -> None:
    say(f"Heart-rate variability: {result['minutes']:.0f} minutes of heartbeats in windows of {WINDOW}, encrypted")
    widths = ", ".join(f"{name} 2^{width:.1f}" for name, width in result["width_bits"].items())
    lines = {
        "windows": f"{result['windows']} of {WINDOW} intervals, {result['heartbeats']} heartbeats",
        "RMSSD": f"{min(result['rmssd_ms']):.1f} to {max(result['rmssd_ms']):.1f} ms, from encrypted "
        f"{WINDOW - 1} RMSSD^2",
        "SDNN": f"{min(result['sdnn_ms']):.1f} to {max(result['sdnn_ms']):.1f} ms, from encrypted "
        f"{WINDOW * (WINDOW - 1)} SDNN^2",
        "integers": "every one identical to the function in the clear and to numpy on the milliseconds",
        **stage.cost_lines(result, "window"),
        "results": f"values to search: {widths}",
        **stage.closing_lines(result, "window"),
    }
    stage.say_table(lines, say)


def _paint(figure: Any, windows: IntArray, curves: Mapping[str, FloatArray]) -> None:
    """Both curves over time: the clear line from the milliseconds, the encrypted points on it."""
    minutes = np.cumsum(windows.sum(axis=1)) / 60_000
    clear = {
        "rmssd2": np.sqrt(np.mean(np.diff(windows, axis=1) ** 2, axis=1)),
        "sdnn2": np.std(windows, axis=1, ddof=1),
    }
    colours = {"rmssd2": "#3a6ea5", "sdnn2": "#b3403a"}
    for axes, name in zip(figure.subplots(2, 1, sharex=True), curves, strict=True):
        axes.plot(minutes, clear[name], color="0.55", linewidth=1, label="in the clear")
        axes.plot(minutes, np.sqrt(curves[name]), ".", color=colours[name], label="decrypted")
        axes.set_ylabel(f"{_CURVES[name].removesuffix('^2')} (ms)")
        axes.set_ylim(bottom=0)
        axes.legend(frameon=False, ncols=2, loc="upper right")
    axes.set_xlabel("minutes")
