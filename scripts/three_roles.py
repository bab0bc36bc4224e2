"""The three roles where there is a wheel and nothing else: three_roles.py authority|hospital|cloud FOLDER [SCHEME ...]

Each role is a process that knows the others by the files in FOLDER, so that a role can run elsewhere: on another CPU,
under an emulator, with another version. The cloud compares its scores with what the integers of the plain rows give,
and says so; any difference, and any refusal, ends the process. Needs numpy and what pyfe requires, no model library.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import pyfe

COLUMNS = {"age": (18, 100), "pressure": (80, 220), "smoker": ["no", "yes"]}
WEIGHTS = {"age": 0.061, "pressure": 0.014, "smoker": 0.53}
SCHEMES = ("ipfe-ddh", "ipfe-rlwe", "qfe-ggm")


def rows() -> dict[str, list[object]]:
    """Twelve patients."""
    ages, pressures = [20 + 6 * i for i in range(12)], [90 + 10 * i for i in range(12)]
    return {"age": list(ages), "pressure": list(pressures), "smoker": ["no", "yes", "no"] * 4}


def authority(folder: Path, scheme: str) -> None:
    """Schema, function and keys; the master key stays in this process."""
    schema = pyfe.Schema.from_ranges(COLUMNS, bits=6)
    function = pyfe.compile(pyfe.Linear(WEIGHTS, intercept=-5.0, link="logit"), schema, weight_bits=8)
    policy = pyfe.Policy.unrestricted(reason="rows that were made up")
    holder = pyfe.KeyAuthority.create(schema, scheme=scheme, policy=policy)
    (folder / f"{scheme}.public").write_bytes(holder.public_key.to_bytes())
    (folder / f"{scheme}.function").write_bytes(function.to_bytes())
    (folder / f"{scheme}.key").write_bytes(holder.issue(function, purpose="a first score").to_bytes())


def hospital(folder: Path, scheme: str) -> None:
    """Encrypts, with the public key alone."""
    public_key = pyfe.PublicKey.from_bytes((folder / f"{scheme}.public").read_bytes())
    (folder / f"{scheme}.rows").write_bytes(public_key.encrypt(rows()).to_bytes())


def cloud(folder: Path, scheme: str) -> None:
    """Scores, with ciphertexts and one function key."""
    public_key = pyfe.PublicKey.from_bytes((folder / f"{scheme}.public").read_bytes())
    key = pyfe.FunctionKey.from_bytes((folder / f"{scheme}.key").read_bytes(), public_key=public_key)
    ciphertexts = pyfe.CiphertextBatch.from_bytes((folder / f"{scheme}.rows").read_bytes())
    scores = pyfe.Evaluator(key).decrypt(ciphertexts, unsigned=True)  # its answers reach nobody
    function = pyfe.Function.from_bytes((folder / f"{scheme}.function").read_bytes(), schema=public_key.schema)
    if not np.array_equal(scores, function.evaluate(rows())):
        sys.exit(f"{scheme}: {scores} is not {function.evaluate(rows())}")
    print(f"{scheme}: {len(scores)} scores, every integer right")


def main(arguments: list[str]) -> int:
    """One role, for each scheme."""
    role, folder, *schemes = arguments
    for scheme in schemes or SCHEMES:
        {"authority": authority, "hospital": hospital, "cloud": cloud}[role](Path(folder), scheme)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
