"""Folders of authorities, and objects with epochs, that earlier versions wrote are read by this one, and say the
same."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pyfe import CiphertextBatch, FunctionKey, KeyAuthority, KeyExpiredError, PublicKey, RevocationList
from pyfe.audit import AuditLog, verify
from tests.golden import generate_epochs as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/epochs.json"))

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name),
]

KINDS: dict[str, Any] = {
    "public": PublicKey,
    "batch": CiphertextBatch,
    "key": FunctionKey,
    "list": RevocationList,
    "log": AuditLog,
}


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "epochs.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def read(folder: Path, name: str, **given: Any) -> Any:
    data = (folder / f"{name}.pyfe").read_bytes()
    item = KINDS[name.split("-")[0]].from_bytes(data, **given)
    assert item.to_bytes() == data
    return item


def test_objects_are_read_and_written_alike(folder: Path) -> None:
    files = {path.stem for path in folder.glob("*.pyfe")}
    assert len(files) == 9
    for name in files:
        read(folder, name)


def test_keys_open_rows_of_their_epoch_until_they_end(folder: Path) -> None:
    listed = read(folder, "list", public_key=read(folder, "public-2"))
    for name, (epoch, weights) in {"first": (1, (3, -2)), "ending": (2, (1, 5)), "revoked": (2, (2, 2))}.items():
        key = read(folder, f"key-{name}", public_key=read(folder, f"public-{epoch}"))
        assert {"epoch": key.epoch, "not_after": key.not_after} == said(folder)["keys"][name]
        batch, expected = read(folder, f"batch-{epoch}"), golden.function(*weights).evaluate(golden.ROWS).tolist()
        assert key.decrypt(batch, clock=lambda: golden.END).tolist() == expected
        if name == "ending":
            with pytest.raises(KeyExpiredError, match="ended"):
                key.decrypt(batch)
        if name == "revoked":
            with pytest.raises(KeyExpiredError, match="revoked"):
                key.decrypt(batch, revoked=listed)


def test_the_authority_goes_on(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "authority"
    shutil.copytree(folder / "authority", path)
    head = said(folder)["head"]
    given: dict[str, Any] = {"passphrase": golden.PASSPHRASE, "clock": lambda: golden.NOW + 60, "saved": [head]}
    with KeyAuthority.open(path, **given) as authority:
        assert authority.head == head and [epoch.retired_at is None for epoch in authority.epochs] == [False, True]
        verify(read(folder, "log"), authority=authority.public_key.verification_key, saved=[head])
        for epoch in (1, 2):
            assert authority.public_key_of(epoch).to_bytes() == read(folder, f"public-{epoch}").to_bytes()
        again = authority.issue(golden.function(3, -2), purpose="first", recipient="cloud", epoch=1)
        assert again.to_bytes() == read(folder, "key-first").to_bytes()
        assert authority.issue(golden.function(1, 1), purpose="one more").sequence == 4
