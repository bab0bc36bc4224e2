"""The name of the lock of a file: the file's own with an ending; who writes files must know which are locks."""

from __future__ import annotations

from pathlib import Path

__all__ = ["lock_of", "locked_by"]

_ENDING = ".lock"


def lock_of(file: Path) -> Path:
    """The path of the lock beside a file."""
    return file.with_name(file.name + _ENDING)


def locked_by(path: Path) -> Path | None:
    """The file whose lock a path would be, by its name."""
    if not path.name.endswith(_ENDING) or path.name == _ENDING:
        return None
    return path.with_name(path.name.removesuffix(_ENDING))
