"""Cohorts and signed batches that earlier versions wrote are read by this one, also as other programs rewrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pyfe import CiphertextBatch, FunctionKey, PublicKey
from pyfe.cohorts import open_cohort, write_part
from pyfe.identity import Identity
from tests.golden import generate_cohorts as golden

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/cohorts.json"))

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name),
]


def expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "cohorts.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def signer(folder: Path) -> Identity:
    return Identity.from_bytes((folder / "signer.pyfe").read_bytes())


def test_cohorts_are_read(folder: Path) -> None:
    cohorts = expected(folder)["cohorts"]
    assert {path.name for path in folder.glob("cohort-*")} == set(cohorts)
    for name, entry in cohorts.items():
        assert golden.said(folder / name, folder) == entry
        if entry["signer"] is not None:
            list(open_cohort(folder / name).chunks(signed_by=signer(folder)))


def test_what_other_programs_rewrote_says_the_same(folder: Path) -> None:
    cohorts = expected(folder)["cohorts"]
    rewritten = [name for name in cohorts if name.rpartition("-")[2].removesuffix(".parquet") in golden.REWRITERS]
    assert len(rewritten) == len(golden.REWRITERS)
    for name in rewritten:
        assert cohorts[name] == cohorts["cohort-linear-signed.parquet"]


def test_the_same_chunks_are_written_again(folder: Path, tmp_path: Path) -> None:
    """In this version's way of writing Parquet, which may change; what is read of it may not."""
    for name, entry in expected(folder)["cohorts"].items():
        chunks = list(open_cohort(folder / name).chunks())
        write_part(tmp_path / name, chunks)
        assert golden.said(tmp_path / name, folder) == entry


def test_a_signed_batch(folder: Path) -> None:
    public = PublicKey.from_bytes((folder / "public-linear.pyfe").read_bytes())
    key = FunctionKey.from_bytes((folder / "key-linear.pyfe").read_bytes(), public_key=public)
    written = (folder / "batch-linear.pyfe").read_bytes()
    batch = CiphertextBatch.from_bytes(written)
    assert b"".join(batch.pieces()) == written and batch.signer == signer(folder).ed25519
    assert key.decrypt(batch, signed_by=signer(folder)).tolist() == expected(folder)["batch"]
