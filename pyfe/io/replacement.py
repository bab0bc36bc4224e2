"""Files that take the place of others whole: written beside it, made durable, renamed.

A killed run leaves its file. The next one in the same folder removes it: nobody holds its lock any more.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeVar

from pyfe.durable import sync_folder
from pyfe.wire.envelope import Octets

__all__ = ["NotSynced", "Replacement", "is_leftover", "remove_leftovers"]

T = TypeVar("T")

_TEMPORARY = re.compile(r"\.pyfe-[0-9a-f]{16}\.tmp")


class NotSynced(OSError):
    """The file took its place, but its folder could not be made durable: a crash of the machine may undo it."""


class Replacement:
    """A file beside the place that it will take. Its lock says that its process lives; the system drops it with it."""

    def __init__(self, folder: Path, first: int, final: int | None, *, tidy: bool = True) -> None:
        """``first``: its permissions as long as it is empty; ``final``: those it ends with, None for the usual ones.
        ``tidy``: remove what killed runs left there, which takes a look at every name in the folder."""
        if tidy:
            remove_leftovers(folder)
        self._path, self._descriptor = _locked_file(folder, first)
        self._final = final

    def become(self, place: Path, pieces: Iterable[Octets]) -> None:
        """Hold the bytes, and take the place, durably. OSError: the place is as it was; NotSynced: it is taken."""
        self.fill(lambda file: file.writelines(pieces))
        self.take(place)

    def fill(self, write: Callable[[BinaryIO], T]) -> T:
        """Hold what ``write`` writes, from start to end; what it returns. OSError."""
        with os.fdopen(os.dup(self._descriptor), "wb") as file:
            return write(file)

    def take(self, place: Path) -> None:
        """Take the place with what was filled in, durably; errors as of :meth:`become`."""
        if self._final is not None:
            os.fchmod(self._descriptor, self._final)
        os.fsync(self._descriptor)
        os.replace(self._path, place)
        try:
            sync_folder(place.parent)
        except OSError as error:
            raise NotSynced(error.errno, error.strerror) from error

    @property
    def may_stand(self) -> bool:
        """Whether the file took its place, as far as anybody can know: it is beside it no more."""
        return not os.path.lexists(self._path)

    def discard(self) -> None:
        """Go, unless it took its place."""
        with contextlib.suppress(OSError):
            self._path.unlink()
        os.close(self._descriptor)


def _locked_file(folder: Path, mode: int) -> tuple[Path, int]:
    """A new file, locked; made anew if another run took it for a leftover before the lock was there."""
    while True:
        path = folder / f".pyfe-{secrets.token_hex(8)}.tmp"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        if _lock(descriptor) and os.fstat(descriptor).st_nlink:
            return path, descriptor
        os.close(descriptor)


def _lock(descriptor: int) -> bool:
    """False where another process holds it. A file system without locks has no leftovers that we could tell."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return True


def is_leftover(name: str) -> bool:
    """Whether a file has the name of one that is being written, or that a killed run left."""
    return _TEMPORARY.fullmatch(name) is not None


def remove_leftovers(folder: Path) -> None:
    """Remove what killed runs of this user left in a folder: files of our own naming that nobody holds."""
    try:
        with os.scandir(folder) as entries:
            left = [entry.path for entry in entries if is_leftover(entry.name)]
    except PermissionError:  # a folder that may be written but not listed
        return
    for path in left:
        with contextlib.suppress(OSError):  # it lives, or another run removes it too
            _remove_dead(path)


def _remove_dead(path: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_nlink == 1:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
    finally:
        os.close(descriptor)
