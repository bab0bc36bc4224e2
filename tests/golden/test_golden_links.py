"""Keys of every link that earlier versions wrote are read by this one, and say of the same rows what they said then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pyfe import CiphertextBatch, FunctionKey, PublicKey, Schema
from pyfe.function import LINKS
from tests.golden import generate_links as golden
from tests.reference import ipfe_ddh as linear_twin
from tests.reference import qfe as quadratic_twin

SETS = sorted(path.parent for path in Path(__file__).resolve().parent.glob("*/links.json"))


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scheme", golden.SCHEMES)
@pytest.mark.parametrize("folder", SETS, ids=lambda folder: folder.name)
def test_keys_of_every_link_are_read(folder: Path, scheme: str) -> None:
    said: dict[str, Any] = json.loads((folder / "links.json").read_text(encoding="utf-8"))[scheme]
    schema = Schema.from_bytes((folder / "schema.pyfe").read_bytes())
    public = PublicKey.from_bytes((folder / f"public-{scheme}.pyfe").read_bytes())
    batch = CiphertextBatch.from_bytes((folder / f"batch-{scheme}.pyfe").read_bytes())
    assert schema == golden.schema() and set(said) <= set(LINKS)
    twin: Any = linear_twin if scheme == "ipfe-ddh" else quadratic_twin
    for link, expected in said.items():
        written = (folder / f"key-{scheme}-{link}.pyfe").read_bytes()
        key = FunctionKey.from_bytes(written, public_key=public)
        assert key.to_bytes() == written and key.readout.link == link
        scores = key.decrypt(batch)
        now = golden.said_of(key, scores)
        assert set(now) == set(expected)
        assert (now["scores"], now["predicted"] if key.readout.classes else 0) == (
            expected["scores"],
            expected["predicted"] if key.readout.classes else 0,
        )
        for what in {"predicted", "error", "probabilities"} & set(now):
            if what != "predicted" or key.readout.classes is None:
                np.testing.assert_allclose(now[what], expected[what], rtol=1e-12, atol=1e-15)
        read = twin.FunctionKey.from_bytes(key.native.to_bytes())
        assert (read.readout.link, read.to_bytes()) == (link, key.native.to_bytes())


def test_the_newest_set_has_every_link() -> None:
    said = json.loads((SETS[-1] / "links.json").read_text(encoding="utf-8"))
    assert all(tuple(said[scheme]) == LINKS for scheme in golden.SCHEMES)
