"""Writes golden objects with noise: python generate_noise.py FOLDER, run once on the version they are of.

A schema with noise slots, functions that look at one, an authority that issued keys for them, and a batch; and the
integers that the keys decrypt it to, noise included. As for the other sets, a second run would write other bytes, and a
changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyfe

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000.0
OWNER_SECRET = bytes(range(32))
ROWS: dict[str, list[Any]] = {
    "age": [34, 71.5, 58, 34],
    "sex": ["f", "m", "m", "f"],
    "crp": [3.0, 120.0, float("nan"), 3.0],
}
"""The last row is the first once more: it has the same noise."""


def schema() -> pyfe.Schema:
    """Columns of several kinds, and slots that do not begin at 0."""
    return pyfe.Schema(
        {
            "age": pyfe.number(0, 120, bits=6, public=True),
            "sex": pyfe.category(["f", "m"]),
            "crp": pyfe.number(1, 256, bits=8, transform="log", missing="bit"),
            "noise": pyfe.noise(sd=128, slots=[2, 3, 7]),
        }
    )


def functions() -> dict[str, pyfe.Function]:
    """One output, and two."""
    weights = [3, 900, 40, 500, 0, 0, 0]
    made = pyfe.Function.from_integers(schema(), weights, scale=0.001, intercept=-2500, name="one")
    two = pyfe.Function.from_integers(schema(), [[0, 700, 9, 0, 0, 0, 0], [8, 0, 60, 90, 0, 0, 0]], name="two")
    return {"one": made.with_slots(2), "two": two.with_slots(3, 7)}


def main(folder: Path) -> None:
    """The objects, and noise.json with what they say."""
    folder.mkdir(parents=True)
    authority = pyfe.KeyAuthority.create(
        schema(), policy=pyfe.Policy.unrestricted(reason="golden files"),
        path=folder / "authority", passphrase=PASSPHRASE, clock=lambda: NOW,
    )  # fmt: skip
    keys = {name: authority.issue(function, purpose=name) for name, function in functions().items()}
    batch = authority.public_key.encrypt(ROWS, owner_secret=OWNER_SECRET)
    objects: dict[str, Any] = {"schema": schema(), "public": authority.public_key, "batch": batch}
    objects |= {f"function-{name}": function for name, function in functions().items()}
    objects |= {f"key-{name}": key for name, key in keys.items()}
    for name, thing in objects.items():
        (folder / f"{name}.pyfe").write_bytes(thing.to_bytes())
    expected = {
        "version": pyfe.__version__,
        "schema": schema().id.hex(),
        "integers": {name: key.decrypt(batch).tolist() for name, key in keys.items()},
    }
    (folder / "noise.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
