"""The state of an evaluator in a file: one name, one writer at a time, durable before anything that follows from it.

It is written beside its place, made durable, and renamed: whoever is killed leaves the one state or the other, whole.
Reading takes no lock. Whoever writes locks the file that is there, and looks again whether it still is: so two
processes never write over each other. No descriptor stays open, so nothing is shared with a forked child but a lock of
that very moment, which is given back by name.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

from pyfe.arguments import path_of
from pyfe.durable import sync_folder
from pyfe.errors import DecodeError, ParameterError
from pyfe.evaluator.state_text import from_text, to_text
from pyfe.incidents import Incident, Incidents

__all__ = ["StateFile", "state_beside"]

AnyPath: TypeAlias = str | os.PathLike[str]

_NAME = "evaluator.state"
_MOST = 1 << 24
_PATIENCE, _POLL = 60.0, 0.005
"""Seconds that a writer waits for another one, and between two looks: each needs some milliseconds."""


def state_beside(key: AnyPath) -> Path:
    """The state file beside a key, whatever link leads there: one for all keys of a folder, as a signer is silenced
    under a public key."""
    return Path(os.path.realpath(path_of(key, "the path of a key"))).parent / _NAME


class StateFile(Incidents):
    """Incidents in a file, of any number of public keys. All threads, and any number of processes, may use one.

    What was seen of it must stay: a file that is gone, or was put back, is refused as long as the process lives. Across
    processes nobody can tell: a copy that is restored has forgotten what came after it, and two copies know nothing of
    each other.
    """

    def __init__(self, path: AnyPath, *, make: bool = True) -> None:
        """Symbolic links are followed here, once. ``make``: an empty file where there is none. ParameterError where it
        cannot be made or written; errors of :meth:`all`."""
        self.path = Path(os.path.realpath(path_of(path, "the path of an evaluator's state")))
        self._seen: tuple[Incident, ...] = ()
        self._unwritten: list[Incident] = []
        if make:
            self._make()
        self.all()
        if not os.access(self.path.parent, os.W_OK | os.X_OK):
            raise self._failed("be written: no permission to write in its folder")

    @property
    def place(self) -> str:
        """Its path, without symbolic links."""
        return str(self.path)

    def all(self) -> Sequence[Incident]:
        """All incidents. ParameterError where the file cannot be read, is none, or has a second name (which would keep
        what was there before); DecodeError where it is damaged, or is an older one than was seen."""
        with self._opened() as descriptor:
            return [*self._read(descriptor), *self._unwritten]

    def add(self, found: Sequence[Incident]) -> Incident | None:
        """As of the class. ParameterError where it cannot be kept durably: then nobody is told what came out, and this
        process answers the signers no more."""
        try:
            with self._held() as before:
                whom = {each.silences for each in found}
                if (earlier := next((each for each in before if each.silences in whom), None)) is not None:
                    return earlier
                self._write((*before, *found))
        except (ParameterError, DecodeError):
            self._unwritten += found  # this process at least answers him no more
            raise
        return None

    def release(self, public_key_id: bytes, signer: bytes, second: int) -> Incident | None:
        """As of the class; what it was about stays in the file, with the time of the release."""
        with self._held() as before:
            found = next((each for each in before if each.silences == (public_key_id, signer)), None)
            if found is not None:
                self._write(tuple(replace(each, released=second) if each is found else each for each in before))
        self._unwritten = [each for each in self._unwritten if each.silences != (public_key_id, signer)]
        return found

    # -- the file --

    def _make(self) -> None:
        """An empty file, if there is none: readable by its owner alone, its name durable."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
        try:
            with contextlib.suppress(FileExistsError):
                os.close(os.open(self.path, flags, 0o600))
                sync_folder(self.path.parent)
        except OSError as error:
            raise self._failed(f"be made: {error.strerror}") from error

    @contextlib.contextmanager
    def _opened(self) -> Iterator[int]:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        except FileNotFoundError as error:
            raise self._failed("be read: it is not there; without it nobody knows who was refused") from error
        except OSError as error:
            raise self._failed(f"be read: {error.strerror}") from error
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _read(self, descriptor: int) -> tuple[Incident, ...]:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MOST:
            raise self._failed("be read: it is no file, or has too many bytes")
        if status.st_nlink > 1:
            raise self._failed(
                f"be used: it has {status.st_nlink} names (hard links), of which the others would keep what was there "
                "before. Remove them"
            )
        try:
            data = os.pread(descriptor, _MOST + 1, 0)
        except OSError as error:
            raise self._failed(f"be read: {error.strerror}") from error
        try:
            incidents = from_text(data.decode("ascii"))
        except (DecodeError, UnicodeDecodeError) as error:
            raise DecodeError(f"{self.path}: {error}") from error
        self._require_later(incidents)
        return incidents

    def _require_later(self, incidents: tuple[Incident, ...]) -> None:
        """DecodeError unless all that was seen is there yet: released at most."""
        for at, seen in enumerate(self._seen):
            now = incidents[at] if at < len(incidents) else None
            if now is None or seen not in (now, replace(now, released=None)):
                raise DecodeError(f"{self.path} was put back: an incident is gone that was in it; nothing was answered")
        self._seen = incidents

    @contextlib.contextmanager
    def _held(self) -> Iterator[tuple[Incident, ...]]:
        """What is there, which nobody else changes meanwhile."""
        end = time.monotonic() + _PATIENCE
        while True:
            with self._opened() as descriptor:
                self._lock(descriptor, end)
                try:
                    if self._in_place(descriptor):
                        yield self._read(descriptor)
                        return
                finally:
                    with contextlib.suppress(OSError):
                        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a child that was forked meanwhile holds it too

    def _lock(self, descriptor: int, end: float) -> None:
        while True:
            try:
                return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise self._failed(f"be written: another process has held it for {_PATIENCE:.0f} s") from error
            except OSError as error:
                raise self._failed(f"be locked: {error.strerror}") from error
            time.sleep(_POLL)

    def _in_place(self, descriptor: int) -> bool:
        """Whether the file is still the one of this name, and not one that another writer replaced."""
        held = os.fstat(descriptor)
        try:
            now = os.lstat(self.path)
        except OSError as error:
            raise self._failed(f"be read: {error.strerror}") from error
        return (now.st_dev, now.st_ino) == (held.st_dev, held.st_ino)

    def _write(self, incidents: tuple[Incident, ...]) -> None:
        """Have another state in its place, durably; the lock is held."""
        data, new = to_text(incidents).encode("ascii"), self.path.with_name(f".{self.path.name}.new")
        if len(data) > _MOST:
            raise self._failed(f"be written: it would have more than {_MOST} bytes")
        try:
            new.unlink(missing_ok=True)  # of a process that was killed
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW
            with open(os.open(new, flags, 0o600), "wb") as opened:
                opened.write(data)
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(new, self.path)
            sync_folder(self.path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise self._failed(f"be written: {error.strerror}") from error
        self._seen = incidents

    def _failed(self, what: str) -> ParameterError:
        return ParameterError(f"the evaluator's state {self.path} cannot {what}; nothing was answered")
