"""Objects with noise that earlier versions wrote are read by this one, and a row has the noise that it always had."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pyfe import CiphertextBatch, Function, FunctionKey, KeyAuthority, PublicKey, Schema
from tests.golden import generate_noise as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/noise.json"))

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name),
]


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "noise.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_objects_are_read_and_written_alike(folder: Path) -> None:
    kinds = {"schema": Schema, "public": PublicKey, "batch": CiphertextBatch}
    files = sorted(path for path in folder.glob("*.pyfe") if path.stem != "authority")
    assert len(files) == 7
    for path in files:
        kind: Any = kinds.get(path.stem) or (Function if path.stem.startswith("function-") else FunctionKey)
        written = path.read_bytes()
        assert kind.from_bytes(written).to_bytes() == written
    assert Schema.from_bytes((folder / "schema.pyfe").read_bytes()).id.hex() == said(folder)["schema"]
    assert golden.schema().id.hex() == said(folder)["schema"]


def test_keys_open_the_batch_and_a_new_one_to_the_same_integers(folder: Path) -> None:
    public = PublicKey.from_bytes((folder / "public.pyfe").read_bytes())
    batch = CiphertextBatch.from_bytes((folder / "batch.pyfe").read_bytes())
    again = public.encrypt(golden.ROWS, owner_secret=golden.OWNER_SECRET)
    for name, function in golden.functions().items():
        assert Function.from_bytes((folder / f"function-{name}.pyfe").read_bytes()) == function
        key = FunctionKey.from_bytes((folder / f"key-{name}.pyfe").read_bytes(), public_key=public)
        assert not key.exact
        expected = said(folder)["integers"][name]
        assert key.decrypt(batch).tolist() == expected
        assert key.decrypt(again).tolist() == expected
        assert expected[0] == expected[3] and expected[0] != function.evaluate(golden.ROWS).tolist()[0]


def test_an_authority_goes_on(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "authority.pyfe"
    shutil.copy(folder / "authority.pyfe", path)
    given: dict[str, Any] = {"passphrase": golden.PASSPHRASE, "clock": lambda: golden.NOW + 60}
    authority = KeyAuthority.migrate(path, tmp_path / "folder", **given)
    assert len(authority.issued) == 2
    authority.issue(golden.functions()["one"], purpose="once more")
    assert len(authority.issued) == 3
