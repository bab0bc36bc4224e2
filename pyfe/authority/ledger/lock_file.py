"""The lock of an authority's file: a file beside it, under flock, among all threads and processes.

A forked child inherits neither the lock nor a mutex that a thread of its parent held: its copies of the descriptors are
closed at birth. The owner unlocks by name before it closes, so a copy that lives on elsewhere keeps nobody out.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import stat
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from pyfe.errors import AuthorityError

__all__ = ["LockFile", "give", "on_fork", "same_file"]

POLL_SECONDS = 0.02

_SIGN_SIZE = 64
_SIGN = re.compile(rb"\d{1,20} [0-9a-f]{16} *\n|\0{64}")
"""What may stand in a lock file: a sign, or the zeros that a crash of the machine can leave of one."""


class Renewed(Protocol):
    """What has something to renew in a forked child."""

    def after_fork(self) -> None:
        """Renew it."""
        ...


_gate = threading.RLock()  # held while a lock file is opened and noted down, and during a fork
_open_locks: set[LockFile] = set()
_on_fork: weakref.WeakSet[Renewed] = weakref.WeakSet()


def same_file(one: os.stat_result, other: os.stat_result) -> bool:
    """Whether two looks saw the same file."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)


def on_fork(renew: Renewed) -> None:
    """Have ``renew.after_fork()`` called in every forked child, as long as the object lives."""
    with _gate:
        _on_fork.add(renew)


class LockFile:
    """One process's right to write. ``descriptor`` is -1 before and after, and in a forked child; ``made`` says whether
    this lock made its file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.descriptor = -1
        self.made = False

    def acquire(self, patience: Callable[[], float], owner: os.stat_result | None) -> None:
        """Wait for the lock.

        Raises AuthorityError when the one that holds it made no progress for ``patience()`` seconds: every holder signs
        the file, so a queue that moves is waited for however long it is. A lock file made here belongs to ``owner``.
        """
        while True:
            self._open(owner)
            self._wait(patience)
            if self.in_place():
                break
            self.close()  # removed or replaced while we waited: others queue at the new one
        self._sign()

    def _sign(self) -> None:
        """Write who holds it. A lock file that has no sign yet, and gets none, as on a full disk, goes again; a file
        that holds anything else than a sign is somebody's, and stays as it is."""
        written = os.pread(self.descriptor, _SIGN_SIZE + 1, 0)
        if written and not (len(written) == _SIGN_SIZE and _SIGN.fullmatch(written)):
            raise AuthorityError(f"cannot lock the authority: {self.path} is no lock file, it holds something else")
        sign = f"{os.getpid()} {secrets.token_hex(8)}".ljust(_SIGN_SIZE - 1).encode() + b"\n"
        try:
            os.pwrite(self.descriptor, sign, 0)
        except OSError:
            if os.fstat(self.descriptor).st_size == 0:
                self.path.unlink(missing_ok=True)
            raise

    def in_place(self) -> bool:
        """Whether the lock file is still the one that we hold."""
        try:
            return same_file(os.fstat(self.descriptor), os.stat(self.path, follow_symlinks=False))
        except OSError:
            return False

    def close(self) -> None:
        """Close the descriptor, if it is open; the lock goes with it."""
        with _gate:
            descriptor, self.descriptor = self.descriptor, -1
            _open_locks.discard(self)
            if descriptor >= 0:
                os.close(descriptor)

    def _open(self, owner: os.stat_result | None) -> None:
        with _gate:
            _open_locks.add(self)
            self.descriptor, made = _descriptor(self.path, owner)
            self.made = self.made or made

    def _wait(self, patience: Callable[[], float]) -> None:
        seen, since = b"", time.monotonic()
        while True:
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                sign = os.pread(self.descriptor, _SIGN_SIZE, 0)
                if sign != seen:
                    seen, since = sign, time.monotonic()
                if time.monotonic() - since > patience():
                    holder = sign.decode("ascii", "replace").split(" ")[0]
                    raise AuthorityError(
                        f"the authority is locked by another process, which made no progress for {patience():g} s "
                        f"({self.path}, process {holder})"
                    ) from None
                time.sleep(POLL_SECONDS)


def _descriptor(path: Path, owner: os.stat_result | None) -> tuple[int, bool]:
    """The lock file, and whether it was made, because there was none. It is opened without O_CREAT first: the kernel
    refuses that to root on the files of others in a shared folder."""
    flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    while True:
        made = False
        try:
            descriptor = os.open(path, flags)
        except FileNotFoundError:
            try:
                descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
            except FileExistsError:
                continue
            _give_or_remove(descriptor, owner, path)
            made = True
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise AuthorityError(f"cannot lock the authority: {path} is not a file")
        return descriptor, made


def _give_or_remove(descriptor: int, owner: os.stat_result | None, path: Path) -> None:
    try:
        if owner is not None:
            give(descriptor, owner)
    except OSError:
        os.close(descriptor)
        path.unlink()
        raise


def give(descriptor: int, owner: os.stat_result) -> None:
    """Owner, group and mode of another file for this one. OSError where this user may not give files away."""
    now = os.fstat(descriptor)
    if (now.st_uid, now.st_gid) != (owner.st_uid, owner.st_gid):
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(owner.st_mode))


def _before_fork() -> None:
    _gate.acquire()


def _in_parent() -> None:
    _gate.release()


def _in_child() -> None:
    """Close the copies; never unlock, which would take the lock from the parent."""
    global _gate
    _gate = threading.RLock()
    for lock in list(_open_locks):
        lock.close()
    for item in list(_on_fork):
        item.after_fork()


os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)
