"""20,000 features of 8,192 patients at full size, by the commands, each with its time and its most memory."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pyfe
from pyfe.leakage.counts import Score

COLUMNS, PATIENTS, WEIGHT = 20_000, 8192, 127
MOST = 10**9
"""Bytes of memory in every step."""

PASS = ["--passphrase-file", "pass"]


def genomes(n: int, rows: int) -> Iterator[Any]:
    """Entries 0, 1, 2, some rows at a time, always the same."""
    for start in range(0, rows, 256):
        yield np.random.default_rng(start).integers(0, 3, (min(256, rows - start), n), dtype=np.int8)


def weights(n: int) -> Any:
    return np.random.default_rng(7).integers(-WEIGHT, WEIGHT, n, endpoint=True)


def step(name: str, *arguments: str) -> dict[str, float]:
    """Run a command in a process of its own: seconds, and the most memory that it had, pages of files among it."""
    start = time.perf_counter()
    child = subprocess.Popen([sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = child.stdout.read().decode() if child.stdout else ""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, (name, said[-2000:])
    found = {"seconds": time.perf_counter() - start, "MB": usage.ru_maxrss * 1024 / 1e6}
    print(f"{name:12} {found['seconds']:7.1f} s {found['MB']:7.0f} MB")
    assert usage.ru_maxrss * 1024 < MOST, name
    return found


def prepared(n: int) -> None:
    """Schema and function, as files."""
    schema = pyfe.Schema.from_ranges({f"snp{i}": pyfe.number(0, 2, step=1) for i in range(n)})
    Path("schema").write_bytes(schema.to_bytes())
    Path("function").write_bytes(pyfe.Function.from_integers(schema, weights(n).tolist(), 0).to_bytes())
    Path("pass").write_text("correct horse battery")


def run(n: int, rows: int) -> None:
    """All of it in the folder that is the current one."""
    prepared(n)
    with Path("rows.csv").open("wb") as file:
        file.write((",".join(f"snp{i}" for i in range(n)) + "\n").encode())
        for part in genomes(n, rows):
            text = np.full((len(part), 2 * n), ord(","), dtype=np.uint8)
            text[:, ::2], text[:, -1] = part + ord("0"), ord("\n")
            file.write(text.tobytes())
    free = ["--unrestricted", "too wide to count"]
    step(
        "setup", "-m", "pyfe", "keygen", "-s", "schema", "-a", "auth", "-p", "pk", "--scheme", "ipfe-rlwe", *free, *PASS
    )
    step("key issue", "-m", "pyfe", "issue", "function", "-a", "auth", "-o", "key", "--purpose", "a test", *PASS)
    step("identity", "-m", "pyfe", "identity", "init", "ada", "-o", "ada", "-p", "ada.public", *PASS)
    signed = ["--sign-as", "ada", "--identity-passphrase-file", "pass"]
    step("encrypt", "-m", "pyfe", "encrypt", "rows.csv", "-p", "pk", "-o", "ct", *signed)
    step("key check", "-m", "pyfe", "info", "key", "-p", "pk")
    Path("ct").chmod(0o600)
    step("evaluate", "-m", "pyfe", "evaluate", "ct", "-k", "key", "-o", "scores.csv", "--signed-by", "ada.public")
    with Path("scores.csv").open() as file:
        scores = [int(row["score"]) for row in csv.DictReader(file)]
    y = weights(n)
    assert scores == [int(v) for part in genomes(n, rows) for v in part.astype(np.int64) @ y]
    size = {name: Path(name).stat().st_size for name in ("pk", "ct", "auth/master.sealed")}
    print({name: f"{bytes / 1e6:,.1f} MB" for name, bytes in size.items()})
    assert size["pk"] <= 2.2e9 and size["ct"] <= 1.0e9


@pytest.mark.slow
def test_20000_features_of_8192_patients(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        run(COLUMNS, PATIENTS)
    finally:
        for name in ("pk", "ct", "rows.csv"):
            Path(name).unlink(missing_ok=True)


@pytest.mark.slow
def test_the_default_policy_refuses_what_is_too_wide_to_count() -> None:
    """Within a minute, by rule 5; the largest bound of random weights that it would count is printed."""
    schema = pyfe.Schema.from_ranges({f"snp{i}": pyfe.number(0, 2, step=1) for i in range(COLUMNS)})
    authority = pyfe.KeyAuthority.create(schema, scheme="ipfe-rlwe")
    function = pyfe.Function.from_integers(schema, weights(COLUMNS).tolist(), 0)
    start = time.perf_counter()
    with pytest.raises(pyfe.PolicyDeniedError, match="rule 5: is too fine to count"):
        authority.issue(function, purpose="a test")
    seconds = time.perf_counter() - start
    third = np.full(3, 1 / 3)

    def countable(bound: int) -> bool:
        y = np.random.default_rng(7).integers(-bound, bound, COLUMNS, endpoint=True)
        return Score([np.array([0, w, 2 * w]) for w in y.tolist()], [third] * COLUMNS).countable

    largest = max(bound for bound in range(1, WEIGHT + 1) if countable(bound))
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(f"refused in {seconds:.1f} s; counted up to Y = {largest}; {memory / 1e6:.0f} MB")
    assert seconds < 60 and 1 <= largest < WEIGHT
