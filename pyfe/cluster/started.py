"""What Dask loads in every worker that is started here, before its first task."""

from __future__ import annotations

import signal
from typing import Any

__all__ = ["dask_setup"]


def dask_setup(worker: Any) -> None:
    """Leave Ctrl-C to the command, which ends its workers: a terminal sends it to all of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
