"""A folder of an authority where a call of the system fails, a link lies in the way or the log is on a server."""

from __future__ import annotations

import errno
import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from pyfe import AuthorityError, DecodeError, KeyAuthority, ParameterError
from pyfe.audit import AuditLog
from pyfe.authority import authority, folder
from pyfe.authority.engine import Plan
from pyfe.authority.exporting import exported, state_of
from pyfe.folder_names import LOG, LOG_URL, MASTER
from pyfe.wire import sealing
from pyfe.wire.signature import SigningKey
from tests.unit.engines import create, schema
from tests.unit.objects import PASSPHRASE

URL = "postgresql://host/database"


def fails(*_: Any) -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "authority"


# -- master keys --


def test_master_keys_are_replaced_whole(place: Path) -> None:
    place.mkdir()
    there = folder.Folder(place)
    there.save(b"first")
    (place / f".{MASTER}.new").write_bytes(b"of a process that was killed")
    there.save(b"second")
    assert there.load() == b"second" and [each.name for each in place.iterdir()] == [MASTER]
    assert (place / MASTER).stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_what_cannot_be_written_leaves_what_was_there(place: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    place.mkdir()
    there = folder.Folder(place)
    there.save(b"first")
    with monkeypatch.context() as patch:
        patch.setattr(os, step, fails)
        with pytest.raises(AuthorityError, match=f"cannot write the master keys {place / MASTER}: Input/output error"):
            there.save(b"second")
    assert there.load() == b"first" and [each.name for each in place.iterdir()] == [MASTER]


def test_what_is_written_and_not_synced_is_said(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir()
    there = folder.Folder(place)
    there.save(b"first")
    with monkeypatch.context() as patch:
        patch.setattr(folder, "sync_folder", fails)
        with pytest.raises(AuthorityError, match="are written, but the folder could not be synced, so that a crash"):
            there.save(b"second")
    assert there.load() == b"second"


def test_the_largest_master_keys(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir()
    there = folder.Folder(place)
    there.save(b"12345")
    monkeypatch.setattr(folder, "MAX_MASTER_SIZE", 5)
    assert there.load() == b"12345"
    monkeypatch.setattr(folder, "MAX_MASTER_SIZE", 4)
    with pytest.raises(AuthorityError, match="has 5 bytes; at most 4 are allowed"):
        there.load()
    (place / MASTER).rename(place / "elsewhere")
    (place / MASTER).symlink_to(place / "elsewhere")
    with pytest.raises(AuthorityError, match=f"cannot read the master keys {place / MASTER}: Too many levels"):
        there.load()


# -- a log on a server --


def test_where_the_log_is(place: Path) -> None:
    place.mkdir()
    there = folder.Folder(place)
    assert there._log() == place / LOG
    there.keep_log_at(URL)
    assert there._log() == URL and (place / LOG_URL).read_text() == URL
    (place / LOG_URL).write_bytes(b"\xff")
    with pytest.raises(AuthorityError, match=f"{place / LOG_URL} is no URL"):
        there._log()
    (place / LOG_URL).write_bytes(b"x" * 4000)
    assert len(str(there._log())) == 4000
    (place / LOG_URL).write_bytes(b"x" * 4001)
    with pytest.raises(AuthorityError, match="has 4001 bytes; at most 4000 are allowed"):
        there._log()


def test_what_names_no_server(place: Path) -> None:
    place.mkdir()
    there = folder.Folder(place)
    longest = URL + "x" * (1000 - len(URL))
    there.keep_log_at(longest)
    assert there._log() == longest
    for wrong in (longest + "x", "host/database", URL + "\n", URL + "\0"):
        with pytest.raises(ParameterError, match="a log on a server is named by its URL"):
            there.keep_log_at(wrong)
    with pytest.raises(ParameterError, match="the URL of a log must be str"):
        there.keep_log_at(URL.encode())  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="password"):
        there.keep_log_at("postgresql://ben:secret@host/database")
    assert there._log() == longest


# -- folders that are made and removed --


def test_a_folder_is_there_when_it_is_whole(place: Path) -> None:
    with folder.making(place) as made:
        assert made.path.parent == place.parent and made.path != place and not place.exists()
        assert made.path.stat().st_mode & 0o777 == 0o700
        descriptor = os.open(made.path, os.O_RDONLY)
        with pytest.raises(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        (made.path / "x").touch()
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)
    assert (place / "x").exists() and [each.name for each in place.parent.iterdir()] == [place.name]


def test_a_folder_that_somebody_else_makes_meanwhile_is_theirs(place: Path) -> None:
    words = "exists already; an authority is never overwritten"
    with pytest.raises(AuthorityError, match=words), folder.making(place):
        place.mkdir()
    assert list(place.iterdir()) == [] and [each.name for each in place.parent.iterdir()] == [place.name]


def test_a_folder_and_its_name_are_made_durable(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(folder, "sync_folder", synced.append)
    with folder.making(place) as made:
        pass
    assert synced == [made.path, place.parent]


def test_what_went_wrong_is_said_though_nothing_is_left_to_remove(place: Path) -> None:
    with pytest.raises(ZeroDivisionError), folder.making(place) as made:
        shutil.rmtree(made.path)
        raise ZeroDivisionError
    assert list(place.parent.iterdir()) == []


def test_a_folder_that_cannot_be_held_is_not_made(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", fails)
        with (
            pytest.raises(AuthorityError, match=f"cannot make the authority {place}: Input/output error; nothing is"),
            folder.making(place),
        ):
            raise AssertionError
    assert list(place.parent.iterdir()) == []


def test_who_holds_a_folder_holds_it_alone(place: Path) -> None:
    place.mkdir()
    descriptor, before = folder._held(place), len(os.listdir("/proc/self/fd"))
    with pytest.raises(BlockingIOError):
        folder._held(place)
    assert len(os.listdir("/proc/self/fd")) == before, "nothing stays open"
    os.close(descriptor)
    os.close(folder._held(place))


def test_a_folder_is_taken_back(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with folder.making(place) as made:
        made.save(b"x")
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", fails)
        with pytest.raises(AuthorityError, match="Input/output error"):
            folder.remove(place)
    assert (place / MASTER).exists()
    folder.remove(place)
    assert list(place.parent.iterdir()) == []
    with pytest.raises(AuthorityError, match="No such file"):
        folder.remove(place)


def test_what_others_left_is_theirs(place: Path) -> None:
    """Whose names begin alike, with signs that a pattern would read."""
    odd = place.with_name("a*[b]?")
    left = place.with_name(f".a*[b]?.{'0f' * 8}.new")
    others = [place.with_name(name) for name in (f".axb.{'0f' * 8}.new", f".a*[b]?.{'0f' * 8}.newer", ".a*[b]?.0f.new")]
    for each in (left, *others):
        each.mkdir()
    with folder.making(odd):
        pass
    assert not left.exists() and odd.exists() and all(each.exists() for each in others)


def test_an_authority_that_cannot_be_opened_keeps_no_secret(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    KeyAuthority.create(schema(3), path=place, passphrase=PASSPHRASE).close()
    seen: list[Any] = []

    def refused(storage: Any, vault: Any, clock: Any, **_: Any) -> None:
        seen.extend((storage, vault))
        assert len(storage.read().entries) == 2 and vault.newest == 1
        raise AuthorityError("it is damaged")

    monkeypatch.setattr(authority, "Engine", refused)
    with pytest.raises(AuthorityError, match="it is damaged"):
        KeyAuthority.open(place, passphrase=PASSPHRASE)
    for ask in (seen[0].read, lambda: seen[1].signing_key):
        with pytest.raises(AuthorityError, match="is closed"):
            ask()


# -- for whoever has no passphrase --


def test_a_log_without_an_authority_is_not_exported(place: Path) -> None:
    place.mkdir()
    key = SigningKey.generate().public
    there = folder.Folder(place)
    there.create_log(key, [b"entry"], b"\xff").close()
    with pytest.raises(AuthorityError, match=f"{place} holds no log of an authority: "):
        exported(there)
    (place / LOG).unlink()
    there.create_log(b"short", [b"entry"], b"head").close()
    with pytest.raises(AuthorityError, match=f"{place} holds no log of an authority: "):
        exported(there)
    with pytest.raises(ParameterError, match="what is exported must be Folder, not"):
        exported(place)  # type: ignore[arg-type]


def test_a_log_is_exported_whole_and_folded(place: Path) -> None:
    engine = create(Plan(schema(3)))
    log = engine.log()
    place.mkdir()
    folder.Folder(place).create_log(log.verification_key, log.entries, log.checkpoint.encode()).close()
    assert exported(folder.Folder(place)) == log and state_of(log).size == 2
    other = AuditLog(log.entries, log.checkpoint, SigningKey.generate().public)
    with pytest.raises(DecodeError, match="begins with the entry of another authority than the one that signed it"):
        state_of(other)
    with pytest.raises(DecodeError, match="there is no epoch|is of kind"):
        state_of(AuditLog(log.entries[1:], log.checkpoint, log.verification_key))
    with pytest.raises(ParameterError, match="a log must be AuditLog"):
        state_of(log.entries)  # type: ignore[arg-type]
