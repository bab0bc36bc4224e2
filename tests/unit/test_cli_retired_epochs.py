"""Rows under an epoch that gets no new keys, and heads that were kept, on the owner's and the evaluator's side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import AuditError, KeyAuthority
from pyfe.audit import require_as_new
from pyfe.owner import OwnerLedger
from pyfe.wire import sealing
from pyfe.wire.signature import SigningKey
from tests.unit.engines import FREE, Clock, schema, unit
from tests.unit.test_cli_authority import Desk

OWN = ["--passphrase-file", "pass"]
LEDGER = ["--ledger", "owner", "--id-column", "id", *OWN]


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyAuthority:
    """An authority in memory, with its files: the first epoch is retired in the newest table."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    authority = KeyAuthority.create(schema(4), policy=FREE, clock=Clock())
    Path("rows.csv").write_text("id,x0,x1,x2,x3\na,1,2,3,4\nb,5,6,7,8\n")
    keys = [authority.issue(unit(schema(4), at), purpose="p") for at in (0, 1)]
    Path("key").write_bytes(keys[0].to_bytes())
    Path("public-1").write_bytes(authority.public_key.to_bytes())
    Path("head-old").write_text(authority.head)
    Path("epochs-old").write_bytes(authority.epoch_table().to_bytes())
    authority.revoke([2], reason="lost")
    Path("list-old").write_bytes(authority.revocation_list().to_bytes())
    authority.rotate(reason="r")
    authority.retire(1, reason="old")
    Path("public-2").write_bytes(authority.public_key.to_bytes())
    Path("epochs").write_bytes(authority.epoch_table().to_bytes())
    Path("list").write_bytes(authority.revocation_list().to_bytes())
    Path("head").write_text(authority.head)
    return authority


@pytest.fixture
def desk(made: KeyAuthority, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(capsys)


def encrypt(number: int, *more: str) -> list[str]:
    return ["encrypt", "rows.csv", "-p", f"public-{number}", "-o", "batch", "--force", *more]


def test_a_retired_epoch_is_refused_by_name_where_the_table_is_at_hand(desk: Desk) -> None:
    told = "epoch 1 of this public key is retired: it gets no new key"
    desk.fails(told, *encrypt(1, "--epochs", "epochs", "--no-ledger"))
    desk.fails("epoch 2 is open. --retired (retired=True) encrypts", *encrypt(1, "--epochs", "epochs", "--no-ledger"))
    assert not Path("batch").exists()
    desk.run(*encrypt(1, "--epochs", "epochs", "--no-ledger", "--retired"))
    desk.run(*encrypt(2, "--epochs", "epochs", "--no-ledger"))
    desk.run(*encrypt(1, "--epochs", "epochs-old"))
    desk.run(*encrypt(1))  # without a table nobody knows


def test_a_ledger_knows_the_table_that_it_saw(desk: Desk) -> None:
    OwnerLedger.create("owner", "correct horse battery").close()
    desk.fails("is retired", *encrypt(1, "--epochs", "epochs", *LEDGER))
    desk.fails("is retired", *encrypt(1, *LEDGER))
    with OwnerLedger.open("owner", "correct horse battery") as ledger:
        assert ledger.summary()["patients"] == 0
    assert desk.run(*encrypt(1, "--retired", *LEDGER))["patients"] == 2


def test_options_about_a_table_want_one(desk: Desk) -> None:
    for more in (["--retired"], ["--saved", "head"]):
        desk.fails("give --epochs, or --ledger", *encrypt(1, *more))
    desk.fails("give --epochs", "owner", "status", "owner", "--saved", "head", *OWN)
    desk.fails("give --revoked", "evaluate", "batch", "-k", "key", "-o", "scores", "--saved", "head")


def test_a_table_that_is_older_than_a_kept_head_is_refused(desk: Desk) -> None:
    old, newest = ["--epochs", "epochs-old"], ["--epochs", "epochs", "--no-ledger"]
    desk.fails("a head of", *encrypt(1, *old, "--saved", "head"))
    desk.run(*encrypt(2, *newest, "--saved", "head", "--saved", "head-old"))
    OwnerLedger.create("owner", "correct horse battery").close()
    desk.fails("a head of", *encrypt(1, *old, "--saved", "head", *LEDGER))
    desk.fails("a head of", "owner", "status", "owner", *old, "--saved", "head", *OWN)
    with OwnerLedger.open("owner", "correct horse battery") as ledger:
        assert ledger.summary()["met"] == {}
    desk.run("owner", "status", "owner", "--epochs", "epochs", "--saved", "head", *OWN)
    Path("head").write_text("no head")
    desk.fails("saved head 1", *encrypt(2, *newest, "--saved", "head"))


def test_a_list_that_is_older_than_a_kept_head_is_refused(desk: Desk, made: KeyAuthority) -> None:
    Path("batch").write_bytes(made.public_key_of(1).encrypt(np.zeros((1, 4))).to_bytes())
    evaluate = ["evaluate", "batch", "-k", "key", "-o", "scores", "-p", "public-1", "--revoked"]
    desk.fails("the list of revoked keys is of a log", *evaluate, "list-old", "--saved", "head")
    desk.run(*evaluate, "list", "--saved", "head")


def test_what_is_as_new_as_a_head() -> None:
    made: Any = KeyAuthority.create(schema(4), policy=FREE, clock=Clock())
    key, size, head = made.public_key.verification_key, len(made.log()), made.head
    require_as_new(size, key, [head, made.log()])
    require_as_new(size + 1, key, [head])
    for wrong, by, kind in ((size - 1, key, "rollback"), (size, SigningKey.generate().public, "authority")):
        with pytest.raises(AuditError) as caught:
            require_as_new(wrong, by, [head])
        assert caught.value.kind == kind
