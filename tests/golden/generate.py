"""Writes one set of golden objects: python generate.py FOLDER, run on the version whose objects are to be kept.

It uses nothing but what ``pyfe`` exports, so that it runs under any version: with the interpreter of an environment in
which that version is installed, from outside of the source tree. Fresh keys and fresh randomness: a second run writes
other bytes. A set is therefore written once, committed, and never again; a changed format gets a new folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

import pyfe
from pyfe import Function, KeyAuthority, Policy, Schema
from pyfe.forms import FactoredForms, MatrixForms

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000.0


def schemas() -> dict[str, tuple[Schema, dict[str, list[Any]]]]:
    """Every kind of column with every option; a few rows each, both ends of the ranges among them."""
    every = Schema.from_ranges(
        {
            "age": (0, 120),
            "größe": pyfe.number(140, 210, step=0.5),
            "crp": pyfe.number(1, 1000, bits=6, transform="log", missing=5.0),
            "count": pyfe.number(0, 400, bits=5, transform="sqrt", public=True),
            "smoker": pyfe.category(["no", "yes"], missing="no"),
            "stage": pyfe.category(["I", "II", "III"], protected=True),
            "grade": pyfe.category([1, 2, 3], public=True),
            "treated": bool,
            "psa": pyfe.thresholds([4.0, 10.0, 20.0], missing=3.0),
            "visits": pyfe.thresholds([2.0], protected=True),
            "one": pyfe.constant(3),
        },
        bits={"age": 7},
        protected=["größe"],
        protected_forms={"pack years": {"age": 2, "smoker=yes": -1}},
    )
    rows: dict[str, list[Any]] = {
        "age": [0.0, 61.0, 120.0, 47.5],
        "größe": [140.0, 172.5, 210.0, 165.0],
        "crp": [1.0, 5.0, 1000.0, 33.0],
        "count": [0.0, 100.0, 400.0, 7.0],
        "smoker": ["no", "yes", "yes", "no"],
        "stage": ["I", "II", "III", "II"],
        "grade": [1, 2, 3, 1],
        "treated": [False, True, True, False],
        "psa": [0.0, 4.0, 25.0, 12.0],
        "visits": [0.0, 2.0, 9.0, 1.0],
    }
    small = Schema.from_ranges({"a": pyfe.number(0, 15, step=1), "b": pyfe.number(0, 7, step=1), "sex": ["f", "m"]})
    return {
        "every": (every, rows),
        "small": (small, {"a": [0.0, 15.0, 7.0], "b": [7.0, 0.0, 3.0], "sex": ["f", "m", "m"]}),
    }


def functions(every: Schema, small: Schema) -> dict[str, tuple[str, Function]]:
    """Linear and quadratic, of one output and several, every link, classes of every type; with their schema's name."""
    rng = np.random.default_rng(1)
    wide = rng.integers(-9, 10, every.n)
    three = rng.integers(-9, 10, (3, every.n))
    dense = rng.integers(-3, 4, (2, small.n + 1, small.n + 1))
    factors = rng.integers(-2, 3, (3, 2, small.n + 1))
    units = FactoredForms(factors[0][:, :], factors[1][:, :], np.array([[1, -2], [3, 1]]))
    survival = {"link": "cox", "classes": (0, 1), "baseline_survival": 0.875}
    given: dict[str, tuple[str, Function]] = {
        "linear": ("every", Function.from_integers(every, wide, -7, 0.125, name="Größe ≥ 1")),
        "logit": ("every", Function.from_integers(every, wide, 5, 0.01, link="logit", classes=("no", "yes"))),
        "cox": ("every", Function.from_integers(every, wide, 0, 2.0**-12, **survival)),
        "softmax": (
            "every",
            Function.from_integers(every, three, [1, 2, 3], [0.5, 0.25, 0.1], link="softmax", classes=(1, 2, 3)),
        ),
        "ovr": ("every", Function.from_integers(every, three, 0, 0.001, link="ovr", classes=(0.5, 1.5, -2.0))),
        "several": (
            "small",
            Function.from_integers(small, [[1, 2, 3], [-1, 0, 5]], [3, -4], max_error=np.array([0.5, 0.25])),
        ),
        "truth": ("small", Function.from_integers(small, [3, -2, 1], -9, 0.5, link="logit", classes=(False, True))),
        "form": ("small", Function.from_forms(small, MatrixForms.dense(dense[:1]), 11, 0.5, name="one form")),
        "forms": ("small", Function.from_forms(small, MatrixForms.dense(dense), [1, -1], [0.5, 0.25])),
        "factored": ("small", Function.from_forms(small, units, [0, 2], name="factors")),
        "squares": (
            "small",
            Function.from_forms(
                small, FactoredForms.squares(factors[2], [[1, 2]]), 0, 0.5, link="logit", classes=("a", "b")
            ),
        ),
    }
    return given


SERVED = {
    "ipfe-ddh-ristretto255": {"every": ["linear", "logit", "cox", "softmax", "ovr"], "small": ["several", "truth"]},
    "qfe-ggm": {"small": ["truth", "form", "forms", "factored"]},
    "qfe-sxdh": {"small": ["several", "form", "squares"]},
}
"""Keys of every authority, by the schema that it is for."""


def batches(public: Any, rows: dict[str, list[Any]]) -> dict[str, Any]:
    """Rows as they are, with counts of what was clipped, and combinations where the scheme has them."""
    plain = public.encrypt(rows)
    first = next(iter(rows))
    outside = {**rows, first: [1000.0, *rows[first][1:]]}
    made = {"plain": plain, "clipped": public.encrypt(outside, on_overflow="clip"), "one": plain[1:2]}
    if public.scheme.startswith("ipfe"):
        made["sum"] = plain + plain
        made["weighted"] = plain.weighted_sum(np.arange(len(plain)) - 1)
        made["times"] = plain * -3
    return made


def plain(values: Any) -> Any:
    """JSON of an array."""
    return np.asarray(values).tolist()


def main(folder: Path) -> None:
    """Objects as NAME.pyfe, and what they give in golden.json."""
    folder.mkdir(parents=True)
    known = schemas()
    made = functions(known["every"][0], known["small"][0])
    expected: dict[str, Any] = {"version": pyfe.__version__, "passphrase": PASSPHRASE, "now": NOW}
    expected["schemas"] = {}
    for name, (schema, rows) in known.items():
        (folder / f"schema-{name}.pyfe").write_bytes(schema.to_bytes())
        encoded = plain(schema.encode(rows).x)
        expected["schemas"][name] = {"id": schema.id.hex(), "rows": rows, "encoded": encoded}
    expected["functions"] = {}
    for name, (of, function) in made.items():
        (folder / f"function-{name}.pyfe").write_bytes(function.to_bytes())
        scores = function.evaluate(known[of][1])
        expected["functions"][name] = {
            "schema": of, "id": function.id.hex(), "kind": function.kind, "link": function.link,
            "scores": plain(scores), "decision": plain(function.decision_function(scores)),
            "predicted": plain(function.predict(scores)), "interval": plain(function.result_interval),
            "max_error": plain(function.max_error), "name": function.name,
        }  # fmt: skip
    expected["authorities"] = {}
    for scheme, served in SERVED.items():
        for of, names in served.items():
            stem = f"{scheme}-{of}"
            expected["authorities"][stem] = authority(folder, stem, scheme, known[of], {n: made[n][1] for n in names})
    (folder / "golden.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")


def authority(
    folder: Path, stem: str, scheme: str, known: tuple[Schema, dict[str, list[Any]]], served: dict[str, Function]
) -> dict[str, Any]:
    """An authority's files: itself, its public key, its function keys, batches; and what every key opens of each."""
    schema, rows = known
    policy = Policy.unrestricted(reason="golden files")
    path = folder / f"authority-{stem}"  # a folder; one file in sets of earlier versions
    given = {"scheme": scheme, "policy": policy, "path": path, "passphrase": PASSPHRASE, "clock": lambda: NOW}
    owner = KeyAuthority.create(schema, **given)
    public = owner.public_key
    (folder / f"public-{stem}.pyfe").write_bytes(public.to_bytes())
    keys = {}
    for number, (name, function) in enumerate(served.items()):
        keys[name] = owner.issue(function, purpose=f"golden {name}", recipient=None if number % 2 else "Müller")
        (folder / f"key-{stem}-{name}.pyfe").write_bytes(keys[name].to_bytes())
    expected: dict[str, Any] = {
        "scheme": public.scheme, "fingerprint": public.fingerprint, "id": public.id.hex(),
        "keys": {name: key.id.hex() for name, key in keys.items()},
        "issued": [[r.sequence, r.issued_at, r.purpose, r.recipient, r.function_id.hex()] for r in owner.issued],
        "batches": {},
    }  # fmt: skip
    for name, batch in batches(public, rows).items():
        (folder / f"batch-{stem}-{name}.pyfe").write_bytes(batch.to_bytes())
        expected["batches"][name] = {
            "id": batch.id.hex(), "rows": len(batch), "saturated": dict(batch.saturated), "combined": batch.combined,
            "weight_sums": plain(batch.weight_sums),
            "opened": {n: plain(key.decrypt(batch)) for n, key in keys.items()},
        }  # fmt: skip
    return expected


if __name__ == "__main__":
    main(Path(sys.argv[1]))
