"""The ledger of a data owner: which of its patients met which master keys; asked, and written, before anything is
encrypted.

The ledger holds a keyed hash of every record id and, for it, the set of master keys under which its rows were
encrypted. Whoever has the file and not the owner's secret sees how many patients there are, and which came again. There
is one ledger for all rows of an owner: a copy of it is a second ledger, and neither knows what the other records.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Self, TypeAlias

from sqlalchemy import Connection, delete, func, insert, select

from pyfe.arguments import path_of, require_a
from pyfe.audit.checkpoint import authority_id
from pyfe.epochs import Counted, Epoch, EpochTable, count
from pyfe.errors import DecodeError, KeyMismatchError, OwnerError, PyfeError, RowsDeniedError
from pyfe.io.resealing import reseal
from pyfe.keys import PublicKey
from pyfe.owner import tables
from pyfe.owner.database import LedgerFile
from pyfe.owner.folder import load_secret, make_folder, owner_files
from pyfe.owner.secret import OwnerSecret
from pyfe.row_ids import called_rows
from pyfe.wire.pickling import Secret

__all__ = ["Admission", "OwnerLedger"]

_PIECE = 50_000
"""Records that go to the database at once."""

_NOT_YET = 0
"""Stands for a master key that nobody met; those of the table are counted from 1."""

_Numbers: TypeAlias = tuple[int, ...]

Called: TypeAlias = Callable[[Sequence[int]], str]
"""What calls rows, counted from 0, in errors: by their lines in a file, for one."""


@dataclass(frozen=True)
class Admission:
    """What the ledger says of the rows of a table under one public key.

    patients: how many different ones there are; again: how many of these met another master key of the authority.
    refused: rows, counted from 0, of patients whom the union of epochs refuses, and ``reasons``: of each set of epochs
        (their numbers), what it says together, the refused ones and those that were counted and granted.
    """

    patients: int
    again: int
    refused: tuple[int, ...]
    reasons: Mapping[_Numbers, Counted]

    @property
    def findings(self) -> tuple[object, ...]:
        """What refuses, of all sets of epochs."""
        return tuple(finding for counted in self.reasons.values() for finding in counted.findings)

    @property
    def not_counted(self) -> tuple[str, ...]:
        """Rules that were not counted across epochs, for some of the rows."""
        return tuple(dict.fromkeys(rule for counted in self.reasons.values() for rule in counted.not_counted))

    def require_admitted(self, called: Called = called_rows) -> None:
        """RowsDeniedError, which says which rows (as they are ``called``) and why, where some are refused."""
        if not self.refused:
            return
        why = "; ".join(
            f"who meets epochs {' and '.join(map(str, numbers))}: "
            + ", ".join(f"rule {finding.rule}: {finding}" for finding in counted.findings)
            for numbers, counted in self.reasons.items()
            if counted.refused
        )
        raise RowsDeniedError(
            f"{called(self.refused)}: these patients may not be encrypted under this key; nothing was recorded. {why}",
            self.findings,
            rows=self.refused,
        )


@dataclass(frozen=True, eq=False)
class _Asked:
    """A question while it is answered: the set of every known set of epochs with the new one."""

    admission: Admission
    granted: Mapping[int | None, _Numbers]


class OwnerLedger(Secret):
    """An owner's secret and ledger in a folder. All threads of a process may use one, any number of processes a
    folder."""

    def __init__(self, secret: OwnerSecret, file: LedgerFile) -> None:
        """Not for direct use: see :meth:`create` and :meth:`open`."""
        self.secret = secret
        self._file = file
        self._seen: dict[bytes, EpochTable] = {}
        self._counted: dict[tuple[bytes, _Numbers], Counted] = {}

    @classmethod
    def create(cls, folder: str | os.PathLike[str], passphrase: str | bytes) -> Self:
        """A new secret and an empty ledger in a new folder: all of it, or OwnerError and no owner. Cost: one scrypt."""
        secret = OwnerSecret.generate()
        with make_folder(folder, secret.sealed(passphrase)) as made:
            file = LedgerFile(made, secret.verification_key)
            file.make()
            file.close()
        return cls.open(folder, passphrase)

    @classmethod
    def open(cls, folder: str | os.PathLike[str], passphrase: str | bytes) -> Self:
        """The owner of a folder. OwnerError for a wrong passphrase, and where the ledger is not there, not whole, or
        another owner's. Cost: one scrypt."""
        data, place = load_secret(folder)
        try:
            secret = OwnerSecret.unsealed(data, passphrase)
        except DecodeError as error:
            raise OwnerError(f"{folder} holds no owner's secret: {error}", kind="sealed") from error
        ledger = cls(secret, LedgerFile(place, secret.verification_key))
        try:
            with ledger._file.reading():
                pass
        except BaseException:
            ledger.close()
            raise
        return ledger

    @staticmethod
    def change_passphrase(folder: str | os.PathLike[str], passphrase: str | bytes, new: str | bytes) -> None:
        """Seal the owner's secret under another passphrase. The secret, and so everything that is derived from it, and
        the ledger stay; copies of the folder keep the passphrase of before.

        OwnerError for a wrong passphrase, ParameterError for a new one that is too short or where the file cannot be
        written; then it is as it was. Cost: two scrypts.
        """
        load_secret(folder)  # that it is one, and no link

        def change(data: bytes) -> bytes:
            try:
                sealed = OwnerSecret.unsealed(data, passphrase).sealed(new)
                OwnerSecret.unsealed(sealed, new)  # what could not be opened again takes no place
            except DecodeError as error:
                raise OwnerError(f"{folder} holds no owner's secret: {error}", kind="sealed") from error
            return sealed

        reseal(owner_files(path_of(folder, "the path of an owner's folder"))[0], change)

    @property
    def noise_secret(self) -> Any:
        """What ``encrypt`` draws noise from, where the schema has slots for it."""
        return self.secret.noise

    # -- epochs --

    def follow(self, table: EpochTable | bytes, *, verification_key: bytes | None = None) -> EpochTable:
        """Take an authority's table as its newest; what is counted from now on is counted by it.

        ``verification_key``: the authority that is pinned, as of a public key. OwnerError where the owner saw a newer
        one (kind "older table": the authority's log was put back, or the file is old), or one of the same log size that
        says something else; DecodeError, SignatureError and KeyMismatchError as of EpochTable.from_bytes.
        """
        given = table.to_bytes() if isinstance(table, EpochTable) else table
        read = EpochTable.from_bytes(given, verification_key=verification_key)
        with self._file.writing() as connection:
            known = self._table(connection, read.verification_key)
            if known is None or known.id != read.id:
                if known is not None:
                    _require_newer(read, known)
                connection.execute(delete(tables.TABLES).where(tables.TABLES.c.authority == read.verification_key))
                row = {"authority": read.verification_key, "signed": read.to_bytes()}
                connection.execute(insert(tables.TABLES).values(**row))
                self._counted.clear()
        return read

    def table(self, verification_key: bytes) -> EpochTable | None:
        """The newest table of an authority that the owner saw."""
        authority_id(verification_key)  # that it is one
        with self._file.reading() as connection:
            return self._table(connection, verification_key)

    def _table(self, connection: Connection, authority: bytes) -> EpochTable | None:
        wanted = select(tables.TABLES.c.signed).where(tables.TABLES.c.authority == authority)
        signed = connection.execute(wanted).scalar_one_or_none()
        if signed is None:
            return None
        if signed not in self._seen:
            try:
                self._seen = {signed: EpochTable.from_bytes(signed, verification_key=authority)}
            except (PyfeError, TypeError) as error:
                raise OwnerError(f"{self._file.place} is damaged: {error}", kind="damaged") from error
        return self._seen[signed]

    # -- patients --

    def check(
        self, public_key: PublicKey, ids: Iterable[Any], *, retired: bool = False, called: Called = called_rows
    ) -> Admission:
        """What :meth:`record` would say of the rows with these ids. Nothing is recorded."""
        records = self.secret.records(ids, called=called)
        with self._file.reading() as connection:
            return self._asked(connection, public_key, records, own=_NOT_YET, retired=retired).admission

    def record(
        self, public_key: PublicKey, ids: Iterable[Any], *, retired: bool = False, called: Called = called_rows
    ) -> Admission:
        """Record that the patients of these rows meet a public key's epoch, before any of them is encrypted.

        All of it is durable when it returns, and the same id counts once. RowsDeniedError, and nothing is recorded,
        where the union of epochs refuses a patient; OwnerError where nothing could be recorded, or where the owner saw
        no table of the authority's epochs (:meth:`follow`); KeyMismatchError for a key that the table does not name;
        ParameterError where the table says that the key's epoch gets no new keys, unless ``retired`` says that this is
        meant. Errors call rows as ``called`` does, by default counted from 0.
        Cost: some microseconds an id, and one sync of the disk.
        """
        records = self.secret.records(ids, called=called)
        with self._file.writing() as connection:
            asked = self._asked(connection, public_key, records, own=None, retired=retired)
            asked.admission.require_admitted(called)
            for before, members in asked.granted.items():
                now = _set_number(connection, members)
                if now != before:
                    connection.execute(tables.RECORD, {"before": before, "now": now})
        return asked.admission

    def met(self, public_key: PublicKey, ids: Iterable[Any]) -> list[tuple[int, ...]]:
        """Of each id, the numbers of the epochs of a key's authority that its patient met."""
        records = self.secret.records(ids)
        with self._file.reading() as connection:
            table, _ = self._epoch(connection, public_key)
            masters = _masters(connection, public_key.verification_key)
            _ask(connection, records)
            beside = tables.ASKED.join(tables.PATIENTS, tables.ASKED.c.record == tables.PATIENTS.c.record)
            rows = connection.execute(select(tables.PATIENTS.c.record, tables.PATIENTS.c.met).select_from(beside))
            sets = {record: _members(connection, met) for record, met in rows.all()}
            numbers = {number: table.epoch_of(key).number for number, key in masters.items()}
        return [tuple(sorted(numbers[m] for m in sets.get(record, ()) if m in numbers)) for record in records]

    def summary(self) -> dict[str, Any]:
        """How many patients there are, how many met which epochs of which authority, and of which sets of epochs the
        newest table says that nobody may meet them: keys that were issued since may have changed that. Plain types."""
        with self._file.reading() as connection:
            by_set = connection.execute(
                select(tables.PATIENTS.c.met, func.count()).group_by(tables.PATIENTS.c.met)
            ).all()
            counts = Counter[tuple[bytes, _Numbers]]()
            refused = dict[str, str]()
            authorities = connection.execute(select(tables.TABLES.c.authority)).scalars().all()
            for authority in authorities:
                table = self._table(connection, authority)
                masters = _masters(connection, authority)
                assert table is not None
                for met, how_many in by_set:
                    of = [table.epoch_of(masters[number]) for number in _members(connection, met) if number in masters]
                    numbers = tuple(sorted(epoch.number for epoch in of))
                    counts[authority, numbers] += how_many if numbers else 0
                    counted = self._count(table, numbers, of)
                    if counted.refused:
                        refused[_called(authority, numbers)] = "; ".join(map(str, counted.findings))
        return {
            "patients": sum(how_many for _, how_many in by_set),
            "met": {_called(*key): how_many for key, how_many in sorted(counts.items()) if how_many},
            "too_much_by_now": refused,
        }

    def close(self) -> None:
        """Let go of the ledger."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"OwnerLedger({self.secret!r}, {self._file.place})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("an owner's ledger is never pickled: a copy of it is a second ledger")

    # -- one question --

    def _epoch(self, connection: Connection, public_key: PublicKey) -> tuple[EpochTable, Epoch]:
        """The newest table, and the epoch of a public key."""
        require_a(public_key, PublicKey, "the public key")
        table = self._table(connection, public_key.verification_key)
        if table is None:
            raise OwnerError(
                "the owner saw no table of the epochs of this key's authority: give it (--epochs, ledger.follow)",
                kind="table",
            )
        epoch = table.epoch_of(public_key.id)
        if (epoch.schema.id, epoch.scheme) != (public_key.schema.id, public_key.scheme):
            raise KeyMismatchError("the epoch table states another schema or scheme than the public key")
        return table, epoch

    def _asked(
        self, connection: Connection, public_key: PublicKey, records: list[bytes], *, own: int | None, retired: bool
    ) -> _Asked:
        """``own``: the number of the key where it has none yet; None: it gets one."""
        table, _ = self._epoch(connection, public_key)
        if not retired:
            table.require_open(public_key.id)
        masters = _masters(connection, public_key.verification_key)
        known = next((number for number, key in masters.items() if key == public_key.id), own)
        own = _new_master(connection, public_key) if known is None else known
        masters[own] = public_key.id
        patients = _ask(connection, records)
        again, refused, granted = 0, set[int | None](), dict[int | None, _Numbers]()
        reasons = dict[_Numbers, Counted]()
        for before, how_many in connection.execute(tables.COUNT).all():
            members = tuple(sorted({*(_members(connection, before) if before is not None else ()), own}))
            met = [table.epoch_of(masters[number]) for number in members if number in masters]
            epochs = sorted(met, key=lambda epoch: epoch.number)
            numbers = tuple(epoch.number for epoch in epochs)
            again += how_many if len(epochs) > 1 else 0
            counted = reasons[numbers] = self._count(table, numbers, epochs)
            if counted.refused:
                refused.add(before)
            granted[before] = members
        rows = _rows_of(connection, refused, records)
        return _Asked(Admission(patients, again, rows, reasons), granted)

    def _count(self, table: EpochTable, numbers: _Numbers, epochs: list[Epoch]) -> Counted:
        """What a set of epochs says, once for a table."""
        key = table.id, numbers
        if key not in self._counted:
            self._counted[key] = count(epochs, secret=bytes(self.secret.samples.view()))
        return self._counted[key]


def _called(authority: bytes, numbers: _Numbers) -> str:
    """A set of epochs, for people."""
    return f"epochs {', '.join(map(str, numbers))} of {authority_id(authority).hex()[:12]}"


def _require_newer(read: EpochTable, known: EpochTable) -> None:
    """OwnerError unless a table may follow the one that was seen: a log only grows, and so does what its keys say."""
    if read.size < known.size:
        raise _older(
            f"is of a log of {read.size} entries, and the owner saw one of {known.size}: it is old, or the authority's "
            "log was put back"
        )
    if read.size == known.size and list(map(Epoch.to_map, read.epochs)) != list(map(Epoch.to_map, known.epochs)):
        raise _older(f"is another one than the owner saw of the same log of {read.size} entries")
    now = {epoch.number: epoch for epoch in read.epochs}
    for before in known.epochs:
        if before.number not in now:
            raise _older(f"lacks epoch {before.number}, which the owner saw")
        if not now[before.number].follows(before):
            raise _older(f"says less of epoch {before.number} than the owner saw")


def _older(what: str) -> OwnerError:
    words = f"the epoch table {what}: it has another history; ask the authority. Nothing was recorded"
    return OwnerError(words, kind="older table")


def _ask(connection: Connection, records: list[bytes]) -> int:
    """Put the records in a table of their own; how many different ones there are."""
    tables.ASKED.create(connection, checkfirst=True)
    connection.execute(delete(tables.ASKED))
    wanted = sorted(set(records))
    for start in range(0, len(wanted), _PIECE):
        piece = [(record,) for record in wanted[start : start + _PIECE]]
        connection.exec_driver_sql("INSERT INTO asked (record) VALUES (?)", piece)
    return len(wanted)


def _rows_of(connection: Connection, refused: set[int | None], records: list[bytes]) -> tuple[int, ...]:
    """The rows whose patients met one of these sets."""
    if not refused:
        return ()
    found = set[bytes]()
    for met in refused:
        beside = tables.ASKED.join(tables.PATIENTS, tables.ASKED.c.record == tables.PATIENTS.c.record, isouter=True)
        wanted = select(tables.ASKED.c.record).select_from(beside)
        found |= set(connection.execute(wanted.where(tables.PATIENTS.c.met.is_not_distinct_from(met))).scalars())
    return tuple(row for row, record in enumerate(records) if record in found)


def _masters(connection: Connection, authority: bytes) -> dict[int, bytes]:
    """The master keys of an authority that somebody met, by our numbers."""
    wanted = select(tables.MASTERS.c.number, tables.MASTERS.c.public_key_id)
    rows = connection.execute(wanted.where(tables.MASTERS.c.authority == authority)).all()
    return {int(number): bytes(key) for number, key in rows}


def _new_master(connection: Connection, public_key: PublicKey) -> int:
    row = {"authority": public_key.verification_key, "public_key_id": public_key.id}
    return int(connection.execute(insert(tables.MASTERS).values(**row)).inserted_primary_key[0])  # type: ignore[index]


def _members(connection: Connection, number: int) -> _Numbers:
    """The master keys of a set."""
    text = connection.execute(select(tables.SETS.c.masters).where(tables.SETS.c.number == number)).scalar_one_or_none()
    if not isinstance(text, str) or not all(map(str.isdecimal, text.split())):
        raise OwnerError("the owner's ledger is damaged: a set of epochs is not there", kind="damaged")
    return tuple(map(int, text.split()))


def _set_number(connection: Connection, members: _Numbers) -> int:
    """The number of a set, made where there is none."""
    text = " ".join(map(str, members))
    found = connection.execute(select(tables.SETS.c.number).where(tables.SETS.c.masters == text)).scalar_one_or_none()
    if found is not None:
        return int(found)
    return int(connection.execute(insert(tables.SETS).values(masters=text)).inserted_primary_key[0])  # type: ignore[index]
