"""The master keys of an authority's epochs, sealed apart from its log."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from pyfe import AuthorityError, KeyAuthority, Policy
from pyfe.authority.engine import Engine, Plan
from pyfe.authority.storage import MemoryStorage
from pyfe.authority.vault import Vault
from pyfe.wire import sealing
from pyfe.wire.sealing import SealingKey
from tests.unit.engines import FREE, Clock, schema, unit
from tests.unit.old_files import sealed

SMALL = schema(6)
PASSPHRASE = "a passphrase of tests"


@pytest.fixture(autouse=True)
def cheap_scrypt(monkeypatch: pytest.MonkeyPatch) -> None:
    """The cost of the passphrase is not what these tests are about."""
    monkeypatch.setattr(sealing, "LOG_COST", 10)


class Kept:
    """A place in memory."""

    def __init__(self) -> None:
        self.data = b""
        self.saves = 0

    def load(self) -> bytes:
        return self.data

    def save(self, data: bytes) -> None:
        self.data, self.saves = data, self.saves + 1


def made(place: Kept, plan: Plan | None = None) -> tuple[Engine, MemoryStorage]:
    storages: list[MemoryStorage] = []

    def make(*given: object) -> MemoryStorage:
        storages.append(MemoryStorage(*given))  # type: ignore[arg-type]
        return storages[0]

    vault = Vault.fresh(SealingKey.fresh(PASSPHRASE), place)
    return Engine.create(make, vault, Clock(), plan or Plan(SMALL, policy=FREE)), storages[0]


def test_what_is_sealed_opens_and_gives_the_same_keys() -> None:
    place, rows = Kept(), np.random.default_rng(5).integers(0, 256, (300, 6))
    reference = {f"x{i}": rows[:, i] for i in range(6)}
    engine, storage = made(place, Plan(SMALL, policy=FREE, reference=reference))
    key = engine.issue(unit(SMALL, 0), purpose="p").to_bytes()
    engine.rotate(schema(7))
    assert place.saves == 2
    opened = Engine(storage, Vault.opened(place, PASSPHRASE), Clock())
    assert opened.issue(unit(SMALL, 0), purpose="p").to_bytes() == key
    assert opened._vault.secrets(1, opened.state.epochs[0].terms).reference is not None
    assert opened._vault.secrets(2, opened.state.epochs[1].terms).reference is None
    for secret in (opened._vault, opened._vault._epochs[1]):
        with pytest.raises(TypeError, match="never pickled"):
            pickle.dumps(secret)
    assert repr(opened._vault) == "Vault(2 epochs)"


def test_every_changed_byte_is_found() -> None:
    place = Kept()
    made(place)
    data = place.data
    for at in range(0, len(data), 7):
        place.data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        with pytest.raises(AuthorityError):
            Vault.opened(place, PASSPHRASE)
    place.data = data
    with pytest.raises(AuthorityError, match="passphrase is wrong"):
        Vault.opened(place, "another passphrase")


def test_an_epoch_that_another_process_opened_is_read_when_it_is_asked_for() -> None:
    place = Kept()
    one, storage = made(place)
    two = Engine(storage, Vault.opened(place, PASSPHRASE), Clock())
    one.rotate(schema(7))
    assert two.issue(unit(schema(7), 0), purpose="p").sequence == 1
    two.rotate(schema(8))
    one.rotate(schema(9))  # keeps what the other saved
    third = Engine(storage, Vault.opened(place, PASSPHRASE), Clock())
    for n in (6, 7, 8, 9):
        third.issue(unit(schema(n), 1), purpose="p")


def test_a_master_key_that_is_not_there_or_not_the_right_one_is_named() -> None:
    place, other = Kept(), Kept()
    engine, storage = made(place)
    before = place.data
    engine.rotate(schema(7))
    place.data = before
    opened = Engine(storage, Vault.opened(place, PASSPHRASE), Clock())
    with pytest.raises(AuthorityError, match="master key of epoch 2 is not in the file"):
        opened.issue(unit(schema(7), 0), purpose="p")
    made(other)
    with pytest.raises(AuthorityError, match="another authority than the master keys"):
        Engine(storage, Vault.opened(other, PASSPHRASE), Clock())
    place.data = other.data
    with pytest.raises(AuthorityError, match="sealed anew under another passphrase"):
        opened.issue(unit(schema(7), 0), purpose="p")


def test_the_sealed_file_of_before_is_no_vault() -> None:
    place = Kept()
    place.data = sealed(KeyAuthority.create(SMALL, policy=Policy.default()), SealingKey.fresh(PASSPHRASE))
    with pytest.raises(AuthorityError, match="becomes a folder by KeyAuthority.migrate"):
        Vault.opened(place, PASSPHRASE)


def test_the_master_key_of_an_epoch_that_a_log_lost_stays_as_a_spare() -> None:
    place = Kept()
    engine, storage = made(place)
    before = storage.read()
    engine.rotate(schema(7))
    key = engine.issue(unit(schema(7), 0), purpose="p").to_bytes()
    put_back = MemoryStorage(storage.authority, before.entries, before.head)
    older = Engine(put_back, Vault.opened(place, PASSPHRASE), Clock())  # one epoch apart: as after a crash
    older.rotate(schema(8))
    older.issue(unit(schema(8), 0), purpose="p")
    found = Engine(storage, Vault.opened(place, PASSPHRASE), Clock())
    assert found.issue(unit(schema(7), 0), purpose="p").to_bytes() == key
    assert Engine(put_back, Vault.opened(place, PASSPHRASE), Clock()).issue(unit(schema(8), 1), purpose="q").epoch == 2


def test_a_log_that_is_older_than_the_master_keys_is_refused() -> None:
    place = Kept()
    engine, storage = made(place)
    before = storage.read()
    engine.rotate(schema(7))
    engine.rotate(schema(8))
    put_back = MemoryStorage(storage.authority, before.entries, before.head)
    with pytest.raises(AuthorityError, match="of 3 epochs, the log knows 1"):
        Engine(put_back, Vault.opened(place, PASSPHRASE), Clock())
