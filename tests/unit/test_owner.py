"""The owner's secret, and its ledger: what is recorded, what is refused, and what a disk may do."""

from __future__ import annotations

import copy
import os
import pickle
import shutil
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

import pyfe
from pyfe import DecodeError, KeyMismatchError, OwnerError, ParameterError, PublicKey, RowsDeniedError
from pyfe.authority.storage import waiting
from pyfe.epochs import EpochTable
from pyfe.owner import OwnerLedger, OwnerSecret, database, sealed_owner
from pyfe.owner.ids import canonical_ids
from pyfe.wire import sealing
from tests.unit import engines
from tests.unit.epoch_tables import Authority, table

PASSPHRASE = "correct horse battery"


@pytest.fixture(autouse=True)
def cheap_passphrases(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


# -- ids --

SAME = [
    [7, "7", " 7 ", np.int64(7), 7.0, np.float64(7), "7\n"],
    ["é", "e\u0301"],
    ["a-1", "a-1 "],
]


@pytest.mark.parametrize("ids", SAME)
def test_ids_of_one_patient(ids: list[Any]) -> None:
    assert len(set(canonical_ids(ids))) == 1


def test_ids_of_different_patients() -> None:
    different = ["7", "007", "7a", "A", "a", "-7", "7.0", "70", 2**200]
    assert len(set(canonical_ids(different))) == len(different)


@pytest.mark.parametrize(
    "wrong", [None, float("nan"), "", "  ", 1.5, True, b"7", [7], {}, 2.0**53, "x" * 1025, "\ud800", 2**2000, np.nan]
)
def test_what_is_no_id_is_named_by_its_row(wrong: Any) -> None:
    with pytest.raises(OwnerError, match="row 1: no record id") as caught:
        canonical_ids(["a", wrong, "b"])
    assert caught.value.kind == "ids"


def test_columns_of_other_kinds() -> None:
    pandas = pytest.importorskip("pandas")
    assert canonical_ids(pandas.Series(["a", "b"])) == [b"a", b"b"] == canonical_ids(np.array(["a", "b"]))
    assert canonical_ids(pandas.Series([3, 4])) == [b"3", b"4"]
    with pytest.raises(OwnerError):
        canonical_ids("ab")


# -- the secret --


def test_everything_is_derived_from_one_sealed_secret() -> None:
    secret = OwnerSecret.generate()
    again = OwnerSecret.unsealed(secret.sealed(PASSPHRASE), PASSPHRASE)
    assert again.records(["a", 7]) == secret.records(["a", 7]) and len(secret.records(["a"])[0]) == 16
    assert again.pseudonyms(["a"], study="s") == secret.pseudonyms(["a"], study="s")
    assert bytes(again.noise.view()) == bytes(secret.noise.view())
    assert again.verification_key == secret.verification_key
    other = OwnerSecret.generate()
    assert other.records(["a"]) != secret.records(["a"]) and other.id != secret.id
    assert secret.pseudonyms(["a"], study="s") != secret.pseudonyms(["a"], study="t")
    parts = [secret.noise, secret.samples, secret._record_key, secret._pseudonym_key, secret._root]
    assert len({bytes(part.view()) for part in parts}) == 5


def test_derivation_is_that_of_rfc_5869() -> None:
    import hashlib
    import hmac

    secret = OwnerSecret.generate()
    root = bytes(secret._root.view())
    expected = hmac.new(root, b"PYFE-V1-owner noise\x01", hashlib.sha256).digest()
    assert bytes(secret.noise.view()) == expected
    key = hmac.new(root, b"PYFE-V1-owner record ids\x01", hashlib.sha256).digest()
    assert secret.records(["7"]) == [hmac.new(key, b"7", hashlib.sha256).digest()[:16]]


def test_the_secret_shows_nothing_and_is_not_copied() -> None:
    secret = OwnerSecret.generate()
    assert bytes(secret._root.view()).hex() not in repr(secret) and secret.id.hex()[:12] in repr(secret)
    for act in (copy.copy, copy.deepcopy, pickle.dumps):
        with pytest.raises(TypeError, match="never"):
            act(secret)


def test_the_sealed_file_opens_as_it_was_or_not_at_all() -> None:
    secret = OwnerSecret.generate()
    data = secret.sealed(PASSPHRASE)
    assert sealed_owner(data)["verification_key"] == secret.verification_key.hex()
    with pytest.raises(OwnerError, match="passphrase is wrong") as caught:
        OwnerSecret.unsealed(data, "another horse battery")
    assert caught.value.kind == "sealed"
    with pytest.raises(ParameterError):
        secret.sealed("short")
    for at in range(0, len(data), 5):
        with pytest.raises((OwnerError, DecodeError)):
            OwnerSecret.unsealed(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :], PASSPHRASE)
    for cut in range(0, len(data), 9):
        with pytest.raises(DecodeError):
            OwnerSecret.unsealed(data[:cut], PASSPHRASE)


# -- the ledger --


@pytest.fixture(scope="module")
def authority() -> Authority:
    """One with a key in the first of two epochs, and a key in the second that the first refuses."""
    made = Authority(engines.schema(), policy=engines.FREE)
    made.engine.issue(engines.dense(engines.schema()), purpose="first")
    return made


@pytest.fixture(scope="module")
def tables(authority: Authority) -> list[EpochTable]:
    """After one epoch, after a second without a key, after a key of it."""
    found = [authority.table()]
    authority.rotate(engines.schema(30))
    found.append(authority.table())
    authority.engine.issue(engines.dense(engines.schema(30)), purpose="second")
    return [*found, authority.table()]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[OwnerLedger]:
    with OwnerLedger.create(tmp_path / "owner", PASSPHRASE) as made:
        yield made


def key(authority: Authority, epoch: int) -> PublicKey:
    return authority.engine.public_key(epoch)


def test_a_folder_is_the_owners_alone(tmp_path: Path, ledger: OwnerLedger) -> None:
    folder = tmp_path / "owner"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    with pytest.raises(OwnerError, match="exists already"):
        OwnerLedger.create(folder, PASSPHRASE)
    assert [path.name for path in tmp_path.iterdir()] == ["owner"]
    with pytest.raises(OwnerError, match="passphrase"):
        OwnerLedger.open(folder, "another horse battery")
    with pytest.raises(OwnerError, match="cannot read"):
        OwnerLedger.open(tmp_path / "nobody", PASSPHRASE)
    with pytest.raises(TypeError):
        pickle.dumps(ledger)
    assert "OwnerLedger(OwnerSecret(" in repr(ledger)


def test_what_is_recorded_is_there_when_it_is_opened_again(
    tmp_path: Path, ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]
) -> None:
    ledger.follow(tables[2])
    admission = ledger.record(key(authority, 1), ["a", 7, "7", "a "])
    assert (admission.patients, admission.again, admission.refused) == (2, 0, ())
    ledger.close()
    with OwnerLedger.open(tmp_path / "owner", PASSPHRASE) as again:
        assert again.met(key(authority, 1), ["a", "b", 7]) == [(1,), (), (1,)]
        assert again.check(key(authority, 2), ["b", "a", "c", 7]).refused == (1, 3)
        with pytest.raises(RowsDeniedError, match="^row 1, 3: these patients may not be.*rule 4") as caught:
            again.record(key(authority, 2), ["b", "a", "c", 7])
        assert caught.value.rows == (1, 3) and {f.rule for f in caught.value.findings} >= {"4"}  # type: ignore[attr-defined]
        assert again.met(key(authority, 2), ["b", "a"]) == [(), (1,)]  # nothing was recorded
        assert again.record(key(authority, 2), ["b", "c"]).patients == 2
        assert again.check(key(authority, 1), ["a", "b"]).refused == (1,)
        assert again.record(key(authority, 1), ["a"]).again == 0
        found = again.summary()
        assert found["patients"] == 4 and sorted(found["met"].values()) == [2, 2] and found["too_much_by_now"] == {}


def test_an_epoch_without_a_key_is_for_new_patients(
    ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]
) -> None:
    ledger.follow(tables[1])
    ledger.record(key(authority, 1), ["a"])
    assert ledger.check(key(authority, 2), ["a", "b"]).refused == (0,)
    assert ledger.record(key(authority, 2), ["b"]).patients == 1


def test_an_older_table_is_noticed(ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]) -> None:
    ledger.follow(tables[1])
    ledger.follow(tables[1].to_bytes())
    with pytest.raises(OwnerError, match="the owner saw one of") as caught:
        ledger.follow(tables[0])
    assert caught.value.kind == "older table"
    said: dict[str, Any] = {"key": authority.vault.signing_key, "size": tables[1].size}
    forked = table([replace(tables[1].epochs[0], said=1), tables[1].epochs[1]], **said)
    shorter = table(tables[0].epochs, size=99, key=authority.vault.signing_key)
    fewer = replace(tables[1].epochs[0], keys=0, rows=(), rank=0, said=0, state="retired")  # a backup went on
    grown = table([fewer, *tables[1].epochs[1:]], size=99, key=authority.vault.signing_key)
    for other in (forked, shorter, grown):
        with pytest.raises(OwnerError, match="another history"):
            ledger.follow(other)
    assert ledger.table(tables[0].verification_key) == tables[1]
    again = EpochTable.signed(said["key"], size=tables[1].size, at=tables[1].at + 60, epochs=tables[1].epochs)
    assert ledger.follow(again) == again == ledger.table(again.verification_key)
    ledger.follow(tables[2], verification_key=tables[2].verification_key)
    with pytest.raises(KeyMismatchError):
        ledger.follow(tables[2], verification_key=bytes(32))


def test_an_epoch_that_gets_no_new_keys_is_asked_about(
    ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]
) -> None:
    """As on the command line, and it is said there in the same words."""
    closed = [replace(tables[2].epochs[0], state="retired"), *tables[2].epochs[1:]]
    ledger.follow(table(closed, key=authority.vault.signing_key, size=10**6))
    public, told = key(authority, 1), r"epoch 1 of this public key is retired: .*epoch 2 is open.*retired=True"
    rows = np.ones((2, public.schema.n))
    for refused in (
        lambda: ledger.record(public, ["a", "b"]),
        lambda: ledger.check(public, ["a", "b"]),
        lambda: public.encrypt(rows, ids=["a", "b"], ledger=ledger),
    ):
        with pytest.raises(ParameterError, match=told):
            refused()
    assert ledger.summary()["patients"] == 0
    assert ledger.check(public, ["a"], retired=True).refused == ()
    assert len(public.encrypt(rows, ids=["a", "b"], ledger=ledger, retired=True)) == 2
    assert ledger.record(public, ["a", "c"], retired=True).patients == 2 and ledger.summary()["patients"] == 3
    with pytest.raises(ParameterError, match="retired is about"):
        public.encrypt(rows, retired=True)


def test_rows_are_called_as_whoever_asks_calls_them(
    ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]
) -> None:
    ledger.follow(tables[2])
    ledger.record(key(authority, 1), ["a"])

    def called(rows: Sequence[int]) -> str:
        return f"line {', '.join(str(row + 2) for row in rows)}"

    with pytest.raises(OwnerError, match="^line 3: no record id"):
        ledger.check(key(authority, 2), ["b", "", "a"], called=called)
    with pytest.raises(RowsDeniedError, match="^line 3: these patients") as caught:
        ledger.record(key(authority, 2), ["b", "a"], called=called)
    assert caught.value.rows == (1,)


def test_keys_that_no_table_names(ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]) -> None:
    with pytest.raises(OwnerError, match="no table of the epochs") as caught:
        ledger.record(key(authority, 1), ["a"])
    assert caught.value.kind == "table"
    ledger.follow(tables[0])
    with pytest.raises(KeyMismatchError, match="newest table"):
        ledger.record(key(authority, 2), ["a"])


def test_encrypt_records_first_and_takes_the_owners_noise(
    ledger: OwnerLedger, authority: Authority, tables: list[EpochTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger.follow(tables[2])
    public = key(authority, 1)
    X = {f"x{i}": np.arange(3) for i in range(24)}
    assert len(public.encrypt(X, ids=["a", "b", "a"], ledger=ledger)) == 3
    assert ledger.met(public, ["a", "b"]) == [(1,), (1,)]
    for wrong in (
        {"ids": ["a", "b", "c"]},
        {"ledger": ledger},
        {"ids": ["a"], "ledger": ledger},
        {"ids": "abc", "ledger": ledger},
    ):
        with pytest.raises(ParameterError):
            public.encrypt(X, **wrong)  # type: ignore[arg-type]
    with pytest.raises(pyfe.OutOfRangeError):
        public.encrypt({**X, "x0": [1, 2, 999]}, ids=["d", "e", "f"], ledger=ledger)
    assert ledger.met(public, ["d"]) == [()]  # nothing was recorded for rows that cannot be encrypted
    fail: Callable[..., Any] = lambda *_, **__: (_ for _ in ()).throw(MemoryError())  # noqa: E731
    monkeypatch.setattr(type(public.adapter), "encrypt", fail)
    with pytest.raises(MemoryError):
        public.encrypt(X, ids=["g", "h", "i"], ledger=ledger)
    assert ledger.met(public, ["g"]) == [(1,)]  # recorded, and nothing left: it counts


def test_noise_comes_from_the_owners_secret(ledger: OwnerLedger) -> None:
    schema = engines.schema().with_noise(pyfe.noise(slots=1))
    made = Authority(schema, policy=engines.FREE)
    ledger.follow(made.table())
    X = {f"x{i}": np.arange(4) for i in range(24)}
    public = made.engine.public_key(1)
    weights = np.append(np.arange(1, 25), 1)
    function_key = made.engine.issue(pyfe.Function.from_integers(schema, weights), purpose="p")
    given = public.encrypt(X, owner_secret=ledger.secret.noise)
    by_ledger = public.encrypt(X, ids=range(4), ledger=ledger)
    assert np.array_equal(function_key.decrypt(given), function_key.decrypt(by_ledger))


# -- disks and others --


def test_somebody_else_writes(
    tmp_path: Path, ledger: OwnerLedger, authority: Authority, tables: list[EpochTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LOCK_SECONDS", 0.2)
    ledger.follow(tables[0])
    with OwnerLedger.open(tmp_path / "owner", PASSPHRASE) as other, other._file.writing():
        with pytest.raises(OwnerError, match="somebody else writes") as caught:
            ledger.record(key(authority, 1), ["a"])
        assert caught.value.kind == "busy"
    assert ledger.record(key(authority, 1), ["a"]).patients == 1


def failing(code: int) -> Callable[[Connection], None]:
    def commit(connection: Connection) -> None:
        import sqlite3

        error = sqlite3.OperationalError("the disk says no")
        error.sqlite_errorcode = code  # type: ignore[misc]
        raise OperationalError("COMMIT", None, error)

    return commit


@pytest.mark.parametrize(("code", "kind"), [(13, "full"), (778, "gone"), (10, "unknown"), (1034, "unknown")])
def test_commits_that_fail(
    ledger: OwnerLedger,
    authority: Authority,
    tables: list[EpochTable],
    monkeypatch: pytest.MonkeyPatch,
    code: int,
    kind: str,
) -> None:
    """SQLITE_FULL and SQLITE_IOERR_WRITE come before the last frame; after others the patients may be recorded."""
    ledger.follow(tables[0])
    with monkeypatch.context() as broken:
        broken.setattr(database, "_commit", failing(code))
        with pytest.raises(OwnerError) as caught:
            ledger.record(key(authority, 1), ["a"])
    assert caught.value.kind == kind
    assert ledger.record(key(authority, 1), ["a"]).patients == 1  # without repair by hand


def test_a_ledger_that_is_gone_damaged_or_another_owners(
    tmp_path: Path, ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]
) -> None:
    ledger.follow(tables[0])
    ledger.close()
    folder = tmp_path / "owner"
    whole = (folder / "ledger.db").read_bytes()

    def opened() -> str:
        with pytest.raises(OwnerError) as caught:
            OwnerLedger.open(folder, PASSPHRASE)
        return caught.value.kind

    OwnerLedger.create(tmp_path / "second", PASSPHRASE).close()
    shutil.copy(tmp_path / "second" / "ledger.db", folder / "ledger.db")
    assert opened() == "replaced"
    (folder / "ledger.db").write_bytes(b"no database at all" * 400)
    assert opened() == "damaged"
    (folder / "ledger.db").write_bytes(b"")
    assert opened() == "damaged"
    (folder / "ledger.db").unlink()
    assert opened() == "gone"
    (folder / "ledger.db").write_bytes(whole)
    with OwnerLedger.open(folder, PASSPHRASE) as again:
        assert again.record(key(authority, 1), ["a"]).patients == 1


def test_a_ledger_that_is_closed_says_so(ledger: OwnerLedger, authority: Authority) -> None:
    ledger.close()
    with pytest.raises(OwnerError):
        ledger.record(key(authority, 1), ["a"])


def test_ids_are_not_in_the_file(
    tmp_path: Path, ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]
) -> None:
    ledger.follow(tables[0])
    ledger.record(key(authority, 1), ["patient-zero", "patient-one"])
    ledger.close()
    data = b"".join(path.read_bytes() for path in (tmp_path / "owner").iterdir())
    assert b"patient-zero" not in data and os.listdir(tmp_path / "owner")


@pytest.mark.slow
def test_a_million_ids(ledger: OwnerLedger, authority: Authority, tables: list[EpochTable]) -> None:
    """Processor time, on one core; new ones, and the same once more."""
    import time

    ledger.follow(tables[2])
    for _ in range(2):
        start = time.process_time()
        assert ledger.record(key(authority, 1), range(10**6)).patients == 10**6
        seconds = time.process_time() - start
        print(f"\n  10^6 ids: {seconds:.1f} s of processor time")
        assert seconds < 60
