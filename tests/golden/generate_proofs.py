"""Writes golden proofs of scores: python generate_proofs.py FOLDER, run once on the version they are of.

A public key, functions, batches and proofs of their scores: of one output and of two, of rows with ids, of combined
rows and of none. As for the other sets, a second run would write other bytes, and a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyfe

NOW = 1_700_000_000.0
CONTEXT = "größe 12"
ROWS: dict[str, list[Any]] = {"a": [0, 15, 7, 3, 9], "b": [7, 0, 3, 2, 5], "sex": ["f", "m", "m", "f", "f"]}


def schema() -> pyfe.Schema:
    """Three columns."""
    return pyfe.Schema.from_ranges({"a": pyfe.number(0, 15, step=1), "b": pyfe.number(0, 7, step=1), "sex": ["f", "m"]})


def functions() -> dict[str, pyfe.Function]:
    """Of one output and of two, with intercepts."""
    two = pyfe.Function.from_integers(schema(), [[3, -2, 5], [0, 1, -4]], [11, -7], link="softmax", classes=("n", "y"))
    return {"one": pyfe.Function.from_integers(schema(), [3, -2, 5], 11), "two": two}


def batches(public: pyfe.PublicKey) -> dict[str, pyfe.CiphertextBatch]:
    """Plain rows, clipped ones, rows with ids, combined ones, none."""
    plain = public.encrypt(ROWS)
    return {
        "plain": plain,
        "clipped": public.encrypt({**ROWS, "a": [-1, 16, 7, 3, 9]}, on_overflow="clip"),
        "ids": public.encrypt(ROWS, ids=["P-0017", 17, "größe", "x", "y"], carry_ids="clear"),
        "combined": plain.weighted_sum([3, -1, 0, 2, -5]),
        "empty": plain[:0],
    }


def main(folder: Path) -> None:
    """The objects, and proofs.json with what they say."""
    folder.mkdir(parents=True)
    policy = pyfe.Policy.unrestricted(reason="golden files")
    authority = pyfe.KeyAuthority.create(schema(), policy=policy, clock=lambda: NOW)
    public = authority.public_key
    (folder / "public.pyfe").write_bytes(public.to_bytes())
    made = batches(public)
    for name, batch in made.items():
        (folder / f"batch-{name}.pyfe").write_bytes(batch.to_bytes())
    expected: dict[str, Any] = {"version": pyfe.__version__, "proofs": {}}
    for name, function in functions().items():
        key = authority.issue(function, purpose="golden")
        (folder / f"function-{name}.pyfe").write_bytes(function.to_bytes())
        for of, batch in made.items():
            scores, proof = key.decrypt(batch, prove=True, context=CONTEXT)
            (folder / f"proof-{name}-{of}.pyfe").write_bytes(proof.to_bytes())
            expected["proofs"][f"{name}-{of}"] = {"id": proof.id.hex(), "scores": scores.tolist()}
    (folder / "proofs.json").write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
