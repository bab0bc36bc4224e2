"""The folder of an authority: the log in ``authority.db``, the sealed master keys in ``master.sealed``. Where the log
is on a server, ``log.url`` stands in the place of the first.

A folder is made under another name, whole, and then gets its own: there is an authority in it, or there is none.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

from pyfe.arguments import path_of, require_a
from pyfe.authority.storage import Storage, create_storage, open_storage, require_plain_url
from pyfe.durable import sync_folder
from pyfe.errors import AuthorityError, ParameterError
from pyfe.folder_names import LOG, LOG_URL, MASTER, files_in
from pyfe.wire.envelope import HEADER_SIZE, Header, Kind

__all__ = ["AnyPath", "Folder", "authority_files", "existing", "making", "remove", "require_absent"]

AnyPath: TypeAlias = str | os.PathLike[str]

MAX_MASTER_SIZE = 2**30
"""Most bytes of a file of master keys."""

_LONGEST_URL = 1000

_PATH = "the path of an authority"


class Folder:
    """One folder: a place for sealed master keys, and for a log."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def load(self) -> bytes:
        """The sealed master keys."""
        return self._read(MASTER, MAX_MASTER_SIZE, "the master keys")

    def save(self, data: bytes) -> None:
        """Put sealed master keys in their place: these or those of before, whatever happens."""
        self._write(MASTER, data, "the master keys")

    def _read(self, name: str, most: int, what: str) -> bytes:
        file = self.path / name
        try:
            descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
            with open(descriptor, "rb") as opened:
                status = os.fstat(descriptor)
                if not stat.S_ISREG(status.st_mode):
                    raise AuthorityError(f"cannot read {what} {file}: it is not a file")
                if status.st_size > most:
                    raise AuthorityError(f"{file} has {status.st_size} bytes; at most {most} are allowed")
                data = opened.read(most)
        except OSError as error:
            raise AuthorityError(f"cannot read {what} {file}: {error.strerror}") from error
        return data

    def _write(self, name: str, data: bytes, what: str) -> None:
        file, new, placed = self.path / name, self.path / f".{name}.new", False
        try:
            new.unlink(missing_ok=True)  # of a process that was killed; whoever calls holds the right to write
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            with open(os.open(new, flags, 0o600), "wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(new, file)
            placed = True
            sync_folder(self.path)
        except OSError as error:
            if placed:
                raise AuthorityError(
                    f"{what} {file} are written, but the folder could not be synced, so that a crash of the machine "
                    f"may undo it: {error.strerror}; nothing was issued"
                ) from error
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise AuthorityError(f"cannot write {what} {file}: {error.strerror}; nothing was issued") from error

    def create_log(self, authority: bytes, entries: Sequence[bytes], head: bytes) -> Storage:
        """A new log with its first entries."""
        return create_storage(self._log(), authority, entries, head)

    def open_log(self, authority: bytes | None = None) -> Storage:
        """The log that is there; of this authority, if one is named."""
        return open_storage(self._log(), authority)

    def keep_log_at(self, url: str) -> None:
        """Have the log on a server instead. ParameterError for a URL that holds a password: libpq finds one in
        ``~/.pgpass``, and a folder is backed up."""
        require_a(url, str, "the URL of a log")
        if "://" not in url or len(url) > _LONGEST_URL or not url.isprintable():
            raise ParameterError("a log on a server is named by its URL, such as postgresql://host/database")
        require_plain_url(url)
        self._write(LOG_URL, url.encode(), "the place of the log")

    def _log(self) -> Path | str:
        """Where the log is."""
        if not os.path.lexists(self.path / LOG_URL):
            return self.path / LOG
        url = self._read(LOG_URL, 4 * _LONGEST_URL, "the place of the log")
        try:
            return url.decode()
        except UnicodeDecodeError as error:
            raise AuthorityError(f"{self.path / LOG_URL} is no URL") from error


def existing(path: AnyPath) -> Folder:
    """The folder of an authority. AuthorityError where there is none; it says how a sealed file of before becomes
    one."""
    place = _resolved(path)
    try:
        status = os.stat(place)
        sealed = stat.S_ISREG(status.st_mode) and _is_sealed(place)
    except OSError as error:
        raise AuthorityError(f"cannot read the authority {path}: {error.strerror}") from error
    if sealed:
        raise AuthorityError(
            f"{path} is the sealed file of an earlier version; 'pyfe authority migrate {path} FOLDER', or "
            "KeyAuthority.migrate, makes an authority's folder of it, with all that it remembers"
        )
    if not stat.S_ISDIR(status.st_mode):
        raise AuthorityError(f"{path} is not an authority: an authority is a folder with {LOG} and {MASTER}")
    return Folder(place)


def require_absent(path: AnyPath) -> Path:
    """The place, without symbolic links. AuthorityError where something is there."""
    place = _resolved(path)
    if os.path.lexists(place):
        raise AuthorityError(f"{path} exists already; an authority is never overwritten")
    return place


def authority_files(path: AnyPath) -> tuple[Path, ...]:
    """The folder and the files that an authority keeps in it, whether they are there or not."""
    folder = Path(os.path.realpath(path_of(path, _PATH)))
    return folder, *files_in(folder)


@contextlib.contextmanager
def making(path: AnyPath) -> Iterator[Folder]:
    """A folder to be filled, 0700, that gets its name when the block ends without an exception, and is gone when it
    ends with one. AuthorityError where something has the name. What is open in it must be closed by then."""
    place = require_absent(path)
    _clear(place)
    new = place.with_name(f".{place.name}.{secrets.token_hex(8)}.new")
    with _reading_errors(place):
        os.mkdir(new, 0o700)
    lock = None
    try:
        with _reading_errors(place):
            lock = _held(new)
        yield Folder(new)
        with _reading_errors(place):
            sync_folder(new)
            require_absent(place)
            os.rename(new, place)  # not over a folder that holds anything
            new = place
            sync_folder(place.parent)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    finally:
        if lock is not None:
            os.close(lock)


def remove(path: AnyPath) -> None:
    """Take back the folder of an authority that has issued nothing."""
    place = _resolved(path)
    gone = place.with_name(f".{place.name}.{secrets.token_hex(8)}.new")
    with _reading_errors(place):
        os.rename(place, gone)  # at once: nobody finds half an authority
        shutil.rmtree(gone)


def _clear(place: Path) -> None:
    """Remove what was left by processes that were killed while they made this folder: what nobody holds."""
    made_here = re.compile(rf"\.{re.escape(place.name)}\.[0-9a-f]{{16}}\.new")
    for left in place.parent.glob(f".{_quoted(place.name)}.*.new"):
        if not made_here.fullmatch(left.name):
            continue
        with contextlib.suppress(OSError):
            lock = _held(left)
            shutil.rmtree(left, ignore_errors=True)
            os.close(lock)


def _held(folder: Path) -> int:
    """A descriptor of a folder that only one process has locked. OSError where another one has."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _quoted(name: str) -> str:
    return "".join(f"[{letter}]" if letter in "*?[" else letter for letter in name)


@contextlib.contextmanager
def _reading_errors(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AuthorityError(f"cannot make the authority {place}: {error.strerror}; nothing is there") from error


def _resolved(path: AnyPath) -> Path:
    place = Path(os.path.realpath(path_of(path, _PATH)))
    if not place.name:
        raise ParameterError(f"the path of an authority names a folder of its own, and {place} is none")
    return place


def _is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        header = Header.read(file.read(HEADER_SIZE))
    return header is not None and header.kind is Kind.SEALED_AUTHORITY
