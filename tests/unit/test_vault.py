"""The master keys of an authority's epochs, sealed apart from its log."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pyfe import AuthorityError, KeyAuthority, Policy
from pyfe.authority import backups
from pyfe.authority.engine import Engine, Plan
from pyfe.authority.entries import PassphraseChanged, decode_entry
from pyfe.authority.storage import MemoryStorage
from pyfe.authority.vault import Vault
from pyfe.wire import sealing
from pyfe.wire.envelope import NO_ID, NO_SCHEME, Envelope, Kind, pack
from pyfe.wire.sealing import NONCE_SIZE, SealingKey
from pyfe.wire.signature import SigningKey
from tests.unit.engines import FREE, NOW, Clock, schema, unit
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


# -- another passphrase --


def test_secrets_sealed_anew_open_under_the_new_passphrase_alone() -> None:
    place = Kept()
    engine, storage = made(place)
    before, vault = place.data, engine._vault
    key = engine.issue(unit(SMALL, 0), purpose="p").to_bytes()
    vault.reseal(SealingKey.fresh("another passphrase"))
    assert place.data != before and place.saves == 2
    with pytest.raises(AuthorityError, match="passphrase is wrong"):
        Vault.opened(place, PASSPHRASE)
    opened = Engine(storage, Vault.opened(place, "another passphrase"), Clock())
    assert opened.issue(unit(SMALL, 0), purpose="p").to_bytes() == key
    engine.rotate(schema(7))  # under the new one, which this process has
    assert Vault.opened(place, "another passphrase").newest == 2


def test_the_log_says_it_before_it_is_done() -> None:
    place = Kept()
    engine, storage = made(place)
    engine.passphrase_changed(SealingKey.fresh("another passphrase"))
    last = decode_entry(storage.read().entries[-1])
    assert isinstance(last, PassphraseChanged) and last.at == NOW and engine.state.size == 3
    assert Vault.opened(place, "another passphrase").newest == 1
    seen: list[int] = []

    def failing(data: bytes) -> None:
        seen.append(len(storage.read().entries))
        raise AuthorityError("the disk")

    place.save = failing  # type: ignore[method-assign]
    with pytest.raises(AuthorityError, match="the disk"):
        engine.passphrase_changed(SealingKey.fresh(PASSPHRASE))
    assert seen == [4] and Vault.opened(place, "another passphrase").newest == 1


def test_what_cannot_be_sealed_anew() -> None:
    key = SealingKey.fresh("another passphrase")
    with pytest.raises(AuthorityError, match="an authority in memory has no passphrase"):
        Vault.fresh().reseal(key)
    place = Kept()
    engine, _ = made(place)
    Vault.opened(place, PASSPHRASE).reseal(key)
    saves = place.saves
    with pytest.raises(AuthorityError, match="sealed anew under another passphrase"):
        engine._vault.reseal(SealingKey.fresh("a third passphrase"))
    assert place.saves == saves
    closed = Vault.opened(place, "another passphrase")
    closed.close()
    for ask in (lambda: closed.reseal(key), lambda: closed.signing_key, lambda: closed.secrets(1, None)):  # type: ignore[arg-type]
        with pytest.raises(AuthorityError, match="this authority is closed"):
            ask()
    assert (closed.newest, repr(closed)) == (0, "Vault(0 epochs)")


# -- what belongs to another --


def test_master_keys_of_another_authority_under_the_same_key() -> None:
    place, key = Kept(), SealingKey.fresh(PASSPHRASE)
    engine = Engine.create(MemoryStorage, Vault.fresh(key, place), Clock(), Plan(SMALL, policy=FREE))
    Engine.create(MemoryStorage, Vault.fresh(key, place), Clock(), Plan(SMALL, policy=FREE))
    with pytest.raises(AuthorityError, match="was replaced: it is another authority's"):
        engine.rotate(schema(7))
    assert len(engine.state.epochs) == 1


def test_an_epoch_whose_master_key_is_that_of_another_one() -> None:
    engine, other = made(Kept())[0], made(Kept())[0]
    vault, terms = engine._vault, other.state.epochs[0].terms
    with pytest.raises(AuthorityError, match="do not belong to its public key"):
        vault.secrets(1, terms)
    with pytest.raises(AuthorityError, match="the master key of epoch 2 is not in the file"):
        vault.secrets(2, terms)
    own = engine.state.epochs[0].terms
    with pytest.raises(AuthorityError, match="do not belong to its public key"):
        vault.secrets(1, replace(own, scheme="qfe-ggm-bls12381"))
    assert vault.secrets(1, own).master.public_key_id == own.public.id
    memory = Engine.create(MemoryStorage, Vault.fresh(), Clock(), Plan(SMALL, policy=FREE))
    with pytest.raises(AuthorityError, match="the master key of epoch 2 is not in the file"):
        memory._vault.secrets(2, terms)


def test_of_several_spares_the_right_one_is_taken() -> None:
    place = Kept()
    engine, _ = made(place)
    vault, terms = engine._vault, []
    for n in (7, 8, 9):  # the same number again: of a process that died
        planned = Plan(schema(n), policy=FREE).opened(NOW)
        terms.append(planned[0])
        vault.keep(2, planned[0].scheme, planned[1], None)
    opened = Vault.opened(place, PASSPHRASE)
    assert len(opened._spares) == 2 and opened.newest == 2
    for wanted in terms:
        assert opened.secrets(2, wanted).master.public_key_id == wanted.public.id


def test_a_reference_that_is_none_is_named() -> None:
    engine, _ = made(Kept())
    vault, terms = engine._vault, engine.state.epochs[0].terms
    assert vault.secrets(1, terms).reference is None
    vault._epochs[1], vault._known = replace(vault._epochs[1], reference=b"junk"), {}
    with pytest.raises(AuthorityError, match="the reference in the file of the master keys is none"):
        vault.secrets(1, terms)


# -- files that somebody sealed who has the passphrase --

KEY = SealingKey.derive(PASSPHRASE, bytes(16), 10)
SCHEME = "ipfe-ddh-ristretto255"
SEED = SigningKey.generate().secret


def item(epoch: int, master: int, scheme: str = SCHEME, **rest: Any) -> dict[str, Any]:
    return {"epoch": epoch, "master": master, "reference": 0, "scheme": scheme, **rest}


def sealed_by_hand(items: list[Any], masters: list[bytes], extra: bytes = b"", **metadata: Any) -> bytes:
    nonce = bytes(NONCE_SIZE)
    said = {**KEY.description, "epochs": items, "nonce": nonce, **metadata}
    header = Envelope(Kind.SEALED_AUTHORITY, NO_SCHEME, NO_ID, NO_ID, b"", said)
    plain = memoryview(bytes(SEED.view()) + b"".join(masters) + extra)
    return pack(replace(header, payload=KEY.encrypt(nonce, plain, pack(header))))


def masters(count: int) -> list[bytes]:
    return [bytes(Plan(SMALL).opened(NOW)[1].to_secret().view()) for _ in range(count)]


def opened_by_hand(data: bytes) -> Vault:
    place = Kept()
    place.data = data
    return Vault.unsealed(place, KEY)


def test_epochs_stand_in_order_and_spares_after_them() -> None:
    keys = masters(3)
    size = len(keys[0])
    good = opened_by_hand(sealed_by_hand([item(1, size), item(3, size), item(0, size)], keys))
    assert (sorted(good._epochs), len(good._spares), good.newest) == ([1, 3], 1, 3)
    orders = ([2, 1, 3], [1, 1, 2], [0, 1, 2], [1, 0, 2])
    for order in orders:
        with pytest.raises(AuthorityError, match="is out of order, cut off, or of an unknown scheme"):
            opened_by_hand(sealed_by_hand([item(number, size) for number in order], keys))


def test_what_is_sealed_is_read_strictly() -> None:
    keys = masters(1)
    size = len(keys[0])
    wrong: list[tuple[list[Any], bytes, str]] = [
        ([item(1, size, "another-scheme")], b"", "of an unknown scheme"),
        ([item(1, size + 1)], b"", "cut off"),
        ([item(1, size, reference=1)], b"", "cut off"),
        ([item(1, size)], b"x", "1 bytes are left over"),
        ([item(1, size, more=1)], b"", "unknown field"),
        ([item(-1, size)], b"", "must be 0 to"),
        ([item(1, 0)], keys[0], "must be 1 to"),
        ([5], b"", "expected a map"),
    ]
    assert opened_by_hand(sealed_by_hand([item(1, size)], keys)).newest == 1
    assert opened_by_hand(sealed_by_hand([item(1, size, reference=2)], keys, b"xy"))._epochs[1].reference == b"xy"
    for items, extra, words in wrong:
        with pytest.raises(AuthorityError, match=f"not the master keys of an authority: .*{words}"):
            opened_by_hand(sealed_by_hand(items, keys, extra))
    for metadata in ({"more": 1}, {"nonce": b"short"}, {"epochs": 5}):
        with pytest.raises(AuthorityError, match="not the master keys of an authority"):
            opened_by_hand(sealed_by_hand([item(1, size)], keys, **metadata))


def test_a_file_that_does_not_say_how_its_key_is_had() -> None:
    place = Kept()
    place.data = pack(Envelope(Kind.SEALED_AUTHORITY, NO_SCHEME, NO_ID, NO_ID, b"", {"epochs": []}))
    with pytest.raises(AuthorityError, match="not the master keys of an authority: .*is missing"):
        Vault.opened(place, PASSPHRASE)
    place.data = b"nothing"
    with pytest.raises(AuthorityError, match="not the master keys of an authority"):
        Vault.opened(place, PASSPHRASE)
    with pytest.raises(AuthorityError, match="a backup is looked at, and never changed"):
        backups._Sealed(place.data).save(b"")
    assert backups._Sealed(place.data).load() == b"nothing"
