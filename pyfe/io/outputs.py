"""Where a command writes: refused before any work is done, or whole in the end.

One helper for every output of every command:

1. Never written, whatever the user forces: a file that the command itself reads or keeps, under whatever name (link,
   hard link, relative path); a sealed authority and its lock; a folder.
2. A file of another :class:`Role` is replaced only by force.
3. A device, a pipe or a socket is written to, never replaced. Behind a link stands what it leads to.
4. Everything else is written beside its place, made durable, and renamed. The file beside is locked as long as its
   process lives, so the next run in the same folder knows what a killed one left, and removes it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from pyfe.errors import AuthorityError, ParameterError, PyfeError
from pyfe.keys import FunctionKey
from pyfe.wire.envelope import HEADER_SIZE, Header, Kind

__all__ = [
    "ANYTHING",
    "FUNCTION",
    "PICTURE",
    "SCHEMA",
    "SCORES",
    "Output",
    "Role",
    "authority_files",
    "authority_id",
    "ciphertexts",
    "claimed",
    "function_key",
    "new_public_key",
    "public_key",
    "write_bytes",
    "write_text",
]

AnyPath: TypeAlias = str | os.PathLike[str]

_TEMPORARY = re.compile(r"\.pyfe-[0-9a-f]{16}\.tmp")
_LOCK = ".lock"
_MOST_LINKS = 40
_SCORES_START = b"row,score"
_PNG_START = b"\x89PNG\r\n\x1a\n"


# ---------------------------------------------------------------------------------------------------------------
# What a file is for


@dataclass(frozen=True)
class Role:
    """What an output is for: ``fits`` says of an existing file whether it is for the same, and may be replaced.

    ``private``: only its owner may read it.
    """

    name: str
    fits: Callable[[Path], bool]
    private: bool = False


def _of_kind(kind: Kind, public_key_id: bytes | None = None) -> Callable[[Path], bool]:
    def fits(path: Path) -> bool:
        header = Header.read(_start(path))
        return header is not None and header.kind is kind and public_key_id in (None, header.public_key_id)

    return fits


def _starting(start: bytes) -> Callable[[Path], bool]:
    return lambda path: _start(path).startswith(start)


ANYTHING = Role("file", lambda _: True)
SCHEMA = Role("schema", _of_kind(Kind.SCHEMA))
FUNCTION = Role("function", _of_kind(Kind.FUNCTION))
SCORES = Role("table of scores", _starting(_SCORES_START), private=True)
PICTURE = Role("picture", _starting(_PNG_START), private=True)


def public_key(public_key_id: bytes) -> Role:
    """The public key of the id."""
    return Role("public key of this authority", _of_kind(Kind.PUBLIC_KEY, public_key_id))


def new_public_key() -> Role:
    """The public key of an authority to be made: no file holds it yet."""
    return Role("public key of this authority", lambda _: False)


def ciphertexts(public_key_id: bytes) -> Role:
    """Ciphertexts under the public key of the id."""
    return Role("batch of ciphertexts under this public key", _of_kind(Kind.CIPHERTEXT_BATCH, public_key_id))


def function_key(public_key_id: bytes, function_id: bytes) -> Role:
    """A key for the function of an id, from the authority of a public key's id."""
    of_authority = _of_kind(Kind.FUNCTION_KEY, public_key_id)

    def fits(path: Path) -> bool:
        if not of_authority(path):
            return False
        try:
            return FunctionKey.from_bytes(path.read_bytes()).function.id == function_id
        except PyfeError:
            return False

    return Role("key for this function from this authority", fits, private=True)


def authority_id(authority: AnyPath) -> bytes:
    """The id of an authority's public key, as its sealed file states it. AuthorityError for what is no such file."""
    try:
        sealed = _is_sealed(Path(authority)) or not Path(authority).exists()
        header = Header.read(_start(Path(authority))) if sealed else None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no name of a file"
        raise AuthorityError(f"cannot read the authority file {authority}: {reason}") from error
    if header is None:
        raise AuthorityError(f"{authority}: not an authority file")
    return header.public_key_id


def authority_files(authority: AnyPath) -> tuple[Path, Path]:
    """The files that an authority keeps: the sealed one, and its lock."""
    file = Path(os.path.realpath(authority))
    return file, file.with_name(file.name + _LOCK)


# ---------------------------------------------------------------------------------------------------------------
# The outputs


@contextlib.contextmanager
def claimed(
    path: AnyPath, role: Role, *, avoid: Iterable[AnyPath | None] = (), force: bool = False
) -> Iterator[Output]:
    """An output that is checked now and written once, by :meth:`Output.write`, or leaves nothing.

    ``avoid``: what the command reads or keeps. ``force``: replace a file of another role.
    ParameterError where it cannot be written, or must not.
    """
    output = Output(Path(path), role, [Path(file) for file in avoid if file is not None], force)
    try:
        yield output
    finally:
        output.close()


def write_bytes(path: AnyPath, data: bytes, *, private: bool = False) -> None:
    """Write a file whole or not at all, over any but an authority; ``private`` for its owner only."""
    with claimed(path, Role("file", ANYTHING.fits, private)) as output:
        output.write(data)


def write_text(path: AnyPath, text: str, *, private: bool = False) -> None:
    """Write UTF-8 text like :func:`write_bytes`."""
    write_bytes(path, text.encode(), private=private)


class Output:
    """A place for one file. Made by :func:`claimed`."""

    def __init__(self, path: Path, role: Role, avoid: list[Path], force: bool) -> None:
        self._name, self._role, self._avoid, self._force = path, role, avoid, force
        self._beside: _Beside | None = None
        with self._naming_the_file():
            self._descriptor = _descriptor_of(path)
            self._place = path if self._descriptor is not None else Path(os.path.realpath(path))
            self._require_free()
            if not self._is_stream():
                self._beside = _Beside(self._place.parent, *self._modes())
            elif not os.access(self._place, os.W_OK):
                raise ParameterError(f"cannot write {path}: Permission denied")

    @property
    def is_standard_output(self) -> bool:
        """Whether it goes where a command's report would be printed."""
        return self._descriptor == 1

    def write(self, data: bytes) -> None:
        """Put ``data`` in the place: whole, durable, or an error and the place as it was (a stream takes what it took).

        What was there is looked at once more: the work in between may have taken hours.
        """
        with self._naming_the_file():
            self._require_free()
            if self._beside is not None:
                self._beside.become(self._place, data)
                return
            target = os.dup(self._descriptor) if self._descriptor is not None else os.open(self._place, os.O_WRONLY)
            with os.fdopen(target, "wb") as stream:
                stream.write(data)

    def close(self) -> None:
        """Remove what was not put in its place."""
        if self._beside is not None:
            self._beside.discard()

    @contextlib.contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ParameterError(f"cannot write {self._name}: {error.strerror}") from error
        except ValueError as error:
            if isinstance(error, PyfeError):
                raise
            raise ParameterError(f"cannot write {str(self._name)!r}: it is no name of a file") from error

    def _require_free(self) -> None:
        found = _stat(self._place)
        self._require_own_place(found)
        if found is None or self._descriptor is not None:
            return
        if stat.S_ISDIR(found.st_mode):
            raise ParameterError(f"cannot write {self._name}: it is a folder")
        replaced = stat.S_ISREG(found.st_mode) or stat.S_ISBLK(found.st_mode)
        if replaced and not self._force and not (stat.S_ISREG(found.st_mode) and self._role.fits(self._place)):
            raise ParameterError(
                f"{self._name} exists, and is not a {self._role.name}; give another place, or --force to replace it"
            )

    def _require_own_place(self, found: os.stat_result | None) -> None:
        """What no force allows."""
        if found is not None and not _has_content(found):
            return
        other = next((file for file in self._avoid if _identity(file) == _identity(self._place)), None)
        if other is not None:
            raise ParameterError(
                f"the output {self._name} is a file that this command reads or keeps ({other}); give another place"
            )
        for file in (self._place, _locked_by(self._place)):
            if file is not None and _is_sealed(file):
                what = "is a sealed authority" if file == self._place else f"is the lock of the authority {file}"
                raise ParameterError(f"{self._name} {what}, which is never overwritten; give another place")

    def _is_stream(self) -> bool:
        found = _stat(self._place)
        return self._descriptor is not None or not (found is None or stat.S_ISREG(found.st_mode))

    def _modes(self) -> tuple[int, int | None]:
        """Permissions at first and in the end: its owner's alone, those of the file that it replaces, the usual ones.

        Never more at first than in the end: who opened the empty file would read on.
        """
        found = _stat(self._place)
        if self._role.private:
            return 0o600, 0o600
        return (0o666, None) if found is None else (0o600, stat.S_IMODE(found.st_mode) & 0o777)


class _Beside:
    """The file beside an output's place. Its lock says that its process lives; the system drops it with the process."""

    def __init__(self, folder: Path, first: int, final: int | None) -> None:
        _remove_leftovers(folder)
        self._path, self._descriptor = _locked_file(folder, first)
        self._final = final

    def become(self, place: Path, data: bytes) -> None:
        with os.fdopen(os.dup(self._descriptor), "wb") as file:
            file.write(data)
        if self._final is not None:
            os.fchmod(self._descriptor, self._final)
        os.fsync(self._descriptor)
        os.replace(self._path, place)
        _sync_folder(place.parent)

    def discard(self) -> None:
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


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed runs of this user left in a folder: files of our own naming that nobody holds."""
    try:
        with os.scandir(folder) as entries:
            left = [entry.path for entry in entries if _TEMPORARY.fullmatch(entry.name)]
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


# ---------------------------------------------------------------------------------------------------------------
# What is there


def _descriptor_of(path: Path) -> int | None:
    """The open descriptor of this process that a path leads to, as ``/dev/stdout`` and ``/dev/fd/3`` do.

    What it was opened for is its opener's decision (``>>`` appends), so it is written to as it stands.
    """
    place = str(path)
    for _ in range(_MOST_LINKS):
        folder, name = os.path.split(place)
        folder = os.path.realpath(folder)
        if folder == os.path.realpath("/proc/self/fd") and name.isdecimal():
            return int(name)
        place = os.path.join(folder, name)
        if not os.path.islink(place):
            return None
        place = os.path.join(folder, os.readlink(place))
    return None


def _stat(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _has_content(found: os.stat_result) -> bool:
    """Whether two names of it are one place: two names of a terminal or of /dev/null are not."""
    return not (stat.S_ISCHR(found.st_mode) or stat.S_ISDIR(found.st_mode))


def _identity(path: Path) -> tuple[object, ...]:
    """What all names of a file share: device and inode, of a file to be made those of its folder, and its name."""
    with contextlib.suppress(OSError):
        found = os.stat(path)
        return found.st_dev, found.st_ino
    place = Path(os.path.realpath(path))
    with contextlib.suppress(OSError):
        found = os.stat(place.parent)
        return found.st_dev, found.st_ino, place.name
    return (place,)


def _locked_by(path: Path) -> Path | None:
    return path.with_name(path.name.removesuffix(_LOCK)) if path.name.endswith(_LOCK) and path.name != _LOCK else None


def _is_sealed(path: Path) -> bool:
    """Whether a file starts as a sealed authority does, damaged or not. OSError where that cannot be known."""
    found = _stat(path)
    if found is None or not stat.S_ISREG(found.st_mode):
        return False
    header = Header.read(_start(path))
    return header is not None and header.kind is Kind.SEALED_AUTHORITY


def _start(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEADER_SIZE)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
