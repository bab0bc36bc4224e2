"""Long work in parts: each durable before the next, so that a command killed at any instant goes on where it was.

A **work folder** holds ``manifest.json`` and parts. It is the output itself (``-o DIR/``), or lies beside the one file
that is wanted (``NAME.parts``) and goes when that file is there.

1. A part has a temporary name until it is synced; then it is renamed, the folder synced, and the part entered in the
   manifest, which takes the place of the earlier one in the same way. So what the manifest names is whole.
2. Who works in a folder holds its lock, which the system drops with the process.
3. What stands in a folder under a part's name, or a temporary one, and not in its manifest, was never finished: the
   next run removes it. Other files are left alone, and a folder of other files without a manifest is refused.
4. ``resume`` continues what the same command began: the manifest says what that was. Finished parts are read once, for
   their SHA-256, and never written again. Folder, manifest and parts have to be this user's, and no one else's to
   write: another could have put other rows there, with a manifest that fits them.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, cast

from pyfe.cohorts.manifest import MANIFEST, Command, Counts, Manifest, Part, Span, first_difference
from pyfe.durable import sync_folder
from pyfe.errors import DecodeError, ParameterError
from pyfe.io.files import pieces_of, read_text, require_file
from pyfe.io.replacement import Replacement, is_leftover, remove_leftovers

__all__ = ["KEPT", "WorkFolder", "parts_beside", "read_manifest", "require_parts", "work_folder"]

KEPT = "what is finished is kept, and --resume goes on with it"
"""What is said where something ends a run early."""

_LARGEST_MANIFEST = 1 << 30
_OWN = re.compile(r"part-\d{6,}\.[a-z]{1,10}")
_SUFFIX = ".parts"


def parts_beside(output: Path) -> Path:
    """The work folder of an output that is one file."""
    return output.with_name(output.name + _SUFFIX)


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a folder. ParameterError where there is none, DecodeError for one that is damaged."""
    path = folder / MANIFEST
    require_file(path)
    try:
        return Manifest.from_text(read_text(path, most=_LARGEST_MANIFEST))
    except DecodeError as error:
        raise DecodeError(f"{path}: {error}") from error


@contextlib.contextmanager
def work_folder(
    folder: Path,
    command: Command,
    *,
    settle: Callable[[], Mapping[str, Any]] = dict,
    resume: bool = False,
    force: bool = False,
    private: bool = False,
    beside: bool = False,
    clock: Callable[[], float] = time.time,
) -> Iterator[WorkFolder]:
    """Hold the work folder of a command, made or continued.

    ``settle`` is asked once, by the first run: what it drew, which later ones find in :attr:`WorkFolder.settled`.
    ``resume``: go on where a run of the same command was, or begin where there is none; ``force`` without it: begin
    anew whatever is there. ``private``: for the folder's owner only. ``beside``: the folder is one that nobody named,
    and that is taken only where this user made it.

    ParameterError for a folder or a part of another user, or that others may write, where it is gone on with; for one
    that another run holds, where something else was begun or nothing may be replaced, and where it cannot be written;
    DecodeError for a finished part that is not what the manifest says. What is finished stays, whatever ends the block;
    an interruption has a note that says so.
    """
    with _held(folder, private, beside) as place:
        with _naming(folder):
            if resume and os.path.lexists(place / MANIFEST):
                _require_own(folder, place, [MANIFEST])  # before it is read
            found = _taken_over(place, folder, command, resume=resume, force=force)
            if found is not None:
                _require_own(folder, place, [command.name(part.number) for part in found.parts])
            manifest = Manifest(command, dict(settle())) if found is None else found
            work = WorkFolder(place, folder, manifest, private, clock)
            work._begin(anew=found is None)
        try:
            yield work
        except KeyboardInterrupt as interruption:
            if work.manifest.parts:
                interruption.add_note(KEPT)
            raise


class WorkFolder:
    """A folder of parts, held by this process. Made by :func:`work_folder`."""

    def __init__(self, place: Path, name: Path, manifest: Manifest, private: bool, clock: Callable[[], float]) -> None:
        self._place, self._name, self._manifest = place, name, manifest
        self._mode = 0o600 if private else None
        self._clock = clock
        self._at_first = len(manifest.parts)

    @property
    def manifest(self) -> Manifest:
        """What is there, and what it is of."""
        return self._manifest

    @property
    def settled(self) -> Mapping[str, Any]:
        """What the first run of this command settled."""
        return self._manifest.settled

    @property
    def found(self) -> int:
        """How many parts earlier runs had finished."""
        return self._at_first

    @property
    def paths(self) -> list[Path]:
        """The finished parts in order."""
        return [self._place / self._manifest.command.name(part.number) for part in self._manifest.parts]

    def missing(self) -> list[Span]:
        """The parts that are to be made, in order."""
        return self._manifest.missing()

    def add(self, span: Span, write: Callable[[BinaryIO], Counts]) -> None:
        """Make a part: ``write`` writes it into a file, start to end, and returns what it holds.

        Durable, and in the manifest, when this returns. ParameterError where it cannot be written: nothing of it is
        left then, and what was finished stays.
        """
        name = self._manifest.command.name(span.number)
        with _naming(self._name / name, kept=True), self._temporary() as file:
            counts, size, digest = file.fill(partial(_counted, write))
            file.take(self._place / name)
            part = Part(**asdict(span), **asdict(counts), bytes=size, sha256=digest)
            self._enter(self._manifest.with_part(part))

    def finish(self) -> None:
        """Say in the manifest that all is there. ParameterError where parts are missing, or it cannot be written."""
        if missing := self.missing():
            raise ParameterError(f"{self._name}: part {missing[0].number} was not made")
        if self._manifest.finished is None:
            with _naming(self._name / MANIFEST, kept=True):
                self._enter(replace(self._manifest, finished=int(self._clock())))

    def pieces(self, *, after: bytes = b"") -> Iterator[bytes]:
        """The bytes of all parts, one after the other, those of each without what they all begin with: ``after``.

        DecodeError where a part is not what was written: changed since, or a disk that gives other bytes back.
        """
        for part, path in zip(self._manifest.parts, self.paths, strict=True):
            start = b""
            for piece in _whole(part, path, self._name):
                if len(start) < len(after):
                    start += piece
                    if len(start) < len(after):
                        continue
                    piece = start[len(after) :]
                    start = start[: len(after)]
                yield piece
            if start != after:
                raise DecodeError(f"{self._name}: {path.name} does not begin as the others do; begin anew (--force)")

    def remove(self) -> None:
        """Remove the parts, the manifest and the folder: what was wanted is elsewhere. Other files keep the folder."""
        with _naming(self._name):
            self._forget()
            (self._place / MANIFEST).unlink()
            with contextlib.suppress(OSError):
                self._place.rmdir()

    def _begin(self, *, anew: bool) -> None:
        """Leave nothing there but what the manifest names, and see that this is whole."""
        remove_leftovers(self._place)
        if anew:
            self._forget()
            return
        named = {path.name for path in self.paths}
        for path in _own_files(self._place):
            if path.name not in named:
                path.unlink()
        require_parts(self._place, self._manifest, self._name)

    def _forget(self) -> None:
        """Enter in the manifest that nothing is finished, and only then remove the parts: whoever is killed in between
        leaves no manifest that names what is gone, and no part without a manifest."""
        self._enter(replace(self._manifest, parts=(), finished=None))
        for path in _own_files(self._place):
            path.unlink()

    def _enter(self, manifest: Manifest) -> None:
        with self._temporary() as file:
            file.become(self._place / MANIFEST, [manifest.to_text().encode()])
        self._manifest = manifest

    @contextlib.contextmanager
    def _temporary(self) -> Iterator[Replacement]:
        file = Replacement(self._place, self._mode or 0o644, self._mode, tidy=False)
        try:
            yield file
        finally:
            file.discard()


def require_parts(folder: Path, manifest: Manifest, name: Path | None = None) -> None:
    """DecodeError where a finished part is not there, or not what was written, in words that call the folder ``name``.
    Cost: reads all of them."""
    for part in manifest.parts:
        path = folder / manifest.command.name(part.number)
        if not path.is_file():
            raise DecodeError(
                f"{name or folder}: {path.name} was finished, and is not there any more; put it back, or begin anew "
                "(--force)"
            )
        for _ in _whole(part, path, name or folder):
            pass


def _whole(part: Part, path: Path, name: Path) -> Iterator[bytes]:
    """The bytes of a part. DecodeError at their end where they are not those that were written."""
    digest, size = hashlib.sha256(), 0
    for piece in pieces_of(path):
        digest.update(piece)
        size += len(piece)
        yield piece
    if (size, digest.hexdigest()) != (part.bytes, part.sha256):
        raise DecodeError(
            f"{name}: {path.name} is not what was written there (its SHA-256 is another): it was changed, or the disk "
            "is failing; get it from a copy, or begin anew (--force)"
        )


class _Counted(io.RawIOBase):
    """A file that is written from start to end, with its size and SHA-256."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.size, self.digest = 0, hashlib.sha256()

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self.size

    def flush(self) -> None:
        self._file.flush()

    def write(self, data: Any) -> int:
        with memoryview(data) as view, view.cast("B") as octets:
            self._file.write(octets)
            self.digest.update(octets)
            self.size += len(octets)
            return len(octets)


def _counted(write: Callable[[BinaryIO], Counts], file: BinaryIO) -> tuple[Counts, int, str]:
    """What ``write`` returns; how many bytes it wrote, and their SHA-256."""
    counted = _Counted(file)
    counts = write(cast(BinaryIO, counted))
    return counts, counted.size, counted.digest.hexdigest()


# -- folders --


@contextlib.contextmanager
def _held(folder: Path, private: bool, beside: bool) -> Iterator[Path]:
    """A folder, made where it is missing, under a lock. Its real path."""
    with _naming(folder):
        _require_own_link(folder, beside)
        place = Path(os.path.realpath(folder))
        descriptor = _opened(place, folder, 0o700 if private else 0o755)
        if beside:
            _require_alone(os.fstat(descriptor), folder)
    try:
        yield place
    finally:
        os.close(descriptor)


def _opened(place: Path, name: Path, mode: int) -> int:
    """A descriptor of the folder under its lock: of the one that stands there, not one that was removed meanwhile."""
    while True:
        with contextlib.suppress(FileExistsError):
            place.mkdir(mode)
            sync_folder(place.parent)
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise ParameterError(f"another command works in {name}; wait for it, or give another place") from None
        except OSError:  # a file system without locks
            pass
        if _same_folder(descriptor, place):
            return descriptor
        os.close(descriptor)


def _same_folder(descriptor: int, place: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        here, there = os.fstat(descriptor), os.stat(place)
        return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)
    return False


def _require_own_link(folder: Path, beside: bool) -> None:
    """ParameterError for a link in the folder's place that another user made, or that nobody named."""
    with contextlib.suppress(FileNotFoundError):
        found = os.lstat(folder)
        if stat.S_ISLNK(found.st_mode) and (beside or found.st_uid not in (os.geteuid(), 0)):
            raise ParameterError(f"{folder} is a link, and this command makes a folder there; remove it")


def _require_own(name: Path, place: Path, files: Iterable[str]) -> None:
    """ParameterError unless the folder and these files of it are this user's alone."""
    _require_alone(os.stat(place, follow_symlinks=False), name)
    for file in files:
        with contextlib.suppress(FileNotFoundError):  # said where it is read
            _require_alone(os.stat(place / file, follow_symlinks=False), name / file)


def _require_alone(found: os.stat_result, name: Path) -> None:
    """ParameterError for what another user may have made or changed."""
    if stat.S_ISLNK(found.st_mode):
        fault = "is a link"
    elif found.st_uid != os.geteuid():
        fault = "belongs to another user"
    elif found.st_mode & 0o022:
        fault = "may be written by others (chmod go-w)"
    else:
        return
    raise ParameterError(
        f"{name} {fault}: somebody else could have put other rows there, so it is not gone on with; begin anew in "
        "another place, or remove it"
    )


def _taken_over(place: Path, name: Path, command: Command, *, resume: bool, force: bool) -> Manifest | None:
    """The manifest to go on with; None where the command begins anew. ParameterError where it may do neither."""
    if not os.path.lexists(place / MANIFEST):
        if any(not is_leftover(file) for file in os.listdir(place)):
            raise ParameterError(
                f"{name} is a folder that holds other files, and no manifest; give a new one, or an empty one"
            )
        return None
    if force and not resume:
        return None
    found = read_manifest(name)
    if not resume:
        state = f"{len(found.parts)} finished parts of a run that did not end"
        if found.finished is not None:
            state = f"finished {found.command.product}"
        raise ParameterError(f"{name} holds {state}; go on with --resume, or begin anew with --force, which removes it")
    difference = first_difference(found.command, command)
    if difference is not None:
        raise ParameterError(
            f"{name} is of another command: {difference}; --resume goes on with the same command only; begin anew with "
            "--force, or give another place"
        )
    return found


def _own_files(place: Path) -> list[Path]:
    """Files that only we name so."""
    with os.scandir(place) as entries:
        return [Path(entry.path) for entry in entries if _OWN.fullmatch(entry.name) and _is_file(entry)]


def _is_file(entry: os.DirEntry[str]) -> bool:
    return stat.S_ISREG(entry.stat(follow_symlinks=False).st_mode)


@contextlib.contextmanager
def _naming(path: Path, *, kept: bool = False) -> Iterator[None]:
    """ParameterError for what the system refuses, naming the file."""
    try:
        yield
    except OSError as error:
        cure = f"; {KEPT}" if kept else ""
        raise ParameterError(f"cannot write {path}: {error.strerror or error}{cure}") from error
