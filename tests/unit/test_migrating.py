"""The sealed files of earlier versions become folders, with everything that they remember, or stay what they are."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pyfe import AuthorityError, Function, KeyAuthority, PolicyDeniedError
from pyfe.audit import verify
from pyfe.authority import migrating
from pyfe.authority.entries import Migrated, decode_entry
from pyfe.authority.sealed_file import read_ledger
from pyfe.errors import DecodeError
from pyfe.wire import cbor, sealing
from pyfe.wire.envelope import Kind, pack, unpack
from pyfe.wire.sealing import SealingKey
from tests.unit import old_files
from tests.unit.engines import NOW, Clock, dense, schema
from tests.unit.objects import PASSPHRASE, secrets_of

WIDE = schema()


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


@pytest.fixture
def source() -> KeyAuthority:
    authority = KeyAuthority.create(WIDE, clock=Clock())
    authority.issue(dense(WIDE), purpose="model", recipient="cloud")
    authority.issue(dense(WIDE), purpose="once more")
    return authority


@pytest.fixture
def old(source: KeyAuthority, tmp_path: Path) -> Path:
    """A sealed file of before."""
    path = tmp_path / "authority.pyfe"
    path.write_bytes(old_files.sealed(source, SealingKey.fresh(PASSPHRASE)))
    return path


def migrated(old: Path, **rest: Any) -> KeyAuthority:
    given = {"passphrase": PASSPHRASE, "clock": Clock(NOW + 5)} | rest
    return KeyAuthority.migrate(old, old.with_name("folder"), **given)


def test_a_file_becomes_a_folder_with_all_that_it_remembers(old: Path, source: KeyAuthority) -> None:
    data = old.read_bytes()
    authority = migrated(old)
    assert authority.public_key.to_bytes() == source.public_key.to_bytes()
    assert secrets_of(authority).master.to_bytes() == secrets_of(source).master.to_bytes()
    rows = [(row.sequence, row.issued_at, row.purpose, row.recipient) for row in authority.issued]
    assert rows == [(1, NOW, "model", "cloud"), (2, NOW, "once more", None)]
    assert [(entry.at, entry.says_something) for entry in authority.ledger] == [(NOW + 5, True), (NOW + 5, False)]
    third = decode_entry(authority.log().entries[2])
    assert isinstance(third, Migrated) and third.keys == 2
    assert verify(authority.log(), authority=source.public_key.verification_key).size == 5
    assert not old.exists() and old.with_name("authority.pyfe.migrated").read_bytes() == data
    with pytest.raises(PolicyDeniedError, match="x0"):
        authority.issue(dense(WIDE, 1), purpose="difference", recipient="cloud")
    again = KeyAuthority.open(old.with_name("folder"), passphrase=PASSPHRASE, clock=Clock(NOW + 9))
    key = again.issue(dense(WIDE), purpose="model", recipient="cloud")
    assert (key.sequence, key.issued_at) == (1, NOW) and len(again.issued) == 2


def test_a_file_of_before_says_how_it_is_opened(old: Path) -> None:
    with pytest.raises(AuthorityError, match=rf"pyfe authority migrate {old} FOLDER.*KeyAuthority.migrate"):
        KeyAuthority.open(old, passphrase=PASSPHRASE)


def test_a_migrated_authority_needs_no_migration(old: Path) -> None:
    migrated(old).close()
    with pytest.raises(AuthorityError, match="needs no migration"):
        KeyAuthority.migrate(old.with_name("folder") / "master.sealed", old.with_name("x"), passphrase=PASSPHRASE)


def _taken(old: Path, patch: pytest.MonkeyPatch) -> None:
    old.with_name("folder").mkdir()


def _aside_taken(old: Path, patch: pytest.MonkeyPatch) -> None:
    old.with_name("authority.pyfe.migrated").touch()


def _locked(old: Path, patch: pytest.MonkeyPatch) -> None:
    descriptor = os.open(old.with_name("authority.pyfe.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _damaged(old: Path, patch: pytest.MonkeyPatch) -> None:
    data = old.read_bytes()
    old.write_bytes(data[:200] + bytes([data[200] ^ 1]) + data[201:])


def _cannot_be_renamed(old: Path, patch: pytest.MonkeyPatch) -> None:
    rename = os.rename

    def refused(source: Any, target: Any) -> None:
        if str(target).endswith("folder"):  # the last step
            raise PermissionError(1, "Operation not permitted")
        rename(source, target)

    patch.setattr(os, "rename", refused)


Trouble = Callable[[Path, pytest.MonkeyPatch], None]


@pytest.mark.parametrize(
    ("trouble", "match"),
    [
        (_taken, "never overwritten"),
        (_aside_taken, "would get that name"),
        (_locked, "another process uses"),
        (_damaged, "passphrase is wrong, or the authority file is damaged"),
        (_cannot_be_renamed, "Operation not permitted"),
    ],
)
def test_what_fails_leaves_the_file(old: Path, monkeypatch: pytest.MonkeyPatch, trouble: Trouble, match: str) -> None:
    with monkeypatch.context() as patch:
        trouble(old, patch)
        data, there = old.read_bytes(), {each.name for each in old.parent.iterdir()}
        with pytest.raises(AuthorityError, match=match):
            migrated(old)
    assert old.read_bytes() == data and {each.name for each in old.parent.iterdir()} == there


def test_a_wrong_passphrase_and_a_clock_of_before_make_nothing(old: Path) -> None:
    with pytest.raises(AuthorityError, match="passphrase is wrong"):
        migrated(old, passphrase="wrong horse battery")
    with pytest.raises(AuthorityError, match="before the newest key of the file"):
        migrated(old, clock=Clock(NOW - 1))
    assert [each.name for each in old.parent.iterdir()] == [old.name]


def test_rows_that_are_missing_are_noticed(old: Path, source: KeyAuthority) -> None:
    key = SealingKey.fresh(PASSPHRASE)
    values = cbor.loads(old_files.ledger_of(source), "test")
    for rows in (values["ledger"][1:], values["ledger"][::-1]):
        old.write_bytes(old_files.sealed(source, key, ledger=cbor.dumps({**values, "ledger": rows})))
        with pytest.raises(AuthorityError, match="missing, doubled or out of order"):
            migrated(old)


def test_contents_are_read_strictly(source: KeyAuthority, old: Path) -> None:
    other = KeyAuthority.create(WIDE)
    old.write_bytes(old_files.sealed(source, SealingKey.fresh(PASSPHRASE), secrets=secrets_of(other)))
    with pytest.raises(AuthorityError, match="do not belong together"):
        migrated(old)
    values = cbor.loads(old_files.ledger_of(source), "test")
    for changed in ({"version": 3}, {"more": 1}, {"ledger": [1]}, {"weight_bits": 99}):
        with pytest.raises(DecodeError):
            read_ledger(cbor.dumps({**values, **changed}))


def test_what_is_signed_or_lacks_a_secret_is_no_file_of_before(source: KeyAuthority, old: Path) -> None:
    key = SealingKey.fresh(PASSPHRASE)
    whole = unpack(old_files.sealed(source, key), Kind.SEALED_AUTHORITY)
    old.write_bytes(pack(replace(whole, signature=bytes(64))))
    with pytest.raises(AuthorityError, match="not an authority file: it is signed"):
        migrated(old)
    terms = source.epochs[0].terms
    values = cbor.loads(old_files.ledger_of(source), "test")
    secrets = {"master_secret_key": secrets_of(source).master.to_bytes(), "signing_key": bytes(32)}
    for wrong in ({"signing_key": bytes(31)}, {"signing_key": bytes(33)}, {"signing_key": b""}, {}):
        inside = {**values, **secrets, **wrong}
        if not wrong:
            del inside["signing_key"]
        old.write_bytes(old_files.first_layout(cbor.dumps(inside), terms, key))
        with pytest.raises(AuthorityError, match="opens, but does not hold an authority: .*a secret is missing"):
            migrated(old)


def test_what_is_no_file_is_not_migrated(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = old.read_bytes()
    monkeypatch.setattr(migrating, "MAX_FILE_SIZE", len(data) - 1)
    with pytest.raises(AuthorityError, match=f"has {len(data)} bytes; at most {len(data) - 1} are allowed"):
        migrated(old)
    monkeypatch.setattr(migrating, "MAX_FILE_SIZE", len(data))
    place, folder = old.with_name("nothing"), old.with_name("new")
    with pytest.raises(AuthorityError, match=f"cannot read the authority file {place}: No such file"):
        KeyAuthority.migrate(place, folder, passphrase=PASSPHRASE)
    os.mkfifo(place)
    with pytest.raises(AuthorityError, match=f"{place} is not a file: there is nothing to migrate"):
        KeyAuthority.migrate(place, folder, passphrase=PASSPHRASE)
    assert not folder.exists() and len(migrated(old).issued) == 2


def test_the_lock_of_earlier_versions_is_held(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = old.with_name("authority.pyfe.lock")
    lock.symlink_to(old)  # whoever can make links there does not choose what is locked
    with pytest.raises(AuthorityError, match=f"cannot lock the authority file: {lock}: Too many levels"):
        migrated(old)
    lock.unlink()
    lock.touch()
    with migrating.held(old):
        descriptor = os.open(lock, os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(AuthorityError, match="another process uses the authority file"), migrating.held(old):
            pass
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)

    def other() -> None:
        raise BlockingIOError(errno.EALREADY, os.strerror(errno.EALREADY))

    with pytest.raises(BlockingIOError), migrating.held(old):  # what happens inside is not the lock's
        other()
    monkeypatch.setattr(fcntl, "flock", lambda *_: other())
    with pytest.raises(BlockingIOError), migrating.held(old):
        pass


def test_a_file_that_cannot_be_renamed_is_said(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    with migrating.held(old) as file, monkeypatch.context() as patch:
        patch.setattr(os, "rename", refused)
        with pytest.raises(AuthorityError, match=f"cannot rename {old} to {old}.migrated: Operation not permitted"):
            file.set_aside()
        file.put_back()  # nothing was done
    assert old.exists()


def test_a_key_of_this_second_is_taken_over(old: Path) -> None:
    assert [entry.at for entry in migrated(old, clock=Clock(NOW)).ledger] == [NOW, NOW]


def test_files_of_the_first_layout(tmp_path: Path, root: Path) -> None:
    plain = bytes.fromhex(json.loads((root / "tests/vectors/linear_authority.json").read_text())["default"])
    values = cbor.loads(plain, "test")
    ledger = {name: value for name, value in values.items() if name not in ("master_secret_key", "signing_key")}
    terms, rows = read_ledger(cbor.dumps(ledger))
    old = tmp_path / "authority.pyfe"
    old.write_bytes(old_files.first_layout(plain, terms, SealingKey.fresh(PASSPHRASE)))
    authority = migrated(old, clock=Clock(rows[-1].issued_at + 1))
    inside = secrets_of(authority)
    assert inside.master.to_bytes() == values["master_secret_key"]
    assert inside.signing_key.seed() == values["signing_key"]
    again = Function.from_integers(authority.schema, values["ledger"][0]["weights"])
    assert authority.issue(again, purpose="again").sequence == 2


def test_a_file_is_put_back_once(old: Path) -> None:
    with pytest.raises(RuntimeError), migrating.held(old) as file:
        file.set_aside()
        assert not old.exists()
        raise RuntimeError
    assert old.exists()
