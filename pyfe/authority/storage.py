"""Where an authority's contents are kept: in memory, or in one sealed file.

Both answer the same three questions: who may write now (:meth:`Storage.exclusive`), what is the newest state
(:meth:`Storage.read`), and keep this state (:meth:`Storage.write`, which returns only when it is durable).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, Protocol

from pyfe._travel import Secret
from pyfe.authority.contents import Contents
from pyfe.authority.sealed import SealingKey, open_sealed, seal
from pyfe.errors import AuthorityError

__all__ = ["FileStorage", "MemoryStorage", "Storage"]

LOCK_SECONDS = 30.0
"""How long to wait for another process before giving up."""

_POLL_SECONDS = 0.02


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
        """The newest contents."""
        ...

    def write(self, contents: Contents) -> None:
        """Keep the contents; when this returns they survive a crash."""
        ...


class MemoryStorage(Secret):
    """Contents that last as long as the process: for demos, tests and notebooks."""

    place = "memory"

    def __init__(self, contents: Contents) -> None:
        self._contents = contents
        self._lock = threading.Lock()

    def exclusive(self) -> contextlib.AbstractContextManager[None]:
        """Hold the lock of this process."""
        return _held(self._lock)

    def read(self) -> Contents:
        """The newest contents."""
        return self._contents

    def write(self, contents: Contents) -> None:
        """Keep the contents."""
        self._contents = contents

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")


class FileStorage(Secret):
    """Contents in one file sealed under a passphrase, replaced atomically.

    The lock is a file of its own beside it (``<name>.lock``), since the sealed file itself is replaced at every write.
    Restoring an older copy makes the authority forget what it issued since: keep backups of the newest file only.
    """

    def __init__(self, path: Path, key: SealingKey) -> None:
        self._path = path
        self._key = key
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: str | os.PathLike[str], key: SealingKey, contents: Contents) -> FileStorage:
        """A new file; AuthorityError if there is one already (an authority is never overwritten)."""
        storage = cls(Path(path), key)
        with storage.exclusive():
            if storage._path.exists():
                raise AuthorityError(f"{storage._path} exists already; an authority is never overwritten")
            storage.write(contents)
        return storage

    @classmethod
    def open(cls, path: str | os.PathLike[str], passphrase: str | bytes) -> FileStorage:
        """An existing file. Raises AuthorityError when it is missing or damaged, or the passphrase is wrong."""
        file = Path(path)
        _, key = open_sealed(_read(file), lambda salt, cost: SealingKey.derive(passphrase, salt, cost))
        return cls(file, key)

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._path)

    @contextlib.contextmanager
    def exclusive(self) -> Iterator[None]:
        """Hold the lock file; AuthorityError when another process keeps it too long."""
        with _held(self._lock), _locked_file(self._path.with_name(self._path.name + ".lock")):
            yield

    def read(self) -> Contents:
        """The contents of the file as it is now: another process may have written since."""
        contents, _ = open_sealed(_read(self._path), self._remembered)
        return contents

    def write(self, contents: Contents) -> None:
        """Replace the file: temporary file, fsync, rename, fsync of the folder."""
        _replace(self._path, seal(contents, self._key))

    def _remembered(self, salt: bytes, log_cost: int) -> SealingKey:
        if (salt, log_cost) != (self._key.salt, self._key.log_cost):
            raise AuthorityError("the authority file was sealed anew in the meantime; open it again")
        return self._key

    def __reduce__(self) -> NoReturn:
        raise TypeError("an authority's secrets are never pickled")


@contextlib.contextmanager
def _held(lock: threading.Lock) -> Iterator[None]:
    with lock:
        yield


@contextlib.contextmanager
def _locked_file(path: Path) -> Iterator[None]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise AuthorityError(f"cannot lock the authority: {path}: {error.strerror}") from error
    try:
        _flock(descriptor, path)
        yield
    finally:
        os.close(descriptor)  # closing releases the lock


def _flock(descriptor: int, path: Path) -> None:
    deadline = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise AuthorityError(f"the authority is locked by another process ({path})") from None
            time.sleep(_POLL_SECONDS)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise AuthorityError(f"cannot read the authority file {path}: {error.strerror}") from error


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.tmp")
    try:
        _write_durably(temporary, data)
        os.replace(temporary, path)
        _sync_folder(path.parent)
    except OSError as error:
        raise AuthorityError(f"cannot write the authority file {path}: {error.strerror}; nothing was issued") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
