"""A log in a file on a disk that fails at every call, and that loses what was not synced: see ``storage_disk.py``."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("power_loss.c")


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The disk, compiled. It must reach SQLite: that it does, is what the planted bugs and the counts show."""
    compiler = shutil.which("cc")
    if not compiler:
        pytest.skip("no C compiler: cc")
    target = tmp_path_factory.mktemp("shim") / "power_loss.so"
    subprocess.run([compiler, "-O1", "-Wall", "-fPIC", "-shared", "-o", target, SOURCE, "-ldl"], check=True)
    return target


def run(shim: Path, folder: Path, *arguments: str, program: str = "storage_disk") -> dict[str, int]:
    """What the program says, on such a disk."""
    disk, platter = folder / "disk", folder / "platter"
    disk.mkdir()
    platter.mkdir()
    environment = {**os.environ, "LD_PRELOAD": str(shim), "PYFE_DISK": str(disk), "PYFE_PLATTER": str(platter)}
    done = subprocess.run(
        [sys.executable, "-m", f"tests.unit.{program}", *arguments], env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, int] = json.loads(done.stdout)
    print(arguments, found)
    return found


def test_every_commit_is_synced_once_and_nothing_else_is(shim: Path, tmp_path: Path) -> None:
    assert run(shim, tmp_path, "syncs") == {"commits": 100, "nothing": 0}


@pytest.mark.slow
def test_acknowledged_entries_survive_sixty_losses_of_power(shim: Path, tmp_path: Path, seed: int) -> None:
    found = run(shim, tmp_path, "power", "60", str(seed), "")
    assert found["lost"] == found["broken"] == 0 and found["acknowledged"] > 20


@pytest.mark.slow
@pytest.mark.parametrize("bug", ["OFF", "NORMAL", "settle"])
def test_a_planted_bug_loses_acknowledged_entries(shim: Path, tmp_path: Path, seed: int, bug: str) -> None:
    """Commits that are not synced; and a storage that shows what a killed one wrote and did not sync."""
    found = run(shim, tmp_path, "power", "24", str(seed), bug)
    assert found["lost"] + found["broken"] > 0


@pytest.mark.slow
def test_every_call_that_fails_is_named_and_nothing_acknowledged_is_lost(shim: Path, tmp_path: Path, seed: int) -> None:
    found = run(shim, tmp_path, "errors", str(seed))
    assert found["sequences"] > 200 and found["failed"] > 100 and found["done"] > 100 and found["perhaps"] > 0
