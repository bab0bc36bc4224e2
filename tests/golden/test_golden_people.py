"""Folders of authorities whose people sign, that earlier versions wrote: this one reads them, and goes on with them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pyfe import KeyAuthority, KeyExpiredError, PublicKey, RevocationList
from pyfe.audit import AuditLog, verify
from pyfe.authority.auditing import audited
from pyfe.authority.entries import decode_entry, encode_entry
from pyfe.epochs import EpochTable
from tests.golden import generate_people as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/people.json"))

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name),
]


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "people.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def read(folder: Path, name: str, kind: Any, **given: Any) -> Any:
    data = (folder / f"{name}.pyfe").read_bytes()
    item = kind.from_bytes(data, **given)
    assert item.to_bytes() == data
    return item


def test_the_log_is_whole_and_every_entry_is_written_alike(folder: Path) -> None:
    log = read(folder, "log", AuditLog)
    public = read(folder, "public", PublicKey)
    assert verify(log, authority=public.verification_key, saved=[said(folder)["head"]]).confirmed == len(log)
    entries = [decode_entry(entry) for entry in log.entries]
    assert [entry.kind for entry in entries] == said(folder)["kinds"]
    assert [encode_entry(entry) for entry in entries] == list(log.entries)
    assert len(audited(log).issued) == said(folder)["kinds"].count("issued")


def test_the_list_and_the_table_say_what_they_said(folder: Path) -> None:
    public = read(folder, "public", PublicKey)
    listed = read(folder, "list", RevocationList, public_key=public)
    assert list(listed.keys) == said(folder)["revoked"]
    assert [len(listed.epochs), len(listed.lost)] == said(folder).get("epochs and lost", [0, 0])
    with pytest.raises(KeyExpiredError):
        listed.require_not_listed(2, public.id)
    table = read(folder, "table", EpochTable, verification_key=public.verification_key)
    assert table.epoch_of(public.id).state == "retired"


def test_the_authority_goes_on(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "authority"
    shutil.copytree(folder / "authority", path)
    given: dict[str, Any] = {"passphrase": golden.PASSPHRASE, "clock": lambda: golden.NOW + 120}
    with KeyAuthority.open(path, saved=[said(folder)["head"]], **given) as authority:
        authority.revoke_epoch(1, reason="whole, by now")
        authority.revoke_epoch(1, [9], reason="lost")
        listed = authority.revocation_list()
        assert listed.lost[-1:] == ((authority.public_key_of(1).id, 9),) and len(listed.epochs) == 1
        assert audited(authority.log()).epoch(1).revoked
