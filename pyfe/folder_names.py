"""The names of the files in an authority's folder; who writes files must know which these are."""

from __future__ import annotations

from pathlib import Path

__all__ = ["LOG", "LOG_URL", "MASTER", "files_in"]

LOG, LOG_URL, MASTER = "authority.db", "log.url", "master.sealed"


def files_in(folder: Path) -> tuple[Path, ...]:
    """The files that an authority keeps in its folder, whether they are there or not."""
    return tuple(folder / name for name in (LOG, f"{LOG}-wal", f"{LOG}-shm", LOG_URL, MASTER))
