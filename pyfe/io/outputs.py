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
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, TypeAlias

from pyfe.errors import ParameterError, PyfeError
from pyfe.io.replacement import NotSynced, Replacement
from pyfe.io.roles import ANYTHING, Role, is_of_authority
from pyfe.wire.envelope import Octets

__all__ = ["Output", "claimed", "write_bytes", "write_text"]

AnyPath: TypeAlias = str | os.PathLike[str]

_MOST_LINKS = 40


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
        self._replacement: Replacement | None = None
        self._streamed = False
        with self._naming_the_file(), _of_a_name(path):
            self._descriptor = _descriptor_of(path)
            self._place = path if self._descriptor is not None else Path(os.path.realpath(path))
            self._require_free()
            if not self._is_stream():
                self._replacement = Replacement(self._place.parent, *self._modes())
            elif not os.access(self._place, os.W_OK):
                raise ParameterError(f"cannot write {path}: Permission denied")

    @property
    def is_standard_output(self) -> bool:
        """Whether it goes where a command's report would be printed."""
        return self._descriptor == 1

    @property
    def place(self) -> Path | None:
        """Where the file will stand, behind all links; None where a device, a pipe or a descriptor is written to."""
        return None if self._replacement is None else self._place

    @property
    def may_be_read(self) -> bool:
        """Whether somebody may find there what was to be written, even if writing it ended in an error or in Ctrl-C."""
        return self._streamed or (self._replacement is not None and self._replacement.may_stand)

    def write(self, *pieces: Octets) -> None:
        """Put bytes in the place: whole, durable, or an error and the place as it was (a stream takes what it took).

        Where nothing but the last step failed, which makes the rename durable, the error says that the file stands.

        What was there is looked at once more: the work in between may have taken hours.
        """
        self.fill(lambda file: file.writelines(pieces))

    def fill(self, write: Callable[[BinaryIO], object]) -> None:
        """Put into the place what ``write`` writes, from start to end; else as :meth:`write`, and errors of ``write``
        leave the place as it was too."""
        with self._naming_the_file():
            self._require_free()
            if self._replacement is not None:
                self._replacement.fill(write)
                self._replacement.take(self._place)
                return
            target = os.dup(self._descriptor) if self._descriptor is not None else os.open(self._place, os.O_WRONLY)
            with os.fdopen(target, "wb") as stream:
                self._streamed = True
                write(stream)

    def close(self) -> None:
        """Remove what was not put in its place."""
        if self._replacement is not None:
            self._replacement.discard()

    @contextlib.contextmanager
    def _naming_the_file(self) -> Iterator[None]:
        try:
            yield
        except NotSynced as error:
            raise ParameterError(
                f"{self._name} is written, but its folder could not be synced, so that a crash of the machine may undo "
                f"it: {error.strerror}"
            ) from error
        except OSError as error:
            raise ParameterError(f"cannot write {self._name}: {error.strerror or error}") from error

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
        if is_of_authority(self._place):
            raise ParameterError(
                f"{self._name} is a file of a key authority, which is never overwritten; give another place"
            )

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


# -- what is there --


@contextlib.contextmanager
def _of_a_name(path: Path) -> Iterator[None]:
    """What Python says of a path that no system call takes (a NUL in it), as ours. Only where the path is looked at:
    what writes the content has ValueErrors of its own, which are not about the name."""
    try:
        yield
    except ValueError as error:
        if isinstance(error, PyfeError):
            raise
        raise ParameterError(f"cannot write {str(path)!r}: it is no name of a file") from error


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
