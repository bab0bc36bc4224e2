"""Writes golden keys of every link: python generate_links.py FOLDER, run once on the version they are of.

One schema, one function a link, and a key for each, of the linear scheme and of the quadratic one; what each says of
some rows. As for the other sets, a second run would write other bytes, and a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from pyfe.function import LINKS, link_named

NOW = 1_700_000_000.0
SCHEMES = ("ipfe-ddh", "qfe-ggm")
ROWS: dict[str, list[Any]] = {"a": [0, 3, 7, 7], "b": [7, 0, 3, 7], "sex": ["f", "m", "m", "f"]}
SURVIVAL = 0.875


def schema() -> pyfe.Schema:
    """Three small columns."""
    number = pyfe.number(0, 7, step=1)
    return pyfe.Schema.from_ranges({"a": number, "b": number, "sex": ["f", "m"]})


def functions() -> dict[str, pyfe.Function]:
    """One for every link, of three outputs where it goes with several alone; classes where it needs them."""
    made = {}
    for link in LINKS:
        rule = link_named(link)
        weights = [[3, -1, 2], [-2, 1, 4], [1, 1, -5]][: 3 if rule.outputs == "several" else 1]
        rest: dict[str, Any] = {"link": link, "scale": 0.125, "intercept": 1, "name": link}
        if rule.classes == "needed":
            rest["classes"] = ("no", "yes") if len(weights) == 1 else (1, 2, 3)
        if link == "cox":
            rest["baseline_survival"] = SURVIVAL
        made[link] = pyfe.Function.from_integers(schema(), weights, max_error=np.full(len(weights), 0.01), **rest)
    return made


def said_of(key: pyfe.FunctionKey, scores: Any) -> dict[str, Any]:
    """What a key says of scores."""
    readout, probable = key.readout, link_named(key.readout.link).has_probabilities
    said = {"scores": scores.tolist(), "predicted": readout.predict(scores).tolist()}
    said["error"] = readout.output_error(scores).tolist()
    return said | ({"probabilities": readout.predict_proba(scores).tolist()} if probable else {})


def main(folder: Path) -> None:
    """The objects, and links.json with what they say."""
    folder.mkdir(parents=True)
    expected: dict[str, Any] = {"version": pyfe.__version__}
    (folder / "schema.pyfe").write_bytes(schema().to_bytes())
    for scheme in SCHEMES:
        policy = pyfe.Policy.unrestricted(reason="golden files")
        authority = pyfe.KeyAuthority.create(schema(), policy=policy, scheme=scheme, clock=lambda: NOW)
        (folder / f"public-{scheme}.pyfe").write_bytes(authority.public_key.to_bytes())
        batch = authority.public_key.encrypt(ROWS)
        (folder / f"batch-{scheme}.pyfe").write_bytes(batch.to_bytes())
        expected[scheme] = {}
        for link, function in functions().items():
            key = authority.issue(function, purpose=link)
            (folder / f"key-{scheme}-{link}.pyfe").write_bytes(key.to_bytes())
            expected[scheme][link] = said_of(key, key.decrypt(batch))
    (folder / "links.json").write_text(json.dumps(expected) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
