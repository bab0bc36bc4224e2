"""What every reader promises for any input."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pyfe import PyfeError

MAX_INPUT = 2**16
MAX_SECONDS = 1.0
MAX_BYTES, MAX_TIMES_INPUT = 64 * 2**20, 8
REPEATS = 2
"""A run that seems too slow or too large is made again: another process may have had the machine."""

_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class BrokenPromise(AssertionError):
    """A reader took too long, took too much memory, or raised something that is no PyfeError."""


@dataclass
class Extremes:
    """The largest figures seen so far, for the report."""

    executions: int = 0
    seconds: float = 0.0
    grown: int = 0
    size: int = 0
    kinds: dict[str, int] = field(default_factory=dict)


def peak_and_now() -> tuple[int, int]:
    """Bytes: the most that was resident since :func:`forget_peak`, and what is."""
    lines = dict(line.split(":", 1) for line in _STATUS.read_text().splitlines() if line.startswith("Vm"))
    return int(lines["VmHWM"].split()[0]) * 1024, int(lines["VmRSS"].split()[0]) * 1024


def forget_peak() -> None:
    """Start a new measurement of the peak (Linux)."""
    _CLEAR.write_text("5")


def check(read: Callable[[bytes], object], data: bytes, seen: Extremes) -> None:
    """Read ``data``; BrokenPromise unless all of it was kept. PyfeErrors are a reader's answer."""
    for attempt in range(REPEATS + 1):
        seconds, grown, kind = _measured(read, data)
        allowed = MAX_BYTES + MAX_TIMES_INPUT * len(data)
        if seconds <= MAX_SECONDS and grown <= allowed:
            break
        if attempt == REPEATS:
            raise BrokenPromise(f"{len(data)} bytes took {seconds:.2f} s and {grown / 2**20:.0f} MB ({kind})")
    seen.executions += 1
    seen.seconds, seen.grown = max(seen.seconds, seconds), max(seen.grown, grown)
    seen.size = max(seen.size, len(data))
    seen.kinds[kind] = seen.kinds.get(kind, 0) + 1


def _measured(read: Callable[[bytes], object], data: bytes) -> tuple[float, int, str]:
    forget_peak()
    _, before = peak_and_now()
    start, kind = time.process_time(), "read"  # of all threads: other processes on the machine are no fault
    try:
        read(data)
    except PyfeError as error:
        kind = type(error).__name__
    except BrokenPromise:
        raise
    except Exception as error:
        raise BrokenPromise(f"{type(error).__name__}: {str(error)[:300]}") from error
    return time.process_time() - start, max(0, peak_and_now()[0] - before), kind
