"""Work in parts on a disk that fails at every call, and under kills and losses of power: see ``parts_faults.py``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.test_storage_disk import run, shim

assert shim is not None  # a fixture
MEMORY = Path("/dev/shm")


@pytest.fixture
def disk() -> Iterator[Path]:
    """A folder in memory, where there is one: syncs of a real disk would take minutes."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if os.access(MEMORY, os.W_OK) else None))
    yield folder
    shutil.rmtree(folder)


def test_the_next_run_goes_on_wherever_this_one_was_killed(shim: Path, disk: Path) -> None:
    found = run(shim, disk, "kills", program="parts_faults")
    assert found["killed"] > 40 and all(found[f"after {number}"] > 5 for number in range(4))


@pytest.mark.slow
def test_what_was_finished_survives_a_loss_of_power_at_every_call(shim: Path, disk: Path) -> None:
    found = run(shim, disk, "power", "", program="parts_faults")
    assert found["lost"] == found["broken"] == 0 and found["kept"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("plant", ["folder", "file"])
def test_a_sync_that_is_left_out_is_noticed(shim: Path, disk: Path, plant: str) -> None:
    found = run(shim, disk, "power", plant, program="parts_faults")
    assert found["lost"] + found["broken"] > 0


@pytest.mark.slow
def test_every_call_that_fails_is_named_and_the_next_run_goes_on(shim: Path, disk: Path) -> None:
    assert run(shim, disk, "errors", program="parts_faults")["failed"] > 150


@pytest.mark.slow
def test_scores_are_the_same_after_ten_kills_at_random_instants(tmp_path: Path, seed: int) -> None:
    program = [sys.executable, "-m", "tests.unit.killing_streams", str(tmp_path), "10", str(seed)]
    done = subprocess.run(program, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout)) == 10
