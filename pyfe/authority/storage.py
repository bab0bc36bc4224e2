"""Where an authority's contents are kept: in memory, or in one sealed file.

Both answer the same three questions: who may write now (:meth:`Storage.exclusive`), what is the newest state
(:meth:`Storage.read`), and keep this state (:meth:`Storage.write`, which returns only when it is durable).
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
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn, Protocol

from pyfe.authority import sealed
from pyfe.authority.contents import Contents, Ledger
from pyfe.authority.engine import State
from pyfe.authority.locks import Hold, forked, give, same_file
from pyfe.authority.sealed import SealedFile, SealingKey
from pyfe.errors import AuthorityError, ParameterError
from pyfe.wire.pickling import Secret

__all__ = ["FileStorage", "MemoryStorage", "Recorded", "Storage"]

LOCK_SECONDS = 30.0
"""How long to wait for a process that holds the lock and makes no progress."""

MAX_FILE_SIZE = 2**30
"""Largest sealed file that is written or read, in bytes: a ledger of a million numbers is a few megabytes."""


class Recorded(AuthorityError):
    """The new state is in the file, but whether it is there after a crash of the machine is not known."""


class Storage(Protocol):
    """What the authority needs from the place its contents are kept."""

    @property
    def place(self) -> str:
        """Where that is, for people."""
        ...

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Hold the only right to read, decide and write, among all threads and processes."""
        ...

    def read(self) -> Contents:
        """The newest contents; the same object as before where nothing changed."""
        ...

    def write(self, contents: Contents) -> None:
        """Keep the contents; when this returns they survive a crash.

        AuthorityError, and nothing is kept, where the ledger has rows that these contents do not have; Recorded when
        something failed after they were kept.
        """
        ...


class MemoryStorage(Secret):
    """Contents that last as long as the process: for demos, tests and notebooks."""

    place = "memory"

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._mutex = threading.RLock()
        self._owner = os.getpid()
        forked(self)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock of this process. AuthorityError in a forked child: its ledger is a copy, a second ledger."""
        with self._mutex:
            if os.getpid() != self._owner:
                raise AuthorityError(
                    "this authority lives in the memory of the process that made it; a forked child has a copy of its "
                    "ledger and issues nothing. Issue before the fork, or give the authority a path and open it there"
                )
            yield

    def read(self) -> Contents:
        """The newest contents."""
        return self._contents

    def write(self, contents: Contents) -> None:
        """Keep the contents."""
        with self.exclusive():
            _require_all_rows(contents.state, self._contents.state)
            self._contents = contents

    def after_fork(self) -> None:
        """A mutex that no thread of the parent holds."""
        self._mutex = threading.RLock()

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")


@dataclass(frozen=True, eq=False)
class _Look:
    """The sealed file as it was read last."""

    data: bytes
    status: os.stat_result | None
    ledger: Ledger
    contents: Contents


class FileStorage(Secret):
    """Contents in one file sealed under a passphrase, replaced atomically.

    Symbolic links in the path are followed once, when the storage is made; a file with a second name (a hard link) is
    refused, since replacing one name would leave the other as a ledger of its own. The lock is a file beside the
    sealed one (``<name>.lock``), which is itself replaced at every write.
    A copy of the file, or an older one put back, is a second ledger that knows nothing of the first: keep one, and
    backups of the newest only.
    """

    def __init__(self, path: Path, key: SealingKey, sealed_secrets: bytes, look: _Look) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self._path = path
        self._key = key
        self._secrets = sealed_secrets
        self._look = look
        self._folder = _status(path.parent)
        self._mutex = threading.RLock()
        self._hold: Hold | None = None
        forked(self)

    @classmethod
    def create(cls, path: str | os.PathLike[str], key: SealingKey, contents: Contents) -> FileStorage:
        """A new file; AuthorityError if there is one already (an authority is never overwritten)."""
        place, sealed_secrets = _resolved(path), sealed.seal_secrets(contents, key)
        data = sealed.seal(contents, key, sealed_secrets)
        storage = cls(
            place, key, sealed_secrets, _Look(data, None, sealed.open_ledger(SealedFile.parse(data), key), contents)
        )
        with storage.exclusive():
            if os.path.lexists(place):
                raise AuthorityError(f"{place} exists already; an authority is never overwritten")
            try:
                storage._replace(data, None)
            except Recorded:
                place.unlink()  # no key exists yet: better no file than one that may be lost
                raise
            finally:
                if not os.path.lexists(place):
                    storage._lock_path.unlink(missing_ok=True)
        return storage

    @classmethod
    def open(cls, path: str | os.PathLike[str], passphrase: str | bytes) -> FileStorage:
        """An existing file. Raises AuthorityError when it is missing or damaged, or the passphrase is wrong."""
        place = _resolved(path)
        data, status = _read(place)
        file = SealedFile.parse(data)
        key = SealingKey.derive(passphrase, file.salt, file.log_cost)
        contents, ledger = sealed.open_contents(file, key)
        sealed_secrets = file.secrets or sealed.seal_secrets(contents, key)
        return cls(place, key, sealed_secrets, _Look(data, status, ledger, contents))

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._path)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock file; AuthorityError when its holder makes no progress for LOCK_SECONDS.

        A thread may ask again while it holds it.
        """
        with self._mutex:
            if self._hold is not None:
                yield
                return
            hold = Hold(self._lock_path)
            try:
                self._acquire(hold)
                yield
            finally:
                # Ctrl-C falls between calls, so the first call unlocks. A forked child has no descriptor, and must
                # not unlock what is its parent's.
                try:
                    fcntl.flock(hold.descriptor, fcntl.LOCK_UN)
                except (OSError, ValueError):
                    pass
                finally:
                    self._hold = None
                    hold.close()

    def read(self) -> Contents:
        """The contents of the file as it is now: another process may have written since."""
        return self._newest().contents

    def write(self, contents: Contents) -> None:
        """Replace the file: temporary file, fsync, rename, fsync of the folder.

        Refused unless folder, lock file and sealed file are still the ones that were opened, locked and read.
        """
        with self.exclusive():
            look = self._newest()
            _require_all_rows(contents.state, look.contents.state)
            self._replace(sealed.seal(contents, self._key, self._secrets), look.status)

    def after_fork(self) -> None:
        """A mutex that no thread of the parent holds, and no lock."""
        self._mutex = threading.RLock()
        self._hold = None

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")

    @property
    def _lock_path(self) -> Path:
        return self._path.with_name(self._path.name + ".lock")

    def _acquire(self, hold: Hold) -> None:
        try:
            hold.acquire(lambda: LOCK_SECONDS, _status(self._path))
        except OSError as error:
            raise AuthorityError(f"cannot lock the authority: {hold.path}: {error.strerror}") from error
        self._hold = hold
        _remove_leftovers(self._path)

    def _newest(self) -> _Look:
        """A look at the file; what did not change since the last one is not opened or decoded again."""
        data, status = _read(self._path)
        before = self._look
        if data == before.data:
            return replace(before, status=status)
        file = SealedFile.parse(data)
        if (file.salt, file.log_cost) != (self._key.salt, self._key.log_cost):
            raise AuthorityError("the authority file was sealed anew in the meantime; open it again")
        ledger = sealed.open_ledger(file, self._key, before.ledger)
        if ledger.public != before.ledger.public:
            raise AuthorityError("the authority file holds another public key than before; open it again")
        self._look = _Look(data, status, ledger, replace(before.contents, state=ledger.state))
        return self._look

    def _replace(self, data: bytes, read: os.stat_result | None) -> None:
        """``read`` is the status of the file that the new one follows, or None where there must be none."""
        if len(data) > MAX_FILE_SIZE:
            raise AuthorityError(
                f"the sealed file would have {len(data)} bytes, at most {MAX_FILE_SIZE} are allowed; nothing was issued"
            )
        temporary = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}.tmp")
        try:
            self._require_in_place(read)
            _write_durably(temporary, data, read)
            self._require_in_place(read)
            os.replace(temporary, self._path)
        except OSError as error:
            raise AuthorityError(
                f"cannot write the authority file {self._path}: {error.strerror}; nothing was issued"
            ) from error
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()
        try:
            _sync_folder(self._path.parent)
        except OSError as error:
            raise Recorded(
                f"the authority file {self._path} was replaced, but its folder could not be synced: {error.strerror}"
            ) from error

    def _require_in_place(self, read: os.stat_result | None) -> None:
        """AuthorityError unless folder, lock and file are the ones that this storage opened, holds and read."""
        folder = _status(self._path.parent)
        if folder is None or self._folder is None or not same_file(folder, self._folder):
            what = f"the folder {self._path.parent} is not the one in which the authority was opened"
        elif self._hold is None or not self._hold.in_place():
            what = f"the lock file {self._lock_path} was removed or replaced"
        elif not _unchanged(_status(self._path), read):
            what = f"the authority file {self._path} was removed, replaced or given a second name"
        else:
            return
        raise AuthorityError(f"{what} in the meantime; nothing was issued. Open the authority again")


def _require_all_rows(state: State, kept: State) -> None:
    """AuthorityError when ``state`` lacks a row that is kept: whoever made it had not seen the newest ledger."""
    rows = [[(row.sequence, row.issued_at, row.function_id) for row in each.issued] for each in (state, kept)]
    if rows[0][: len(rows[1])] != rows[1]:
        raise AuthorityError("the ledger moved since it was read; nothing was issued. Ask again")


def _resolved(path: str | os.PathLike[str]) -> Path:
    """The path without symbolic links, so that every name of a file leads to one lock."""
    try:
        return Path(os.path.realpath(os.fsdecode(path)))
    except (TypeError, ValueError) as error:
        raise ParameterError(f"the path of an authority is a text or a path: {error}") from error


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


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
