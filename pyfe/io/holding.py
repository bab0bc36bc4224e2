"""A file that a command reads and then replaces: held, so that no two of them lose each other's work."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from pyfe.errors import ParameterError

__all__ = ["Held", "held"]


class Held:
    """A file under a lock that others of its kind look at. Made by :func:`held`."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor
        self._seen = self._state(os.fstat(descriptor))

    def require_unchanged(self) -> None:
        """ParameterError where something else stands in its place now, or was written into it: by whoever knows no
        lock. Nothing is replaced then."""
        with _naming(self._path):
            now = self._state(os.stat(self._path))
        if now != self._seen:
            raise ParameterError(f"{self._path} was changed by something else in the meantime; nothing was written")

    @staticmethod
    def _state(found: os.stat_result) -> tuple[int, ...]:
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


@contextlib.contextmanager
def held(path: Path) -> Iterator[Held]:
    """Hold a file as long as the block lasts. ParameterError where it is no file, or another command holds it."""
    with _naming(path):
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ParameterError(f"{path} is no file that could be replaced")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ParameterError(f"another command appends to {path}; try again when it is done") from None
        except OSError:  # a file system without locks
            pass
        place = Held(path, descriptor)
        place.require_unchanged()  # the one that held it before has replaced it
        yield place
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ParameterError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise ParameterError(f"cannot read {str(path)!r}: it is no name of a file") from error
