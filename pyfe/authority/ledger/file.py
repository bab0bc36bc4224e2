"""A ledger in the sealed file of an authority: rows and secrets in one file, replaced whole with every append."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import NoReturn

from pyfe.authority import sealed_file
from pyfe.authority.ledger.locked_file import LockedFile
from pyfe.authority.ledger.protocol import LedgerMoved, require_rows, rows_since
from pyfe.authority.records import Terms
from pyfe.authority.sealed_file import LedgerPart, SealedFile, SealedSecrets
from pyfe.authority.secrets import Secrets
from pyfe.errors import AuthorityError
from pyfe.wire import cbor
from pyfe.wire.pickling import Secret
from pyfe.wire.sealing import SealingKey

__all__ = ["FileLedger"]


@dataclass(frozen=True, eq=False)
class _Reading:
    """The file as it was read last: its bytes, its status, what its ledger's part holds, and the rows of that."""

    data: bytes
    status: os.stat_result | None
    part: LedgerPart
    rows: tuple[bytes, ...]


class FileLedger(Secret):
    """Rows in one file sealed under a passphrase, replaced atomically, with the sealed secrets carried along.

    A copy of the file, or an older one put back, is a second ledger that knows nothing of the first: keep one, and
    backups of the newest only. A ledger that is open notices when it lost rows.
    Cost: every append writes the whole file.
    """

    def __init__(self, file: LockedFile, key: SealingKey, terms: Terms, secrets: SealedSecrets, read: _Reading) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self._file = file
        self._key: SealingKey | None = key
        self._terms = terms
        self._secrets = secrets
        self._reading = read

    @classmethod
    def create(cls, path: str | os.PathLike[str], key: SealingKey, terms: Terms, secrets: Secrets) -> FileLedger:
        """A new file; AuthorityError if there is one already (an authority is never overwritten)."""
        file, part, sealed_secrets = (
            LockedFile(path),
            LedgerPart.of(terms),
            sealed_file.seal_secrets(terms, secrets, key),
        )
        data = sealed_file.seal(terms, part, key, sealed_secrets)
        file.create(data)
        return cls(file, key, terms, sealed_secrets, _Reading(data, None, part, ()))

    @classmethod
    def open(cls, path: str | os.PathLike[str], passphrase: str | bytes) -> tuple[FileLedger, Secrets]:
        """An existing file, and the secrets in it, which are opened this once.

        Raises AuthorityError when it is missing or damaged, or the passphrase is wrong.
        """
        file = LockedFile(path)
        data, status = file.read()
        closed = SealedFile.parse(data)
        key = SealingKey.derive(passphrase, closed.salt, closed.log_cost)
        opened = sealed_file.open_all(closed, key)
        rows = tuple(map(cbor.dumps, opened.ledger.rows))
        reading = _Reading(data, status, opened.ledger, rows)
        return cls(file, key, opened.terms, opened.sealed_secrets, reading), opened.secrets

    @property
    def place(self) -> str:
        """The path of the file."""
        return str(self._file.path)

    @property
    def terms(self) -> Terms:
        """What was fixed when the file was made."""
        self._open_key()
        return self._terms

    def exclusive(self) -> AbstractContextManager[None]:
        """Hold the lock file; AuthorityError when its holder makes no progress for half a minute."""
        self._open_key()
        return self._file.exclusive()

    def read(self, since: int = 0) -> tuple[bytes, ...]:
        """The rows of the file as it is now, from position ``since`` on."""
        return rows_since(self._newest().rows, since)

    def append(self, rows: Sequence[bytes], *, position: int) -> None:
        """Replace the file by one with these rows more, inside the lock; LedgerMoved unless it has ``position``.

        AuthorityError, and nothing is written, where folder, lock or file were replaced since.
        """
        given = tuple(rows)
        values = require_rows(given)
        with self.exclusive():
            key, newest = self._open_key(), self._newest()
            if len(newest.rows) != position:
                raise LedgerMoved
            part = newest.part.followed_by(values)
            data = sealed_file.seal(self._terms, part, key, self._secrets)
            self._file.replace(data, newest.status)
            self._reading = _Reading(data, None, part, (*newest.rows, *given))

    def close(self) -> None:
        """Forget the sealing key and the rows."""
        self._key, self._reading = None, replace(self._reading, part=LedgerPart({}, []), rows=())

    def _newest(self) -> _Reading:
        """The file as it is now; what did not change since it was read last is not opened or decoded again."""
        key, before = self._open_key(), self._reading  # taken first: what is read after it has its rows, or lost them
        data, status = self._file.read()
        if data == before.data:
            return replace(before, status=status)
        closed = SealedFile.parse(data)
        if (closed.salt, closed.log_cost) != (key.salt, key.log_cost):
            raise AuthorityError("the authority file was sealed anew in the meantime; open it again")
        part = sealed_file.open_ledger(closed, key)
        self._reading = _Reading(data, status, part, _grown(before, part))
        return self._reading

    def _open_key(self) -> SealingKey:
        if self._key is None:
            raise AuthorityError("this authority is closed")
        return self._key

    def __reduce__(self) -> NoReturn:
        raise TypeError("a ledger and its sealing key are never pickled: a copy would be a second ledger")


def _grown(before: _Reading, part: LedgerPart) -> tuple[bytes, ...]:
    """The rows of ``part``; those of ``before`` are the same objects. AuthorityError unless the ledger only grew."""
    if part.terms != before.part.terms:
        raise AuthorityError("the authority file holds another authority than before; open it again")
    known = len(before.part.rows)
    if part.rows[:known] != before.part.rows:
        raise AuthorityError(
            "rows that were in the authority file before are gone, as when an older copy is put in its place; nothing "
            "was issued. Find the newest file, and open the authority again"
        )
    return (*before.rows, *map(cbor.dumps, part.rows[known:]))
