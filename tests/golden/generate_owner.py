"""Writes golden tables of epochs and a golden owner: python generate_owner.py FOLDER, run once on the version they are
of.

A table of every kind of epoch, a sealed owner, and what both say. As for the other sets, a second run would write other
bytes, and a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from pyfe.adapters import adapter_named
from pyfe.epochs import EpochTable, stated_epoch
from pyfe.forms import MatrixForms
from pyfe.leakage import published
from pyfe.owner import OwnerSecret
from pyfe.wire.signature import SigningKey

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000
IDS: list[Any] = ["P-0017", 17, "größe", "17 "]


def table() -> EpochTable:
    """Linear keys, keys behind noise, a retired epoch without keys, and forms; a schema that publishes."""
    rng = np.random.default_rng(4)
    small = pyfe.Schema.from_ranges({"a": (0, 15), "b": (1, 16), "c": ["no", "yes"], "d": ["x", "y", "z"]}, bits=4)
    X = {"a": rng.integers(0, 16, 300), "b": rng.integers(1, 17, 300), "c": rng.choice(["no", "yes"], 300)}
    told = published({**X, "d": rng.choice(["x", "y", "z"], 300)}, small)
    noisy = small.with_noise(pyfe.noise(slots=[3, 5]))
    linear, quadratic = adapter_named("ipfe-ddh").id, adapter_named("qfe-ggm").id
    form = MatrixForms.dense(np.diag([0, 1, 2, 0, 0, 0, 0])[None])
    epochs = [
        stated_epoch(1, schema=told, scheme=linear, public_key_id=b"1" * 32, weights=[[1, 2, 3, 0, 1, 5]], expires=NOW),
        stated_epoch(2, schema=noisy, scheme=linear, public_key_id=b"2" * 32, weights=[[1, 2, 3, 0, 0, 0, 1, 0]]),
        stated_epoch(3, schema=small, scheme=linear, public_key_id=b"3" * 32, state="retired"),
        stated_epoch(4, schema=small, scheme=quadratic, public_key_id=b"4" * 32, forms=[form]),
    ]
    return EpochTable.signed(SigningKey.from_seed(bytes(range(32))), size=9, at=NOW, epochs=epochs)


def said_by(secret: OwnerSecret) -> dict[str, Any]:
    """Everything that is derived from an owner's secret."""
    return {
        "verification_key": secret.verification_key.hex(),
        "records": [record.hex() for record in secret.records(IDS)],
        "pseudonyms": secret.pseudonyms(IDS, study="stroke"),
        "noise": bytes(secret.noise.view()).hex(),
        "samples": bytes(secret.samples.view()).hex(),
    }


def main(folder: Path) -> None:
    """The files, and owner.json with what they say."""
    folder.mkdir(parents=True)
    secret = OwnerSecret.generate()
    (folder / "epochs.pyfe").write_bytes(table().to_bytes())
    (folder / "owner.pyfe").write_bytes(secret.sealed(PASSPHRASE))
    expected = {"version": pyfe.__version__, "table": table().info(), "owner": said_by(secret)}
    (folder / "owner.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
