"""Memory that long work frees and takes again."""

from __future__ import annotations

import numpy as np

__all__ = ["keep_freed_memory"]

_FREED = 31 << 20
"""Bytes; of more than 32 MB glibc learns nothing."""


def keep_freed_memory() -> None:
    """Let glibc keep some tens of megabytes that are freed, for what comes next.

    By default it gives each block of some megabytes back to the system, and takes the next one again, page by page: a
    tenth of the time that reading and writing take beside the core. It keeps blocks up to the size of the largest that
    was ever freed, and twice as much in all; this one is never touched.
    """
    np.empty(_FREED, dtype=np.uint8)
