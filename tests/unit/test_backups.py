"""Backups of an authority's folder: whole, looked at in a drill, restored, and what a head that was kept changes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from pyfe import AuditError, AuthorityError, KeyAuthority, ParameterError, PolicyDeniedError
from pyfe.audit import verify
from pyfe.authority import backup, change_passphrase, drill, restore
from pyfe.authority.entries import EpochRetired, PassphraseChanged, Restored, decode_entry
from pyfe.folder_names import LOG, MASTER
from pyfe.wire import sealing
from tests.unit.engines import NOW, Clock, dense, schema
from tests.unit.objects import PASSPHRASE

WIDE = schema()


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)


class Hospital:
    """An authority in a folder with one key, and a place for backups."""

    def __init__(self, folder: Path) -> None:
        self.path, self.copy, self.new = folder / "authority", folder / "backup", folder / "restored"
        self.clock = Clock()
        with KeyAuthority.create(WIDE, path=self.path, passphrase=PASSPHRASE, clock=self.clock) as made:
            self.key = made.issue(dense(WIDE), purpose="model", recipient="centre")
            self.head = made.head

    def opened(self, path: Path | None = None, **rest: Any) -> KeyAuthority:
        return KeyAuthority.open(path or self.path, passphrase=PASSPHRASE, clock=self.clock, **rest)

    def goes_on(self) -> str:
        """Another key and another epoch, after the backup; the head then."""
        with self.opened() as authority:
            authority.issue(dense(WIDE), purpose="second", recipient="centre")
            authority.rotate(reason="another version")
            return authority.head

    def restored(self, **rest: Any) -> Any:
        given = {"passphrase": PASSPHRASE, "reason": "the disk died", "clock": self.clock, **rest}
        return restore(self.copy, self.new, **given)


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    return Hospital(tmp_path)


def test_a_backup_is_the_folder_and_needs_no_passphrase(hospital: Hospital) -> None:
    with hospital.opened() as authority:  # in use meanwhile
        assert backup(hospital.path, hospital.copy) == authority.head == hospital.head
    assert {each.name for each in hospital.copy.iterdir()} == {LOG, MASTER}
    assert (hospital.copy / MASTER).read_bytes() == (hospital.path / MASTER).read_bytes()
    assert all(each.stat().st_mode & 0o77 == 0 for each in (hospital.copy, *hospital.copy.iterdir()))
    with hospital.opened(hospital.copy) as copied, hospital.opened() as authority:
        assert copied.log() == authority.log() and copied.public_key == authority.public_key
    with pytest.raises(AuthorityError, match="exists already"):
        backup(hospital.path, hospital.copy)
    with pytest.raises(AuthorityError, match="cannot read the authority"):
        backup(hospital.path / "nothing", hospital.new)


def test_a_drill_changes_nothing(hospital: Hospital) -> None:
    backup(hospital.path, hospital.copy)
    before = {each.name: each.read_bytes() for each in hospital.copy.iterdir()}
    found = drill(hospital.copy, passphrase=PASSPHRASE, saved=[hospital.head])
    assert (found.epochs, found.keys, found.lost, found.current) == (1, 1, 0, True)
    assert found.head == hospital.head and found.entries == len(hospital.opened().log())
    assert not drill(hospital.copy, passphrase=PASSPHRASE).current
    assert {each.name: each.read_bytes() for each in hospital.copy.iterdir()} == before
    with pytest.raises(AuthorityError, match="passphrase is wrong"):
        drill(hospital.copy, passphrase="incorrect horse")
    with pytest.raises(AuditError, match="saved head"):
        drill(hospital.copy, passphrase=PASSPHRASE, saved=["nothing"])


def test_epochs_go_on_where_a_kept_head_is_the_newest(hospital: Hospital) -> None:
    backup(hospital.path, hospital.copy)
    assert hospital.restored(saved=[hospital.head], nothing_followed=True).current
    with hospital.opened(hospital.new, saved=[hospital.head]) as authority:
        entry = decode_entry(authority.log().entries[-1])
        assert isinstance(entry, Restored) and (entry.head, entry.reason) == (hospital.head, "the disk died")
        authority.issue(dense(WIDE), purpose="next", recipient="centre")
        assert verify(authority.log(), saved=[hospital.head]).confirmed == 3


@pytest.mark.parametrize("known", ["nothing", "its own head", "a newer head"])
def test_epochs_end_where_keys_may_be_missing(hospital: Hospital, known: str) -> None:
    backup(hospital.path, hospital.copy)
    newer = hospital.goes_on()
    saved = {"nothing": [], "its own head": [hospital.head], "a newer head": [newer, hospital.head]}[known]
    if known != "its own head":
        with pytest.raises(ParameterError, match="borne out"):
            hospital.restored(saved=saved, nothing_followed=True)
    found = hospital.restored(saved=saved)
    assert found.current == (known == "its own head") and found.lost == (2 if known == "a newer head" else 0)
    with hospital.opened(hospital.new) as authority:
        *_, entry, retired = map(decode_entry, authority.log().entries)
        assert isinstance(entry, Restored) and entry.head == (newer if known == "a newer head" else hospital.head)
        assert isinstance(retired, EpochRetired) and retired.epoch == 1 and not entry.whole
        assert [epoch.state for epoch in authority.epoch_table().epochs] == ["doubtful"]
        again = authority.issue(dense(WIDE), purpose="model", recipient="centre")
        assert again.to_bytes() == hospital.key.to_bytes()
        with pytest.raises(PolicyDeniedError, match="epoch 1 is retired"):
            authority.issue(dense(WIDE, factor=2), purpose="more")
        assert authority.rotate(reason="after the restore") == 2
        authority.issue(dense(WIDE, factor=2), purpose="more")
    with pytest.raises(AuditError, match="not the history"):  # whoever kept the newer head sees that it was put back
        hospital.opened(hospital.new, saved=[newer])


def test_a_backup_that_was_changed_is_not_restored(hospital: Hospital, tmp_path: Path) -> None:
    backup(hospital.path, hospital.copy)
    other = Hospital(_made(tmp_path / "other"))
    with pytest.raises(AuditError, match="saved head"):
        hospital.restored(saved=[other.head])
    shutil.copy(other.path / MASTER, hospital.copy / MASTER)
    for act in (lambda: hospital.restored(), lambda: drill(hospital.copy, passphrase=PASSPHRASE)):
        with pytest.raises(AuthorityError):
            act()
    assert not hospital.new.exists()


def test_a_restored_authority_needs_a_place_a_reason_and_the_time(hospital: Hospital) -> None:
    backup(hospital.path, hospital.copy)
    with pytest.raises(AuthorityError, match="exists already"):
        restore(hospital.copy, hospital.path, passphrase=PASSPHRASE, reason="r", clock=hospital.clock)
    with pytest.raises(ParameterError, match="reason"):
        hospital.restored(reason="")
    hospital.clock.now = NOW - 1000
    with pytest.raises(AuthorityError, match="Set the clock"):
        hospital.restored()
    assert not hospital.new.exists()


def test_another_passphrase_and_a_backup_under_the_one_of_before(hospital: Hospital) -> None:
    new = {"passphrase": PASSPHRASE, "new": "another long passphrase"}
    backup(hospital.path, hospital.copy)
    for wrong, error, words in (
        ({"passphrase": "incorrect horse"}, AuthorityError, "passphrase is wrong"),
        ({"new": "short"}, ParameterError, "at least 8 characters"),
        ({"clock": lambda: NOW - 1}, AuthorityError, "before the newest entry"),
    ):
        with pytest.raises(error, match=words):
            change_passphrase(hospital.path, **{"clock": hospital.clock, **new, **wrong})  # type: ignore[arg-type]
        assert hospital.opened().head == hospital.head
    hospital.clock.now += 5
    change_passphrase(hospital.path, **new, clock=hospital.clock)
    with pytest.raises(AuthorityError, match="passphrase is wrong"):
        hospital.opened()
    with KeyAuthority.open(hospital.path, passphrase=new["new"], clock=hospital.clock) as authority:
        entry = decode_entry(authority.log().entries[-1])
        assert isinstance(entry, PassphraseChanged) and entry.at == NOW + 5
        again = authority.issue(dense(WIDE), purpose="model", recipient="centre")
        assert again.to_bytes() == hospital.key.to_bytes()
    assert drill(hospital.copy, passphrase=PASSPHRASE).keys == 1


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
