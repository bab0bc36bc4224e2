"""From the sealed file of an earlier version to entries of a log."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pyfe.arguments import path_of
from pyfe.authority.answers import policy_digest_of, request_id
from pyfe.authority.entries import Entry, KeyIssued, Migrated
from pyfe.authority.records import Issued, Terms
from pyfe.authority.sealed_file import SealedFile, open_all
from pyfe.authority.secrets import Secrets
from pyfe.durable import sync_folder
from pyfe.errors import AuthorityError
from pyfe.leakage import Finding
from pyfe.wire.hashing import HASH_SIZE
from pyfe.wire.sealing import SealingKey

__all__ = ["Before", "OldFile", "held"]

MAX_FILE_SIZE = 2**30
"""Most bytes of a sealed file."""

_NOTHING_NEW = str(Finding("nothing new"))


@dataclass(frozen=True, eq=False)
class Before:
    """What a sealed file held; ``digest``: SHA-256 of its bytes."""

    terms: Terms
    secrets: Secrets
    rows: tuple[Issued, ...]
    digest: bytes

    def entries(self, now: int) -> list[Entry]:
        """The entries by which a log takes over its keys. AuthorityError where one was issued later than now."""
        latest = max((row.issued_at for row in self.rows), default=0)
        if latest > now:
            raise AuthorityError(
                f"the clock says {now} seconds since 1970, before the newest key of the file ({latest}); nothing was "
                "made. Set the clock of this machine"
            )
        return [
            Migrated(at=now, digest=self.digest, keys=len(self.rows)),
            *(self._entry(row, now) for row in self.rows),
        ]

    def _entry(self, row: Issued, now: int) -> KeyIssued:
        asked = request_id("issue", (1, row.function_id, row.purpose, row.recipient), None)
        return KeyIssued(
            at=now,
            epoch=1,
            row=row,
            request_id=asked,
            policy_digest=policy_digest_of(self.terms.policy),
            decision=bytes(HASH_SIZE),  # none
            says_something=_NOTHING_NEW not in row.findings,
        )


class OldFile:
    """A sealed file of an earlier version that no other process uses."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._aside: Path | None = None

    def opened(self, passphrase: str | bytes) -> Before:
        """What it holds. AuthorityError for a wrong passphrase or a damaged file."""
        try:
            status = os.stat(self._path)
            if not stat.S_ISREG(status.st_mode):
                raise AuthorityError(f"{self._path} is not a file: there is nothing to migrate")
            if status.st_size > MAX_FILE_SIZE:
                raise AuthorityError(f"{self._path} has {status.st_size} bytes; at most {MAX_FILE_SIZE} are allowed")
            with self._path.open("rb") as file:
                data = file.read(MAX_FILE_SIZE)
        except OSError as error:
            raise AuthorityError(f"cannot read the authority file {self._path}: {error.strerror}") from error
        closed = SealedFile.parse(data)
        opened = open_all(closed, SealingKey.derive(passphrase, closed.salt, closed.log_cost))
        for sequence, row in enumerate(opened.rows, 1):
            if row.sequence != sequence:
                raise AuthorityError(
                    f"row {sequence} of the ledger says that it is key #{row.sequence}: rows are missing, doubled or "
                    "out of order; nothing was made. Find the ledger that is whole"
                )
        return Before(opened.terms, opened.secrets, opened.rows, hashlib.sha256(data).digest())

    def set_aside(self) -> None:
        """Give it another name, durably: nobody opens it by accident, and makes a second ledger of it."""
        aside = self._path.with_name(f"{self._path.name}.migrated")
        try:
            if os.path.lexists(aside):
                raise AuthorityError(f"{aside} exists already, and the file that is migrated would get that name")
            os.rename(self._path, aside)
            self._aside = aside
            sync_folder(aside.parent)
        except OSError as error:
            raise AuthorityError(f"cannot rename {self._path} to {aside}: {error.strerror}") from error

    def put_back(self) -> None:
        """Undo :meth:`set_aside`, if it was done."""
        if self._aside is not None:
            os.rename(self._aside, self._path)


@contextlib.contextmanager
def held(path: str | os.PathLike[str]) -> Iterator[OldFile]:
    """The file, as it was if the block ends with an exception. AuthorityError where another process uses it."""
    place = Path(os.path.realpath(path_of(path, "the path of an authority")))
    with _locked(place):
        file = OldFile(place)
        try:
            yield file
        except BaseException:
            with contextlib.suppress(OSError):
                file.put_back()
            raise


@contextlib.contextmanager
def _locked(place: Path) -> Iterator[None]:
    """Hold the lock that earlier versions took to write the file, where one of them left its file."""
    name = f"{place}.lock"
    try:
        descriptor = os.open(name, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        yield
        return
    except OSError as error:
        raise AuthorityError(f"cannot lock the authority file: {name}: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        if error.errno not in (errno.EAGAIN, errno.EWOULDBLOCK):
            raise
        raise AuthorityError(f"another process uses the authority file {place}; end it first") from error
    finally:
        os.close(descriptor)
