"""What the figures were measured on: without it they are a rumour."""

from __future__ import annotations

import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from bench import peers
from bench.measure import Settings
from pyfe import _core


def describe(settings: Settings) -> dict[str, Any]:
    """Processor, load, versions, the core's backend, and the peers: their versions, or why they are absent."""
    return {
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "load_1min": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "numpy": np.__version__,
        "pyfe": pyfe.__version__,
        "backend": _core.backend(),
        "cpu_features": sorted(name for name, there in _core.cpu_features().items() if there),
        "peers": peers.status(),
        "quick": settings.quick,
    }


def _cpu_name() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
