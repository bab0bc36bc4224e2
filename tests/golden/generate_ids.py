"""Writes golden batches whose rows have ids: python generate_ids.py FOLDER, run once on the version they are of.

A public key, a function key, a sealed owner, batches with ids in the clear and with that owner's pseudonyms, and what
they are and score. As for the other sets, a second run would write other bytes, and a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyfe
from pyfe.owner import OwnerSecret

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000.0
IDS: list[Any] = ["P-0017", 17, "größe ", "x" * 256, '😀, "quoted" = 1']
ROWS: dict[str, list[Any]] = {"a": [0, 15, 7, 3, 9], "b": [7, 0, 3, 2, 5], "sex": ["f", "m", "m", "f", "f"]}


def schema() -> pyfe.Schema:
    """Three columns."""
    return pyfe.Schema.from_ranges({"a": pyfe.number(0, 15, step=1), "b": pyfe.number(0, 7, step=1), "sex": ["f", "m"]})


def batches(public: pyfe.PublicKey, secret: OwnerSecret) -> dict[str, pyfe.CiphertextBatch]:
    """Ids of both kinds; cut and joined rows; no row; an id that is there twice."""
    clear = public.encrypt(ROWS, ids=IDS, carry_ids="clear")
    hidden = public.encrypt(ROWS, ids=IDS, carry_ids="pseudonym", owner_secret=secret)
    return {
        "clear": clear,
        "pseudonym": hidden,
        "joined": pyfe.CiphertextBatch.concat([hidden[3:], hidden[:2]]),
        "empty": clear[:0],
        "twice": public.encrypt(ROWS, ids=[7, "7", 8, 9, 8], carry_ids="clear", allow_duplicates=True),
    }


def main(folder: Path) -> None:
    """The objects, and ids.json with what they say."""
    folder.mkdir(parents=True)
    policy = pyfe.Policy.unrestricted(reason="golden files")
    authority = pyfe.KeyAuthority.create(schema(), policy=policy, clock=lambda: NOW)
    key = authority.issue(pyfe.Function.from_integers(schema(), [3, -2, 5], 11), purpose="golden")
    secret, public = OwnerSecret.generate(), authority.public_key
    (folder / "owner.pyfe").write_bytes(secret.sealed(PASSPHRASE))
    (folder / "public.pyfe").write_bytes(public.to_bytes())
    (folder / "key.pyfe").write_bytes(key.to_bytes())
    expected: dict[str, Any] = {"version": pyfe.__version__, "batches": {}}
    for name, batch in batches(public, secret).items():
        assert batch.ids is not None
        (folder / f"batch-{name}.pyfe").write_bytes(batch.to_bytes())
        expected["batches"][name] = {
            "id": batch.id.hex(),
            "carriage": batch.ids.carriage,
            "ids": list(batch.ids),
            "scores": key.decrypt(batch).tolist(),
        }
    (folder / "ids.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
