"""Sealed files under another passphrase: the same file with other bytes, or as it was."""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from pyfe.arguments import path_of
from pyfe.errors import ParameterError
from pyfe.io.replacement import NotSynced, Replacement

__all__ = ["reseal"]

_MOST = 2**16
_PRIVATE = 0o600


def reseal(path: str | os.PathLike[str], change: Callable[[bytes], bytes]) -> None:
    """Give a sealed file other bytes: those that ``change`` makes of the ones that are there.

    One process at a time. They are written beside it, made durable, and renamed, so whoever is killed leaves the one
    file or the other, whole. What ``change`` raises leaves the file as it was. ParameterError where it is no file, has
    a second name (which would keep the bytes of before), is changed by another process, or cannot be written.
    """
    place = Path(os.path.realpath(path_of(path, "a sealed file")))
    try:
        with _held(place) as data:
            replacement = Replacement(place.parent, _PRIVATE, _PRIVATE)
            try:
                replacement.become(place, [change(data)])
            finally:
                replacement.discard()
    except NotSynced as error:
        raise ParameterError(
            f"{place} is sealed anew, but its folder could not be synced, so that a crash of the machine may undo it: "
            f"{error.strerror}"
        ) from error
    except OSError as error:
        raise ParameterError(f"cannot seal {place} anew: {error.strerror}; it is as it was") from error


@contextlib.contextmanager
def _held(place: Path) -> Iterator[bytes]:
    """The bytes of a file, which no other process seals anew meanwhile."""
    descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST:
            raise ParameterError(f"{place} is no sealed file")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ParameterError(f"another process seals {place} anew; it is as it was") from error
        now = os.stat(place)
        if (now.st_dev, now.st_ino) != (status.st_dev, status.st_ino):
            raise ParameterError(f"{place} was sealed anew by another process meanwhile; look again")
        if now.st_nlink != 1:
            raise ParameterError(
                f"{place} has {now.st_nlink} names (hard links), of which the others would keep the passphrase of "
                "before; remove them"
            )
        yield os.read(descriptor, _MOST + 1)
    finally:
        os.close(descriptor)
