"""Hospital, authority and cloud: three folders, three processes, each with its own files only."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pyfe import Function, Linear, Schema
from pyfe.cli import main
from pyfe.folder_names import MASTER
from pyfe.io import encode_table, read_table
from pyfe.wire import sealing

ROOT = Path(__file__).parents[2]
ROWS = 40
PROGRAM = """
import json, sys
from pyfe.cli import main
from pyfe.wire import sealing
sealing.LOG_COST = 10
for arguments in json.loads(sys.argv[1]):
    if main(arguments):
        sys.exit(f"pyfe {' '.join(arguments)}")
"""
PASS = ["--passphrase-file", "pass"]
SCHEMA = """\
version: 1
columns:
  age: {kind: number, lo: 0, hi: 100, step: 1}
  sbp: {kind: number, lo: 60, hi: 250, step: 1}
"""


def in_a_process(folder: Path, *commands: list[str], trace: Path | None = None) -> None:
    """Run commands in a process of a machine's own, in its own folder; ``trace``: where strace writes what it opens."""
    program = [sys.executable, "-c", PROGRAM, json.dumps(commands)]
    if trace is not None:
        program = ["strace", "-f", "-qq", "-s", "4096", "-e", "trace=%file", "-o", str(trace), *program]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(program, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr


def here(folder: Path, *commands: list[str], trace: Path | None = None) -> None:
    """Run commands in this process, in a machine's folder."""
    with contextlib.chdir(folder):
        for arguments in commands:
            assert main(arguments) == 0, arguments


def sends(folder: Path, other: Path, *names: str) -> None:
    for name in names:
        shutil.copy(folder / name, other / name)


@pytest.fixture
def machines(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Authority, hospital and cloud before anything is sent."""
    folders = [tmp_path / name for name in ("authority", "hospital", "cloud")]
    for folder in folders:
        folder.mkdir()
        (folder / "pass").write_text(f"the passphrase of {folder.name}")
    authority, hospital, cloud = folders
    (authority / "schema.yaml").write_text(SCHEMA)
    (authority / "model.json").write_text(Linear({"age": 0.5, "sbp": 0.25}, intercept=-3.0).to_json())
    rng = np.random.default_rng(5)
    lines = [f"P{row:03},{rng.integers(0, 101)},{rng.integers(60, 251)},{row % 3}" for row in range(ROWS)]
    (hospital / "patients.csv").write_text("patient,age,sbp,ward\n" + "\n".join(lines) + "\n")
    return authority, hospital, cloud


def story(machines: tuple[Path, Path, Path], machine: Callable[..., None] = here, traces: Path | None = None) -> None:
    """What the three do, and what they send each other."""
    authority, hospital, cloud = machines
    machine(
        authority,
        ["schema", "from", "schema.yaml", "-o", "schema"],
        ["compile", "model.json", "-s", "schema", "-o", "function", "--weight-bits", "4"],
        ["keygen", "-s", "schema", "-a", "keys", "-p", "public", "--unrestricted", "a test", *PASS],
    )
    sends(authority, hospital, "public")
    sends(authority, cloud, "public")
    machine(
        hospital,
        ["identity", "init", "St. Anna", "-o", "anna.secret", "-p", "anna.public", *PASS],
        ["owner", "init", "owner", *PASS],
        [
            *["encrypt", "patients.csv", "-p", "public", "-o", "rows.parquet", "--rows-a-chunk", "16"],
            *["--id-column", "patient", "--carry-ids", "pseudonym", "--owner-secret", "owner", *PASS],
            *["--carry", "ward", "--sign-as", "anna.secret", "--identity-passphrase-file", "pass"],
        ],
        ["verify-cohort", "rows.parquet", "--signed-by", "anna.public", "-o", "handover.json"],
        trace=None if traces is None else traces / "hospital",
    )
    sends(hospital, cloud, "rows.parquet", "anna.public", "handover.json")
    machine(cloud, ["identity", "init", "the cloud", "-o", "cloud.secret", "-p", "cloud.public", *PASS])
    sends(cloud, authority, "cloud.public")
    seal = ["--seal-for", "cloud.public", "--recipient", "the cloud"]
    machine(authority, ["issue", "function", "-a", "keys", "-o", "sealed", "--purpose", "risk", *seal, *PASS])
    sends(authority, cloud, "sealed")
    machine(
        cloud,
        ["identity", "open", "sealed", "-i", "cloud.secret", "-p", "public", "-o", "key", *PASS],
        ["verify-cohort", "rows.parquet", "--signed-by", "anna.public", "-p", "public", "--handover", "handover.json"],
        ["evaluate", "rows.parquet", "-k", "key", "-p", "public", "--signed-by", "anna.public", "-o", "scores.csv"],
        trace=None if traces is None else traces / "cloud",
    )
    sends(cloud, hospital, "scores.csv")
    machine(
        hospital, ["owner", "pseudonyms", "owner", "patients.csv", "--id-column", "patient", "-o", "names.csv", *PASS]
    )


def scores_of_one_process(machines: tuple[Path, Path, Path]) -> dict[str, list[str]]:
    """Patient -> ward and score, by the function on the plain rows."""
    authority, hospital, _ = machines
    function = Function.from_bytes((authority / "function").read_bytes())
    table = read_table(hospital / "patients.csv")
    encoded = encode_table(table, Schema.from_bytes((authority / "schema").read_bytes()))
    scores = function.evaluate(encoded)
    with (hospital / "patients.csv").open() as file:
        rows = list(csv.DictReader(file))
    return {row["patient"]: [row["ward"], str(score)] for row, score in zip(rows, scores.tolist(), strict=True)}


def scores_of_three(hospital: Path) -> dict[str, list[str]]:
    """The same from what came back, joined by the hospital."""
    with (hospital / "names.csv").open() as file:
        names = {row["pseudonym"]: row["id"] for row in csv.DictReader(file)}
    with (hospital / "scores.csv").open() as file:
        return {names[row["pseudonym"]]: [row["ward"], row["score"]] for row in csv.DictReader(file)}


def test_three_machines_give_the_scores_of_one(
    machines: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "LOG_COST", 10)
    story(machines)
    expected = scores_of_one_process(machines)
    assert scores_of_three(machines[1]) == expected and len(expected) == ROWS
    assert {path.name for path in machines[2].iterdir()} == {
        *["pass", "public", "cloud.secret", "cloud.public", "anna.public", "rows.parquet"],
        *["handover.json", "sealed", "key", "scores.csv"],
    }


def opened(trace: Path) -> set[str]:
    """The names that a trace says were opened."""
    calls = re.findall(
        r'\bopen(?:at|at2)?\((?:AT_FDCWD|\d+)?,? ?"((?:[^"\\]|\\.)*)"', trace.read_text(errors="replace")
    )
    assert len(calls) > 100, "strace shows nothing"
    return set(calls)


@pytest.mark.slow
def test_the_cloud_opens_no_plaintext_and_no_master_key(machines: tuple[Path, Path, Path], tmp_path: Path) -> None:
    if shutil.which("strace") is None:
        pytest.skip("no strace")
    if subprocess.run(["strace", "-o", "/dev/null", "true"], capture_output=True).returncode:
        pytest.skip("strace may not trace here")
    traces = tmp_path / "traces"
    traces.mkdir()
    story(machines, in_a_process, traces)
    assert scores_of_three(machines[1]) == scores_of_one_process(machines)
    hospital, cloud = opened(traces / "hospital"), opened(traces / "cloud")
    assert "patients.csv" in {os.path.basename(name) for name in hospital}  # what is opened is seen
    forbidden = {"patients.csv", MASTER, "anna.secret"}
    assert {os.path.basename(name) for name in cloud} & {"rows.parquet", "key"} == {"rows.parquet", "key"}
    assert {os.path.basename(name) for name in cloud} & forbidden == set()
    others = [os.fspath(folder) for folder in machines[:2]]
    assert [name for name in cloud if any(other in os.path.realpath(machines[2] / name) for other in others)] == []
    held = b"".join(path.read_bytes() for path in machines[2].iterdir())
    assert not re.search(rb"P0\d\d", held), "ids in the clear"
