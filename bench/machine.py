"""What the figures were measured on: without it they are a rumour."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from bench import peers
from bench.measure import Settings
from pyfe import _core

QUIET_LOAD = 1.2
"""The measuring itself is a load of 1 when it has run for some minutes."""


def describe(settings: Settings) -> dict[str, Any]:
    """Processor, load, versions, the core's backend, and the peers: their versions, or why they are absent."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyfe": pyfe.__version__,
        "backend": _core.backend(),
        "cpu_features": sorted(name for name, there in _core.cpu_features().items() if there),
        "peers": peers.status(),
        "smoke": settings.smoke,
        "quick": settings.quick,
        "share": settings.share,
        "commit": _commit(),
    }


def busy(machine: Mapping[str, Any]) -> bool:
    """Whether other work ran beside a measurement of one thread when it began: its figures are not to be quoted."""
    return float(machine["load_1min"]) > QUIET_LOAD


def forget_peak_memory() -> None:
    """Let VmHWM start again from here (Linux; where it cannot be, the peak is that of the whole process)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_memory() -> int:
    """The most resident memory of this process since it was last forgotten, in bytes; 0 where it is not kept."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


def drift(yardsticks: Iterable[float | None]) -> float | None:
    """How much longer the yardstick took at its slowest question than at its fastest, less one: the clock's drift, and
    the neighbours'. None where it was timed in fewer than two."""
    known = [stick for stick in yardsticks if stick]
    return max(known) / min(known) - 1 if len(known) > 1 else None


def _commit() -> str | None:
    """The commit that was measured, with a + when files were changed after it; None outside a clone."""
    command = ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"]
    try:
        done = subprocess.run(command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
