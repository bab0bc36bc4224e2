"""Tables of epochs and owners that earlier versions wrote are read by this one, and say the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyfe.epochs import EpochTable
from pyfe.owner import OwnerSecret
from tests.golden import generate_owner as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/owner.json"))


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "owner.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_there_is_a_set() -> None:
    assert [folder.name for folder in SETS] == ["owner-1"]


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_a_table_says_what_it_did(folder: Path) -> None:
    written = (folder / "epochs.pyfe").read_bytes()
    table = EpochTable.from_bytes(written)
    assert table.to_bytes() == written and _without_fingerprints(table.info()) == said(folder)["table"]


def _without_fingerprints(said: dict[str, Any]) -> dict[str, Any]:
    """What is said of a table, without what later versions say of a public key beside its id."""
    epochs = {
        name: {word: value for word, value in epoch.items() if word != "public_key_fingerprint"}
        for name, epoch in said["epochs"].items()
    }
    return said | {"epochs": epochs}


@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_an_owner_is_who_it_was(folder: Path) -> None:
    secret = OwnerSecret.unsealed((folder / "owner.pyfe").read_bytes(), golden.PASSPHRASE)
    assert golden.said_by(secret) == said(folder)["owner"]
