"""Shared by the scripts that run clients of the C ABI: the library built and installed, and files with known scores."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import native
import pyfe
from pyfe.cli.demos import first
from pyfe.identity import Identity, IdentitySecret

WHERE = native.ROOT / "build" / "embed"
CLIENTS = native.ROOT / "examples" / "embed"


class Case(NamedTuple):
    """Files of a role that evaluates, and what Python makes of them."""

    name: str
    public_key: Path
    function_key: Path
    batch: Path
    signer: str
    scores: list[int]
    decisions: list[float]

    @property
    def arguments(self) -> list[str | Path]:
        """What a client is given."""
        return [self.public_key, self.function_key, self.batch, *([self.signer] if self.signer else [])]


def install(folder: Path = WHERE, *defines: str) -> Path:
    """libpyfe, built and installed below build/; the prefix."""
    built = native.build(folder.name, ["pyfe"], "-DPYFE_BUILD_TESTING=OFF", "-DPYFE_BUILD_CAPI=ON", *defines)
    prefix = folder / "prefix"
    command: list[str | Path] = [
        native.tool("cmake", "cmake"),
        "--install",
        built,
        "--component",
        "capi",
        "--prefix",
        prefix,
    ]
    native.must(native.run(command), "installing libpyfe")
    return prefix


def library(prefix: Path) -> Path:
    """The shared library below a prefix."""
    [found] = prefix.rglob("libpyfe.so")
    return found


def cases(folder: Path) -> list[Case]:
    """The ciphertexts of the first demo, and a signed batch of the lattice scheme with three outputs."""
    first.run(folder / "demo", say=lambda _: None)
    found = [_case(story, folder / "demo" / story / "cloud") for story in ("breast-cancer", "framingham")]
    return [*found, _signed(folder / "signed")]


def _case(name: str, cloud: Path, by: Identity | None = None) -> Case:
    files = [cloud / f"{file}.pyfe" for file in ("public-key", "function-key", "cohort")]
    public = pyfe.PublicKey.from_bytes(files[0].read_bytes())
    key = pyfe.FunctionKey.from_bytes(files[1].read_bytes(), public_key=public)
    scores = key.decrypt(pyfe.CiphertextBatch.from_bytes(files[2].read_bytes()), signed_by=by)
    decisions = key.readout.decision_function(scores)
    signer = "" if by is None else by.ed25519.hex()
    return Case(name, files[0], files[1], files[2], signer, np.ravel(scores).tolist(), np.ravel(decisions).tolist())


def _signed(folder: Path) -> Case:
    folder.mkdir(parents=True)
    schema = pyfe.Schema.from_ranges({"age": (0, 120), "pulse": (40, 140), "smoker": ["no", "yes"]})
    free = pyfe.Policy.unrestricted(reason="clients of the C ABI are tried")
    authority = pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe", policy=free)
    weights = np.arange(3 * schema.n).reshape(3, -1) - 4
    function = pyfe.Function.from_integers(schema, weights, [1, -2, 3], [0.1, 0.2, 1 / 3])
    owner = IdentitySecret.generate("the hospital")
    table = {"age": [30, 61, 47], "pulse": [60, 72, 88], "smoker": ["no", "yes", "no"]}
    written = {
        "public-key": authority.public_key.to_bytes(),
        "function-key": authority.issue(function, purpose="clients").to_bytes(),
        "cohort": authority.public_key.encrypt(table).signed(owner).to_bytes(),
    }
    for name, data in written.items():
        (folder / f"{name}.pyfe").write_bytes(data)
    return _case("signed", folder, owner.identity)


def fault(case: Case, output: str) -> str:
    """What is wrong with a client's output, in words; nothing where it is what Python gives."""
    lines = [line.split() for line in output.splitlines()]
    try:
        given = [(int(score), float(decision)) for score, decision in lines]
    except ValueError:
        return f"{case.name}: not lines of a score and a decision value: {output[:200]!r}"
    if [score for score, _ in given] != case.scores:
        return f"{case.name}: other scores than Python's"
    return "" if [decision for _, decision in given] == case.decisions else f"{case.name}: other decision values"


def table(rows: Sequence[Sequence[str]], failures: int) -> int:
    """Print the rows; the exit status."""
    print(native.table(rows))
    print(f"\n{Path(sys.argv[0]).stem}: {failures} failed")
    return int(failures > 0)
