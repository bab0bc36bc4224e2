"""Proofs of scores that earlier versions wrote are read and verified by this one: of the core and of the slow twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import CiphertextBatch, Function, ProofError, PublicKey, ScoreProof
from pyfe.keys.score_proof import proven_about
from tests.golden import generate_proofs as golden
from tests.reference import ipfe_ddh as twin
from tests.reference import score_proofs

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/proofs.json"))

pytestmark = [
    pytest.mark.filterwarnings("error"),
    pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name),
]


def said(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "proofs.json").read_text(encoding="utf-8"))["proofs"]  # type: ignore[no-any-return]


def read(folder: Path, name: str) -> tuple[PublicKey, Function, CiphertextBatch, ScoreProof]:
    function, _, batch = name.partition("-")
    return (
        PublicKey.from_bytes((folder / "public.pyfe").read_bytes()),
        Function.from_bytes((folder / f"function-{function}.pyfe").read_bytes()),
        CiphertextBatch.from_bytes((folder / f"batch-{batch}.pyfe").read_bytes()),
        ScoreProof.from_bytes((folder / f"proof-{name}.pyfe").read_bytes()),
    )


def test_proofs_are_read_and_verified(folder: Path) -> None:
    expected = said(folder)
    assert {path.name for path in folder.glob("proof-*")} == {f"proof-{name}.pyfe" for name in expected}
    for name, entry in expected.items():
        public, function, batch, proof = read(folder, name)
        assert proof.to_bytes() == (folder / f"proof-{name}.pyfe").read_bytes()
        assert proof.id.hex() == entry["id"]
        scores = np.array(entry["scores"], dtype=np.int64).reshape(len(batch), -1 if len(batch) else function.k)
        public.verify(function, batch, scores, proof, context=golden.CONTEXT)
        with pytest.raises(ProofError):
            public.verify(function, batch, scores, proof)


def test_the_twin_verifies_them(folder: Path) -> None:
    for name, entry in said(folder).items():
        public, function, batch, proof = read(folder, name)
        sums = batch.weight_sums
        scores = np.array(entry["scores"], dtype=np.int64).reshape(len(batch), function.k)
        values = scores - (sums[:, 0] - sums[:, 1])[:, None] * function.intercept
        about = proven_about(batch, function.id, golden.CONTEXT)
        arguments = (
            twin.MasterPublicKey.from_bytes(public.native.to_bytes()),
            function.map.weights.tolist(),  # type: ignore[attr-defined]
            twin.CiphertextBatch.from_bytes(batch.native.to_bytes()),
            values.tolist(),
        )
        shown = score_proofs.Proof.from_bytes(proof.native.to_bytes())
        assert score_proofs.verify(*arguments, about, shown)
        assert not score_proofs.verify(*arguments, about + b"\0", shown)
