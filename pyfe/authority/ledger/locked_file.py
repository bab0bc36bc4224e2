"""One file under one name: read whole, and replaced whole by who holds its lock.

Symbolic links in the path are followed once, when it is named; a file with a second name (a hard link) is refused,
since replacing one name would leave the other as a file of its own. The lock is a file beside it (``<name>.lock``): the
file itself is another one after every write.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from pyfe.authority.ledger.lock_file import LockFile, give, on_fork, same_file
from pyfe.authority.ledger.protocol import Recorded
from pyfe.durable import sync_folder
from pyfe.errors import AuthorityError, ParameterError
from pyfe.lock_names import lock_of

__all__ = ["LOCK_SECONDS", "MAX_FILE_SIZE", "LockedFile"]

LOCK_SECONDS = 30.0
"""How long to wait for a process that holds the lock and makes no progress."""

MAX_FILE_SIZE = 2**30
"""Largest sealed file that is written or read, in bytes: a ledger of a million numbers is a few megabytes."""


class LockedFile:
    """The file of an authority. Its owner, group and mode are kept, whoever replaces it; a new one is 0600."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """ParameterError for what is no path."""
        self.path = _resolved(path)
        self._folder = _status(self.path.parent)
        self._mutex = threading.RLock()
        self._lock: LockFile | None = None
        on_fork(self)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock file; AuthorityError when its holder makes no progress for LOCK_SECONDS.

        A thread may ask again while it holds it.
        """
        with self._mutex:
            if self._lock is not None:
                yield
                return
            lock = LockFile(lock_of(self.path))
            try:
                self._acquire(lock)
                yield
            finally:
                # Ctrl-C falls between calls, so the first call unlocks. A forked child has no descriptor, and must
                # not unlock what is its parent's.
                try:
                    fcntl.flock(lock.descriptor, fcntl.LOCK_UN)
                except (OSError, ValueError):
                    pass
                finally:
                    self._lock = None
                    lock.close()

    def read(self) -> tuple[bytes, os.stat_result]:
        """The file as it is now: another process may have written since. AuthorityError where there is none."""
        return _read(self.path)

    def create(self, data: bytes) -> None:
        """Write a new file, or nothing; AuthorityError if there is one already (an authority is never overwritten)."""
        with self.exclusive():
            if os.path.lexists(self.path):
                raise AuthorityError(f"{self.path} exists already; an authority is never overwritten")
            try:
                self.replace(data, None)
            except Recorded:
                self.path.unlink()  # no key exists yet: better no file than one that may be lost
                raise
            finally:
                if self._lock is not None and self._lock.made and not os.path.lexists(self.path):
                    self._lock.path.unlink(missing_ok=True)

    def replace(self, data: bytes, read: os.stat_result | None) -> None:
        """Replace the file, inside the lock: temporary file, fsync, rename, fsync of the folder.

        ``read`` is the status of the file that the new one follows, or None where there must be none. Refused unless
        folder, lock file and file are still the ones that were named, locked and read. AuthorityError, and nothing is
        written; Recorded, where the file was replaced and the folder could not be synced.
        """
        if len(data) > MAX_FILE_SIZE:
            raise AuthorityError(
                f"the sealed file would have {len(data)} bytes, at most {MAX_FILE_SIZE} are allowed; nothing was issued"
            )
        temporary = self.path.with_name(f".{self.path.name}.{secrets.token_hex(8)}.tmp")
        try:
            self._require_in_place(read)
            _write_durably(temporary, data, read)
            self._require_in_place(read)
            os.replace(temporary, self.path)
        except OSError as error:
            raise AuthorityError(
                f"cannot write the authority file {self.path}: {error.strerror}; nothing was issued"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
        try:
            sync_folder(self.path.parent)
        except OSError as error:
            raise Recorded(
                f"the authority file {self.path} was replaced, but its folder could not be synced: {error.strerror}"
            ) from error

    def after_fork(self) -> None:
        """A mutex that no thread of the parent holds, and no lock."""
        self._mutex = threading.RLock()
        self._lock = None

    def _acquire(self, lock: LockFile) -> None:
        try:
            lock.acquire(lambda: LOCK_SECONDS, _status(self.path))
        except OSError as error:
            raise AuthorityError(f"cannot lock the authority: {lock.path}: {error.strerror}") from error
        self._lock = lock
        _remove_leftovers(self.path)

    def _require_in_place(self, read: os.stat_result | None) -> None:
        """AuthorityError unless folder, lock and file are the ones that were named, are held and were read."""
        folder = _status(self.path.parent)
        if folder is None or self._folder is None or not same_file(folder, self._folder):
            what = f"the folder {self.path.parent} is not the one in which the authority was opened"
        elif self._lock is None or not self._lock.in_place():
            what = f"the lock file {lock_of(self.path)} was removed or replaced"
        elif not _unchanged(_status(self.path), read):
            what = f"the authority file {self.path} was removed, replaced or given a second name"
        else:
            return
        raise AuthorityError(f"{what} in the meantime; nothing was issued. Open the authority again")


def _resolved(path: str | os.PathLike[str]) -> Path:
    """The path without symbolic links, so that every name of a file leads to one lock."""
    try:
        resolved = Path(os.path.realpath(os.fsdecode(path)))
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the path of an authority is a text or a path: {error}") from error
    if not resolved.name:
        raise ParameterError(f"the path of an authority names a file, and {resolved} is a folder")
    return resolved


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path, follow_symlinks=False)
    except OSError:
        return None


def _unchanged(now: os.stat_result | None, read: os.stat_result | None) -> bool:
    if now is None or read is None:
        return now is read
    same = same_file(now, read) and (now.st_size, now.st_mtime_ns) == (read.st_size, read.st_mtime_ns)
    return same and now.st_nlink == 1


def _read(path: Path) -> tuple[bytes, os.stat_result]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            _require_plain(path, status)
            return file.read(), status
    except OSError as error:
        raise AuthorityError(f"cannot read the authority file {path}: {error.strerror}") from error


def _require_plain(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise AuthorityError(f"cannot read the authority file {path}: it is not a file")
    if status.st_nlink > 1:
        raise AuthorityError(
            f"the authority file {path} has {status.st_nlink} names (hard links); each would become a ledger of its "
            "own. Remove the others"
        )
    if status.st_size > MAX_FILE_SIZE:
        raise AuthorityError(
            f"not an authority file: {path} has {status.st_size} bytes, at most {MAX_FILE_SIZE} are allowed"
        )


def _remove_leftovers(path: Path) -> None:
    """Temporary files of processes that were killed: who holds the lock is the only one who may have one."""
    pattern = re.compile(rf"\.{re.escape(path.name)}\.[0-9a-f]{{16}}\.tmp")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if pattern.fullmatch(entry.name):
                os.unlink(entry.path)


def _write_durably(path: Path, data: bytes, like: os.stat_result | None) -> None:
    """``like``: the file whose owner, group and mode the new one keeps; 0600 and the user's own without one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    with open(descriptor, "wb") as file:
        if like is not None:
            give(descriptor, like)
        file.write(data)
        file.flush()
        os.fsync(descriptor)
