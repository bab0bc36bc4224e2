"""Writes golden objects of the lattice scheme: python generate_rings.py FOLDER, run once on the version they are of.

A public key, two function keys, a signed batch and a signed cohort of it in Parquet, and what they open to. A
ciphertext of three patients is as large as one of 64, some 60 kB: so there are two columns and two ciphertexts. What a
negated batch is, and the key that a master key gives, follow from bytes that are there, and are kept as hashes. As for
the other sets, a second run would write other bytes, and a changed format gets a new folder.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pyfe
from pyfe.cohorts import Chunk, PublicColumn, open_cohort, places, write_part
from pyfe.identity import Identity, IdentitySecret
from pyfe.schemes import ipfe_rlwe

NOW = 1_700_000_000.0
ROWS: dict[str, list[Any]] = {"a": [0, 3, 9], "b": [1, 0, 1]}
"""The last of them is clipped."""

IDS = ["P-0017", "größe", "0"]
WARDS = ["A", None, "B"]
WEIGHTS: dict[str, Any] = {"one": [3, -2], "two": [[1, 7], [-5, 0]]}
INTERCEPT = 11


def schema() -> pyfe.Schema:
    """Two columns."""
    return pyfe.Schema({"a": pyfe.number(0, 3, step=1), "b": pyfe.number(0, 1, step=1)})


def functions() -> dict[str, pyfe.Function]:
    """One output, and two."""
    return {name: pyfe.Function.from_integers(schema(), y, INTERCEPT, name=name) for name, y in WEIGHTS.items()}


def negated(batch: pyfe.CiphertextBatch) -> ipfe_rlwe.CiphertextBatch:
    """What follows from a batch without randomness: a combination of it, whose head says its weights."""
    return ipfe_rlwe.weighted_sum([batch.native], [-1])  # type: ignore[list-item]


def digest(data: bytes) -> str:
    """SHA-256."""
    return hashlib.sha256(data).hexdigest()


def derived(master: bytes) -> bytes:
    """The key that a master key gives: s and e are drawn again from its seed."""
    return ipfe_rlwe.keygen(ipfe_rlwe.MasterSecretKey.from_bytes(master), WEIGHTS["two"]).to_bytes()


def said(folder: Path) -> dict[str, Any]:
    """What the files of a folder say."""
    signer = Identity.from_bytes((folder / "signer.pyfe").read_bytes())
    public = pyfe.PublicKey.from_bytes((folder / "public.pyfe").read_bytes())
    batch = pyfe.CiphertextBatch.from_bytes((folder / "batch.pyfe").read_bytes())
    files = {name: (folder / f"key-{name}.pyfe").read_bytes() for name in WEIGHTS}
    keys = {name: pyfe.FunctionKey.from_bytes(data, public_key=public) for name, data in files.items()}
    [chunk] = open_cohort(folder / "cohort.parquet").chunks(signed_by=signer)
    return {
        "schema": schema().id.hex(),
        "public key": [public.scheme, public.id.hex(), public.fingerprint, digest(public.to_bytes())],
        "keys": {name: key.id.hex() for name, key in keys.items()},
        "batch": [batch.id.hex(), len(batch), dict(batch.saturated)],
        "scores": {name: key.decrypt(batch, signed_by=signer).tolist() for name, key in keys.items()},
        "last two": {
            name: pyfe.Evaluator(key).decrypt(batch[1:], unsigned=True).tolist() for name, key in keys.items()
        },
        "chunk": [chunk.batch.id.hex(), list(chunk.batch.ids or ()), [list(c.cells) for c in chunk.public.values()]],
        "chunk's scores": {
            name: pyfe.Evaluator(key).decrypt(chunk.batch, unsigned=True).tolist() for name, key in keys.items()
        },
        "negated": digest(negated(batch).to_bytes()),
    }


def main(folder: Path) -> None:
    """The objects, and rings.json with what they say."""
    folder.mkdir(parents=True)
    signer, policy = IdentitySecret.generate("the hospital"), pyfe.Policy.unrestricted(reason="golden files")
    authority = pyfe.KeyAuthority.create(
        schema(), scheme="ipfe-rlwe", weight_bits=4, policy=policy, clock=lambda: NOW
    )  # fmt: skip
    public = authority.public_key
    batch = public.encrypt(ROWS, on_overflow="clip").signed(signer)
    objects: dict[str, Any] = {"schema": schema(), "public": public, "batch": batch, "signer": signer.identity}
    objects |= {f"key-{name}": authority.issue(function, purpose=name) for name, function in functions().items()}
    for name, thing in objects.items():
        (folder / f"{name}.pyfe").write_bytes(thing.to_bytes())
    with_ids = public.encrypt({"a": [0, 3, 2], "b": [1, 0, 1]}, ids=IDS, carry_ids="clear")
    [(place, _)] = places(len(IDS), len(IDS))
    chunk = Chunk(place, with_ids, {"ward": PublicColumn.of(WARDS, "text")}).signed(signer)
    write_part(folder / "cohort.parquet", [chunk], fingerprint=public.fingerprint)
    _, master = ipfe_rlwe.setup(ipfe_rlwe.Parameters(2, x_lo=[0, 0], x_hi=[3, 1], y_bound=7, sum_w=5))
    seed = master.to_bytes()
    text = {"version": pyfe.__version__, "master": seed.hex(), "derived": digest(derived(seed)), **said(folder)}
    (folder / "rings.json").write_text(json.dumps(text, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
