"""Batches with ids that earlier versions wrote are read by this one, and an id has the pseudonym that it always had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyfe import CiphertextBatch, FunctionKey, PublicKey
from pyfe.owner import OwnerSecret
from tests.golden import generate_ids as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/ids.json"))

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name),
]


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "ids.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_batches_are_read_and_written_alike(folder: Path) -> None:
    public = PublicKey.from_bytes((folder / "public.pyfe").read_bytes())
    key = FunctionKey.from_bytes((folder / "key.pyfe").read_bytes(), public_key=public)
    expected = said(folder)["batches"]
    assert {path.name for path in folder.glob("batch-*")} == {f"batch-{name}.pyfe" for name in expected}
    for name, entry in expected.items():
        written = (folder / f"batch-{name}.pyfe").read_bytes()
        batch = CiphertextBatch.from_bytes(written)
        assert batch.to_bytes() == b"".join(batch.pieces()) == written
        assert batch.ids is not None
        assert (batch.id.hex(), batch.ids.carriage, list(batch.ids)) == (entry["id"], entry["carriage"], entry["ids"])
        assert key.decrypt(batch).tolist() == entry["scores"]


def test_an_owner_gives_the_same_ids_today(folder: Path) -> None:
    public = PublicKey.from_bytes((folder / "public.pyfe").read_bytes())
    secret = OwnerSecret.unsealed((folder / "owner.pyfe").read_bytes(), golden.PASSPHRASE)
    expected = said(folder)["batches"]
    for name, batch in golden.batches(public, secret).items():
        assert batch.ids is not None and list(batch.ids) == expected[name]["ids"]
