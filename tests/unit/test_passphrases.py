"""Another passphrase for an authority, an owner, an identity: the one opens or the other, never both and never none."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pyfe import AuthorityError, IdentityError, KeyAuthority, OwnerError, ParameterError, PyfeError
from pyfe.audit import verify
from pyfe.authority import backup, change_passphrase, folder
from pyfe.authority.auditing import audited
from pyfe.authority.entries import PassphraseChanged, decode_entry, encode_entry
from pyfe.authority.exporting import exported
from pyfe.cli import main
from pyfe.identity import IdentitySecret
from pyfe.io import replacement, reseal
from pyfe.owner import OwnerLedger
from pyfe.wire import sealing
from tests.unit.engines import FREE, schema, unit

ROOT = Path(__file__).parents[2]
OLD, NEW = "correct horse battery", "another long passphrase"
OPEN = ["--passphrase-file", "old", "--new-passphrase-file", "new"]
NAMES = {"authority": "master.sealed", "owner": "owner.sealed", "identity": ""}


def opened(what: str, passphrase: str) -> str:
    """What the passphrase opens, by its public name."""
    if what == "authority":
        with KeyAuthority.open("authority", passphrase=passphrase) as authority:
            return authority.public_key.fingerprint
    if what == "owner":
        with OwnerLedger.open("owner", passphrase) as ledger:
            return ledger.secret.id.hex()
    return IdentitySecret.unsealed(Path("identity").read_bytes(), passphrase).identity.fingerprint


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Something sealed of each kind, made once."""
    place = tmp_path_factory.mktemp("made")
    for name, text in {"old": OLD, "new": NEW, "wrong": "something else", "short": "short"}.items():
        (place / name).write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sealing, "LOG_COST", 10)
        KeyAuthority.create(schema(8), policy=FREE, path=place / "authority", passphrase=OLD).close()
        OwnerLedger.create(place / "owner", OLD).close()
        (place / "identity").write_bytes(IdentitySecret.generate("ben").sealed(OLD))
    return place


@pytest.fixture(autouse=True)
def desk(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(made, tmp_path / "desk")
    monkeypatch.chdir(tmp_path / "desk")
    monkeypatch.setattr(sealing, "LOG_COST", 10)


def sealed(what: str) -> Path:
    return Path(what) / NAMES[what] if NAMES[what] else Path(what)


@pytest.mark.parametrize("what", NAMES)
def test_the_new_one_opens_the_same_secrets_and_the_old_one_nothing(what: str) -> None:
    before = opened(what, OLD)
    assert main([what, "passphrase", what, *OPEN]) == 0
    assert opened(what, NEW) == before
    with pytest.raises((AuthorityError, OwnerError, IdentityError), match="the passphrase is wrong"):
        opened(what, OLD)
    assert sealed(what).stat().st_mode & 0o777 == 0o600
    assert not [path for path in sealed(what).parent.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("what", NAMES)
@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("wrong", "new", "the passphrase is wrong"),
        ("old", "short", "needs at least 8 characters"),
        ("old", "old", "the new passphrase is the one of before; nothing was changed"),
    ],
)
def test_what_is_refused_leaves_it_as_it_was(
    what: str, old: str, new: str, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sealed(what).read_bytes()
    assert main([what, "passphrase", what, "--passphrase-file", old, "--new-passphrase-file", new]) == 1
    assert words in capsys.readouterr().err
    assert sealed(what).read_bytes() == before


def test_what_is_not_sealed_is_said_before_a_passphrase_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    Path("other").write_text("x")
    for what in NAMES:
        assert main([what, "passphrase", "other"]) == 1
        assert "passphrase-file" not in capsys.readouterr().err


def test_without_a_terminal_the_option_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["identity", "passphrase", "identity", "--passphrase-file", "old"]) == 1
    assert "give --new-passphrase-file" in capsys.readouterr().err


def test_the_log_of_an_authority_says_it_and_nothing_where_it_was_refused() -> None:
    def entries() -> list[bytes]:
        return list(exported(folder.existing("authority")).entries)

    before = entries()
    began = decode_entry(before[-1]).at
    for old, new in (("something else", NEW), (OLD, "short")):
        with pytest.raises(PyfeError):
            change_passphrase("authority", passphrase=old, new=new)
    with pytest.raises(AuthorityError, match="the clock"):
        change_passphrase("authority", passphrase=OLD, new=NEW, clock=lambda: began - 1)
    assert entries() == before and opened("authority", OLD)
    change_passphrase("authority", passphrase=OLD, new=NEW, clock=lambda: began + 5)
    assert entries() == [*before, encode_entry(PassphraseChanged(at=began + 5))]
    log = exported(folder.existing("authority"))
    assert verify(log).authority and audited(log).size == len(before) + 1
    assert main(["audit", "export", "authority", "--output", "log"]) == 0
    assert main(["audit", "verify", "log"]) == 0


def test_the_log_says_it_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fails afterwards leaves the entry, and the passphrase of before."""

    def failing(*_: Any) -> None:
        raise AuthorityError("the disk")

    monkeypatch.setattr("pyfe.authority.vault.Vault.reseal", failing)
    with pytest.raises(AuthorityError, match="the disk"):
        change_passphrase("authority", passphrase=OLD, new=NEW)
    last = decode_entry(exported(folder.existing("authority")).entries[-1])
    assert isinstance(last, PassphraseChanged) and opened("authority", OLD)


def test_an_authority_in_use_goes_on_and_opens_no_epoch_over_the_change() -> None:
    function = unit(schema(8), 0)
    with KeyAuthority.open("authority", passphrase=OLD) as authority:
        change_passphrase("authority", passphrase=OLD, new=NEW)
        assert authority.issue(function, purpose="p").sequence == 1
        with pytest.raises(AuthorityError, match="sealed anew under another passphrase"):
            authority.rotate(reason="r")
    with KeyAuthority.open("authority", passphrase=NEW) as authority:
        assert len(authority.epochs) == 1 and authority.rotate(reason="r") == 2


def test_of_two_changes_the_second_is_told() -> None:
    """Of the same authority, held at the right to write."""
    from pyfe.authority.vault import Vault

    vault = Vault.opened(folder.existing("authority"), OLD)
    change_passphrase("authority", passphrase=OLD, new=NEW)
    with pytest.raises(AuthorityError, match="sealed anew under another passphrase"):
        vault.reseal(sealing.SealingKey.fresh("a third passphrase"))
    assert opened("authority", NEW)
    with pytest.raises(AuthorityError, match="in memory has no passphrase"):
        Vault.fresh().reseal(sealing.SealingKey.fresh(NEW))


def test_a_backup_keeps_the_passphrase_of_its_day() -> None:
    backup("authority", "backup")
    change_passphrase("authority", passphrase=OLD, new=NEW)
    KeyAuthority.open("backup", passphrase=OLD).close()


@pytest.mark.parametrize("what", ["owner", "identity"])
def test_a_disk_that_fails_leaves_it_as_it_was(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = sealed(what).read_bytes()

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(replacement.os, "fsync", full)
        with pytest.raises(ParameterError, match="No space left on device; it is as it was"):
            reseal(sealed(what), lambda data: data + b"x")
    assert sealed(what).read_bytes() == before


def test_a_folder_that_cannot_be_synced_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(_: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(replacement, "sync_folder", failing)
    with pytest.raises(ParameterError, match="sealed anew, but its folder could not be synced"):
        reseal("identity", lambda data: data)
    monkeypatch.setattr("pyfe.authority.folder.sync_folder", failing)
    with pytest.raises(AuthorityError, match="are written, but the folder could not be synced"):
        change_passphrase("authority", passphrase=OLD, new=NEW)
    assert opened("authority", NEW)


def change(data: bytes) -> bytes:
    raise AssertionError("nothing is changed")


def hard_link() -> str:
    os.link("identity", "second")
    return "identity"


def held() -> str:
    """Somebody else changes it."""
    import fcntl

    fcntl.flock(os.open("identity", os.O_RDONLY), fcntl.LOCK_EX)
    return "identity"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (hard_link, "has 2 names"),
        (held, "another process seals"),
        (lambda: "nowhere", "No such file"),
        (lambda: "authority", "is no sealed file"),
        (lambda: "/dev/null", "is no sealed file"),
        (lambda: "a\0b", "a sealed file must be a text or a path"),
    ],
)
def test_what_is_not_sealed_anew(make: Callable[[], str], words: str) -> None:
    with pytest.raises(PyfeError, match=words):
        reseal(make(), change)


@pytest.mark.slow
def test_killed_before_every_change_of_a_file(tmp_path: Path) -> None:
    place = tmp_path / "killed"
    place.mkdir()
    program = [sys.executable, "-m", "tests.unit.killing_passphrases", str(place)]
    done = subprocess.run(program, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert all(counts["old"] >= 3 and counts["new"] >= 1 for counts in found["counts"].values()), found
    assert found["left"] == []
