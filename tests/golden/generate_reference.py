"""Writes golden objects of references: python generate_reference.py FOLDER, run once on the version they are of.

An authority with a reference in its sealed file, a schema that publishes a population, and what both say. As for the
other sets, a second run would write other bytes, and a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from pyfe.leakage import Reference, published

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000.0
SEED = bytes(range(32))


def schema() -> pyfe.Schema:
    """Every kind of column, two of them public."""
    return pyfe.Schema(
        {
            "age": pyfe.number(0, 120, bits=6, public=True),
            "sex": pyfe.category(["f", "m"], public=True),
            "crp": pyfe.number(1, 256, bits=4, transform="log", missing="bit"),
            "one": pyfe.constant(3),
            "stage": pyfe.category(["I", "II", "III"], protected=True),
            "ward": pyfe.category([f"ward {i}" for i in range(10)]),
            "psa": pyfe.thresholds([0.5, 1.0, 4.0]),
        }
    )


def table(rows: int) -> dict[str, Any]:
    """Made-up patients whose columns depend on each other."""
    rng = np.random.default_rng(1)
    age = rng.uniform(20, 90, rows)
    sick = (age - 55) / 20 + rng.standard_normal(rows)
    crp = np.exp(np.clip(1 + 0.8 * sick, 0, 5))
    return {
        "age": age,
        "sex": rng.choice(["f", "m"], rows),
        "crp": np.where(rng.random(rows) < 0.2, np.nan, crp),
        "stage": np.array(["I", "II", "III"])[np.digitize(sick, [-0.5, 1.0])],
        "ward": np.array([f"ward {i}" for i in range(10)])[np.minimum(rng.geometric(0.3, rows) - 1, 9)],
        "psa": np.exp(sick + rng.standard_normal(rows)),
    }


def said_by(reference: Reference) -> dict[str, Any]:
    """What a reference says, in numbers that depend on all that it keeps."""
    return {
        "entropy": reference.entropy_bits.hex(),
        "marginals": [marginal.tolist() for marginal in reference.marginals],
        "classes": [classes.tolist() for classes in reference.classes],
        "covariance": reference.covariance.tolist(),
        "tree_rows": reference.tree_rows(40, SEED).tolist(),
        "given": reference.tree_rows(10, SEED, [40, 1]).tolist(),
        "copula_rows": reference.copula_rows(40, SEED).tolist(),
        "public": [vector.tolist() for vector in reference.public_vectors(4, SEED)],
    }


def main(folder: Path) -> None:
    """authority.pyfe, schema.pyfe, and what they say in said.json."""
    folder.mkdir(parents=True)
    rows = table(1500)
    authority = pyfe.KeyAuthority.create(
        schema(), reference=rows, policy=pyfe.Policy.unrestricted(reason="golden files"),
        path=folder / "authority", passphrase=PASSPHRASE, clock=lambda: NOW,
    )  # fmt: skip
    public = published(rows, schema())
    (folder / "schema.pyfe").write_bytes(public.to_bytes())
    kept, coarse = authority.reference, Reference.of_schema(public)
    if kept is None or coarse is None:
        raise RuntimeError("there is no reference to write")
    expected = {
        "version": pyfe.__version__,
        "schema": schema().id.hex(),
        "published": public.id.hex(),
        "kept": said_by(kept),
        "coarse": said_by(coarse),
    }
    (folder / "said.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
