"""Objects of the lattice scheme that earlier versions wrote are read by this one; and so is a set that it writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import CiphertextBatch, Evaluator, FunctionKey, KeyMismatchError, PublicKey, Schema, SignatureError
from pyfe.identity import Identity
from pyfe.schemes import ipfe_rlwe
from tests.golden import generate_rings as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/rings.json"))

pytestmark = pytest.mark.filterwarnings("error")


@pytest.fixture(scope="module", params=[*SETS, None], ids=lambda folder: folder.name if folder else "new")
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set that was written once, or one of this version."""
    if request.param is not None:
        return Path(request.param)
    made = tmp_path_factory.mktemp("rings") / "set"
    golden.main(made)
    return made


def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "rings.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def test_files_are_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.iterdir()) < 400_000


def test_they_say_what_they_said(folder: Path) -> None:
    text = expected(folder)
    assert golden.said(folder) == {name: text[name] for name in golden.said(folder)}
    rows, clipped = np.array([[0, 1], [3, 0], [3, 1]]), {"a": 1}
    for name, weights in golden.WEIGHTS.items():
        scores = rows @ np.array(weights).T + golden.INTERCEPT
        assert text["scores"][name] == scores.tolist() and text["last two"][name] == scores[1:].tolist()
        unclipped = np.array([[0, 1], [3, 0], [2, 1]]) @ np.array(weights).T + golden.INTERCEPT
        assert text["chunk's scores"][name] == unclipped.tolist()
    assert text["batch"][1:] == [3, clipped] and text["chunk"][1:] == [golden.IDS, [golden.WARDS]]


def test_the_same_bytes_are_written_again(folder: Path) -> None:
    kinds: dict[str, Any] = {"schema": Schema, "public": PublicKey, "batch": CiphertextBatch, "signer": Identity}
    files = sorted(folder.glob("*.pyfe"))
    assert len(files) == 6
    for path in files:
        written = path.read_bytes()
        assert kinds.get(path.stem, FunctionKey).from_bytes(written).to_bytes() == written


def test_a_master_key_gives_the_key_that_it_gave(folder: Path) -> None:
    text = expected(folder)
    assert golden.digest(golden.derived(bytes.fromhex(text["master"]))) == text["derived"]


def test_a_negated_batch(folder: Path) -> None:
    """It is read again, under parameters that allow one ciphertext, and opens to the negated scores."""
    batch = CiphertextBatch.from_bytes((folder / "batch.pyfe").read_bytes())
    key: Any = FunctionKey.from_bytes((folder / "key-one.pyfe").read_bytes()).native
    again = ipfe_rlwe.CiphertextBatch.from_bytes(golden.negated(batch).to_bytes())
    plain = [score - golden.INTERCEPT for score in expected(folder)["scores"]["one"]]
    assert ipfe_rlwe.decrypt(key, again.vouched()).tolist() == [-score for score in plain]


def test_it_is_nobody_elses(folder: Path, tmp_path: Path) -> None:
    golden.main(tmp_path / "other")
    other = PublicKey.from_bytes((tmp_path / "other" / "public.pyfe").read_bytes())
    with pytest.raises((KeyMismatchError, SignatureError)):
        FunctionKey.from_bytes((folder / "key-one.pyfe").read_bytes(), public_key=other)
    key = FunctionKey.from_bytes((tmp_path / "other" / "key-one.pyfe").read_bytes(), public_key=other)
    with pytest.raises(KeyMismatchError):
        Evaluator(key).decrypt(CiphertextBatch.from_bytes((folder / "batch.pyfe").read_bytes()), unsigned=True)
