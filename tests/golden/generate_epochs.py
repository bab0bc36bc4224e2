"""Writes a golden set of an authority's folder with two epochs: python -m tests.golden.generate_epochs FOLDER, run on
the version whose objects are to be kept. A set is written once; a changed format gets a new folder."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pyfe
from pyfe import Function, KeyAuthority, Policy, Schema

PASSPHRASE = "correct horse battery"
NOW = 1_700_000_000
END = NOW + 1000
ROWS: dict[str, list[Any]] = {"a": [0, 15, 7], "b": [7, 0, 3]}


def schema() -> Schema:
    """Two columns."""
    return Schema.from_ranges({"a": pyfe.number(0, 15, step=1), "b": pyfe.number(0, 7, step=1)})


def function(*weights: int) -> Function:
    """One score."""
    return Function.from_integers(schema(), list(weights))


def main(folder: Path) -> None:
    """The folder ``authority``, its objects as NAME.pyfe, and what they give in epochs.json."""
    folder.mkdir(parents=True)
    policy = Policy.unrestricted(reason="golden")
    given: dict[str, Any] = {"path": folder / "authority", "passphrase": PASSPHRASE, "clock": lambda: NOW}
    with KeyAuthority.create(schema(), policy=policy, **given) as authority:
        keys = {"first": authority.issue(function(3, -2), purpose="first", recipient="cloud")}
        objects: dict[str, Any] = {"public-1": authority.public_key, "batch-1": authority.public_key.encrypt(ROWS)}
        authority.rotate(reason="second")
        keys["ending"] = authority.issue(function(1, 5), purpose="ending", not_after=END)
        keys["revoked"] = authority.issue(function(2, 2), purpose="revoked")
        authority.revoke([keys["revoked"].sequence], reason="lost")
        authority.retire(1, reason="old")
        objects |= {"public-2": authority.public_key, "batch-2": authority.public_key.encrypt(ROWS)}
        objects |= {"list": authority.revocation_list(), "log": authority.log()}
        objects |= {f"key-{name}": key for name, key in keys.items()}
        said = {
            "head": authority.head,
            "keys": {name: {"epoch": key.epoch, "not_after": key.not_after} for name, key in keys.items()},
            "version": pyfe.__version__,
        }
    for name, each in objects.items():
        (folder / f"{name}.pyfe").write_bytes(each.to_bytes())
    (folder / "epochs.json").write_text(json.dumps(said, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
